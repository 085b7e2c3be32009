//! The `[runs]` settings: runs of specs that the watcher starts. The user's own: they decide what is spent.

use serde::Deserialize;

use crate::domain::policy::unit;

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct RunSettings {
    /// How many run at the same time in one repository.
    #[serde(deserialize_with = "unit::parallel")]
    pub at_once: usize,
    pub changed: OnChange,
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
