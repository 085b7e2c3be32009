//! Receipts of evaluations: a question that was answered is not asked again.

use jiff::Timestamp;
use rusqlite::params;

use crate::platform::store::crash::save_point;
use crate::platform::store::ledger::Ledger;
use crate::platform::store::ledger::error::Error;
use crate::platform::store::ledger::rows::{from_milliseconds, timestamp};

/// The most receipts of questions that begin alike that are read.
const OF_ONE_MAX: u32 = 100;

/// The proof that a question was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// BLAKE3 of the question and the body.
    pub id: String,
    /// JSON; without secrets.
    pub body: String,
    pub time: Timestamp,
}

/// What there is for a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lookup {
    Nothing,
    /// What was there is not what was kept; it is gone now. To be said.
    Broken,
    Found(Receipt),
}

impl Ledger {
    /// Keeps the answer to a question in the place of an earlier one, and tells its id.
    pub fn keep_receipt(
        &mut self,
        question: &str,
        body: &str,
        now: Timestamp,
    ) -> Result<String, Error> {
        let id = id_of(question, body);
        save_point();
        self.connection.execute(
            "INSERT INTO receipts (question, id, body, time, first) VALUES (?1, ?2, ?3, ?4, ?4)
             ON CONFLICT (question) DO UPDATE SET
                 id = excluded.id, body = excluded.body, time = excluded.time",
            params![question, id, body, now.as_millisecond()],
        )?;
        save_point();
        Ok(id)
    }

    /// The answer to a question. A receipt whose id is not its content's is none and is removed.
    pub fn receipt(&mut self, question: &str) -> Result<Lookup, Error> {
        let receipt = {
            let mut statement = self
                .connection
                .prepare_cached("SELECT id, body, time FROM receipts WHERE question = ?1")?;
            let mut rows = statement.query([question])?;
            let Some(row) = rows.next()? else { return Ok(Lookup::Nothing) };
            Receipt { id: row.get(0)?, body: row.get(1)?, time: timestamp(row, 2)? }
        };
        if receipt.id == id_of(question, &receipt.body) {
            return Ok(Lookup::Found(receipt));
        }
        save_point();
        self.connection.execute("DELETE FROM receipts WHERE question = ?1", [question])?;
        save_point();
        Ok(Lookup::Broken)
    }

    /// The receipts of the questions `<first>/…`, at most [`OF_ONE_MAX`], the newest first; those that are
    /// broken are left out.
    pub fn receipts_of(&self, first: &str) -> Result<Vec<Receipt>, Error> {
        let mut statement = self.connection.prepare_cached(
            "SELECT question, id, body, time FROM receipts WHERE question >= ?1 AND question < ?2
             ORDER BY time DESC, id LIMIT ?3",
        )?;
        // What comes after `/` in ASCII is `0`.
        let mut rows =
            statement.query(params![format!("{first}/"), format!("{first}0"), OF_ONE_MAX])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let question: String = row.get(0)?;
            let receipt = Receipt { id: row.get(1)?, body: row.get(2)?, time: timestamp(row, 3)? };
            if receipt.id == id_of(&question, &receipt.body) {
                found.push(receipt);
            }
        }
        Ok(found)
    }

    /// When this repository's first review, or what its first attack found, was kept; `None` before it.
    pub fn first_review(&self) -> Result<Option<Timestamp>, Error> {
        let query = "SELECT MIN(first) FROM (SELECT MIN(first) AS first FROM receipts
                     UNION ALL SELECT MIN(first_seen) FROM findings WHERE gate = 'attack')";
        let first: Option<i64> = self.connection.query_row(query, [], |row| row.get(0))?;
        first.map(from_milliseconds).transpose()
    }
}

fn id_of(question: &str, body: &str) -> String {
    // The length keeps a part of the one from counting as a part of the other.
    let mut hasher = blake3::Hasher::new();
    hasher.update(&(question.len() as u64).to_le_bytes());
    hasher.update(question.as_bytes());
    hasher.update(body.as_bytes());
    hasher.finalize().to_hex().to_string()
}
