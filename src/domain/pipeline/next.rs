//! The jobs of a run that are ready.

use crate::domain::pipeline::job::{Action, CallFailure, Job, JobId, ReviewScope};
use crate::domain::pipeline::journal::Journal;
use crate::domain::pipeline::review_loop::{ChunkState, ReviewLoop, Stage};
use crate::domain::pipeline::run::{Machine, Run};
use crate::domain::review::answer::ReviewAnswer;
use crate::domain::review::tracked::to_look_at_again;

/// Every job that is ready and not under way, in the order in which they are best begun. None where
/// the run is paused or has ended, and where everything that is to be done is under way.
///
/// The run holds all that this needs, so that after a kill the same is asked for again, whatever the
/// settings have become.
pub fn next(run: &Run) -> Vec<Job> {
    let mut jobs = jobs(run);
    jobs.retain(|job| !run.journal.is_under_way(&job.id));
    jobs
}

/// Every job of the run's stage of which nothing came yet, those under way included.
pub(super) fn jobs(run: &Run) -> Vec<Job> {
    let Machine::Review(review) = &run.machine;
    of_loop(&review.review_loop, &run.journal)
}

/// The same of a loop.
pub(super) fn of_loop(this: &ReviewLoop, journal: &Journal) -> Vec<Job> {
    let attempt = this.current();
    let one = |id: String, action: Action| vec![Job { id: JobId::new(id), action }];
    match &this.stage {
        Stage::Gating => one(format!("gates-{attempt}"), Action::Gate),
        Stage::Delivering(scope) => {
            let id = format!("{}-delivery", review_name(this, journal, scope));
            one(id, Action::Deliver(scope.clone()))
        }
        Stage::Reviewing { scope, chunks } => {
            let name = review_name(this, journal, scope);
            if let Some(answers) = answers(chunks) {
                let action = Action::Assemble { scope: scope.clone(), answers };
                return one(format!("{name}-findings"), action);
            }
            if chunks.iter().any(|chunk| chunk.failure().is_some()) {
                // Only the jobs that were under way when it failed.
                let is_under_way = |job: &Job| journal.is_under_way(&job.id);
                return waiting(&name, scope, chunks).filter(is_under_way).collect();
            }
            waiting(&name, scope, chunks).collect()
        }
        Stage::Arbitrating(asked) => {
            let is_budget = |failure: &CallFailure| matches!(failure, CallFailure::Budget(_));
            let is_over = asked.iter().any(|one| one.failure.as_ref().is_some_and(is_budget));
            let open =
                asked.iter().filter(|one| one.failure.is_none() && !this.is_decided(&one.finding));
            let job = |finding: &String| Job {
                id: JobId::new(format!("arbiter-{attempt}-{finding}")),
                action: Action::Arbitrate(finding.clone()),
            };
            let failed =
                |id: &String| asked.iter().any(|one| one.finding == *id && one.failure.is_some());
            let dismissed = to_look_at_again(&this.findings).into_iter();
            let again = dismissed.map(|finding| &finding.original.id).filter(|id| !failed(id));
            let look = |id: &String| Job {
                id: JobId::new(format!("second-{attempt}-{id}")),
                action: Action::LookAgain(id.clone()),
            };
            let jobs = open.map(|one| job(&one.finding)).chain(again.map(look));
            jobs.filter(|job| !is_over || journal.is_under_way(&job.id)).collect()
        }
        Stage::Fixing(request) => {
            // A fix that changed nothing leaves the number of attempts as it is.
            let again = if request.refused.is_empty() { "" } else { "-refused" };
            let id = format!("fix-{}-{}{again}", this.attempts.len(), journal.idle_fixes());
            one(id, Action::Fix(request.clone()))
        }
        Stage::Closing(end) => one("close".to_owned(), Action::Close(end.clone())),
        Stage::Paused(_) | Stage::Ended(_) => Vec::new(),
    }
}

/// The stable name of the review that a loop is in: `review-<attempt>-<tries before>`.
pub fn review_name(this: &ReviewLoop, journal: &Journal, scope: &ReviewScope) -> String {
    format!("{}-{}", layout_name(this, scope), journal.failed_reviews())
}

/// The stable name of the change as a review is shown it, in every try: `review-<attempt>`.
pub fn layout_name(this: &ReviewLoop, scope: &ReviewScope) -> String {
    let kind = match scope {
        ReviewScope::Full | ReviewScope::Delta { .. } => "review",
        ReviewScope::Criteria(_) => "criteria",
    };
    format!("{kind}-{}", this.current())
}

fn waiting<'a>(
    name: &'a str,
    scope: &'a ReviewScope,
    chunks: &'a [ChunkState],
) -> impl Iterator<Item = Job> + 'a {
    let waiting = chunks.iter().enumerate().filter_map(|(chunk, state)| match state {
        ChunkState::Waiting => Some((chunk, Vec::new())),
        ChunkState::Unproven { sections, failure: None, .. } => Some((chunk, sections.clone())),
        ChunkState::Unproven { .. } | ChunkState::Answered(_) | ChunkState::Failed(_) => None,
    });
    waiting.map(move |(chunk, unproven)| Job {
        id: JobId::new(format!("{name}-{chunk}")),
        action: Action::ReviewChunk { scope: scope.clone(), chunk, unproven },
    })
}

/// The answers to all chunks; `None` while one is missing.
fn answers(chunks: &[ChunkState]) -> Option<Vec<ReviewAnswer>> {
    let answer = |chunk: &ChunkState| match chunk {
        ChunkState::Answered(answer) => Some(answer.clone()),
        ChunkState::Waiting | ChunkState::Failed(_) | ChunkState::Unproven { .. } => None,
    };
    chunks.iter().map(answer).collect()
}
