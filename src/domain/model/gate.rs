//! The gates by name.

use serde::{Deserialize, Serialize};

/// Where a finding comes from. The set is closed: a new gate is a new variant and a new file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Gate {
    ProtectedBranch,
    Secrets,
    SensitiveFiles,
    ConflictMarkers,
    LargeFiles,
    CaseConflict,
    CommitMessage,
    Scope,
    Constitution,
    Governance,
    Commands,
    /// What a model found and an arbiter upheld.
    Review,
    /// A test of an attacker that fails, by a clause of the spec, and that an arbiter upheld.
    Attack,
    /// A person's remark, given with `tribunal findings add`.
    Person,
    /// Another tool's report, given with `tribunal findings import`.
    Import,
}

impl Gate {
    /// The gates that check a change, in the order in which they run and are reported.
    pub const OF_CHANGES: [Self; 11] = [
        Self::ProtectedBranch,
        Self::Secrets,
        Self::SensitiveFiles,
        Self::ConflictMarkers,
        Self::LargeFiles,
        Self::CaseConflict,
        Self::CommitMessage,
        Self::Scope,
        Self::Constitution,
        Self::Governance,
        Self::Commands,
    ];

    /// Those whose findings can recur into a rule.
    pub const LEARNABLE: [Self; 5] =
        [Self::Commands, Self::Review, Self::Attack, Self::Person, Self::Import];

    /// Those that check nothing by themselves: their findings are brought in.
    pub const BROUGHT_IN: [Self; 4] = [Self::Review, Self::Attack, Self::Person, Self::Import];

    /// The name used in files, in `TRIBUNAL_SKIP` and in output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ProtectedBranch => "protected-branch",
            Self::Secrets => "secrets",
            Self::SensitiveFiles => "sensitive-files",
            Self::ConflictMarkers => "conflict-markers",
            Self::LargeFiles => "large-files",
            Self::CaseConflict => "case-conflict",
            Self::CommitMessage => "commit-message",
            Self::Scope => "scope",
            Self::Constitution => "constitution",
            Self::Governance => "governance",
            Self::Commands => "commands",
            Self::Review => "review",
            Self::Attack => "attack",
            Self::Person => "person",
            Self::Import => "import",
        }
    }

    /// What a finding of this gate means, in a sentence for people.
    pub fn description(self) -> &'static str {
        match self {
            Self::ProtectedBranch => "a protected branch would be changed in a way it must not be",
            Self::Secrets => "what would be published contains a secret",
            Self::SensitiveFiles => {
                "a file that usually holds credentials or private data is added"
            }
            Self::ConflictMarkers => "a file has a marker of an unresolved merge conflict",
            Self::LargeFiles => "a file is larger than the policy allows",
            Self::CaseConflict => "two paths differ in case alone, which some systems cannot hold",
            Self::CommitMessage => "a commit message is not of the form that the policy asks for",
            Self::Scope => "a change is larger than what can be reviewed at a time",
            Self::Constitution => "a rule that was learned or written here is broken",
            Self::Governance => "a change touches the policy that it is checked against",
            Self::Commands => "a command of the project's own failed or reported this",
            Self::Review => "a model found this in a review and an arbiter upheld it",
            Self::Attack => {
                "a test that an agent wrote against the spec fails, and an arbiter upheld it"
            }
            Self::Person => "a person added this",
            Self::Import => "another tool reported this",
        }
    }

    /// The gate of that name, whether it checks changes or only brings findings in.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::OF_CHANGES.into_iter().chain(Self::BROUGHT_IN).find(|g| g.as_str() == name)
    }

    /// Whether a model's word is in its findings, which an arbiter upheld.
    pub fn is_of_models(self) -> bool {
        matches!(self, Self::Review | Self::Attack)
    }

    /// Whether findings of this gate can recur into a rule.
    ///
    /// The mechanical gates stop their findings by themselves; a rule about them would say the
    /// same thing twice.
    pub fn is_learnable(self) -> bool {
        Self::LEARNABLE.contains(&self)
    }
}

impl std::fmt::Display for Gate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
