//! The `[runs]` settings: runs of specs. The user's own: they decide what is spent.

use serde::Deserialize;

use crate::domain::policy::unit;

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct RunSettings {
    /// How many run at the same time in one repository.
    #[serde(deserialize_with = "unit::parallel")]
    pub at_once: usize,
    pub changed: OnChange,
    /// After how many tasks each a run asks its person; 0 for never.
    #[serde(deserialize_with = "unit::tasks")]
    pub ask_every: usize,
    /// What fast mode refuses to build past.
    pub fast_dirty: UncommittedWork,
    /// The person's word on research before a plan.
    pub research: ResearchWhen,
}

/// The `[planning]` settings: how specs of this repository are planned.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct PlanningSettings {
    /// The repository's word on research before a plan.
    pub research: ResearchWhen,
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
