//! The run of a spec ends, whatever its jobs come to, and goes no way that it cannot go.

use jiff::Timestamp;
use proptest::prelude::*;

use crate::domain::development::suite::{GreenProof, RedProof, RedReason, RedTest};
use crate::domain::development::words::LastWords;
use crate::domain::model::oid::Oid;
use crate::domain::model::report::Verdict;
use crate::domain::pipeline::format::{StoredRun, parse};
use crate::domain::pipeline::job::{CallFailure, JobId};
use crate::domain::pipeline::review_loop::ResumeWhen;
use crate::domain::pipeline::run::SpecCopy;
use crate::domain::pipeline::spec_run::apply::{SpecOutcome, TaskReview, Work, apply, start};
use crate::domain::pipeline::spec_run::stage::{
    ReviewedTask, Snapshot, SpecEnd, SpecStage, SpecStop, TRIES_MAX,
};
use crate::domain::pipeline::spec_run::{SpecAbout, SpecRun};
use crate::domain::spec::belongs::SpecGround;

fn oid(number: u32) -> Oid {
    Oid::parse(&format!("{number:040x}")).unwrap()
}

fn at(number: u32) -> Snapshot {
    Snapshot { tree: oid(number), commit: oid(1_000 + number) }
}

fn new() -> SpecRun {
    let spec = SpecCopy {
        ground: SpecGround::Named,
        path: "docs/specs/a.md".into(),
        hash: "h".to_owned(),
        text: "text".to_owned(),
    };
    let about = SpecAbout {
        spec,
        spec_id: "a".to_owned(),
        title: "A".to_owned(),
        base: oid(1),
        base_tree: oid(2),
        base_name: "main".to_owned(),
        base_ref: "refs/heads/main".to_owned(),
        branch: "tribunal/a".to_owned(),
        started: Timestamp::UNIX_EPOCH,
        seed: "5e".to_owned(),
        asked: "q".to_owned(),
    };
    SpecRun::new("01J".to_owned(), about)
}

fn work(number: u32, words: LastWords) -> SpecOutcome {
    SpecOutcome::Worked(Work::Changed { at: at(number), files: vec!["tests/a".to_owned()], words })
}

fn red() -> SpecOutcome {
    let test = RedTest { command: "t".to_owned(), name: None, why: RedReason::Assertion };
    SpecOutcome::Red(RedProof::Proven(vec![test]))
}

fn passed() -> SpecOutcome {
    SpecOutcome::Reviewed(TaskReview::Passed(ReviewedTask {
        tree: oid(5),
        subject: String::new(),
        criteria: Vec::new(),
        review: "01K".to_owned(),
        reviewer: String::new(),
        arbiter: String::new(),
    }))
}

fn failed() -> SpecOutcome {
    SpecOutcome::Failed(CallFailure::Infrastructure("gone".to_owned()))
}

/// Everything that the job of a stage may come to.
fn outcomes(stage: &SpecStage) -> Vec<SpecOutcome> {
    let why = || vec!["why".to_owned()];
    let words = LastWords::default;
    let disagrees = LastWords { disagreement: Some("no".to_owned()), ..words() };
    let extends = LastWords { extension: why(), ..words() };
    let of_work = || {
        vec![
            work(7, words()),
            work(7, disagrees.clone()),
            SpecOutcome::Worked(Work::Nothing(words())),
            SpecOutcome::Worked(Work::Nothing(disagrees.clone())),
            SpecOutcome::Worked(Work::Refused { why: why(), words: words() }),
            SpecOutcome::Worked(Work::Refused { why: why(), words: extends.clone() }),
        ]
    };
    let mut all = match stage {
        SpecStage::TestingBase => {
            vec![SpecOutcome::BaseTested(Ok(())), SpecOutcome::BaseTested(Err(why()))]
        }
        SpecStage::WritingTests(_) | SpecStage::WritingCode { .. } => of_work(),
        SpecStage::ProvingRed(_) => vec![
            red(),
            SpecOutcome::Red(RedProof::Unproven(why())),
            SpecOutcome::Red(RedProof::NotRun("why".to_owned())),
        ],
        SpecStage::ProvingGreen { .. } => vec![
            SpecOutcome::Green(GreenProof::Green(1)),
            SpecOutcome::Green(GreenProof::Red(why())),
            SpecOutcome::Green(GreenProof::NotRun("why".to_owned())),
        ],
        SpecStage::Reviewing { .. } => vec![
            passed(),
            SpecOutcome::Reviewed(TaskReview::NotPassed {
                review: "01K".to_owned(),
                verdict: Verdict::Block,
                why: "why".to_owned(),
            }),
            SpecOutcome::Reviewed(TaskReview::Paused {
                why: "why".to_owned(),
                resume_when: ResumeWhen::Asked,
            }),
        ],
        SpecStage::Committing(_) => {
            vec![SpecOutcome::Committed(Ok(oid(9))), SpecOutcome::Committed(Err(why()))]
        }
        SpecStage::Publishing { .. } => vec![SpecOutcome::Published],
        SpecStage::Paused(_) | SpecStage::Ended(_) => Vec::new(),
    };
    if stage.job().is_some() {
        all.push(failed());
    }
    all
}

fn step(run: SpecRun, outcome: SpecOutcome) -> SpecRun {
    let job = run.stage().job().unwrap();
    let run = start(run, &job, Timestamp::UNIX_EPOCH).unwrap();
    apply(run, &job, outcome, &[], Timestamp::UNIX_EPOCH).unwrap()
}

/// What is left of a run: it falls with each outcome but those that pause it.
fn measure(stage: &SpecStage) -> u32 {
    let tries = |number: u32| 2 * (TRIES_MAX - number);
    let code = 2 * TRIES_MAX + 10;
    match stage {
        SpecStage::TestingBase => 100,
        SpecStage::WritingTests(ask) => code + 2 + tries(ask.number),
        SpecStage::ProvingRed(written) => code + 1 + tries(written.number),
        SpecStage::WritingCode { ask, .. } => 6 + tries(ask.number),
        SpecStage::ProvingGreen { code, .. } => 5 + tries(code.number),
        SpecStage::Reviewing { .. } => 4,
        SpecStage::Committing(_) => 3,
        SpecStage::Publishing { .. } => 2,
        SpecStage::Paused(pause) => measure(&pause.stage),
        SpecStage::Ended(_) => 0,
    }
}

proptest! {
    #[test]
    fn every_run_ends_or_pauses(choices in proptest::collection::vec(0usize..100, 80)) {
        let mut run = new();
        for choice in choices {
            let outcomes = outcomes(run.stage());
            if outcomes.is_empty() {
                let stored = serde_json::to_vec(&run).unwrap();
                prop_assert_eq!(parse(&stored).unwrap(), StoredRun::Spec(Box::new(run.clone())));
                if run.has_ended() {
                    return Ok(());
                }
                let before = run.stage().clone();
                run = run.resumed();
                prop_assert_eq!(measure(run.stage()), measure(&before));
                continue;
            }
            let before = measure(run.stage());
            run = step(run, outcomes[choice % outcomes.len()].clone());
            let is_paused = matches!(run.stage(), SpecStage::Paused(_));
            prop_assert!(is_paused || measure(run.stage()) < before, "{:?}", run.stage());
        }
        // So many choices are pauses, or the end is near.
        prop_assert!(run.journal.entries().len() >= 20 || run.has_ended());
    }
}

#[test]
fn the_way_to_a_commit_is_this_and_no_shorter() {
    let mut run = new();
    let way = [
        ("base", SpecOutcome::BaseTested(Ok(()))),
        ("tests-1", work(3, LastWords::default())),
        ("red-1", red()),
        ("code-1", work(4, LastWords::default())),
        ("green-1", SpecOutcome::Green(GreenProof::Green(1))),
        ("review", passed()),
        ("commit", SpecOutcome::Committed(Ok(oid(9)))),
        ("publish", SpecOutcome::Published),
    ];
    for (job, outcome) in way {
        assert_eq!(run.stage().job(), Some(JobId::new(job)));
        run = step(run, outcome);
    }
    assert_eq!(run.stage(), &SpecStage::Ended(SpecEnd::Done { commit: oid(9) }));
}

#[test]
fn an_outcome_of_another_job_is_refused_and_changes_nothing() {
    let kinds = [
        SpecOutcome::BaseTested(Ok(())),
        work(3, LastWords::default()),
        red(),
        SpecOutcome::Green(GreenProof::Green(1)),
        passed(),
        SpecOutcome::Committed(Ok(oid(9))),
        SpecOutcome::Published,
    ];
    let mut run = new();
    for outcome in &kinds {
        let job = run.stage().job().unwrap();
        let begun = start(run.clone(), &job, Timestamp::UNIX_EPOCH).unwrap();
        assert!(start(begun.clone(), &job, Timestamp::UNIX_EPOCH).is_err(), "started twice");
        for other in kinds.iter().filter(|other| *other != outcome) {
            let is_work = |one: &SpecOutcome| matches!(one, SpecOutcome::Worked(_));
            if is_work(other) && is_work(outcome) {
                continue;
            }
            let applied = apply(begun.clone(), &job, other.clone(), &[], Timestamp::UNIX_EPOCH);
            let is_code = matches!(run.stage(), SpecStage::WritingCode { .. });
            assert!(applied.is_err() || is_code && is_work(other), "{job}: {other:?}");
        }
        run = step(run, outcome.clone());
        if matches!(run.stage(), SpecStage::WritingCode { .. }) {
            run = step(run, work(4, LastWords::default()));
        }
    }
    assert!(run.has_ended());
}

#[test]
fn a_refused_try_begins_anew_and_a_red_one_goes_on() {
    let tests = step(step(new(), SpecOutcome::BaseTested(Ok(()))), work(3, LastWords::default()));
    let again = step(tests.clone(), SpecOutcome::Red(RedProof::Unproven(vec!["why".to_owned()])));
    let SpecStage::WritingTests(ask) = again.stage() else { panic!() };
    let base = Snapshot { tree: oid(2), commit: oid(1) };
    assert_eq!((ask.number, &ask.from, &ask.refused[..]), (2, &base, &["why".to_owned()][..]));

    let code = step(step(tests, red()), work(4, LastWords::default()));
    let again = step(code, SpecOutcome::Green(GreenProof::Red(vec!["why".to_owned()])));
    let SpecStage::WritingCode { red, ask } = again.stage() else { panic!() };
    assert_eq!((ask.number, &ask.from, &red.at), (2, &at(4), &at(3)));

    // After the last try a person decides.
    let mut run = again;
    for _ in 1..TRIES_MAX {
        let refused = Work::Refused { why: vec!["why".to_owned()], words: LastWords::default() };
        run = step(run, SpecOutcome::Worked(refused));
    }
    let end = SpecEnd::Stopped(SpecStop::NotBuilt(vec!["why".to_owned()]));
    assert_eq!(run.stage(), &SpecStage::Ended(end.clone()));
    assert_eq!(end.verdict(), Verdict::Escalate);
}
