//! The `[[commands]]` settings: the commands that run as gates.

use std::time::Duration;

use serde::Deserialize;

use crate::domain::policy::unit;

/// A command that the repository wants to be run as a gate.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommandGate {
    pub name: String,
    /// A line for `sh -c`, at the top of a workspace.
    pub run: String,
    #[serde(default = "CommandGate::default_on")]
    pub on: Vec<Moment>,
    /// Globs; the command runs when one of the changed paths matches. Empty means always.
    #[serde(default)]
    pub paths: Vec<String>,
    #[serde(default = "CommandGate::default_timeout", deserialize_with = "unit::duration")]
    pub timeout: Duration,
    /// `sarif`, `cargo-json`, `rdjson`, or a regex with named groups; without it only the exit code
    /// counts.
    #[serde(default)]
    pub format: Option<String>,
    /// Untracked paths of the work tree that are linked into the workspace.
    #[serde(default)]
    pub share: Vec<String>,
}

/// When a command gate runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Moment {
    PreCommit,
    PrePush,
    Run,
}

impl CommandGate {
    /// The keys of a `[[commands]]` table, for the check of unknown ones.
    pub const KEYS: [&str; 7] = ["name", "run", "on", "paths", "timeout", "format", "share"];

    /// A command of which only the line is known, without a limit of paths.
    pub fn plain(name: String, run: String) -> Self {
        Self {
            name,
            run,
            on: vec![Moment::Run],
            paths: Vec::new(),
            timeout: Self::default_timeout(),
            format: None,
            share: Vec::new(),
        }
    }

    fn default_on() -> Vec<Moment> {
        vec![Moment::PrePush]
    }

    fn default_timeout() -> Duration {
        Duration::from_mins(10)
    }
}
