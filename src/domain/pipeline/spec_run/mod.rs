//! The run of a spec: tests that fail first, the code that makes them pass, its review, its commit.
//!
//! It builds one task. The review is a run of its own, which this one waits for.

pub mod apply;
pub mod result;
pub mod stage;
#[cfg(test)]
mod tests;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::model::agent::Role;
use crate::domain::model::oid::Oid;
use crate::domain::pipeline::job::{AgentAnswer, JobId};
use crate::domain::pipeline::journal::{JobEvent, Journal};
use crate::domain::pipeline::run::SpecCopy;
use crate::domain::pipeline::spec_run::stage::SpecStage;

/// The format in which the run of a spec is written; earlier ones have no such run.
pub const VERSION: u32 = 4;

/// The run of a spec, whole. It is saved before and after each job; what is not in here, or in the files
/// that it names, is gone after a kill.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SpecRun {
    pub version: u32,
    /// A ULID.
    pub id: String,
    pub about: SpecAbout,
    pub machine: SpecMachine,
    pub journal: Journal,
}

/// The state machine of a spec's run, under its name in the file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SpecMachine {
    pub spec: SpecProgress,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SpecProgress {
    pub stage: SpecStage,
    /// Who wrote tests and code, for people; empty until somebody did.
    pub executor: String,
    /// The runs that reviewed what was built, the oldest first.
    pub reviews: Vec<String>,
}

/// What a run builds, and on what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpecAbout {
    /// The spec as its file was when the run began, redacted.
    pub spec: SpecCopy,
    /// The spec's own id.
    pub spec_id: String,
    pub title: String,
    /// The commit that it is built on, its tree, and the branch that it is the tip of.
    pub base: Oid,
    pub base_tree: Oid,
    pub base_name: String,
    /// The same in full: `refs/heads/main`.
    pub base_ref: String,
    /// The branch that the result is published as, without `refs/heads/`.
    pub branch: String,
    pub started: Timestamp,
    /// The seed of nonces, in hexadecimal.
    pub seed: String,
    /// The hash of the policy, of the test commands and of who builds: another one is another run.
    pub asked: String,
}

impl SpecRun {
    /// A run that has not begun.
    pub fn new(id: String, about: SpecAbout) -> Self {
        let spec = SpecProgress {
            stage: SpecStage::TestingBase,
            executor: String::new(),
            reviews: Vec::new(),
        };
        let machine = SpecMachine { spec };
        Self { version: VERSION, id, about, machine, journal: Journal::default() }
    }

    pub fn stage(&self) -> &SpecStage {
        &self.machine.spec.stage
    }

    /// Whether nothing is left to do.
    pub fn has_ended(&self) -> bool {
        matches!(self.stage(), SpecStage::Ended(_))
    }

    /// The run after its process was killed or stopped: what was under way is to be done again.
    #[must_use]
    pub fn interrupted(mut self, at: Timestamp) -> Self {
        for job in self.journal.under_way() {
            self.journal.add(at, job, JobEvent::Interrupted);
        }
        self
    }

    /// The run, no longer paused.
    #[must_use]
    pub fn resumed(mut self) -> Self {
        if let SpecStage::Paused(pause) = self.stage() {
            self.machine.spec.stage = (*pause.stage).clone();
        }
        self
    }

    /// When something last happened in it; where nothing did, when it began.
    pub fn last_at(&self) -> Timestamp {
        self.journal.last_at().unwrap_or(self.about.started)
    }

    /// Keeps the id of a review before it is made, each once.
    pub fn note_review(&mut self, review: &str) {
        let reviews = &mut self.machine.spec.reviews;
        if !reviews.iter().any(|known| known == review) {
            reviews.push(review.to_owned());
        }
    }

    /// The name of the call that a job makes: a job that failed before makes another one.
    pub fn call_key(&self, job: &JobId) -> String {
        match self.journal.failures(job) {
            0 => job.to_string(),
            failed => format!("{job}-again-{failed}"),
        }
    }

    pub(super) fn note(&mut self, answers: &[AgentAnswer]) {
        for answer in answers.iter().filter(|answer| answer.role == Role::Executor) {
            self.machine.spec.executor.clone_from(&answer.agent);
        }
    }
}
