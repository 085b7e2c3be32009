//! The persisted record of a run: everything that must outlive a kill.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

use crate::domain::model::change::Change;
use crate::domain::model::report::{Reported, Skipped};
use crate::domain::pipeline::run::Run;
use crate::flow::review::target::ReviewTarget;
use crate::platform::git::diff;
use crate::platform::git::repo::Repo;

/// The format that this program writes.
pub const VERSION: u32 = 1;

/// A run with everything that is needed to continue it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    pub version: u32,
    pub run: Run,
    /// The hash of everything that would change the answer.
    pub question: String,
    /// For people: `commit 0123456789`.
    pub title: String,
    /// The key under which the ledger counts the change.
    pub change_key: String,
    /// What the change must do, as its file was when the run began.
    pub spec: Option<SpecCopy>,
    /// The seed of nonces, in hexadecimal.
    pub seed: String,
    /// The gates' findings in the current attempt.
    pub gated: Vec<Reported>,
    pub skipped: Vec<Skipped>,
    /// What was not reviewed, with the reason.
    pub unscanned: Vec<(String, String)>,
    /// What the last review was given: each section's file and BLAKE3.
    pub delivered: Vec<(String, String)>,
    /// How many findings name no location in the tree.
    pub unanchored: usize,
    /// The ledger's ids of the findings that were upheld, by their ids in the run.
    pub kept: BTreeMap<String, String>,
    /// The agents that answered, stored as `judges`; empty in runs of older versions.
    #[serde(default, rename = "judges")]
    pub names: Names,
    /// BLAKE3 of every answer that the run rests on.
    pub answers: Vec<String>,
    /// Whether receipt and branch of an ended run are stored: a kill may come between the end and that.
    pub closed: bool,
}

impl RunRecord {
    /// See [`Run::continued`].
    pub fn continued(&self) -> Option<Self> {
        let run = self.run.continued()?;
        Some(Self { run, closed: false, ..self.clone() })
    }

    /// The change that the run reviews.
    pub fn target(&self, repo: &Repo) -> Result<ReviewTarget> {
        let first = self.run.attempts.first().context("a run has an attempt from its beginning")?;
        let base = self.run.base.as_ref();
        let change = Change {
            key: self.change_key.clone(),
            base_tree: base.cloned(),
            tree: first.tree.clone(),
            commit: first.commit.clone(),
            message: None,
            files: diff::trees(&repo.objects, base, Some(&first.tree))?,
        };
        Ok(ReviewTarget { change, parent: self.run.head.clone(), title: self.title.clone() })
    }
}

/// Reviewer and arbiter, for people: `codex (gpt-5.5)`; empty where none answered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Names {
    /// The assigned reviewer, until one has answered.
    pub reviewer: String,
    pub arbiter: String,
}

/// A spec's file, redacted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpecCopy {
    #[serde(with = "crate::platform::store::path")]
    pub path: PathBuf,
    /// BLAKE3 of the file's bytes.
    pub hash: String,
    pub text: String,
}
