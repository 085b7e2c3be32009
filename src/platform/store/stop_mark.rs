//! The mark that `tribunal daemon stop` leaves: it holds until `daemon start`.
//!
//! A process that is being started in the background holds no lock yet, so that it cannot be found and
//! asked to end. Therefore `stop` leaves the mark first and then looks for holders of locks, and a
//! process that is started takes its lock first and then looks for the mark: one of them finds the
//! other. A process gets the mark that was there before it from the one that starts it.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::platform::config::random;
use crate::platform::store::file;
use crate::platform::store::file::{remove_file, write_atomic};

const FILE: &str = "daemon.stopped";

/// The mark that was there when a process was begun; empty where there was none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LastStop(String);

impl LastStop {
    /// The one that is there now.
    pub fn of(state_dir: &Path) -> Self {
        Self(read(state_dir))
    }

    /// The one that the process which started this one names.
    pub fn named(name: &str) -> Self {
        Self(name.to_owned())
    }

    pub fn name(&self) -> &str {
        &self.0
    }

    /// Whether everything in the background is stopped.
    pub fn holds(&self) -> bool {
        !self.0.is_empty()
    }

    /// Whether there was a stop since: what was begun before is to end. To be asked with the lock in
    /// hand. After a stop and a start it goes on: that is what was asked for last.
    pub fn is_outdated(&self, state_dir: &Path) -> bool {
        let now = Self::of(state_dir);
        now.holds() && now != *self
    }
}

/// Leaves a new mark.
pub fn leave(state_dir: &Path) -> Result<()> {
    write_atomic(&path_of(state_dir), random::id().to_string().as_bytes())
}

/// Takes the mark away.
pub fn lift(state_dir: &Path) -> Result<()> {
    remove_file(&path_of(state_dir))
}

fn read(state_dir: &Path) -> String {
    file::read_text(&path_of(state_dir)).unwrap_or_default().trim().to_owned()
}

fn path_of(state_dir: &Path) -> PathBuf {
    state_dir.join(FILE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stop_is_news_to_what_was_begun_before_it_alone() {
        let folder = tempfile::tempdir().unwrap();
        let state_dir = folder.path();
        let before = LastStop::of(state_dir);
        assert!(!before.holds() && !before.is_outdated(state_dir));
        leave(state_dir).unwrap();
        let after = LastStop::named(LastStop::of(state_dir).name());
        assert!(after.holds() && !after.is_outdated(state_dir));
        assert!(before.is_outdated(state_dir));
        leave(state_dir).unwrap();
        assert!(after.is_outdated(state_dir), "another stop is another mark");
        lift(state_dir).unwrap();
        lift(state_dir).unwrap();
        assert!(!LastStop::of(state_dir).holds());
        assert!(!after.is_outdated(state_dir) && !before.is_outdated(state_dir));
    }
}
