//! Reconciles one repository: compares what is there with what is known, and takes in what differs.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::daemon::backoff::{Backoff, WarningDedup};
use crate::daemon::daemon_event::DaemonEvent;
use crate::daemon::file_events::{FsEvent, FsEventKind, WatchSet, may_be_silent};
use crate::daemon::head_moves::{self, Heads};
use crate::daemon::hook_events::Events;
use crate::daemon::learner::LearnedRule;
use crate::daemon::lock;
use crate::daemon::lost_hooks::LostHooksReport;
use crate::daemon::request_reviews::request_reviews;
use crate::daemon::spec_files::{FileKey, SpecFiles};
use crate::daemon::spec_runs::SpecRuns;
use crate::daemon::watched_repo::WatchedRepo;
use crate::daemon::watched_worktree::WatchedWorktree;
use crate::domain::policy::watch_settings::{ProgressPages, WatchMethod};
use crate::flow::intake::debounce::Debouncer;
use crate::flow::intake::ingest::{CompleteFile, PROGRESS, key};
use crate::flow::intake::spec_listing::SpecListing;
use crate::platform::config::env;
use crate::platform::git::worktrees::Worktrees;
use crate::platform::store::dropped_specs;
use crate::platform::store::file::{sweep, sweep_old, write_atomic};
use crate::platform::store::folder::Folder;
use crate::platform::store::inbox;
use crate::platform::store::known_specs::KnownSpecs;

/// How often folders may appear while they are being watched before the rest waits for the next look.
const WATCH_ROUNDS_MAX: usize = 16;

/// For how long a work tree that is being made is looked for.
const TREES_FOR: Duration = Duration::from_secs(3);
const TREES_EVERY: Duration = Duration::from_millis(50);

/// What is watched, what is known, and what is awaited.
pub struct Reconciler {
    place: Arc<WatchedRepo>,
    worktrees: Worktrees,
    trees: Vec<WatchedWorktree>,
    watches: Option<WatchSet>,
    specs: SpecFiles,
    debouncer: Debouncer<FileKey>,
    /// Files that were written to and not closed yet, as events name them.
    open: BTreeSet<PathBuf>,
    /// Folders in which every entry matters, and single paths that do.
    inside: BTreeSet<PathBuf>,
    awaited: BTreeSet<PathBuf>,
    trees_until: Option<Instant>,
    pace: Backoff,
    said: WarningDedup,
    told: Vec<PathBuf>,
    heads: Heads,
    runs: SpecRuns,
    events: Events,
    lost_hooks: LostHooksReport,
}

/// What reconciling came to.
pub struct Reconciled {
    /// When to look again.
    pub next: Instant,
    /// The work trees in which somebody is to learn.
    pub learn: Vec<PathBuf>,
}

/// The listing of every work tree, in their order.
type Listings = Vec<SpecListing>;

impl Reconciler {
    /// Reads what is known and puts back what a killed watcher had claimed.
    pub fn start(
        place: Arc<WatchedRepo>,
        watches: Option<WatchSet>,
        tell: &mut dyn FnMut(&DaemonEvent),
    ) -> Result<Self> {
        inbox::make(&place.state_dir)?;
        inbox::put_back_leftovers(&place.state_dir)?;
        sweep(&place.state_dir.join("queue"));
        sweep_old(&place.state_dir);
        let loaded = KnownSpecs::load(&place.state_dir, Some(env::now(&place.env)))?;
        if let Some(aside) = loaded.set_aside {
            let aside = aside.display();
            tell(&DaemonEvent::Trouble {
                message: format!(
                    "the list of known specs was damaged; it is kept as `{aside}`, and every spec \
                     is read again"
                ),
            });
        }
        Ok(Self {
            heads: Heads::load(&place.state_dir),
            worktrees: Worktrees::of(place.common_dir.clone()),
            place,
            trees: Vec::new(),
            watches,
            specs: SpecFiles::new(loaded.known),
            debouncer: Debouncer::new(),
            open: BTreeSet::new(),
            inside: BTreeSet::new(),
            awaited: BTreeSet::new(),
            trees_until: None,
            pace: Backoff::new(Duration::from_secs(5)),
            said: WarningDedup::default(),
            told: Vec::new(),
            runs: SpecRuns::default(),
            events: Events::default(),
            lost_hooks: LostHooksReport::default(),
        })
    }

    /// Whether a file event is a reason to look. Touches no disk: the loop asks.
    pub fn concerns(&self, fs_event: &FsEvent) -> bool {
        let FsEvent::At { path, what } = fs_event else { return true };
        let is_watch_dead = *what == FsEventKind::Gone
            && self.watches.as_ref().is_some_and(|watches| watches.watches_below(path));
        is_watch_dead
            || self.is_of_worktrees(path)
            || self.awaited.contains(path)
            || self.inside.contains(path)
            || path.parent().is_some_and(|parent| self.inside.contains(parent))
    }

    fn is_of_worktrees(&self, path: &Path) -> bool {
        path.starts_with(self.place.common_dir.join("worktrees"))
    }

    /// Takes a file event that is a reason to look.
    pub fn absorb(&mut self, fs_event: FsEvent) {
        self.pace.reset(self.interval());
        let FsEvent::At { path, what } = fs_event else {
            // A removal may be among what was lost: every watch may be dead.
            if let Some(watches) = &mut self.watches {
                watches.unwatch_below(Path::new("/"));
            }
            self.open.clear();
            self.trees_until = Some(Instant::now() + TREES_FOR);
            return;
        };
        if what == FsEventKind::Gone
            && let Some(watches) = &mut self.watches
        {
            watches.unwatch_below(&path);
        }
        if self.is_of_worktrees(&path) || self.trees.iter().any(|tree| tree.top == path) {
            self.trees_until = Some(Instant::now() + TREES_FOR);
        }
        match what {
            FsEventKind::Wrote => drop(self.open.insert(path)),
            FsEventKind::Closed | FsEventKind::Gone => drop(self.open.remove(&path)),
            FsEventKind::Other => {}
        }
    }

    /// Compares everything with what is known. What goes wrong is logged and tried again the next time.
    pub fn reconcile(&mut self, now: Instant, tell: &mut dyn FnMut(&DaemonEvent)) -> Reconciled {
        self.said.turn();
        self.find_trees(tell);
        let listings = self.list_and_watch(tell);
        self.report_watched(&listings, tell);
        for listing in &listings {
            for (path, reason) in &listing.unreadable {
                let message = format!("`{}` cannot be read: {reason}", path.display());
                self.said.trouble(message, tell);
            }
            for (path, reason) in &listing.left_out {
                let message = format!("`{}` is not looked at: {reason}", path.display());
                self.said.trouble(message, tell);
            }
            if listing.cut {
                let message = "the globs of specs cover too many files; some are not looked at";
                self.said.trouble(message.to_owned(), tell);
            }
        }
        self.specs.forget_gone(&self.trees, &listings);
        let observed =
            self.debouncer.observe(self.specs.differing(&self.trees, &listings, &self.open), now);
        let mut still_changing = false;
        for ((top, path), stamp) in &observed.complete {
            let tree = self.trees.iter().find(|tree| tree.top == *top);
            let progress = tree.map(|tree| tree.watch.progress).unwrap_or_default();
            let complete = CompleteFile { top, path, stamp: *stamp, progress };
            let time = env::now(&self.place.env);
            match self.specs.take_in(&self.place.state_dir, &complete, time) {
                Ok(look_again) => still_changing |= look_again,
                Err(error) => self.said.trouble(format!("{error:#}"), tell),
            }
            if self.specs.are_many() {
                self.save(tell);
            }
        }
        self.save(tell);
        self.lost_hooks.tell(&self.place, &mut self.said, tell);
        let events = self.events.take(&self.place, &mut self.said, tell);
        still_changing |=
            request_reviews(&mut self.heads, &self.place, &self.trees, &mut self.said, tell);
        let (known, often) = (self.specs.known(), self.interval());
        let due = self.runs.look(&self.place, &self.trees, known, often, &mut self.said, tell);
        let due_at = observed.look_again.into_iter().chain(due).min();
        let next = self.next_look(due_at, still_changing, events.more);
        Reconciled { next, learn: events.learn }
    }

    /// Takes note of how the learning in a work tree went. Says whether to learn there again.
    pub fn learned(
        &mut self,
        worktree: &Path,
        result: Result<Vec<LearnedRule>>,
        tell: &mut dyn FnMut(&DaemonEvent),
    ) -> bool {
        let result = result.map_err(|error| format!("{error:#}")).map(|rules| {
            for LearnedRule { id, title, path } in rules {
                tell(&DaemonEvent::Learned { id, title, path });
            }
        });
        self.events.learned(worktree, result, &self.place, &mut self.said, tell)
    }

    fn next_look(
        &mut self,
        due_at: Option<Instant>,
        still_changing: bool,
        more_events: bool,
    ) -> Instant {
        let now = Instant::now();
        if more_events {
            return now;
        }
        let steady = self.debouncer.is_waiting()
            || self.specs.are_unsaved()
            || self.watches.is_none()
            || self.trees.iter().any(|tree| tree.is_silent);
        let mut at = self.pace.next(now, steady);
        for due in [due_at, self.lost_hooks.due()].into_iter().flatten() {
            at = at.min(due);
        }
        if let Some(due) = self.events.next_due() {
            at = at.min(due.max(now));
        }
        if still_changing {
            at = at.min(now + Duration::from_millis(10));
        }
        if self.trees_until.is_some() {
            at = at.min(now + TREES_EVERY);
        }
        at
    }

    fn interval(&self) -> Duration {
        let rescan = self.trees.iter().map(|tree| tree.watch.rescan).min();
        rescan.unwrap_or(Duration::from_secs(5)).max(Duration::from_millis(100))
    }

    /// Finds the work trees and reads their settings where they changed.
    fn find_trees(&mut self, tell: &mut dyn FnMut(&DaemonEvent)) {
        let tops = self.worktrees.list();
        if self.trees_until.is_some_and(|until| Instant::now() >= until) {
            self.trees_until = None;
        }
        self.trees.retain(|tree| tops.contains(&tree.top));
        for top in tops {
            if !self.trees.iter().any(|tree| tree.top == top) {
                self.trees.push(WatchedWorktree::new(top));
            }
        }
        for tree in &mut self.trees {
            let before = tree.watch.progress;
            if let Err(message) = tree.refresh(&self.place) {
                self.said.trouble(message, tell);
            }
            if tree.watch.progress == ProgressPages::File && before == ProgressPages::Off {
                // Where it cannot be opened there is nothing to sweep.
                drop(Folder::open(&tree.top).map(|top| top.sweep(PROGRESS)));
            }
        }
    }

    /// Lists, and lists again as long as folders are newly watched: what came into a folder before
    /// the watch is reported by no event.
    fn list_and_watch(&mut self, tell: &mut dyn FnMut(&DaemonEvent)) -> Listings {
        let mut listings = Listings::new();
        for _ in 0..WATCH_ROUNDS_MAX {
            listings = self.trees.iter().map(WatchedWorktree::list).collect();
            if !self.update_watches(&listings, tell) {
                break;
            }
        }
        listings
    }

    fn update_watches(&mut self, listings: &Listings, tell: &mut dyn FnMut(&DaemonEvent)) -> bool {
        let inbox = inbox::folder(&self.place.state_dir);
        let common = &self.place.common_dir;
        let runs = dropped_specs::folder(&self.place.state_dir);
        self.inside = BTreeSet::from([
            inbox.clone(),
            runs.clone(),
            common.join("worktrees"),
            common.join("hooks"),
        ]);
        self.awaited = BTreeSet::from([
            common.join("worktrees"),
            common.join("config"),
            self.place.state_dir.clone(),
            self.place.state_dir.join(lock::FILE),
        ]);
        let mut wanted = BTreeSet::from([common.clone(), inbox, self.place.state_dir.clone()]);
        let folders = [runs, common.join("worktrees"), common.join("hooks")];
        wanted.extend(folders.into_iter().filter(|folder| folder.is_dir()));
        for (tree, listing) in self.trees.iter_mut().zip(listings) {
            self.inside.extend(listing.inside.iter().cloned());
            self.awaited.extend(listing.awaited.iter().cloned());
            self.awaited.extend([tree.top.clone(), tree.policy_file()]);
            self.awaited.insert(head_moves::log_of(&tree.top, common));
            let log_folder = head_moves::log_folder(&tree.top, common);
            if log_folder.is_dir() {
                wanted.insert(log_folder);
            }
            if !tree.polls() {
                wanted.extend(listing.folders.iter().cloned());
            }
        }
        // A network drive that hangs would hang the system's watcher, and with it every repository's.
        let is_native = self.trees.iter().any(|tree| tree.watch.method == WatchMethod::Native);
        if !is_native && may_be_silent(common) {
            wanted.retain(|folder| !folder.starts_with(common));
        }
        let Some(watches) = &mut self.watches else { return false };
        let outcome = watches.want(&wanted);
        for (folder, reason) in &outcome.failed {
            let message = format!(
                "`{}` cannot be watched: {reason}; looking at intervals instead",
                folder.display()
            );
            self.said.trouble(message, tell);
        }
        for (tree, listing) in self.trees.iter_mut().zip(listings) {
            let failed = outcome.failed.iter().any(|(folder, _)| listing.folders.contains(folder));
            tree.is_silent = failed || tree.polls();
        }
        outcome.any_new
    }

    /// Tells what is watched when that changed, and leaves it where `daemon status` finds it.
    fn report_watched(&mut self, listings: &Listings, tell: &mut dyn FnMut(&DaemonEvent)) {
        let folders: Vec<PathBuf> =
            listings.iter().flat_map(|listing| &listing.inside).cloned().collect();
        let mut now = folders.clone();
        now.extend(self.trees.iter().map(|tree| tree.top.clone()));
        // Never told before, even where there is nothing.
        now.push(PathBuf::new());
        if now == self.told {
            return;
        }
        self.told = now;
        let worktrees: Vec<String> = self.trees.iter().map(|tree| key(&tree.top)).collect();
        let polls = self.watches.is_none() || self.trees.iter().any(|tree| tree.is_silent);
        let method = if polls { "poll" } else { "native" };
        let text = serde_json::json!({
            "pid": std::process::id(),
            "worktrees": worktrees,
            "folders": folders.iter().map(|folder| key(folder)).collect::<Vec<_>>(),
            "method": method,
        });
        let path = self.place.state_dir.join("watched.json");
        if let Err(error) = write_atomic(&path, text.to_string().as_bytes()) {
            self.said.trouble(format!("{error:#}"), tell);
        }
        tell(&DaemonEvent::Watching { worktrees, folders: folders.len(), method });
    }

    fn save(&mut self, tell: &mut dyn FnMut(&DaemonEvent)) {
        if let Err(error) = self.specs.save(&self.place.state_dir, tell) {
            self.said.trouble(format!("{error:#}"), tell);
        }
    }
}
