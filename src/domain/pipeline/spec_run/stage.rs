//! The stages of a spec's run, each with exactly what it goes on with.

use serde::{Deserialize, Serialize};

use crate::domain::development::reach::ReachingFile;
use crate::domain::development::suite::RedTest;
use crate::domain::development::words::FileRequest;
use crate::domain::model::oid::Oid;
use crate::domain::pipeline::job::CallFailure;
use crate::domain::pipeline::plan_loop::PlanLoop;
use crate::domain::pipeline::review_loop::ResumeWhen;
use crate::domain::pipeline::spec_run::stop::{SpecEnd, SpecStop};
use crate::domain::planning::plan_review::AgreedPlan;
use crate::domain::research::record::ResearchTry;
use crate::domain::specifying::draft::SpecDraft;

/// How often tests are asked for, and how often code is, in one task.
pub const TRIES_MAX: u32 = 3;

/// How often parts are asked for, and how often tasks are: what is wrong goes back once.
pub const PLANNING_TRIES_MAX: u32 = 2;

/// How often the commits of a run are put upon another base. After that they are published upon the last one.
pub const REBASES_MAX: u32 = 3;

/// Where a run is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SpecStage {
    /// The tests of the base are to run.
    TestingBase,
    /// A spec of the idea is to be written, or to be written again.
    WritingSpec {
        drafts: PlanLoop<SpecDraft>,
        ask: PlanningTry,
    },
    /// It is to be reviewed.
    ReviewingSpec(PlanLoop<SpecDraft>),
    /// It is to be committed, before anything is built by it.
    RecordingSpec(AgreedPlan<SpecDraft>),
    /// Why a bug happens is to be found.
    Diagnosing(PlanningTry),
    /// A model is to say how large it is.
    Classifying,
    /// What is known elsewhere, and what fits the code, is to be looked into.
    Researching(ResearchTry),
    /// It is to be split into parts.
    Splitting(PlanningTry),
    /// The plan of the part is to be written, or to be written again.
    WritingPlan(PlanLoop),
    /// It is to be reviewed.
    ReviewingPlan(PlanLoop),
    /// The plan is to be cut into tasks.
    ListingTasks {
        plan: AgreedPlan,
        ask: PlanningTry,
    },
    /// Tests are to be written that fail.
    WritingTests(TaskTry),
    /// They are to be seen to fail.
    ProvingRed(WrittenTests),
    /// The code is to be written.
    WritingCode {
        red: RedTests,
        ask: TaskTry,
    },
    /// It is to be tested.
    ProvingGreen {
        red: RedTests,
        code: WrittenCode,
    },
    /// It is to be reviewed, and what is found to be fixed.
    Reviewing {
        red: RedTests,
        code: WrittenCode,
    },
    /// What was judged before its turn is to be put upon the commits that were made meanwhile, and tested there.
    Joining(ReviewedTask),
    /// What was judged is to be committed.
    Committing(ReviewedTask),
    /// The decisions of its plans are to be committed, to be reviewed with the rest.
    Recording,
    /// What of the project's documents is untrue by what was built is to be changed.
    ProposingPages,
    /// A rule is to be drafted, where findings of its reviews led to one.
    ProposingRule,
    /// All of it is to be reviewed by all of the spec.
    Accepting,
    /// What was planned and shown is to be committed as documents.
    Documenting(ReviewedTask),
    /// The commits are to be put upon what the base is by now, before it goes on with this.
    Rebasing(Box<Self>),
    /// The commits are to appear in the person's repository.
    Publishing(BuiltTask),
    /// Why the bug happened is to be kept, so that it counts where it happens again.
    Learning(BuiltTask),
    /// The commit is to stay with the run.
    Keeping(BuiltTask),
    /// A person is to say whether it goes on.
    Waiting(Checkpoint),
    /// It was only to be planned; once it is resumed it goes on with this.
    Planned(Box<Self>),
    /// Its tasks were to be built and no more; once it is resumed it goes on with this.
    Built(Box<Self>),
    /// It goes on later.
    Paused(SpecPause),
    Ended(SpecEnd),
}

/// What a planner is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanningTry {
    /// Which try it is, from 1.
    pub number: u32,
    /// What was wrong with the answer before, one a line; empty for the first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<String>,
}

/// What an executor is asked for, and from where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskTry {
    /// Which try it is, from 1.
    pub number: u32,
    /// What it begins with.
    pub from: Snapshot,
    /// What was wrong with the try before, one a line; empty for the first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<String>,
}

/// A state of the code: a commit of the run's own repository, and its tree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    pub tree: Oid,
    pub commit: Oid,
}

/// Tests of which it is not known yet whether they fail as they should.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrittenTests {
    /// Which try it was.
    pub number: u32,
    pub at: Snapshot,
    /// Their files.
    pub files: Vec<String>,
}

/// Tests that failed as they should. Their files stay as they are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RedTests {
    /// Which try they are; of runs that an earlier version began the last one.
    #[serde(default = "tries_max")]
    pub number: u32,
    pub at: Snapshot,
    pub files: Vec<String>,
    pub failing: Vec<RedTest>,
    /// Tests of what is no longer asked for that were taken out beside them, by their names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub taken_out: Vec<String>,
}

fn tries_max() -> u32 {
    TRIES_MAX
}

/// Code that was written, within the task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrittenCode {
    /// Which try it was.
    pub number: u32,
    pub at: Snapshot,
    /// The first line that the executor proposed for the commit; empty where it proposed none.
    pub subject: String,
}

/// What a review passed, of one task or of all of them; in fast mode what the tests passed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewedTask {
    /// The tree that was judged.
    pub tree: Oid,
    pub subject: String,
    /// The tests that failed before the code was there; `None` of all the tasks together.
    pub red: Option<RedTests>,
    /// The criteria and constraints that are met.
    pub criteria: Vec<String>,
    /// The run that reviewed it, and who did; empty where nobody did.
    pub review: String,
    pub reviewer: String,
    pub arbiter: String,
    /// The files among its own that others rely on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reaching: Vec<ReachingFile>,
    /// How many findings of its review were upheld.
    #[serde(default, skip_serializing_if = "is_none")]
    pub upheld: usize,
}

fn is_none(count: &impl PartialEq<usize>) -> bool {
    *count == 0
}

/// A task whose commit was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuiltTask {
    pub task: ReviewedTask,
    pub commit: Oid,
}

impl ReviewedTask {
    /// What the program commits by itself, which shows no criterion.
    pub fn of_program(tree: Oid) -> Self {
        Self {
            tree,
            subject: String::new(),
            red: None,
            criteria: Vec::new(),
            review: String::new(),
            reviewer: String::new(),
            arbiter: String::new(),
            reaching: Vec::new(),
            upheld: 0,
        }
    }

    /// What passed its tests without a review: no criterion is said to be met.
    pub fn unreviewed(red: RedTests, code: WrittenCode) -> Self {
        Self { subject: code.subject, red: Some(red), ..Self::of_program(code.at.tree) }
    }
}

impl BuiltTask {
    /// What was reviewed, as it was committed.
    pub fn new(task: ReviewedTask, at: Snapshot) -> Self {
        Self { task: ReviewedTask { tree: at.tree, ..task }, commit: at.commit }
    }

    /// The code as it is after it.
    pub fn at(&self) -> Snapshot {
        Snapshot { tree: self.task.tree.clone(), commit: self.commit.clone() }
    }
}

/// Where a person's answer is waited for, and what it is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    pub at: CheckpointKind,
    pub then: Box<SpecStage>,
}

/// What a person is asked about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CheckpointKind {
    /// The spec that was written of an idea.
    Spec,
    Research,
    Plan,
    Tasks,
    /// Whether a task may change these files as well.
    Extension(Vec<FileRequest>),
    /// A task that changes what others rely on.
    Reach,
    /// What was built so far.
    Built,
    Acceptance,
}

/// Why a run is paused, and what it goes on with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpecPause {
    pub why: String,
    pub resume_when: ResumeWhen,
    pub stage: Box<SpecStage>,
}

impl SpecStage {
    pub(super) fn stopped(stop: SpecStop) -> Self {
        Self::Ended(SpecEnd::Stopped(stop))
    }

    /// The stage, to be gone on with once what failed may work again.
    pub(super) fn paused(stage: Self, failure: &CallFailure) -> Self {
        let resume_when = match failure {
            CallFailure::Infrastructure(_) => ResumeWhen::Asked,
            CallFailure::Budget(_) => ResumeWhen::BudgetAllows,
            CallFailure::RateLimited { until, .. } => ResumeWhen::At(*until),
        };
        let why = failure.why().to_owned();
        Self::Paused(SpecPause { why, resume_when, stage: Box::new(stage) })
    }

    /// Whether its person is shown a page in it.
    pub fn shows_page(&self) -> bool {
        matches!(self, Self::Waiting(_) | Self::Planned(_))
    }

    /// How a run in this stage stands, in one word for programs; `is_held` where a process works on it.
    pub fn standing(&self, is_held: bool) -> &'static str {
        match self {
            Self::Ended(_) => "ended",
            _ if is_held => "under way",
            Self::Paused(_) => "paused",
            Self::Waiting(_) => "waiting",
            Self::Planned(_) => "planned",
            Self::Built(_) => "built",
            _ => "stopped",
        }
    }

    /// The word used in output.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::TestingBase => "testing the base",
            Self::WritingSpec { .. } => "writing the spec",
            Self::ReviewingSpec(_) => "reviewing the spec",
            Self::RecordingSpec(_) => "committing the spec",
            Self::Diagnosing(_) => "finding the cause",
            Self::Classifying => "telling its size",
            Self::Researching(_) => "researching",
            Self::Splitting(_) => "splitting it into parts",
            Self::WritingPlan(_) => "writing the plan",
            Self::ReviewingPlan(_) => "reviewing the plan",
            Self::ListingTasks { .. } => "listing tasks",
            Self::WritingTests(_) => "writing tests",
            Self::ProvingRed(_) => "running the new tests",
            Self::WritingCode { .. } => "writing code",
            Self::ProvingGreen { .. } => "testing the code",
            Self::Reviewing { .. } => "reviewing",
            Self::Joining(_) => "joining the other tasks",
            Self::Committing(_) => "committing",
            Self::Recording => "recording decisions",
            Self::ProposingPages => "proposing changes of documents",
            Self::ProposingRule => "proposing a rule",
            Self::Accepting => "reviewing all of it",
            Self::Documenting(_) => "writing the documents",
            Self::Rebasing(_) => "rebasing",
            Self::Publishing(_) => "publishing",
            Self::Learning(_) => "recording the cause",
            Self::Keeping(_) => "keeping the result",
            Self::Waiting(_) => "waiting for you",
            Self::Planned(_) => "planned",
            Self::Built(_) => "built",
            Self::Paused(_) => "paused",
            Self::Ended(_) => "ended",
        }
    }
}

impl PlanningTry {
    pub const FIRST: Self = Self { number: 1, refused: Vec::new() };
}

impl CheckpointKind {
    /// Whether what is rejected is made again, for which a reason is needed.
    pub fn is_made_again(&self) -> bool {
        matches!(self, Self::Spec | Self::Research | Self::Plan | Self::Tasks)
    }

    /// The word used in output.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Spec => "the spec",
            Self::Research => "what research found",
            Self::Plan => "the plan",
            Self::Tasks => "the tasks",
            Self::Extension(_) => "one more file",
            Self::Reach => "what a task changes",
            Self::Built => "what was built so far",
            Self::Acceptance => "the result",
        }
    }
}
