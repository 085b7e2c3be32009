//! Has repositories watched in the background, ends that, and tells how it is.

use std::fs;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use rustix::process::{Pid, WaitOptions, waitpid};
use serde::Deserialize;

use crate::daemon::lock;
use crate::daemon::lock::{Holder, Mode};
use crate::daemon::process;
use crate::daemon::process::{PATIENCE, spawn, tail};
use crate::daemon::watched_repo::WatchedRepo;
use crate::domain::model::error::hinted;
use crate::domain::policy::consent::{Consent, ConsentAnswer};
use crate::domain::policy::watch_settings::{WatchSettings, WatchStart};
use crate::flow::context::Context;
use crate::flow::dropped::work;
use crate::flow::review::background;
use crate::flow::setup::consent;
use crate::platform::git::worktrees;
use crate::platform::process::{Identity, ask_to_end};
use crate::platform::store::user_state::{Listed, UserState};
use crate::platform::store::{file, ledger, stop_mark};

/// What became of a start.
#[derive(Debug)]
pub enum Start {
    Started(Holder),
    AlreadyRunning(Holder),
    /// Somebody stopped it meanwhile.
    Stopped,
    /// It is not watched, for this reason.
    Failed {
        why: String,
    },
}

/// What became of a stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    Stopped,
    NotRunning,
    /// It was asked to end and has not.
    StillRunning {
        pid: i32,
    },
}

/// An error where there is no work tree and so nothing to watch.
pub fn check_watchable(place: &WatchedRepo) -> Result<()> {
    if worktrees::list(&place.common_dir).is_empty() {
        return Err(hinted(
            format!("`{}` is bare: there is no work tree to watch", place.common_dir.display()),
            "create one with `git worktree add`, then rerun the command there",
        ));
    }
    Ok(())
}

/// Lists a repository, and waits until the process of this user watches it, which is started where it
/// does not run.
pub fn start(place: &WatchedRepo, verbose: u8) -> Result<Start> {
    check_watchable(place)?;
    let state = UserState::of_user()?;
    state.make()?;
    stop_mark::lift(&place.state_dir)?;
    let deadline = Instant::now() + PATIENCE;
    if let Some(holder) = await_end_of_other(place, &state, deadline) {
        return Ok(match holder.mode {
            Mode::Foreground if holder.ready => Start::AlreadyRunning(holder),
            _ => Start::Failed { why: format!("process {} watches it already", holder.pid()) },
        });
    }
    let wanted = place.to_list();
    let is_ours = list(&state, &wanted)?;
    let (child, watched) = await_watched(place, &state, verbose, deadline)?;
    match watched {
        Ok(holder) => {
            let is_new = is_ours || child.is_some_and(|pid| pid.as_raw_pid() == holder.pid());
            Ok(if is_new { Start::Started(holder) } else { Start::AlreadyRunning(holder) })
        }
        Err(failed) => {
            if is_ours && matches!(failed, Start::Failed { .. }) {
                state.unlist(&place.common_dir)?;
            }
            Ok(failed)
        }
    }
}

/// Lists a repository; `false` where it is listed just so. One that could not be watched is listed anew,
/// which has it tried at once.
fn list(state: &UserState, wanted: &Listed) -> Result<bool> {
    match state.get(&wanted.common_dir) {
        None => state.add(wanted),
        Some(there) if there.is_like(wanted) && state.trouble(&there).is_none() => Ok(false),
        Some(_) => state.put(wanted).map(|()| true),
    }
}

/// Has the watcher of an earlier version end, which was one a repository, and waits for it. Who else watches
/// without the list, once there is nothing to wait for.
fn await_end_of_other(place: &WatchedRepo, state: &UserState, deadline: Instant) -> Option<Holder> {
    let mut asked = None;
    loop {
        let holder = lock::holder(&place.state_dir).filter(|holder| holder.listed.is_none())?;
        let is_foreground = holder.mode == Mode::Foreground && holder.ready;
        if is_foreground || Instant::now() >= deadline {
            return Some(holder);
        }
        let is_of_user = lock::holder_of_user(state).is_some_and(|of| of.process == holder.process);
        if holder.mode == Mode::Daemon && !is_of_user && asked.as_ref() != Some(&holder.process) {
            if let Some(pid) = Pid::from_raw(holder.pid()) {
                ask_to_end(pid);
            }
            asked = Some(holder.process);
        }
        thread::park_timeout(Duration::from_millis(3));
    }
}

/// Waits until a listed repository is watched, and starts the process where there is none: also says which
/// one it started.
fn await_watched(
    place: &WatchedRepo,
    state: &UserState,
    verbose: u8,
    deadline: Instant,
) -> Result<(Option<Pid>, Result<Holder, Start>)> {
    let mark = fs::metadata(state.log()).map_or(0, |metadata| metadata.len());
    let failed = |why| Ok((None, Err(Start::Failed { why })));
    let mut child: Option<Pid> = None;
    loop {
        let Some(listed) = state.get(&place.common_dir) else {
            return Ok((child, Err(Start::Stopped)));
        };
        let holder = lock::holder(&place.state_dir);
        let is_by_entry = |holder: &Holder| holder.listed.as_ref() == Some(&listed.id);
        if let Some(holder) = holder.filter(|holder| holder.ready && is_by_entry(holder)) {
            return Ok((child, Ok(holder)));
        }
        if let Some(why) = state.trouble(&listed) {
            return failed(why);
        }
        if Instant::now() >= deadline {
            return failed(tail(state, mark));
        }
        match lock::holder_of_user(state) {
            Some(process) if is_older(&process.version) && process.ready => {
                if let Some(left) = process::end(state) {
                    let (pid, version) = (left.pid(), left.version);
                    return failed(format!("process {pid} of tribunal {version} does not end"));
                }
            }
            // It takes the repository up, or is about to end.
            Some(_) => {}
            None => match child {
                None => {
                    let top = worktrees::list(&place.common_dir).into_iter().next();
                    let pid = spawn(state, &place.env, top.as_deref(), verbose)?;
                    child = Some(Pid::from_raw(pid).context("the process has no number")?);
                }
                Some(ours) => match waitpid(Some(ours), WaitOptions::NOHANG) {
                    Ok(None) => {}
                    // Another process was faster, and has ended since.
                    Ok(Some((_, status))) if status.exit_status() == Some(0) => child = None,
                    _ => return failed(tail(state, mark)),
                },
            },
        }
        thread::park_timeout(Duration::from_millis(3));
    }
}

/// Whether a version is one before this program's. What is no version is none.
fn is_older(version: &str) -> bool {
    let parts = |text: &str| -> Option<Vec<u64>> {
        text.split('.').map(|part| part.parse().ok()).collect()
    };
    parts(version).zip(parts(env!("CARGO_PKG_VERSION"))).is_some_and(|(theirs, own)| theirs < own)
}

/// Has the repository watched where the person agreed to it and there is work, unless it is or was stopped.
/// For hooks: does not wait, prints nothing, and an error is the caller's to ignore.
pub fn start_on_demand(context: Context<'_>, watch: &WatchSettings) {
    let Context { repo, env, .. } = context;
    let unwanted = watch.start != WatchStart::OnDemand || !background::is_enabled(env);
    if unwanted || repo.work_tree.is_none() {
        return;
    }
    let Ok(agreed) = consent::load(repo, env) else { return };
    if agreed.watcher != ConsentAnswer::Yes
        || lock::is_held(&repo.state_dir())
        || !has_work(context, watch, &agreed)
    {
        return;
    }
    let place = WatchedRepo::of(context);
    if !place.last_stop.holds() {
        // Whatever is in the way of a watcher is never in the way of a commit.
        drop(take_up(&place));
    }
}

/// Whether there is something that a watcher would do: reviews, specs to build, whose folder may come later,
/// findings that rules are learned from, or a folder of specs.
fn has_work(context: Context<'_>, watch: &WatchSettings, agreed: &Consent) -> bool {
    [agreed.reviews, agreed.runs].contains(&ConsentAnswer::Yes)
        || ledger::exists(&context.repo.state_dir())
        || has_spec_folder(context, watch)
}

/// Whether the folder that a glob of specs begins with is there.
fn has_spec_folder(context: Context<'_>, watch: &WatchSettings) -> bool {
    let Some(top) = &context.repo.work_tree else { return false };
    watch.specs.iter().any(|glob| {
        let is_name = |part: &&str| !part.contains(['*', '?', '[', '{']);
        top.join(glob.split('/').take_while(is_name).collect::<PathBuf>()).exists()
    })
}

/// Lists a repository as it is, without what the command line or variables of this one call say, and starts
/// the process where there is none.
fn take_up(place: &WatchedRepo) -> Result<()> {
    let state = UserState::of_user()?;
    state.make()?;
    state.add(&Listed::new(&place.common_dir, Vec::new(), std::collections::BTreeMap::new()))?;
    if lock::holder_of_user(&state).is_none() {
        let top = worktrees::list(&place.common_dir).into_iter().next();
        spawn(&state, &place.env, top.as_deref(), 0)?;
    }
    Ok(())
}

/// Has a repository watched no more, until `daemon start`: takes it off the list, asks who works for it
/// to end, and waits until all have. Stopped means that nothing goes on.
pub fn stop(place: &WatchedRepo) -> Result<Stop> {
    // Before anybody is looked for; where it cannot be left, those are asked to end all the same.
    let marked = stop_mark::leave(&place.state_dir);
    let mut asked: Vec<Identity> = background::end_worker(&place.state_dir).into_iter().collect();
    asked.extend(work::end_workers(&place.state_dir));
    let was_listed = UserState::of_user().and_then(|state| state.unlist(&place.common_dir));
    let holder = lock::holder(&place.state_dir);
    // The process of the user goes on with other repositories; it gives the lock back once nothing goes on
    // in this one. Any other watcher ends.
    let listed = holder.as_ref().filter(|holder| holder.listed.is_some());
    let other = holder.as_ref().filter(|holder| holder.listed.is_none());
    if let Some(pid) = other.and_then(|other| Pid::from_raw(other.pid())) {
        ask_to_end(pid);
    }
    let goes_on = || {
        let now = listed.and_then(|_| lock::holder(&place.state_dir));
        now.filter(|now| listed.is_some_and(|listed| listed.listed == now.listed))
    };
    let deadline = Instant::now() + PATIENCE;
    // Their end, not that of their locks: what they gave back the lock before goes on no more.
    asked.extend(other.map(|other| other.process.clone()));
    loop {
        let alive = asked.iter().find(|process| process.is_alive()).map(|process| process.pid);
        let Some(pid) = alive.or_else(|| goes_on().map(|holder| holder.pid())) else { break };
        if Instant::now() >= deadline {
            return Ok(Stop::StillRunning { pid });
        }
        thread::park_timeout(Duration::from_millis(5));
    }
    marked?;
    let was_running = holder.is_some() | was_listed?;
    Ok(if was_running { Stop::Stopped } else { Stop::NotRunning })
}

/// Has a repository watched no more where it is, as when the hooks go: says whether it was. Who stopped it
/// before has stopped it still; without that a start on demand is as possible as before.
pub fn end_watching(place: &WatchedRepo) -> Result<bool> {
    let is_listed = UserState::of_user().is_ok_and(|state| state.get(&place.common_dir).is_some());
    if !is_listed && !lock::is_held(&place.state_dir) {
        return Ok(false);
    }
    let stopped = stop(place)?;
    if let Stop::StillRunning { pid } = stopped {
        return Err(hinted(
            format!("the watcher, process {pid}, continues in this repository"),
            "`tribunal daemon stop` tries once more to stop it",
        ));
    }
    if !place.last_stop.holds() {
        stop_mark::lift(&place.state_dir)?;
    }
    Ok(true)
}

/// Stops every repository that is on the list, as `stop` does, and ends the process.
pub fn stop_all() -> Result<Stop> {
    let state = UserState::of_user()?;
    let listed = state.all()?;
    for entry in &listed {
        let state_dir = entry.common_dir.join("tribunal");
        // Where a repository is gone there is nothing to mark.
        if state_dir.is_dir() {
            stop_mark::leave(&state_dir)?;
            background::end_worker(&state_dir);
            work::end_workers(&state_dir);
        }
        state.unlist(&entry.common_dir)?;
    }
    let was_running = lock::holder_of_user(&state).is_some() || !listed.is_empty();
    Ok(match process::end(&state) {
        Some(left) => Stop::StillRunning { pid: left.pid() },
        None if was_running => Stop::Stopped,
        None => Stop::NotRunning,
    })
}

/// Where no repository is listed any more: ends the process, and removes all that it keeps for this user.
/// The folder that was removed, if any.
pub fn remove_user_state() -> Result<Option<PathBuf>> {
    let state = UserState::of_user()?;
    let is_used = state.all()?.iter().any(|listed| listed.common_dir.exists());
    if is_used || !state.folder().exists() {
        return Ok(None);
    }
    if let Some(left) = process::end(&state) {
        return Err(hinted(
            format!("the watcher, process {}, does not end", left.pid()),
            format!("`kill -9 {}` ends it; run this again then", left.pid()),
        ));
    }
    state.remove()?;
    Ok(Some(state.folder().to_owned()))
}

/// What the running watcher watches, as it left it.
#[derive(Debug, Deserialize)]
pub struct Watched {
    pid: i32,
    pub worktrees: Vec<String>,
    pub folders: Vec<String>,
    pub method: String,
}

/// What the holder of the lock watches; `None` where it has not said so yet.
pub fn watched(place: &WatchedRepo, holder: &Holder) -> Option<Watched> {
    let text = file::read(&place.state_dir.join("watched.json")).ok()?;
    let watched: Watched = serde_json::from_slice(&text).ok()?;
    (watched.pid == holder.pid()).then_some(watched)
}
