//! A call that fails pauses a run, and what was answered stands when it goes on.

use crate::domain::model::severity::Severity::{Critical, High};
use crate::domain::pipeline::job::{CallFailure, JobOutcome};
use crate::domain::pipeline::next::next;
use crate::domain::pipeline::review_loop::{ResumeWhen, Stage};
use crate::domain::pipeline::run::Run;
use crate::domain::pipeline::tests::endings::{
    end, escalated, finds, fixing, inconclusive, judging, play, with_a_critical,
};
use crate::domain::pipeline::tests::{
    Came, Due, LIMITS, changed, decision, decisions, due, green, once, reported, review,
};
use crate::domain::review::arbiter_decision::ArbiterVerdict;
use crate::domain::review::decide::{Decision, EscalationDetail};

fn budget() -> CallFailure {
    CallFailure::Budget("$10.00 are spent".to_owned())
}

fn no_network() -> CallFailure {
    CallFailure::Infrastructure("no network".to_owned())
}

fn resume_when(run: &Run) -> ResumeWhen {
    match &run.review_loop().stage {
        Stage::Paused(pause) => pause.resume_when,
        other => panic!("not paused: {other:?}"),
    }
}

#[test]
fn a_paused_run_keeps_what_was_answered_and_goes_on_with_the_rest() {
    let found = || vec![green(), finds(&[("F-1", Critical), ("F-2", High)])];
    let partly = Came::Arbitrated(vec![decision("F-1", ArbiterVerdict::Upheld)], Some(budget()));
    for start in [judging(found()), fixing(found())] {
        let run = play(start, vec![partly.clone()]);
        assert_eq!(escalated(&run), EscalationDetail::Budget("$10.00 are spent".to_owned()));
        assert_eq!(resume_when(&run), ResumeWhen::BudgetAllows);
        assert!(next(&run).is_empty(), "it waits");
        let first = &run.review_loop().findings;
        assert_eq!(first[0].decision, Some(decision("F-1", ArbiterVerdict::Upheld)));
        assert_eq!(first[1].decision, None);
        // The same is asked for again, but for what was answered.
        let again = run.resumed();
        assert_eq!(due(&again), Due::Arbitrate(vec!["F-2".to_owned()]));
        let other = decisions(vec![
            decision("F-1", ArbiterVerdict::Refuted),
            decision("F-2", ArbiterVerdict::Upheld),
        ]);
        let run = play(again, vec![other]);
        let upheld = Some(decision("F-1", ArbiterVerdict::Upheld));
        assert_eq!(run.review_loop().findings[0].decision, upheld);
        let order = vec!["repair F-1".to_owned(), "repair F-2".to_owned()];
        match due(&run) {
            Due::Fix(fix) => assert_eq!(fix.instructions, order),
            Due::End(end) => assert_eq!(end.decision, Decision::Fix(order)),
            other => panic!("{other:?}"),
        }
        assert_eq!(run.clone().resumed(), run, "it is not paused");
    }
}

#[test]
fn a_run_with_fixes_to_show_is_paused_too() {
    let one_more = review(vec![(reported("F-2", High), true)], &[("F-1", true)], &[]);
    let fixed = vec![changed(2), green(), one_more, Came::Failed(budget())];
    let run = play(with_a_critical(), fixed);
    assert_eq!(end(&run).best, 1, "what is there to show meanwhile");
    let again = run.resumed();
    assert_eq!(due(&again), Due::Arbitrate(vec!["F-2".to_owned()]));
    let refuted = decisions(vec![decision("F-2", ArbiterVerdict::Refuted)]);
    assert_eq!(end(&play(again, vec![refuted])).decision, Decision::Submit);
}

#[test]
fn when_a_run_can_go_on_is_kept() {
    let until = jiff::Timestamp::from_second(1_800_000_000).unwrap();
    let limited = || CallFailure::RateLimited { until, why: "come back later".to_owned() };
    for (failure, when) in [
        (budget(), ResumeWhen::BudgetAllows),
        (no_network(), ResumeWhen::Asked),
        (limited(), ResumeWhen::At(until)),
    ] {
        let run = fixing(vec![green(), Came::Failed(failure.clone())]);
        assert_eq!(resume_when(&run), when);
        let run = play(with_a_critical(), vec![Came::Failed(failure)]);
        assert_eq!(resume_when(&run), when);
    }
    // Of several failures a used up budget counts, then what has no known end.
    let found = || judging(vec![green(), finds(&[("F-1", High), ("F-2", High), ("F-3", High)])]);
    let arbitrated = |failures: [CallFailure; 3]| {
        let mut run = found();
        for (job, failure) in next(&run).into_iter().zip(failures) {
            if next(&run).contains(&job) {
                run = once(run, &job, JobOutcome::Failed(failure), &LIMITS);
            }
        }
        run
    };
    let run = arbitrated([limited(), no_network(), no_network()]);
    assert_eq!(resume_when(&run), ResumeWhen::Asked);
    assert!(inconclusive(&run).ends_with("come back later; no network"), "{}", inconclusive(&run));
    assert_eq!(resume_when(&arbitrated([limited(), limited(), limited()])), ResumeWhen::At(until));
    let run = arbitrated([no_network(), budget(), no_network()]);
    assert_eq!(resume_when(&run), ResumeWhen::BudgetAllows);
    let begun = run.journal.entries().len() - found().journal.entries().len();
    assert_eq!(begun, 4, "F-3 was not asked about");
}

/// What is known to be wrong is an answer, whatever else could not be asked.
#[test]
fn a_failure_beside_an_answer_is_no_pause() {
    let partly =
        Came::Arbitrated(vec![decision("F-1", ArbiterVerdict::Upheld)], Some(no_network()));
    let run = judging(vec![green(), finds(&[("F-1", Critical), ("F-2", High)]), partly]);
    assert!(matches!(run.review_loop().stage, Stage::Closing(_)), "{:?}", run.review_loop().stage);
}
