//! The `[learn]` settings: when findings become a rule, and how large the constitution may grow.

use serde::Deserialize;

use crate::domain::policy::switch::Switch;
use crate::domain::policy::unit;

#[derive(Clone, Debug, Deserialize)]
pub struct LearnSettings {
    pub after: LearnAfter,
    pub start: RuleStart,
    /// Whether an agent drafts, without being asked for, what code cannot.
    pub draft: Switch,
    pub noise: usize,
    pub budget: ConstitutionBudget,
}

/// When a mistake has come back often enough to become a rule.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct LearnAfter {
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
pub struct ConstitutionBudget {
    pub rules: usize,
    #[serde(deserialize_with = "unit::bytes")]
    pub bytes: u64,
}
