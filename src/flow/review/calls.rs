//! The calls of a run: what they cost, and who answered.

use anyhow::Result;

use crate::domain::model::agent::{Money, Role, Spent};
use crate::domain::pipeline::run::{Names, Run};
use crate::flow::context::Context;
use crate::platform::config::env::now;
use crate::platform::store::ledger;
use crate::platform::store::ledger::call::Call;
use crate::platform::store::ledger::error::Error as LedgerError;

/// The calls of a run, with what each cost.
pub fn calls(context: Context<'_>, run: &str) -> Result<Vec<Call>> {
    let done =
        ledger::with(&context.repo.state_dir(), now(context.env), |ledger| ledger.calls_of(run));
    Ok(done.map_err(LedgerError::hinted)?.value)
}

/// The total cost of the calls of a run.
pub fn spent(calls: &[Call]) -> Spent {
    let priced = calls.iter().filter(|call| call.priced);
    Spent {
        calls: calls.len(),
        money: calls.iter().filter_map(|call| call.cost.money).sum::<Money>(),
        estimated: priced.filter_map(|call| call.cost.money).sum::<Money>(),
        unknown: calls.iter().filter(|call| call.cost.money.is_none()).count(),
    }
}

/// The names of reviewer and arbiter from the run record; of a run of an older version from its calls.
/// The settings are not read: they may have changed since.
pub fn names(run: &Run, calls: &[Call]) -> Names {
    let names = &run.record().names;
    let known = |known: &String, role: Role| {
        let mut answered = calls.iter().filter(|call| call.role == role && call.is_answered());
        match answered.next_back() {
            Some(call) if known.is_empty() && call.model.is_empty() => call.agent.clone(),
            Some(call) if known.is_empty() => format!("{} ({})", call.agent, call.model),
            _ => known.clone(),
        }
    };
    Names {
        reviewer: known(&names.reviewer, Role::Reviewer),
        arbiter: known(&names.arbiter, Role::Arbiter),
        ..names.clone()
    }
}
