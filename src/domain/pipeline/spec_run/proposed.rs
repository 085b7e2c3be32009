//! What a run proposes once its tasks are built: changes of documents, and a rule that findings of its reviews led to.

use crate::domain::pipeline::spec_run::about::SpecAbout;
use crate::domain::pipeline::spec_run::planned;
use crate::domain::pipeline::spec_run::progress::SpecProgress;
use crate::domain::pipeline::spec_run::proposal::ProposedCommit;
use crate::domain::pipeline::spec_run::stage::SpecStage;

/// The stage after the decisions were committed.
pub(super) fn begin(spec: &SpecProgress, about: &SpecAbout) -> SpecStage {
    if about.documents.is_empty() { after_pages(spec) } else { SpecStage::ProposingPages }
}

/// The stage after something was proposed, or was not: why, one a line. `None` where the stage proposes nothing.
pub(super) fn came(
    spec: &mut SpecProgress,
    about: &SpecAbout,
    stage: &SpecStage,
    came: Result<Option<ProposedCommit>, Vec<String>>,
) -> Option<SpecStage> {
    match came {
        Ok(proposed) => spec.proposed.extend(proposed),
        Err(why) => spec.unproposed.extend(why),
    }
    match stage {
        SpecStage::ProposingPages => Some(after_pages(spec)),
        SpecStage::ProposingRule if spec.is_one_task() => {
            Some(planned::accepted(about, SpecStage::Publishing(spec.result(about)?)))
        }
        // All of it is reviewed, with what agents wrote for these.
        SpecStage::ProposingRule => Some(SpecStage::Accepting),
        _ => None,
    }
}

fn after_pages(spec: &SpecProgress) -> SpecStage {
    if spec.has_upheld() { SpecStage::ProposingRule } else { SpecStage::Accepting }
}
