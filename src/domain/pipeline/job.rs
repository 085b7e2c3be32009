//! The jobs of a run, and what comes of them.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::model::agent::Role;
use crate::domain::model::oid::Oid;
use crate::domain::model::report::{Reported, Skipped};
use crate::domain::review::answer::ReviewAnswer;
use crate::domain::review::arbiter_decision::{ArbiterDecision, SecondLook};
use crate::domain::review::decide::Decision;
use crate::domain::review::deliver::unscanned::Remedy;
use crate::domain::review::finding::{
    AssessedCriterion, Completeness, ReviewFinding, VerifiedFinding,
};
use crate::domain::review::proof::{UnprovenChunk, UnprovenSection};

/// The name of a job within its run: `review-0-0-1`. The same after a kill; a job's call has it too.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct JobId(String);

impl JobId {
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// One action for the executor of the machine. Jobs that are ready together may be performed side by
/// side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    pub id: JobId,
    pub action: Action,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Ask the built-in gates and then the commands about the current attempt.
    Gate,
    /// Lay the change out for the reviewer, in chunks of one call each.
    Deliver(ReviewScope),
    /// Ask the reviewer about one chunk, counted from 0; where an answer to it was kept, about the
    /// sections of it that are not shown to have been read.
    ReviewChunk { scope: ReviewScope, chunk: usize, unproven: Vec<UnprovenSection> },
    /// Check the answers to all chunks, in their order, against the tree, and merge them.
    Assemble { scope: ReviewScope, answers: Vec<ReviewAnswer> },
    /// Ask the arbiter about the finding with this id.
    Arbitrate(String),
    /// Ask a process that does not see the arbiter's answer about the finding that it dismissed.
    LookAgain(String),
    /// Ask the executor.
    Fix(FixRequest),
    /// Store the receipt, or publish the branch, of a run that came to its end.
    Close(RunEnd),
}

/// What a review is to look at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReviewScope {
    /// The whole change, from the base.
    Full,
    /// What changed since that attempt, and whether these findings are resolved.
    Delta { since: usize, open: Vec<String> },
    /// The whole change, and of it only whether these criteria are met.
    Criteria(Vec<String>),
}

/// What the executor is to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FixRequest {
    /// One a line, never empty.
    pub instructions: Vec<String>,
    /// The findings that it is about, by id; empty where the gates are.
    pub findings: Vec<String>,
    /// Why the fix before this was refused, one a line; empty for the first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<String>,
}

/// How a loop ended, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunEnd {
    pub decision: Decision,
    /// The attempt that is offered: the best, not the last.
    pub best: usize,
}

/// A job that was performed.
#[derive(Clone, Debug, PartialEq)]
pub struct Performed {
    pub outcome: JobOutcome,
    /// The answers of agents that it rests on, in their order; without an agent there is none.
    pub answers: Vec<AgentAnswer>,
}

impl From<JobOutcome> for Performed {
    /// What came of a job that asked no agent.
    fn from(outcome: JobOutcome) -> Self {
        Self { outcome, answers: Vec::new() }
    }
}

/// That an agent answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentAnswer {
    pub role: Role,
    /// For people: `codex 0.171.0 (gpt-5.5, effort high)`.
    pub agent: String,
    /// Who made its model.
    pub family: String,
    /// BLAKE3 of the answer's text, in hexadecimal.
    pub hash: String,
}

/// What came of a job.
#[derive(Clone, Debug, PartialEq)]
pub enum JobOutcome {
    Gated(GatesReport),
    Delivered(DeliveryReport),
    Answered(ReviewAnswer),
    /// With the number of findings whose anchor is not in the tree.
    Reviewed(ReviewOutcome, usize),
    /// With the ledger's id of an upheld finding.
    Arbitrated(ArbiterDecision, Option<String>),
    /// What the second look at a dismissal came to.
    LookedAgain(SecondLook, Option<RecordedAs>),
    Fixed(FixOutcome),
    /// What was kept of it, with the ledger's ids of the criteria that are not met.
    Closed(Vec<RecordedAs>),
    /// A call could not be made or answered, after every try that the policy allows.
    Failed(CallFailure),
}

/// A finding of the run and its id in the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedAs {
    pub finding: String,
    pub ledger: String,
}

/// The outcome of the gates with what a report says of it.
#[derive(Clone, Debug, PartialEq)]
pub struct GatesReport {
    pub outcome: GateOutcome,
    pub findings: Vec<Reported>,
    pub skipped: Vec<Skipped>,
}

/// The outcome of the built-in and the command gates for a tree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateOutcome {
    /// What stops it, one line each for people and for the executor; empty where it is green.
    pub failures: Vec<String>,
    /// Whether a person must look because no fix is to be asked for (a secret, the policy itself).
    pub needs_person: bool,
    /// Why a gate could not run; empty where all did.
    pub unasked: Vec<String>,
    /// The spec's criteria whose own command failed, each with what it printed, for people and for the
    /// executor. It stops no review: such a criterion is not met.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unmet: Vec<(String, String)>,
}

impl GateOutcome {
    pub fn is_green(&self) -> bool {
        self.failures.is_empty() && !self.needs_person && self.unasked.is_empty()
    }
}

/// How a change was laid out for the reviewer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryReport {
    /// How many chunks there are.
    pub chunks: usize,
    /// Each section's file and BLAKE3.
    pub sections: Vec<(String, String)>,
    /// The files that are not shown, with the reason.
    pub unscanned: Vec<(String, String)>,
    /// Those among them that a review cannot do without: where there are any, no reviewer is asked.
    pub gaps: Vec<(String, String)>,
    /// What would close them; `None` where there is none.
    pub remedy: Option<Remedy>,
}

/// The outcome of a review.
#[derive(Clone, Debug, PartialEq)]
pub struct ReviewOutcome {
    pub completeness: Completeness,
    /// What of an incomplete one is to be asked again, if it is made again; everything where this is empty.
    pub unproven: Vec<UnprovenChunk>,
    /// New ones, each with whether a fix brought it in.
    pub findings: Vec<(ReviewFinding, bool)>,
    pub verified: Vec<VerifiedFinding>,
    pub criteria: Vec<AssessedCriterion>,
}

impl ReviewOutcome {
    /// A review that was not made, because the rest alone would give no verdict.
    pub fn incomplete(unread: Vec<(String, String)>) -> Self {
        Self {
            completeness: Completeness::Incomplete(unread),
            unproven: Vec::new(),
            findings: Vec::new(),
            verified: Vec::new(),
            criteria: Vec::new(),
        }
    }
}

/// What a fix left behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FixOutcome {
    /// The tree is as it was.
    Nothing,
    Changed {
        tree: Oid,
        commit: Oid,
        undoes: Option<usize>,
        /// The files that it touched beside those that it is about, as the executor said.
        beside: Vec<String>,
    },
    /// It did what no fix may do; it is kept in that commit, and is no attempt.
    Refused { commit: Oid, why: Vec<String> },
}

/// Why an agent gave nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CallFailure {
    /// The program, the login, the network, the quota: it says nothing about the change.
    Infrastructure(String),
    /// A rate limit that ends then, for longer than the policy lets a call wait.
    RateLimited {
        until: Timestamp,
        why: String,
    },
    Budget(String),
}

impl CallFailure {
    /// The reason, for people.
    pub fn why(&self) -> &str {
        match self {
            Self::Infrastructure(why) | Self::RateLimited { why, .. } | Self::Budget(why) => why,
        }
    }
}
