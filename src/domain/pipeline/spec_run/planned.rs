//! The steps before anything is written: size, parts, plan, tasks; and the points at which a person is asked.

use crate::domain::development::words::FileRequest;
use crate::domain::model::size::Size;
use crate::domain::pipeline::plan_loop::{PlanLoop, PlanStep};
use crate::domain::pipeline::spec_run::about::{RunMode, RunUntil, SpecAbout};
use crate::domain::pipeline::spec_run::asking::{asked, asks};
use crate::domain::pipeline::spec_run::outcome::CheckpointAnswer;
use crate::domain::pipeline::spec_run::progress::{RaisedSize, SpecProgress};
use crate::domain::pipeline::spec_run::researched;
use crate::domain::pipeline::spec_run::stage::{
    Checkpoint, CheckpointKind, PLANNING_TRIES_MAX, PlanningTry, ReviewedTask, SpecStage, TaskTry,
};
use crate::domain::pipeline::spec_run::stop::SpecStop;
use crate::domain::planning::part::PlannedPart;
use crate::domain::planning::plan_review::{AgreedPlan, PlanFinding};
use crate::domain::planning::prompt::in_words;
use crate::domain::planning::size_vote::SizeVote;
use crate::domain::planning::task::PlannedTask;

/// The stage in which a spec of that size begins; `None` where its size is to be told first.
pub(super) fn begin(
    spec: &mut SpecProgress,
    about: &SpecAbout,
    size: Option<Size>,
    vote: Option<&SizeVote>,
) -> Option<SpecStage> {
    let Some(size) = size else { return Some(SpecStage::Classifying) };
    spec.size = Some(size);
    let mut whole = PlannedPart::new(about.title.clone(), about.criteria.clone());
    match size {
        Size::S => {
            whole.tasks.push(PlannedTask::whole(&about.title, &about.touches, &about.criteria));
        }
        Size::M => {}
        Size::L => {
            let split = SpecStage::Splitting(PlanningTry::FIRST);
            return Some(researched::first(spec, about, vote).unwrap_or(split));
        }
    }
    spec.parts = vec![whole];
    if let Some(research) = researched::first(spec, about, vote) {
        return Some(research);
    }
    let then = spec.onward(about)?;
    // What is one task is planned by that.
    Some(if size == Size::S { only_planned(about, then) } else { then })
}

/// What comes after the plan and its tasks, or that it was only to be planned.
fn only_planned(about: &SpecAbout, then: SpecStage) -> SpecStage {
    let is_end = about.options.until == RunUntil::Plan;
    if is_end { SpecStage::Planned(Box::new(then)) } else { then }
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

/// The stage after a task was committed: its person is asked after so many of them, unless it was the last one, and
/// about the result where nothing else comes before it is published.
pub(super) fn task_built(spec: &SpecProgress, about: &SpecAbout) -> Option<SpecStage> {
    let then = spec.onward(about)?;
    let every = about.options.ask_every;
    let is_due = every > 0 && spec.built.len().is_multiple_of(every) && spec.part().is_some();
    Some(match then {
        then if is_due => asked(about, CheckpointKind::Built, then),
        then if spec.part().is_none() && about.options.until == RunUntil::Code => {
            SpecStage::Built(Box::new(after_tasks(spec, about, then)))
        }
        then => after_tasks(spec, about, then),
    })
}

/// What comes after the last task: where nothing else comes before the result is published, a rule may be proposed, and
/// its person is asked.
fn after_tasks(spec: &SpecProgress, about: &SpecAbout, then: SpecStage) -> SpecStage {
    match then {
        SpecStage::Publishing(_) if spec.has_upheld() => SpecStage::ProposingRule,
        then @ SpecStage::Publishing(_) => accepted(about, then),
        then => then,
    }
}

/// As what it is built where fixes of its first task find no end: one size larger, as long as nothing is built and there is
/// more to plan. `None` where that is a person's to decide.
pub(super) fn larger(spec: &SpecProgress, about: &SpecAbout) -> Option<Size> {
    // What is built ahead stands on nothing, and others are built beside it.
    if !spec.built.is_empty()
        || spec.begun.is_some()
        || about.report.is_some()
        || about.mode == RunMode::Fast
    {
        return None;
    }
    match spec.size? {
        Size::S => Some(Size::M),
        Size::M => (about.criteria.len() > 1).then_some(Size::L),
        Size::L => None,
    }
}

/// The stage in which it is planned as something larger.
pub(super) fn raised(
    spec: &mut SpecProgress,
    about: &SpecAbout,
    raised: RaisedSize,
) -> Option<SpecStage> {
    let to = raised.to;
    spec.raised.push(raised);
    spec.parts.clear();
    begin(spec, about, Some(to), None)
}

/// The stage after a task was reviewed: a person's yes comes first where others rely on what it changes.
pub(super) fn task_reviewed(about: &SpecAbout, task: ReviewedTask) -> SpecStage {
    let is_asked = task.reaching.iter().any(|file| about.asks_before(file.reach));
    let then = SpecStage::Committing(task);
    if is_asked { asked(about, CheckpointKind::Reach, then) } else { then }
}

/// The stage after an executor asked for more files; `then` is what it does with them.
pub(super) fn extended(
    spec: &mut SpecProgress,
    about: &SpecAbout,
    files: Vec<FileRequest>,
    then: SpecStage,
) -> SpecStage {
    if files.iter().all(|file| about.grants(file)) {
        spec.allow(&files);
        return then;
    }
    asked(about, CheckpointKind::Extension(files), then)
}

/// The stage after a person's answer: the plan and the tasks are made again with their note, a task goes on with or
/// without the files that it asked for, anything else ends.
pub(super) fn answered(
    spec: &mut SpecProgress,
    checkpoint: Checkpoint,
    answer: CheckpointAnswer,
) -> SpecStage {
    let note = match answer {
        CheckpointAnswer::Approve => {
            if let CheckpointKind::Extension(files) = &checkpoint.at {
                spec.allow(files);
            }
            return *checkpoint.then;
        }
        CheckpointAnswer::Reject(note) => note,
    };
    match (checkpoint.at, *checkpoint.then) {
        (CheckpointKind::Research, _) => {
            let end = || SpecStage::stopped(SpecStop::Rejected(note.clone()));
            researched::rejected(spec, note.clone()).unwrap_or_else(end)
        }
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
        (CheckpointKind::Extension(files), SpecStage::WritingCode { red, ask }) => {
            let files: Vec<String> = files.iter().map(|file| format!("`{}`", file.path)).collect();
            let no = format!("the person who asked for it does not allow {}", files.join(", "));
            let no = if note.is_empty() { no } else { format!("{no}: {note}") };
            SpecStage::WritingCode { red, ask: TaskTry { refused: vec![no], ..ask } }
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
