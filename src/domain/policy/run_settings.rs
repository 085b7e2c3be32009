//! The `[runs]` settings, the user's own, since they decide what is spent, and the `[planning]` settings, a repository's as
//! well.

use serde::{Deserialize, Serialize};

use crate::domain::policy::unit;

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct RunSettings {
    /// How many run at the same time in one repository.
    #[serde(deserialize_with = "unit::parallel")]
    pub at_once: usize,
    pub changed: OnChange,
    /// How many tasks of a run are built side by side, where they are independent of each other.
    #[serde(deserialize_with = "unit::tasks_at_once")]
    pub tasks_at_once: usize,
    /// After how many tasks each a run asks its person; 0 for never.
    #[serde(deserialize_with = "unit::tasks")]
    pub ask_every: usize,
    /// What checkouts and what was prepared may take on the disk, of all repositories together.
    #[serde(deserialize_with = "unit::bytes")]
    pub disk: u64,
    /// What fast mode refuses to build past.
    pub fast_dirty: UncommittedWork,
    /// What becomes of a task that needs one more file.
    pub extend: OnExtension,
    /// The person's word on research before a plan.
    pub research: ResearchWhen,
}

/// The `[planning]` settings: how specs of this repository are planned, and what a person is asked about.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct PlanningSettings {
    /// The repository's word on research before a plan.
    pub research: ResearchWhen,
    /// What takes a person's yes before it is committed, in every mode but the fast one.
    pub ask_before: Vec<AskBefore>,
}

/// When there is research before a plan. A `never` counts more than an `always`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ResearchWhen {
    /// Where the planner asks for it, or the spec has signs of it.
    Auto,
    Always,
    Never,
}

/// What has to be committed before a run in fast mode begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UncommittedWork {
    /// Everything but the spec.
    Refuse,
    /// What the spec says that it touches; everything where it says nothing.
    Touched,
}

/// What becomes of a run whose spec is saved with something else in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnChange {
    /// It goes on, and its person is told how to choose.
    Ask,
    /// It is ended, and the new version is built.
    Restart,
    /// It goes on; the new version is not built.
    Ignore,
}

/// What becomes of a task whose executor asks for a file that it may not change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnExtension {
    /// A person is asked.
    #[default]
    Ask,
    /// It may change it where the spec's `touches` name it; a person is asked about any other.
    Grant,
}

/// What a task may change that takes a person's yes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AskBefore {
    Dependency,
    Interface,
    Architecture,
}
