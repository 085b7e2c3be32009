//! Concludes an attempt: applies the decision table, and words its result.

use crate::domain::model::severity::Severity;
use crate::domain::model::size::Size;
use crate::domain::pipeline::inputs::{
    criteria, gates, instruction, instruction_of, instructions, is_instructed, lines, over, retry,
    review, size, speaks_for, stop_reason, stop_rule, unmet,
};
use crate::domain::pipeline::run::{
    Attempt, CallFailure, FixRequest, ReviewScope, Run, RunEnd, RunKind, Stage,
};
use crate::domain::review::converge::{AttemptRank, StopLimits};
use crate::domain::review::decide::{
    Decision, DecisionInputs, EscalationDetail, EscalationReason, FixReason, GateState,
    MissingInput, NextStep, RetryReason, Threshold, decide,
};
use crate::domain::review::finding::{Completeness, CriterionStatus};
use crate::domain::review::tracked::{FindingWeight, TrackedFinding, against};

/// Decides about the attempt in hand. `failure` is the call that could not be made or answered.
pub(super) fn conclude(mut run: Run, limits: &StopLimits, failure: Option<&CallFailure>) -> Run {
    let judged = Judged::of(&run, limits, failure);
    let step = decide(judged.facts);
    match step {
        NextStep::Submit => end(run, Decision::Submit),
        NextStep::Fix(ground) => {
            let order = judged.order(ground);
            if run.kind == RunKind::Review {
                return end(run, Decision::Fix(order.instructions));
            }
            if let Some(size) = judged.size {
                run.size = size;
            }
            run.stage = Stage::Fixing(order);
            run
        }
        NextStep::ReviewAgain(RetryReason::Unread) => run,
        NextStep::ReviewAgain(RetryReason::Criteria) => {
            let current = run.current();
            let scope = ReviewScope::Criteria(judged.unassessed());
            run.attempts[current].asked_again = true;
            run.stage = Stage::Reviewing(scope);
            run
        }
        NextStep::Escalate(cause) => {
            let why = judged.why(cause);
            end(run, Decision::Escalate(why))
        }
        NextStep::Inconclusive(lack) => {
            let why = judged.lacking(lack, failure);
            end(run, Decision::Inconclusive(why))
        }
    }
}

/// Ends a run. A change that may go on is the current attempt; else the best attempt is
/// offered, not the last.
pub(super) fn end(mut run: Run, decision: Decision) -> Run {
    let current = run.current();
    let best = match decision {
        Decision::Submit => current,
        Decision::Fix(_) | Decision::Escalate(_) | Decision::Inconclusive(_) => {
            (0..=current).min_by_key(|attempt| worth(&run, *attempt)).unwrap_or(current)
        }
    };
    run.stopped_in = match decision {
        Decision::Escalate(EscalationDetail::Budget(_)) => Some(run.stage),
        _ => None,
    };
    run.stage = Stage::Ended(RunEnd { decision, best });
    run
}

/// What an attempt is worth beside the others of its run.
fn worth(run: &Run, attempt: usize) -> AttemptRank {
    let at = &run.attempts[attempt];
    let upheld = |severity: Severity| {
        let counts = against(&run.findings, attempt);
        counts.iter().filter(|finding| **finding == (FindingWeight::Upheld, severity)).count()
    };
    AttemptRank {
        gates_not_green: !at.is_green(),
        not_reviewed: !at.is_reviewed(),
        criticals: upheld(Severity::Critical),
        highs: upheld(Severity::High),
        unmet: at.unmet.unwrap_or(run.criteria.len()),
        attempt,
    }
}

/// The attempt in hand with all that is known of it.
struct Judged<'a> {
    run: &'a Run,
    attempt: &'a Attempt,
    /// With how each counts.
    findings: Vec<(&'a TrackedFinding, FindingWeight, Severity)>,
    facts: DecisionInputs,
    stop: Option<EscalationDetail>,
    /// The size that the run has from here on; `None` where the largest is used up.
    size: Option<Size>,
}

impl<'a> Judged<'a> {
    fn of(run: &'a Run, limits: &StopLimits, failure: Option<&CallFailure>) -> Self {
        let attempt = &run.attempts[run.current()];
        let counts = against(&run.findings, run.current());
        let findings =
            run.findings.iter().zip(counts).map(|(f, (counts, worst))| (f, counts, worst));
        let findings: Vec<_> = findings.collect();
        let size = size(run, limits);
        let stop = stop_rule(run, size, failure);
        let gates = attempt.gates.as_ref().map_or(GateState::Unasked, gates);
        let count = |severity: Severity,
                     counts: &dyn Fn(&TrackedFinding, FindingWeight) -> bool| {
            let alike = findings.iter().filter(|(_, _, worst)| *worst == severity);
            alike.filter(|(finding, how, _)| counts(finding, *how)).count()
        };
        // Of critical and of high findings: whether there are more of that kind than may stay.
        let too_many = |counts: &dyn Fn(&TrackedFinding, FindingWeight) -> bool| {
            let criticals = over(count(Severity::Critical, counts), limits.criticals);
            (criticals, over(count(Severity::High, counts), limits.highs))
        };
        let (criticals, highs) = too_many(&|_, how| how == FindingWeight::Upheld);
        let open =
            too_many(&|_, how| matches!(how, FindingWeight::Upheld | FindingWeight::Unproven));
        // Findings without an instruction may stay within the limits; beyond them a fix is in vain.
        let in_vain = too_many(&|finding, how| {
            how == FindingWeight::Upheld && instruction(finding).is_none()
        });
        let uninstructed = in_vain != (Threshold::Within, Threshold::Within)
            || unmet(run).any(|criterion| !is_instructed(criterion, &findings));
        let any = |wanted: FindingWeight, at_least: Severity| {
            let mut all = findings.iter();
            all.any(|(_, counts, worst)| *counts == wanted && *worst >= at_least)
        };
        let facts = DecisionInputs {
            stop: stop_reason(run, stop.as_ref(), failure),
            gates,
            review: review(run, failure),
            has_conflicts: any(FindingWeight::Conflict, Severity::Low),
            criticals,
            highs,
            criteria: criteria(run),
            instructions: match gates {
                GateState::Red => instructions(
                    attempt.gates.as_ref().is_some_and(|g| !lines(&g.failures).is_empty()),
                ),
                GateState::Unasked | GateState::NeedsPerson | GateState::Green => {
                    instructions(!uninstructed)
                }
            },
            has_unproven: open != (criticals, highs),
            has_unarbitrated: any(FindingWeight::Unarbitrated, Severity::High),
            retry: retry(run, limits),
        };
        Self { run, attempt, findings, facts, stop, size }
    }

    fn order(&self, ground: FixReason) -> FixRequest {
        match ground {
            FixReason::Gates => {
                FixRequest { instructions: lines(self.failures()), findings: Vec::new() }
            }
            FixReason::Review => self.order_of_review(),
        }
    }

    /// Everything upheld that is high or worse, and lesser findings that keep a criterion unmet.
    fn order_of_review(&self) -> FixRequest {
        let due = self.findings.iter().filter(|(finding, counts, worst)| {
            let keeps_unmet =
                || unmet(self.run).any(|unmet| finding.criterion() == Some(&unmet.id));
            *counts == FindingWeight::Upheld && (*worst >= Severity::High || keeps_unmet())
        });
        let (findings, mut instructions): (Vec<String>, Vec<String>) =
            due.filter_map(|(f, ..)| Some((f.raised.id.clone(), instruction(f)?))).unzip();
        let unspoken = unmet(self.run).filter(|criterion| {
            !self
                .findings
                .iter()
                .any(|(finding, counts, _)| speaks_for(criterion, finding, *counts))
        });
        instructions.extend(unspoken.filter_map(instruction_of));
        FixRequest { instructions, findings }
    }

    fn why(&self, cause: EscalationReason) -> EscalationDetail {
        match cause {
            EscalationReason::StopRule => {
                self.stop.clone().unwrap_or(EscalationDetail::Rounds(self.run.rounds))
            }
            EscalationReason::Gates => EscalationDetail::Gate(self.failures().to_vec()),
            EscalationReason::Spec => {
                EscalationDetail::Spec(self.ids(FindingWeight::Conflict, Severity::Low))
            }
            EscalationReason::NoInstructions => {
                EscalationDetail::NoInstructions(self.without_instructions())
            }
            EscalationReason::Unproven => {
                EscalationDetail::Unsubstantiated(self.ids(FindingWeight::Unproven, Severity::High))
            }
        }
    }

    fn lacking(&self, lack: MissingInput, failure: Option<&CallFailure>) -> String {
        let because = match failure {
            Some(CallFailure::Infrastructure(why) | CallFailure::Budget(why)) => format!(": {why}"),
            None => String::new(),
        };
        match (lack, &self.attempt.review) {
            (MissingInput::Gates, _) => {
                let unasked = self.attempt.gates.as_ref().map_or(&[][..], |gates| &gates.unasked);
                let because =
                    if unasked.is_empty() { because } else { format!(": {}", unasked.join("; ")) };
                format!("the gates could not run{because}")
            }
            (MissingInput::Review, Some(Completeness::Incomplete(unread))) if failure.is_none() => {
                let unread: Vec<String> =
                    unread.iter().map(|(path, why)| format!("`{path}` ({why})")).collect();
                format!("the review is incomplete: {}", unread.join(", "))
            }
            (MissingInput::Review, _) => format!("the change could not be reviewed{because}"),
            (MissingInput::Fix, _) => {
                format!("a fix is due and the executor could not be called{because}")
            }
            (MissingInput::Arbitration, _) => {
                let ids = self.ids(FindingWeight::Unarbitrated, Severity::High).join(", ");
                format!("the arbiter did not decide about {ids}{because}")
            }
            (MissingInput::Criteria, _) => {
                format!("the review does not say whether {} is met", self.unassessed().join(", "))
            }
        }
    }

    fn unassessed(&self) -> Vec<String> {
        let open = self
            .run
            .criteria
            .iter()
            .filter(|criterion| criterion.met == CriterionStatus::NotAssessed);
        open.map(|criterion| criterion.id.clone()).collect()
    }

    fn without_instructions(&self) -> Vec<String> {
        if self.facts.gates == GateState::Red {
            return Vec::new();
        }
        let findings = self.findings.iter().filter(|(finding, counts, worst)| {
            *counts == FindingWeight::Upheld
                && *worst >= Severity::High
                && instruction(finding).is_none()
        });
        let criteria = unmet(self.run).filter(|unmet| !is_instructed(unmet, &self.findings));
        findings
            .map(|(finding, ..)| finding.raised.id.clone())
            .chain(criteria.map(|criterion| criterion.id.clone()))
            .collect()
    }

    fn failures(&self) -> &[String] {
        self.attempt.gates.as_ref().map_or(&[], |gates| &gates.failures)
    }

    fn ids(&self, wanted: FindingWeight, at_least: Severity) -> Vec<String> {
        let found = self
            .findings
            .iter()
            .filter(|(_, counts, worst)| *counts == wanted && *worst >= at_least);
        found.map(|(finding, ..)| finding.raised.id.clone()).collect()
    }
}
