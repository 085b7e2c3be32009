//! The commits that a run makes beside its tasks: what it proposes of its own.

use serde::{Deserialize, Serialize};

use crate::domain::pipeline::spec_run::stage::Snapshot;

/// A commit beside the tasks, and what it proposes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProposedCommit {
    pub at: Snapshot,
    pub what: ProposalKind,
}

/// What a run proposes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProposalKind {
    /// Changes of these documents.
    Pages(Vec<String>),
    /// A rule of the constitution, in that file.
    Rule { id: String, title: String, path: String },
}

impl ProposalKind {
    /// What it is, for people.
    pub fn name(&self) -> String {
        match self {
            Self::Pages(_) => "changes of documents".to_owned(),
            Self::Rule { title, .. } => format!("the rule `{title}`"),
        }
    }
}

impl ProposedCommit {
    /// For people.
    pub fn in_words(&self) -> String {
        let commit = self.at.commit.short();
        match &self.what {
            ProposalKind::Pages(paths) => {
                let paths: Vec<String> = paths.iter().map(|path| format!("`{path}`")).collect();
                format!("{commit}: what is built made lines of {} untrue", paths.join(" and "))
            }
            ProposalKind::Rule { id, title, path } => {
                format!(
                    "{commit}: the rule {id} in `{path}`, which findings of its reviews led to: {title}"
                )
            }
        }
    }
}
