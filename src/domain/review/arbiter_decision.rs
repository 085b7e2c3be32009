//! The arbiter's decision about one finding.

use serde::{Deserialize, Serialize};

use crate::domain::review::finding::Quote;

/// The arbiter's verdict on a finding, after its evidence was checked against the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ArbiterVerdict {
    Upheld,
    Refuted,
    /// Neither shown nor refuted; also a refutation without valid evidence.
    Unsubstantiated,
    /// To follow it would go against the spec, or the spec against itself.
    ContradictsSpec,
    OutOfScope,
    Duplicate,
}

impl ArbiterVerdict {
    pub const ALL: [Self; 6] = [
        Self::Upheld,
        Self::Refuted,
        Self::Unsubstantiated,
        Self::ContradictsSpec,
        Self::OutOfScope,
        Self::Duplicate,
    ];

    /// Whether the finding does not count any more.
    pub fn is_dismissal(self) -> bool {
        matches!(self, Self::Refuted | Self::OutOfScope | Self::Duplicate)
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Upheld => "upheld",
            Self::Refuted => "refuted",
            Self::Unsubstantiated => "unsubstantiated",
            Self::ContradictsSpec => "contradicts spec",
            Self::OutOfScope => "out of scope",
            Self::Duplicate => "duplicate",
        }
    }
}

/// The arbiter's whole answer, checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArbiterDecision {
    /// The finding.
    pub id: String,
    #[serde(rename = "word")]
    pub verdict: ArbiterVerdict,
    pub evidence: Vec<Quote>,
    /// The finding that it repeats.
    pub duplicate_of: Option<String>,
    /// The criterion that it is about.
    pub criterion: Option<String>,
    /// At most 240 characters.
    pub reason: String,
    /// What the executor is to do; never empty where it is upheld and can be fixed.
    pub instruction: String,
    /// To fix it would go beyond what the spec asks for.
    pub extends_scope: bool,
}
