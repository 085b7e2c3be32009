//! What may come of the job of a stage.

use crate::domain::development::suite::{GreenProof, RedProof};
use crate::domain::development::words::LastWords;
use crate::domain::diagnosis::answer::ReportAnswer;
use crate::domain::model::oid::Oid;
use crate::domain::model::report::Verdict;
use crate::domain::pipeline::job::CallFailure;
use crate::domain::pipeline::review_loop::ResumeWhen;
use crate::domain::pipeline::spec_run::proposal::ProposedCommit;
use crate::domain::pipeline::spec_run::stage::{ReviewedTask, Snapshot};
use crate::domain::planning::part::PlannedPart;
use crate::domain::planning::plan::PartPlan;
use crate::domain::planning::plan_review::PlanFinding;
use crate::domain::planning::size_vote::SizeVote;
use crate::domain::planning::task::PlannedTask;
use crate::domain::research::record::ShardResult;
use crate::domain::specifying::answer::IdeaAnswer;

/// What came of the job of a stage.
#[derive(Clone, Debug, PartialEq)]
pub enum SpecOutcome {
    /// The tests of the base ran and none failed; else what is wrong, one a line.
    BaseTested(Result<(), Vec<String>>),
    /// What was made of an idea; else what is wrong with the answer, one a line.
    SpecWritten(Result<IdeaAnswer, Vec<String>>),
    /// Why a bug happens, or that there is nothing to repair; else what is wrong with the answer, one a line.
    Diagnosed(Result<ReportAnswer, Vec<String>>),
    /// What a model says of the size; `None` where its answer could not be read.
    Sized(Option<SizeVote>),
    /// The parts of the spec; else what is wrong with them, one a line.
    Split(Result<Vec<PlannedPart>, Vec<String>>),
    /// Questions were answered; and why the rest could not be asked now, where some are open.
    Researched(Box<ResearchCame>),
    PlanWritten(PartPlan),
    PlanReviewed(Vec<PlanFinding>),
    /// The tasks of the part in their order; else what is wrong with them, one a line.
    Listed(Result<Vec<PlannedTask>, Vec<String>>),
    /// An executor worked.
    Worked(Work),
    /// What it wrote, or asks for, is more than fast mode builds: why, one a line.
    Beyond(Vec<String>),
    Red(RedProof),
    Green(GreenProof),
    Reviewed(TaskReview),
    /// The tree of a task that was built ahead, upon the commits that were made meanwhile; else why it is built again, one a line.
    Joined(Result<Oid, Vec<String>>),
    /// The commit with its tree, or what the gates say against it.
    Committed(Result<Snapshot, Vec<String>>),
    /// What is proposed beside the tasks, `None` for nothing; else why it is not, one a line.
    Proposed(Result<Option<ProposedCommit>, Vec<String>>),
    Published,
    /// The base moved: the commits are to be put upon what it is now first.
    BaseMoved,
    /// The commits upon the new base; else why they do not fit there, one a line.
    Rebased(Result<RebasedCommits, Vec<String>>),
    /// The finding in which the cause is on record; `None` where there are too many of its kind already.
    Learned(Option<String>),
    /// The commit stays with the run.
    Kept,
    /// A call could not be made or answered.
    Failed(CallFailure),
}

/// What questions of research came to.
#[derive(Clone, Debug, PartialEq)]
pub struct ResearchCame {
    /// Those that are answered, with those that were before.
    pub answered: Vec<ShardResult>,
    pub notes: Vec<String>,
    pub failed: Option<CallFailure>,
}

/// What an executor left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Work {
    Changed {
        at: Snapshot,
        files: Vec<String>,
        words: LastWords,
    },
    /// Nothing changed.
    Nothing(LastWords),
    /// It is beyond the task: why.
    Refused {
        why: Vec<String>,
        words: LastWords,
    },
}

/// What the review of a task came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TaskReview {
    Passed(Box<ReviewedTask>),
    /// The review's run, its verdict, and why.
    NotPassed {
        review: String,
        verdict: Verdict,
        why: String,
    },
    /// Fixes led to no end of it: why.
    Endless {
        review: String,
        why: String,
        /// What the review found and is not resolved, one a line.
        found: Vec<String>,
    },
    /// It goes on later.
    Paused {
        why: String,
        resume_when: ResumeWhen,
    },
}

/// A person's answer at a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CheckpointAnswer {
    Approve,
    /// With what they say, which may be empty.
    Reject(String),
}

/// The commits of a run upon another base, as they passed the tests and the gates there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RebasedCommits {
    pub base: Oid,
    pub base_tree: Oid,
    /// As `SpecAbout::asked`.
    pub asked: String,
    /// The spec that was written of an idea.
    pub written: Option<Snapshot>,
    /// The tasks, in their order.
    pub built: Vec<Snapshot>,
    pub recorded: Option<Snapshot>,
    /// What was proposed beside the tasks, in its order; of what is not taken there, why, one a line.
    pub proposed: Vec<Result<Snapshot, Vec<String>>>,
    /// Whether what the base brought is so near that a model has to look once more.
    pub is_near: bool,
}
