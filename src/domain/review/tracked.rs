//! A finding with its history in a run, and how it counts against an attempt.

use serde::{Deserialize, Serialize};

use crate::domain::model::severity::Severity;
use crate::domain::review::arbiter_decision::{ArbiterDecision, ArbiterVerdict};
use crate::domain::review::finding::{Anchored, Quote, ReviewFinding};

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
    /// Whether the change brought it in.
    #[serde(default)]
    pub origin: FindingOrigin,
}

/// Where a finding comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FindingOrigin {
    /// The change, or a fix of it.
    #[default]
    Change,
    /// It holds in the base, too: it never blocks.
    Base,
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
            origin: FindingOrigin::Change,
        }
    }

    /// Whether an arbiter must decide about it: not about what could never block.
    pub fn needs_arbitration(&self) -> bool {
        self.decision.is_none()
            && self.is_open()
            && self.origin == FindingOrigin::Change
            && self.could_block()
    }

    /// Whether a later round is to say if it is resolved.
    pub fn is_open(&self) -> bool {
        let dismissed =
            self.decision.as_ref().is_some_and(|decision| decision.verdict.is_dismissal());
        self.original.anchored != Anchored::Nowhere && self.resolved_in.is_none() && !dismissed
    }

    /// The criterion that it is about, as the arbiter says, else as the reviewer says.
    pub fn criterion(&self) -> Option<&str> {
        let ruled = self.decision.as_ref().and_then(|decision| decision.criterion.as_deref());
        ruled.or_else(|| self.original.basis.strip_prefix("spec:"))
    }

    fn could_block(&self) -> bool {
        match self.original.severity {
            Severity::Critical | Severity::High => true,
            Severity::Medium => self.original.basis.starts_with("spec:"),
            Severity::Low => false,
        }
    }
}

/// How each of `findings` counts against an attempt, and how severe it is there: duplicates count
/// with what they repeat, which is as severe as the worst of them.
pub fn against(findings: &[TrackedFinding], attempt: usize) -> Vec<(FindingWeight, Severity)> {
    let roots: Vec<Option<usize>> = (0..findings.len()).map(|at| root(findings, at)).collect();
    let worst = |at: usize| {
        let repeats = findings.iter().zip(&roots).filter(|(_, root)| **root == Some(at));
        repeats
            .map(|(finding, _)| finding.original.severity)
            .fold(findings[at].original.severity, Ord::max)
    };
    let counts = findings.iter().zip(&roots).enumerate().map(|(at, (finding, root))| {
        let severity = worst(at);
        (counts(finding, root.is_some(), severity, attempt), severity)
    });
    counts.collect()
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
    if finding.original.anchored == Anchored::Nowhere || !there || resolved {
        return FindingWeight::Ignored;
    }
    if finding.origin == FindingOrigin::Base {
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
        ArbiterVerdict::Refuted | ArbiterVerdict::OutOfScope => FindingWeight::Ignored,
        ArbiterVerdict::Duplicate if repeats => FindingWeight::Ignored,
        ArbiterVerdict::Duplicate | ArbiterVerdict::Unsubstantiated => FindingWeight::Unproven,
        ArbiterVerdict::ContradictsSpec => FindingWeight::Conflict,
        ArbiterVerdict::Upheld if !decision.extends_scope => FindingWeight::Upheld,
        ArbiterVerdict::Upheld if severity >= Severity::High => FindingWeight::Conflict,
        ArbiterVerdict::Upheld => FindingWeight::Deferred,
    }
}
