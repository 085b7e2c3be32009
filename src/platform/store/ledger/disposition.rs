//! Decisions about findings.

use jiff::Timestamp;
use rusqlite::{Connection, TransactionBehavior, params};

use crate::domain::model::stored_finding::{Disposition, DispositionKind};
use crate::platform::store::crash::save_point;
use crate::platform::store::ledger::error::Error;
use crate::platform::store::ledger::{Ledger, query};

impl Ledger {
    /// Adds a decision about a finding; earlier ones stay.
    pub fn dispose(&mut self, id: &str, disposition: &Disposition) -> Result<(), Error> {
        save_point();
        let transaction =
            self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        if query::get(&transaction, id, disposition.time)?.is_none() {
            return Err(Error::NoFinding(id.to_owned()));
        }
        insert_disposition(&transaction, id, disposition)?;
        save_point();
        transaction.commit()?;
        save_point();
        Ok(())
    }
}

/// Writes a decision, after the earlier ones about the same finding.
fn insert_disposition(
    connection: &Connection,
    id: &str,
    disposition: &Disposition,
) -> Result<(), Error> {
    connection.execute(
        "INSERT INTO dispositions (finding, number, decision, actor, reason, time, until)
         SELECT ?1, 1 + COALESCE(MAX(number), 0), ?2, ?3, ?4, ?5, ?6
         FROM dispositions WHERE finding = ?1",
        params![
            id,
            disposition.decision.as_str(),
            disposition.actor,
            disposition.reason,
            disposition.time.as_millisecond(),
            disposition.until.map(Timestamp::as_millisecond),
        ],
    )?;
    Ok(())
}

/// Opens a finding that was fixed and is seen again in a change.
pub(super) fn reopen(
    connection: &Connection,
    id: &str,
    change: &str,
    time: Timestamp,
) -> Result<(), Error> {
    let reopened = Disposition {
        decision: DispositionKind::Reopened,
        actor: "tribunal".to_owned(),
        reason: format!("seen again in change {change}"),
        time,
        until: None,
    };
    insert_disposition(connection, id, &reopened)
}
