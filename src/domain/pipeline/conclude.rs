//! Concludes an attempt: applies the decision table, and words its result.

use crate::domain::model::oid::Oid;
use crate::domain::model::severity::Severity;
use crate::domain::pipeline::findings::settle_criteria;
use crate::domain::pipeline::inputs::{
    by_reason, criteria, gates, instruction, instruction_of, instructions, is_instructed, lines,
    over, retry, review, speaks_for, stop_reason, stop_rule, unmet,
};
use crate::domain::pipeline::job::{CallFailure, FixRequest, GateOutcome, ReviewScope, RunEnd};
use crate::domain::pipeline::journal::Journal;
use crate::domain::pipeline::review_loop::{
    Attempt, CriteriaWeight, Pause, ResumeWhen, ReviewLoop, RunKind, Stage,
};
use crate::domain::review::converge::{AttemptRank, StopLimits};
use crate::domain::review::decide::{
    Decision, DecisionInputs, EscalationDetail, EscalationReason, FixReason, GateState,
    MissingInput, NextStep, RetryReason, Threshold, decide,
};
use crate::domain::review::finding::{AssessedCriterion, Completeness, CriterionStatus};
use crate::domain::review::tracked::{FindingWeight, TrackedFinding, against};

/// Decides about the current attempt. `failure` is the call that could not be made or answered.
pub(super) fn conclude(
    this: &mut ReviewLoop,
    journal: &Journal,
    limits: &StopLimits,
    failure: Option<&CallFailure>,
) {
    if failure.is_none() {
        settle_criteria(this);
    }
    let evaluated = Evaluated::new(this, journal, limits, failure);
    let stage = evaluated.next_stage(failure);
    let unmet = this.requirements().iter().filter(|one| one.met != CriterionStatus::Met).count();
    this.stage = stage;
    let current = this.current();
    let attempt = &mut this.attempts[current];
    attempt.unmet = attempt.unmet.map(|_| unmet);
}

impl ReviewLoop {
    /// What its findings and criteria come to, where its gates are green and every part of the change
    /// was reviewed.
    pub fn standing_decision(&self, limits: &StopLimits) -> Decision {
        let mut this = self.as_reviewed();
        conclude(&mut this, &Journal::default(), limits, None);
        // Without an end another review is due, for criteria that none spoke of.
        let unassessed = || "a review does not say whether all criteria are met".to_owned();
        this.end().map_or_else(|| Decision::Inconclusive(unassessed()), |end| end.decision.clone())
    }

    /// Whether a criterion that counts is not met, and nothing on record is about it.
    pub fn has_unrecorded_criterion(&self) -> bool {
        let mut this = self.as_reviewed();
        settle_criteria(&mut this);
        this.findings.len() > self.findings.len()
    }

    /// The same where its gates are green and every part of the change was reviewed.
    fn as_reviewed(&self) -> Self {
        let mut this = Self { kind: RunKind::Review, ..self.clone() };
        let current = this.current();
        let green = GateOutcome {
            failures: Vec::new(),
            needs_person: false,
            unasked: Vec::new(),
            unmet: Vec::new(),
        };
        this.attempts[current].gates = Some(green);
        this.attempts[current].review = Some(Completeness::Complete);
        this
    }

    fn end_with(&self, decision: Decision) -> Stage {
        Stage::Closing(self.come_to(decision))
    }

    /// A failed call says nothing about the change: the loop goes on with the same call later.
    fn paused(&self, decision: Decision, failure: &CallFailure) -> Stage {
        let resume_when = match failure {
            CallFailure::Infrastructure(_) => ResumeWhen::Asked,
            CallFailure::RateLimited { until, .. } => ResumeWhen::At(*until),
            CallFailure::Budget(_) => ResumeWhen::BudgetAllows,
        };
        let stage = Box::new(self.stage.clone());
        Stage::Paused(Pause { end: self.come_to(decision), resume_when, stage })
    }

    /// The end after a second fix in a row that did what no fix may do.
    pub(super) fn refused(&self, commit: &Oid, why: Vec<String>) -> Stage {
        let commit = commit.short().to_owned();
        self.end_with(Decision::Escalate(EscalationDetail::FixRefused { commit, why }))
    }

    /// A change that may go on is the current attempt; else the best attempt is offered, not the last.
    fn come_to(&self, decision: Decision) -> RunEnd {
        let current = self.current();
        let best = match decision {
            Decision::Submit => current,
            Decision::Fix(_) | Decision::Escalate(_) | Decision::Inconclusive(_) => {
                (0..=current).min_by_key(|attempt| worth(self, *attempt)).unwrap_or(current)
            }
        };
        RunEnd { decision, best }
    }
}

/// What an attempt is worth beside the others of its this.
fn worth(this: &ReviewLoop, attempt: usize) -> AttemptRank {
    let at = &this.attempts[attempt];
    let upheld = |severity: Severity| {
        let counts = against(&this.findings, attempt);
        counts.iter().filter(|finding| **finding == (FindingWeight::Upheld, severity)).count()
    };
    AttemptRank {
        gates_not_green: !at.is_green(),
        not_reviewed: !at.is_reviewed(),
        criticals: upheld(Severity::Critical),
        highs: upheld(Severity::High),
        unmet: at.unmet.unwrap_or(this.criteria.len()),
        attempt,
    }
}

/// The current attempt with the inputs of its decision.
struct Evaluated<'a> {
    review: &'a ReviewLoop,
    journal: &'a Journal,
    attempt: &'a Attempt,
    /// With how each counts.
    findings: Vec<(&'a TrackedFinding, FindingWeight, Severity)>,
    facts: DecisionInputs,
    /// The spec's criteria and constraints as they are.
    requirements: Vec<AssessedCriterion>,
    stop: Option<EscalationDetail>,
}

impl<'a> Evaluated<'a> {
    fn new(
        this: &'a ReviewLoop,
        journal: &'a Journal,
        limits: &StopLimits,
        failure: Option<&CallFailure>,
    ) -> Self {
        let attempt = &this.attempts[this.current()];
        let counts = against(&this.findings, this.current());
        let findings =
            this.findings.iter().zip(counts).map(|(f, (counts, worst))| (f, counts, worst));
        let findings: Vec<_> = findings.collect();
        // What is told alone decides nothing.
        let requirements = match this.weight {
            CriteriaWeight::Counted => this.requirements(),
            CriteriaWeight::Told => Vec::new(),
        };
        let stop = stop_rule(this, journal, limits, failure);
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
            || unmet(&requirements).any(|one| !is_instructed(this, one, &findings));
        let any = |wanted: FindingWeight, at_least: Severity| {
            let mut all = findings.iter();
            all.any(|(_, counts, worst)| *counts == wanted && *worst >= at_least)
        };
        let facts = DecisionInputs {
            stop: stop_reason(this, stop.as_ref(), failure),
            gates,
            review: review(this, failure),
            has_conflicts: any(FindingWeight::Conflict, Severity::Low),
            criticals,
            highs,
            criteria: criteria(&requirements),
            instructions: match gates {
                GateState::Red => instructions(
                    attempt.gates.as_ref().is_some_and(|g| !lines(&g.failures).is_empty()),
                ),
                GateState::Unasked | GateState::NeedsPerson | GateState::Green => {
                    instructions(!uninstructed)
                }
            },
            has_unproven: open != (criticals, highs) || any(FindingWeight::Disputed, Severity::Low),
            has_unarbitrated: any(FindingWeight::Unarbitrated, Severity::High),
            retry: retry(this, journal, limits),
        };
        Self { review: this, journal, attempt, findings, facts, requirements, stop }
    }

    fn next_stage(&self, failure: Option<&CallFailure>) -> Stage {
        let this = self.review;
        match decide(self.facts) {
            NextStep::Submit => this.end_with(Decision::Submit),
            NextStep::Fix(ground) => {
                let order = self.order(ground);
                let chosen = self.chosen(ground, &order);
                match (this.kind, chosen) {
                    (RunKind::Fix, Some(order)) => Stage::Fixing(order),
                    (RunKind::Review, _) | (RunKind::Fix, None) => {
                        this.end_with(Decision::Fix(order.instructions))
                    }
                }
            }
            // With the chunks that are to be asked about again.
            NextStep::ReviewAgain(RetryReason::Unread) => this.stage.clone(),
            NextStep::ReviewAgain(RetryReason::Criteria) => {
                Stage::Delivering(ReviewScope::Criteria(self.unassessed()))
            }
            NextStep::Escalate(cause) => {
                let decision = Decision::Escalate(self.why(cause));
                match (&decision, failure) {
                    (Decision::Escalate(EscalationDetail::Budget(_)), Some(failure)) => {
                        this.paused(decision, failure)
                    }
                    _ => this.end_with(decision),
                }
            }
            NextStep::Inconclusive(lack) => {
                let decision = Decision::Inconclusive(self.lacking(lack, failure));
                match failure {
                    Some(failure) => this.paused(decision, failure),
                    None => this.end_with(decision),
                }
            }
        }
    }

    fn order(&self, ground: FixReason) -> FixRequest {
        match ground {
            FixReason::Gates => {
                let (findings, refused) = (Vec::new(), Vec::new());
                FixRequest { instructions: lines(self.failures()), findings, refused }
            }
            FixReason::Review => self.order_of_review(),
        }
    }

    /// What of an order is to be fixed: all of it, or what of it the person chose; `None` where nothing of
    /// that is left.
    fn chosen(&self, ground: FixReason, order: &FixRequest) -> Option<FixRequest> {
        let (Some(chosen), FixReason::Review) = (&self.review.chosen, ground) else {
            return Some(order.clone());
        };
        let due = self.findings.iter().filter(|(finding, counts, _)| {
            *counts == FindingWeight::Upheld && chosen.contains(&finding.original.id)
        });
        let (findings, instructions): (Vec<String>, Vec<String>) =
            due.filter_map(|(f, ..)| Some((f.original.id.clone(), instruction(f)?))).unzip();
        let refused = Vec::new();
        (!findings.is_empty()).then_some(FixRequest { instructions, findings, refused })
    }

    /// Everything upheld that is high or worse, and lesser findings that keep a criterion unmet.
    fn order_of_review(&self) -> FixRequest {
        let due = self.findings.iter().filter(|(finding, counts, worst)| {
            let keeps_unmet = || unmet(&self.requirements).any(|unmet| finding.is_about(&unmet.id));
            *counts == FindingWeight::Upheld && (*worst >= Severity::High || keeps_unmet())
        });
        let (findings, mut instructions): (Vec<String>, Vec<String>) =
            due.filter_map(|(f, ..)| Some((f.original.id.clone(), instruction(f)?))).unzip();
        let unspoken = unmet(&self.requirements).filter(|criterion| {
            !self
                .findings
                .iter()
                .any(|(finding, counts, _)| speaks_for(criterion, finding, *counts))
        });
        instructions.extend(unspoken.filter_map(|one| instruction_of(self.review, one)));
        FixRequest { instructions, findings, refused: Vec::new() }
    }

    fn why(&self, cause: EscalationReason) -> EscalationDetail {
        match cause {
            EscalationReason::StopRule => {
                self.stop.clone().unwrap_or(EscalationDetail::Rounds(self.journal.rounds()))
            }
            EscalationReason::Gates => EscalationDetail::Gate(self.failures().to_vec()),
            EscalationReason::Spec => {
                EscalationDetail::Spec(self.ids(FindingWeight::Conflict, Severity::Low))
            }
            EscalationReason::NoInstructions => {
                EscalationDetail::NoInstructions(self.without_instructions())
            }
            EscalationReason::Unproven => {
                let mut ids = self.ids(FindingWeight::Unproven, Severity::High);
                ids.extend(self.ids(FindingWeight::Disputed, Severity::Low));
                EscalationDetail::Unsubstantiated(ids)
            }
        }
    }

    fn lacking(&self, lack: MissingInput, failure: Option<&CallFailure>) -> String {
        let because = match failure {
            Some(failure) => format!(": {}", failure.why()),
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
                format!("the review is incomplete: {}", by_reason(unread))
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
            .requirements
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
        let is_a_finding = |unmet: &AssessedCriterion| {
            let mut all = self.findings.iter();
            all.any(|(finding, ..)| finding.is_unmet_criterion() && finding.is_about(&unmet.id))
        };
        let criteria = unmet(&self.requirements).filter(|unmet| {
            !is_a_finding(unmet) && !is_instructed(self.review, unmet, &self.findings)
        });
        findings
            .map(|(finding, ..)| finding.original.id.clone())
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
        found.map(|(finding, ..)| finding.original.id.clone()).collect()
    }
}
