//! Advice on a rule's status, from the statistics of its hits.

use crate::domain::constitution::rule::{Rule, RuleStatus};
use crate::domain::model::text::counted;

const SECONDS_A_DAY: i64 = 24 * 60 * 60;

/// The fewest hits that statistics of a rule need.
const HITS_MIN: u32 = 5;

/// What the ledger knows of a rule since it has its status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Statistics {
    pub hits: u32,
    /// Hits that a person dismissed.
    pub dismissed: u32,
    /// When it got its status, in seconds since 1970.
    pub since: i64,
    pub last_hit: Option<i64>,
    /// Changes that were evaluated since the last hit, or since it got its status.
    pub quiet_changes: u32,
}

/// How long a rule may be silent before its retirement is proposed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quiet {
    pub days: u32,
    pub changes: u32,
}

impl Default for Quiet {
    fn default() -> Self {
        Self { days: 90, changes: 50 }
    }
}

/// The advice on a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Advice {
    Keep,
    /// It is wrong too often: the program takes it down by itself.
    Demote {
        to: RuleStatus,
        reason: String,
    },
    /// It proved itself in the shadow.
    Promote {
        to: RuleStatus,
    },
    /// A person decides.
    ProposeRetirement {
        reason: String,
    },
}

/// Gives the advice on a rule at `now`, in seconds since 1970.
pub fn advise(rule: &Rule, statistics: &Statistics, quiet: Quiet, now: i64) -> Advice {
    let below = match rule.status {
        RuleStatus::Active => RuleStatus::Shadow,
        RuleStatus::Shadow => RuleStatus::Proposed,
        RuleStatus::Proposed | RuleStatus::Retired => return Advice::Keep,
    };
    let Statistics { hits, dismissed, .. } = *statistics;
    if hits >= HITS_MIN && u64::from(dismissed) * 5 > u64::from(hits) {
        let reason = format!("{dismissed} of its {hits} hits were dismissed");
        return Advice::Demote { to: below, reason };
    }
    if rule.status == RuleStatus::Shadow && hits >= HITS_MIN {
        return Advice::Promote { to: RuleStatus::Active };
    }
    let silent = now - statistics.last_hit.unwrap_or(statistics.since);
    let days = silent / SECONDS_A_DAY;
    let is_checked = rule.check.is_pattern();
    if is_checked && days >= i64::from(quiet.days) && statistics.quiet_changes >= quiet.changes {
        let reason = format!(
            "no hit in {} and {}",
            counted(days, "day"),
            counted(statistics.quiet_changes, "change")
        );
        return Advice::ProposeRetirement { reason };
    }
    Advice::Keep
}
