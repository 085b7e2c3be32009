//! Counts the hits of rules in the ledger.

use anyhow::Result;

use crate::domain::model::gate::Gate;
use crate::flow::context::Context;
use crate::flow::evaluate::recording;
use crate::platform::config::env::now;
use crate::platform::store::ledger;
use crate::platform::store::ledger::error::Error as LedgerError;
use crate::platform::store::ledger::query::RuleStats;

/// Counts the hits of each rule; also returns the warnings about a damaged ledger.
pub fn statistics(context: Context<'_>, ids: &[&str]) -> Result<(Vec<RuleStats>, Vec<String>)> {
    let state_dir = context.repo.state_dir();
    if !ledger::exists(&state_dir) {
        return Ok((vec![RuleStats::default(); ids.len()], Vec::new()));
    }
    let now = now(context.env);
    let done = ledger::with(&state_dir, now, |ledger| {
        ids.iter().map(|id| ledger.rule_stats(Gate::Constitution, id, now)).collect()
    })
    .map_err(LedgerError::hinted)?;
    let warnings = done.set_aside.iter().map(|path| recording::damaged_ledger(path).reason);
    Ok((done.value, warnings.collect()))
}
