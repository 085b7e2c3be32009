//! The outcome of a learning session.

use crate::domain::constitution::prove::Proof;
use crate::domain::constitution::rule::{Rule, RuleError};
use crate::domain::model::class::Class;
use crate::flow::learn::status_changes::StatusChange;

/// What became of one recurring class.
#[derive(Debug)]
pub struct Learned {
    pub class: Class,
    pub component: String,
    pub findings: usize,
    pub changes: usize,
    /// The agent that drafted the rule.
    pub drafted_by: Option<String>,
    pub outcome: LearnOutcome,
}

#[derive(Debug)]
pub enum LearnOutcome {
    /// A rule was written, or with a dry run would be.
    Rule { rule: Box<Rule>, proof: Proof },
    /// These rules cover it already.
    Known { ids: Vec<String> },
    /// A person deleted this rule.
    Forgotten { id: String },
    /// This rule is on another branch, as are the findings.
    Elsewhere { id: String },
    /// A person's check was not proved.
    Unproved { reason: String },
    /// The budget allows no further rule.
    Full { reason: String },
    /// The rule cannot be added to its file.
    Broken(RuleError),
}

impl LearnOutcome {
    /// Why no rule came of it; empty where one did.
    pub fn reason(&self) -> String {
        match self {
            Self::Rule { .. } => String::new(),
            Self::Known { ids } => format!("{} covers it", ids.join(", ")),
            Self::Forgotten { id } => format!("a person deleted {id}"),
            Self::Elsewhere { id } => format!("{id} is on another branch"),
            Self::Unproved { reason } | Self::Full { reason } => reason.clone(),
            Self::Broken(error) => format!("`{}`: {}", error.path, error.message),
        }
    }
}

/// The outcome of one session.
#[derive(Debug, Default)]
pub struct LearnSession {
    pub learned: Vec<Learned>,
    /// Status changes of rules, made and proposed.
    pub moves: Vec<StatusChange>,
    /// Errors in the constitution's files, which are left as they are.
    pub errors: Vec<RuleError>,
    /// Warnings about damaged state files.
    pub warnings: Vec<String>,
    /// Drafts that no agent gave, with the reason.
    pub undrafted: Vec<String>,
    /// A signal interrupted a draft; nothing was learned.
    pub interrupted: bool,
}

impl LearnSession {
    /// Whether a file of the work tree was written.
    pub fn wrote(&self) -> bool {
        let rule = |learned: &Learned| matches!(learned.outcome, LearnOutcome::Rule { .. });
        self.learned.iter().any(rule) || self.moves.iter().any(|step| step.to.is_some())
    }
}
