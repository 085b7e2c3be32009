//! The ledger, as the commands about findings use it.

use anyhow::Result;
use jiff::Timestamp;

use crate::domain::model::stored_finding::StoredFinding;
use crate::flow::context::Context;
use crate::flow::evaluate::recording;
use crate::platform::config::env::now;
use crate::platform::store::ledger;
use crate::platform::store::ledger::Ledger;
use crate::platform::store::ledger::error::Error as LedgerError;
use crate::platform::ui::out;

/// Works with the ledger, and says when a damaged one had to be set aside.
pub fn with_ledger<T>(
    context: Context<'_>,
    work: impl FnMut(&mut Ledger) -> Result<T, LedgerError>,
) -> Result<T> {
    let done = ledger::with(&context.repo.state_dir(), now(context.env), work)
        .map_err(LedgerError::hinted)?;
    if let Some(path) = &done.set_aside {
        out::warn(&recording::damaged_ledger(path).reason);
    }
    Ok(done.value)
}

/// The finding that a typed id means.
pub fn finding(context: Context<'_>, id: &str, now: Timestamp) -> Result<StoredFinding> {
    with_ledger(context, |ledger| ledger.resolve(id, now))
}
