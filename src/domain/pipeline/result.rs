//! What a review came to, as data.

use crate::domain::model::agent::{Route, Spent};
use crate::domain::model::report::Report;
use crate::domain::model::severity::Severity;
use crate::domain::pipeline::review_loop::ResumeWhen;
use crate::domain::review::decide::Decision;
use crate::domain::review::deliver::unscanned::Remedy;
use crate::domain::review::finding::{AssessedCriterion, Quote};

/// The outcome of a review.
#[derive(Clone, Debug)]
pub struct ReviewResult {
    /// `commit 0123456789`
    pub title: String,
    /// The files of the change, as shown.
    pub paths: Vec<String>,
    pub report: Report,
    pub ending: ReviewEnding,
}

/// How it ended.
#[derive(Clone, Debug)]
pub enum ReviewEnding {
    /// The change is empty, or contains no text: no pass, and blocked where a gate blocks.
    Nothing,
    /// No model reviewed: the report is the gates' alone.
    NotReviewed {
        why: Vec<String>,
    },
    Reviewed(Box<ReviewDetails>),
}

/// The run, its reviewers and its decision.
#[derive(Clone, Debug)]
pub struct ReviewDetails {
    pub run: String,
    pub route: Route,
    pub reviewer: String,
    pub arbiter: String,
    pub decision: Decision,
    pub criteria: Vec<AssessedCriterion>,
    pub unscanned: Vec<(String, String)>,
    /// How many files of the change were reviewed.
    pub files: usize,
    /// What would let a review see all of the change that it could not be shown.
    pub remedy: Option<Remedy>,
    /// How many findings name no location in the tree.
    pub unanchored: usize,
    pub spent: Spent,
    /// The receipt's id, where the review was complete.
    pub receipt: Option<String>,
    /// Whether a receipt of an earlier review answered.
    pub from_receipt: bool,
    /// Of a run that is paused: when there is a point in going on.
    pub resume_when: Option<ResumeWhen>,
    pub offer: Option<Offer>,
    /// What was found and stops nothing any more.
    pub settled: Vec<SettledFinding>,
    /// The severe findings that stay in a change that passes, by name.
    pub staying: Vec<String>,
    /// The files that fixes touched beside those that findings are about.
    pub beside: Vec<String>,
}

/// A finding that was dismissed, or that a fix resolved.
#[derive(Clone, Debug)]
pub struct SettledFinding {
    /// Its id in the run.
    pub id: String,
    pub title: String,
    /// As it was claimed.
    pub severity: Severity,
    /// `src/a.rs:12`
    pub place: String,
    /// `refuted`, `out of scope`, `duplicate of F-1`, `resolved by fix 1`.
    pub outcome: String,
    pub failure: String,
    /// The arbiter's reason.
    pub reason: String,
    /// What the arbiter quoted.
    pub evidence: Vec<Quote>,
    /// The reason of the second process; empty where none was needed.
    pub second: String,
}

/// Fixes that the person may take.
#[derive(Clone, Debug)]
pub struct Offer {
    /// What to merge: a branch, or the ref of an attempt.
    pub branch: String,
    /// The commit that the fixes are built on, shortened.
    pub base: String,
    /// How many commits of fixes there are.
    pub fixes: usize,
    /// Whether the change was not committed when it was reviewed: then a merge would run into it.
    pub of_staged: bool,
}
