//! One watched repository, as the loop sees it: what is to be done in it next, and what a thread does.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;
use rustix::process::Pid;
use tokio::task::spawn_blocking;

use crate::daemon::backoff::pause_after;
use crate::daemon::daemon_event::DaemonEvent;
use crate::daemon::file_events::{FileWatcher, FsEvent};
use crate::daemon::learner::{LearnedRule, Learner};
use crate::daemon::watched_repo::WatchedRepo;
use crate::daemon::work::{
    BeginOutcome, LockedReconciler, Look, Message, Messages, Over, begin, look, work,
};
use crate::platform::config::env;
use crate::platform::process::ask_to_end;
use crate::platform::store::user_state::UserState;

/// The most file events that are kept until the next look. What comes on top is not lost: everything is
/// looked at then.
const FS_EVENTS_MAX: usize = 4096;

/// The longest wait before a repository is tried again that could not be watched.
const RETRY_MAX: Duration = Duration::from_mins(5);

enum Phase {
    /// It is begun at its time.
    Waiting,
    Idle(Box<LockedReconciler>),
    /// A thread works for it.
    Working,
    Ended,
}

/// A watched repository.
pub struct Repository {
    place: Arc<WatchedRepo>,
    phase: Phase,
    /// When to begin or to look next.
    next: Instant,
    /// No file event brings a look about before this time.
    earliest: Instant,
    /// For the next look.
    fs_events: Vec<FsEvent>,
    /// The processes that learn, by work tree; `None` until its number is known.
    learners: BTreeMap<PathBuf, Option<Pid>>,
    /// The work trees in which somebody is to learn.
    to_learn: Vec<PathBuf>,
    /// How learning ended, for the next look.
    learned: Vec<(PathBuf, Result<Vec<LearnedRule>>)>,
    /// How often in a row it could not be watched.
    failures: u32,
    over: Option<Over>,
    /// What is to be watched in its place once it has ended.
    successor: Option<Arc<WatchedRepo>>,
}

impl Repository {
    /// One that is to be watched from now on.
    pub fn new(place: Arc<WatchedRepo>) -> Self {
        let now = Instant::now();
        Self {
            place,
            phase: Phase::Waiting,
            next: now,
            earliest: now,
            fs_events: Vec::new(),
            learners: BTreeMap::new(),
            to_learn: Vec::new(),
            learned: Vec::new(),
            failures: 0,
            over: None,
            successor: None,
        }
    }

    /// One that is watched already.
    pub fn watched(place: Arc<WatchedRepo>, watched: Box<LockedReconciler>) -> Self {
        Self { phase: Phase::Idle(watched), ..Self::new(place) }
    }

    pub fn place(&self) -> &WatchedRepo {
        &self.place
    }

    pub fn over(&self) -> Option<Over> {
        self.over
    }

    /// What takes its place.
    pub fn into_successor(self) -> Option<Arc<WatchedRepo>> {
        self.successor
    }

    /// When a thread is to work for it; `None` while one does.
    pub fn due(&self) -> Option<Instant> {
        matches!(self.phase, Phase::Waiting | Phase::Idle(_)).then_some(self.next)
    }

    /// Whether a process is to learn in it that is not started yet.
    pub fn is_to_learn(&self) -> bool {
        self.learners.is_empty() && !self.to_learn.is_empty() && self.over.is_none()
    }

    /// Has a thread begin to watch it, or look at it.
    pub fn work(&mut self, files: Option<&FileWatcher>, messages: &Messages) {
        let place = Arc::clone(&self.place);
        match std::mem::replace(&mut self.phase, Phase::Working) {
            Phase::Waiting => {
                let files = files.cloned();
                work(messages, place, move |place, tell| {
                    let begun = begin(place, None, files, tell);
                    Message::Begun(place.common_dir.clone(), begun)
                });
            }
            Phase::Idle(watched) => {
                let learned = std::mem::take(&mut self.learned);
                let fs_events = std::mem::take(&mut self.fs_events);
                work(messages, place, move |place, tell| {
                    let (watched, look) = look(place, watched, fs_events, learned, tell);
                    Message::Looked(place.common_dir.clone(), watched, look)
                });
            }
            other => self.phase = other,
        }
    }

    /// Takes in how its beginning went. An error is to be told; the next try comes by itself.
    pub fn begun(&mut self, begun: Result<BeginOutcome>) -> Result<()> {
        match begun {
            Ok(BeginOutcome::Watched(watched)) => {
                self.phase = Phase::Idle(watched);
                self.next = Instant::now();
                Ok(())
            }
            Ok(BeginOutcome::Over(over)) => {
                self.phase = Phase::Waiting;
                self.end(over);
                Ok(())
            }
            Err(error) => {
                self.try_later();
                Err(error)
            }
        }
    }

    /// Begins anew after a while, each time a longer one.
    pub fn try_later(&mut self) {
        self.phase = Phase::Waiting;
        let factor = 2_u32.saturating_pow(self.failures);
        let wait = (env::backoff_base(&self.place.env).saturating_mul(factor)).min(RETRY_MAX);
        self.failures = self.failures.saturating_add(1);
        self.next = Instant::now() + wait;
    }

    /// Takes in what a look came to.
    pub fn looked(
        &mut self,
        watched: Box<LockedReconciler>,
        look: Look,
        files: Option<&FileWatcher>,
    ) {
        self.phase = Phase::Idle(watched);
        match look {
            Look::Over(over) => self.end(over),
            Look::Reconciled { outcome, took } => {
                let now = Instant::now();
                self.failures = 0;
                self.next = outcome.next;
                self.earliest = now + pause_after(took);
                for worktree in outcome.learn {
                    if !self.to_learn.contains(&worktree) {
                        self.to_learn.push(worktree);
                    }
                }
                if !self.learned.is_empty() {
                    self.next = now;
                }
                self.absorb(files);
            }
        }
    }

    /// Takes the file events that came in. While a thread works for it they stay where they are.
    pub fn absorb(&mut self, files: Option<&FileWatcher>) {
        let (Phase::Idle(watched), Some(files)) = (&self.phase, files) else { return };
        let mut fs_events = files.take(&self.place.common_dir);
        fs_events.retain(|fs_event| watched.reconciler.concerns(fs_event));
        if fs_events.is_empty() {
            return;
        }
        self.fs_events.append(&mut fs_events);
        if self.fs_events.len() > FS_EVENTS_MAX {
            self.fs_events = vec![FsEvent::Lost];
        }
        self.next = self.next.min(self.earliest);
    }

    /// Starts a process that learns in a work tree, and a thread that waits for it.
    pub fn learn(&mut self, messages: &Messages) {
        let Some(worktree) = self.to_learn.pop() else { return };
        self.learners.insert(worktree.clone(), None);
        let (place, sender) = (Arc::clone(&self.place), messages.clone());
        let owner = self.place.common_dir.clone();
        let (of_thread, in_tree) = (owner.clone(), worktree.clone());
        let learning = spawn_blocking(move || {
            let learner = Learner::start(&place, &in_tree)?;
            drop(sender.send(Message::Learning(of_thread, in_tree, learner.pid())));
            learner.wait()
        });
        let sender = messages.clone();
        tokio::spawn(async move {
            let learned = learning.await.unwrap_or_else(|error| Err(error.into()));
            drop(sender.send(Message::Learned(owner, worktree, learned)));
        });
    }

    /// Takes note of the process that learns.
    pub fn learning(&mut self, worktree: PathBuf, pid: Option<Pid>) {
        if let Some(pid) = pid.filter(|_| self.over.is_some()) {
            ask_to_end(pid);
        }
        self.learners.insert(worktree, pid);
    }

    pub fn learned(&mut self, worktree: PathBuf, learned: Result<Vec<LearnedRule>>) {
        self.learners.remove(&worktree);
        self.learned.push((worktree, learned));
        self.next = Instant::now();
    }

    /// Has it end, with the processes that work for it and their agents.
    pub fn end(&mut self, over: Over) {
        self.over.get_or_insert(over);
        self.end_workers();
    }

    /// Has it end, and another one begun in its place then.
    pub fn replace(&mut self, successor: Option<Arc<WatchedRepo>>) {
        self.successor = successor;
        self.end(Over::Unlisted);
    }

    /// Has the processes end that work for it.
    pub fn end_workers(&self) {
        self.learners.values().flatten().copied().for_each(ask_to_end);
    }

    /// Where it is to end and nothing works for it any more: gives its lock back, which tells `daemon stop`
    /// that nothing goes on, and takes it off the list where it is over by itself.
    pub fn finish(&mut self, state: Option<&UserState>, messages: &Messages) {
        let Some(over) = self.over else { return };
        if !self.learners.is_empty() || matches!(self.phase, Phase::Working | Phase::Ended) {
            return;
        }
        let before = std::mem::replace(&mut self.phase, Phase::Ended);
        let state = state.filter(|_| over != Over::Unlisted).cloned();
        work(messages, Arc::clone(&self.place), move |place, tell| {
            if let Phase::Idle(watched) = before {
                drop(watched);
            }
            if let (Some(state), Some(listed)) = (state, &place.listed)
                && let Err(error) = state.unlist_this(listed)
            {
                tell(&DaemonEvent::Trouble { message: format!("{error:#}") });
            }
            Message::Ended(place.common_dir.clone())
        });
    }
}
