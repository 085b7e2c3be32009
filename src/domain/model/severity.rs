//! The severity of a finding.

use serde::{Deserialize, Serialize};

/// How bad a finding is, worst first when sorted in descending order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Low,
    Medium,
    High,
    Critical,
}

/// What another system's word for a severity means here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Foreign {
    /// It is one of ours.
    Severity(Severity),
    /// Its author calls it noise: it is not taken in.
    Noise,
}

impl Severity {
    /// The word used in files and output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// Understands the words of other systems: `important`, `minor`, `noise`, `P0` to `P3`, SARIF's
    /// and compilers' levels, whatever their case. `None` is an unknown word.
    pub fn from_foreign(word: &str) -> Option<Foreign> {
        let severity = match word.trim().to_ascii_lowercase().as_str() {
            "critical" | "p0" | "blocker" | "fatal" => Self::Critical,
            "high" | "important" | "p1" | "error" | "major" => Self::High,
            "medium" | "p2" | "warning" | "warn" | "moderate" => Self::Medium,
            "low" | "minor" | "p3" | "info" | "information" | "note" | "help" | "hint" | "nit"
            | "style" => Self::Low,
            "noise" | "none" => return Some(Foreign::Noise),
            _ => return None,
        };
        Some(Foreign::Severity(severity))
    }
}

impl std::fmt::Display for Severity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
