//! When something last happened in a run that is under way, as far as it can be seen from outside.

use std::path::Path;

use jiff::Timestamp;

use crate::domain::pipeline::spec_run::SpecRun;
use crate::flow::run::at_work::{latest, of_run};
use crate::platform::store::runs;

/// The latest of what the run says of itself and of what its agents wrote since: prompts, answers and the
/// records that their programs keep.
pub fn last_activity(state_dir: &Path, run: &SpecRun) -> Timestamp {
    let progress = run.progress();
    let ahead = progress.ahead.iter().filter_map(|task| task.begun.review.as_deref());
    let last = progress.review().or_else(|| progress.reviews.last().map(String::as_str));
    let ids = std::iter::once(run.id.as_str()).chain(last).chain(ahead);
    let open = ids.flat_map(|id| of_run(&runs::folder(state_dir, id))).collect();
    latest(open, run.last_at())
}
