//! The events that hooks left: told, learned from, and tried again where that fails.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::daemon::news::News;
use crate::daemon::run::{Place, Said};
use crate::flow::learn;
use crate::platform::config::env;
use crate::platform::git::places::OpenError;
use crate::platform::git::repo::Repo;
use crate::platform::store::inbox::{self, Claim, Taken};

/// How many events are handled in one look.
const EVENTS_MAX: usize = 256;

/// How often an event is handled before it is set aside. With the waits between the tries that is
/// some ten minutes: enough for a disk to have room again.
const TRIES_MAX: u32 = 5;

/// By what each wait is longer than the one before.
const WAIT_FACTOR: u32 = 8;

/// The events that wait for another try.
#[derive(Default)]
pub struct Events {
    later: Vec<(Instant, Claim)>,
}

impl Events {
    /// Handles what waits in the inbox, and what is due for another try; says whether there may be
    /// more.
    pub fn take(&mut self, place: &Place, said: &mut Said, tell: &mut dyn FnMut(&News)) -> bool {
        let taken = inbox::claim(&place.state_dir, EVENTS_MAX).unwrap_or_else(|error| {
            said.trouble(format!("{error:#}"), tell);
            Taken::default()
        });
        let count = taken.claims.len() + taken.aside.len();
        for (path, reason) in taken.aside {
            tell(&News::Aside { path, reason });
        }
        for claim in &taken.claims {
            tell(&News::Event { event: claim.event.clone() });
        }
        let claims = taken.claims.into_iter().chain(self.due()).collect();
        self.handle(claims, place, said, tell);
        count >= EVENTS_MAX
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

    fn handle(
        &mut self,
        claims: Vec<Claim>,
        place: &Place,
        said: &mut Said,
        tell: &mut dyn FnMut(&News),
    ) {
        let worktrees: BTreeSet<PathBuf> =
            claims.iter().map(|claim| claim.event.worktree().to_owned()).collect();
        let mut failures = BTreeMap::new();
        for worktree in worktrees {
            match learn(&worktree, place, tell) {
                Err(error) => {
                    let reason = format!("could not learn: {error:#}");
                    said.trouble(reason.clone(), tell);
                    failures.insert(worktree, reason);
                }
                Ok(()) => self.hurry(&worktree),
            }
        }
        // Done only now: an event whose learning was cut short is handled again.
        for claim in claims {
            let done = match failures.get(claim.event.worktree()) {
                Some(reason) => self.put_off(claim, reason, place, tell),
                None => claim.done(),
            };
            if let Err(error) = done {
                said.trouble(format!("{error:#}"), tell);
            }
        }
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
        place: &Place,
        tell: &mut dyn FnMut(&News),
    ) -> Result<()> {
        let tries = claim.failed()?;
        if tries >= TRIES_MAX {
            let path = claim.give_up(&place.state_dir)?;
            tell(&News::Aside { path, reason: reason.to_owned() });
            return Ok(());
        }
        let wait = env::backoff_base(&place.env) * WAIT_FACTOR.pow(tries - 1);
        self.later.push((Instant::now() + wait.min(Duration::from_hours(1)), claim));
        Ok(())
    }
}

/// Turns what came back in that work tree into rules. Where the work tree is gone there is nothing
/// to learn.
fn learn(worktree: &Path, place: &Place, tell: &mut dyn FnMut(&News)) -> Result<()> {
    let is_gone = |error: &anyhow::Error| {
        matches!(error.downcast_ref(), Some(OpenError::NotARepository(_))) || !worktree.is_dir()
    };
    let repo = match Repo::discover(worktree, None) {
        Err(error) if is_gone(&error) => return Ok(()),
        repo => repo?,
    };
    let session = learn::by_itself(&repo, &place.env, &place.flags)?;
    for learned in session.learned {
        if let learn::Outcome::Rule { rule, .. } = learned.outcome {
            let path = rule.at.path.clone();
            tell(&News::Learned { id: rule.id, title: rule.title, path });
        }
    }
    Ok(())
}
