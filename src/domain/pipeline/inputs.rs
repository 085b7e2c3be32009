//! The inputs of the decision table, read from a loop and its journal.

use crate::domain::model::severity::Severity;
use crate::domain::model::text::one_line;
use crate::domain::pipeline::job::{CallFailure, GateOutcome};
use crate::domain::pipeline::journal::Journal;
use crate::domain::pipeline::review_loop::{ReviewLoop, RunKind, Stage};
use crate::domain::review::converge::{StopInputs, StopLimits, stop};
use crate::domain::review::decide::{
    CriteriaState, EscalationDetail, GateState, Instructions, Retry, ReviewState, StopReason,
    Threshold,
};
use crate::domain::review::finding::{AssessedCriterion, Completeness, CriterionStatus};
use crate::domain::review::tracked::{FindingWeight, TrackedFinding};

pub(super) fn stop_rule(
    this: &ReviewLoop,
    journal: &Journal,
    limits: &StopLimits,
    failure: Option<&CallFailure>,
) -> Option<EscalationDetail> {
    let current = this.current();
    let budget = match failure {
        Some(CallFailure::Budget(why)) => Some(why.as_str()),
        Some(CallFailure::Infrastructure(_) | CallFailure::RateLimited { .. }) | None => None,
    };
    // A loop that only reviews asks for no fix that could be stopped.
    let fixes = this.kind == RunKind::Fix;
    let rounds = journal.rounds();
    stop(StopInputs {
        findings: &this.findings,
        attempt: current,
        repeats: this.repeats(),
        undoes: this.attempts[current].undoes,
        idle_fixes: journal.idle_fixes(),
        budget,
        rounds_used_up: (fixes && rounds >= limits.rounds.cap(this.size)).then_some(rounds),
    })
}

pub(super) fn stop_reason(
    this: &ReviewLoop,
    stop: Option<&EscalationDetail>,
    failure: Option<&CallFailure>,
) -> StopReason {
    let attempt = &this.attempts[this.current()];
    // Such a tree was evaluated before, or gives back what was: no agent is called about it again.
    let known = attempt.undoes.is_some() || this.repeats().is_some();
    match (failure, stop) {
        (Some(CallFailure::Budget(_)), _) => StopReason::Everything,
        (Some(_), _) if matches!(this.stage, Stage::Fixing(_)) => StopReason::Executor,
        (_, Some(_)) if known => StopReason::Everything,
        (_, Some(_)) => StopReason::Fixes,
        (_, None) => StopReason::None,
    }
}

pub(super) fn gates(gated: &GateOutcome) -> GateState {
    if gated.needs_person {
        GateState::NeedsPerson
    } else if !gated.failures.is_empty() {
        GateState::Red
    } else if !gated.unasked.is_empty() {
        GateState::Unasked
    } else {
        GateState::Green
    }
}

pub(super) fn review(this: &ReviewLoop, failure: Option<&CallFailure>) -> ReviewState {
    if failure.is_some() && matches!(this.stage, Stage::Reviewing { .. }) {
        return ReviewState::Failed;
    }
    match this.attempts[this.current()].review {
        None => ReviewState::Missing,
        Some(Completeness::Incomplete(_)) => ReviewState::Incomplete,
        Some(Completeness::Complete) => ReviewState::Complete,
    }
}

pub(super) fn retry(this: &ReviewLoop, journal: &Journal, limits: &StopLimits) -> Retry {
    let attempt = &this.attempts[this.current()];
    let allowed = match attempt.review {
        // What cannot be laid out cannot be laid out the next time.
        Some(Completeness::Incomplete(_)) if matches!(this.stage, Stage::Delivering(_)) => false,
        Some(Completeness::Incomplete(_)) => journal.failed_reviews() <= limits.review_retries,
        Some(Completeness::Complete) | None => !journal.has_asked_for_criteria(),
    };
    if allowed { Retry::Allowed } else { Retry::UsedUp }
}

/// The worst state of what the spec asks for.
pub(super) fn criteria(requirements: &[AssessedCriterion]) -> CriteriaState {
    if unmet(requirements).next().is_some() {
        CriteriaState::Unmet
    } else if requirements.iter().any(|one| one.met == CriterionStatus::NotAssessed) {
        CriteriaState::NotAssessed
    } else {
        CriteriaState::AllMet
    }
}

/// The criteria and constraints that are known not to be met.
pub(super) fn unmet(
    requirements: &[AssessedCriterion],
) -> impl Iterator<Item = &AssessedCriterion> {
    requirements.iter().filter(|criterion| {
        matches!(criterion.met, CriterionStatus::Missing | CriterionStatus::Deviation)
    })
}

/// Whether there is an instruction for an unmet criterion.
pub(super) fn is_instructed(
    this: &ReviewLoop,
    criterion: &AssessedCriterion,
    findings: &[(&TrackedFinding, FindingWeight, Severity)],
) -> bool {
    instruction_of(this, criterion).is_some()
        || findings.iter().any(|(finding, counts, _)| speaks_for(criterion, finding, *counts))
}

/// Whether what is to be done about a finding meets the criterion.
pub(super) fn speaks_for(
    criterion: &AssessedCriterion,
    finding: &TrackedFinding,
    counts: FindingWeight,
) -> bool {
    counts == FindingWeight::Upheld
        && finding.is_about(&criterion.id)
        && instruction(finding).is_some()
}

/// The arbiter's instruction, as one line.
pub(super) fn instruction(finding: &TrackedFinding) -> Option<String> {
    stated(&finding.decision.as_ref()?.instruction)
}

/// What the review, or the criterion's own command, says is not as it asks, as one line. What a finding
/// alone shows is told with the finding.
pub(super) fn instruction_of(this: &ReviewLoop, criterion: &AssessedCriterion) -> Option<String> {
    let gates = this.attempts[this.current()].gates.as_ref();
    let failed = gates.and_then(|gates| gates.unmet.iter().find(|(id, _)| *id == criterion.id));
    let own = this.criteria.iter().find(|own| own.id == criterion.id);
    let own = own.filter(|own| unmet(std::slice::from_ref(*own)).next().is_some());
    let why = failed.map(|(_, why)| why).or(own.map(|own| &own.why))?;
    let why = stated(why)?;
    Some(format!("{} is not met ({}): {why}", criterion.id, criterion.met.as_str()))
}

pub(super) fn lines(texts: &[String]) -> Vec<String> {
    texts.iter().filter_map(|text| stated(text)).collect()
}

/// The text on one line; `None` where it is blank.
fn stated(text: &str) -> Option<String> {
    Some(one_line(text)).filter(|line| !line.is_empty())
}

pub(super) fn instructions(given: bool) -> Instructions {
    if given { Instructions::Given } else { Instructions::Missing }
}

pub(super) fn over(number: usize, limit: usize) -> Threshold {
    if number > limit { Threshold::Over } else { Threshold::Within }
}

/// How many files are named for one reason.
const NAMED_MAX: usize = 3;

/// Files by why they were not read: each reason once.
pub(super) fn by_reason(unread: &[(String, String)]) -> String {
    let mut reasons: Vec<&str> = Vec::new();
    for (_, why) in unread {
        if !reasons.contains(&why.as_str()) {
            reasons.push(why);
        }
    }
    let line = |why: &&str| {
        let mut paths: Vec<String> = Vec::new();
        for (path, _) in unread.iter().filter(|(_, other)| other == why) {
            let path = format!("`{path}`");
            if !paths.contains(&path) {
                paths.push(path);
            }
        }
        let more = paths.len().saturating_sub(NAMED_MAX);
        paths.truncate(NAMED_MAX);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!("{}{more} ({why})", paths.join(", "))
    };
    reasons.iter().map(line).collect::<Vec<_>>().join("; ")
}
