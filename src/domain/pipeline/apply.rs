//! Applies what happened to a run.

use jiff::Timestamp;

use crate::domain::pipeline::conclude::conclude;
use crate::domain::pipeline::findings::{decide, look_again, take_in};
use crate::domain::pipeline::job::{
    Action, CallFailure, DeliveryReport, FixOutcome, FixRequest, Job, JobId, JobOutcome, Performed,
    ReviewOutcome, ReviewScope,
};
use crate::domain::pipeline::journal::{FixEffect, JobEvent, JobResult, Journal, ReviewProgress};
use crate::domain::pipeline::next::{jobs, of_loop};
use crate::domain::pipeline::review_loop::{Arbitration, Attempt, ChunkState, ReviewLoop, Stage};
use crate::domain::pipeline::run::{Machine, ReviewRecord, Run};
use crate::domain::pipeline::said;
use crate::domain::review::answer::ReviewAnswer;
use crate::domain::review::arbiter_decision::SecondLook;
use crate::domain::review::converge::StopLimits;
use crate::domain::review::deliver::unscanned::Remedy;
use crate::domain::review::finding::Completeness;
use crate::domain::review::proof::UnprovenChunk;

/// Something happened to a job that cannot happen now. Only a defect of ours comes here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the job `{job}` {what} while the run is {stage}")]
pub struct Unexpected {
    pub job: JobId,
    pub what: &'static str,
    /// The word for the stage that the run is in.
    pub stage: &'static str,
}

/// The run with a ready job under way.
///
/// # Errors
///
/// Where the job is not ready.
pub fn start(mut run: Run, job: &JobId, at: Timestamp) -> Result<Run, Unexpected> {
    if find(&run, job).is_none() || run.journal.is_under_way(job) {
        return Err(unexpected(&run, job, "was started"));
    }
    run.journal.add(at, job.clone(), JobEvent::Started);
    Ok(run)
}

/// The run with a job that was under way ready again: it could not be performed beside another, and
/// is to be performed alone.
///
/// # Errors
///
/// Where the job is not under way.
pub fn defer(mut run: Run, job: &JobId, at: Timestamp) -> Result<Run, Unexpected> {
    if !run.journal.is_under_way(job) {
        return Err(unexpected(&run, job, "was put off"));
    }
    run.journal.add(at, job.clone(), JobEvent::Deferred);
    Ok(run)
}

/// The run after what came of a job that was under way.
///
/// # Errors
///
/// Where the job is not under way, or has no such outcome.
pub fn apply(
    mut run: Run,
    job: &JobId,
    performed: Performed,
    at: Timestamp,
    limits: &StopLimits,
) -> Result<Run, Unexpected> {
    let Some(found) = find(&run, job).filter(|_| run.journal.is_under_way(job)) else {
        return Err(unexpected(&run, job, "ended"));
    };
    let no_such = unexpected(&run, job, "had a result that it cannot have");
    let Machine::Review(review) = &mut run.machine;
    for answer in performed.answers {
        review.record.note(answer);
    }
    note(&mut review.record, &performed.outcome);
    let result = result(&review.review_loop, &found.action, &performed.outcome);
    let said = said::of(&performed.outcome);
    run.journal.add_said(at, job.clone(), JobEvent::Ended(result), said);
    let Some(next) = step(&mut review.review_loop, found.action, performed.outcome) else {
        return Err(no_such);
    };
    match next {
        Step::Stage(stage) => review.review_loop.stage = stage,
        Step::Conclude => conclude(&mut review.review_loop, &run.journal, limits, None),
        Step::Failed(failure) => {
            conclude(&mut review.review_loop, &run.journal, limits, Some(&failure));
        }
        Step::Settle => settle(&mut review.review_loop, &run.journal, limits),
    }
    Ok(run)
}

fn find(run: &Run, job: &JobId) -> Option<Job> {
    jobs(run).into_iter().find(|known| known.id == *job)
}

fn unexpected(run: &Run, job: &JobId, what: &'static str) -> Unexpected {
    Unexpected { job: job.clone(), what, stage: run.review_loop().stage.as_str() }
}

/// Keeps what the report and the receipt say.
fn note(record: &mut ReviewRecord, outcome: &JobOutcome) {
    match outcome {
        JobOutcome::Gated(report) => {
            record.gated.clone_from(&report.findings);
            record.skipped.clone_from(&report.skipped);
        }
        JobOutcome::Delivered(report) => {
            // With a gap no reviewer is asked.
            let delivered = if report.gaps.is_empty() { &report.sections[..] } else { &[] };
            record.delivered = delivered.to_vec();
            record.unscanned.clone_from(&report.unscanned);
            record.remedy = report.remedy;
        }
        JobOutcome::Reviewed(reviewed, unanchored) => {
            // An incomplete one is made again, with what was answered of it.
            let is_complete = reviewed.completeness == Completeness::Complete;
            record.unanchored += if is_complete { *unanchored } else { 0 };
            record.remedy = (!is_complete).then_some(Remedy::AskAgain);
        }
        JobOutcome::Arbitrated(decision, Some(id)) => {
            record.kept.insert(decision.id.clone(), id.clone());
        }
        JobOutcome::LookedAgain(_, Some(recorded)) => {
            record.kept.insert(recorded.finding.clone(), recorded.ledger.clone());
        }
        JobOutcome::Closed(recorded) => {
            let ids = recorded.iter().map(|one| (one.finding.clone(), one.ledger.clone()));
            record.kept.extend(ids);
        }
        JobOutcome::Arbitrated(_, None)
        | JobOutcome::Answered(_)
        | JobOutcome::LookedAgain(_, None)
        | JobOutcome::Fixed(_)
        | JobOutcome::Failed(_) => {}
    }
}

/// What the journal says of an outcome.
fn result(this: &ReviewLoop, action: &Action, outcome: &JobOutcome) -> JobResult {
    match outcome {
        JobOutcome::Reviewed(review, _) => {
            JobResult::Reviewed(match (&review.completeness, action) {
                (Completeness::Incomplete(_), _) => ReviewProgress::Incomplete,
                (_, Action::Assemble { scope: ReviewScope::Criteria(_), .. }) => {
                    ReviewProgress::CriteriaComplete
                }
                (Completeness::Complete, _) => ReviewProgress::Complete,
            })
        }
        JobOutcome::Delivered(DeliveryReport { gaps, .. }) if !gaps.is_empty() => {
            JobResult::Reviewed(ReviewProgress::Incomplete)
        }
        JobOutcome::Fixed(FixOutcome::Changed { tree, .. })
            if *tree != this.attempts[this.current()].tree =>
        {
            JobResult::Fixed(FixEffect::Changed)
        }
        JobOutcome::Fixed(FixOutcome::Refused { .. }) => JobResult::Fixed(FixEffect::Refused),
        JobOutcome::Fixed(_) => JobResult::Fixed(FixEffect::Nothing),
        JobOutcome::Failed(failure) => JobResult::Failed(failure.clone()),
        JobOutcome::Gated(_)
        | JobOutcome::Delivered(_)
        | JobOutcome::Answered(_)
        | JobOutcome::Arbitrated(..)
        | JobOutcome::LookedAgain(..)
        | JobOutcome::Closed(_) => JobResult::Done,
    }
}

/// What follows an outcome.
enum Step {
    Stage(Stage),
    /// The current attempt is to be decided about.
    Conclude,
    /// The same, after a call failed.
    Failed(CallFailure),
    /// The stage goes on until nothing of it is ready or under way.
    Settle,
}

/// Takes in an outcome; `None` where the action has no such outcome.
fn step(this: &mut ReviewLoop, action: Action, outcome: JobOutcome) -> Option<Step> {
    let current = this.current();
    Some(match (action, outcome) {
        (Action::Gate, JobOutcome::Gated(report)) => {
            let green = report.outcome.is_green();
            this.attempts[current].gates = Some(report.outcome);
            if green { Step::Stage(Stage::Delivering(scope(this))) } else { Step::Conclude }
        }
        (Action::Deliver(scope), JobOutcome::Delivered(report)) => {
            if !report.gaps.is_empty() {
                take_in(this, &scope, ReviewOutcome::incomplete(report.gaps));
                return Some(Step::Conclude);
            }
            let chunks = vec![ChunkState::Waiting; report.chunks];
            Step::Stage(Stage::Reviewing { scope, chunks })
        }
        (Action::ReviewChunk { chunk, .. }, JobOutcome::Answered(answer)) => {
            set_chunk(this, chunk, Ok(answer))
        }
        (Action::ReviewChunk { chunk, .. }, JobOutcome::Failed(failure)) => {
            set_chunk(this, chunk, Err(failure))
        }
        (Action::Assemble { scope, .. }, JobOutcome::Reviewed(mut reviewed, _)) => {
            let unproven = std::mem::take(&mut reviewed.unproven);
            take_in(this, &scope, reviewed);
            if !this.attempts[current].is_reviewed() {
                set_unproven(this, unproven);
                return Some(Step::Conclude);
            }
            let undecided = this.to_arbitrate();
            if undecided.is_empty() {
                return Some(Step::Conclude);
            }
            Step::Stage(Stage::Arbitrating(undecided))
        }
        (Action::Arbitrate(_), JobOutcome::Arbitrated(decision, _)) => {
            decide(this, decision);
            Step::Settle
        }
        (Action::LookAgain(finding), JobOutcome::LookedAgain(second, _)) => {
            look_again(this, &finding, second);
            Step::Settle
        }
        // Without money for a second voice the finding stays, and a person decides.
        (Action::LookAgain(finding), JobOutcome::Failed(CallFailure::Budget(why))) => {
            look_again(this, &finding, SecondLook::NotPaid { why });
            Step::Settle
        }
        (Action::Arbitrate(finding) | Action::LookAgain(finding), JobOutcome::Failed(failure)) => {
            note_failure(this, finding, failure);
            Step::Settle
        }
        (Action::Fix(request), JobOutcome::Fixed(fixed)) => take_fix(this, request, fixed),
        (Action::Close(end), JobOutcome::Closed(_)) => Step::Stage(Stage::Ended(end)),
        (Action::Gate | Action::Fix(_), JobOutcome::Failed(failure)) => Step::Failed(failure),
        _ => return None,
    })
}

/// The failure of a call about a finding. A second look may be at one that is not asked about now.
fn note_failure(this: &mut ReviewLoop, finding: String, failure: CallFailure) {
    let Stage::Arbitrating(asked) = &mut this.stage else { return };
    match asked.iter_mut().find(|one| one.finding == finding) {
        Some(one) => one.failure = Some(failure),
        None => asked.push(Arbitration { finding, failure: Some(failure) }),
    }
}

fn set_chunk(this: &mut ReviewLoop, chunk: usize, came: Result<ReviewAnswer, CallFailure>) -> Step {
    if let Stage::Reviewing { chunks, .. } = &mut this.stage
        && let Some(known) = chunks.get_mut(chunk)
    {
        *known = known.after(came);
    }
    Step::Settle
}

/// Puts down what of an incomplete review is asked about again, if it is made again.
fn set_unproven(this: &mut ReviewLoop, unproven: Vec<UnprovenChunk>) {
    let Stage::Reviewing { chunks, .. } = &mut this.stage else { return };
    if unproven.is_empty() {
        chunks.fill(ChunkState::Waiting);
    }
    for UnprovenChunk { chunk, kept, sections } in unproven {
        if let Some(state) = chunks.get_mut(chunk) {
            *state = ChunkState::Unproven { kept, sections, failure: None };
        }
    }
}

fn take_fix(this: &mut ReviewLoop, request: FixRequest, outcome: FixOutcome) -> Step {
    let current = this.current();
    match outcome {
        FixOutcome::Refused { why, .. } if request.refused.is_empty() => {
            Step::Stage(Stage::Fixing(FixRequest { refused: why, ..request }))
        }
        FixOutcome::Refused { commit, why } => Step::Stage(this.refused(&commit, why)),
        FixOutcome::Changed { tree, commit, undoes, beside }
            if tree != this.attempts[current].tree =>
        {
            let attempt = Attempt::new(tree, Some(commit));
            let fixes = request.findings;
            this.attempts.push(Attempt { fixes, undoes, beside, ..attempt });
            if this.repeats().is_some() || undoes.is_some() {
                return Step::Conclude;
            }
            Step::Stage(Stage::Gating)
        }
        FixOutcome::Nothing | FixOutcome::Changed { .. } => Step::Conclude,
    }
}

/// Decides about the attempt once every call of the stage came to an end. What was answered counts,
/// whatever else failed.
fn settle(this: &mut ReviewLoop, journal: &Journal, limits: &StopLimits) {
    if !of_loop(this, journal).is_empty() {
        return;
    }
    let failures: Vec<&CallFailure> = match &this.stage {
        Stage::Reviewing { chunks, .. } => chunks.iter().filter_map(ChunkState::failure).collect(),
        Stage::Arbitrating(asked) => asked.iter().filter_map(|one| one.failure.as_ref()).collect(),
        _ => Vec::new(),
    };
    let failure = merged(&failures);
    conclude(this, journal, limits, failure.as_ref());
}

/// One failure for several: a used up budget stops everything, and of rate limits the last to end
/// counts.
fn merged(failures: &[&CallFailure]) -> Option<CallFailure> {
    let budget = failures.iter().find(|failure| matches!(failure, CallFailure::Budget(_)));
    if let Some(budget) = budget {
        return Some((*budget).clone());
    }
    let mut reasons: Vec<&str> = failures.iter().map(|failure| failure.why()).collect();
    reasons.dedup();
    let why = reasons.join("; ");
    let end = |failure: &&CallFailure| match failure {
        CallFailure::RateLimited { until, .. } => Some(*until),
        CallFailure::Infrastructure(_) | CallFailure::Budget(_) => None,
    };
    let ends: Option<Vec<Timestamp>> = failures.iter().map(end).collect();
    match ends.into_iter().flatten().max() {
        Some(until) => Some(CallFailure::RateLimited { until, why }),
        None if failures.is_empty() => None,
        None => Some(CallFailure::Infrastructure(why)),
    }
}

/// What a review of the current attempt is to look at: everything once, then what changed since.
fn scope(this: &ReviewLoop) -> ReviewScope {
    match this.attempts.iter().rposition(Attempt::is_reviewed) {
        None => ReviewScope::Full,
        Some(since) => {
            let open = this.findings.iter().filter(|finding| finding.is_open());
            ReviewScope::Delta {
                since,
                open: open.map(|finding| finding.original.id.clone()).collect(),
            }
        }
    }
}
