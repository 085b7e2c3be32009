//! Starts and stops the background watcher, and tells how it is.

use std::fs::{self, File};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};
use serde::Deserialize;

use crate::daemon::event::DaemonEvent;
use crate::daemon::lock;
use crate::daemon::lock::{Holder, Mode};
use crate::daemon::run::{WatchEnding, run};
use crate::daemon::watched_repo::WatchedRepo;
use crate::domain::model::error::hinted;
use crate::domain::policy::watch::{WatchSettings, WatchStart};
use crate::flow::context::Context;
use crate::flow::review::background;
use crate::platform::git::worktrees;
use crate::platform::process::{Cmd, own_path};
use crate::platform::store::share;
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
            "`git worktree add` makes one; run the command again then",
        ));
    }
    Ok(())
}

/// Starts the daemon and waits until it holds the lock and watches.
pub fn start(place: &WatchedRepo, verbose: u8) -> Result<Start> {
    check_watchable(place)?;
    if let Some(holder) = lock::holder(&place.state_dir) {
        return Ok(Start::AlreadyRunning(holder));
    }
    let mark = fs::metadata(log_path(place)).map_or(0, |metadata| metadata.len());
    let child = spawn(place, verbose)?;
    let child = Pid::from_raw(child).context("the daemon has no process id")?;
    let deadline = Instant::now() + PATIENCE;
    let mut ended = false;
    loop {
        if let Some(holder) = lock::holder(&place.state_dir).filter(|holder| holder.ready) {
            let is_ours = holder.pid() == child.as_raw_nonzero().get();
            return Ok(if is_ours {
                Start::Started(holder)
            } else {
                Start::AlreadyRunning(holder)
            });
        }
        if ended && !lock::is_held(&place.state_dir) || Instant::now() >= deadline {
            return Ok(Start::Failed { log: tail(place, mark) });
        }
        // Another daemon may have been faster: then ours ends, and that one is waited for.
        ended = ended
            || waitpid(Some(child), WaitOptions::NOHANG).map_or(true, |status| status.is_some());
        thread::park_timeout(Duration::from_millis(3));
    }
}

/// Starts the daemon unless one runs, for hooks: does not wait, prints nothing, and an error is the
/// caller's to ignore.
pub fn start_on_demand(context: Context<'_>, watch: &WatchSettings) {
    let Context { repo, env, .. } = context;
    let unwanted = !background::is_enabled(env);
    if watch.start != WatchStart::OnDemand || unwanted || repo.work_tree.is_none() {
        return;
    }
    if lock::is_held(&repo.state_dir()) {
        return;
    }
    // Whatever is in the way of a daemon is never in the way of a commit.
    drop(spawn(&WatchedRepo::of(context), 0));
}

/// Starts a process with no tie to ours: its own session (which it makes itself), its streams in
/// the log, the root as its folder, and nothing of git's environment.
fn spawn(place: &WatchedRepo, verbose: u8) -> Result<i32> {
    let path = log_path(place);
    let log = share::open_append(&path)
        .with_context(|| format!("could not write `{}`", path.display()))?;
    let program = own_path().context("could not tell where this program is")?;
    let mut command = Cmd::new(program, Path::new("/"))
        .args(["daemon", "serve", "--repo"])
        .arg(&place.common_dir)
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
    log::to_file(place.env.text("RUST_LOG"), verbose, &path, share::open_append)
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

/// Asks the watcher to end and waits until it has. The process that reviews in the background is asked
/// to end, too: stopped means that nothing goes on.
pub fn stop(place: &WatchedRepo) -> Result<Stop> {
    background::end_worker(&place.state_dir);
    let Some(holder) = lock::holder(&place.state_dir) else { return Ok(Stop::NotRunning) };
    let pid = Pid::from_raw(holder.pid()).context("the lock's file names no process")?;
    // Only while the lock is held does the number mean that process.
    let _ = kill_process(pid, Signal::TERM);
    let deadline = Instant::now() + PATIENCE;
    while lock::is_held(&place.state_dir) {
        if lock::holder(&place.state_dir).is_some_and(|now| now != holder) {
            // It ended, and another one began.
            break;
        }
        if Instant::now() >= deadline {
            return Ok(Stop::StillRunning { pid: holder.pid() });
        }
        thread::park_timeout(Duration::from_millis(5));
    }
    Ok(Stop::Stopped)
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
    let text = fs::read(place.state_dir.join("watched.json")).ok()?;
    let watched: Watched = serde_json::from_slice(&text).ok()?;
    (watched.pid == holder.pid()).then_some(watched)
}

/// The end of the log, from `mark` on at the most.
fn tail(place: &WatchedRepo, mark: u64) -> String {
    let read = || -> std::io::Result<Vec<u8>> {
        let mut file = File::open(log_path(place))?;
        let size = file.metadata()?.len();
        file.seek(SeekFrom::Start(mark.min(size).max(size.saturating_sub(TAIL))))?;
        let mut bytes = Vec::new();
        file.take(TAIL).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    String::from_utf8_lossy(&read().unwrap_or_default()).trim().to_owned()
}
