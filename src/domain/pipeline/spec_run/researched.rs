//! Research before the plan: whether it is done, and what comes after it.

use crate::domain::model::size::Size;
use crate::domain::pipeline::spec_run::about::SpecAbout;
use crate::domain::pipeline::spec_run::asking::asked;
use crate::domain::pipeline::spec_run::outcome::ResearchCame;
use crate::domain::pipeline::spec_run::progress::SpecProgress;
use crate::domain::pipeline::spec_run::stage::{CheckpointKind, PlanningTry, SpecStage};
use crate::domain::pipeline::spec_run::stop::SpecEnd;
use crate::domain::planning::size_vote::SizeVote;
use crate::domain::research::decision::decided;
use crate::domain::research::record::{ResearchRecord, ResearchTry};

/// The stage of research, where it comes before the first plan; what is one task has none.
pub(super) fn first(
    spec: &SpecProgress,
    about: &SpecAbout,
    vote: Option<&SizeVote>,
) -> Option<SpecStage> {
    if spec.size == Some(Size::S) || spec.research.is_some() {
        return None;
    }
    let planner = vote.and_then(SizeVote::asks_for_research);
    let why = decided(&about.research, planner)?;
    Some(SpecStage::Researching(ResearchTry::new(why)))
}

/// The stage after questions were answered; what is open is asked later. `None` where nothing was planned.
pub(super) fn came(
    spec: &mut SpecProgress,
    about: &SpecAbout,
    ask: ResearchTry,
    came: ResearchCame,
) -> Option<SpecStage> {
    let ResearchCame { answered, notes, failed } = came;
    if let Some(failure) = failed {
        return Some(SpecStage::paused(
            SpecStage::Researching(ResearchTry { answered, ..ask }),
            &failure,
        ));
    }
    spec.research = Some(ResearchRecord { why: ask.why, shards: answered, notes });
    if about.is_research_only() {
        return Some(SpecStage::Ended(SpecEnd::Researched));
    }
    let then = match spec.size {
        Some(Size::L) => SpecStage::Splitting(PlanningTry::FIRST),
        _ => spec.onward(about)?,
    };
    Some(asked(about, CheckpointKind::Research, then))
}

/// The stage after its person rejected what was found: it is looked into again with their note.
pub(super) fn rejected(spec: &mut SpecProgress, note: String) -> Option<SpecStage> {
    let why = spec.research.take()?.why;
    Some(SpecStage::Researching(ResearchTry { why, note, answered: Vec::new() }))
}
