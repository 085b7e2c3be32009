//! What a run is about and where it stands: everything that must outlive a kill.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::model::report::{Reported, Skipped};
use crate::pipeline::run::Run;

/// The format that this program writes.
pub const VERSION: u32 = 1;

/// A run with all that is needed to go on with it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Docket {
    pub version: u32,
    pub run: Run,
    /// The hash of everything that would change the answer.
    pub question: String,
    /// For people: `commit 0123456789`.
    pub title: String,
    /// What makes two judgements be of the same change, as the ledger counts changes.
    pub change_key: String,
    /// What the change is meant to do, as its file was when the run began.
    pub spec: Option<SpecCopy>,
    /// What nonces are drawn from: hexadecimal.
    pub seed: String,
    /// What the gates of the current attempt found.
    pub gated: Vec<Reported>,
    pub skipped: Vec<Skipped>,
    /// What was not reviewed, with the reason.
    pub unscanned: Vec<(String, String)>,
    /// How many findings were raised that name no place in the tree.
    pub unanchored: usize,
    /// BLAKE3 of every answer that the run rests on.
    pub answers: Vec<String>,
}

/// A spec's file, redacted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpecCopy {
    #[serde(with = "crate::store::path")]
    pub path: PathBuf,
    /// BLAKE3 of the file's bytes.
    pub hash: String,
    pub text: String,
}
