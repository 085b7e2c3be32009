//! What is to be done next in a run.

use crate::domain::pipeline::run::{Action, Run, Stage};

/// The next thing to do. The stage holds all that it needs, so that after a kill the same is asked
/// for again, whatever the limits have become.
pub fn next(run: &Run) -> Action {
    match &run.stage {
        Stage::Gating => Action::Gate,
        Stage::Reviewing(scope) => Action::Review(scope.clone()),
        Stage::Arbitrating(ids) => Action::Arbitrate(ids.clone()),
        Stage::Fixing(order) => Action::Fix(order.clone()),
        Stage::Ended(end) => Action::End(end.clone()),
    }
}
