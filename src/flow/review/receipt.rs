//! Stores receipts of reviews by the hash of their question: an amended message or a rebase without a
//! change asks no model again.

use std::path::PathBuf;

use anyhow::Result;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::model::agent::{Cost, Route};
use crate::domain::model::notice::Warning;
use crate::domain::model::oid::Oid;
use crate::domain::review::decide::Decision;
use crate::domain::review::finding::AssessedCriterion;
use crate::domain::spec::belongs::SpecGround;
use crate::flow::context::Context;
use crate::platform::store::ledger;
use crate::platform::store::ledger::Ledger;
use crate::platform::store::ledger::error::Error as LedgerError;
use crate::platform::store::ledger::receipt::Lookup;

/// The format that this program writes.
const VERSION: u32 = 1;

/// The proof of a complete review.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReviewReceipt {
    pub version: u32,
    /// The hash of everything that would change the answer.
    pub question: String,
    pub tree: Oid,
    pub base: Option<Oid>,
    pub run: String,
    pub route: Route,
    /// Whether reviewer and executor are of different vendors.
    pub independent: bool,
    /// Who answered, by the run's own record: `codex 0.171.0 (gpt-5.5, effort high)`.
    pub reviewer: String,
    /// The same for the arbiter; empty where there was no finding.
    pub arbiter: String,
    pub decision: Decision,
    /// The spec that it is by; `None` without one, and in a receipt of an earlier version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spec: Option<ReceiptSpec>,
    pub criteria: Vec<AssessedCriterion>,
    /// The ledger's ids of the upheld findings.
    pub findings: Vec<String>,
    /// Those among them that block the change.
    pub blocking: Vec<String>,
    /// What was not reviewed, with the reason.
    pub unscanned: Vec<(String, String)>,
    /// What the reviewer was given and proved to have read: each section's file and BLAKE3.
    pub delivered: Vec<(String, String)>,
    /// BLAKE3 of every answer that it rests on.
    pub answers: Vec<String>,
    pub cost: Cost,
    pub time: Timestamp,
    /// The program that made it.
    pub tribunal: String,
}

/// The spec of a review.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReceiptSpec {
    pub id: String,
    /// From the top of the repository, or as it was named.
    #[serde(with = "crate::domain::model::path")]
    pub path: PathBuf,
    pub ground: SpecGround,
    /// The hash of what it asks for and of who answers; see [`crate::flow::review::spec_words`].
    pub key: String,
}

/// A stored receipt.
#[derive(Clone, Debug)]
pub struct FoundReceipt {
    /// BLAKE3 of its content.
    pub id: String,
    pub receipt: ReviewReceipt,
}

impl ReviewReceipt {
    pub fn version() -> u32 {
        VERSION
    }
}

/// Finds the receipt of a question. A receipt that does not match its id does not count.
pub fn find(context: Context<'_>, question: &str) -> Result<Option<FoundReceipt>> {
    let state_dir = context.repo.state_dir();
    if !ledger::exists(&state_dir) {
        return Ok(None);
    }
    let mut ledger = Ledger::open(&state_dir).map_err(LedgerError::hinted)?;
    let kept = match ledger.receipt(question).map_err(LedgerError::hinted)? {
        Lookup::Found(kept) => kept,
        Lookup::Nothing => return Ok(None),
        Lookup::Broken => {
            context.notify(Warning::ReceiptBroken);
            return Ok(None);
        }
    };
    let receipt: ReviewReceipt = match serde_json::from_str(&kept.body) {
        Ok(receipt) => receipt,
        // Another version of this program wrote it: the question is asked again.
        Err(_) => return Ok(None),
    };
    if receipt.version != VERSION || receipt.question != question {
        return Ok(None);
    }
    Ok(Some(FoundReceipt { id: kept.id, receipt }))
}

/// Stores a receipt.
pub fn keep(context: Context<'_>, receipt: &ReviewReceipt) -> Result<()> {
    let body = serde_json::to_string(receipt)?;
    let done = ledger::with(&context.repo.state_dir(), receipt.time, |ledger| {
        ledger.keep_receipt(&receipt.question, &body, receipt.time)
    })
    .map_err(LedgerError::hinted)?;
    if let Some(path) = done.set_aside {
        context.notify(Warning::LedgerSetAside { path });
    }
    Ok(())
}
