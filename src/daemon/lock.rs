//! One watcher per repository, and one background process per user: who it is, beside the lock that it
//! holds.

use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::platform::process::Identity;
use crate::platform::store::lock;
use crate::platform::store::lock::Wait;
use crate::platform::store::user_state::UserState;

/// The lock's file, in the state folder.
pub const FILE: &str = "daemon.lock";

/// How long a watcher that is on its way out is waited for.
const WAIT: Wait = Wait { living: Duration::from_millis(200), ..Wait::FOR_ITS_END };

/// How long a record that is just being written is looked for again.
const ASK_AGAIN: Duration = Duration::from_millis(200);

/// For how long the end of a process is waited for that was killed.
const ENDING: Duration = Duration::from_secs(2);

/// Who holds the lock, as it stands in the lock's file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    #[serde(flatten)]
    pub process: Identity,
    pub version: String,
    pub since: Timestamp,
    pub mode: Mode,
    /// Whether it got as far as watching; what is in the way shows before that.
    pub ready: bool,
    /// The entry of the list by which the process of this user watches the repository.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listed: Option<String>,
}

impl Holder {
    pub fn pid(&self) -> i32 {
        self.process.pid
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// In the background.
    Daemon,
    /// `tribunal watch`.
    Foreground,
}

/// The watcher's lock, until it is dropped.
#[must_use = "the lock is given back when this is dropped"]
pub struct WatcherLock {
    path: PathBuf,
    lock: lock::Held,
    holder: Holder,
}

impl WatcherLock {
    /// Says that the watcher watches.
    pub fn ready(&mut self) -> Result<()> {
        self.holder.ready = true;
        self.write()
    }

    /// Whether the lock's file is still the one that we hold; otherwise another daemon may run.
    pub fn is_ours(&self) -> bool {
        self.lock.is_ours()
    }

    fn write(&mut self) -> Result<()> {
        let written: io::Result<()> = self.lock.write(&self.holder);
        written.with_context(|| format!("could not write `{}`", self.path.display()))
    }
}

/// The lock's file of a repository.
pub fn path_of(state_dir: &Path) -> PathBuf {
    state_dir.join(FILE)
}

/// Takes the lock of a repository; `None` where another process has it. `listed` is the entry of the list
/// that asks for it.
pub fn take(
    state_dir: &Path,
    mode: Mode,
    listed: Option<&str>,
    now: Timestamp,
) -> Result<Option<WatcherLock>> {
    take_at(path_of(state_dir), mode, listed, now)
}

/// Takes the lock of the user's process; `None` where another one has it.
pub fn take_of_user(state: &UserState, now: Timestamp) -> Result<Option<WatcherLock>> {
    take_at(state.lock(), Mode::Daemon, None, now)
}

fn take_at(
    path: PathBuf,
    mode: Mode,
    listed: Option<&str>,
    now: Timestamp,
) -> Result<Option<WatcherLock>> {
    let lock =
        lock::take(&path, WAIT).with_context(|| format!("could not lock `{}`", path.display()))?;
    let Some(lock) = lock else { return Ok(None) };
    let holder = Holder {
        process: Identity::own(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        since: now,
        mode,
        ready: false,
        listed: listed.map(str::to_owned),
    };
    let mut held = WatcherLock { path, lock, holder };
    held.write()?;
    Ok(Some(held))
}

/// Whether someone holds the lock of a repository. Takes nothing and makes nothing.
pub fn is_held(state_dir: &Path) -> bool {
    lock::is_held(&path_of(state_dir))
}

/// Who holds the lock of a repository; `None` where no process does.
pub fn holder(state_dir: &Path) -> Option<Holder> {
    holder_at(&path_of(state_dir))
}

/// The process that watches for this user; `None` where there is none.
pub fn holder_of_user(state: &UserState) -> Option<Holder> {
    holder_at(&state.lock())
}

fn holder_at(path: &Path) -> Option<Holder> {
    let began = Instant::now();
    loop {
        match lock::record::<Holder>(path) {
            // It was killed: what is begun now is not to be left without a watcher.
            Some(holder) if holder.process.is_ending() && began.elapsed() < ENDING => {
                thread::park_timeout(Duration::from_millis(5));
            }
            Some(holder) => return holder.process.is_alive().then_some(holder),
            // Somebody has just taken it and not written yet since when and how.
            None if lock::is_held(path) && began.elapsed() < ASK_AGAIN => {
                thread::park_timeout(Duration::from_millis(5));
            }
            None => return None,
        }
    }
}
