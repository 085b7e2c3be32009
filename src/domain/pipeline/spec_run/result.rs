//! What the run of a spec came to, as data.

use std::path::PathBuf;

use jiff::Timestamp;

use crate::domain::model::agent::Spent;
use crate::domain::model::oid::Oid;
use crate::domain::model::report::Verdict;
use crate::domain::pipeline::spec_run::SpecRun;
use crate::domain::pipeline::spec_run::stage::SpecStage;
use crate::domain::pipeline::spec_run::stop::SpecEnd;

/// The outcome of a run, or how far it came.
#[derive(Clone, Debug)]
pub struct SpecRunResult {
    pub run: SpecRun,
    /// What its calls cost, those of its reviews included.
    pub spent: Spent,
    /// How many commits the ref that it was built on has beyond the one it was built on; `None` for none.
    pub base_moved_by: Option<usize>,
    /// The files of its commit, for people.
    pub files: Vec<String>,
    /// The run's own repository, which has its commits until they are published.
    pub repository: PathBuf,
    /// The command that takes what stays with the run; `None` where nothing does.
    pub take_with: Option<String>,
    /// The file that says why fast mode does not build it.
    pub escalation: Option<PathBuf>,
    /// The file with what research found.
    pub research: Option<PathBuf>,
    /// The spec that was written of an idea, in the folder of the run.
    pub spec_file: Option<PathBuf>,
    /// The file in which its person may answer.
    pub checkpoint: Option<PathBuf>,
    /// The tasks that are worked on side by side; empty where there are no two.
    pub at_work: Vec<TaskAtWork>,
}

/// A task that is worked on beside another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskAtWork {
    /// Its number over all parts, from 1.
    pub number: usize,
    pub stage: &'static str,
    /// When something last happened in it.
    pub last_at: Timestamp,
}

/// The branch of what is built and not published: the run's own is made as it is published.
pub fn kept_branch(branch: &str) -> String {
    format!("{branch}-built")
}

/// The commits of a run that are not published.
pub struct UnpublishedCommits<'a> {
    pub count: usize,
    /// The last of them.
    pub last: &'a Oid,
}

impl SpecRunResult {
    /// What is built and not published; `None` where nothing is, and where it was to stay.
    pub fn unpublished(&self) -> Option<UnpublishedCommits<'_>> {
        if matches!(self.run.stage(), SpecStage::Ended(SpecEnd::Done { .. } | SpecEnd::Kept { .. }))
        {
            return None;
        }
        let spec = self.run.progress();
        let recorded = spec.recorded.as_ref().map(|at| &at.commit);
        let proposed = spec.proposed.last().map(|one| &one.at.commit);
        let last =
            proposed.or(recorded).or_else(|| spec.built.last().map(|built| &built.commit))?;
        let documents = usize::from(recorded.is_some()) + usize::from(spec.written.is_some());
        let count = spec.built.len() + documents + spec.proposed.len();
        Some(UnpublishedCommits { count, last })
    }

    /// What it came to; `Pass` where it was only to be planned or built, `Escalate` while it waits for a person, `Inconclusive` where it
    /// has not ended otherwise.
    pub fn verdict(&self) -> Verdict {
        match self.run.stage() {
            SpecStage::Ended(end) => end.verdict(),
            SpecStage::Waiting(_) => Verdict::Escalate,
            SpecStage::Planned(_) | SpecStage::Built(_) => Verdict::Pass,
            _ => Verdict::Inconclusive,
        }
    }
}
