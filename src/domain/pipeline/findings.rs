//! How reviews and arbiter decisions change the findings and criteria of a loop.

use crate::domain::pipeline::inputs::{instruction_of, unmet};
use crate::domain::pipeline::job::{ReviewOutcome, ReviewScope};
use crate::domain::pipeline::review_loop::{Arbitration, Attempt, CriteriaWeight, ReviewLoop};
use crate::domain::review::arbiter_decision::{ArbiterDecision, ArbiterVerdict, SecondLook};
use crate::domain::review::finding::{
    AssessedCriterion, Completeness, CriterionStatus, VerifiedFinding,
};
use crate::domain::review::same_finding::is_same;
use crate::domain::review::tracked::{FindingWeight, TrackedFinding, against, to_look_at_again};

impl ReviewLoop {
    /// The findings that the arbiter must decide about.
    pub(super) fn to_arbitrate(&self) -> Vec<Arbitration> {
        let undecided = self.findings.iter().filter(|finding| finding.needs_arbitration());
        let again = to_look_at_again(&self.findings);
        let undecided = undecided.chain(again);
        let arbitration = |finding: &TrackedFinding| Arbitration {
            finding: finding.original.id.clone(),
            failure: None,
        };
        undecided.map(arbitration).collect()
    }

    /// The findings of which a review is to say whether they are resolved.
    pub fn open_in<'a>(&'a self, scope: &'a ReviewScope) -> &'a [String] {
        match scope {
            ReviewScope::Full => &self.first.open,
            ReviewScope::Delta { open, .. } => open,
            ReviewScope::Criteria(_) => &[],
        }
    }

    /// Whether the arbiter has decided about a finding.
    pub(super) fn is_decided(&self, id: &str) -> bool {
        let mut findings = self.findings.iter();
        findings.any(|finding| finding.original.id == id && finding.decision.is_some())
    }
}

/// Records a review. What an incomplete one reported is kept too; what it says of criteria
/// and of earlier findings is not believed.
pub(super) fn take_in(this: &mut ReviewLoop, scope: &ReviewScope, reviewed: ReviewOutcome) {
    let current = this.current();
    let attempted = attempted(this);
    if reviewed.completeness == Completeness::Complete {
        let open = this.open_in(scope).to_vec();
        verify(this, &open, &reviewed.verified, &attempted);
        assess(&mut this.criteria, &reviewed.criteria);
        let unmet =
            this.criteria.iter().filter(|criterion| criterion.met != CriterionStatus::Met).count();
        this.attempts[current].unmet = Some(unmet);
    }
    this.attempts[current].review = Some(reviewed.completeness);
    // What one review tells apart is not the same.
    let before = this.findings.len();
    for (mut finding, fix_induced) in reviewed.findings {
        let earlier = this.findings[..before].iter_mut();
        let mut known = earlier.filter(|known| known.resolved_in.is_none());
        if let Some(known) =
            known.find(|known| is_same(&known.original, &finding) && known.gains_from(&finding))
        {
            known.gain(finding, current);
            continue;
        }
        if this.findings.iter().any(|known| known.original.id == finding.id) {
            finding.id = unused_id(this);
        }
        this.findings.push(TrackedFinding::new(finding, current, fix_induced));
    }
}

/// The findings that a fix was about since the last complete review.
fn attempted(this: &ReviewLoop) -> Vec<String> {
    let since = this.attempts.iter().rposition(Attempt::is_reviewed).map_or(0, |last| last + 1);
    this.attempts[since..].iter().flat_map(|attempt| attempt.fixes.clone()).collect()
}

/// What became of the findings that were open. Silence resolves nothing.
fn verify(
    this: &mut ReviewLoop,
    open: &[String],
    verified: &[VerifiedFinding],
    attempted: &[String],
) {
    let current = this.current();
    for finding in &mut this.findings {
        let id = &finding.original.id;
        if !open.contains(id) {
            continue;
        }
        let mut said = verified.iter().filter(|verified| verified.id == *id).peekable();
        // Said twice and differently is not resolved.
        let quote = said.peek().map(|verified| verified.quote.clone());
        if quote.is_some() && said.all(|verified| verified.resolved) {
            finding.resolved_in = Some(current);
            finding.resolved_by = quote;
            finding.unresolved_in.clear();
        } else if attempted.contains(id) && !finding.unresolved_in.contains(&current) {
            finding.unresolved_in.push(current);
        }
    }
}

/// Brings the findings about unmet criteria in line with a complete review of an attempt whose gates are
/// green: one that is met is resolved, and one that counts, is not met, and that no other finding is about,
/// becomes a finding.
pub(super) fn settle_criteria(this: &mut ReviewLoop) {
    let current = this.current();
    let attempt = &this.attempts[current];
    if !attempt.is_reviewed() || !attempt.is_green() {
        return;
    }
    let tried = attempt.fixes.clone();
    let failed = attempt.gates.as_ref().map_or(Vec::new(), |gates| gates.unmet.clone());
    for own in this.criteria.clone() {
        let has_failed = failed.iter().any(|(id, _)| *id == own.id);
        let is_met = own.met == CriterionStatus::Met && !has_failed;
        let is_unmet = has_failed || unmet(std::slice::from_ref(&own)).next().is_some();
        let known = this
            .findings
            .iter_mut()
            .find(|finding| finding.is_unmet_criterion() && finding.is_about(&own.id));
        match known {
            Some(known) if is_met => {
                known.resolved_in = known.resolved_in.or(Some(current));
                known.unresolved_in.clear();
            }
            Some(known) if is_unmet => {
                known.resolved_in = None;
                let is_tried = tried.contains(&known.original.id);
                if is_tried && !known.unresolved_in.contains(&current) {
                    known.unresolved_in.push(current);
                }
            }
            None if is_unmet && this.weight == CriteriaWeight::Counted => raise(this, &own.id),
            Some(_) | None => {}
        }
    }
}

/// Makes a finding of a criterion that is not met, unless one is about it that counts.
fn raise(this: &mut ReviewLoop, id: &str) {
    let current = this.current();
    let counts = against(&this.findings, current);
    let is_said = this.findings.iter().zip(counts).any(|(finding, (counts, _))| {
        finding.is_about(id) && !matches!(counts, FindingWeight::Ignored | FindingWeight::Deferred)
    });
    let requirements = this.requirements();
    let Some(own) = requirements.iter().find(|own| own.id == id).filter(|_| !is_said) else {
        return;
    };
    let instruction = instruction_of(this, own).unwrap_or_default();
    let finding = TrackedFinding::of_criterion(unused_id(this), own, instruction, current);
    this.findings.push(finding);
}

/// Takes over what a complete review says of the spec's criteria; of others it may say what it
/// wants. A review of a part leaves as it is what it does not speak of.
fn assess(criteria: &mut [AssessedCriterion], said: &[AssessedCriterion]) {
    for criterion in criteria {
        // Said twice and differently, the worse counts.
        let said = said.iter().filter(|said| said.id == criterion.id);
        let Some(said) = said.max_by_key(|said| said.met) else { continue };
        if said.met != CriterionStatus::NotAssessed || criterion.met == CriterionStatus::NotAssessed
        {
            *criterion = said.clone();
        }
    }
}

/// Records a decision. A finding that repeats one that was resolved brings that one back.
pub(super) fn decide(this: &mut ReviewLoop, decision: ArbiterDecision) {
    let current = this.current();
    if decision.verdict == ArbiterVerdict::Duplicate {
        let repeated = this.findings.iter_mut().find(|finding| {
            Some(&finding.original.id) == decision.duplicate_of.as_ref()
                && finding.original.id != decision.id
        });
        if let Some(repeated) = repeated
            && repeated.resolved_in.is_some()
        {
            repeated.resolved_in = None;
            repeated.unresolved_in.push(current);
        }
    }
    let arbitrated = this.findings.iter_mut().find(|finding| finding.original.id == decision.id);
    if let Some(arbitrated) = arbitrated
        && arbitrated.decision.is_none()
    {
        arbitrated.decision = Some(decision);
    }
}

/// Records what a second process made of a dismissal.
pub(super) fn look_again(this: &mut ReviewLoop, id: &str, second: SecondLook) {
    let dismissed = this.findings.iter_mut().find(|finding| finding.original.id == id);
    if let Some(dismissed) = dismissed
        && dismissed.second.is_none()
    {
        dismissed.second = Some(second);
    }
}

fn unused_id(this: &ReviewLoop) -> String {
    let mut number = this.findings.len() + 1;
    loop {
        let id = format!("F-{number}");
        if this.findings.iter().all(|finding| finding.original.id != id) {
            return id;
        }
        number += 1;
    }
}
