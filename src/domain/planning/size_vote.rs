//! A model's word on the size of a spec, beside the signs that are counted.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::domain::model::size::Size;
use crate::domain::planning::reading::{object, read};

/// What a model says of a spec's size.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SizeVote {
    pub size: Size,
    pub why: String,
    /// Why what is known elsewhere should be looked into first; empty where it need not be.
    #[serde(default)]
    pub research: String,
}

impl SizeVote {
    /// Why it asks for research; `None` where it does not.
    pub fn asks_for_research(&self) -> Option<&str> {
        Some(self.research.trim()).filter(|why| !why.is_empty())
    }
}

/// The schema of the answer.
pub fn schema() -> Value {
    object(&json!({
        "size": {"type": "string", "enum": ["S", "M", "L"]},
        "why": {"type": "string"},
        "research": {"type": "string"},
    }))
}

/// Reads an answer.
///
/// # Errors
///
/// What does not fit.
pub fn parse(value: &Value) -> Result<SizeVote, String> {
    read(value)
}

/// The larger of what was counted and what was voted; a vote that could not be read means L, the heavier way.
pub fn decided(counted: Size, vote: Option<&SizeVote>) -> Size {
    counted.max(vote.map_or(Size::L, |vote| vote.size))
}
