//! The names of the jobs of a run.

use crate::domain::pipeline::job::JobId;
use crate::domain::pipeline::spec_run::stage::SpecStage;

/// The job of a stage in that part and at that task, each counted from 1; `None` where nothing is to be done in it.
pub(super) fn job_of(stage: &SpecStage, part: usize, task: usize) -> Option<JobId> {
    let name = match stage {
        SpecStage::TestingBase => "base".to_owned(),
        SpecStage::WritingSpec { drafts, ask } => {
            format!("spec-{}-{}", drafts.number(), ask.number)
        }
        SpecStage::ReviewingSpec(drafts) => format!("spec-review-{}", drafts.number()),
        SpecStage::RecordingSpec(_) => "spec".to_owned(),
        SpecStage::Diagnosing(ask) => format!("diagnosis-{}", ask.number),
        SpecStage::Classifying => "size".to_owned(),
        SpecStage::Researching(_) => "research".to_owned(),
        SpecStage::Splitting(ask) => format!("split-{}", ask.number),
        SpecStage::WritingPlan(plan) => format!("plan-{part}-{}", plan.number()),
        SpecStage::ReviewingPlan(plan) => format!("plan-review-{part}-{}", plan.number()),
        SpecStage::ListingTasks { ask, .. } => format!("tasks-{part}-{}", ask.number),
        SpecStage::WritingTests(ask) => format!("task-{task}-tests-{}", ask.number),
        SpecStage::ProvingRed(written) => format!("task-{task}-red-{}", written.number),
        SpecStage::WritingCode { ask, .. } => format!("task-{task}-code-{}", ask.number),
        SpecStage::ProvingGreen { code, .. } => format!("task-{task}-green-{}", code.number),
        SpecStage::Reviewing { .. } => format!("task-{task}-review"),
        SpecStage::Joining(_) => format!("task-{task}-join"),
        SpecStage::Committing(_) => format!("task-{task}-commit"),
        SpecStage::Recording => "decisions".to_owned(),
        SpecStage::ProposingPages => "pages".to_owned(),
        SpecStage::ProposingRule => "rule".to_owned(),
        SpecStage::Accepting => "accept".to_owned(),
        SpecStage::Documenting(_) => "documents".to_owned(),
        SpecStage::Rebasing(_) => "rebase".to_owned(),
        SpecStage::Publishing(_) => "publish".to_owned(),
        SpecStage::Learning(_) => "learn".to_owned(),
        SpecStage::Keeping(_) => "keep".to_owned(),
        SpecStage::Waiting(_)
        | SpecStage::Planned(_)
        | SpecStage::Built(_)
        | SpecStage::Paused(_)
        | SpecStage::Ended(_) => return None,
    };
    Some(JobId::new(name))
}
