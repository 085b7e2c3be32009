//! How far a run is: its parts, their tasks, and which of them are built.

use serde::{Deserialize, Serialize};

use crate::domain::development::words::FileRequest;
use crate::domain::diagnosis::answer::Diagnosis;
use crate::domain::model::agent::Spent;
use crate::domain::model::oid::Oid;
use crate::domain::model::size::Size;
use crate::domain::pipeline::job::JobId;
use crate::domain::pipeline::plan_loop::PlanLoop;
use crate::domain::pipeline::spec_run::about::SpecAbout;
use crate::domain::pipeline::spec_run::begun::{AheadTask, BegunAhead, SetAsideTask};
use crate::domain::pipeline::spec_run::job_name::job_of;
use crate::domain::pipeline::spec_run::proposal::ProposedCommit;
use crate::domain::pipeline::spec_run::stage::{
    BuiltTask, RedTests, Snapshot, SpecStage, TRIES_MAX, TaskTry,
};
use crate::domain::planning::part::PlannedPart;
use crate::domain::planning::plan_review::AgreedPlan;
use crate::domain::planning::task::{PlannedTask, TaskKind};
use crate::domain::research::record::ResearchRecord;
use crate::domain::specifying::draft::SpecDraft;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SpecProgress {
    pub stage: SpecStage,
    /// What it is built as; `None` until that is known.
    pub size: Option<Size>,
    /// Who planned, and who wrote tests and code, for people; empty until somebody did.
    pub planner: String,
    pub executor: String,
    /// The parts of the spec in the order in which they are built; one but for a large spec.
    pub parts: Vec<PlannedPart>,
    /// The tasks whose commits are made, over all parts.
    pub built: Vec<BuiltTask>,
    /// The code with the record of its decisions, once all tasks are built.
    pub recorded: Option<Snapshot>,
    /// What it proposes beside its tasks, upon those; and why it does not propose what it might, one a line.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub proposed: Vec<ProposedCommit>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unproposed: Vec<String>,
    /// The runs that reviewed what was built: those that raised its size, then one a task in their order, then that of
    /// the whole.
    pub reviews: Vec<String>,
    /// Why it is built as something larger than it began as, once for each time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub raised: Vec<RaisedSize>,
    /// The spec that was written of an idea, once it is committed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub written: Option<WrittenSpec>,
    /// Why the bug happens; `None` until that is known, and where a spec is built.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diagnosis: Option<Diagnosis>,
    /// The finding in which that is on record, once it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub learned: Option<String>,
    /// How often its commits were put upon what its base was by then.
    #[serde(default, skip_serializing_if = "is_none")]
    pub rebases: u32,
    /// How many of the reviews of all of it were of commits upon an earlier base.
    #[serde(default, skip_serializing_if = "is_none")]
    pub outdated_reviews: usize,
    /// What research found; `None` where none was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub research: Option<ResearchRecord>,
    /// For the page that its person is shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown: Option<PageFacts>,
    /// The tasks that are worked on before their turn, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ahead: Vec<AheadTask>,
    /// How the task whose turn it is was begun; `None` where it was begun in its turn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub begun: Option<BegunAhead>,
    /// What was begun ahead and is built again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub set_aside: Vec<SetAsideTask>,
}

/// That a task passed no review, so that it is planned as something larger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RaisedSize {
    /// What it is built as now.
    pub to: Size,
    /// What the review says.
    pub why: String,
    /// What it found and is not resolved, one a line: for who plans it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub found: Vec<String>,
    /// How many tasks of the plan before had tries: those that were built ahead with it.
    #[serde(default = "one_task")]
    pub tried: usize,
}

/// Before tasks were built ahead it was the first alone.
fn one_task() -> usize {
    1
}

impl RaisedSize {
    /// For people, and for who plans it.
    pub fn in_words(&self) -> String {
        format!("built smaller than {}, it did not pass its review: {}", self.to.as_str(), self.why)
    }
}

/// A spec that was written of an idea, and its commit, on which all others stand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrittenSpec {
    pub at: Snapshot,
    pub agreed: AgreedPlan<SpecDraft>,
}

/// What a page tells that the run itself does not hold, as it was when the page was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageFacts {
    pub spent: Spent,
    /// The tip of the ref that it is built on, and how many commits that has beyond the base.
    pub base_tip: Option<Oid>,
    pub base_beyond: usize,
}

/// The task that is built now.
#[derive(Clone, Copy, Debug)]
pub struct CurrentTask<'a> {
    pub part: &'a PlannedPart,
    pub task: &'a PlannedTask,
    /// Its number in its part, from 1.
    pub number: usize,
}

impl CurrentTask<'_> {
    /// The criteria that are met once it is built: a later task takes the others further.
    pub fn met(&self) -> Vec<String> {
        let later = || self.part.tasks.iter().skip(self.number);
        let is_last = |id: &&String| !later().any(|task| task.criteria.contains(id));
        self.task.criteria.iter().filter(is_last).cloned().collect()
    }
}

impl SpecProgress {
    /// Of a run that has not begun.
    pub fn new() -> Self {
        Self {
            stage: SpecStage::TestingBase,
            size: None,
            planner: String::new(),
            executor: String::new(),
            parts: Vec::new(),
            built: Vec::new(),
            recorded: None,
            proposed: Vec::new(),
            unproposed: Vec::new(),
            reviews: Vec::new(),
            raised: Vec::new(),
            written: None,
            diagnosis: None,
            learned: None,
            rebases: 0,
            outdated_reviews: 0,
            research: None,
            shown: None,
            ahead: Vec::new(),
            begun: None,
            set_aside: Vec::new(),
        }
    }

    /// How many tasks stand before the one that is built now, over all parts.
    pub fn before(&self) -> usize {
        self.begun.as_ref().map_or(self.built.len(), |begun| begun.before)
    }

    /// How many tasks were committed when the one that is built now was begun.
    pub fn built_before(&self) -> usize {
        self.begun.as_ref().map_or(self.built.len(), |begun| begun.built)
    }

    /// The place of the part that is planned or built now, and how many of its tasks are built; `None` where
    /// all are.
    fn place(&self) -> Option<(usize, usize)> {
        self.place_of(self.before())
    }

    /// The same where so many tasks are built.
    pub(super) fn place_of(&self, built: usize) -> Option<(usize, usize)> {
        let mut built = built;
        for (at, part) in self.parts.iter().enumerate() {
            if part.tasks.is_empty() || built < part.tasks.len() {
                return Some((at, built));
            }
            built -= part.tasks.len();
        }
        None
    }

    /// The part that is planned or built now.
    pub fn part(&self) -> Option<&PlannedPart> {
        self.place().map(|(part, _)| &self.parts[part])
    }

    /// Has the task that is built now change these files as well.
    pub(super) fn allow(&mut self, files: &[FileRequest]) {
        let Some((part, built)) = self.place() else { return };
        if let Some(task) = self.parts[part].tasks.get_mut(built) {
            task.paths.extend(files.iter().map(|file| file.path.clone()));
        }
    }

    pub(super) fn part_mut(&mut self) -> Option<&mut PlannedPart> {
        let (part, _) = self.place()?;
        self.parts.get_mut(part)
    }

    /// The task that is built now.
    pub fn task(&self) -> Option<CurrentTask<'_>> {
        self.task_of(self.before())
    }

    /// The task that stands behind so many others.
    pub fn task_of(&self, before: usize) -> Option<CurrentTask<'_>> {
        let (part, built) = self.place_of(before)?;
        let part = &self.parts[part];
        Some(CurrentTask { part, task: part.tasks.get(built)?, number: built + 1 })
    }

    /// What is published of a run of one task: the task, with what stands upon it.
    pub(super) fn result(&self, about: &SpecAbout) -> Option<BuiltTask> {
        let last = self.built.last()?;
        Some(BuiltTask::new(last.task.clone(), self.head(about)))
    }

    /// Whether a finding of the review of a task was upheld.
    pub(super) fn has_upheld(&self) -> bool {
        self.built.iter().any(|built| built.task.upheld > 0)
    }

    /// The criteria that a task serves, by its place among all of them.
    pub fn criteria_of(&self, place: usize) -> &[String] {
        let task = self.parts.iter().flat_map(|part| &part.tasks).nth(place);
        task.map_or(&[], |task| &task.criteria)
    }

    /// Whether all of the spec is one task.
    pub fn is_one_task(&self) -> bool {
        matches!(self.parts.as_slice(), [part] if part.plan.is_none() && part.tasks.len() == 1)
    }

    /// The code that the task that is built now was begun upon; else what the next commit stands on.
    pub fn head(&self, about: &SpecAbout) -> Snapshot {
        self.begun.as_ref().map_or_else(|| self.tip(about), |begun| begun.upon.clone())
    }

    /// The code that the next commit stands on.
    pub fn tip(&self, about: &SpecAbout) -> Snapshot {
        let base = || Snapshot { tree: about.base_tree.clone(), commit: about.base.clone() };
        let built = || self.built.last().map(BuiltTask::at);
        let written = || self.written.as_ref().map(|written| written.at.clone());
        let proposed = self.proposed.last().map(|one| one.at.clone());
        proposed
            .or_else(|| self.recorded.clone())
            .or_else(built)
            .or_else(written)
            .unwrap_or_else(base)
    }

    /// The review of what is reviewed now, where it was begun: each task has one.
    pub fn review(&self) -> Option<&str> {
        if let Some(begun) = &self.begun {
            return begun.review.as_deref();
        }
        let before = self.raised.len() + self.built.len() + self.outdated_reviews;
        self.reviews.get(before).map(String::as_str)
    }

    /// The review of the task that stands behind so many others.
    pub fn review_of(&self, tasks_before: usize) -> Option<&str> {
        let ahead = self.ahead.iter().map(|task| &task.begun).chain(&self.begun);
        if let Some(begun) = ahead.into_iter().find(|begun| begun.before == tasks_before) {
            return begun.review.as_deref();
        }
        self.reviews.get(self.raised.len() + tasks_before).map(String::as_str)
    }

    /// Keeps the id of a review before it is made.
    pub fn note_review(&mut self, review: &str) {
        if self.review().is_some() {
            return;
        }
        match &mut self.begun {
            Some(begun) => begun.review = Some(review.to_owned()),
            None => self.reviews.push(review.to_owned()),
        }
    }

    /// All reviews of what was built: those of `reviews`, then those of what is ahead, and of what was set aside.
    pub fn all_reviews(&self) -> Vec<String> {
        let begun = self.ahead.iter().map(|task| &task.begun).chain(&self.begun);
        let begun = begun.filter_map(|begun| begun.review.clone());
        let aside = self.set_aside.iter().filter_map(|task| task.review.clone());
        self.reviews.iter().cloned().chain(begun).chain(aside).collect()
    }

    /// The stage in which what comes next begins: the next task, else the next part, else what comes after all of
    /// them; `None` where nothing was planned.
    pub(super) fn onward(&self, about: &SpecAbout) -> Option<SpecStage> {
        let ask = TaskTry { number: 1, from: self.head(about), refused: Vec::new() };
        if let Some(CurrentTask { task, .. }) = self.task() {
            return Some(match task.kind {
                TaskKind::Behaviour => SpecStage::WritingTests(ask),
                TaskKind::Scaffold => {
                    let red = RedTests {
                        number: TRIES_MAX,
                        at: ask.from.clone(),
                        files: Vec::new(),
                        failing: Vec::new(),
                        taken_out: Vec::new(),
                    };
                    SpecStage::WritingCode { red, ask }
                }
            });
        }
        if self.part().is_some() {
            return Some(SpecStage::WritingPlan(PlanLoop::default()));
        }
        let last = self.result(about)?;
        Some(if !about.is_published() {
            SpecStage::Keeping(last)
        } else if self.is_one_task() {
            SpecStage::Publishing(last)
        } else {
            SpecStage::Recording
        })
    }

    /// The job that is ready; `None` where there is none. Jobs of planning have the names of earlier ones where
    /// a person rejected what came of those, and where the spec was split since.
    pub fn job(&self) -> Option<JobId> {
        self.job_of(&self.stage)
    }

    /// The job of a stage that this run is in, or is paused in.
    pub fn job_of(&self, stage: &SpecStage) -> Option<JobId> {
        let part = self.place().map_or(0, |(part, _)| part + 1);
        job_of(stage, part, self.before() + 1)
    }

    /// The job of a task that is ahead; `None` where it waits for its turn.
    pub fn ahead_job(ahead: &AheadTask) -> Option<JobId> {
        let job = || job_of(&ahead.stage, 0, ahead.begun.before + 1);
        ahead.is_worked_on().then(job)?
    }

    /// Whether the task of this plan that stands behind so many others was built ahead, and nothing of it is taken.
    pub(super) fn has_set_aside(&self, before: usize) -> bool {
        let raised = self.raised.len();
        self.set_aside.iter().any(|task| task.before == before && task.raised == raised)
    }

    /// How many tasks of this plan had tries: the first ones, up to the last that was begun ahead.
    pub(super) fn tried(&self) -> usize {
        let raised = self.raised.len();
        let aside = self.set_aside.iter().filter(|task| task.raised == raised);
        let ahead = self.ahead.iter().map(|task| task.begun.before);
        let last = ahead.chain(aside.map(|task| task.before)).max();
        last.unwrap_or(0).max(self.before()) + 1
    }

    /// The number of what an executor leaves in a try, among all of the run.
    pub fn attempt(&self, number: u32) -> usize {
        let is_code = matches!(self.stage, SpecStage::WritingCode { .. });
        self.attempt_of(self.raised.len(), self.before(), is_code, number as usize)
    }

    /// The number of what an executor leaves in a try at the tests or the code of a task, which has so many before it, once
    /// the size was raised so often. What was left before that keeps its own.
    pub fn attempt_of(
        &self,
        raised: usize,
        tasks_before: usize,
        is_code: bool,
        number: usize,
    ) -> usize {
        let tries = TRIES_MAX as usize;
        let earlier: usize = self.raised.iter().take(raised).map(|raised| raised.tried).sum();
        let tasks = earlier + tasks_before;
        tasks * tries * 2 + if is_code { tries } else { 0 } + number
    }
}

fn is_none<T: Default + PartialEq>(number: &T) -> bool {
    *number == T::default()
}
