//! A run: one question or spec on its way to an answer, whole.

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::model::agent::{Role, Route};
use crate::domain::model::change::ChangePlace;
use crate::domain::model::report::{Reported, Skipped};
use crate::domain::pipeline::job::{AgentAnswer, JobId};
use crate::domain::pipeline::journal::{JobEvent, Journal};
use crate::domain::pipeline::review_loop::{Attempt, Pause, ReviewLoop, Stage};
use crate::domain::review::deliver::unscanned::Remedy;
use crate::domain::spec::belongs::SpecGround;
use crate::domain::spec::dropped::DroppedCriterion;

/// The newest format of a run that this program reads, and the one that it writes.
pub const VERSION: u32 = 3;

/// A run, whole. It is saved before and after each job; what is not in here is gone after a kill.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    pub version: u32,
    /// A ULID.
    pub id: String,
    pub about: About,
    pub machine: Machine,
    pub journal: Journal,
}

/// What a run is about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct About {
    /// The hash of everything that would change the answer.
    pub question: String,
    /// For people: `commit 0123456789`.
    pub title: String,
    /// Where the change is; in a run of an earlier version, commits.
    #[serde(default)]
    pub place: ChangePlace,
    /// The key under which the ledger counts the change.
    pub change_key: String,
    /// What the change must do, as its file was when the run began.
    pub spec: Option<SpecCopy>,
    /// What the person asked the reviewer to mind, redacted; empty where they said nothing.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
    pub route: Route,
    pub started: Timestamp,
    /// The seed of nonces, in hexadecimal.
    pub seed: String,
    /// The hash of who was to answer and of the prompts; empty in a run of an earlier version.
    #[serde(default)]
    pub asked: String,
    /// The run of the spec that asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
}

/// A spec's file, redacted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpecCopy {
    /// Why the change belongs to it.
    #[serde(default)]
    pub ground: SpecGround,
    #[serde(with = "crate::domain::model::path")]
    pub path: PathBuf,
    /// BLAKE3 of the file's bytes.
    pub hash: String,
    pub text: String,
    /// The ids of the criteria that count, where a change is to meet a part of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only: Option<Vec<String>>,
    /// What the version that was built before asked for, and this one does not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dropped: Vec<DroppedCriterion>,
}

impl SpecCopy {
    /// The same spec, of which these criteria count. It is another question than all of it.
    #[must_use]
    pub fn only(&self, criteria: &[String]) -> Self {
        let of = format!("{}\n{}", self.hash, criteria.join("\n"));
        let hash = blake3::hash(of.as_bytes()).to_hex().to_string();
        Self { hash, only: Some(criteria.to_vec()), ..self.clone() }
    }
}

/// The state machine of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Machine {
    Review(ReviewRun),
}

/// A review of one change, with or without fixes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReviewRun {
    #[serde(rename = "loop")]
    pub review_loop: ReviewLoop,
    pub record: ReviewRecord,
}

/// What a review keeps for its report and its receipt. No decision depends on it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ReviewRecord {
    /// The gates' findings in the current attempt.
    pub gated: Vec<Reported>,
    pub skipped: Vec<Skipped>,
    /// What was not reviewed, with the reason.
    pub unscanned: Vec<(String, String)>,
    /// What the last review was given: each section's file and BLAKE3.
    pub delivered: Vec<(String, String)>,
    /// What would let a review see all of the change that it could not be shown.
    #[serde(default)]
    pub remedy: Option<Remedy>,
    /// How many findings name no location in the tree.
    pub unanchored: usize,
    /// The ledger's ids of the findings that are on record, by their ids in the run.
    pub kept: BTreeMap<String, String>,
    pub names: Names,
    /// BLAKE3 of every answer that the run rests on.
    pub answers: Vec<String>,
}

impl ReviewRecord {
    pub(super) fn note(&mut self, answer: AgentAnswer) {
        match answer.role {
            Role::Reviewer => {
                self.names.reviewer = joined(&mut self.names.reviewers, answer.agent);
            }
            Role::Arbiter => {
                self.names.arbiter = joined(&mut self.names.arbiters, answer.agent);
            }
            Role::Researcher | Role::Planner | Role::Executor | Role::Attacker => {}
        }
        if !self.answers.contains(&answer.hash) {
            self.answers.push(answer.hash);
        }
    }
}

/// Every agent that answered in a role: one may have been asked in another's place.
fn joined(known: &mut Vec<String>, agent: String) -> String {
    if !known.contains(&agent) {
        known.push(agent);
    }
    known.join(" and ")
}

/// Reviewer and arbiter, for people: `codex 0.171.0 (gpt-5.5, effort high)`; empty where none answered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Names {
    /// The assigned reviewer, until one has answered.
    pub reviewer: String,
    pub arbiter: String,
    /// Those that answered, each once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reviewers: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub arbiters: Vec<String>,
}

impl Run {
    /// A review that has not begun. `reviewer` is the name of the agent that is to review, `kept` the
    /// ledger's ids of the findings that the loop starts with.
    pub fn of_review(
        id: String,
        about: About,
        review_loop: ReviewLoop,
        reviewer: String,
        kept: BTreeMap<String, String>,
    ) -> Self {
        let names = Names { reviewer, ..Names::default() };
        let record = ReviewRecord { kept, names, ..ReviewRecord::default() };
        let machine = Machine::Review(ReviewRun { review_loop, record });
        Self { version: VERSION, id, about, machine, journal: Journal::default() }
    }

    pub fn review(&self) -> &ReviewRun {
        let Machine::Review(review) = &self.machine;
        review
    }

    pub fn review_loop(&self) -> &ReviewLoop {
        &self.review().review_loop
    }

    pub fn record(&self) -> &ReviewRecord {
        &self.review().record
    }

    /// Notes the ledger's id of a finding.
    pub fn note_kept(&mut self, finding: &str, ledger: &str) {
        let Machine::Review(review) = &mut self.machine;
        review.record.kept.insert(finding.to_owned(), ledger.to_owned());
    }

    /// The change itself.
    pub fn first_attempt(&self) -> &Attempt {
        &self.review_loop().attempts[0]
    }

    /// The current attempt.
    pub fn attempt(&self) -> &Attempt {
        let this = self.review_loop();
        &this.attempts[this.current()]
    }

    /// The run after its process was killed or stopped: what was under way is to be done again.
    #[must_use]
    pub fn interrupted(mut self, at: Timestamp) -> Self {
        for job in self.journal.under_way() {
            self.journal.add(at, job, JobEvent::Interrupted);
        }
        self
    }

    /// When something last happened in it; where nothing did, when it began.
    pub fn last_at(&self) -> Timestamp {
        self.journal.last_at().unwrap_or(self.about.started)
    }

    /// The run, no longer paused: what failed is to be asked for again, and what was answered stands.
    #[must_use]
    pub fn resumed(mut self) -> Self {
        let Machine::Review(review) = &mut self.machine;
        if let Stage::Paused(Pause { stage, .. }) = &review.review_loop.stage {
            review.review_loop.stage = stage.clone().again();
        }
        self
    }

    /// The run, closed: what is to be kept of it is stored already.
    #[must_use]
    pub fn closed(mut self) -> Self {
        let Machine::Review(review) = &mut self.machine;
        if let Stage::Closing(end) = &review.review_loop.stage {
            review.review_loop.stage = Stage::Ended(end.clone());
        }
        self
    }

    /// The name of the call that a job makes. A job that failed before makes another call, so that the
    /// failure that was kept does not answer.
    pub fn call_key(&self, job: &JobId) -> String {
        match self.journal.failures(job) {
            0 => job.to_string(),
            failed => format!("{job}-again-{failed}"),
        }
    }
}
