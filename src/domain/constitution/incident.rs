//! Incidents, the findings with their texts that a rule is learned from, and the rules that exist
//! already.

use std::ops::Range;

use crate::domain::constitution::recurrence::Occurrence;
use crate::domain::constitution::rule::{Rule, RuleCheck, RuleStatus};
use crate::domain::model::class::Class;

/// A finding of the candidate with the texts that the caller could get.
#[derive(Clone, Debug)]
pub struct Incident {
    pub occurrence: Occurrence,
    /// The line or lines of the finding, verbatim.
    pub anchor: String,
    /// What to do about it, as its gate said; may be empty.
    pub suggestion: String,
    /// The file at the finding's commit; `None` where the commit is gone.
    pub file: Option<String>,
    /// Counted from 1.
    pub line: u32,
    pub end_line: u32,
    pub fix: Option<Fix>,
}

/// The code that replaced a finding.
#[derive(Clone, Debug)]
pub struct Fix {
    pub path: String,
    /// The whole file.
    pub text: String,
    /// The new lines, half-open, counted from 1; empty where the finding was only taken out.
    pub lines: Range<u32>,
}

/// A rule that a person deleted: it does not come back by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForgottenRule {
    pub id: String,
    pub class: Class,
    pub component: String,
    pub check: RuleCheck,
}

/// The rules that exist already, and the limits for new ones.
#[derive(Clone, Copy, Debug)]
pub struct ExistingRules<'a> {
    pub rules: &'a [Rule],
    pub forgotten: &'a [ForgottenRule],
    pub limits: ConstitutionLimits,
}

/// What bounds the constitution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConstitutionLimits {
    /// How often a new check may fire on the rest of the tree.
    pub hits_in_rest: u32,
    /// Rules in `shadow` and `active`, over all topics.
    pub checked_rules: usize,
    /// Rules without a check that are not retired.
    pub prose_rules: usize,
    /// The size of a topic file.
    pub topic_bytes: usize,
    /// Where a proved check begins: `active` or `shadow`.
    pub proved: RuleStatus,
}

impl Default for ConstitutionLimits {
    fn default() -> Self {
        Self {
            hits_in_rest: 5,
            checked_rules: 100,
            prose_rules: 20,
            topic_bytes: 32 * 1024,
            proved: RuleStatus::Active,
        }
    }
}
