//! A finding: one thing wrong, and where.

use bstr::BString;
use serde::{Deserialize, Serialize};

use crate::domain::model::class::Class;
use crate::domain::model::gate::Gate;
use crate::domain::model::severity::Severity;

/// One thing wrong, as a gate states it. It has no identity yet: the ledger gives one.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Finding {
    pub gate: Gate,
    /// The rule within the gate: `github-token`, `R-7f3a`, `clippy::unwrap_used`.
    pub rule: String,
    pub class: Class,
    pub severity: Severity,
    /// Whether it stops the change. Computed from policy, never claimed by who found it.
    pub effect: Effect,
    /// `None` where the whole change is meant (a commit message's form, the size of a change).
    pub place: Option<Location>,
    /// The text at the place, verbatim, so that the finding can be found again after the file has
    /// moved on; already redacted where it would show a secret. Empty where there is no text.
    pub anchor: String,
    /// What is wrong and why, lower case, without a full stop.
    pub message: String,
    /// What to do about it; printed as `hint:`. Empty when there is nothing to say.
    pub suggestion: String,
}

/// What a finding does to the change it was found in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// Counted and kept, not shown by a hook: how a rule in `shadow` is tried.
    Shadow,
    Warn,
    Block,
}

/// Where a finding is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Location {
    #[serde(rename = "spot")]
    pub kind: LocationKind,
    /// Counted from 1; 0 where the whole file is meant.
    pub line: u32,
    /// In bytes, counted from 1; 0 where the whole line is meant.
    pub column: u32,
    /// The last line, at least `line`.
    pub end_line: u32,
}

/// What a place is in.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LocationKind {
    /// A file of the evaluated tree; a git path is bytes.
    File(BString),
    /// The message of the commit under evaluation.
    CommitMessage,
    /// The message of the annotated tag of that name.
    TagMessage(BString),
    /// The headers of the commit under evaluation: who wrote it, signatures, anything else.
    CommitHeaders,
    /// The headers of the annotated tag of that name.
    TagHeaders(BString),
    /// A ref being pushed.
    Ref(BString),
}

impl LocationKind {
    /// For people and for reports: a path, or what it is instead. Bytes that are not UTF-8 are
    /// replaced.
    pub fn display(&self) -> String {
        match self {
            Self::File(path) | Self::Ref(path) => path.to_string(),
            Self::CommitMessage => "commit message".to_owned(),
            Self::TagMessage(tag) => format!("message of tag {tag}"),
            Self::CommitHeaders => "headers of the commit".to_owned(),
            Self::TagHeaders(tag) => format!("headers of tag {tag}"),
        }
    }
}

impl Location {
    /// A whole file.
    pub fn file(path: impl Into<BString>) -> Self {
        Self { kind: LocationKind::File(path.into()), line: 0, column: 0, end_line: 0 }
    }

    /// One line of a file, counted from 1.
    pub fn line(path: impl Into<BString>, line: u32) -> Self {
        Self { kind: LocationKind::File(path.into()), line, column: 0, end_line: line }
    }

    /// The path, where the place is in a file.
    pub fn path(&self) -> Option<&BString> {
        match &self.kind {
            LocationKind::File(path) => Some(path),
            LocationKind::CommitMessage
            | LocationKind::TagMessage(_)
            | LocationKind::CommitHeaders
            | LocationKind::TagHeaders(_)
            | LocationKind::Ref(_) => None,
        }
    }
}
