//! A file that is not delivered, and why.

use serde::{Deserialize, Serialize};

/// A file that is not delivered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unscanned {
    /// As shown.
    pub path: String,
    pub reason: UnscannedReason,
}

/// Why a file is not delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UnscannedReason {
    Binary,
    Submodule,
    /// Bytes of its larger side.
    TooLarge(usize),
    /// Bytes of a line that fits into no call.
    LongLine(usize),
    /// The calls are full.
    NoRoom,
    /// Its two texts have not the same lines, so that a secret could be shown.
    Unmasked,
}

impl UnscannedReason {
    /// Whether a reviewer could have read it, so that the review is not complete without it.
    pub fn is_gap(self) -> bool {
        !matches!(self, Self::Binary | Self::Submodule)
    }
}

impl std::fmt::Display for UnscannedReason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Binary => f.write_str("binary"),
            Self::Submodule => f.write_str("a submodule: its files are not in this repository"),
            Self::TooLarge(bytes) => write!(f, "too large to compare: {bytes} bytes"),
            Self::LongLine(bytes) => {
                write!(f, "one of its lines fits into no call: {bytes} bytes")
            }
            Self::NoRoom => f.write_str("no room left in the calls of one review"),
            Self::Unmasked => f.write_str("its secrets could not be masked"),
        }
    }
}
