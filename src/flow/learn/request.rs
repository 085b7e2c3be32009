//! What a person or the daemon asks a session of learning for.

use crate::domain::constitution::rule::RuleCheck;
use crate::domain::model::class::Class;

/// What is asked for. Nothing set is what happens by itself.
#[derive(Debug, Default)]
pub struct Request {
    /// A class that a person names: its rule may come back after it was deleted.
    pub class: Option<Class>,
    /// A person's own check for it, which needs no recurrence.
    pub check: Option<RuleCheck>,
    /// An agent is asked to draft what code cannot: it costs money.
    pub agent: bool,
    /// Nothing is written.
    pub dry_run: bool,
}
