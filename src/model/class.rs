//! What makes two findings in different places the same mistake again.

use serde::{Deserialize, Serialize};

/// `topic/name` from a closed list, or `other/<slug>`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Class(String);

impl Class {
    /// Takes a class as a gate, a tool or a person wrote it; what is not in the list becomes
    /// `other/<slug>`.
    pub fn new(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The whole name, `topic/name`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part before the slash: the constitution's topic file.
    pub fn topic(&self) -> &str {
        self.0.split('/').next().unwrap_or("other")
    }
}

impl std::fmt::Display for Class {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}
