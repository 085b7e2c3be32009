//! Every sequence of outcomes ends: a measure falls with each of them.

use crate::domain::model::severity::Severity;
use crate::domain::pipeline::job::{
    CallFailure, FixOutcome, GateOutcome, JobId, JobOutcome, ReviewOutcome, ReviewScope, RunEnd,
};
use crate::domain::pipeline::next::next;
use crate::domain::pipeline::review_loop::{RunKind, Stage};
use crate::domain::pipeline::run::Run;
use crate::domain::pipeline::tests::{
    Came, Due, LIMITS, NOW, a_run, assessed, changed, decision, decisions, due, green, oid,
    play_one, red, reported, review, said,
};
use crate::domain::policy::review_settings::Rounds;
use crate::domain::review::arbiter_decision::{ArbiterVerdict, SecondLook};
use crate::domain::review::converge::StopLimits;
use crate::domain::review::decide::Decision;
use crate::domain::review::finding::{Completeness, CriterionStatus};

/// Outcomes of each kind that an action can have, here: what a letter stands for depends on the
/// action, and each action has fewer than this.
const LETTERS: usize = 10;

/// The outcome that a letter stands for; `None` where the action has no such outcome.
fn outcome(run: &Run, action: &Due, letter: usize) -> Option<Came> {
    let failed = [
        Came::Failed(CallFailure::Infrastructure("no network".to_owned())),
        Came::Failed(CallFailure::Budget("the run's budget is used up".to_owned())),
    ];
    let own = match action {
        Due::Gate => vec![
            green(),
            red("tests: 1 failed"),
            Came::Gated(GateOutcome {
                failures: vec!["a secret".to_owned()],
                needs_person: true,
                unasked: Vec::new(),
                unmet: Vec::new(),
            }),
            Came::Gated(GateOutcome {
                failures: Vec::new(),
                needs_person: false,
                unasked: vec!["tests: not trusted".to_owned()],
                unmet: Vec::new(),
            }),
        ],
        Due::Review(scope) => reviews(run, scope),
        Due::Arbitrate(ids) => {
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
                Came::Disputed(
                    ids.iter().map(|id| decision(id, ArbiterVerdict::Refuted)).collect(),
                    JobOutcome::LookedAgain(SecondLook::Disagreed { why: "no".to_owned() }, None),
                ),
                Came::Arbitrated(Vec::new(), Some(CallFailure::Infrastructure("hung".to_owned()))),
            ]
        }
        Due::Fix(_) => vec![
            changed(run.journal.rounds() as usize + 200),
            Came::Fixed(FixOutcome::Nothing),
            changed(100),
            Came::Fixed(FixOutcome::Changed {
                tree: oid(run.journal.rounds() as usize + 300),
                commit: oid(7),
                undoes: Some(0),
                beside: Vec::new(),
            }),
            Came::Fixed(FixOutcome::Refused { commit: oid(8), why: vec!["a test".to_owned()] }),
        ],
        Due::End(_) => return None,
    };
    own.into_iter().chain(failed).nth(letter)
}

fn reviews(run: &Run, scope: &ReviewScope) -> Vec<Came> {
    let open: Vec<&str> = match scope {
        ReviewScope::Delta { open, .. } => open.iter().map(String::as_str).collect(),
        ReviewScope::Full | ReviewScope::Criteria(_) => Vec::new(),
    };
    let resolved: Vec<(&str, bool)> = open.iter().map(|id| (*id, true)).collect();
    let unresolved: Vec<(&str, bool)> = open.iter().map(|id| (*id, false)).collect();
    let met = [("AC-1", CriterionStatus::Met)];
    let new = |severity, fix_induced| {
        let id = format!("F-{}", run.review_loop().findings.len() + 1);
        (reported(&id, severity), fix_induced)
    };
    let induced = vec![new(Severity::Critical, true), new(Severity::High, true)];
    vec![
        review(Vec::new(), &resolved, &met),
        review(vec![new(Severity::Critical, false), new(Severity::Low, false)], &resolved, &met),
        review(Vec::new(), &unresolved, &met),
        review(induced, &resolved, &met),
        review(Vec::new(), &resolved, &[("AC-1", CriterionStatus::NotAssessed)]),
        review(Vec::new(), &resolved, &[("AC-1", CriterionStatus::Deviation)]),
        Came::Reviewed(ReviewOutcome {
            completeness: Completeness::Incomplete(vec![("a.rs".to_owned(), "nonce".to_owned())]),
            unproven: Vec::new(),
            findings: vec![new(Severity::High, false)],
            verified: open.iter().map(|id| said(id, true)).collect(),
            criteria: vec![assessed("AC-1", CriterionStatus::Met)],
        }),
    ]
}

/// How many outcomes there can still be, at most.
fn steps_left(run: &Run, limits: &StopLimits) -> u32 {
    let reviews = limits.review_retries + 1;
    let Rounds { s, m, l } = limits.rounds;
    let fixes = s.max(m).max(l) - run.journal.rounds();
    // Arbitration, the criteria's reviews and their arbitration.
    let asks_now = matches!(
        &run.review_loop().stage,
        Stage::Delivering(ReviewScope::Criteria(_))
            | Stage::Reviewing { scope: ReviewScope::Criteria(_), .. }
    );
    let asked = asks_now || run.journal.has_asked_for_criteria();
    let criteria = if asked { 0 } else { reviews + 1 };
    let in_attempt = match &run.review_loop().stage {
        Stage::Gating => 1 + reviews + 1 + reviews + 1,
        Stage::Delivering(_) | Stage::Reviewing { .. } => {
            reviews - run.journal.failed_reviews() + 1 + criteria
        }
        Stage::Arbitrating(_) => 1 + criteria,
        Stage::Fixing(_) => 0,
        Stage::Paused(_) | Stage::Closing(_) | Stage::Ended(_) => return 0,
    };
    let attempt = 1 + reviews + 1 + reviews + 1;
    // A fix that was refused has been made once already.
    let is_again = matches!(&run.review_loop().stage, Stage::Fixing(r) if !r.refused.is_empty());
    in_attempt + fixes * (2 + attempt) - u32::from(is_again)
}

/// Takes one step and holds it against all that must be true of a step.
fn step(run: &Run, outcome: Came, limits: &StopLimits) -> Run {
    let after = play_one(run.clone(), outcome, limits);
    assert!(
        steps_left(&after, limits) < steps_left(run, limits),
        "no progress from {:?} to {:?}",
        run.review_loop().stage,
        after.review_loop().stage
    );
    for (kept, before) in after.review_loop().findings.iter().zip(&run.review_loop().findings) {
        assert_eq!(kept.original, before.original, "a finding is gone");
        assert!(
            before.decision.is_none() || kept.decision == before.decision,
            "a decision is gone"
        );
    }
    assert!(after.review_loop().findings.len() >= run.review_loop().findings.len());
    let json = serde_json::to_string(&after).unwrap();
    let back: Run = serde_json::from_str(&json).unwrap();
    assert_eq!(back, after, "a kill here would change the run");
    // To go on after a pause brings nothing back that was behind it.
    assert!(steps_left(&after.clone().resumed(), limits) <= steps_left(run, limits));
    assert_eq!(after.clone().interrupted(NOW), after, "nothing is under way between two steps");
    assert_eq!(due(&back), due(&after));
    match due(&after) {
        Due::Fix(order) => {
            assert_eq!(after.review_loop().kind, RunKind::Fix);
            assert!(!order.instructions.is_empty());
            assert!(order.instructions.iter().all(|line| !line.trim().is_empty()));
        }
        Due::Review(_) => {
            assert!(after.attempt().is_green());
        }
        Due::Arbitrate(ids) => assert!(!ids.is_empty()),
        Due::End(end) => check_end(&after, &end),
        Due::Gate => {}
    }
    after
}

fn check_end(run: &Run, end: &RunEnd) {
    let more: Vec<JobId> = next(run).into_iter().map(|job| job.id).collect();
    assert!(more.is_empty() || more == [JobId::new("close")], "a run that ended goes on");
    assert!(end.best < run.review_loop().attempts.len());
    if end.decision == Decision::Submit {
        assert_eq!(end.best, run.review_loop().current());
        assert!(run.attempt().is_green() && run.attempt().is_reviewed());
        assert!(
            run.review_loop()
                .requirements()
                .iter()
                .all(|criterion| criterion.met == CriterionStatus::Met)
        );
        let unresolved = run.review_loop().findings.iter().filter(|finding| {
            finding.original.severity == Severity::Critical && finding.resolved_in.is_none()
        });
        for finding in unresolved {
            let verdict = finding.decision.as_ref().map(|decision| decision.verdict);
            assert!(matches!(verdict, Some(ArbiterVerdict::Refuted)), "submitted with {finding:?}");
        }
    }
    if run.review_loop().kind == RunKind::Review {
        assert_eq!(run.review_loop().attempts.len(), 1);
    }
}

/// Every sequence of that length from a run on; gives those that have not ended, and how many have.
fn explore(run: Run, limits: &StopLimits, length: usize, alive: &mut Vec<Run>, ended: &mut usize) {
    let action = due(&run);
    if matches!(action, Due::End(_)) {
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
        assert!(bound <= 80, "{bound}");
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
            while !matches!(due(&run), Due::End(_)) {
                let action = due(&run);
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
    let limits = StopLimits { rounds: Rounds { s: 2, m: 2, l: 2 }, review_retries: 0, ..LIMITS };
    let start = a_run(RunKind::Fix, &["AC-1"]);
    let bound = steps_left(&start, &limits);
    let (mut alive, mut ended) = (Vec::new(), 0);
    explore(start, &limits, bound as usize, &mut alive, &mut ended);
    assert!(alive.is_empty());
    assert!(ended > 1_000, "{ended}");
}
