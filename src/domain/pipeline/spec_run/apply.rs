//! Applies what happened to the run of a spec.

use jiff::Timestamp;

use crate::domain::pipeline::apply::Unexpected;
use crate::domain::pipeline::job::{AgentAnswer, JobId};
use crate::domain::pipeline::journal::{JobEvent, JobResult};
use crate::domain::pipeline::plan_loop::{PlanLoop, PlanRound};
use crate::domain::pipeline::spec_run::SpecRun;
use crate::domain::pipeline::spec_run::about::SpecAbout;
use crate::domain::pipeline::spec_run::outcome::{CheckpointAnswer, SpecOutcome};
use crate::domain::pipeline::spec_run::progress::{PageFacts, SpecProgress};
use crate::domain::pipeline::spec_run::stage::{BuiltTask, PlanningTry, Snapshot, SpecStage};
use crate::domain::pipeline::spec_run::stop::{SpecEnd, SpecStop};
use crate::domain::pipeline::spec_run::{
    ahead, bug, built, planned, proposed, rebased, researched, said, specified,
};
use crate::domain::planning::size_vote;

/// The run after a person's answer, which its journal keeps; `None` where it waits for none.
pub fn answer(mut run: SpecRun, answer: CheckpointAnswer, at: Timestamp) -> Option<SpecRun> {
    let SpecStage::Waiting(checkpoint) = run.stage().clone() else { return None };
    let job = JobId::new("answer");
    let said = vec![said::of_answer(&checkpoint, &answer)];
    run.journal.add(at, job.clone(), JobEvent::Started);
    run.journal.add_said(at, job, JobEvent::Ended(JobResult::Done), said);
    let stage = planned::answered(&mut run.machine.spec, checkpoint, answer);
    run.machine.spec.stage = stage;
    ahead::settle(&mut run, at);
    Some(run)
}

/// The run with its question asked anew, on a page with these facts.
#[must_use]
pub fn ask_again(mut run: SpecRun, facts: PageFacts) -> SpecRun {
    run.machine.spec.shown = Some(facts);
    run
}

/// The run, gone on with: what can be built ahead is begun.
#[must_use]
pub fn begin_ahead(mut run: SpecRun) -> SpecRun {
    ahead::begin(&mut run);
    run
}

/// The run with a ready job of it under way.
///
/// # Errors
///
/// Where the job is none that is ready.
pub fn start(mut run: SpecRun, job: &JobId, at: Timestamp) -> Result<SpecRun, Unexpected> {
    if !run.jobs().contains(job) || run.journal.is_under_way(job) {
        return Err(unexpected(&run, job, "was started"));
    }
    run.journal.add(at, job.clone(), JobEvent::Started);
    Ok(run)
}

/// The run after what came of a job that was under way.
///
/// # Errors
///
/// Where the job is not under way, or has no such outcome.
pub fn apply(
    mut run: SpecRun,
    job: &JobId,
    outcome: SpecOutcome,
    answers: &[AgentAnswer],
    at: Timestamp,
) -> Result<SpecRun, Unexpected> {
    let Some(mut seen) = run.seen_by(job).filter(|_| run.journal.is_under_way(job)) else {
        return Err(unexpected(&run, job, "ended"));
    };
    let no_such = unexpected(&run, job, "had a result that it cannot have");
    let result = match &outcome {
        SpecOutcome::Failed(failure) => JobResult::Failed(failure.clone()),
        SpecOutcome::Researched(came) if came.failed.is_some() => {
            came.failed.clone().map_or(JobResult::Done, JobResult::Failed)
        }
        _ => JobResult::Done,
    };
    let said = said::of(&outcome);
    run.note(job, answers);
    seen.note(job, answers);
    let Some(stage) = step(&mut seen, outcome) else { return Err(no_such) };
    let mut run = if run.job().as_ref() == Some(job) {
        seen.machine.spec.stage = stage;
        seen
    } else {
        // It may have been given more files.
        run.machine.spec.parts = seen.machine.spec.parts;
        let place = seen.machine.spec.begun.map(|begun| begun.before);
        let mut ahead = run.machine.spec.ahead.iter_mut();
        if let Some(task) = ahead.find(|task| Some(task.begun.before) == place) {
            task.stage = stage;
        }
        run
    };
    run.journal.add_said(at, job.clone(), JobEvent::Ended(result), said);
    ahead::settle(&mut run, at);
    Ok(run)
}

/// The run, in which a job that is under way is to be made again: it could not be made beside another one.
///
/// # Errors
///
/// Where the job is not under way.
pub fn put_off(mut run: SpecRun, job: &JobId, at: Timestamp) -> Result<SpecRun, Unexpected> {
    if !run.journal.is_under_way(job) {
        return Err(unexpected(&run, job, "was put off"));
    }
    run.journal.add(at, job.clone(), JobEvent::Deferred);
    Ok(run)
}

fn unexpected(run: &SpecRun, job: &JobId, what: &'static str) -> Unexpected {
    Unexpected { job: job.clone(), what, stage: run.stage().as_str() }
}

/// The stage after a commit was made, or stopped by gates; `None` where the stage makes none.
fn committed(
    spec: &mut SpecProgress,
    about: &SpecAbout,
    stage: SpecStage,
    came: Result<Snapshot, Vec<String>>,
) -> Option<SpecStage> {
    Some(match (stage, came) {
        (SpecStage::Committing(task), Ok(at)) => {
            spec.built.push(BuiltTask::new(task, at));
            match ahead::turn(spec) {
                Some(stage) => stage,
                None => planned::task_built(spec, about)?,
            }
        }
        (SpecStage::Recording, Ok(at)) => {
            spec.recorded = Some(at);
            proposed::begin(spec, about)
        }
        (SpecStage::Documenting(task), Ok(at)) => SpecStage::Publishing(BuiltTask::new(task, at)),
        (SpecStage::Committing(_) | SpecStage::Recording | SpecStage::Documenting(_), Err(why)) => {
            SpecStage::stopped(SpecStop::Gates(why))
        }
        _ => return None,
    })
}

/// The stage after an outcome; `None` where the stage has no such outcome.
fn step(run: &mut SpecRun, outcome: SpecOutcome) -> Option<SpecStage> {
    let stage = run.stage().clone();
    if let (SpecStage::Diagnosing(ask), SpecOutcome::Diagnosed(came)) = (&stage, &outcome) {
        return bug::diagnosed(run, ask, came.clone());
    }
    if let (SpecStage::Rebasing(then), SpecOutcome::Rebased(came)) = (&stage, &outcome) {
        return rebased::done(run, (**then).clone(), came.clone());
    }
    if let Some(next) = specified::step(run, &stage, &outcome) {
        return Some(next);
    }
    let (about, spec) = (&run.about, &mut run.machine.spec);
    Some(match (stage, outcome) {
        (stage, SpecOutcome::Failed(failure)) => SpecStage::paused(stage, &failure),
        (SpecStage::TestingBase, SpecOutcome::BaseTested(Ok(()))) if about.report.is_some() => {
            SpecStage::Diagnosing(PlanningTry::FIRST)
        }
        (SpecStage::TestingBase, SpecOutcome::BaseTested(Ok(()))) if about.idea.is_some() => {
            SpecStage::WritingSpec { drafts: PlanLoop::default(), ask: PlanningTry::FIRST }
        }
        (SpecStage::TestingBase, SpecOutcome::BaseTested(Ok(()))) => {
            planned::begin(spec, about, about.known_size(), None)?
        }
        (SpecStage::TestingBase, SpecOutcome::BaseTested(Err(why))) => {
            SpecStage::stopped(SpecStop::BaseUntested(why))
        }
        (SpecStage::Classifying, SpecOutcome::Sized(vote)) => {
            let size = size_vote::decided(about.counted_size, vote.as_ref());
            planned::begin(spec, about, Some(size), vote.as_ref())?
        }
        (SpecStage::Researching(ask), SpecOutcome::Researched(came)) => {
            researched::came(spec, about, ask, *came)?
        }
        (SpecStage::Splitting(ask), SpecOutcome::Split(parts)) => planned::split(spec, &ask, parts),
        (SpecStage::WritingPlan(plans), SpecOutcome::PlanWritten(plan)) => {
            planned::plan_round(spec, about, plans.with(PlanRound::Written(plan)))
        }
        (SpecStage::ReviewingPlan(plans), SpecOutcome::PlanReviewed(findings)) => {
            planned::plan_round(spec, about, plans.with(PlanRound::Reviewed(findings)))
        }
        (SpecStage::ListingTasks { plan, ask }, SpecOutcome::Listed(tasks)) => {
            planned::listed(spec, about, plan, &ask, tasks)?
        }
        (stage, SpecOutcome::Proposed(came)) => proposed::came(spec, about, &stage, came)?,
        (SpecStage::Joining(task), SpecOutcome::Joined(came)) => {
            ahead::joined(spec, about, task, came)?
        }
        (stage, SpecOutcome::Committed(came)) => committed(spec, about, stage, came)?,
        (stage @ (SpecStage::Accepting | SpecStage::Publishing(_)), SpecOutcome::BaseMoved) => {
            rebased::begin(spec, stage)
        }
        (SpecStage::Publishing(built), SpecOutcome::Published) if spec.diagnosis.is_some() => {
            SpecStage::Learning(built)
        }
        (SpecStage::Learning(built), SpecOutcome::Learned(finding)) => {
            spec.learned = finding;
            SpecStage::Ended(SpecEnd::Done { commit: built.commit })
        }
        (SpecStage::Publishing(built), SpecOutcome::Published) => {
            SpecStage::Ended(SpecEnd::Done { commit: built.commit })
        }
        (SpecStage::Keeping(built), SpecOutcome::Kept) => {
            SpecStage::Ended(SpecEnd::Kept { commit: built.commit })
        }
        (stage, outcome) => built::step(spec, about, stage, outcome)?,
    })
}
