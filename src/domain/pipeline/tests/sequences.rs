//! Every sequence of outcomes ends: a measure falls with each of them.

use crate::domain::model::severity::Severity;
use crate::domain::pipeline::apply::apply;
use crate::domain::pipeline::next::next;
use crate::domain::pipeline::run::{
    CallFailure, FixOutcome, GateOutcome, Job, JobOutcome, ReviewOutcome, ReviewScope, Run, RunEnd,
    RunKind, Stage,
};
use crate::domain::pipeline::tests::{
    LIMITS, a_run, assessed, changed, decision, decisions, green, oid, raised, red, review, said,
};
use crate::domain::policy::review::Rounds;
use crate::domain::review::arbiter_decision::ArbiterVerdict;
use crate::domain::review::converge::StopLimits;
use crate::domain::review::decide::Decision;
use crate::domain::review::finding::{Completeness, CriterionStatus};

/// Outcomes of each kind that an action can have, here: what a letter stands for depends on the
/// action, and each action has fewer than this.
const LETTERS: usize = 10;

/// The outcome that a letter stands for; `None` where the action has no such outcome.
fn outcome(run: &Run, action: &Job, letter: usize) -> Option<JobOutcome> {
    let failed = [
        JobOutcome::Failed(CallFailure::Infrastructure("no network".to_owned())),
        JobOutcome::Failed(CallFailure::Budget("the run's budget is used up".to_owned())),
    ];
    let own = match action {
        Job::Gate => vec![
            green(),
            red("tests: 1 failed"),
            JobOutcome::Gated(GateOutcome {
                failures: vec!["a secret".to_owned()],
                needs_person: true,
                unasked: Vec::new(),
            }),
            JobOutcome::Gated(GateOutcome {
                failures: Vec::new(),
                needs_person: false,
                unasked: vec!["tests: not trusted".to_owned()],
            }),
        ],
        Job::Review(scope) => reviews(run, scope),
        Job::Arbitrate(ids) => {
            let all = |verdict: ArbiterVerdict| {
                decisions(ids.iter().map(|id| decision(id, verdict)).collect())
            };
            let mut silent = decision(&ids[0], ArbiterVerdict::Upheld);
            silent.instruction.clear();
            vec![
                all(ArbiterVerdict::Upheld),
                all(ArbiterVerdict::Refuted),
                all(ArbiterVerdict::ContradictsSpec),
                all(ArbiterVerdict::Unsubstantiated),
                decisions(vec![silent]),
                JobOutcome::Arbitrated {
                    decisions: Vec::new(),
                    failure: Some(CallFailure::Infrastructure("hung".to_owned())),
                },
            ]
        }
        Job::Fix(_) => vec![
            changed(run.rounds as usize + 200),
            JobOutcome::Fixed(FixOutcome::Nothing),
            changed(100),
            JobOutcome::Fixed(FixOutcome::Changed {
                tree: oid(run.rounds as usize + 300),
                commit: oid(7),
                undoes: Some(0),
            }),
        ],
        Job::End(_) => return None,
    };
    own.into_iter().chain(failed).nth(letter)
}

fn reviews(run: &Run, scope: &ReviewScope) -> Vec<JobOutcome> {
    let open: Vec<&str> = match scope {
        ReviewScope::Delta { open, .. } => open.iter().map(String::as_str).collect(),
        ReviewScope::Full | ReviewScope::Criteria(_) => Vec::new(),
    };
    let resolved: Vec<(&str, bool)> = open.iter().map(|id| (*id, true)).collect();
    let unresolved: Vec<(&str, bool)> = open.iter().map(|id| (*id, false)).collect();
    let met = [("AC-1", CriterionStatus::Met)];
    let new = |severity, fix_induced| {
        let id = format!("F-{}", run.findings.len() + 1);
        (raised(&id, severity), fix_induced)
    };
    let induced = vec![new(Severity::Critical, true), new(Severity::High, true)];
    vec![
        review(Vec::new(), &resolved, &met),
        review(vec![new(Severity::Critical, false), new(Severity::Low, false)], &resolved, &met),
        review(Vec::new(), &unresolved, &met),
        review(induced, &resolved, &met),
        review(Vec::new(), &resolved, &[("AC-1", CriterionStatus::NotAssessed)]),
        review(Vec::new(), &resolved, &[("AC-1", CriterionStatus::Deviation)]),
        JobOutcome::Reviewed(ReviewOutcome {
            completeness: Completeness::Incomplete(vec![("a.rs".to_owned(), "nonce".to_owned())]),
            raised: vec![new(Severity::High, false)],
            verified: open.iter().map(|id| said(id, true)).collect(),
            criteria: vec![assessed("AC-1", CriterionStatus::Met)],
        }),
    ]
}

/// How many outcomes there can still be, at most.
fn steps_left(run: &Run, limits: &StopLimits) -> u32 {
    let reviews = limits.review_retries + 1;
    let Rounds { s, m, l } = limits.rounds;
    let fixes = s.max(m).max(l) - run.rounds;
    let current = &run.attempts[run.current()];
    // Arbitration, the criteria's reviews and their arbitration.
    let criteria = if current.asked_again { 0 } else { reviews + 1 };
    let in_attempt = match &run.stage {
        Stage::Gating => 1 + reviews + 1 + reviews + 1,
        Stage::Reviewing(_) => reviews - run.failed_reviews + 1 + criteria,
        Stage::Arbitrating(_) => 1 + criteria,
        Stage::Fixing(_) => 0,
        Stage::Ended(_) => return 0,
    };
    let attempt = 1 + reviews + 1 + reviews + 1;
    in_attempt + fixes * (1 + attempt)
}

/// Takes one step and holds it against all that must be true of a step.
fn step(run: &Run, outcome: JobOutcome, limits: &StopLimits) -> Run {
    let after = apply(run.clone(), outcome, limits);
    assert!(
        steps_left(&after, limits) < steps_left(run, limits),
        "no progress from {:?} to {:?}",
        run.stage,
        after.stage
    );
    for (kept, before) in after.findings.iter().zip(&run.findings) {
        assert_eq!(kept.raised, before.raised, "a finding is gone");
        assert!(before.decision.is_none() || kept.decision == before.decision, "a ruling is gone");
    }
    assert!(after.findings.len() >= run.findings.len());
    let json = serde_json::to_string(&after).unwrap();
    let back: Run = serde_json::from_str(&json).unwrap();
    assert_eq!(back, after, "a kill here would change the run");
    assert_eq!(next(&back), next(&after));
    match next(&after) {
        Job::Fix(order) => {
            assert_eq!(after.kind, RunKind::Fix);
            assert!(!order.instructions.is_empty());
            assert!(order.instructions.iter().all(|line| !line.trim().is_empty()));
        }
        Job::Review(_) => assert!(after.attempts[after.current()].is_green()),
        Job::Arbitrate(ids) => assert!(!ids.is_empty()),
        Job::End(end) => check_end(&after, &end),
        Job::Gate => {}
    }
    after
}

fn check_end(run: &Run, end: &RunEnd) {
    let again = apply(run.clone(), green(), &LIMITS);
    assert_eq!(&again, run, "a run that ended goes on");
    assert!(end.best < run.attempts.len());
    if end.decision == Decision::Submit {
        let current = &run.attempts[run.current()];
        assert_eq!(end.best, run.current());
        assert!(current.is_green() && current.is_reviewed());
        assert!(run.criteria.iter().all(|criterion| criterion.met == CriterionStatus::Met));
        let standing = run.findings.iter().filter(|finding| {
            finding.raised.severity == Severity::Critical && finding.resolved_in.is_none()
        });
        for finding in standing {
            let verdict = finding.decision.as_ref().map(|decision| decision.verdict);
            assert!(matches!(verdict, Some(ArbiterVerdict::Refuted)), "submitted with {finding:?}");
        }
    }
    if run.kind == RunKind::Review {
        assert_eq!(run.attempts.len(), 1);
    }
}

/// Every sequence of that length from a run on; gives those that have not ended, and how many have.
fn explore(run: Run, limits: &StopLimits, length: usize, alive: &mut Vec<Run>, ended: &mut usize) {
    let action = next(&run);
    if matches!(action, Job::End(_)) {
        *ended += 1;
        return;
    }
    if length == 0 {
        alive.push(run);
        return;
    }
    for letter in 0..LETTERS {
        if let Some(outcome) = outcome(&run, &action, letter) {
            explore(step(&run, outcome, limits), limits, length - 1, alive, ended);
        }
    }
}

#[test]
fn every_sequence_of_eight_outcomes_ends_or_is_on_its_way_to_an_end() {
    for kind in [RunKind::Review, RunKind::Fix] {
        let start = a_run(kind, &["AC-1"]);
        let bound = steps_left(&start, &LIMITS);
        assert!(bound <= 70, "{bound}");
        let (mut alive, mut ended) = (Vec::new(), 0);
        explore(start, &LIMITS, 8, &mut alive, &mut ended);
        match kind {
            // It judges once: eight outcomes are enough but for reviews that are made again.
            RunKind::Review => {
                assert!(ended > 100 && alive.len() < 100, "{ended}, {}", alive.len());
            }
            RunKind::Fix => {
                assert!(ended > 4_000 && alive.len() > 1_000, "{ended}, {}", alive.len());
            }
        }
        // Each of those still alive is driven to its end along paths that never vary, and along one
        // that does.
        for (number, run) in alive.into_iter().enumerate() {
            let mut run = run;
            let mut steps = 8;
            while !matches!(next(&run), Job::End(_)) {
                let action = next(&run);
                let letters = (0..LETTERS).map(|at| (at + number + steps * number) % LETTERS);
                let mut possible = letters.filter_map(|letter| outcome(&run, &action, letter));
                run = step(&run, possible.next().unwrap(), &LIMITS);
                steps += 1;
            }
            assert!(steps <= bound as usize);
        }
    }
}

#[test]
fn every_sequence_ends_however_long() {
    let limits = StopLimits { rounds: Rounds { s: 0, m: 1, l: 2 }, review_retries: 0, ..LIMITS };
    let start = a_run(RunKind::Fix, &["AC-1"]);
    let bound = steps_left(&start, &limits);
    let (mut alive, mut ended) = (Vec::new(), 0);
    explore(start, &limits, bound as usize, &mut alive, &mut ended);
    assert!(alive.is_empty());
    assert!(ended > 1_000, "{ended}");
}

#[test]
fn what_was_not_asked_for_ends_a_run_and_never_well() {
    let start = a_run(RunKind::Fix, &[]);
    let fixing = apply(start.clone(), red("tests: 1 failed"), &LIMITS);
    let reviewing = apply(start.clone(), green(), &LIMITS);
    for (run, outcome) in [
        (&start, changed(7)),
        (&start, review(Vec::new(), &[], &[])),
        (&reviewing, green()),
        (&reviewing, decisions(Vec::new())),
        (&fixing, green()),
        (&fixing, review(Vec::new(), &[], &[])),
    ] {
        let Job::End(end) = next(&step(run, outcome, &LIMITS)) else { panic!("goes on") };
        assert!(matches!(end.decision, Decision::Inconclusive(_)));
    }
}
