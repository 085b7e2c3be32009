//! Proposes and makes status changes of rules, by what became of their hits.

use anyhow::Result;
use jiff::Timestamp;

use crate::domain::constitution::ladder::{Advice, Quiet, Statistics, advise};
use crate::domain::constitution::rule::{Rule, RulePlace, RuleStatus};
use crate::domain::model::gate::Gate;
use crate::flow::learn::memory::RuleMemory;
use crate::platform::git::repo::Repo;
use crate::platform::store::ledger;
use crate::platform::store::ledger::error::Error as LedgerError;
use crate::platform::store::ledger::query::RuleStats;

const SECONDS_A_DAY: i64 = 24 * 60 * 60;

/// A status change of a rule, made or proposed.
#[derive(Debug)]
pub struct StatusChange {
    pub id: String,
    pub at: RulePlace,
    pub from: RuleStatus,
    /// The status that the program sets; `None` where a person must decide.
    pub to: Option<RuleStatus>,
    /// The change and its reason, as the end of a sentence.
    pub advice: String,
    pub statistics: RuleStats,
}

/// Computes the status changes of the rules.
pub fn of_rules(
    repo: &Repo,
    rules: &[Rule],
    memory: &RuleMemory,
    now: Timestamp,
) -> Result<Vec<StatusChange>> {
    let checked: Vec<&Rule> =
        rules.iter().filter(|r| r.status.is_checked() && r.check.is_pattern()).collect();
    let state_dir = repo.state_dir();
    if checked.is_empty() || !ledger::exists(&state_dir) {
        return Ok(Vec::new());
    }
    let counts = ledger::with(&state_dir, now, |ledger| {
        checked.iter().map(|r| ledger.rule_stats(Gate::Constitution, &r.id, now)).collect()
    })
    .map_err(LedgerError::hinted)?;
    let counts: Vec<RuleStats> = counts.value;
    let mut moves = Vec::new();
    for (rule, counts) in checked.into_iter().zip(counts) {
        let advice = advise(
            rule,
            &since_status(repo, rule, memory, counts, now)?,
            Quiet::default(),
            now.as_second(),
        );
        let (to, advice) = match advice {
            Advice::Keep => continue,
            Advice::Demote { to, reason } => {
                (Some(to), format!("demoted to `{}`: {reason}", to.as_str()))
            }
            // Hits of a shadow rule are not shown: that none was dismissed proves nothing.
            Advice::Promote { to } => {
                (None, format!("its hits stood: set it to `{}` if they were right", to.as_str()))
            }
            Advice::ProposeRetirement { reason } => {
                (None, format!("{reason}: set it to `retired` if it is no longer needed"))
            }
        };
        moves.push(StatusChange {
            id: rule.id.clone(),
            at: rule.at.clone(),
            from: rule.status,
            to,
            advice,
            statistics: counts,
        });
    }
    Ok(moves)
}

/// The statistics of a rule since its last change of status.
fn since_status(
    repo: &Repo,
    rule: &Rule,
    memory: &RuleMemory,
    counts: RuleStats,
    now: Timestamp,
) -> Result<Statistics> {
    let number = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
    let known = memory.get(&rule.id);
    let since = known.map_or(now.as_second(), |known| known.since);
    let (hits, dismissed) =
        known.map_or((counts.hits, counts.dismissed), |known| known.since_then(counts));
    let last_hit = counts.last_hit.map(Timestamp::as_second).filter(|hit| *hit >= since);
    let quiet_since = last_hit.unwrap_or(since);
    let quiet = Quiet::default();
    let silent = now.as_second() - quiet_since;
    // Commits are counted only where the time alone would be enough.
    let quiet_changes = if silent / SECONDS_A_DAY >= i64::from(quiet.days) {
        commits_since(repo, quiet_since, quiet.changes)?
    } else {
        0
    };
    Ok(Statistics {
        hits: number(hits),
        dismissed: number(dismissed),
        since,
        last_hit,
        quiet_changes,
    })
}

fn commits_since(repo: &Repo, since: i64, max: u32) -> Result<u32> {
    if repo.head()?.is_none() {
        return Ok(0);
    }
    let commits = repo.rev_list(&[
        format!("--max-count={max}"),
        format!("--since={since}"),
        "HEAD".to_owned(),
    ])?;
    Ok(u32::try_from(commits.len()).unwrap_or(u32::MAX))
}
