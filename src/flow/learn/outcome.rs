//! What came of a session of learning.

use crate::domain::constitution::prove::Proof;
use crate::domain::constitution::rule::{Rule, RuleError};
use crate::domain::model::class::Class;
use crate::flow::learn::moves::Move;

/// What came of a mistake that came back.
#[derive(Debug)]
pub struct Learned {
    pub class: Class,
    pub component: String,
    pub findings: usize,
    pub changes: usize,
    /// The agent that drafted the rule.
    pub drafted_by: Option<String>,
    pub outcome: Outcome,
}

#[derive(Debug)]
pub enum Outcome {
    /// A rule for it was written, or with a dry run would be.
    Rule { rule: Box<Rule>, proof: Proof },
    /// These rules say it already.
    Known { ids: Vec<String> },
    /// A person deleted this rule.
    Forgotten { id: String },
    /// This rule stands on another branch, where the mistakes are.
    Elsewhere { id: String },
    /// A person's check was not proved.
    Unproved { reason: String },
    /// There is no room for another rule.
    Full { reason: String },
    /// The file cannot take it.
    Broken(RuleError),
}

/// What a session of learning came to.
#[derive(Debug, Default)]
pub struct Session {
    pub learned: Vec<Learned>,
    /// Rules that moved on their ladder, and what is proposed of others.
    pub moves: Vec<Move>,
    /// What is wrong with the files of rules. What stands in them stays as it is.
    pub errors: Vec<RuleError>,
    /// What was said of damaged files of the program's own.
    pub warnings: Vec<String>,
    /// Drafts that could not be had, and why.
    pub undrafted: Vec<String>,
    /// We were told to stop while an agent drafted; nothing was learned.
    pub interrupted: bool,
}

impl Session {
    /// Whether a file of the work tree was written.
    pub fn wrote(&self) -> bool {
        let rule = |learned: &Learned| matches!(learned.outcome, Outcome::Rule { .. });
        self.learned.iter().any(rule) || self.moves.iter().any(|step| step.to.is_some())
    }
}
