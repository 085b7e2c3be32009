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
    /// Whether the finding is dropped as not so, or as none of this change's.
    pub fn dismisses(self) -> bool {
        matches!(self, Self::Refuted | Self::OutOfScope)
    }

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
    /// What it says cannot happen, for a refutation; empty for every other verdict.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub breaks: String,
    #[serde(default, skip_serializing_if = "DecidedBy::is_arbiter")]
    pub by: DecidedBy,
}

/// Who decided about a finding.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DecidedBy {
    #[default]
    Arbiter,
    /// A person accepted or dismissed it before.
    Person,
    /// A complete review said that a criterion is not met.
    Review,
}

impl DecidedBy {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
    fn is_arbiter(&self) -> bool {
        *self == Self::Arbiter
    }
}

/// What became of the second look that the dismissal of a severe finding needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SecondLook {
    /// A process that did not see the arbiter's answer dismissed it for the same reason.
    Agreed { reason: String },
    /// It came to something else, for people.
    Disagreed { why: String },
    /// It could not be had within the budget.
    NotPaid { why: String },
}
