//! The run of a spec: what is planned, then task by task tests that fail first, the code that makes them pass,
//! its review, its commit; then all of it by all of the spec.
//!
//! Tasks that are independent of each other are built side by side, and committed in their order. Each review is a run of its own, which this one waits for.

pub mod about;
mod ahead;
pub mod apply;
mod asking;
pub mod begun;
pub mod bug;
mod built;
pub mod checkpoint_file;
pub mod chosen_role;
pub mod estimate;
pub mod job_name;
pub mod outcome;
pub mod pages;
mod planned;
mod researched;
pub mod progress;
pub mod proposal;
mod proposed;
pub mod rebased;
pub mod result;
mod said;
pub mod specified;
pub mod stage;
pub mod stop;
#[cfg(test)]
mod side_by_side_tests;
#[cfg(test)]
mod tests;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::model::agent::Role;
use crate::domain::pipeline::job::{AgentAnswer, JobId};
use crate::domain::pipeline::journal::{JobEvent, Journal};
use crate::domain::pipeline::spec_run::about::{RunMode, RunUntil, SpecAbout};
use crate::domain::pipeline::spec_run::begun::AheadTask;
use crate::domain::pipeline::spec_run::progress::SpecProgress;
use crate::domain::pipeline::spec_run::stage::{Checkpoint, SpecStage};
use crate::domain::research::record::ResearchTry;

/// The format in which the run of a spec is written: earlier ones have fewer stages and pages, and before the fourth there is no
/// such run. With a new word for a stage, a stop or a page it is raised: an earlier program then says that a later one
/// wrote the run, and not that it is damaged.
pub const VERSION: u32 = 7;

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

impl SpecRun {
    /// A run that has not begun.
    pub fn new(id: String, about: SpecAbout) -> Self {
        let mut spec = SpecProgress::new();
        if about.is_research_only() {
            spec.stage = SpecStage::Researching(ResearchTry::new("it was asked for".to_owned()));
        }
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

    /// The run, no longer paused; where it was only to be planned, it is built now, and where it was only to be built, it
    /// is accepted.
    #[must_use]
    pub fn resumed(mut self) -> Self {
        for task in &mut self.machine.spec.ahead {
            if let SpecStage::Paused(pause) = task.stage.clone() {
                task.stage = *pause.stage;
            }
        }
        match self.stage().clone() {
            SpecStage::Paused(pause) => self.machine.spec.stage = *pause.stage,
            SpecStage::Planned(then) => {
                self.about.options.until = RunUntil::End;
                self.machine.spec.stage = *then;
            }
            SpecStage::Built(then) => {
                self.about.options.until = RunUntil::End;
                // What an earlier page told is not of now.
                self.machine.spec.shown = None;
                self.machine.spec.stage = *then;
            }
            _ => {}
        }
        self
    }

    /// The run, whose result in fast mode is published or stays with it, as its person says now.
    #[must_use]
    pub fn committing(mut self, commits: bool) -> Self {
        self.about.options.commits = commits;
        let is_last = matches!(self.stage(), SpecStage::Publishing(_) | SpecStage::Keeping(_));
        let has_begun = self.job().is_some_and(|job| self.journal.is_under_way(&job));
        if self.about.mode == RunMode::Fast
            && is_last
            && !has_begun
            && let Some(stage) = self.machine.spec.onward(&self.about)
        {
            self.machine.spec.stage = stage;
        }
        self
    }

    /// When something last happened in it; where nothing did, when it began.
    pub fn last_at(&self) -> Timestamp {
        self.journal.last_at().unwrap_or(self.about.started)
    }

    /// Since when its stage is worked on. A step that is made again after a kill begins anew; between two steps it
    /// is the end of the one before.
    pub fn stage_since(&self) -> Timestamp {
        self.journal.last_started().unwrap_or_else(|| self.last_at())
    }

    pub fn progress(&self) -> &SpecProgress {
        &self.machine.spec
    }

    /// The job that is ready; `None` where there is none.
    pub fn job(&self) -> Option<JobId> {
        self.machine.spec.job()
    }

    /// The jobs that are ready or under way, that of the task whose turn it is first. Nothing is worked on ahead where
    /// that has none.
    pub fn jobs(&self) -> Vec<JobId> {
        let spec = self.progress();
        let Some(job) = self.job() else { return Vec::new() };
        let ahead = spec.ahead.iter().filter_map(SpecProgress::ahead_job);
        std::iter::once(job).chain(ahead).collect()
    }

    /// The run as the session that performs that job sees it: it is the turn of the job's task. `None` where the job is not one that is
    /// ready or under way.
    pub fn seen_by(&self, job: &JobId) -> Option<Self> {
        if self.job().as_ref() == Some(job) {
            return Some(self.clone());
        }
        let AheadTask { begun, stage } = self.ahead_of(job)?.clone();
        let mut seen = self.clone();
        (seen.machine.spec.begun, seen.machine.spec.stage) = (Some(begun), stage);
        Some(seen)
    }

    /// The task ahead that a job is of.
    fn ahead_of(&self, job: &JobId) -> Option<&AheadTask> {
        let spec = self.progress();
        spec.ahead.iter().find(|task| SpecProgress::ahead_job(task).as_ref() == Some(job))
    }

    /// Keeps the id of the review that a job makes, before it is made.
    pub fn note_review(&mut self, job: &JobId, review: &str) {
        if self.job().as_ref() == Some(job) {
            return self.machine.spec.note_review(review);
        }
        let Some(before) = self.ahead_of(job).map(|task| task.begun.before) else { return };
        let mut ahead = self.machine.spec.ahead.iter_mut();
        if let Some(task) = ahead.find(|task| task.begun.before == before) {
            task.begun.review.get_or_insert_with(|| review.to_owned());
        }
    }

    /// The name of the call that a job makes. A job of which something came before makes another one: it failed,
    /// or a person rejected what came of it, or the spec was split since.
    pub fn call_key(&self, job: &JobId) -> String {
        match self.journal.ends(job) {
            0 => job.to_string(),
            before => format!("{job}-again-{before}"),
        }
    }

    /// The page that a person is to answer; `None` where the run waits for no answer.
    pub fn page(&self) -> Option<String> {
        let SpecStage::Waiting(Checkpoint { at, then }) = self.stage() else { return None };
        Some(pages::checkpoint(self.progress(), &self.about, at, then))
    }

    /// Keeps who answered in a job.
    pub(super) fn note(&mut self, job: &JobId, answers: &[AgentAnswer]) {
        let is_now = self.job().as_ref() == Some(job);
        let ahead = self.ahead_of(job).map(|task| task.begun.before);
        let spec = &mut self.machine.spec;
        let begun = match &mut spec.begun {
            Some(begun) if is_now => Some(begun),
            _ => {
                spec.ahead.iter_mut().map(|task| &mut task.begun).find(|b| Some(b.before) == ahead)
            }
        };
        let executor = begun.map_or(&mut spec.executor, |begun| &mut begun.executor);
        for answer in answers {
            match answer.role {
                Role::Executor => executor.clone_from(&answer.agent),
                Role::Planner => spec.planner.clone_from(&answer.agent),
                Role::Researcher | Role::Reviewer | Role::Attacker | Role::Arbiter => {}
            }
        }
    }
}
