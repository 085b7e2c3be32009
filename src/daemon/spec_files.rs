//! The spec files that are known: what was taken in, which are gone, and which wait for an id that
//! another has. What happens to them is reported after it is saved.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::Result;
use jiff::Timestamp;

use crate::daemon::daemon_event::DaemonEvent;
use crate::daemon::watched_worktree::WatchedWorktree;
use crate::flow::intake::debounce::ChangedFile;
use crate::flow::intake::ingest::{CompleteFile, IngestOutcome, ingest, key};
use crate::flow::intake::spec_listing::SpecListing;
use crate::platform::store::known_specs::KnownSpecs;

/// How many files are taken in before what is known is saved: a kill repeats so many at most.
const SAVE_EVERY: usize = 16;

/// A writer that has not closed the file is waited for so many times longer than one that has.
const OPEN_FACTOR: u32 = 20;

/// A file, by work tree and by path from its top.
pub type FileKey = (PathBuf, PathBuf);

/// What is known of spec files, and what of it is not saved yet.
pub struct SpecFiles {
    known: KnownSpecs,
    unsaved: bool,
    /// What is to be reported after it is saved.
    untold: Vec<DaemonEvent>,
}

impl SpecFiles {
    pub fn new(known: KnownSpecs) -> Self {
        Self { known, unsaved: false, untold: Vec::new() }
    }

    pub fn known(&self) -> &KnownSpecs {
        &self.known
    }

    /// The files that are not as they were when they were taken in. `open` are those that were written to and
    /// not closed yet.
    pub fn differing(
        &self,
        trees: &[WatchedWorktree],
        listings: &[SpecListing],
        open: &BTreeSet<PathBuf>,
    ) -> Vec<ChangedFile<FileKey>> {
        let mut differing = Vec::new();
        for (tree, listing) in trees.iter().zip(listings) {
            let files = self.known.files.get(&key(&tree.top));
            for (path, found) in &listing.files {
                let known = files.and_then(|files| files.get(&key(path)));
                if known.is_some_and(|known| known.stamp == found.stamp) {
                    continue;
                }
                let settle = tree.watch.settle;
                let is_open = open.contains(&found.real);
                differing.push(ChangedFile {
                    key: (tree.top.clone(), path.clone()),
                    stamp: found.stamp,
                    still_for: if is_open { settle * OPEN_FACTOR } else { settle },
                });
            }
        }
        differing
    }

    /// Forgets files that are gone; what they said stays known.
    pub fn forget_gone(&mut self, trees: &[WatchedWorktree], listings: &[SpecListing]) {
        // A work tree that comes back brings nothing that is not known.
        let count = self.known.files.len();
        let tops: BTreeSet<String> = trees.iter().map(|tree| key(&tree.top)).collect();
        self.known.files.retain(|top, _| tops.contains(top));
        self.unsaved |= self.known.files.len() < count;
        for (tree, listing) in trees.iter().zip(listings) {
            // What could not be looked at is not gone.
            if !listing.unreadable.is_empty() || listing.cut || !tree.top.is_dir() {
                continue;
            }
            let there: BTreeSet<String> = listing.files.keys().map(|path| key(path)).collect();
            let Some(files) = self.known.files.get_mut(&key(&tree.top)) else { continue };
            let gone: Vec<String> =
                files.keys().filter(|path| !there.contains(*path)).cloned().collect();
            for path in gone {
                let Some(file) = files.remove(&path) else { continue };
                self.unsaved = true;
                let id = file.id.clone();
                self.untold.push(DaemonEvent::Gone { path, id: id.clone() });
                files.retain(|_, other| !(other.duplicate && other.id.eq_ignore_ascii_case(&id)));
            }
        }
    }

    /// Takes a file in. Says whether to look again soon: it is not complete after all, or it gave up
    /// an id that others wait for.
    pub fn take_in(
        &mut self,
        state_dir: &Path,
        file: &CompleteFile<'_>,
        now: Timestamp,
    ) -> Result<bool> {
        let (top, path) = (key(file.top), key(file.path));
        let before = self.known.file(&top, &path).map(|file| file.id.clone());
        let (id, news) = match ingest(state_dir, &mut self.known, file, now)? {
            IngestOutcome::StillChanging => return Ok(true),
            IngestOutcome::Known { id, moved_from } => {
                (id.clone(), DaemonEvent::Known { path, id, moved_from })
            }
            IngestOutcome::Ingested(taken) => (taken.id.clone(), DaemonEvent::Spec(taken)),
        };
        self.unsaved = true;
        self.untold.push(news);
        Ok(self.release(&top, before, &id))
    }

    /// Whether a save is still to be tried again.
    pub fn are_unsaved(&self) -> bool {
        self.unsaved
    }

    /// Whether so much is unsaved that more should not be taken in before a save.
    pub fn are_many(&self) -> bool {
        self.untold.len() >= SAVE_EVERY
    }

    /// Saves what is not saved yet, and tells it then. After an error the next call tries again.
    pub fn save(&mut self, state_dir: &Path, tell: &mut dyn FnMut(&DaemonEvent)) -> Result<()> {
        if self.unsaved {
            self.known.save(state_dir)?;
            self.unsaved = false;
        }
        self.untold.drain(..).for_each(|news| tell(&news));
        Ok(())
    }

    /// After a file gave up its id, has those looked at again that wanted it. Says whether any did.
    fn release(&mut self, top: &str, before: Option<String>, now: &str) -> bool {
        let Some(before) = before.filter(|before| !before.eq_ignore_ascii_case(now)) else {
            return false;
        };
        let Some(files) = self.known.files.get_mut(top) else { return false };
        let count = files.len();
        files.retain(|_, other| !(other.duplicate && other.id.eq_ignore_ascii_case(&before)));
        files.len() < count
    }
}
