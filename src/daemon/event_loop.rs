//! The watcher's event loop. It takes signals, file events and results, and hands work on: looks to
//! threads, learning and reviews to processes. Nothing in it waits for a disk, a lock or a program.
//!
//! It watches one repository in the foreground, or all that are on the list of a user. What goes wrong in
//! one of them is that one's alone.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use tokio::sync::{mpsc, oneshot};
use tokio::task::spawn_blocking;

use crate::daemon::daemon_event::DaemonEvent;
use crate::daemon::file_events::{FileWatcher, Owner, no_watcher};
use crate::daemon::listing::ListWatch;
use crate::daemon::lock::WatcherLock;
use crate::daemon::repository::Repository;
use crate::daemon::slots::Slots;
use crate::daemon::wakeups::{Ask, Signals, earlier, next_woken, until, word_comes};
use crate::daemon::watched_repo::WatchedRepo;
use crate::daemon::work::{BeginOutcome, Message, Messages, Over, begin};
use crate::platform::config::env::Env;
use crate::platform::store::user_state::{Listed, UserState};

/// How many repositories are looked at at the same time, and for how long one that hangs counts. More than
/// there are processors: a look that takes a spec in waits for the disk twice.
const LOOKS: (usize, Duration) = (16, Duration::from_secs(2));

/// How many processes learn at the same time, one a repository, and for how long one that hangs counts.
const LEARNERS: (usize, Duration) = (2, Duration::from_secs(20));

/// How long a look that is under way, and the processes that learn, may take to end with the watcher.
const LAST_WORK: Duration = Duration::from_secs(3);

/// Why the watcher ended.
#[derive(Debug, PartialEq, Eq)]
pub enum WatchEnding {
    /// Ctrl-C.
    Interrupted,
    /// `tribunal daemon stop`, a closed terminal, a shutdown, a reader that went away.
    Stopped,
    /// The repository or the lock's file is gone.
    Orphaned,
    /// No repository is on the list.
    Idle,
}

/// What is watched.
pub enum Watch {
    /// One repository, whose lock is held.
    One(Box<WatchedRepo>, WatcherLock),
    /// All that are on the list, in the environment that is given. The lock is the process's.
    Listed(UserState, Env, WatcherLock),
}

/// Gets what happens, with the git directory of the repository that it is about.
pub type Tell<'a> = dyn FnMut(Option<&Path>, &DaemonEvent) + 'a;

/// Watches until a signal comes, until nothing is left to watch, or until the reader of what is told has
/// left.
pub fn run(
    watch: Watch,
    tell: &mut Tell<'_>,
    reader_left: Option<oneshot::Receiver<()>>,
) -> Result<WatchEnding> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("could not start the runtime")?;
    let (messages, mut incoming) = mpsc::unbounded_channel();
    let ended = runtime.block_on(async {
        let mut watcher = Watcher::begin(watch, messages, tell)?;
        let ending = watcher.go_on(&mut incoming, tell, reader_left).await?;
        watcher.repositories.values().for_each(Repository::end_workers);
        // The locks are given back once nothing goes on.
        Ok((ending, watcher))
    });
    // A look that takes longer ends with the program: what it saves is saved whole or not at all.
    runtime.shutdown_timeout(LAST_WORK);
    while let Ok(message) = incoming.try_recv() {
        if let Message::Tell(about, news) = message {
            tell(about.as_deref(), &news);
        }
    }
    ended.map(|(ending, _)| ending)
}

/// The list and what its repositories are watched with.
struct List {
    state: UserState,
    env: Env,
    /// `None` while a thread looks at it.
    listing: Option<Box<ListWatch>>,
    next: Instant,
}

struct Watcher {
    signals: Signals,
    messages: Messages,
    repositories: BTreeMap<Owner, Repository>,
    /// `None` where the system gives none: then everything is looked at in intervals.
    files: Option<FileWatcher>,
    woken: Option<mpsc::UnboundedReceiver<Owner>>,
    looks: Slots,
    learners: Slots,
    /// `None` where one repository is watched.
    list: Option<List>,
    ending: Option<WatchEnding>,
}

impl Watcher {
    fn begin(watch: Watch, messages: Messages, tell: &mut Tell<'_>) -> Result<Self> {
        let signals = Signals::new()?;
        let (files, woken) = match FileWatcher::new() {
            Ok((files, woken)) => (Some(files), Some(woken)),
            Err(error) => {
                let message = format!("{}; looking at intervals instead", no_watcher(&error));
                tell(None, &DaemonEvent::Trouble { message });
                (None, None)
            }
        };
        let mut watcher = Self {
            signals,
            messages,
            repositories: BTreeMap::new(),
            files,
            woken,
            looks: Slots::new(LOOKS.0, LOOKS.1),
            learners: Slots::new(LEARNERS.0, LEARNERS.1),
            list: None,
            ending: None,
        };
        match watch {
            Watch::One(place, held) => watcher.begin_one(&Arc::new(*place), held, tell)?,
            Watch::Listed(state, env, mut lock) => {
                lock.ready()?;
                let listing = ListWatch::new(state.clone(), lock, watcher.files.clone());
                let listing = Some(Box::new(listing));
                watcher.list = Some(List { state, env, listing, next: Instant::now() });
            }
        }
        Ok(watcher)
    }

    fn begin_one(
        &mut self,
        place: &Arc<WatchedRepo>,
        held: WatcherLock,
        tell: &mut Tell<'_>,
    ) -> Result<()> {
        let about = place.common_dir.clone();
        let mut tell = |news: &DaemonEvent| tell(Some(&about), news);
        match begin(place, Some(held), self.files.clone(), &mut tell)? {
            BeginOutcome::Watched(watched) => {
                let repository = Repository::watched(Arc::clone(place), watched);
                self.repositories.insert(place.common_dir.clone(), repository);
            }
            BeginOutcome::Over(over) => self.ending = Some(ending_of(over)),
        }
        Ok(())
    }

    async fn go_on(
        &mut self,
        incoming: &mut mpsc::UnboundedReceiver<Message>,
        tell: &mut Tell<'_>,
        reader_left: Option<oneshot::Receiver<()>>,
    ) -> Result<WatchEnding> {
        let mut reader_left = std::pin::pin!(word_comes(reader_left));
        loop {
            if let Some(ending) = self.ending.take() {
                return Ok(ending);
            }
            let next = self.begin_due(Instant::now());
            tokio::select! {
                biased;
                ask = self.signals.next() => return Ok(match ask {
                    Ask::Interrupt => WatchEnding::Interrupted,
                    Ask::Terminate => WatchEnding::Stopped,
                }),
                () = &mut reader_left => return Ok(WatchEnding::Stopped),
                Some(message) = incoming.recv() => self.receive(message, tell),
                owner = next_woken(&mut self.woken) => match owner {
                    Some(owner) => self.wake(&owner),
                    None => self.woken = None,
                },
                () = until(next) => {}
            }
        }
    }

    /// Has begun what is due, those first that have waited longest. When something is due next.
    fn begin_due(&mut self, now: Instant) -> Option<Instant> {
        if let Some(list) = self.list.as_mut().filter(|list| list.next <= now)
            && let Some(mut listing) = list.listing.take()
        {
            let messages = self.messages.clone();
            spawn_blocking(move || {
                listing.look();
                drop(messages.send(Message::Listed(listing)));
            });
        }
        let mut due: Vec<(Instant, Owner)> = self
            .repositories
            .iter()
            .filter_map(|(owner, repository)| Some((repository.due()?, owner.clone())))
            .collect();
        due.sort();
        let list = self.list.as_ref().filter(|list| list.listing.is_some());
        let mut next = list.map(|list| list.next);
        for (at, owner) in due {
            if at > now {
                next = earlier(next, Some(at));
            } else if self.looks.take(&owner, now) {
                if let Some(repository) = self.repositories.get_mut(&owner) {
                    repository.work(self.files.as_ref(), &self.messages);
                }
            } else {
                next = earlier(next, self.looks.next_lost(now));
            }
        }
        for (owner, repository) in &mut self.repositories {
            if repository.is_to_learn() {
                if self.learners.take(owner, now) {
                    repository.learn(&self.messages);
                } else {
                    next = earlier(next, self.learners.next_lost(now));
                }
            }
        }
        next
    }

    fn wake(&mut self, owner: &Owner) {
        if let Some(repository) = self.repositories.get_mut(owner) {
            repository.absorb(self.files.as_ref());
        } else if let Some(list) = &mut self.list {
            list.next = Instant::now();
        }
    }

    /// Takes in what a thread sent.
    fn receive(&mut self, message: Message, tell: &mut Tell<'_>) {
        let owner = match message {
            Message::Tell(about, news) => {
                tell(about.as_deref(), &news);
                return;
            }
            Message::Listed(listing) => return self.listed(listing, tell),
            Message::Ended(owner) => {
                self.ended(&owner, tell);
                return;
            }
            Message::Begun(owner, begun) => {
                self.looks.give_back(&owner);
                let Some(repository) = self.repositories.get_mut(&owner) else { return };
                if let Err(error) = repository.begun(begun) {
                    let error = format!("{error:#}");
                    self.cannot_watch(&owner, &error, tell);
                }
                owner
            }
            Message::Looked(owner, watched, look) => {
                self.looks.give_back(&owner);
                if let Some(repository) = self.repositories.get_mut(&owner) {
                    repository.looked(watched, look, self.files.as_ref());
                }
                owner
            }
            Message::Learning(owner, worktree, pid) => {
                if let Some(repository) = self.repositories.get_mut(&owner) {
                    repository.learning(worktree, pid);
                }
                owner
            }
            Message::Learned(owner, worktree, learned) => {
                self.learners.give_back(&owner);
                if let Some(repository) = self.repositories.get_mut(&owner) {
                    repository.learned(worktree, learned);
                }
                owner
            }
            Message::Broken(owner, text) => {
                self.looks.give_back(&owner);
                if let Some(repository) = self.repositories.get_mut(&owner) {
                    repository.try_later();
                }
                self.cannot_watch(&owner, &format!("a mistake in tribunal: {text}"), tell);
                owner
            }
        };
        let state = self.list.as_ref().map(|list| &list.state);
        if let Some(repository) = self.repositories.get_mut(&owner) {
            repository.finish(state, &self.messages);
        }
    }

    /// Says that a repository cannot be watched at the moment, also to who waits for its start.
    fn cannot_watch(&self, owner: &Owner, reason: &str, tell: &mut Tell<'_>) {
        let Some(repository) = self.repositories.get(owner) else { return };
        let message = format!("cannot be watched: {reason}; it is tried again");
        tell(Some(owner), &DaemonEvent::Trouble { message });
        if let (Some(list), Some(listed)) = (&self.list, &repository.place().listed) {
            let (state, listed, reason) = (list.state.clone(), listed.clone(), reason.to_owned());
            // Where it cannot be left it is in the log alone.
            spawn_blocking(move || drop(state.leave_trouble(&listed, &reason)));
        }
    }

    /// Nothing goes on in a repository any more.
    fn ended(&mut self, owner: &Owner, tell: &mut Tell<'_>) {
        let Some(repository) = self.repositories.remove(owner) else { return };
        let over = repository.over().unwrap_or(Over::Unlisted);
        match (&mut self.list, repository.into_successor()) {
            (Some(_), Some(place)) => {
                self.repositories.insert(owner.clone(), Repository::new(place));
            }
            (Some(list), None) => {
                tell(Some(owner), &DaemonEvent::Unwatched { why: reason_of(over) });
                list.next = Instant::now();
            }
            (None, _) => self.ending = Some(ending_of(over)),
        }
    }

    /// Takes up what is new on the list, and ends what is not on it any more.
    fn listed(&mut self, mut listing: Box<ListWatch>, tell: &mut Tell<'_>) {
        let Some(list) = &mut self.list else { return };
        let entries = std::mem::replace(&mut listing.entries, Ok(Vec::new()));
        let is_lock_lost = listing.is_lock_lost;
        list.next = if listing.is_touched() { Instant::now() } else { listing.next };
        list.listing = Some(listing);
        if is_lock_lost {
            self.ending = Some(WatchEnding::Orphaned);
            return;
        }
        let entries = match entries {
            Ok(entries) => entries,
            Err(error) => {
                let message = format!("the list of repositories cannot be read: {error:#}");
                tell(None, &DaemonEvent::Trouble { message });
                return;
            }
        };
        if entries.is_empty() && self.repositories.is_empty() {
            self.ending = Some(WatchEnding::Idle);
        }
        for (owner, repository) in &mut self.repositories {
            let now = entries.iter().find(|entry| entry.common_dir == *owner);
            let was = repository.place().listed.as_ref();
            if now.map(|now| &now.id) != was.map(|was| &was.id) {
                let successor = now.and_then(|now| placed(now, list, tell));
                repository.replace(successor);
                repository.finish(Some(&list.state), &self.messages);
            }
        }
        for entry in &entries {
            if !self.repositories.contains_key(&entry.common_dir)
                && let Some(place) = placed(entry, list, tell)
            {
                self.repositories.insert(entry.common_dir.clone(), Repository::new(place));
            }
        }
    }
}

/// The repository of an entry; one whose settings this program does not understand is taken off the list.
fn placed(entry: &Listed, list: &List, tell: &mut Tell<'_>) -> Option<Arc<WatchedRepo>> {
    match WatchedRepo::listed(entry.clone(), &list.env) {
        Ok(place) => Some(Arc::new(place)),
        Err(error) => {
            let message = format!("is not watched any more: {error:#}");
            tell(Some(&entry.common_dir), &DaemonEvent::Trouble { message });
            let (state, entry) = (list.state.clone(), entry.clone());
            spawn_blocking(move || drop(state.unlist_this(&entry)));
            None
        }
    }
}

fn ending_of(over: Over) -> WatchEnding {
    match over {
        Over::Stopped | Over::Unlisted => WatchEnding::Stopped,
        Over::Gone | Over::LockLost | Over::NotAgreed => WatchEnding::Orphaned,
    }
}

fn reason_of(over: Over) -> &'static str {
    match over {
        Over::Stopped | Over::Unlisted => "it was stopped",
        Over::NotAgreed => "nobody agreed to a watcher for it (`tribunal trust watcher`)",
        Over::Gone => "the repository is not there any more",
        Over::LockLost => "its folder `.git/tribunal` was removed or replaced",
    }
}
