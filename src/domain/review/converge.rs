//! The limits and stop rules of the fix loop.

use crate::domain::model::severity::Severity;
use crate::domain::policy::review_settings::{ReviewSettings, Rounds};
use crate::domain::review::decide::EscalationDetail;
use crate::domain::review::tracked::{FindingWeight, TrackedFinding, against};

/// How often an incomplete review is repeated.
const REVIEW_RETRIES: u32 = 2;

/// How many findings may stay open, and how many rounds are tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StopLimits {
    pub criticals: usize,
    pub highs: usize,
    pub rounds: Rounds,
    /// Of an incomplete review of one attempt.
    pub review_retries: u32,
}

impl StopLimits {
    /// For changes.
    pub fn of_changes(policy: &ReviewSettings) -> Self {
        Self {
            criticals: 0,
            highs: policy.highs,
            rounds: policy.rounds,
            review_retries: REVIEW_RETRIES,
        }
    }

    /// For plans, whose size sets no cap; `important` is another word for high.
    pub fn of_plans(policy: &ReviewSettings) -> Self {
        let rounds = policy.plan_rounds;
        Self {
            criticals: 0,
            highs: policy.importants,
            rounds: Rounds { s: rounds, m: rounds, l: rounds },
            review_retries: REVIEW_RETRIES,
        }
    }
}

/// What the stop rules read of a run.
#[derive(Clone, Copy, Debug)]
pub struct StopInputs<'a> {
    pub findings: &'a [TrackedFinding],
    /// The current attempt.
    pub attempt: usize,
    /// The earlier attempt with the same tree.
    pub repeats: Option<usize>,
    /// The earlier attempt whose fix it took back.
    pub undoes: Option<usize>,
    /// Fixes that changed nothing, in a row.
    pub idle_fixes: u32,
    /// Why nothing more may be spent.
    pub budget: Option<&'a str>,
    /// How many fixes were asked for, where the cap of the largest size is reached.
    pub rounds_used_up: Option<u32>,
}

/// The first stop rule that fires, with its evidence. Never a trend of counts, and never a model's
/// word that it converges.
pub fn stop(trail: StopInputs<'_>) -> Option<EscalationDetail> {
    let blocking = blocking(trail.findings, trail.attempt);
    let unresolved: Vec<String> = blocking
        .iter()
        .filter(|finding| finding.unresolved_in.len() >= 2)
        .map(|finding| finding.original.id.clone())
        .collect();
    let induced = blocking.iter().filter(|finding| finding.fix_induced).count();
    if !unresolved.is_empty() {
        return Some(EscalationDetail::Unresolved(unresolved));
    }
    if let Some(attempt) = trail.repeats {
        return Some(EscalationDetail::Repeats { attempt });
    }
    if let Some(attempt) = trail.undoes {
        return Some(EscalationDetail::Undoes { attempt });
    }
    if induced >= 2 && 2 * induced > blocking.len() {
        return Some(EscalationDetail::FixInduced { of: induced, all: blocking.len() });
    }
    if trail.idle_fixes >= 2 {
        return Some(EscalationDetail::NoDiff);
    }
    if let Some(why) = trail.budget {
        return Some(EscalationDetail::Budget(why.to_owned()));
    }
    trail.rounds_used_up.map(EscalationDetail::Rounds)
}

/// What an attempt is worth beside others: the smaller, the better. The fields' order is the order
/// in which they count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AttemptRank {
    pub gates_not_green: bool,
    pub not_reviewed: bool,
    pub criticals: usize,
    pub highs: usize,
    pub unmet: usize,
    /// Its place in the list: the earlier of two that are alike.
    pub attempt: usize,
}

/// The findings of an attempt that a person must decide about: neither proven nor refuted, or against
/// the spec.
pub fn undecided(findings: &[TrackedFinding], attempt: usize) -> Vec<&TrackedFinding> {
    let counts = findings.iter().zip(against(findings, attempt));
    let open = counts.filter(|(_, (counts, severity))| match counts {
        FindingWeight::Conflict | FindingWeight::Disputed => true,
        FindingWeight::Unproven | FindingWeight::Unarbitrated => *severity >= Severity::High,
        FindingWeight::Upheld | FindingWeight::Deferred | FindingWeight::Ignored => false,
    });
    open.map(|(finding, _)| finding).collect()
}

/// The upheld findings of an attempt that a fix is due for when there are too many of them.
pub fn blocking(findings: &[TrackedFinding], attempt: usize) -> Vec<&TrackedFinding> {
    let counts = findings.iter().zip(against(findings, attempt));
    counts
        .filter(|(_, (counts, severity))| {
            *counts == FindingWeight::Upheld && *severity >= Severity::High
        })
        .map(|(finding, _)| finding)
        .collect()
}
