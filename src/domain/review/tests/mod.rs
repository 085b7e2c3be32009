//! What a review is asked, what counts as its answer, and what is made of it.

mod anchor;
mod answer;
mod assemble;
mod measure;
mod prompt;
mod proof;
mod question_hash;
mod surroundings;

use crate::domain::model::class::Class;
use crate::domain::model::severity::Severity;
use crate::domain::review::answer::RawFinding;

/// A well-formed finding at that place.
pub fn claim(path: &str, anchor: &str) -> RawFinding {
    RawFinding {
        class: Class::new("error-handling/swallowed-error"),
        severity: Severity::High,
        basis: "invariant".into(),
        title: "the error is lost".into(),
        path: path.into(),
        anchor: anchor.into(),
        failure: "a full disk -> the file is silently empty".into(),
        evidence: Vec::new(),
        fix: String::new(),
        search_pattern: String::new(),
        same_as: None,
        was_there: false,
    }
}
