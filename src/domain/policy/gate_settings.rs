//! The `[gates]` settings: the level of each gate and its limits.

use serde::Deserialize;

use crate::domain::model::finding::Effect;
use crate::domain::model::gate::Gate;
use crate::domain::policy::unit;

/// What a gate's findings do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GateLevel {
    Off,
    Warn,
    Block,
}

impl GateLevel {
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
pub struct GateSettings {
    pub protected_branch: Plain,
    pub secrets: SecretSettings,
    pub sensitive_files: Plain,
    pub conflict_markers: ConflictMarkers,
    pub large_files: LargeFiles,
    pub case_conflict: Plain,
    pub commit_message: CommitMessage,
    pub scope: ScopeLimits,
    pub constitution: Plain,
    pub governance: Plain,
    pub commands: Plain,
}

impl GateSettings {
    /// Switches a gate off, as `TRIBUNAL_SKIP` asks.
    pub fn switch_off(&mut self, gate: Gate) {
        if let Some(level) = self.level_of(gate) {
            *level = GateLevel::Off;
        }
    }

    /// The level of a gate; `None` where the gate has no settings.
    pub fn level_of(&mut self, gate: Gate) -> Option<&mut GateLevel> {
        Some(match gate {
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
            Gate::Review | Gate::Attack | Gate::Person | Gate::Import => return None,
        })
    }
}

/// A gate with nothing to set but its level.
#[derive(Clone, Debug, Deserialize)]
pub struct Plain {
    pub level: GateLevel,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ConflictMarkers {
    pub level: GateLevel,
    /// Globs of paths that may hold markers: pages and tests that are about them.
    pub allow_paths: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct SecretSettings {
    pub level: GateLevel,
    /// For secrets known by a name and randomness alone, not by a provider's form.
    pub generic: GateLevel,
    /// Globs of paths that may hold anything.
    pub allow_paths: Vec<String>,
    /// Secrets that are known and accepted: fingerprints, and `name:<name> <rule> <path>` of values
    /// that could be guessed.
    pub allow: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
pub struct LargeFiles {
    pub level: GateLevel,
    /// In bytes.
    #[serde(deserialize_with = "unit::bytes")]
    pub max: u64,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct CommitMessage {
    pub level: GateLevel,
    pub types: Vec<String>,
    /// In characters.
    pub subject_max: usize,
}

#[derive(Clone, Debug, Deserialize)]
pub struct ScopeLimits {
    pub level: GateLevel,
    pub files: usize,
    /// Added and removed lines together.
    pub lines: usize,
    /// Globs of paths that are counted apart: tests, lock files, generated and vendored files.
    pub exempt: Vec<String>,
}
