//! The events that hooks left in the inbox: reported, learned from, and tried again where that fails.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::daemon::backoff::WarningDedup;
use crate::daemon::daemon_event::DaemonEvent;
use crate::daemon::watched_repo::WatchedRepo;
use crate::platform::config::env;
use crate::platform::store::inbox::{self, Claim, Taken};
use crate::platform::store::ledger;

/// How many events are handled at once.
const EVENTS_MAX: usize = 256;

/// How often an event is handled before it is set aside. With the waits between the tries that is
/// some ten minutes: enough for a disk to have room again.
const TRIES_MAX: u32 = 5;

/// By what each wait is longer than the one before.
const WAIT_FACTOR: u32 = 8;

/// The events that were claimed and not handled yet.
#[derive(Default)]
pub struct Events {
    /// By work tree, while a process learns from them.
    under_way: BTreeMap<PathBuf, Vec<Claim>>,
    /// What came meanwhile for the same work tree: the process may have looked before it came.
    waiting: BTreeMap<PathBuf, Vec<Claim>>,
    /// What waits for another try.
    later: Vec<(Instant, Claim)>,
}

/// What reading the inbox came to.
#[derive(Debug, Default)]
pub struct InboxResult {
    /// There may be more events.
    pub more: bool,
    /// The work trees in which learning is due; its result goes to [`Events::learned`].
    pub learn: Vec<PathBuf>,
}

impl Events {
    /// Takes what waits in the inbox, and what is due for another try.
    pub fn take(
        &mut self,
        place: &WatchedRepo,
        said: &mut WarningDedup,
        tell: &mut dyn FnMut(&DaemonEvent),
    ) -> InboxResult {
        let taken = inbox::claim(&place.state_dir, EVENTS_MAX).unwrap_or_else(|error| {
            said.trouble(format!("{error:#}"), tell);
            Taken::default()
        });
        let more = taken.claims.len() + taken.aside.len() >= EVENTS_MAX;
        for (path, reason) in taken.aside {
            tell(&DaemonEvent::Aside { path, reason });
        }
        for claim in &taken.claims {
            tell(&DaemonEvent::Event { event: claim.event.clone() });
        }
        let can_learn = ledger::exists(&place.state_dir);
        let mut learn = Vec::new();
        for claim in taken.claims.into_iter().chain(self.due()) {
            let worktree = claim.event.worktree().to_owned();
            if self.under_way.contains_key(&worktree) && !learn.contains(&worktree) {
                self.waiting.entry(worktree).or_default().push(claim);
            } else if can_learn {
                if !learn.contains(&worktree) {
                    learn.push(worktree.clone());
                }
                self.under_way.entry(worktree).or_default().push(claim);
            } else if let Err(error) = claim.done() {
                said.trouble(format!("{error:#}"), tell);
            }
        }
        InboxResult { more, learn }
    }

    /// Takes note of how the learning in a work tree went. Says whether to learn there again.
    pub fn learned(
        &mut self,
        worktree: &Path,
        result: Result<(), String>,
        place: &WatchedRepo,
        said: &mut WarningDedup,
        tell: &mut dyn FnMut(&DaemonEvent),
    ) -> bool {
        let claims = self.under_way.remove(worktree).unwrap_or_default();
        let failure = result.err().map(|why| format!("could not learn: {why}"));
        match &failure {
            Some(reason) => said.trouble(reason.clone(), tell),
            None => self.hurry(worktree),
        }
        // Done only now: an event whose learning was cut short is handled again.
        for claim in claims {
            let done = match &failure {
                Some(reason) => self.put_off(claim, reason, place, tell),
                None => claim.done(),
            };
            if let Err(error) = done {
                said.trouble(format!("{error:#}"), tell);
            }
        }
        let Some(waiting) = self.waiting.remove(worktree) else { return false };
        self.under_way.insert(worktree.to_owned(), waiting);
        true
    }

    /// When the next one is due.
    pub fn next_due(&self) -> Option<Instant> {
        self.later.iter().map(|(at, _)| *at).min()
    }

    fn due(&mut self) -> Vec<Claim> {
        let now = Instant::now();
        let (due, later): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.later).into_iter().partition(|(at, _)| *at <= now);
        self.later = later;
        due.into_iter().map(|(_, claim)| claim).collect()
    }

    /// Where learning works again nothing is gained by a wait.
    fn hurry(&mut self, worktree: &Path) {
        let now = Instant::now();
        for (at, _) in self.later.iter_mut().filter(|(_, c)| c.event.worktree() == worktree) {
            *at = now;
        }
    }

    fn put_off(
        &mut self,
        mut claim: Claim,
        reason: &str,
        place: &WatchedRepo,
        tell: &mut dyn FnMut(&DaemonEvent),
    ) -> Result<()> {
        let tries = claim.failed()?;
        if tries >= TRIES_MAX {
            let path = claim.give_up(&place.state_dir)?;
            tell(&DaemonEvent::Aside { path, reason: reason.to_owned() });
            return Ok(());
        }
        let wait = env::backoff_base(&place.env) * WAIT_FACTOR.pow(tries - 1);
        self.later.push((Instant::now() + wait.min(Duration::from_hours(1)), claim));
        Ok(())
    }
}
