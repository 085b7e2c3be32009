//! Applies what happened to the run of a spec.

use jiff::Timestamp;

use crate::domain::development::suite::{GreenProof, RedProof};
use crate::domain::development::words::LastWords;
use crate::domain::model::oid::Oid;
use crate::domain::model::report::Verdict;
use crate::domain::pipeline::apply::Unexpected;
use crate::domain::pipeline::job::{AgentAnswer, CallFailure, JobId};
use crate::domain::pipeline::journal::{JobEvent, JobResult};
use crate::domain::pipeline::review_loop::ResumeWhen;
use crate::domain::pipeline::spec_run::SpecRun;
use crate::domain::pipeline::spec_run::stage::{
    RedTests, ReviewedTask, Snapshot, SpecEnd, SpecPause, SpecStage, SpecStop, TRIES_MAX, TaskTry,
    WrittenCode, WrittenTests,
};

/// What came of the job of a stage.
#[derive(Clone, Debug, PartialEq)]
pub enum SpecOutcome {
    /// The tests of the base ran and none failed; else what is wrong, one a line.
    BaseTested(Result<(), Vec<String>>),
    /// An executor worked.
    Worked(Work),
    Red(RedProof),
    Green(GreenProof),
    Reviewed(TaskReview),
    /// The commit, or what the gates say against it.
    Committed(Result<Oid, Vec<String>>),
    Published,
    /// A call could not be made or answered.
    Failed(CallFailure),
}

/// What an executor left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Work {
    Changed {
        at: Snapshot,
        files: Vec<String>,
        words: LastWords,
    },
    /// Nothing changed.
    Nothing(LastWords),
    /// It is beyond the task: why.
    Refused {
        why: Vec<String>,
        words: LastWords,
    },
}

/// What the review of a task came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TaskReview {
    Passed(ReviewedTask),
    /// The review's run, its verdict, and why.
    NotPassed {
        review: String,
        verdict: Verdict,
        why: String,
    },
    /// It goes on later.
    Paused {
        why: String,
        resume_when: ResumeWhen,
    },
}

/// The run with its ready job under way.
///
/// # Errors
///
/// Where the job is not the one that is ready.
pub fn start(mut run: SpecRun, job: &JobId, at: Timestamp) -> Result<SpecRun, Unexpected> {
    if run.stage().job().as_ref() != Some(job) || run.journal.is_under_way(job) {
        return Err(unexpected(&run, job, "was started"));
    }
    run.journal.add(at, job.clone(), JobEvent::Started);
    Ok(run)
}

/// The run after what came of the job that was under way.
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
    if run.stage().job().as_ref() != Some(job) || !run.journal.is_under_way(job) {
        return Err(unexpected(&run, job, "ended"));
    }
    let no_such = unexpected(&run, job, "had a result that it cannot have");
    let result = match &outcome {
        SpecOutcome::Failed(failure) => JobResult::Failed(failure.clone()),
        _ => JobResult::Done,
    };
    run.note(answers);
    let base = Snapshot { tree: run.about.base_tree.clone(), commit: run.about.base.clone() };
    let Some(stage) = step(run.stage().clone(), outcome, base) else { return Err(no_such) };
    run.journal.add(at, job.clone(), JobEvent::Ended(result));
    run.machine.spec.stage = stage;
    Ok(run)
}

fn unexpected(run: &SpecRun, job: &JobId, what: &'static str) -> Unexpected {
    Unexpected { job: job.clone(), what, stage: run.stage().as_str() }
}

/// The stage after an outcome; `None` where the stage has no such outcome.
fn step(stage: SpecStage, outcome: SpecOutcome, base: Snapshot) -> Option<SpecStage> {
    Some(match (stage, outcome) {
        (stage, SpecOutcome::Failed(failure)) => pause(stage, &failure),
        (SpecStage::TestingBase, SpecOutcome::BaseTested(Ok(()))) => {
            SpecStage::WritingTests(TaskTry { number: 1, from: base, refused: Vec::new() })
        }
        (SpecStage::TestingBase, SpecOutcome::BaseTested(Err(why))) => {
            stopped(SpecStop::BaseUntested(why))
        }
        (SpecStage::WritingTests(ask), SpecOutcome::Worked(work)) => tests_written(ask, work),
        (SpecStage::ProvingRed(written), SpecOutcome::Red(proof)) => red(written, proof, base),
        (SpecStage::WritingCode { red, ask }, SpecOutcome::Worked(work)) => {
            code_written(red, ask, work)
        }
        (SpecStage::ProvingGreen { red, code }, SpecOutcome::Green(proof)) => {
            green(red, code, proof)
        }
        (stage @ SpecStage::Reviewing { .. }, SpecOutcome::Reviewed(review)) => match review {
            TaskReview::Passed(task) => SpecStage::Committing(task),
            TaskReview::NotPassed { review, verdict, why } => {
                stopped(SpecStop::NotPassed { review, verdict, why })
            }
            TaskReview::Paused { why, resume_when } => {
                SpecStage::Paused(SpecPause { why, resume_when, stage: Box::new(stage) })
            }
        },
        (SpecStage::Committing(task), SpecOutcome::Committed(Ok(commit))) => {
            SpecStage::Publishing { task, commit }
        }
        (SpecStage::Committing(_), SpecOutcome::Committed(Err(why))) => {
            stopped(SpecStop::Gates(why))
        }
        (SpecStage::Publishing { commit, .. }, SpecOutcome::Published) => {
            SpecStage::Ended(SpecEnd::Done { commit })
        }
        _ => return None,
    })
}

fn stopped(stop: SpecStop) -> SpecStage {
    SpecStage::Ended(SpecEnd::Stopped(stop))
}

fn pause(stage: SpecStage, failure: &CallFailure) -> SpecStage {
    let resume_when = match failure {
        CallFailure::Infrastructure(_) => ResumeWhen::Asked,
        CallFailure::Budget(_) => ResumeWhen::BudgetAllows,
        CallFailure::RateLimited { until, .. } => ResumeWhen::At(*until),
    };
    let why = failure.why().to_owned();
    SpecStage::Paused(SpecPause { why, resume_when, stage: Box::new(stage) })
}

fn tests_written(ask: TaskTry, work: Work) -> SpecStage {
    let (why, words) = match work {
        Work::Changed { at, files, words } if words.disagreement.is_none() => {
            return SpecStage::ProvingRed(WrittenTests { number: ask.number, at, files });
        }
        Work::Changed { words, .. } => (Vec::new(), words),
        Work::Nothing(words) => (unchanged("no test was written", &ask), words),
        Work::Refused { why, words } => (why, words),
    };
    match words.disagreement {
        Some(why) => stopped(SpecStop::Disagreement(why)),
        None => again(ask.number, ask.from, why, SpecStage::WritingTests, SpecStop::NoRedTests),
    }
}

fn red(written: WrittenTests, proof: RedProof, base: Snapshot) -> SpecStage {
    match proof {
        RedProof::Proven(failing) => {
            let WrittenTests { at, files, .. } = written;
            let ask = TaskTry { number: 1, from: at.clone(), refused: Vec::new() };
            SpecStage::WritingCode { red: RedTests { at, files, failing }, ask }
        }
        RedProof::Unproven(why) => {
            again(written.number, base, why, SpecStage::WritingTests, SpecStop::NoRedTests)
        }
        RedProof::NotRun(why) => {
            pause(SpecStage::ProvingRed(written), &CallFailure::Infrastructure(why))
        }
    }
}

fn code_written(red: RedTests, ask: TaskTry, work: Work) -> SpecStage {
    let (why, words) = match work {
        Work::Changed { at, words, .. } if words.disagreement.is_none() => {
            let code = WrittenCode { number: ask.number, at, subject: words.subject };
            return SpecStage::ProvingGreen { red, code };
        }
        Work::Changed { words, .. } => (Vec::new(), words),
        Work::Nothing(words) => (unchanged("no code was written", &ask), words),
        Work::Refused { why, words } => (why, words),
    };
    match words {
        LastWords { disagreement: Some(why), .. } => stopped(SpecStop::Disagreement(why)),
        LastWords { extension, .. } if !extension.is_empty() => {
            stopped(SpecStop::Extension(extension))
        }
        _ => {
            let next = |ask| SpecStage::WritingCode { red, ask };
            again(ask.number, ask.from, why, next, SpecStop::NotBuilt)
        }
    }
}

fn green(red: RedTests, code: WrittenCode, proof: GreenProof) -> SpecStage {
    match proof {
        GreenProof::Green(_) => SpecStage::Reviewing { red, code },
        GreenProof::Red(why) => {
            // It goes on from what is there: most of it may be right.
            let next = |ask| SpecStage::WritingCode { red, ask };
            again(code.number, code.at, why, next, SpecStop::NotBuilt)
        }
        GreenProof::NotRun(why) => {
            let stage = SpecStage::ProvingGreen { red, code };
            pause(stage, &CallFailure::Infrastructure(why))
        }
    }
}

/// That nothing was written, with what was wrong before and still is.
fn unchanged(what: &str, ask: &TaskTry) -> Vec<String> {
    const AGAIN: &str = "the last try changed nothing";
    if ask.refused.is_empty() {
        return vec![what.to_owned()];
    }
    let mut why: Vec<String> = ask.refused.iter().filter(|line| *line != AGAIN).cloned().collect();
    why.push(AGAIN.to_owned());
    why
}

/// The next try, or the end where there is none.
fn again(
    number: u32,
    from: Snapshot,
    refused: Vec<String>,
    next: impl FnOnce(TaskTry) -> SpecStage,
    stop: impl FnOnce(Vec<String>) -> SpecStop,
) -> SpecStage {
    if number >= TRIES_MAX {
        return stopped(stop(refused));
    }
    next(TaskTry { number: number + 1, from, refused })
}
