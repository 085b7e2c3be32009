//! Decisions about findings.

use jiff::Timestamp;
use rusqlite::{Connection, TransactionBehavior, params};

use crate::domain::model::standing::ACTOR;
use crate::domain::model::stored_finding::{Disposition, DispositionKind};
use crate::platform::store::crash::save_point;
use crate::platform::store::ledger::error::Error;
use crate::platform::store::ledger::scan::ScanContext;
use crate::platform::store::ledger::{Ledger, marks, query};

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
        marks::clear(&transaction)?;
        save_point();
        transaction.commit()?;
        save_point();
        Ok(())
    }
}

/// Writes a decision, after the earlier ones about the same finding.
pub(super) fn insert_disposition(
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
    if let Some(commit) = &disposition.commit {
        connection.execute(
            "INSERT INTO steps (finding, number, commit_oid)
             SELECT finding, MAX(number), ?2 FROM dispositions WHERE finding = ?1 GROUP BY finding",
            params![id, commit.as_str()],
        )?;
    }
    Ok(())
}

/// Opens a finding that was gone and is seen again in a change.
pub(super) fn reopen(connection: &Connection, id: &str, scan: &ScanContext) -> Result<(), Error> {
    let reason = match &scan.commit {
        Some(_) => "a commit brings it again".to_owned(),
        None => "a change brings it again".to_owned(),
    };
    let reopened = Disposition {
        decision: DispositionKind::Reopened,
        actor: ACTOR.to_owned(),
        reason,
        time: scan.time,
        until: None,
        commit: scan.commit.clone(),
    };
    insert_disposition(connection, id, &reopened)
}
