//! The stages of a spec's run, each with exactly what it goes on with.

use serde::{Deserialize, Serialize};

use crate::domain::development::suite::RedTest;
use crate::domain::model::oid::Oid;
use crate::domain::model::report::Verdict;
use crate::domain::pipeline::job::JobId;
use crate::domain::pipeline::review_loop::ResumeWhen;

/// How often tests are asked for, and how often code is, in one run.
pub const TRIES_MAX: u32 = 3;

/// Where a run is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SpecStage {
    /// The tests of the base are to run.
    TestingBase,
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
    /// What was judged is to be committed.
    Committing(ReviewedTask),
    /// The commit is to appear in the person's repository.
    Publishing {
        task: ReviewedTask,
        commit: Oid,
    },
    /// It goes on later.
    Paused(SpecPause),
    Ended(SpecEnd),
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
    pub at: Snapshot,
    pub files: Vec<String>,
    pub failing: Vec<RedTest>,
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

/// What a review passed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewedTask {
    /// The tree that was judged.
    pub tree: Oid,
    pub subject: String,
    /// The criteria and constraints that are met.
    pub criteria: Vec<String>,
    /// The run that reviewed it, and who did.
    pub review: String,
    pub reviewer: String,
    pub arbiter: String,
}

/// Why a run waits, and what it goes on with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpecPause {
    pub why: String,
    pub resume_when: ResumeWhen,
    pub stage: Box<SpecStage>,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SpecEnd {
    /// Its commit is on its branch.
    Done {
        commit: Oid,
    },
    Stopped(SpecStop),
}

/// Why a run ended without a commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SpecStop {
    /// The tests of the base could not be run, or fail: nothing could be shown.
    BaseUntested(Vec<String>),
    /// No test could be had that fails for want of the code: why, one a line.
    NoRedTests(Vec<String>),
    /// The executor says that the spec and the tests, or the spec and itself, cannot be met together.
    Disagreement(String),
    /// The executor asks for more files than the task has.
    Extension(Vec<String>),
    /// No code could be had that meets the tests within the task: why, one a line.
    NotBuilt(Vec<String>),
    /// Its review did not pass.
    NotPassed { review: String, verdict: Verdict, why: String },
    /// The gates of a commit stop it: what they say, one a line.
    Gates(Vec<String>),
    /// A person ended it.
    Aborted,
}

impl SpecEnd {
    pub fn verdict(&self) -> Verdict {
        match self {
            Self::Done { .. } => Verdict::Pass,
            Self::Stopped(stop) => stop.verdict(),
        }
    }
}

impl SpecStop {
    fn verdict(&self) -> Verdict {
        match self {
            Self::BaseUntested(_) | Self::Aborted => Verdict::Inconclusive,
            Self::NoRedTests(_)
            | Self::Disagreement(_)
            | Self::Extension(_)
            | Self::NotBuilt(_) => Verdict::Escalate,
            Self::NotPassed { verdict, .. } => *verdict,
            Self::Gates(_) => Verdict::Block,
        }
    }

    /// What a person has to know, one a line.
    pub fn reasons(&self) -> Vec<String> {
        match self {
            Self::BaseUntested(why) => with("the base cannot be built on", why),
            Self::NoRedTests(why) => {
                with("no test was written that fails for want of the code", why)
            }
            Self::Disagreement(why) => {
                vec![format!("the executor says that not all of it can be met: {why}")]
            }
            Self::Extension(what) => {
                with("the executor asks for more files than the task has", what)
            }
            Self::NotBuilt(why) => {
                with("no code was written that meets the tests within the task", why)
            }
            Self::NotPassed { why, .. } => vec![format!("the review did not pass: {why}")],
            Self::Gates(why) => with("the gates of a commit stop it", why),
            Self::Aborted => vec!["it was ended with `tribunal abort`".to_owned()],
        }
    }
}

fn with(what: &str, lines: &[String]) -> Vec<String> {
    let mut all = vec![what.to_owned()];
    all.extend(lines.iter().cloned());
    all
}

impl SpecStage {
    /// The word used in output.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::TestingBase => "testing the base",
            Self::WritingTests(_) => "writing tests",
            Self::ProvingRed(_) => "running the new tests",
            Self::WritingCode { .. } => "writing code",
            Self::ProvingGreen { .. } => "testing the code",
            Self::Reviewing { .. } => "reviewing",
            Self::Committing(_) => "committing",
            Self::Publishing { .. } => "publishing",
            Self::Paused(_) => "paused",
            Self::Ended(_) => "ended",
        }
    }

    /// The job that is ready; `None` where there is none.
    pub fn job(&self) -> Option<JobId> {
        Some(JobId::new(match self {
            Self::TestingBase => "base".to_owned(),
            Self::WritingTests(ask) => format!("tests-{}", ask.number),
            Self::ProvingRed(written) => format!("red-{}", written.number),
            Self::WritingCode { ask, .. } => format!("code-{}", ask.number),
            Self::ProvingGreen { code, .. } => format!("green-{}", code.number),
            Self::Reviewing { .. } => "review".to_owned(),
            Self::Committing(_) => "commit".to_owned(),
            Self::Publishing { .. } => "publish".to_owned(),
            Self::Paused(_) | Self::Ended(_) => return None,
        }))
    }
}
