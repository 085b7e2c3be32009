//! The next job of a run.

use crate::domain::pipeline::run::{Job, Run, Stage};

/// The next thing to do. The stage holds all that it needs, so that after a kill the same is asked
/// for again, whatever the limits have become.
pub fn next(run: &Run) -> Job {
    match &run.stage {
        Stage::Gating => Job::Gate,
        Stage::Reviewing(scope) => Job::Review(scope.clone()),
        Stage::Arbitrating(ids) => Job::Arbitrate(ids.clone()),
        Stage::Fixing(order) => Job::Fix(order.clone()),
        Stage::Ended(end) => Job::End(end.clone()),
    }
}
