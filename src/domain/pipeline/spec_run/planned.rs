//! The steps before anything is written: size, parts, plan, tasks; and the points at which a person is asked.

use crate::domain::model::size::Size;
use crate::domain::pipeline::plan_loop::{PlanLoop, PlanStep};
use crate::domain::pipeline::spec_run::about::{RunMode, SpecAbout};
use crate::domain::pipeline::spec_run::outcome::CheckpointAnswer;
use crate::domain::pipeline::spec_run::progress::SpecProgress;
use crate::domain::pipeline::spec_run::stage::{
    Checkpoint, CheckpointKind, PLANNING_TRIES_MAX, PlanningTry, SpecStage,
};
use crate::domain::pipeline::spec_run::stop::SpecStop;
use crate::domain::planning::part::PlannedPart;
use crate::domain::planning::plan_review::{AgreedPlan, PlanFinding};
use crate::domain::planning::prompt::in_words;
use crate::domain::planning::task::PlannedTask;

/// The stage in which a spec of that size begins; `None` where its size is to be told first.
pub(super) fn begin(
    spec: &mut SpecProgress,
    about: &SpecAbout,
    size: Option<Size>,
) -> Option<SpecStage> {
    let Some(size) = size else { return Some(SpecStage::Classifying) };
    spec.size = Some(size);
    let mut whole = PlannedPart::new(about.title.clone(), about.criteria.clone());
    match size {
        Size::S => {
            whole.tasks.push(PlannedTask::whole(&about.title, &about.touches, &about.criteria));
        }
        Size::M => {}
        Size::L => return Some(SpecStage::Splitting(PlanningTry::FIRST)),
    }
    spec.parts = vec![whole];
    let then = spec.onward(about)?;
    // What is one task is planned by that.
    Some(if size == Size::S { only_planned(about, then) } else { then })
}

/// What comes after the plan and its tasks, or that it was only to be planned.
fn only_planned(about: &SpecAbout, then: SpecStage) -> SpecStage {
    if about.options.plan_only { SpecStage::Planned(Box::new(then)) } else { then }
}

pub(super) fn split(
    spec: &mut SpecProgress,
    ask: &PlanningTry,
    parts: Result<Vec<PlannedPart>, Vec<String>>,
) -> SpecStage {
    match parts {
        Ok(parts) => {
            spec.parts = parts;
            SpecStage::WritingPlan(PlanLoop::default())
        }
        Err(why) => once_more(ask, why, SpecStage::Splitting, SpecStop::NotSplit),
    }
}

/// The stage after one more round of a plan. Who rejected it is asked again where that led to no better one. Else a
/// part that finds no plan is larger than it seemed: where the spec was not split before it is now, else a person
/// decides.
pub(super) fn plan_round(spec: &mut SpecProgress, about: &SpecAbout, plans: PlanLoop) -> SpecStage {
    match plans.next() {
        PlanStep::Write => SpecStage::WritingPlan(plans),
        PlanStep::Review => SpecStage::ReviewingPlan(plans),
        PlanStep::Agreed(plan) => {
            let then = SpecStage::ListingTasks { plan: *plan, ask: PlanningTry::FIRST };
            asked(about, CheckpointKind::Plan, then)
        }
        PlanStep::Stopped { why, open } if plans.is_rejected && asks(about) => {
            match plans.unagreed(why.clone(), open) {
                Some(plan) => {
                    let then = SpecStage::ListingTasks { plan, ask: PlanningTry::FIRST };
                    asked(about, CheckpointKind::Plan, then)
                }
                None => SpecStage::stopped(SpecStop::NoPlan(vec![why])),
            }
        }
        PlanStep::Stopped { .. } if spec.size == Some(Size::M) && about.criteria.len() > 1 => {
            spec.size = Some(Size::L);
            spec.parts.clear();
            SpecStage::Splitting(PlanningTry::FIRST)
        }
        PlanStep::Stopped { why, open } => {
            SpecStage::stopped(SpecStop::NoPlan(leads_nowhere(why, &open)))
        }
    }
}

/// Why writing and reviewing in turn leads nowhere, and what was found last, one a line.
pub(super) fn leads_nowhere(why: String, open: &[PlanFinding]) -> Vec<String> {
    let found = in_words(open);
    let lines = found.lines().filter(|line| !line.is_empty()).map(str::to_owned);
    std::iter::once(why).chain(lines).collect()
}

/// The stage after tasks were listed; `None` where there is no part that they could be of.
pub(super) fn listed(
    spec: &mut SpecProgress,
    about: &SpecAbout,
    plan: AgreedPlan,
    ask: &PlanningTry,
    tasks: Result<Vec<PlannedTask>, Vec<String>>,
) -> Option<SpecStage> {
    let tasks = match tasks {
        Ok(tasks) => tasks,
        Err(why) => {
            let again = |ask| SpecStage::ListingTasks { plan, ask };
            return Some(once_more(ask, why, again, SpecStop::NoTasks));
        }
    };
    let part = spec.part_mut()?;
    part.plan = Some(plan);
    part.tasks = tasks;
    let then = only_planned(about, spec.onward(about)?);
    Some(asked(about, CheckpointKind::Tasks, then))
}

/// The stage after all of it passed its review; `then` is what is done with the result.
pub(super) fn accepted(about: &SpecAbout, then: SpecStage) -> SpecStage {
    asked(about, CheckpointKind::Acceptance, then)
}

/// Whether a person answers for what is planned, and for the result.
pub(super) fn asks(about: &SpecAbout) -> bool {
    about.mode == RunMode::Manual && !about.options.autopilot
}

/// What comes next, or a person's answer first where the mode or their settings ask for one.
pub(super) fn asked(about: &SpecAbout, at: CheckpointKind, then: SpecStage) -> SpecStage {
    let is_asked = match at {
        CheckpointKind::Built => !about.options.autopilot,
        CheckpointKind::Spec
        | CheckpointKind::Plan
        | CheckpointKind::Tasks
        | CheckpointKind::Acceptance => asks(about),
    };
    if !is_asked {
        return then;
    }
    SpecStage::Waiting(Checkpoint { at, then: Box::new(then) })
}

/// The stage after a task was committed: its person is asked after so many of them, unless it was the last one, and
/// about the result where nothing else comes before it is published.
pub(super) fn task_built(spec: &SpecProgress, about: &SpecAbout) -> Option<SpecStage> {
    let then = spec.onward(about)?;
    let every = about.options.ask_every;
    let is_due = every > 0 && spec.built.len().is_multiple_of(every) && spec.part().is_some();
    Some(match then {
        then if is_due => asked(about, CheckpointKind::Built, then),
        then @ SpecStage::Publishing(_) => accepted(about, then),
        then => then,
    })
}

/// The stage after a person's answer: the plan and the tasks are made again with their note, anything else ends.
pub(super) fn answered(
    spec: &mut SpecProgress,
    checkpoint: Checkpoint,
    answer: CheckpointAnswer,
) -> SpecStage {
    let note = match answer {
        CheckpointAnswer::Approve => return *checkpoint.then,
        CheckpointAnswer::Reject(note) => note,
    };
    match (checkpoint.at, *checkpoint.then) {
        (CheckpointKind::Spec, SpecStage::RecordingSpec(agreed)) => SpecStage::WritingSpec {
            drafts: PlanLoop::rejected(agreed.plan, note),
            ask: PlanningTry::FIRST,
        },
        (CheckpointKind::Plan, SpecStage::ListingTasks { plan, .. }) => {
            SpecStage::WritingPlan(PlanLoop::rejected(plan.plan, note))
        }
        (CheckpointKind::Tasks, _) => {
            let planned = spec.part_mut().and_then(|part| {
                part.tasks.clear();
                part.plan.clone()
            });
            let refused = vec![format!("the person who asked for it rejects the tasks: {note}")];
            match planned {
                Some(plan) => {
                    let ask = PlanningTry { number: PLANNING_TRIES_MAX, refused };
                    SpecStage::ListingTasks { plan, ask }
                }
                None => SpecStage::stopped(SpecStop::Rejected(note)),
            }
        }
        _ => SpecStage::stopped(SpecStop::Rejected(note)),
    }
}

/// The question again with what was wrong, or the end where it was asked again already.
pub(super) fn once_more(
    ask: &PlanningTry,
    why: Vec<String>,
    again: impl FnOnce(PlanningTry) -> SpecStage,
    stop: impl FnOnce(Vec<String>) -> SpecStop,
) -> SpecStage {
    if ask.number >= PLANNING_TRIES_MAX {
        return SpecStage::stopped(stop(why));
    }
    again(PlanningTry { number: ask.number + 1, refused: why })
}
