//! How much work a spec or a change is.

use serde::{Deserialize, Serialize};

/// How much work a spec or a change is; it sets the cap of fix rounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Size {
    S,
    M,
    L,
}

impl Size {
    /// The letter.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::S => "S",
            Self::M => "M",
            Self::L => "L",
        }
    }
}
