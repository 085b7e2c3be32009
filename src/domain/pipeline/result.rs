//! What a review came to, as data.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::domain::model::agent::{Route, Spent};
use crate::domain::model::change::ChangePlace;
use crate::domain::model::oid::Oid;
use crate::domain::model::report::Report;
use crate::domain::model::severity::Severity;
use crate::domain::pipeline::review_loop::{CriteriaWeight, ResumeWhen};
use crate::domain::review::decide::Decision;
use crate::domain::review::deliver::unscanned::Remedy;
use crate::domain::review::finding::AssessedCriterion;
use crate::domain::review::tracked::TrackedFinding;
use crate::domain::spec::belongs::SpecGround;

/// The outcome of a review.
#[derive(Clone, Debug)]
pub struct ReviewResult {
    /// `commit 0123456789`
    pub title: String,
    /// The files of the change, as shown.
    pub paths: Vec<String>,
    pub report: Report,
    pub ending: ReviewEnding,
    /// What of a review's findings people are told of: those from this severity on, and what blocks.
    pub tell: Severity,
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
    /// The spec that it was by; `None` without one.
    pub spec: Option<SpecOfReview>,
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
    pub story: ReviewStory,
    pub now: ChangeNow,
}

/// Where a change is now that was not committed when it was reviewed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ChangeNow {
    /// Where the review names it.
    #[default]
    AsReviewed,
    /// In this commit, as it was reviewed.
    Committed(Oid),
    /// Nowhere as it was reviewed.
    Changed,
}

/// The spec of a review, for people.
#[derive(Clone, Debug)]
pub struct SpecOfReview {
    pub id: String,
    pub path: PathBuf,
    pub ground: SpecGround,
    pub weight: CriteriaWeight,
}

/// What happened in a review, beside what is open in the end.
#[derive(Clone, Debug, Default)]
pub struct ReviewStory {
    /// The findings that are open, by their ids in the ledger.
    pub open: BTreeMap<String, TrackedFinding>,
    /// Findings that were refuted, out of scope or duplicates.
    pub dismissed: Vec<TrackedFinding>,
    /// Findings that a review found resolved.
    pub resolved: Vec<TrackedFinding>,
    /// Those of them that another place still has: the id in the ledger, and the place.
    pub held: BTreeMap<String, String>,
    /// How many attempts were reviewed in full.
    pub rounds: usize,
    /// The files that fixes changed.
    pub touched: Vec<String>,
    /// Those of them that no finding is about.
    pub beside: Vec<String>,
    /// The severe findings that stay in a change that passes, by name.
    pub staying: Vec<String>,
    /// The files that were not reviewed, with the reason.
    pub unread: Vec<(String, String)>,
    /// Of an escalation: what the change does where its findings are.
    pub excerpts: Vec<Excerpt>,
    /// The criteria that the open findings are about: id and text.
    pub demands: Vec<(String, String)>,
    /// What the person asked the reviewer to mind; empty where they said nothing.
    pub note: String,
}

impl ReviewStory {
    /// How many of these files were reviewed.
    pub fn read_of(&self, paths: &[String]) -> usize {
        paths.iter().filter(|path| !self.unread.iter().any(|(unread, _)| unread == *path)).count()
    }

    /// What was found and stops nothing any more.
    pub fn settled(&self) -> impl Iterator<Item = &TrackedFinding> {
        self.dismissed.iter().chain(&self.resolved)
    }
}

/// Lines of a change, with sign and number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excerpt {
    pub path: String,
    pub text: String,
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
    /// Where the change was when it was reviewed: what is not committed a merge would run into.
    pub place: ChangePlace,
}
