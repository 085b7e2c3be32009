//! The steps of one task: tests, the proof that they fail, code, the proof that they pass, its review.

use crate::domain::development::suite::{GreenProof, RedProof, RedTest};
use crate::domain::development::words::{FileRequest, LastWords};
use crate::domain::model::report::Verdict;
use crate::domain::pipeline::job::CallFailure;
use crate::domain::pipeline::spec_run::about::{RunMode, SpecAbout};
use crate::domain::pipeline::spec_run::outcome::{SpecOutcome, TaskReview, Work};
use crate::domain::pipeline::spec_run::planned;
use crate::domain::pipeline::spec_run::progress::{RaisedSize, SpecProgress};
use crate::domain::pipeline::spec_run::stage::{
    RedTests, ReviewedTask, Snapshot, SpecPause, SpecStage, TRIES_MAX, TaskTry, WrittenCode,
    WrittenTests,
};
use crate::domain::pipeline::spec_run::stop::SpecStop;

/// The stage after an outcome; `None` where the stage has no such outcome.
pub(super) fn step(
    spec: &mut SpecProgress,
    about: &SpecAbout,
    stage: SpecStage,
    outcome: SpecOutcome,
) -> Option<SpecStage> {
    Some(match (stage, outcome) {
        (SpecStage::WritingTests(ask), SpecOutcome::Worked(work)) => tests_written(ask, work),
        (SpecStage::ProvingRed(written), SpecOutcome::Red(proof)) => {
            red(written, proof, spec.head(about))
        }
        (SpecStage::WritingCode { red, ask }, SpecOutcome::Worked(work)) => {
            code_written(spec, about, red, ask, work)
        }
        (SpecStage::ProvingGreen { red, code }, SpecOutcome::Green(proof)) => {
            green(spec, about, red, code, proof)
        }
        (SpecStage::WritingCode { .. }, SpecOutcome::Beyond(why)) => {
            SpecStage::stopped(SpecStop::BeyondFast(why))
        }
        (
            stage @ (SpecStage::Reviewing { .. } | SpecStage::Accepting),
            SpecOutcome::Reviewed(review),
        ) => match review {
            TaskReview::Passed(task) if stage == SpecStage::Accepting => {
                let then = match spec.result(about) {
                    // Reviewed once more upon another base: it has no documents.
                    Some(last) if spec.is_one_task() => SpecStage::Publishing(last),
                    _ => SpecStage::Documenting(*task),
                };
                planned::accepted(about, then)
            }
            TaskReview::Passed(task) => planned::task_reviewed(about, *task),
            TaskReview::Endless { review, why, found } => {
                if let Some(to) = planned::larger(spec, about) {
                    let tried = spec.tried();
                    return planned::raised(spec, about, RaisedSize { to, why, found, tried });
                }
                let verdict = Verdict::Escalate;
                SpecStage::stopped(SpecStop::NotPassed { review, verdict, why })
            }
            TaskReview::NotPassed { review, verdict, why } => {
                SpecStage::stopped(SpecStop::NotPassed { review, verdict, why })
            }
            TaskReview::Paused { why, resume_when } => {
                SpecStage::Paused(SpecPause { why, resume_when, stage: Box::new(stage) })
            }
        },
        _ => return None,
    })
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
        Some(why) => SpecStage::stopped(SpecStop::Disagreement(why)),
        None => again(ask.number, ask.from, why, SpecStage::WritingTests, SpecStop::NoRedTests),
    }
}

fn red(written: WrittenTests, proof: RedProof, base: Snapshot) -> SpecStage {
    match proof {
        RedProof::Proven(failing) => code_for(written, failing, Vec::new()),
        RedProof::Removed { failing, taken_out } => code_for(written, failing, taken_out),
        RedProof::Unproven(why) => {
            again(written.number, base, why, SpecStage::WritingTests, SpecStop::NoRedTests)
        }
        RedProof::NotRun(why) => {
            SpecStage::paused(SpecStage::ProvingRed(written), &CallFailure::Infrastructure(why))
        }
    }
}

fn code_for(written: WrittenTests, failing: Vec<RedTest>, taken_out: Vec<String>) -> SpecStage {
    let WrittenTests { number, at, files } = written;
    let ask = TaskTry { number: 1, from: at.clone(), refused: Vec::new() };
    SpecStage::WritingCode { red: RedTests { number, at, files, failing, taken_out }, ask }
}

fn code_written(
    spec: &mut SpecProgress,
    about: &SpecAbout,
    red: RedTests,
    ask: TaskTry,
    work: Work,
) -> SpecStage {
    let (why, words, from) = match work {
        Work::Changed { at, words, .. }
            if words.disagreement.is_none() && words.extension.is_empty() =>
        {
            let code = WrittenCode { number: ask.number, at, subject: words.subject };
            return SpecStage::ProvingGreen { red, code };
        }
        // What is there is within the task: it goes on from that.
        Work::Changed { at, words, .. } => (Vec::new(), words, at),
        Work::Nothing(words) => (unchanged("no code was written", &ask), words, ask.from),
        Work::Refused { why, words } => (why, words, ask.from),
    };
    match words {
        LastWords { disagreement: Some(why), .. } => {
            SpecStage::stopped(SpecStop::Disagreement(why))
        }
        LastWords { extension, .. } if !extension.is_empty() => {
            // Without a list of files it asks for more than a task may be at all.
            let is_bounded = spec.task().is_some_and(|now| !now.task.paths.is_empty());
            if ask.number >= TRIES_MAX || !is_bounded {
                let files = extension.iter().map(FileRequest::in_words).collect();
                return SpecStage::stopped(SpecStop::Extension(files));
            }
            let ask = TaskTry { number: ask.number + 1, from, refused: Vec::new() };
            planned::extended(spec, about, extension, SpecStage::WritingCode { red, ask })
        }
        _ => {
            let next = |ask| SpecStage::WritingCode { red, ask };
            again(ask.number, from, why, next, SpecStop::NotBuilt)
        }
    }
}

fn green(
    spec: &SpecProgress,
    about: &SpecAbout,
    red: RedTests,
    code: WrittenCode,
    proof: GreenProof,
) -> SpecStage {
    match proof {
        GreenProof::Green(_) if about.mode == RunMode::Fast => {
            SpecStage::Committing(ReviewedTask::unreviewed(red, code))
        }
        GreenProof::Green(_) => SpecStage::Reviewing { red, code },
        GreenProof::Red(why) => {
            // It goes on from what is there: most of it may be right.
            let next = |ask| SpecStage::WritingCode { red, ask };
            again(code.number, code.at, why, next, SpecStop::NotBuilt)
        }
        GreenProof::Lost(why) => {
            again(red.number, spec.head(about), why, SpecStage::WritingTests, SpecStop::NoRedTests)
        }
        GreenProof::NotRun(why) => {
            let stage = SpecStage::ProvingGreen { red, code };
            SpecStage::paused(stage, &CallFailure::Infrastructure(why))
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
        return SpecStage::stopped(stop(refused));
    }
    next(TaskTry { number: number + 1, from, refused })
}
