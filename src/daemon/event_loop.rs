//! The watcher's event loop. It takes signals, file events and results, and hands work on: reconciling to a
//! thread, learning and reviews to processes. Nothing in it waits for a disk, a lock or a program.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use rustix::process::Pid;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{mpsc, oneshot};
use tokio::task::spawn_blocking;
use tokio::time::sleep_until;

use crate::daemon::daemon_event::DaemonEvent;
use crate::daemon::file_events::{FsEvent, FsEvents, WatchSet, no_watcher};
use crate::daemon::learner::{LearnedRule, Learner};
use crate::daemon::lock::WatcherLock;
use crate::daemon::reconcile::{Reconciled, Reconciler};
use crate::daemon::watched_repo::WatchedRepo;
use crate::platform::process::ask_to_end;

/// The most file events that are kept while it is reconciled. What comes on top is not lost: everything
/// is looked at then.
const FS_EVENTS_MAX: usize = 4096;

/// How long reconciling that is under way, and the processes that learn, may take to end with the watcher.
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
}

/// Watches until a signal comes, or until the reader of what it prints has left. `tell` is called
/// for everything that happens.
pub fn run(
    place: WatchedRepo,
    held: &mut WatcherLock,
    tell: &mut dyn FnMut(&DaemonEvent),
    reader_left: Option<oneshot::Receiver<()>>,
) -> Result<WatchEnding> {
    // The lock is held: who stops from now on sees us.
    if place.last_stop.is_outdated(&place.state_dir) {
        return Ok(WatchEnding::Stopped);
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("could not start the runtime")?;
    let (messages, mut incoming) = mpsc::unbounded_channel();
    let watching = watch(Arc::new(place), held, tell, reader_left, (&messages, &mut incoming));
    let ending = runtime.block_on(watching);
    // `daemon stop` reports that nothing goes on any more. Reconciling that takes longer ends with the
    // program: what it saves is saved whole or not at all.
    runtime.shutdown_timeout(LAST_WORK);
    while let Ok(message) = incoming.try_recv() {
        if let Message::DaemonEvent(news) = message {
            tell(&news);
        }
    }
    ending
}

struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
}

impl Signals {
    fn new() -> Result<Self> {
        let listen = |kind| signal(kind).context("could not listen for signals");
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
            hangup: listen(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) -> WatchEnding {
        tokio::select! {
            _ = self.interrupt.recv() => WatchEnding::Interrupted,
            _ = self.terminate.recv() => WatchEnding::Stopped,
            _ = self.hangup.recv() => WatchEnding::Stopped,
        }
    }
}

/// What comes back from the threads that work for the loop, about a repository by its git directory.
enum Message {
    DaemonEvent(DaemonEvent),
    Reconciled {
        repository: PathBuf,
        reconciler: Box<Reconciler>,
        outcome: Reconciled,
        took: Duration,
    },
    Learned {
        repository: PathBuf,
        worktree: PathBuf,
        result: Result<Vec<LearnedRule>>,
    },
    /// A thread panicked: what it worked on is lost.
    Broken,
}

type Messages = mpsc::UnboundedSender<Message>;

/// A watched repository.
struct Repository {
    place: Arc<WatchedRepo>,
    state: State,
    /// When to reconcile next.
    next: Instant,
    /// No file event brings that about before this time.
    earliest: Instant,
    /// The processes that learn, by work tree.
    learners: BTreeMap<PathBuf, Option<Pid>>,
    /// How they ended, for the next time.
    learned: Vec<(PathBuf, Result<Vec<LearnedRule>>)>,
}

enum State {
    Idle(Box<Reconciler>),
    /// A thread reconciles; the file events that came meanwhile.
    Reconciling(Vec<FsEvent>),
}

impl Repository {
    fn new(place: Arc<WatchedRepo>, reconciler: Reconciler) -> Self {
        let now = Instant::now();
        Self {
            place,
            state: State::Idle(Box::new(reconciler)),
            next: now,
            earliest: now,
            learners: BTreeMap::new(),
            learned: Vec::new(),
        }
    }

    /// When something is to be done; `None` while it is reconciled.
    fn due(&self) -> Option<Instant> {
        matches!(self.state, State::Idle(_)).then_some(self.next)
    }

    /// Begins to reconcile in a thread of its own.
    fn reconcile(&mut self, messages: &Messages) {
        let State::Idle(reconciler) =
            std::mem::replace(&mut self.state, State::Reconciling(Vec::new()))
        else {
            return;
        };
        let learned = std::mem::take(&mut self.learned);
        let (repository, sender) = (self.place.common_dir.clone(), messages.clone());
        work(messages, move || {
            let mut reconciler = reconciler;
            let began = Instant::now();
            // The loop may have ended: then there is no reader any more.
            let mut tell =
                |news: &DaemonEvent| drop(sender.send(Message::DaemonEvent(news.clone())));
            let mut again = Vec::new();
            for (worktree, result) in learned {
                if reconciler.learned(&worktree, result, &mut tell) {
                    again.push(worktree);
                }
            }
            let mut outcome = reconciler.reconcile(began, &mut tell);
            outcome.learn.extend(again);
            let took = began.elapsed();
            drop(sender.send(Message::Reconciled { repository, reconciler, outcome, took }));
        });
    }

    /// Takes the reconciler back from its thread.
    fn reconciled(
        &mut self,
        reconciler: Box<Reconciler>,
        outcome: Reconciled,
        took: Duration,
        messages: &Messages,
    ) {
        let now = Instant::now();
        let before = std::mem::replace(&mut self.state, State::Idle(reconciler));
        self.next = outcome.next;
        // A flood of events must not make us reconcile without a pause: at most a quarter of the time.
        self.earliest = now + took * 3;
        if let State::Reconciling(fs_events) = before {
            for fs_event in fs_events {
                self.absorb(fs_event);
            }
        }
        for worktree in outcome.learn {
            self.learn(worktree, messages);
        }
        if !self.learned.is_empty() {
            self.next = now;
        }
    }

    fn absorb(&mut self, fs_event: FsEvent) {
        match &mut self.state {
            State::Idle(reconciler) => {
                if reconciler.absorb(fs_event) {
                    self.next = self.next.min(self.earliest);
                }
            }
            State::Reconciling(fs_events) if fs_events.len() < FS_EVENTS_MAX => {
                fs_events.push(fs_event);
            }
            State::Reconciling(fs_events) => *fs_events = vec![FsEvent::Lost],
        }
    }

    /// Starts a process that learns in a work tree, and a thread that waits for it.
    fn learn(&mut self, worktree: PathBuf, messages: &Messages) {
        let learner = match Learner::start(&self.place, &worktree) {
            Ok(learner) => learner,
            Err(error) => return self.learned.push((worktree, Err(error))),
        };
        self.learners.insert(worktree.clone(), learner.pid());
        let (repository, sender) = (self.place.common_dir.clone(), messages.clone());
        work(messages, move || {
            let result = learner.wait();
            drop(sender.send(Message::Learned { repository, worktree, result }));
        });
    }

    /// Has the processes that work for this repository end, and their agents with them.
    fn end_workers(&self) {
        self.learners.values().flatten().copied().for_each(ask_to_end);
    }
}

/// Does something that may block, in a thread of its own.
fn work(messages: &Messages, work: impl FnOnce() + Send + 'static) {
    let (done, sender) = (spawn_blocking(work), messages.clone());
    tokio::spawn(async move {
        if done.await.is_err() {
            drop(sender.send(Message::Broken));
        }
    });
}

async fn watch(
    place: Arc<WatchedRepo>,
    held: &mut WatcherLock,
    tell: &mut dyn FnMut(&DaemonEvent),
    reader_left: Option<oneshot::Receiver<()>>,
    (messages, incoming): (&Messages, &mut mpsc::UnboundedReceiver<Message>),
) -> Result<WatchEnding> {
    let mut signals = Signals::new()?;
    let mut reader_left = std::pin::pin!(word_comes(reader_left));
    let (watch_set, mut fs_events) = match WatchSet::new(&place.common_dir) {
        Ok((set, fs_events)) => (Some(set), Some(fs_events)),
        Err(error) => {
            let message = format!("{}; looking at intervals instead", no_watcher(&error));
            tell(&DaemonEvent::Trouble { message });
            (None, None)
        }
    };
    let reconciler = Reconciler::start(Arc::clone(&place), watch_set, tell)?;
    held.ready()?;
    let repository = Repository::new(Arc::clone(&place), reconciler);
    let mut repositories = BTreeMap::from([(place.common_dir.clone(), repository)]);
    let ending = loop {
        let now = Instant::now();
        let is_due = |repository: &Repository| repository.due().is_some_and(|due| due <= now);
        if repositories.values().any(is_due) {
            if !held.is_ours() || !place.common_dir.exists() {
                break WatchEnding::Orphaned;
            }
            for repository in repositories.values_mut().filter(|repository| is_due(repository)) {
                repository.reconcile(messages);
            }
        }
        let next = repositories.values().filter_map(Repository::due).min();
        tokio::select! {
            biased;
            ending = signals.next() => break ending,
            () = &mut reader_left => break WatchEnding::Stopped,
            Some(message) = incoming.recv() => {
                receive(message, &mut repositories, messages, tell)?;
            }
            fs_event = next_fs_event(&mut fs_events) => match fs_event {
                Some((repository, fs_event)) => {
                    if let Some(repository) = repositories.get_mut(&repository) {
                        repository.absorb(fs_event);
                    }
                }
                None => fs_events = None,
            },
            () = until(next) => {}
        }
    };
    repositories.values().for_each(Repository::end_workers);
    Ok(ending)
}

/// Takes in what a thread sent.
fn receive(
    message: Message,
    repositories: &mut BTreeMap<PathBuf, Repository>,
    messages: &Messages,
    tell: &mut dyn FnMut(&DaemonEvent),
) -> Result<()> {
    match message {
        Message::DaemonEvent(news) => tell(&news),
        Message::Reconciled { repository, reconciler, outcome, took } => {
            if let Some(repository) = repositories.get_mut(&repository) {
                repository.reconciled(reconciler, outcome, took, messages);
            }
        }
        Message::Learned { repository, worktree, result } => {
            if let Some(repository) = repositories.get_mut(&repository) {
                repository.learners.remove(&worktree);
                repository.learned.push((worktree, result));
                repository.next = Instant::now();
            }
        }
        Message::Broken => bail!("a thread of the watcher stopped: see its message above"),
    }
    Ok(())
}

/// Waits for ever where there is no time to wait for.
async fn until(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time.into()).await,
        None => std::future::pending().await,
    }
}

/// Waits for ever where no word comes.
async fn word_comes(receiver: Option<oneshot::Receiver<()>>) {
    if let Some(receiver) = receiver
        && receiver.await.is_ok()
    {
        return;
    }
    std::future::pending::<()>().await;
}

/// Waits for ever where nothing is watched.
async fn next_fs_event(fs_events: &mut Option<FsEvents>) -> Option<(PathBuf, FsEvent)> {
    match fs_events {
        Some(fs_events) => fs_events.next().await,
        None => std::future::pending().await,
    }
}
