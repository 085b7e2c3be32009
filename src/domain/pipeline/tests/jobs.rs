//! Jobs that are ready together: in whichever order they are performed, it comes to the same.

use std::collections::BTreeSet;

use crate::domain::model::severity::Severity;
use crate::domain::pipeline::apply::{apply, start};
use crate::domain::pipeline::job::{Action, CallFailure, Job, JobId, JobOutcome, ReviewOutcome};
use crate::domain::pipeline::journal::JobEvent;
use crate::domain::pipeline::next::next;
use crate::domain::pipeline::review_loop::{RunKind, Stage};
use crate::domain::pipeline::run::Run;
use crate::domain::pipeline::tests::{
    LIMITS, NOW, a_run, decision, gate_report, green_gates, laid_out, once, only, reported,
};
use crate::domain::review::answer::ReviewAnswer;
use crate::domain::review::arbiter_decision::ArbiterVerdict;
use crate::domain::review::finding::Completeness;

/// A review of so many chunks, none of which was asked about.
fn in_chunks(chunks: usize) -> Run {
    let run = a_run(RunKind::Review, &[]);
    let run = once(run.clone(), &only(&run), gate_report(green_gates()), &LIMITS);
    once(run.clone(), &only(&run), laid_out(chunks), &LIMITS)
}

/// What comes of a job: each chunk has an answer of its own, and there are two findings.
fn outcome(job: &Job) -> JobOutcome {
    match &job.action {
        Action::ReviewChunk { chunk, .. } => JobOutcome::Answered(ReviewAnswer {
            unscanned: vec![(format!("chunk {chunk}"), String::new())],
            ..ReviewAnswer::default()
        }),
        Action::Assemble { answers, .. } => {
            let order = answers.iter().map(|answer| answer.unscanned[0].0.clone());
            let order: Vec<String> = order.collect();
            assert!(order.is_sorted(), "the answers are in the order of the chunks: {order:?}");
            let found = |id| (reported(id, Severity::Critical), false);
            let reviewed = ReviewOutcome {
                completeness: Completeness::Complete,
                unproven: Vec::new(),
                findings: vec![found("F-1"), found("F-2")],
                verified: Vec::new(),
                criteria: Vec::new(),
            };
            JobOutcome::Reviewed(reviewed, 0)
        }
        Action::Arbitrate(id) => {
            JobOutcome::Arbitrated(decision(id, ArbiterVerdict::Upheld), Some(format!("L-{id}")))
        }
        Action::Close(_) => JobOutcome::Closed(Vec::new()),
        other => panic!("{other:?}"),
    }
}

/// Every way to go on, with at most two jobs under way: starting one that is ready, or ending one.
fn every_way(run: &Run, under_way: &[Job], ends: &mut Vec<Run>) {
    let ready = next(run);
    if ready.is_empty() && under_way.is_empty() {
        ends.push(run.clone());
        return;
    }
    if under_way.len() < 2 {
        for job in ready {
            let run = start(run.clone(), &job.id, NOW).unwrap();
            assert!(!next(&run).contains(&job), "it is under way");
            every_way(&run, &[under_way, &[job]].concat(), ends);
        }
    }
    for (at, job) in under_way.iter().enumerate() {
        let run = apply(run.clone(), &job.id, outcome(job).into(), NOW, &LIMITS).unwrap();
        let mut rest = under_way.to_vec();
        rest.remove(at);
        every_way(&run, &rest, ends);
    }
}

#[test]
fn in_whichever_order_jobs_start_and_end_it_comes_to_the_same() {
    let mut ends = Vec::new();
    every_way(&in_chunks(3), &[], &mut ends);
    assert!(ends.len() > 100, "{}", ends.len());
    let first = ends[0].clone();
    let ids: BTreeSet<&JobId> = first.journal.entries().iter().map(|entry| &entry.job).collect();
    for end in &ends {
        assert!(matches!(end.review_loop().stage, Stage::Ended(_)));
        assert_eq!(end.review(), first.review());
        let own: BTreeSet<&JobId> = end.journal.entries().iter().map(|entry| &entry.job).collect();
        assert_eq!(own, ids);
        assert!(end.journal.under_way().is_empty());
    }
}

#[test]
fn two_chunks_are_ready_at_once_and_have_names_of_their_own() {
    let run = in_chunks(2);
    let ids: Vec<String> = next(&run).iter().map(|job| job.id.to_string()).collect();
    assert_eq!(ids, ["review-0-0-0", "review-0-0-1"]);
    let jobs = next(&run);
    let run = start(run, &jobs[0].id, NOW).unwrap();
    assert_eq!(next(&run), [jobs[1].clone()]);
    let run = start(run, &jobs[1].id, NOW).unwrap();
    assert!(next(&run).is_empty());
    assert_eq!(run.journal.under_way(), [jobs[0].id.clone(), jobs[1].id.clone()]);
}

#[test]
fn what_cannot_happen_is_an_error_and_no_verdict() {
    let run = in_chunks(2);
    let (first, second) = (next(&run).remove(0), next(&run).remove(1));
    // Not started.
    let error = apply(run.clone(), &first.id, outcome(&first).into(), NOW, &LIMITS).unwrap_err();
    assert_eq!(error.to_string(), "the job `review-0-0-0` ended while the run is reviewing");
    let run = start(run, &first.id, NOW).unwrap();
    // Started twice, not there, an outcome of another job, ended twice.
    start(run.clone(), &first.id, NOW).unwrap_err();
    start(run.clone(), &JobId::new("fix-1-0"), NOW).unwrap_err();
    apply(run.clone(), &first.id, JobOutcome::Closed(Vec::new()).into(), NOW, &LIMITS).unwrap_err();
    let run = apply(run, &first.id, outcome(&first).into(), NOW, &LIMITS).unwrap();
    apply(run.clone(), &first.id, outcome(&first).into(), NOW, &LIMITS).unwrap_err();
    start(run, &second.id, NOW).unwrap();
    let ended = every_end();
    assert!(next(&ended).is_empty());
    start(ended, &JobId::new("close"), NOW).unwrap_err();
}

fn every_end() -> Run {
    let mut ends = Vec::new();
    every_way(&in_chunks(1), &[], &mut ends);
    ends.remove(0)
}

#[test]
fn a_job_that_was_interrupted_is_ready_again_with_the_same_call() {
    let run = in_chunks(2);
    let jobs = next(&run);
    let run = start(run, &jobs[0].id, NOW).unwrap();
    let run = start(run, &jobs[1].id, NOW).unwrap();
    let run = apply(run, &jobs[1].id, outcome(&jobs[1]).into(), NOW, &LIMITS).unwrap();
    let again = run.interrupted(NOW);
    assert_eq!(next(&again), [jobs[0].clone()], "what ended has ended");
    assert_eq!(again.call_key(&jobs[0].id), "review-0-0-0");
    let last = again.journal.entries().last().unwrap();
    assert_eq!((&last.job, &last.event), (&jobs[0].id, &JobEvent::Interrupted));
    assert_eq!(again.clone().interrupted(NOW), again);
}

#[test]
fn a_job_that_failed_makes_another_call() {
    let run = in_chunks(2);
    let jobs = next(&run);
    let run = start(run, &jobs[0].id, NOW).unwrap();
    let run = start(run, &jobs[1].id, NOW).unwrap();
    let failed = || JobOutcome::Failed(CallFailure::Infrastructure("no network".to_owned()));
    let run = apply(run, &jobs[0].id, failed().into(), NOW, &LIMITS).unwrap();
    // The other is under way: what it says is waited for, and kept.
    assert!(matches!(run.review_loop().stage, Stage::Reviewing { .. }));
    let run = apply(run, &jobs[1].id, outcome(&jobs[1]).into(), NOW, &LIMITS).unwrap();
    assert!(matches!(run.review_loop().stage, Stage::Paused(_)));
    let run = run.resumed();
    assert_eq!(next(&run), [jobs[0].clone()]);
    assert_eq!(run.call_key(&jobs[0].id), "review-0-0-0-again-1");
    // What waits is not begun once a chunk failed.
    let three = in_chunks(3);
    let first = next(&three).remove(0);
    let three = once(three, &first, failed(), &LIMITS);
    assert!(matches!(three.review_loop().stage, Stage::Paused(_)));
    assert_eq!(next(&three.resumed()).len(), 3);
}
