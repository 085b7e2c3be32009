//! A finding with its history in a run, and how it counts against an attempt.

use serde::{Deserialize, Serialize};

use crate::domain::model::class::Class;
use crate::domain::model::severity::Severity;
use crate::domain::review::arbiter_decision::{
    ArbiterDecision, ArbiterVerdict, DecidedBy, SecondLook,
};
use crate::domain::review::finding::{
    Anchored, AssessedCriterion, FindingOrigin, Quote, ReviewFinding,
};

/// The class of a criterion that is not met, as a finding.
pub const UNMET_CRITERION: &str = "unmet criterion";

/// A finding with its history in the run. Attempts are named by their place in the run's list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrackedFinding {
    /// As the reviewer reported it.
    #[serde(rename = "raised")]
    pub original: ReviewFinding,
    /// The attempt in which it was reported.
    pub since: usize,
    #[serde(rename = "ruling")]
    pub decision: Option<ArbiterDecision>,
    /// The attempt in which a review found it resolved.
    pub resolved_in: Option<usize>,
    /// What that review quoted to show it.
    #[serde(default)]
    pub resolved_by: Option<Quote>,
    /// The attempts whose reviews found it unresolved after a fix that was about it.
    pub unresolved_in: Vec<usize>,
    /// Whether a fix of this run brought it in: by blame of the attempts' commits.
    pub fix_induced: bool,
    /// What a second process said of a dismissal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second: Option<SecondLook>,
}

/// How a finding counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FindingWeight {
    /// Resolved, dismissed, or a note.
    Ignored,
    /// Recorded; it blocks nothing now.
    Deferred,
    /// Without an arbiter decision, and one is needed.
    Unarbitrated,
    /// Neither proven nor refuted by the arbiter.
    Unproven,
    /// The arbiter dismissed it, and a second process did not for the same reason.
    Disputed,
    /// The spec and the finding, or its remedy, do not go together.
    Conflict,
    Upheld,
}

impl TrackedFinding {
    /// A finding that was just reported.
    pub fn new(original: ReviewFinding, since: usize, fix_induced: bool) -> Self {
        Self {
            original,
            since,
            decision: None,
            resolved_in: None,
            resolved_by: None,
            unresolved_in: Vec::new(),
            fix_induced,
            second: None,
        }
    }

    /// Whether an arbiter must decide about it: not about what could never block.
    pub fn needs_arbitration(&self) -> bool {
        self.decision.is_none()
            && self.is_open()
            && self.original.origin == FindingOrigin::Change
            && self.could_block()
    }

    /// Whether the same mistake, reported again, says more than is known of it: it has evidence, and what was
    /// reported before has none, or it could block, and what was reported before could not. What was upheld, or
    /// a person answered, is settled.
    pub fn gains_from(&self, again: &ReviewFinding) -> bool {
        let is_settled = self.decision.as_ref().is_some_and(|decision| {
            decision.verdict == ArbiterVerdict::Upheld || decision.by == DecidedBy::Person
        });
        let has_evidence = self.original.evidence.is_empty() && !again.evidence.is_empty();
        !is_settled && (has_evidence || again.is_severe() && !self.original.is_severe())
    }

    /// Takes over what the same mistake says when it is reported again and says more: it is decided about anew.
    pub(crate) fn gain(&mut self, mut again: ReviewFinding, attempt: usize) {
        let id = std::mem::take(&mut self.original.id);
        let severity = self.original.severity.max(again.severity);
        if again.evidence.is_empty() {
            again.evidence = std::mem::take(&mut self.original.evidence);
        }
        self.original = ReviewFinding { id, severity, same_as: None, ..again };
        self.since = attempt;
        self.decision = None;
        self.second = None;
    }

    /// A criterion that a complete review found unmet, as a finding: `basis` is `spec:AC-1`.
    pub fn of_criterion(
        id: String,
        criterion: &AssessedCriterion,
        instruction: String,
        since: usize,
    ) -> Self {
        let basis = format!("spec:{}", criterion.id);
        let original = ReviewFinding {
            id: id.clone(),
            class: Class::new(UNMET_CRITERION),
            severity: Severity::Critical,
            basis,
            title: format!("{} is not met", criterion.id),
            path: String::new(),
            anchor: String::new(),
            failure: criterion.why.clone(),
            evidence: Vec::new(),
            fix: String::new(),
            search_pattern: String::new(),
            same_as: None,
            anchored: Anchored::Nowhere,
            origin: FindingOrigin::Criterion,
        };
        let decision = ArbiterDecision {
            id,
            verdict: ArbiterVerdict::Upheld,
            evidence: Vec::new(),
            duplicate_of: None,
            criterion: Some(criterion.id.clone()),
            reason: criterion.why.clone(),
            instruction,
            extends_scope: false,
            breaks: String::new(),
            by: DecidedBy::Review,
        };
        Self { decision: Some(decision), ..Self::new(original, since, false) }
    }

    /// Whether it is one of those: in no line, and raised by no claim.
    pub fn is_unmet_criterion(&self) -> bool {
        self.original.origin == FindingOrigin::Criterion
    }

    /// Whether a later round is to say if it is resolved.
    pub fn is_open(&self) -> bool {
        self.original.anchored != Anchored::Nowhere
            && self.resolved_in.is_none()
            && !self.is_dismissed()
    }

    /// Whether it was dropped: refuted, out of scope or a duplicate, and where it is severe by two.
    pub fn is_dismissed(&self) -> bool {
        self.decision.as_ref().is_some_and(|decision| {
            decision.verdict == ArbiterVerdict::Duplicate
                || decision.verdict.dismisses() && !self.lacks_second(self.original.severity)
        })
    }

    /// What became of it where it stops nothing any more: `resolved by fix 1`, `refuted`, `duplicate of F-1`.
    pub fn outcome(&self) -> String {
        match (self.resolved_in, &self.decision) {
            (Some(0), _) => "resolved".to_owned(),
            (Some(attempt), _) => format!("resolved by fix {attempt}"),
            (None, Some(decision)) => match (decision.verdict, &decision.duplicate_of) {
                (ArbiterVerdict::Duplicate, Some(of)) => format!("duplicate of {of}"),
                (verdict, _) => verdict.as_str().to_owned(),
            },
            (None, None) => "open".to_owned(),
        }
    }

    /// What a second process said of its dismissal, or why none was asked; empty where none is needed.
    pub fn second_word(&self) -> &str {
        match &self.second {
            Some(
                SecondLook::Agreed { reason: word }
                | SecondLook::Disagreed { why: word }
                | SecondLook::NotPaid { why: word },
            ) => word,
            None => "",
        }
    }

    /// Whether it is about this criterion or constraint, by the reviewer's word or the arbiter's.
    pub fn is_about(&self, requirement: &str) -> bool {
        let decided = self.decision.as_ref().and_then(|decision| decision.criterion.as_deref());
        decided == Some(requirement)
            || self.original.basis.strip_prefix("spec:") == Some(requirement)
    }

    /// How severe it is: what goes against the spec is critical.
    pub fn severity(&self) -> Severity {
        let is_violation = self.decision.as_ref().is_some_and(|decision| {
            decision.verdict == ArbiterVerdict::Upheld && decision.criterion.is_some()
        });
        if is_violation { Severity::Critical } else { self.original.severity }
    }

    /// Whether its dismissal does not count while no second process made the same one.
    fn lacks_second(&self, severity: Severity) -> bool {
        let is_dismissed_by_arbiter = self.decision.as_ref().is_some_and(|decision| {
            decision.verdict.dismisses() && decision.by == DecidedBy::Arbiter
        });
        let is_sure = match &self.second {
            Some(SecondLook::Agreed { .. }) => true,
            Some(SecondLook::Disagreed { .. } | SecondLook::NotPaid { .. }) => false,
            None => severity < Severity::High,
        };
        is_dismissed_by_arbiter && !is_sure
    }

    fn could_block(&self) -> bool {
        self.original.origin != FindingOrigin::Before && self.is_severe()
    }

    /// Whether it could block a change that brings it.
    pub fn is_severe(&self) -> bool {
        self.original.is_severe()
    }
}

/// How each of `findings` counts against an attempt, and how severe it is there: duplicates count
/// with what they repeat, which is as severe as the worst of them.
pub fn against(findings: &[TrackedFinding], attempt: usize) -> Vec<(FindingWeight, Severity)> {
    let roots: Vec<Option<usize>> = (0..findings.len()).map(|at| root(findings, at)).collect();
    let worst = |at: usize| {
        let repeats = findings.iter().zip(&roots).filter(|(_, root)| **root == Some(at));
        repeats.map(|(finding, _)| finding.severity()).fold(findings[at].severity(), Ord::max)
    };
    let counts = findings.iter().zip(&roots).enumerate().map(|(at, (finding, root))| {
        let severity = worst(at);
        (counts(finding, root.is_some(), severity, attempt), severity)
    });
    counts.collect()
}

/// The findings whose dismissal needs a second process that has not answered yet: those that are
/// severe, or repeated by one that is.
pub fn to_look_at_again(findings: &[TrackedFinding]) -> Vec<&TrackedFinding> {
    let worst = against(findings, usize::MAX).into_iter().map(|(_, severity)| severity);
    let all = findings.iter().zip(worst).filter(|(finding, worst)| {
        finding.second.is_none()
            && finding.original.anchored != Anchored::Nowhere
            && finding.resolved_in.is_none()
            && finding.original.origin == FindingOrigin::Change
            && finding.lacks_second(*worst)
    });
    all.map(|(finding, _)| finding).collect()
}

/// The finding that a duplicate repeats in the end; `None` where it repeats nothing that is
/// decided itself: a dismissal must not rest on itself, nor on what never blocks.
fn root(findings: &[TrackedFinding], start: usize) -> Option<usize> {
    let mut at = start;
    for _ in 0..findings.len() {
        let decision = findings[at].decision.as_ref()?;
        if decision.verdict != ArbiterVerdict::Duplicate {
            return (at != start).then_some(at);
        }
        let repeated = decision.duplicate_of.as_deref()?;
        at = findings.iter().position(|finding| finding.original.id == repeated)?;
    }
    None
}

fn counts(
    finding: &TrackedFinding,
    repeats: bool,
    severity: Severity,
    attempt: usize,
) -> FindingWeight {
    // What no fix brought in was there all the time, whenever it was seen.
    let there = finding.since <= attempt || !finding.fix_induced;
    let resolved = finding.resolved_in.is_some_and(|resolved| resolved <= attempt);
    let is_note = finding.original.anchored == Anchored::Nowhere && !finding.is_unmet_criterion();
    if is_note || !there || resolved {
        return FindingWeight::Ignored;
    }
    if finding.original.origin == FindingOrigin::Before {
        return FindingWeight::Deferred;
    }
    let Some(decision) = &finding.decision else {
        return if severity >= Severity::High {
            FindingWeight::Unarbitrated
        } else {
            FindingWeight::Deferred
        };
    };
    match decision.verdict {
        ArbiterVerdict::Refuted | ArbiterVerdict::OutOfScope => match finding.second {
            _ if !finding.lacks_second(severity) => FindingWeight::Ignored,
            Some(_) => FindingWeight::Disputed,
            None => FindingWeight::Unarbitrated,
        },
        ArbiterVerdict::Duplicate if repeats => FindingWeight::Ignored,
        ArbiterVerdict::Duplicate | ArbiterVerdict::Unsubstantiated => FindingWeight::Unproven,
        ArbiterVerdict::ContradictsSpec => FindingWeight::Conflict,
        ArbiterVerdict::Upheld if !decision.extends_scope => FindingWeight::Upheld,
        ArbiterVerdict::Upheld if severity >= Severity::High => FindingWeight::Conflict,
        ArbiterVerdict::Upheld => FindingWeight::Deferred,
    }
}
