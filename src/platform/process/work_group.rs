//! Work of this process that is called off by itself, while all else goes on.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use signal_hook::consts::SIGTERM;

thread_local! {
    static OF_THREAD: Cell<WorkGroup> = const { Cell::new(WorkGroup::ALL) };
}

static CALLED_OFF: Mutex<BTreeSet<u64>> = Mutex::new(BTreeSet::new());

/// What is called off together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkGroup(u64);

impl WorkGroup {
    /// That of a process, which signals alone stop.
    const ALL: Self = Self(0);

    /// Another one than all before.
    pub fn another() -> Self {
        static LAST: AtomicU64 = AtomicU64::new(0);
        Self(LAST.fetch_add(1, Ordering::SeqCst) + 1)
    }

    /// From now on this thread works for it: what listens for signals here also listens for its end.
    pub fn enter(self) {
        OF_THREAD.set(self);
    }

    pub(super) fn of_thread() -> Self {
        OF_THREAD.get()
    }

    /// Has it begin nothing more; gives whether it was not so before.
    pub(super) fn note_called_off(self) -> bool {
        CALLED_OFF.lock().unwrap_or_else(PoisonError::into_inner).insert(self.0)
    }

    /// The signal in whose place it was called off, once it was.
    pub(super) fn stopping(self) -> Option<i32> {
        let called_off = CALLED_OFF.lock().unwrap_or_else(PoisonError::into_inner);
        called_off.contains(&self.0).then_some(SIGTERM)
    }
}
