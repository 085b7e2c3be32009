//! Tests of the rules and of what makes them.

mod check;
mod drafting;
mod grouping;
mod learning;
mod promotion;
mod prompt;
mod rules;

use crate::domain::constitution::rule::{
    Origin, Rule, RuleCheck, RulePlace, RuleScope, RuleStatus,
};
use crate::domain::model::class::Class;
use crate::domain::model::severity::Severity;

/// A rule with a regular expression, to start a test from.
fn a_rule(id: &str, pattern: &str) -> Rule {
    Rule {
        id: id.to_owned(),
        title: "Return or log every error".to_owned(),
        status: RuleStatus::Active,
        severity: Severity::High,
        class: Class::new("error-handling/unchecked-result"),
        paths: Vec::new(),
        check: RuleCheck::Regex { pattern: pattern.to_owned(), on: RuleScope::AddedLines },
        origin: Some(Origin {
            findings: vec!["01J".to_owned()],
            changes: 2,
            first: Some("2026-10-02".to_owned()),
        }),
        sentence: "Why it matters.".to_owned(),
        bad: vec!["let _ = fs::write(a, b);".to_owned()],
        good: vec!["fs::write(a, b)?;".to_owned()],
        at: RulePlace::default(),
    }
}
