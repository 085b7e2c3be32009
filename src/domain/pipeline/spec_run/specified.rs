//! The steps before a spec is built that is written of an idea first.

use std::path::PathBuf;

use crate::domain::model::text::one_line;
use crate::domain::pipeline::plan_loop::{PlanLoop, PlanRound, PlanStep};
use crate::domain::pipeline::run::SpecCopy;
use crate::domain::pipeline::spec_run::SpecRun;
use crate::domain::pipeline::spec_run::about::SpecAbout;
use crate::domain::pipeline::spec_run::asking::{asked, asks};
use crate::domain::pipeline::spec_run::outcome::SpecOutcome;
use crate::domain::pipeline::spec_run::planned;
use crate::domain::pipeline::spec_run::progress::WrittenSpec;
use crate::domain::pipeline::spec_run::stage::{CheckpointKind, PlanningTry, Snapshot, SpecStage};
use crate::domain::pipeline::spec_run::stop::SpecStop;
use crate::domain::planning::plan_review::AgreedPlan;
use crate::domain::planning::size_vote;
use crate::domain::planning::size_vote::SizeVote;
use crate::domain::spec::belongs::SpecGround;
use crate::domain::spec::classify::classify;
use crate::domain::spec::read::read;
use crate::domain::spec::types::Verify;
use crate::domain::specifying::answer::IdeaAnswer;
use crate::domain::specifying::draft::SpecDraft;
use crate::domain::specifying::idea::unwritten;

/// The spec of a run before it is written.
pub fn unwritten_copy(id: &str, path: &str) -> SpecCopy {
    copy_of(path, unwritten(id))
}

fn copy_of(path: &str, text: String) -> SpecCopy {
    SpecCopy {
        ground: SpecGround::Named,
        path: PathBuf::from(path),
        hash: blake3::hash(text.as_bytes()).to_hex().to_string(),
        text,
        only: None,
        dropped: Vec::new(),
    }
}

/// The stage after an outcome; `None` where the stage is none of these, or has no such outcome.
pub(super) fn step(
    run: &mut SpecRun,
    stage: &SpecStage,
    outcome: &SpecOutcome,
) -> Option<SpecStage> {
    Some(match (stage.clone(), outcome.clone()) {
        (SpecStage::WritingSpec { drafts, ask }, SpecOutcome::SpecWritten(came)) => {
            written(&mut run.about, drafts, &ask, came)
        }
        (SpecStage::ReviewingSpec(drafts), SpecOutcome::PlanReviewed(findings)) => {
            round(&run.about, drafts.with(PlanRound::Reviewed(findings)))
        }
        (SpecStage::RecordingSpec(agreed), SpecOutcome::Committed(Ok(at))) => {
            return recorded(run, agreed, at);
        }
        (SpecStage::RecordingSpec(_), SpecOutcome::Committed(Err(why))) => {
            SpecStage::stopped(SpecStop::Gates(why))
        }
        _ => return None,
    })
}

fn written(
    about: &mut SpecAbout,
    drafts: PlanLoop<SpecDraft>,
    ask: &PlanningTry,
    came: Result<IdeaAnswer, Vec<String>>,
) -> SpecStage {
    match came {
        Ok(IdeaAnswer::Spec(draft)) => {
            about.title = one_line(&draft.title);
            round(about, drafts.with(PlanRound::Written(draft)))
        }
        Ok(IdeaAnswer::Nothing(nothing)) => SpecStage::stopped(SpecStop::NothingToBuild(nothing)),
        Err(why) => {
            let again = |ask| SpecStage::WritingSpec { drafts, ask };
            planned::once_more(ask, why, again, SpecStop::NoSpec)
        }
    }
}

/// The stage after one more round: a person decides what the reviews do not agree to, where they are asked at all.
fn round(about: &SpecAbout, drafts: PlanLoop<SpecDraft>) -> SpecStage {
    let asked = |agreed| asked(about, CheckpointKind::Spec, SpecStage::RecordingSpec(agreed));
    match drafts.next() {
        PlanStep::Write => SpecStage::WritingSpec { drafts, ask: PlanningTry::FIRST },
        PlanStep::Review => SpecStage::ReviewingSpec(drafts),
        PlanStep::Agreed(agreed) => asked(*agreed),
        PlanStep::Stopped { why, open } => {
            let stopped = SpecStop::NoSpec(planned::leads_nowhere(why.clone(), &open));
            match drafts.unagreed(why, open).filter(|_| asks(about)) {
                Some(agreed) => asked(agreed),
                None => SpecStage::stopped(stopped),
            }
        }
    }
}

/// The stage after the spec was committed: from here on it is as if its file had been given.
fn recorded(run: &mut SpecRun, agreed: AgreedPlan<SpecDraft>, at: Snapshot) -> Option<SpecStage> {
    let (about, spec) = (&mut run.about, &mut run.machine.spec);
    let path = about.idea.as_ref()?.spec_path.clone();
    about.spec = copy_of(&path, agreed.plan.markdown(&about.spec_id));
    let reading = read(about.spec.text.as_bytes(), &path);
    about.counted_size = classify(&reading).counted;
    let read = reading.spec?;
    about.title.clone_from(&read.title);
    about.criteria = read.all_criteria().map(|one| one.id.clone()).collect();
    about.for_people = read
        .verified_by()
        .filter(|(_, ways)| ways.contains(&Verify::Human))
        .map(|(criterion, _)| criterion.id.clone())
        .collect();
    about.touches.clone_from(&read.touches);
    // Who wrote it read the code for that: nobody else is asked.
    let vote = SizeVote { size: agreed.plan.size, why: String::new(), research: String::new() };
    let size = size_vote::decided(about.counted_size, Some(&vote));
    spec.written = Some(WrittenSpec { at, agreed });
    planned::begin(spec, about, Some(size), None)
}
