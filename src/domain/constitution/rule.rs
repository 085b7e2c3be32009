//! A rule as data.

use crate::domain::model::class::Class;
use crate::domain::model::language::Language;
use crate::domain::model::severity::Severity;

/// One section of a topic file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// `R-` and at least four hexadecimal digits.
    pub id: String,
    pub title: String,
    pub status: RuleStatus,
    pub severity: Severity,
    pub class: Class,
    /// Globs over repository paths, `!` before those that are left out. Empty: everywhere.
    pub paths: Vec<String>,
    pub check: RuleCheck,
    pub origin: Option<Origin>,
    /// What people and prompts read.
    pub sentence: String,
    /// Examples that the check must match, each as code.
    pub bad: Vec<String>,
    /// Examples that it must not match.
    pub good: Vec<String>,
    /// The topic file and the line of the heading, counted from 1.
    pub at: RulePlace,
}

/// A line of a topic file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RulePlace {
    pub path: String,
    pub line: u32,
    /// The line of the check, for what is wrong with its pattern.
    pub check_line: u32,
}

/// The status of a rule, from proposed to retired.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RuleStatus {
    /// Written down, not yet in force.
    Proposed,
    /// Its hits are counted and stop nothing.
    Shadow,
    Active,
    Retired,
}

/// How a rule is checked by machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RuleCheck {
    Regex {
        pattern: String,
        on: RuleScope,
    },
    AstGrep {
        pattern: String,
        language: Language,
        on: RuleScope,
    },
    /// A command of the repository's own, run only where the user trusted it.
    Command {
        run: String,
    },
    /// Prose alone.
    None,
}

/// Which text a check is matched against.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RuleScope {
    /// Matches that touch a line which the change added.
    #[default]
    AddedLines,
    /// Whole files that the change touches.
    TouchedFiles,
    /// Every file of the tree.
    Tree,
}

/// What gave rise to a rule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    pub findings: Vec<String>,
    pub changes: u32,
    /// The day of the first finding, `2026-10-02`.
    pub first: Option<String>,
}

impl Rule {
    /// A rule of which nothing is known but its check, to try the check.
    pub fn with_check(check: RuleCheck) -> Self {
        Self {
            id: "R-0000".to_owned(),
            title: String::new(),
            status: RuleStatus::Proposed,
            severity: Severity::Medium,
            class: Class::new("other/unnamed"),
            paths: Vec::new(),
            check,
            origin: None,
            sentence: String::new(),
            bad: Vec::new(),
            good: Vec::new(),
            at: RulePlace::default(),
        }
    }
}

impl RuleStatus {
    pub const ALL: [Self; 4] = [Self::Proposed, Self::Shadow, Self::Active, Self::Retired];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Proposed => "proposed",
            Self::Shadow => "shadow",
            Self::Active => "active",
            Self::Retired => "retired",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }

    /// Whether a rule of this status is checked.
    pub fn is_checked(self) -> bool {
        matches!(self, Self::Shadow | Self::Active)
    }
}

impl RuleScope {
    pub const ALL: [Self; 3] = [Self::AddedLines, Self::TouchedFiles, Self::Tree];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::AddedLines => "added-lines",
            Self::TouchedFiles => "touched-files",
            Self::Tree => "tree",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|on| on.as_str() == name)
    }
}

impl RuleCheck {
    /// Whether the constitution gate itself can run it.
    pub fn is_pattern(&self) -> bool {
        matches!(self, Self::Regex { .. } | Self::AstGrep { .. })
    }

    pub fn kind(&self) -> &'static str {
        match self {
            Self::Regex { .. } => "regex",
            Self::AstGrep { .. } => "ast-grep",
            Self::Command { .. } => "command",
            Self::None => "none",
        }
    }

    pub fn pattern(&self) -> Option<&str> {
        match self {
            Self::Regex { pattern, .. } | Self::AstGrep { pattern, .. } => Some(pattern),
            Self::Command { .. } | Self::None => None,
        }
    }

    /// The language of a structural pattern.
    pub fn language(&self) -> Option<Language> {
        match self {
            Self::AstGrep { language, .. } => Some(*language),
            Self::Regex { .. } | Self::Command { .. } | Self::None => None,
        }
    }

    /// Which text it is matched against; a command decides for itself.
    pub fn on(&self) -> Option<RuleScope> {
        match self {
            Self::Regex { on, .. } | Self::AstGrep { on, .. } => Some(*on),
            Self::Command { .. } | Self::None => None,
        }
    }
}

/// What is wrong with a rule, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}:{line}: {message}")]
pub struct RuleError {
    pub path: String,
    /// Counted from 1.
    pub line: u32,
    pub message: String,
    /// What to do about it; empty when there is nothing to say.
    pub hint: String,
}
