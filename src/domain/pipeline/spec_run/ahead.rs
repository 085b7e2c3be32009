//! Tasks that are worked on before their turn, beside the one whose turn it is.
//!
//! Commits stay in the order of the plan. What waits or pauses ahead does so once it is its turn; what passed its review ahead
//! is put upon the commits that were made meanwhile, tested there, and then committed. What stops, or does not fit there, is
//! built again.

use jiff::Timestamp;

use crate::domain::model::oid::Oid;
use crate::domain::pipeline::journal::{JobEvent, JobResult};
use crate::domain::pipeline::spec_run::SpecRun;
use crate::domain::pipeline::spec_run::about::{RunMode, SpecAbout};
use crate::domain::pipeline::spec_run::begun::{AheadTask, BegunAhead, is_work};
use crate::domain::pipeline::spec_run::progress::SpecProgress;
use crate::domain::pipeline::spec_run::stage::{ReviewedTask, SpecStage, TaskTry};
use crate::domain::pipeline::spec_run::stop::{SpecEnd, SpecStop};
use crate::domain::planning::independent::is_independent;

impl SpecProgress {
    /// Whether tests of tasks were built that are in no commit below the one that is built now: what was compiled of them
    /// may be there.
    pub fn has_others_beside(&self) -> bool {
        self.begun.is_some() || !self.ahead.is_empty() || !self.set_aside.is_empty()
    }
}

/// Brings what is ahead into line with what just happened.
pub(super) fn settle(run: &mut SpecRun, at: Timestamp) {
    let (about, spec) = (&run.about, &mut run.machine.spec);
    if let (SpecStage::WritingTests(ask), Some(_)) = (&spec.stage, &spec.begun)
        && ask.number == 1
        && spec.job().is_some_and(|job| run.journal.is_unmade(&job))
    {
        // Nothing was made of it: it is built upon what is committed by now.
        spec.begun = None;
        let ask = TaskTry { from: spec.tip(about), ..ask.clone() };
        spec.stage = SpecStage::WritingTests(ask);
    }
    if let (SpecStage::Committing(task), Some(_)) = (&spec.stage, &spec.begun) {
        // It was judged upon other code than the commit would stand on.
        spec.stage = SpecStage::Joining(task.clone());
    }
    if let SpecStage::Ended(SpecEnd::Stopped(stop)) = &spec.stage
        && stop.is_of_a_task()
        && let Some(stage) = again(spec, about, with_first("it stopped without that", stop))
    {
        spec.stage = stage;
    }
    set_aside(run, at);
    begin(run);
}

/// Sets aside what is ahead of a run that has ended or is planned anew, and what shares a file by now with what comes before it.
fn set_aside(run: &mut SpecRun, at: Timestamp) {
    let has_ended = run.has_ended();
    for task in std::mem::take(&mut run.machine.spec.ahead) {
        let spec = &mut run.machine.spec;
        if !has_ended && can_be_ahead(spec, task.begun.before) {
            spec.ahead.push(task);
            continue;
        }
        let why = if has_ended {
            "the run ended before it"
        } else {
            "it is not independent any more, and is built again once it is its turn"
        };
        let why = vec![why.to_owned()];
        // One that was interrupted too: what its call answered is not for the one that is made in its place.
        if let Some(job) = SpecProgress::ahead_job(&task).filter(|job| run.journal.is_open(job)) {
            let ended = JobEvent::Ended(JobResult::Done);
            run.journal.add_said(at, job, ended, why.clone());
        }
        run.machine.spec.set_aside.push(task.begun.set_aside(why));
    }
}

/// Whether the task that stands behind so many others is independent of those that come before it and are not committed.
fn can_be_ahead(spec: &SpecProgress, before: usize) -> bool {
    let (Some((part, now)), Some((of_part, at))) =
        (spec.place_of(spec.before()), spec.place_of(before))
    else {
        return false;
    };
    part == of_part && at > now && is_independent(&spec.parts[part].tasks, now, at)
}

/// Begins as many tasks ahead as there is room for.
pub(super) fn begin(run: &mut SpecRun) {
    let (about, spec) = (&run.about, &mut run.machine.spec);
    if !is_work(&spec.stage) || asks_between(about) || takes_out(about) {
        return;
    }
    let Some((part, now)) = spec.place_of(spec.before()) else { return };
    let first = spec.before() - now;
    for before in first + now + 1..first + spec.parts[part].tasks.len() {
        let room = about.options.tasks_at_once.saturating_sub(1 + spec.ahead.len());
        if room == 0 || !is_before_question(about, spec.before(), before) {
            break;
        }
        let is_known =
            spec.ahead.iter().any(|task| task.begun.before == before) || spec.has_set_aside(before);
        if is_known || !can_be_ahead(spec, before) {
            continue;
        }
        let (upon, built) = (spec.tip(about), spec.built.len());
        let ask = TaskTry { number: 1, from: upon.clone(), refused: Vec::new() };
        let (raised, executor) = (spec.raised.len(), String::new());
        let place = Some(free_place(spec));
        let begun = BegunAhead { before, built, upon, raised, review: None, executor, place };
        spec.ahead.push(AheadTask { begun, stage: SpecStage::WritingTests(ask) });
    }
    spec.ahead.sort_by_key(|task| task.begun.before);
}

/// The first workspace beside the run's own in which no task is built.
fn free_place(spec: &SpecProgress) -> usize {
    let begun = spec.ahead.iter().map(|task| &task.begun).chain(&spec.begun);
    let taken: Vec<usize> = begun.map(BegunAhead::workspace).collect();
    (1..=taken.len() + 1).find(|place| !taken.contains(place)).unwrap_or_default()
}

/// Whether a person may be asked about a task before the next one is built.
fn asks_between(about: &SpecAbout) -> bool {
    let options = &about.options;
    !options.autopilot && (about.mode == RunMode::Manual || !options.ask_before.is_empty())
}

/// Whether a task of the run may take out tests of an earlier version of the spec, which is weighed against all that was
/// there before.
fn takes_out(about: &SpecAbout) -> bool {
    about.earlier.as_ref().is_some_and(|earlier| !earlier.tests.is_empty())
}

/// Whether no person is asked about what is built between two tasks, each with so many before it.
fn is_before_question(about: &SpecAbout, now: usize, before: usize) -> bool {
    match about.options.ask_every {
        0 => true,
        _ if about.options.autopilot => true,
        every => now / every == before / every,
    }
}

/// The stage of the task whose turn it is by now, where it was begun ahead.
pub(super) fn turn(spec: &mut SpecProgress) -> Option<SpecStage> {
    let built = spec.built.len();
    let place = spec.ahead.iter().position(|task| task.begun.before == built)?;
    let AheadTask { begun, stage } = spec.ahead.remove(place);
    spec.begun = Some(begun);
    Some(match stage {
        // What kept it from going on may be over by now.
        SpecStage::Paused(pause) => *pause.stage,
        stage => stage,
    })
}

/// The stage after what was judged ahead was put upon the commits that were made meanwhile, as that tree; `None` where
/// nothing was begun ahead.
pub(super) fn joined(
    spec: &mut SpecProgress,
    about: &SpecAbout,
    task: ReviewedTask,
    came: Result<Oid, Vec<String>>,
) -> Option<SpecStage> {
    let tree = match came {
        Ok(tree) => tree,
        Err(why) => return again(spec, about, why),
    };
    let BegunAhead { review, executor, .. } = spec.begun.take()?;
    spec.reviews.extend(review);
    if !executor.is_empty() {
        spec.executor = executor;
    }
    Some(SpecStage::Committing(ReviewedTask { tree, ..task }))
}

/// The stage in which the task whose turn it is begins again, upon the commits that were made meanwhile; `None` where nothing
/// was begun ahead.
fn again(spec: &mut SpecProgress, about: &SpecAbout, why: Vec<String>) -> Option<SpecStage> {
    let begun = spec.begun.take()?;
    spec.set_aside.push(begun.set_aside(why));
    spec.onward(about)
}

fn with_first(first: &str, stop: &SpecStop) -> Vec<String> {
    let mut why = stop.reasons();
    if let Some(line) = why.first_mut() {
        *line = format!("{first}: {line}");
    }
    why
}
