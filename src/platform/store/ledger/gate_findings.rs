//! The findings of gates, as what closes and reopens them needs them.

use std::collections::BTreeSet;

use jiff::Timestamp;
use rusqlite::{Connection, TransactionBehavior, params};

use crate::domain::model::oid::Oid;
use crate::domain::model::stored_finding::{
    Disposition, FindingStatus, Observation, StoredFinding,
};
use crate::platform::store::crash::save_point;
use crate::platform::store::ledger::disposition::insert_disposition;
use crate::platform::store::ledger::error::Error;
use crate::platform::store::ledger::known::FindingFingerprint;
use crate::platform::store::ledger::record::{lines_of, locators_text};
use crate::platform::store::ledger::rows::{
    KEPT_COLUMNS, KEPT_TABLES, SIGHTING_COLUMNS, kept, kind_columns, oid, sighting,
};
use crate::platform::store::ledger::scan::ScanContext;
use crate::platform::store::ledger::{Ledger, known, marks, query};

/// A finding of a gate that nobody answered, with where it was seen.
#[derive(Clone, Debug)]
pub struct GateFinding {
    pub kept: StoredFinding,
    /// The object that it was last seen in.
    pub content: Option<Oid>,
    /// Oldest first.
    pub sightings: Vec<Observation>,
}

/// What becomes of the findings of gates.
#[derive(Debug, Default)]
pub struct Settled {
    /// The finding, the status that it must still have, and the step that it takes.
    pub steps: Vec<(String, FindingStatus, Disposition)>,
    /// Findings that stand in another place than the ledger says.
    pub moves: Vec<(String, FindingFingerprint)>,
    /// What they were compared with; `None` where not all of them were.
    pub mark: Option<String>,
}

impl Ledger {
    /// What the findings of gates were last compared with; `None` where something was recorded since.
    pub fn standing_mark(&self) -> Result<Option<String>, Error> {
        marks::standing(&self.connection)
    }

    /// Whether a finding of a gate is on record.
    pub fn has_standing_findings(&self) -> Result<bool, Error> {
        let query = "SELECT EXISTS (SELECT 1 FROM findings
                     WHERE gate NOT IN ('review', 'person', 'import') AND gate <> 'attack')
                     OR EXISTS (SELECT 1 FROM review_findings)";
        Ok(self.connection.query_row(query, [], |row| row.get(0))?)
    }

    /// The findings of gates that nobody answered: of the newest `most`, and of those that no step was
    /// taken for yet the newest `most`, so that the rest comes up once others are closed.
    pub fn gate_findings(&self, now: Timestamp, most: usize) -> Result<Vec<GateFinding>, Error> {
        let mut found = Vec::new();
        let mut known = BTreeSet::new();
        for also in ["", "AND NOT EXISTS (SELECT 1 FROM dispositions WHERE finding = f.id)"] {
            let mut statement = self.connection.prepare(&format!(
                "SELECT {KEPT_COLUMNS}, f.content FROM {KEPT_TABLES}
                 WHERE f.gate NOT IN ('review', 'person', 'import') AND f.gate <> 'attack' {also}
                 ORDER BY f.last_seen DESC LIMIT ?1"
            ))?;
            let mut rows = statement.query([i64::try_from(most).unwrap_or(i64::MAX)])?;
            while let Some(row) = rows.next()? {
                let kept = kept(row, now)?;
                if !kept.status.is_answered() && known.insert(kept.id.clone()) {
                    found.push(GateFinding { kept, content: oid(row, 22)?, sightings: Vec::new() });
                }
            }
        }
        for one in &mut found {
            one.sightings = sightings(&self.connection, &one.kept.id)?;
        }
        Ok(found)
    }

    /// Which findings in files those are that were just found; `None` for one that is not on record.
    pub fn recognise(
        &self,
        found: &[FindingFingerprint],
        now: Timestamp,
    ) -> Result<Vec<Option<String>>, Error> {
        let (found, key) = known::with_key(&self.connection, found)?;
        // In a file the change does not matter.
        let scan = ScanContext::of_nothing(now);
        let mut ids = vec![None; found.len()];
        let mut taken = BTreeSet::new();
        for indices in known::groups(&found) {
            let members: Vec<&FindingFingerprint> = indices.iter().map(|at| &found[*at]).collect();
            let mut all = known::candidates(&self.connection, &scan, &members, key.as_ref())?;
            all.retain(|candidate| !taken.contains(&candidate.id));
            for (index, at) in indices.iter().zip(known::assigned(&members, &all)) {
                ids[*index] = at.map(|at| all[at].id.clone());
                taken.extend(ids[*index].clone());
            }
        }
        Ok(ids)
    }

    /// Keeps what became of findings of gates. A finding that got another status meanwhile stays as it is.
    pub fn settle(&mut self, settled: &Settled, now: Timestamp) -> Result<(), Error> {
        save_point();
        let transaction =
            self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for (id, status, step) in &settled.steps {
            let found = query::get(&transaction, id, now)?;
            if found.is_some_and(|kept| kept.status == *status) {
                insert_disposition(&transaction, id, step)?;
            }
        }
        for (id, place) in &settled.moves {
            move_to(&transaction, id, place)?;
        }
        if let Some(mark) = &settled.mark {
            marks::set(&transaction, mark)?;
        }
        save_point();
        transaction.commit()?;
        save_point();
        Ok(())
    }
}

pub fn sightings(connection: &Connection, id: &str) -> Result<Vec<Observation>, Error> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {SIGHTING_COLUMNS} FROM sightings s WHERE s.finding = ?1
         ORDER BY s.first_seen, s.change"
    ))?;
    let mut rows = statement.query([id])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(sighting(row, 0)?);
    }
    Ok(found)
}

/// It was not seen in a change: its times and its text stay.
fn move_to(connection: &Connection, id: &str, place: &FindingFingerprint) -> Result<(), Error> {
    let (_, name) = kind_columns(place.finding.place.as_ref());
    let (line, column, end_line) = lines_of(&place.finding);
    connection
        .prepare_cached(
            "UPDATE findings SET name = ?2, line = ?3, col = ?4, end_line = ?5, anchor = ?6,
                 locators = ?7, content = ?8 WHERE id = ?1",
        )?
        .execute(params![
            id,
            name,
            line,
            column,
            end_line,
            place.finding.anchor,
            locators_text(&place.locators),
            place.content.as_ref().map(Oid::as_str),
        ])?;
    Ok(())
}
