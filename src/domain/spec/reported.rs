//! The spec that a repair is held to: made by the program from the report of a bug, and from why it happens once
//! that is known.

use serde::{Deserialize, Serialize};

use crate::domain::spec::types::{Criterion, Spec, SpecEntry, SpecPosition};

/// The id of its one criterion.
pub const BUG_CRITERION: &str = "AC-1";

/// What a repair is held to, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportedBug {
    pub id: String,
    pub title: String,
    /// The report, without secrets, with why it happens.
    pub goal: String,
    pub criterion: String,
    /// The files that the repair may change; empty until they are known.
    pub touches: Vec<String>,
}

impl ReportedBug {
    /// As it is kept in a run.
    pub fn text(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    /// Reads what was kept; `None` where it is nothing of that kind.
    pub fn read(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// The same as a spec: nothing in it is read as a key, a command or a heading, whatever the report says.
    pub fn spec(&self) -> Spec {
        let at = SpecPosition { line: 1, column: 1 };
        let criterion = Criterion {
            id: BUG_CRITERION.to_owned(),
            text: self.criterion.clone(),
            verify: Vec::new(),
            at,
        };
        let minimal = "nothing changes but what the repair of this bug needs".to_owned();
        Spec {
            title: self.title.clone(),
            goal: self.goal.clone(),
            touches: self.touches.clone(),
            criteria: vec![criterion],
            constraints: vec![SpecEntry { text: minimal, at }],
            ..Spec::empty(self.id.clone())
        }
    }
}
