//! The one process in the background that watches all repositories of a user.

use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use rustix::process::Pid;

use crate::daemon::daemon_event::DaemonEvent;
use crate::daemon::environment;
use crate::daemon::event_loop::{Watch, WatchEnding, run};
use crate::daemon::lock::{self, Holder};
use crate::platform::config::env;
use crate::platform::config::env::Env;
use crate::platform::process::{Cmd, ask_to_end, own_path};
use crate::platform::store::file;
use crate::platform::store::permissions;
use crate::platform::store::user_state::UserState;
use crate::platform::ui::log;

/// How long an end may take.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// How much of the log is shown when a start failed, in bytes.
const TAIL: u64 = 2048;

/// In the log, what is about the process and no repository.
pub const PROCESS: &str = "watcher";

/// Starts the process with no tie to ours: its own session (which it makes itself), its streams in
/// the log, the root as its folder, and of the environment only what is the user's. `top` is the top
/// of the work tree that it is started from.
pub fn spawn(state: &UserState, env: &Env, top: Option<&Path>, verbose: u8) -> Result<i32> {
    let path = state.log();
    let log = permissions::open_append(&path)
        .with_context(|| format!("could not write `{}`", path.display()))?;
    let program = own_path().context("could not tell where this program is")?;
    let mut command = Cmd::alone(&program, Path::new("/"))
        .args(["daemon", "serve"])
        .args(std::iter::repeat_n("-v", usize::from(verbose)));
    for (name, value) in environment::kept(env, top) {
        command = command.env(name, value);
    }
    Ok(i32::try_from(command.detach(&log)?)?)
}

/// What the started process does, to its end.
pub fn serve(env: &Env, verbose: u8) -> Result<()> {
    // An error means that we lead a session already.
    let _ = rustix::process::setsid();
    let state = UserState::of_user()?;
    state.make()?;
    let mut is_first = true;
    loop {
        // Another one was faster: that is as good.
        let Some(held) = lock::take_of_user(&state, env::now(env))? else { return Ok(()) };
        if is_first {
            begin_log(&state, env, verbose)?;
            is_first = false;
        }
        let watch = Watch::Listed(state.clone(), env.clone(), held);
        let ending = run(watch, &mut |about, news| write(env, about, news), None);
        match &ending {
            // Who listed a repository while the lock was still held counts on this process.
            Ok(WatchEnding::Idle) if !state.all()?.is_empty() => continue,
            Ok(WatchEnding::Idle) => say("nothing is left to watch: the watcher ends"),
            Ok(WatchEnding::Orphaned) => say("the watcher's own files are gone: it ends"),
            Ok(_) => say("the watcher was told to end"),
            Err(error) => tracing::error!("the watcher ends: {error:#}"),
        }
        return ending.map(drop);
    }
}

fn begin_log(state: &UserState, env: &Env, verbose: u8) -> Result<()> {
    let path = state.log();
    log::to_file(env.text("RUST_LOG"), verbose, &path, permissions::open_append)
        .with_context(|| format!("could not write `{}`", path.display()))?;
    // A panic of a thread is told by who gets to know of it, with the repository.
    std::panic::set_hook(Box::new(|panic| tracing::debug!("{panic}")));
    say(&format!("the watcher, tribunal {}, begins", env!("CARGO_PKG_VERSION")));
    Ok(())
}

fn say(words: &str) {
    tracing::info!("{PROCESS}: {words}");
}

fn write(env: &Env, about: Option<&Path>, news: &DaemonEvent) {
    let about = about.map_or_else(|| PROCESS.to_owned(), |common_dir| name_of(env, common_dir));
    match news {
        _ if news.is_trouble() => tracing::warn!("{about}: {news}"),
        _ if news.is_shown() => tracing::info!("{about}: {news}"),
        _ => tracing::debug!("{about}: {news}"),
    }
}

/// How a repository is named to its user: by the folder that its git directory is in, `~` being the home.
pub fn name_of(env: &Env, common_dir: &Path) -> String {
    let is_plain = common_dir.file_name().is_some_and(|name| name == ".git");
    let folder = common_dir.parent().filter(|_| is_plain).unwrap_or(common_dir);
    let home = env.path("HOME");
    let below = home.as_deref().and_then(|home| folder.strip_prefix(home).ok());
    match below.filter(|below| !below.as_os_str().is_empty()) {
        Some(below) => format!("~/{}", below.display()),
        None => folder.display().to_string(),
    }
}

/// Asks the process to end, and waits until it has. The one that has not within the time, if any.
pub fn end(state: &UserState) -> Option<Holder> {
    let holder = lock::holder_of_user(state)?;
    if let Some(pid) = Pid::from_raw(holder.pid()) {
        ask_to_end(pid);
    }
    let deadline = Instant::now() + PATIENCE;
    while holder.process.is_alive() {
        if Instant::now() >= deadline {
            return Some(holder);
        }
        thread::park_timeout(Duration::from_millis(5));
    }
    None
}

/// The end of the log, from `mark` on at the most.
pub fn tail(state: &UserState, mark: u64) -> String {
    let read = || -> std::io::Result<Vec<u8>> {
        let mut file = file::open(&state.log())?;
        let size = file.metadata()?.len();
        file.seek(SeekFrom::Start(mark.min(size).max(size.saturating_sub(TAIL))))?;
        let mut bytes = Vec::new();
        file.take(TAIL).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    String::from_utf8_lossy(&read().unwrap_or_default()).trim().to_owned()
}
