//! The `[[prepare]]` settings: what is made with the network, once, before what an agent wrote is tested
//! without it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::domain::policy::unit;

/// A command that fetches what a project depends on, and what of its result stays.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct PrepareStep {
    /// A line for `sh -c`, at the top of a checkout of the base.
    pub run: String,
    /// The files of which it is a function: it runs once for each content of them.
    pub files: Vec<String>,
    /// What it makes and others find in their place, read-only.
    pub keep: Vec<String>,
    /// Variables of it and of all later commands, each with the path of a kept folder as its value.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// Untracked files of the person's work tree that it and the tests find.
    #[serde(default)]
    pub env_files: Vec<String>,
    #[serde(default)]
    pub changed: OnChangedFiles,
    #[serde(default = "PrepareStep::default_timeout", deserialize_with = "unit::duration")]
    pub timeout: Duration,
}

/// What becomes of one whose files an agent changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnChangedFiles {
    /// It does not run: a new dependency is for a person to bring in.
    #[default]
    Refuse,
    /// It runs, with the network, on what the agent wrote.
    Run,
}

impl PrepareStep {
    /// The keys of a `[[prepare]]` table, for the check of unknown ones.
    pub const KEYS: [&str; 7] = ["run", "files", "keep", "env", "env-files", "changed", "timeout"];

    fn default_timeout() -> Duration {
        Duration::from_mins(15)
    }
}
