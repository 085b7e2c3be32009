//! The ledger, as the commands about findings use it.

use anyhow::Result;
use jiff::Timestamp;

use crate::domain::model::id_part::IdKind;
use crate::domain::model::stored_finding::StoredFinding;
use crate::flow::context::Context;
use crate::flow::evaluate::recording;
use crate::platform::config::env::now;
use crate::platform::store::ledger;
use crate::platform::store::ledger::Ledger;
use crate::platform::store::ledger::error::Error as LedgerError;
use crate::platform::store::ledger::query::ID_PART_MIN;
use crate::platform::ui::out;

const FINDINGS: IdKind = IdKind {
    what: "finding",
    place: " in the ledger",
    lists: "`tribunal findings list --status all` shows every id",
    part_min: ID_PART_MIN,
};

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
    /// Among so many a near miss is looked for.
    const LOOKED_AT: u32 = 10_000;
    let found = with_ledger(context, |ledger| match ledger.resolve(id, now) {
        Err(LedgerError::NoFinding(_)) => Ok(Err(ledger.newest_ids(LOOKED_AT)?)),
        found => found.map(Ok),
    })?;
    found.or_else(|ids| {
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let id = FINDINGS.named(id, &ids)?;
        with_ledger(context, |ledger| ledger.resolve(id, now))
    })
}
