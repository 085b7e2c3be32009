//! The request of a learning session.

use crate::domain::constitution::rule::RuleCheck;
use crate::domain::model::class::Class;

/// What to learn. The default is what is learned without a request.
#[derive(Debug, Default)]
pub struct LearnRequest {
    /// The class that a person names: its rule may be learned again after it was deleted.
    pub class: Option<Class>,
    /// A person's own check for the class, which needs no recurrence.
    pub check: Option<RuleCheck>,
    /// Ask an agent for a draft where code finds no check: it costs money.
    pub agent: bool,
    /// Write nothing.
    pub dry_run: bool,
}
