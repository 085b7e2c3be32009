//! When a file is complete: once it has been still for a while. Pure.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::platform::store::known_specs::Stamp;

#[cfg(test)]
mod tests;

/// Files that changed and are not complete yet.
pub struct Debouncer<K> {
    pending: BTreeMap<K, Pending>,
}

struct Pending {
    stamp: Stamp,
    since: Instant,
}

/// A changed file as it is now.
pub struct ChangedFile<K> {
    pub key: K,
    pub stamp: Stamp,
    /// How long it must have been still.
    pub still_for: Duration,
}

impl<K: Ord + Clone> Debouncer<K> {
    pub fn new() -> Self {
        Self { pending: BTreeMap::new() }
    }

    /// Takes every file that differs from what is known, and gives those that are complete. An
    /// empty file never is: its writer has only begun.
    pub fn observe(&mut self, changed: Vec<ChangedFile<K>>, now: Instant) -> Observed<K> {
        let mut observed = Observed { complete: Vec::new(), look_again: None };
        let mut pending = BTreeMap::new();
        for ChangedFile { key, stamp, still_for } in changed {
            let since = match self.pending.get(&key) {
                Some(before) if before.stamp == stamp => before.since,
                _ => now,
            };
            pending.insert(key.clone(), Pending { stamp, since });
            if stamp.len == 0 {
                continue;
            }
            let due = since + still_for;
            if due <= now {
                observed.complete.push((key, stamp));
            } else {
                observed.look_again = Some(observed.look_again.map_or(due, |at| due.min(at)));
            }
        }
        self.pending = pending;
        observed
    }

    /// Whether anything is awaited that may be missed. An empty file is not: it is reported when it
    /// is written to.
    pub fn is_waiting(&self) -> bool {
        self.pending.values().any(|pending| pending.stamp.len > 0)
    }
}

/// What a look came to.
pub struct Observed<K> {
    pub complete: Vec<(K, Stamp)>,
    /// When the next file will have been still for long enough.
    pub look_again: Option<Instant>,
}
