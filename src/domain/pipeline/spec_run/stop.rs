//! How the run of a spec ends.

use serde::{Deserialize, Serialize};

use crate::domain::diagnosis::answer::NoRepair;
use crate::domain::model::oid::Oid;
use crate::domain::model::report::Verdict;
use crate::domain::specifying::answer::NoSpec;

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SpecEnd {
    /// Its commits are on its branch, of which this is the last.
    Done {
        commit: Oid,
    },
    /// Its commit stays with the run, and nothing is published.
    Kept {
        commit: Oid,
    },
    /// It was to look into things and no more.
    Researched,
    Stopped(SpecStop),
}

/// Why a run ended without a branch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SpecStop {
    /// The tests of the base could not be run, or fail: nothing could be shown.
    BaseUntested(Vec<String>),
    /// No spec could be had of the idea that passes lint and review: why, one a line.
    NoSpec(Vec<String>),
    /// The idea asks for nothing that is to be built.
    NothingToBuild(NoSpec),
    /// Why the bug happens was not said in a way that the code shows: why not, one a line.
    NoDiagnosis(Vec<String>),
    /// There is nothing to repair, or nothing that was found.
    NoRepair(NoRepair),
    /// The spec could not be split into parts: why, one a line.
    NotSplit(Vec<String>),
    /// No plan could be had that passes its review: why, and what was found last, one a line.
    NoPlan(Vec<String>),
    /// The plan could not be cut into tasks: why, one a line.
    NoTasks(Vec<String>),
    /// No test could be had that fails for want of the code: why, one a line.
    NoRedTests(Vec<String>),
    /// The executor says that the spec and the tests, or the spec and itself, cannot be met together.
    Disagreement(String),
    /// The executor asks for more files than the task has.
    Extension(Vec<String>),
    /// What was written, or is needed, is more than fast mode builds: why, one a line.
    BeyondFast(Vec<String>),
    /// No code could be had that meets the tests within the task: why, one a line.
    NotBuilt(Vec<String>),
    /// A review did not pass.
    NotPassed { review: String, verdict: Verdict, why: String },
    /// The gates of a commit stop it: what they say, one a line.
    Gates(Vec<String>),
    /// Its base moved, and it does not fit on what that is now: why, one a line.
    NotRebased(Vec<String>),
    /// A person said no at a checkpoint: with their note, which may be empty.
    Rejected(String),
    /// A person ended it.
    Aborted,
}

impl SpecEnd {
    pub fn verdict(&self) -> Verdict {
        match self {
            Self::Done { .. } | Self::Kept { .. } | Self::Researched => Verdict::Pass,
            Self::Stopped(stop) => stop.verdict(),
        }
    }
}

impl SpecStop {
    fn verdict(&self) -> Verdict {
        match self {
            Self::BaseUntested(_) | Self::Aborted => Verdict::Inconclusive,
            Self::NoSpec(_)
            | Self::NothingToBuild(_)
            | Self::NoDiagnosis(_)
            | Self::NoRepair(_)
            | Self::NotSplit(_)
            | Self::NoPlan(_)
            | Self::NoTasks(_)
            | Self::NoRedTests(_)
            | Self::Disagreement(_)
            | Self::Extension(_)
            | Self::BeyondFast(_)
            | Self::NotBuilt(_)
            | Self::NotRebased(_) => Verdict::Escalate,
            Self::NotPassed { verdict, .. } => *verdict,
            Self::Gates(_) | Self::Rejected(_) => Verdict::Block,
        }
    }

    /// Whether a task could not be built upon the code that it was begun upon.
    pub(super) fn is_of_a_task(&self) -> bool {
        matches!(
            self,
            Self::NoRedTests(_)
                | Self::Disagreement(_)
                | Self::Extension(_)
                | Self::NotBuilt(_)
                | Self::NotPassed { .. }
        )
    }

    /// What a person has to know, one a line.
    pub fn reasons(&self) -> Vec<String> {
        match self {
            Self::BaseUntested(why) => with("the base cannot be built on", why),
            Self::NoSpec(why) => with("no spec was written of it that passes its checks", why),
            Self::NothingToBuild(nothing) => nothing.reasons(),
            Self::NoDiagnosis(why) => {
                with("its cause was not told in a way that the code shows", why)
            }
            Self::NoRepair(nothing) => nothing.reasons(),
            Self::NotSplit(why) => with("it was not split into parts that cover it", why),
            Self::NoPlan(why) => with("no plan passed its review", why),
            Self::NoTasks(why) => with("its plan was not cut into tasks that build it", why),
            Self::NoRedTests(why) => {
                with("no test was written that fails for want of the code", why)
            }
            Self::Disagreement(why) => {
                vec![format!("the executor says that not all of it can be met: {why}")]
            }
            Self::Extension(what) => {
                with("the executor asks for more files than the task has", what)
            }
            Self::BeyondFast(why) => with("it is more than fast mode builds", why),
            Self::NotBuilt(why) => {
                with("no code was written that meets the tests within the task", why)
            }
            Self::NotPassed { why, .. } => vec![format!("the review did not pass: {why}")],
            Self::Gates(why) => with("the gates of a commit stop it", why),
            Self::NotRebased(why) => with("it does not fit on what its base is now", why),
            Self::Rejected(note) if note.is_empty() => vec!["you rejected it".to_owned()],
            Self::Rejected(note) => vec![format!("you rejected it: {note}")],
            Self::Aborted => vec!["it was ended with `tribunal abort`".to_owned()],
        }
    }
}

fn with(what: &str, lines: &[String]) -> Vec<String> {
    let mut all = vec![what.to_owned()];
    all.extend(lines.iter().cloned());
    all
}
