//! What holds: every setting, with its value.

use std::time::Duration;

use serde::Deserialize;

use crate::config::unit;
use crate::model::finding::Effect;
use crate::model::gate::Gate;

/// The resolved policy. Every key has a value: where nobody gave one, `default.toml` did.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Policy {
    pub protect: Protect,
    pub gates: Gates,
    #[serde(default)]
    pub commands: Vec<CommandGate>,
    pub watch: Watch,
    pub learn: Learn,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Protect {
    /// Globs of branch names, without `refs/heads/`; beside the remote's default branch.
    pub branches: Vec<String>,
}

/// What a gate's findings do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    Off,
    Warn,
    Block,
}

impl Level {
    /// The effect of a finding of a gate at this level; `None` where the gate is off.
    pub fn effect(self) -> Option<Effect> {
        match self {
            Self::Off => None,
            Self::Warn => Some(Effect::Warn),
            Self::Block => Some(Effect::Block),
        }
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Gates {
    pub protected_branch: Plain,
    pub secrets: Secrets,
    pub sensitive_files: Plain,
    pub conflict_markers: Plain,
    pub large_files: LargeFiles,
    pub case_conflict: Plain,
    pub commit_message: CommitMessage,
    pub scope: Scope,
    pub constitution: Plain,
    pub governance: Plain,
    pub commands: Plain,
}

impl Gates {
    /// Switches a gate off, as `TRIBUNAL_SKIP` asks.
    pub fn switch_off(&mut self, gate: Gate) {
        let level = match gate {
            Gate::ProtectedBranch => &mut self.protected_branch.level,
            Gate::Secrets => &mut self.secrets.level,
            Gate::SensitiveFiles => &mut self.sensitive_files.level,
            Gate::ConflictMarkers => &mut self.conflict_markers.level,
            Gate::LargeFiles => &mut self.large_files.level,
            Gate::CaseConflict => &mut self.case_conflict.level,
            Gate::CommitMessage => &mut self.commit_message.level,
            Gate::Scope => &mut self.scope.level,
            Gate::Constitution => &mut self.constitution.level,
            Gate::Governance => &mut self.governance.level,
            Gate::Commands => &mut self.commands.level,
            Gate::Person | Gate::Import => return,
        };
        *level = Level::Off;
    }
}

/// A gate with nothing to set but its level.
#[derive(Clone, Debug, Deserialize)]
pub struct Plain {
    pub level: Level,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Secrets {
    pub level: Level,
    /// For secrets known by a name and randomness alone, not by a provider's form.
    pub generic: Level,
    /// Globs of paths that may hold anything.
    pub allow_paths: Vec<String>,
    /// Fingerprints of secrets that are known and accepted.
    pub allow: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
pub struct LargeFiles {
    pub level: Level,
    /// In bytes.
    #[serde(deserialize_with = "unit::bytes")]
    pub max: u64,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct CommitMessage {
    pub level: Level,
    pub types: Vec<String>,
    /// In characters.
    pub subject_max: usize,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Scope {
    pub level: Level,
    pub files: usize,
    /// Added and removed lines together.
    pub lines: usize,
    /// Globs of paths that are counted apart: tests, lock files, generated files.
    pub exempt: Vec<String>,
}

/// A command that the repository wants to be run as a gate.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommandGate {
    pub name: String,
    /// A line for `sh -c`, at the top of a tree of the program's own.
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
    /// Untracked paths of the work tree that are lent to the tree of the program's own.
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

    fn default_on() -> Vec<Moment> {
        vec![Moment::PrePush]
    }

    fn default_timeout() -> Duration {
        Duration::from_mins(10)
    }
}

#[derive(Clone, Debug, Deserialize)]
pub struct Watch {
    /// Globs of the specs.
    pub specs: Vec<String>,
    pub method: WatchMethod,
    #[serde(deserialize_with = "unit::duration")]
    pub settle: Duration,
    #[serde(deserialize_with = "unit::duration")]
    pub rescan: Duration,
    pub start: WatchStart,
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

#[derive(Clone, Debug, Deserialize)]
pub struct Learn {
    pub after: After,
    pub start: RuleStart,
    pub noise: usize,
    pub budget: Budget,
}

/// When a mistake has come back often enough to become a rule.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct After {
    pub findings: usize,
    pub changes: usize,
    pub days: u32,
    /// So many critical findings are enough by themselves.
    pub criticals: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RuleStart {
    Active,
    Shadow,
}

/// How large the constitution may grow.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Budget {
    pub rules: usize,
    #[serde(deserialize_with = "unit::bytes")]
    pub bytes: u64,
}
