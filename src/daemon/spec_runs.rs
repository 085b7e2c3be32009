//! Has specs built that were saved, and runs gone on with that were killed or waited.

use std::time::{Duration, Instant};

use anyhow::Result;
use jiff::Timestamp;

use crate::daemon::backoff::WarningDedup;
use crate::daemon::daemon_event::DaemonEvent;
use crate::daemon::watched_repo::WatchedRepo;
use crate::daemon::watched_worktree::WatchedWorktree;
use crate::domain::pipeline::dropped::{DropRest, DropStep, decide};
use crate::flow::dropped;
use crate::flow::dropped::DropCache;
use crate::flow::dropped::start::{DropDeed, act};
use crate::platform::config::env;
use crate::platform::git::repo::Repo;
use crate::platform::store::known_specs::KnownSpecs;

/// How much longer than the shortest wait it is looked again whether a budget allows more.
const BUDGET_FACTOR: u32 = 12;

/// What is known of the specs of a repository from one look to the next.
#[derive(Default)]
pub struct SpecRuns(DropCache);

impl SpecRuns {
    /// Does what is to be done about each spec. When to look again, where no event may say so; `often` is how
    /// often what goes on is looked at.
    pub fn look(
        &mut self,
        place: &WatchedRepo,
        trees: &[WatchedWorktree],
        known: &KnownSpecs,
        often: Duration,
        said: &mut WarningDedup,
        tell: &mut dyn FnMut(&DaemonEvent),
    ) -> Option<Instant> {
        match self.try_look(place, trees, known, often, said, tell) {
            Ok(next) => next,
            Err(error) => {
                said.trouble(format!("{error:#}"), tell);
                Some(Instant::now() + often * BUDGET_FACTOR)
            }
        }
    }

    fn try_look(
        &mut self,
        place: &WatchedRepo,
        trees: &[WatchedWorktree],
        known: &KnownSpecs,
        often: Duration,
        said: &mut WarningDedup,
        tell: &mut dyn FnMut(&DaemonEvent),
    ) -> Result<Option<Instant>> {
        let Some(tree) = trees.first() else { return Ok(None) };
        if self.0.is_idle(&place.state_dir, known)? {
            return Ok(None);
        }
        let repo = Repo::discover(&tree.top, None)?;
        let context = place.context(&repo);
        let Some(mut found) = dropped::look(context, known, &mut self.0)? else { return Ok(None) };
        let (now, at) = (Instant::now(), env::now(&place.env));
        let mut next: Option<Instant> = None;
        for spec in std::mem::take(&mut found.specs) {
            let step = decide(&found.facts(&spec));
            let due = match act(context, &place.last_stop, &found, &spec, &step, &mut self.0) {
                Err(error) => {
                    said.trouble(format!("{error:#}"), tell);
                    Some(now + often * BUDGET_FACTOR)
                }
                Ok(DropDeed::Nothing) => due(&step, now, at, often),
                Ok(deed) => {
                    if matches!(deed, DropDeed::Began | DropDeed::WentOn) {
                        found.room = found.room.saturating_sub(1);
                        let continues = deed == DropDeed::WentOn;
                        tell(&DaemonEvent::Run { spec: spec.id.clone(), continues });
                    }
                    Some(now + often)
                }
            };
            self.0.settle(&spec, &step);
            next = next.into_iter().chain(due).min();
        }
        Ok(next)
    }
}

/// When a spec is to be looked at again about which nothing was done.
fn due(step: &DropStep, now: Instant, at: Timestamp, often: Duration) -> Option<Instant> {
    match step {
        DropStep::Until(time) => {
            let wait = Duration::try_from(time.duration_since(at)).unwrap_or_default();
            Some(now + wait)
        }
        DropStep::Rest(DropRest::UnderWay | DropRest::NoRoom) | DropStep::EndWorker => {
            Some(now + often)
        }
        DropStep::Rest(DropRest::OverBudget) => Some(now + often * BUDGET_FACTOR),
        DropStep::Rest(_) => None,
        // Another process was at it just then.
        _ => Some(now + often),
    }
}
