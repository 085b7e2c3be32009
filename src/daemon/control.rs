//! Starts and stops the background watcher, and tells how it is.

use std::fs;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use rustix::process::{Pid, WaitOptions, waitpid};
use serde::Deserialize;

use crate::daemon::daemon_event::DaemonEvent;
use crate::daemon::event_loop::{WatchEnding, run};
use crate::daemon::lock;
use crate::daemon::lock::{Holder, Mode};
use crate::daemon::watched_repo::WatchedRepo;
use crate::domain::model::error::hinted;
use crate::domain::policy::consent::{Consent, ConsentAnswer};
use crate::domain::policy::watch_settings::{WatchSettings, WatchStart};
use crate::flow::context::Context;
use crate::flow::review::background;
use crate::flow::setup::consent;
use crate::platform::git::worktrees;
use crate::platform::process::{Cmd, Identity, ask_to_end, own_path};
use crate::platform::store::file;
use crate::platform::store::{ledger, permissions, stop_mark};
use crate::platform::ui::log;

/// How long a start or a stop may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// How much of the log is shown when a start failed, in bytes.
const TAIL: u64 = 2048;

/// What became of a start.
#[derive(Debug)]
pub enum Start {
    Started(Holder),
    AlreadyRunning(Holder),
    /// Somebody stopped it meanwhile.
    Stopped,
    /// It ended at once; the end of its log says why.
    Failed {
        log: String,
    },
}

/// What became of a stop.
#[derive(Debug, PartialEq, Eq)]
pub enum Stop {
    Stopped,
    NotRunning,
    /// It was asked to end and has not.
    StillRunning {
        pid: i32,
    },
}

/// Where the daemon's log is.
pub fn log_path(place: &WatchedRepo) -> PathBuf {
    place.state_dir.join("daemon.log")
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

/// Starts the daemon and waits until it holds the lock and watches.
pub fn start(place: &WatchedRepo, verbose: u8) -> Result<Start> {
    check_watchable(place)?;
    stop_mark::lift(&place.state_dir)?;
    let mark = fs::metadata(log_path(place)).map_or(0, |metadata| metadata.len());
    let deadline = Instant::now() + PATIENCE;
    let mut child = None;
    loop {
        let holder = lock::holder(&place.state_dir);
        if let Some(holder) = holder.clone().filter(|holder| holder.ready) {
            let is_ours = child.is_some_and(|child: Pid| child.as_raw_pid() == holder.pid());
            return Ok(if is_ours {
                Start::Started(holder)
            } else {
                Start::AlreadyRunning(holder)
            });
        }
        if Instant::now() >= deadline {
            return Ok(Start::Failed { log: tail(place, mark) });
        }
        match (holder, child) {
            // It begins to watch, or it was stopped and is about to end.
            (Some(_), _) => {}
            (None, None) => {
                let started = spawn(place, verbose)?;
                child = Some(Pid::from_raw(started).context("the daemon has no process id")?);
            }
            (None, Some(ours)) => {
                match waitpid(Some(ours), WaitOptions::NOHANG) {
                    Ok(None) => {}
                    _ if place.last_stop.is_outdated(&place.state_dir) => {
                        return Ok(Start::Stopped);
                    }
                    // Another daemon was faster, and has ended since.
                    Ok(Some((_, status))) if status.exit_status() == Some(0) => child = None,
                    _ => return Ok(Start::Failed { log: tail(place, mark) }),
                }
            }
        }
        thread::park_timeout(Duration::from_millis(3));
    }
}

/// Starts the watcher where the person agreed to it and it has work, unless it runs or was stopped. For
/// hooks: does not wait, prints nothing, and an error is the caller's to ignore.
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
        drop(spawn(&place, 0));
    }
}

/// Whether there is something that a watcher would do: reviews, findings that rules are learned from,
/// or a folder of specs.
fn has_work(context: Context<'_>, watch: &WatchSettings, agreed: &Consent) -> bool {
    agreed.reviews == ConsentAnswer::Yes
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

/// Starts a process with no tie to ours: its own session (which it makes itself), its streams in
/// the log, the root as its folder, and nothing of git's environment.
fn spawn(place: &WatchedRepo, verbose: u8) -> Result<i32> {
    let path = log_path(place);
    let log = permissions::open_append(&path)
        .with_context(|| format!("could not write `{}`", path.display()))?;
    let program = own_path().context("could not tell where this program is")?;
    let mut command = Cmd::new(program, Path::new("/"))
        .args(["daemon", "serve", "--repo"])
        .arg(&place.common_dir)
        .args(["--last-stop", place.last_stop.name()])
        .args(place.settings.words().iter().flat_map(|word| ["--set", word]))
        .args(std::iter::repeat_n("-v", usize::from(verbose)));
    for (name, _) in place.env.with_prefix("GIT_") {
        command = command.env_remove(name);
    }
    Ok(i32::try_from(command.detach(&log)?)?)
}

/// What the started process does, to its end.
pub fn serve(place: WatchedRepo, verbose: u8) -> Result<()> {
    // An error means that we lead a session already.
    let _ = rustix::process::setsid();
    let now = crate::platform::config::env::now(&place.env);
    // Another one was faster: that is as good.
    let Some(mut held) = lock::take(&place.state_dir, Mode::Daemon, now)? else { return Ok(()) };
    let path = log_path(&place);
    log::to_file(place.env.text("RUST_LOG"), verbose, &path, permissions::open_append)
        .with_context(|| format!("could not write `{}`", path.display()))?;
    tracing::info!(version = env!("CARGO_PKG_VERSION"), "started");
    let ending = run(place, &mut held, &mut |news| write(news), None);
    match &ending {
        Ok(WatchEnding::Orphaned) => tracing::warn!("the repository or the lock's file is gone"),
        Ok(_) => tracing::info!("stopped"),
        Err(error) => tracing::error!("{error:#}"),
    }
    ending.map(drop)
}

fn write(news: &DaemonEvent) {
    match news {
        _ if news.is_trouble() => tracing::warn!("{news}"),
        _ if news.is_shown() => tracing::info!("{news}"),
        _ => tracing::debug!("{news}"),
    }
}

/// Asks the watcher to end, and the process that reviews in the background, and waits until both have;
/// what is being started ends by itself, and no commit starts a watcher any more. Stopped means that
/// nothing goes on.
pub fn stop(place: &WatchedRepo) -> Result<Stop> {
    // Before anybody is looked for; where it cannot be left, those are asked to end all the same.
    let marked = stop_mark::leave(&place.state_dir);
    let worker = background::end_worker(&place.state_dir);
    let watcher = lock::holder(&place.state_dir).map(|holder| holder.process);
    if let Some(pid) = watcher.as_ref().and_then(|watcher| Pid::from_raw(watcher.pid)) {
        ask_to_end(pid);
    }
    let deadline = Instant::now() + PATIENCE;
    let was_running = watcher.is_some();
    let asked: Vec<Identity> = watcher.into_iter().chain(worker).collect();
    // Their end, not that of their locks: what they gave back the lock before goes on no more.
    while let Some(alive) = asked.iter().find(|process| process.is_alive()) {
        if Instant::now() >= deadline {
            return Ok(Stop::StillRunning { pid: alive.pid });
        }
        thread::park_timeout(Duration::from_millis(5));
    }
    marked?;
    Ok(if was_running { Stop::Stopped } else { Stop::NotRunning })
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

/// The end of the log, from `mark` on at the most.
fn tail(place: &WatchedRepo, mark: u64) -> String {
    let read = || -> std::io::Result<Vec<u8>> {
        let mut file = file::open(&log_path(place))?;
        let size = file.metadata()?.len();
        file.seek(SeekFrom::Start(mark.min(size).max(size.saturating_sub(TAIL))))?;
        let mut bytes = Vec::new();
        file.take(TAIL).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    String::from_utf8_lossy(&read().unwrap_or_default()).trim().to_owned()
}
