//! The `[watch]` settings: which specs are watched, and how.

use std::time::Duration;

use serde::Deserialize;

use crate::domain::policy::unit;

#[derive(Clone, Debug, Deserialize)]
pub struct WatchSettings {
    /// Globs of the specs.
    pub specs: Vec<String>,
    pub method: WatchMethod,
    #[serde(deserialize_with = "unit::duration")]
    pub settle: Duration,
    #[serde(deserialize_with = "unit::duration")]
    pub rescan: Duration,
    pub start: WatchStart,
    /// A page about each spec; in the user's own settings alone.
    pub progress: ProgressPages,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WatchMethod {
    Auto,
    Native,
    Poll,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WatchStart {
    OnDemand,
    Manual,
}

/// Whether the watcher writes a page about each spec into the work tree.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProgressPages {
    #[default]
    Off,
    /// Below `docs/progress/`.
    File,
}
