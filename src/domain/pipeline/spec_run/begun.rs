//! What is known of a task that is worked on before its turn.

use serde::{Deserialize, Serialize};

use crate::domain::pipeline::spec_run::stage::{Snapshot, SpecStage};

/// A task that is worked on while another one's turn it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AheadTask {
    pub begun: BegunAhead,
    /// Where it is. What is no work on one task waits until it is its turn.
    pub stage: SpecStage,
}

/// How a task was begun before its turn.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BegunAhead {
    /// How many tasks stand before it, over all parts.
    pub before: usize,
    /// How many of them were committed when it was begun.
    pub built: usize,
    /// The code that it was begun upon.
    pub upon: Snapshot,
    /// How often the size had been raised by then: its plan is the one after that.
    #[serde(default, skip_serializing_if = "is_none")]
    pub raised: usize,
    /// Its review, where one was begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review: Option<String>,
    /// Who wrote its tests and code, for people; empty until somebody did.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub executor: String,
    /// Which of the workspaces beside the run's own it is built in, from 1. `None` where an earlier version of the
    /// program began it, which gave each task one of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<usize>,
}

impl BegunAhead {
    /// The number of its workspace among those beside the run's own. They are few and kept from task to task, as what was
    /// compiled there is.
    pub fn workspace(&self) -> usize {
        self.place.unwrap_or(self.before + 1)
    }
}

/// A task that was worked on before its turn, of which nothing is taken: it is built again once it is its turn.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetAsideTask {
    /// How many tasks stand before it, over all parts.
    pub before: usize,
    /// How often the size had been raised when it was begun: in a later plan another task has its place.
    #[serde(default, skip_serializing_if = "is_none")]
    pub raised: usize,
    /// Its review, where one was begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review: Option<String>,
    /// Why nothing of it is taken, one a line.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub why: Vec<String>,
}

impl BegunAhead {
    /// The task, of which nothing is taken, one reason a line.
    pub(super) fn set_aside(self, why: Vec<String>) -> SetAsideTask {
        let Self { before, raised, review, .. } = self;
        SetAsideTask { before, raised, review, why }
    }
}

impl AheadTask {
    /// Whether it is worked on, and does not wait for its turn.
    pub fn is_worked_on(&self) -> bool {
        is_work(&self.stage)
    }
}

/// Whether a stage is work on one task, before its commit.
pub(super) fn is_work(stage: &SpecStage) -> bool {
    matches!(
        stage,
        SpecStage::WritingTests(_)
            | SpecStage::ProvingRed(_)
            | SpecStage::WritingCode { .. }
            | SpecStage::ProvingGreen { .. }
            | SpecStage::Reviewing { .. }
    )
}

fn is_none(count: &impl PartialEq<usize>) -> bool {
    *count == 0
}
