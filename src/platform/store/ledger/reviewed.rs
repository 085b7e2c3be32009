//! What complete reviews were shown, and what they said of their findings.

use std::collections::BTreeSet;

use bstr::BString;
use jiff::Timestamp;
use rusqlite::{Transaction, TransactionBehavior, params};

use crate::domain::model::stored_finding::StoredFinding;
use crate::domain::review::coverage::{Parts, ShownMove};
use crate::domain::review::record::FindingRecord;
use crate::platform::store::crash::save_point;
use crate::platform::store::ledger::error::Error;
use crate::platform::store::ledger::gate_findings::{GateFinding, sightings};
use crate::platform::store::ledger::rows::{KEPT_COLUMNS, KEPT_TABLES, kept};
use crate::platform::store::ledger::{Ledger, marks};

/// How long it counts that a part was shown, in days: a branch that rests longer is reviewed again.
const SHOWN_DAYS: i64 = 400;

/// A finding of a review with what is kept of it.
#[derive(Clone, Debug, PartialEq)]
pub struct KeptReviewFinding {
    pub stored: StoredFinding,
    pub record: FindingRecord,
}

/// The findings of reviews that are on record.
#[derive(Clone, Debug, Default)]
pub struct ReviewFindings {
    pub known: Vec<KeptReviewFinding>,
    /// Those of which what is kept beside them is damaged, or of a newer version: where they hold is not known.
    pub unreadable: Vec<StoredFinding>,
}

/// Which end of a move a path is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MoveSide {
    From,
    To,
}

impl Ledger {
    /// Keeps the parts and the moves that a complete review was shown, and the records of its findings, which `told` makes of
    /// those that there are: in one transaction, so that of two reviews at a time neither loses what the other
    /// said. Nothing is kept where `told` fails.
    pub fn keep_outcomes<E>(
        &mut self,
        (parts, moves): (&Parts, &BTreeSet<ShownMove>),
        now: Timestamp,
        told: impl FnOnce(Vec<KeptReviewFinding>) -> Result<Vec<(String, FindingRecord)>, E>,
    ) -> Result<Result<(), E>, Error> {
        save_point();
        let transaction =
            Transaction::new_unchecked(&self.connection, TransactionBehavior::Immediate)?;
        let records = match told(self.review_findings(now)?.known) {
            Ok(records) => records,
            Err(error) => return Ok(Err(error)),
        };
        {
            let mut statement = transaction.prepare_cached(
                "INSERT INTO shown_parts (part, time) VALUES (?1, ?2)
                 ON CONFLICT (part) DO UPDATE SET time = excluded.time",
            )?;
            for part in parts {
                statement.execute(params![part.as_slice(), now.as_millisecond()])?;
            }
        }
        for ShownMove { from, to } in moves {
            transaction.execute(
                "INSERT INTO shown_moves (old, new) VALUES (?1, ?2) ON CONFLICT (old, new) DO NOTHING",
                params![from.as_slice(), to.as_slice()],
            )?;
        }
        for (id, record) in &records {
            transaction.execute(
                "INSERT INTO review_findings (finding, body) VALUES (?1, ?2)
                 ON CONFLICT (finding) DO UPDATE SET body = excluded.body",
                params![id, serde_json::to_string(record).unwrap_or_default()],
            )?;
        }
        marks::clear(&transaction)?;
        save_point();
        transaction.commit()?;
        save_point();
        Ok(Ok(()))
    }

    /// Those of the parts that no complete review was shown.
    pub fn parts_not_shown(&self, parts: &Parts, now: Timestamp) -> Result<Parts, Error> {
        let since = now.as_millisecond() - SHOWN_DAYS * 24 * 60 * 60 * 1000;
        let mut statement =
            self.connection.prepare_cached("SELECT time FROM shown_parts WHERE part = ?1")?;
        let mut unknown = Parts::new();
        for part in parts {
            let mut rows = statement.query([part.as_slice()])?;
            let shown: Option<i64> = rows.next()?.map(|row| row.get(0)).transpose()?;
            if shown.is_none_or(|time| time < since) {
                unknown.insert(*part);
            }
        }
        Ok(unknown)
    }

    /// The moves that brought a file to a path, or took it away from there, that complete reviews were shown.
    pub fn shown_moves(&self, path: &BString, side: MoveSide) -> Result<Vec<ShownMove>, Error> {
        let column = match side {
            MoveSide::To => "new",
            MoveSide::From => "old",
        };
        let mut statement = self
            .connection
            .prepare_cached(&format!("SELECT old, new FROM shown_moves WHERE {column} = ?1"))?;
        let mut rows = statement.query([path.as_slice()])?;
        let mut moves = Vec::new();
        while let Some(row) = rows.next()? {
            let (from, to): (Vec<u8>, Vec<u8>) = (row.get(0)?, row.get(1)?);
            moves.push(ShownMove { from: from.into(), to: to.into() });
        }
        Ok(moves)
    }

    /// The newest `most` findings of reviews that nobody answered, with where they were seen.
    pub fn review_findings_seen(
        &self,
        now: Timestamp,
        most: usize,
    ) -> Result<Vec<(GateFinding, FindingRecord)>, Error> {
        let mut all = self.review_findings(now)?.known;
        all.retain(|one| !one.stored.status.is_answered());
        let over = all.len().saturating_sub(most);
        let newest = all.into_iter().skip(over);
        let seen = newest.map(|KeptReviewFinding { stored: kept, record }| {
            let sightings = sightings(&self.connection, &kept.id)?;
            Ok((GateFinding { kept, content: None, sightings }, record))
        });
        seen.collect()
    }

    /// The findings of reviews, with what is kept of them.
    pub fn review_findings(&self, now: Timestamp) -> Result<ReviewFindings, Error> {
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {KEPT_COLUMNS}, r.body FROM {KEPT_TABLES}
             JOIN review_findings r ON r.finding = f.id ORDER BY f.id"
        ))?;
        let mut rows = statement.query([])?;
        let mut found = ReviewFindings::default();
        while let Some(row) = rows.next()? {
            // Damaged, it may be of any type.
            let body = row.get_ref(22)?.as_bytes().unwrap_or_default();
            let stored = kept(row, now)?;
            match serde_json::from_slice(body) {
                Ok(record) => found.known.push(KeptReviewFinding { stored, record }),
                Err(_) => found.unreadable.push(stored),
            }
        }
        Ok(found)
    }
}
