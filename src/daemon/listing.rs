//! Looks at the list of a user's repositories.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::daemon::file_events::{FileWatcher, WatchSet};
use crate::daemon::lock::WatcherLock;
use crate::platform::store::user_state::{Listed, UserState};

/// How often the list is looked at whatever the kernel reports, and where it reports nothing.
const SAFETY: Duration = Duration::from_mins(5);
const POLL: Duration = Duration::from_secs(1);

/// The list, with the lock of the process that watches what is on it.
pub struct ListWatch {
    state: UserState,
    lock: WatcherLock,
    watches: Option<WatchSet>,
    /// What the last look found.
    pub entries: Result<Vec<Listed>>,
    /// Whether the lock is another process's by now.
    pub is_lock_lost: bool,
    /// When to look again.
    pub next: Instant,
}

impl ListWatch {
    pub fn new(state: UserState, lock: WatcherLock, files: Option<FileWatcher>) -> Self {
        let watches = files.map(|files| WatchSet::new(files, state.list()));
        let entries = Ok(Vec::new());
        Self { state, lock, watches, entries, is_lock_lost: false, next: Instant::now() }
    }

    /// Looks at the list. It blocks: for a thread.
    pub fn look(&mut self) {
        self.is_lock_lost = !self.lock.is_ours();
        let folder = self.state.list();
        let is_reported = self.watches.as_mut().is_some_and(|watches| {
            // A folder that is gone is not watched any more.
            if !watches.take().is_empty() && !folder.is_dir() {
                watches.unwatch_below(&folder);
            }
            watches.want(&BTreeSet::from([folder.clone()])).failed.is_empty()
        });
        self.entries = self.state.all();
        self.next = Instant::now() + if is_reported { SAFETY } else { POLL };
    }

    /// Whether something happened to it since the last look.
    pub fn is_touched(&self) -> bool {
        self.watches.as_ref().is_some_and(|watches| !watches.take().is_empty())
    }
}
