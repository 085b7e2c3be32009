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
    /// What the repository's policy asks of the sandbox and the person agreed to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sandbox: Vec<String>,
    #[serde(default)]
    pub commands: Vec<TrustedCommand>,
}
