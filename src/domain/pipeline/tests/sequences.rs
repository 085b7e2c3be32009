//! Every sequence of outcomes ends: a measure falls with each of them.

use crate::domain::model::severity::Severity;
use crate::domain::pipeline::apply::apply;
use crate::domain::pipeline::next::next;
use crate::domain::pipeline::run::{
    Action, End, Failure, Fixed, Gated, Kind, Outcome, Reviewed, Run, Scope, Stage,
};
use crate::domain::pipeline::tests::{
    LIMITS, a_run, assessed, changed, green, oid, raised, red, review, ruling, rulings, said,
};
use crate::domain::policy::review::Rounds;
use crate::domain::review::converge::Limits;
use crate::domain::review::decide::Decision;
use crate::domain::review::raised::{Completeness, Met};
use crate::domain::review::ruling::Word;

/// Outcomes of each kind that an action can have, here: what a letter stands for depends on the
/// action, and each action has fewer than this.
const LETTERS: usize = 10;

/// The outcome that a letter stands for; `None` where the action has no such outcome.
fn outcome(run: &Run, action: &Action, letter: usize) -> Option<Outcome> {
    let failed = [
        Outcome::Failed(Failure::Infrastructure("no network".to_owned())),
        Outcome::Failed(Failure::Budget("the run's budget is used up".to_owned())),
    ];
    let own = match action {
        Action::Gate => vec![
            green(),
            red("tests: 1 failed"),
            Outcome::Gated(Gated {
                failures: vec!["a secret".to_owned()],
                needs_person: true,
                unasked: Vec::new(),
            }),
            Outcome::Gated(Gated {
                failures: Vec::new(),
                needs_person: false,
                unasked: vec!["tests: not trusted".to_owned()],
            }),
        ],
        Action::Review(scope) => reviews(run, scope),
        Action::Arbitrate(ids) => {
            let all = |word: Word| rulings(ids.iter().map(|id| ruling(id, word)).collect());
            let mut silent = ruling(&ids[0], Word::Upheld);
            silent.instruction.clear();
            vec![
                all(Word::Upheld),
                all(Word::Refuted),
                all(Word::ContradictsSpec),
                all(Word::Unsubstantiated),
                rulings(vec![silent]),
                Outcome::Arbitrated {
                    rulings: Vec::new(),
                    failure: Some(Failure::Infrastructure("hung".to_owned())),
                },
            ]
        }
        Action::Fix(_) => vec![
            changed(run.rounds as usize + 200),
            Outcome::Fixed(Fixed::Nothing),
            changed(100),
            Outcome::Fixed(Fixed::Changed {
                tree: oid(run.rounds as usize + 300),
                commit: oid(7),
                undoes: Some(0),
            }),
        ],
        Action::End(_) => return None,
    };
    own.into_iter().chain(failed).nth(letter)
}

fn reviews(run: &Run, scope: &Scope) -> Vec<Outcome> {
    let open: Vec<&str> = match scope {
        Scope::Delta { open, .. } => open.iter().map(String::as_str).collect(),
        Scope::Full | Scope::Criteria(_) => Vec::new(),
    };
    let resolved: Vec<(&str, bool)> = open.iter().map(|id| (*id, true)).collect();
    let unresolved: Vec<(&str, bool)> = open.iter().map(|id| (*id, false)).collect();
    let met = [("AC-1", Met::Met)];
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
        review(Vec::new(), &resolved, &[("AC-1", Met::NotAssessed)]),
        review(Vec::new(), &resolved, &[("AC-1", Met::Deviation)]),
        Outcome::Reviewed(Reviewed {
            completeness: Completeness::Incomplete(vec![("a.rs".to_owned(), "nonce".to_owned())]),
            raised: vec![new(Severity::High, false)],
            verified: open.iter().map(|id| said(id, true)).collect(),
            criteria: vec![assessed("AC-1", Met::Met)],
        }),
    ]
}

/// How many outcomes there can still be, at most.
fn steps_left(run: &Run, limits: &Limits) -> u32 {
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
fn step(run: &Run, outcome: Outcome, limits: &Limits) -> Run {
    let after = apply(run.clone(), outcome, limits);
    assert!(
        steps_left(&after, limits) < steps_left(run, limits),
        "no progress from {:?} to {:?}",
        run.stage,
        after.stage
    );
    for (kept, before) in after.findings.iter().zip(&run.findings) {
        assert_eq!(kept.raised, before.raised, "a finding is gone");
        assert!(before.ruling.is_none() || kept.ruling == before.ruling, "a ruling is gone");
    }
    assert!(after.findings.len() >= run.findings.len());
    let json = serde_json::to_string(&after).unwrap();
    let back: Run = serde_json::from_str(&json).unwrap();
    assert_eq!(back, after, "a kill here would change the run");
    assert_eq!(next(&back), next(&after));
    match next(&after) {
        Action::Fix(order) => {
            assert_eq!(after.kind, Kind::Fix);
            assert!(!order.instructions.is_empty());
            assert!(order.instructions.iter().all(|line| !line.trim().is_empty()));
        }
        Action::Review(_) => assert!(after.attempts[after.current()].is_green()),
        Action::Arbitrate(ids) => assert!(!ids.is_empty()),
        Action::End(end) => check_end(&after, &end),
        Action::Gate => {}
    }
    after
}

fn check_end(run: &Run, end: &End) {
    let again = apply(run.clone(), green(), &LIMITS);
    assert_eq!(&again, run, "a run that ended goes on");
    assert!(end.best < run.attempts.len());
    if end.decision == Decision::Submit {
        let current = &run.attempts[run.current()];
        assert_eq!(end.best, run.current());
        assert!(current.is_green() && current.is_reviewed());
        assert!(run.criteria.iter().all(|criterion| criterion.met == Met::Met));
        let standing = run.findings.iter().filter(|finding| {
            finding.raised.severity == Severity::Critical && finding.resolved_in.is_none()
        });
        for finding in standing {
            let word = finding.ruling.as_ref().map(|ruling| ruling.word);
            assert!(matches!(word, Some(Word::Refuted)), "submitted with {finding:?}");
        }
    }
    if run.kind == Kind::Review {
        assert_eq!(run.attempts.len(), 1);
    }
}

/// Every sequence of that length from a run on; gives those that have not ended, and how many have.
fn explore(run: Run, limits: &Limits, length: usize, alive: &mut Vec<Run>, ended: &mut usize) {
    let action = next(&run);
    if matches!(action, Action::End(_)) {
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
    for kind in [Kind::Review, Kind::Fix] {
        let start = a_run(kind, &["AC-1"]);
        let bound = steps_left(&start, &LIMITS);
        assert!(bound <= 70, "{bound}");
        let (mut alive, mut ended) = (Vec::new(), 0);
        explore(start, &LIMITS, 8, &mut alive, &mut ended);
        match kind {
            // It judges once: eight outcomes are enough but for reviews that are made again.
            Kind::Review => assert!(ended > 100 && alive.len() < 100, "{ended}, {}", alive.len()),
            Kind::Fix => assert!(ended > 4_000 && alive.len() > 1_000, "{ended}, {}", alive.len()),
        }
        // Each of those still alive is driven to its end along paths that never vary, and along one
        // that does.
        for (number, run) in alive.into_iter().enumerate() {
            let mut run = run;
            let mut steps = 8;
            while !matches!(next(&run), Action::End(_)) {
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
    let limits = Limits { rounds: Rounds { s: 0, m: 1, l: 2 }, review_retries: 0, ..LIMITS };
    let start = a_run(Kind::Fix, &["AC-1"]);
    let bound = steps_left(&start, &limits);
    let (mut alive, mut ended) = (Vec::new(), 0);
    explore(start, &limits, bound as usize, &mut alive, &mut ended);
    assert!(alive.is_empty());
    assert!(ended > 1_000, "{ended}");
}

#[test]
fn what_was_not_asked_for_ends_a_run_and_never_well() {
    let start = a_run(Kind::Fix, &[]);
    let fixing = apply(start.clone(), red("tests: 1 failed"), &LIMITS);
    let reviewing = apply(start.clone(), green(), &LIMITS);
    for (run, outcome) in [
        (&start, changed(7)),
        (&start, review(Vec::new(), &[], &[])),
        (&reviewing, green()),
        (&reviewing, rulings(Vec::new())),
        (&fixing, green()),
        (&fixing, review(Vec::new(), &[], &[])),
    ] {
        let Action::End(end) = next(&step(run, outcome, &LIMITS)) else { panic!("goes on") };
        assert!(matches!(end.decision, Decision::Inconclusive(_)));
    }
}
