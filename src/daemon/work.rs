//! What threads do for the loop, one at a time for a repository, and what comes back from them.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use rustix::process::Pid;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use crate::daemon::daemon_event::DaemonEvent;
use crate::daemon::file_events::{FileWatcher, FsEvent, Owner, WatchSet};
use crate::daemon::learner::LearnedRule;
use crate::daemon::listing::ListWatch;
use crate::daemon::lock::{self, Mode, WatcherLock};
use crate::daemon::reconcile::{Reconciled, Reconciler};
use crate::daemon::watched_repo::WatchedRepo;
use crate::domain::policy::consent::ConsentAnswer;
use crate::flow::setup::consent;
use crate::platform::config::env;
use crate::platform::git::repo::Repo;
use crate::platform::git::worktrees;

/// What comes back from the threads that work for the loop.
pub enum Message {
    /// `None` where it is about no repository.
    Tell(Option<Owner>, DaemonEvent),
    Begun(Owner, Result<BeginOutcome>),
    Looked(Owner, Box<LockedReconciler>, Look),
    /// A process learns, and can be asked to end.
    Learning(Owner, PathBuf, Option<Pid>),
    Learned(Owner, PathBuf, Result<Vec<LearnedRule>>),
    /// Nothing goes on in it any more.
    Ended(Owner),
    /// A thread panicked: what it worked on is lost.
    Broken(Owner, String),
    /// The list of repositories was looked at.
    Listed(Box<ListWatch>),
}

pub type Messages = mpsc::UnboundedSender<Message>;

/// What is watched, with the lock that keeps other watchers away.
pub struct LockedReconciler {
    lock: WatcherLock,
    pub reconciler: Reconciler,
}

/// What beginning to watch came to.
pub enum BeginOutcome {
    Watched(Box<LockedReconciler>),
    Over(Over),
}

/// What a look came to.
pub enum Look {
    Reconciled { outcome: Reconciled, took: Duration },
    Over(Over),
}

/// Why a repository is watched no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// `daemon stop`.
    Stopped,
    /// The list says so, or the process ends.
    Unlisted,
    /// The repository is gone.
    Gone,
    /// The person of this repository did not agree to a watcher, or does not any more.
    NotAgreed,
    /// The lock's file is another one: another watcher may be at work.
    LockLost,
}

/// Begins to watch. `held` is the lock where it is held already.
pub fn begin(
    place: &Arc<WatchedRepo>,
    held: Option<WatcherLock>,
    files: Option<FileWatcher>,
    tell: &mut dyn FnMut(&DaemonEvent),
) -> Result<BeginOutcome> {
    if is_gone(&place.common_dir) {
        return Ok(BeginOutcome::Over(Over::Gone));
    }
    let mut lock = match held {
        Some(held) => held,
        None => take_lock(place)?,
    };
    if place.listed.is_some() && !is_agreed(place)? {
        return Ok(BeginOutcome::Over(Over::NotAgreed));
    }
    // The lock is held: who stops from now on sees us.
    if place.last_stop.is_outdated(&place.state_dir) {
        return Ok(BeginOutcome::Over(Over::Stopped));
    }
    let watches = files.map(|files| WatchSet::new(files, place.common_dir.clone()));
    let reconciler = Reconciler::start(Arc::clone(place), watches, tell)?;
    lock.ready()?;
    Ok(BeginOutcome::Watched(Box::new(LockedReconciler { lock, reconciler })))
}

fn take_lock(place: &WatchedRepo) -> Result<WatcherLock> {
    let listed = place.listed.as_ref().map(|listed| listed.id.as_str());
    let mode = if listed.is_some() { Mode::Daemon } else { Mode::Foreground };
    let lock = lock::take(&place.state_dir, mode, listed, env::now(&place.env))?;
    lock.map_or_else(
        || match lock::holder(&place.state_dir) {
            Some(holder) => bail!("process {} watches it already", holder.pid()),
            None => bail!("another process watches it already"),
        },
        Ok,
    )
}

/// Whether the person agreed to a watcher for the repository that is there now: another one may stand in the
/// place of the one that was listed.
fn is_agreed(place: &WatchedRepo) -> Result<bool> {
    let Some(top) = worktrees::list(&place.common_dir).into_iter().next() else { return Ok(false) };
    let repo = Repo::discover(&top, None)?;
    Ok(consent::load(&repo, &place.env)?.watcher == ConsentAnswer::Yes)
}

/// Whether there is no repository any more.
fn is_gone(common_dir: &Path) -> bool {
    !common_dir.join("HEAD").exists()
}

/// Looks at everything, once. `fs_events` and `learned` came since the last time.
pub fn look(
    place: &WatchedRepo,
    mut watched: Box<LockedReconciler>,
    fs_events: Vec<FsEvent>,
    learned: Vec<(PathBuf, Result<Vec<LearnedRule>>)>,
    tell: &mut dyn FnMut(&DaemonEvent),
) -> (Box<LockedReconciler>, Look) {
    let over = match () {
        () if is_gone(&place.common_dir) => Some(Over::Gone),
        () if !watched.lock.is_ours() => Some(Over::LockLost),
        () if place.last_stop.is_outdated(&place.state_dir) => Some(Over::Stopped),
        () => None,
    };
    if let Some(over) = over {
        return (watched, Look::Over(over));
    }
    let began = Instant::now();
    let reconciler = &mut watched.reconciler;
    for fs_event in fs_events {
        reconciler.absorb(fs_event);
    }
    let mut again = Vec::new();
    for (worktree, result) in learned {
        if reconciler.learned(&worktree, result, tell) {
            again.push(worktree);
        }
    }
    let mut outcome = reconciler.reconcile(began, tell);
    outcome.learn.extend(again);
    (watched, Look::Reconciled { outcome, took: began.elapsed() })
}

/// Does something that may block, in a thread of its own, and sends what comes of it. A panic in it is the
/// repository's alone.
pub fn work(
    messages: &Messages,
    place: Arc<WatchedRepo>,
    work: impl FnOnce(&Arc<WatchedRepo>, &mut dyn FnMut(&DaemonEvent)) -> Message + Send + 'static,
) {
    let (owner, sender) = (place.common_dir.clone(), messages.clone());
    let done = spawn_blocking(move || {
        let told = place.common_dir.clone();
        // The loop may have ended: then there is no reader any more.
        let mut tell = |news: &DaemonEvent| {
            drop(sender.send(Message::Tell(Some(told.clone()), news.clone())));
        };
        let message = work(&place, &mut tell);
        drop(sender.send(message));
    });
    let sender = messages.clone();
    tokio::spawn(async move {
        if let Err(error) = done.await {
            drop(sender.send(Message::Broken(owner, panic_text(error))));
        }
    });
}

fn panic_text(error: tokio::task::JoinError) -> String {
    let Ok(payload) = error.try_into_panic() else { return "it was cut short".to_owned() };
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_default()
}
