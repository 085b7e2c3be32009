//! What a person agreed to for one repository: nothing that costs money, sends code away, runs the
//! repository's commands or stays resident begins without it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// An answer to a question that is asked once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConsentAnswer {
    #[default]
    NotAsked,
    Yes,
    No,
}

impl ConsentAnswer {
    /// Whether it was not given yet.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
    pub fn is_open(&self) -> bool {
        *self == Self::NotAsked
    }

    /// The word used in output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotAsked => "not asked",
            Self::Yes => "yes",
            Self::No => "no",
        }
    }
}

/// A command that may run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrustedCommand {
    /// Its name when the person agreed.
    pub name: String,
    /// The hash of everything that decides what is executed and what it may write.
    pub fingerprint: String,
    pub agreed: Timestamp,
}

/// The answers for one repository.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Consent {
    #[serde(default)]
    pub watcher: ConsentAnswer,
    #[serde(default)]
    pub reviews: ConsentAnswer,
    /// Whether specs that are saved are built.
    #[serde(default, skip_serializing_if = "ConsentAnswer::is_open")]
    pub runs: ConsentAnswer,
    /// When that was agreed to: what was saved before is not built by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runs_since: Option<Timestamp>,
    /// What the repository's policy asks of the sandbox and the person agreed to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sandbox: Vec<String>,
    #[serde(default)]
    pub commands: Vec<TrustedCommand>,
}

impl Consent {
    /// Since when specs that are saved are built; `None` where nobody agreed to that.
    pub fn runs_since(&self) -> Option<Timestamp> {
        self.runs_since.filter(|_| self.runs == ConsentAnswer::Yes)
    }
}
