//! A reviewer's finding after it was checked against the tree.

use serde::{Deserialize, Serialize};

use crate::domain::model::class::Class;
use crate::domain::model::severity::Severity;

/// One thing that a reviewer claims to be wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewFinding {
    /// Given by the program, unique in a run: `F-1`, `F-2` …
    pub id: String,
    pub class: Class,
    /// Claimed; whether it blocks is computed.
    pub severity: Severity,
    /// What it goes against: `spec:AC-2`, `rule:R-7f3a`, `invariant`.
    pub basis: String,
    /// At most 80 characters.
    pub title: String,
    pub path: String,
    /// The text that is meant, verbatim, one to five lines.
    pub anchor: String,
    /// From an input or a state to the wrong outcome, one sentence.
    pub failure: String,
    pub evidence: Vec<Quote>,
    /// What to do; empty where it says nothing.
    pub fix: String,
    /// A regular expression for more places of the same mistake; empty where there is none.
    #[serde(rename = "sweep")]
    pub search_pattern: String,
    /// The known finding that the reviewer calls the same mistake, by its id in the run.
    #[serde(default)]
    pub same_as: Option<String>,
    /// Where the anchor was found. The model gives no line numbers.
    pub anchored: Anchored,
    #[serde(default, skip_serializing_if = "FindingOrigin::is_change")]
    pub origin: FindingOrigin,
}

impl ReviewFinding {
    /// Whether it could block a change that brings it.
    pub fn is_severe(&self) -> bool {
        match self.severity {
            Severity::Critical | Severity::High => true,
            Severity::Medium => self.basis.starts_with("spec:"),
            Severity::Low => false,
        }
    }
}

/// Where a finding came from, as far as code can tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FindingOrigin {
    /// The change, or it may be.
    #[default]
    Change,
    /// It was there before, in a file that the change does not touch: it never blocks.
    Before,
    /// The spec: a complete review found a criterion unmet that no finding is about. It is in no line.
    Criterion,
}

impl FindingOrigin {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
    fn is_change(&self) -> bool {
        *self == Self::Change
    }
}

/// Text that is claimed to be in a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    pub path: String,
    /// Verbatim.
    pub text: String,
}

/// How an anchor was found in the file that it names. Lines count from 1, the end included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Anchored {
    /// As it stands, in a line that the change touches or within three lines of one.
    Exact { line: u32, end_line: u32 },
    /// White space apart.
    Normalised { line: u32, end_line: u32 },
    /// Nearly: most of its words in their order.
    Near { line: u32, end_line: u32 },
    /// As it stands or nearly, far from what the change touches.
    Elsewhere { line: u32, end_line: u32 },
    /// In lines that the change removes; these are the lines that now stand there. Of a file that
    /// is gone it is the first.
    Removed { line: u32, end_line: u32 },
    /// Not there: the finding is a mere note.
    Nowhere,
}

impl Anchored {
    /// The first and the last line; `None` where it was not found.
    pub fn lines(self) -> Option<(u32, u32)> {
        match self {
            Self::Exact { line, end_line }
            | Self::Normalised { line, end_line }
            | Self::Near { line, end_line }
            | Self::Elsewhere { line, end_line }
            | Self::Removed { line, end_line } => Some((line, end_line)),
            Self::Nowhere => None,
        }
    }
}

/// What became of an acceptance criterion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CriterionStatus {
    Met,
    Missing,
    Deviation,
    NotAssessed,
}

impl CriterionStatus {
    pub const ALL: [Self; 4] = [Self::Met, Self::Missing, Self::Deviation, Self::NotAssessed];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::Missing => "missing",
            Self::Deviation => "deviation",
            Self::NotAssessed => "not assessed",
        }
    }
}

/// A criterion with its status in the review.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssessedCriterion {
    /// `AC-1`
    pub id: String,
    pub met: CriterionStatus,
    /// One line.
    pub why: String,
}

/// How many criteria of a spec are not met, for people: "2 of 5 criteria of `login` are not met yet (AC-1,
/// AC-4)"; `None` where none is known to be unmet.
pub fn unmet_in_words(spec: &str, assessed: &[AssessedCriterion]) -> Option<String> {
    let is_unmet = |one: &&AssessedCriterion| {
        matches!(one.met, CriterionStatus::Missing | CriterionStatus::Deviation)
    };
    let unmet: Vec<&str> = assessed.iter().filter(is_unmet).map(|one| one.id.as_str()).collect();
    let verb = if unmet.len() == 1 { "is" } else { "are" };
    let criteria = if assessed.len() == 1 { "criterion" } else { "criteria" };
    (!unmet.is_empty()).then(|| {
        format!(
            "{} of {} {criteria} of `{spec}` {verb} not met yet ({})",
            unmet.len(),
            assessed.len(),
            unmet.join(", ")
        )
    })
}

/// A later round's answer on a finding that was open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerifiedFinding {
    /// The finding's id in the run.
    pub id: String,
    pub resolved: bool,
    /// Where it now stands or what resolves it, verbatim; checked against the tree.
    pub quote: Quote,
}

/// Whether everything that was delivered was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Completeness {
    Complete,
    /// Each unread file with the reason, for people.
    Incomplete(Vec<(String, String)>),
}
