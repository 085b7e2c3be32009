//! How runs end, one story each.

use crate::domain::model::severity::Severity;
use crate::domain::model::severity::Severity::{Critical, High, Low, Medium};
use crate::domain::model::size::Size;
use crate::domain::pipeline::job::{
    Action, CallFailure, FixOutcome, FixRequest, GateOutcome, JobOutcome, ReviewOutcome,
    ReviewScope, RunEnd,
};
use crate::domain::pipeline::next::next;
use crate::domain::pipeline::review_loop::{CriteriaWeight, RunKind};
use crate::domain::pipeline::run::{Machine, Run};
use crate::domain::pipeline::tests::{
    Came, Due, LIMITS, a_run, assessed, changed, decision, decisions, due, green, green_gates, oid,
    play_one, red, reported, review, upheld,
};
use crate::domain::policy::review_settings::Rounds;
use crate::domain::review::arbiter_decision::{
    ArbiterDecision, ArbiterVerdict, DecidedBy, SecondLook,
};
use crate::domain::review::converge::StopLimits;
use crate::domain::review::decide::{Decision, EscalationDetail};
use crate::domain::review::finding::{
    Anchored, Completeness, CriterionStatus, FindingOrigin, ReviewFinding,
};

pub(super) fn play(run: Run, outcomes: Vec<Came>) -> Run {
    outcomes.into_iter().fold(run, |run, outcome| play_one(run, outcome, &LIMITS))
}

/// Plays a run that fixes, without a spec.
pub(super) fn fixing(outcomes: Vec<Came>) -> Run {
    play(a_run(RunKind::Fix, &[]), outcomes)
}

pub(super) fn judging(outcomes: Vec<Came>) -> Run {
    play(a_run(RunKind::Review, &[]), outcomes)
}

pub(super) fn end(run: &Run) -> RunEnd {
    match due(run) {
        Due::End(end) => end,
        action => panic!("not ended: {action:?}"),
    }
}

pub(super) fn escalated(run: &Run) -> EscalationDetail {
    match end(run).decision {
        Decision::Escalate(why) => why,
        decision => panic!("not escalated: {decision:?}"),
    }
}

pub(super) fn inconclusive(run: &Run) -> String {
    match end(run).decision {
        Decision::Inconclusive(why) => why,
        decision => panic!("not inconclusive: {decision:?}"),
    }
}

fn submitted(run: &Run) -> bool {
    matches!(due(run), Due::End(RunEnd { decision: Decision::Submit, .. }))
}

pub(super) fn finds(found: &[(&str, Severity)]) -> Came {
    review(found.iter().map(|(id, severity)| (reported(id, *severity), false)).collect(), &[], &[])
}

fn verifies(verified: &[(&str, bool)]) -> Came {
    review(Vec::new(), verified, &[])
}

fn incomplete(found: Vec<(ReviewFinding, bool)>) -> Came {
    Came::Reviewed(ReviewOutcome {
        completeness: Completeness::Incomplete(vec![("a.rs".to_owned(), "no nonce".to_owned())]),
        unproven: Vec::new(),
        findings: found,
        verified: Vec::new(),
        criteria: Vec::new(),
    })
}

fn failed() -> Came {
    Came::Failed(CallFailure::Infrastructure("no network".to_owned()))
}

fn duplicate(id: &str, of: &str) -> ArbiterDecision {
    ArbiterDecision { duplicate_of: Some(of.to_owned()), ..decision(id, ArbiterVerdict::Duplicate) }
}

#[test]
fn a_sound_change_goes_on_after_one_review() {
    let run = a_run(RunKind::Review, &[]);
    assert_eq!(due(&run), Due::Gate);
    let run = play(run, vec![green()]);
    assert_eq!(due(&run), Due::Review(ReviewScope::Full));
    assert_eq!(
        end(&play(run, vec![verifies(&[])])),
        RunEnd { decision: Decision::Submit, best: 0 }
    );
}

#[test]
fn a_run_that_judges_says_what_would_repair_it_and_ends() {
    let run = judging(vec![green(), finds(&[("F-1", Critical)]), upheld(&["F-1"])]);
    assert_eq!(end(&run).decision, Decision::Fix(vec!["repair F-1".to_owned()]));
    // No cap of rounds says anything about a run that asks for no fix.
    let limits = StopLimits { rounds: Rounds { s: 0, m: 0, l: 0 }, ..LIMITS };
    let run = play_one(a_run(RunKind::Review, &[]), red("tests: 1 failed"), &limits);
    assert_eq!(end(&run).decision, Decision::Fix(vec!["tests: 1 failed".to_owned()]));
}

#[test]
fn a_loop_fixes_and_looks_at_what_changed() {
    let run = fixing(vec![green(), finds(&[("F-1", Critical), ("F-2", Low), ("F-3", High)])]);
    assert_eq!(due(&run), Due::Arbitrate(vec!["F-1".to_owned(), "F-3".to_owned()]));
    // Nobody asked about the second.
    let words = [
        ("F-1", ArbiterVerdict::Upheld),
        ("F-2", ArbiterVerdict::Refuted),
        ("F-3", ArbiterVerdict::Refuted),
    ];
    let arbitrated = words.map(|(id, word)| decision(id, word)).to_vec();
    let run = play(run, vec![decisions(arbitrated)]);
    let order = FixRequest {
        instructions: vec!["repair F-1".to_owned()],
        findings: vec!["F-1".to_owned()],
        refused: Vec::new(),
    };
    assert_eq!(due(&run), Due::Fix(order));
    let run = play(run, vec![changed(2)]);
    assert_eq!(due(&run), Due::Gate);
    let run = play(run, vec![green()]);
    let open = vec!["F-1".to_owned(), "F-2".to_owned()];
    assert_eq!(due(&run), Due::Review(ReviewScope::Delta { since: 0, open }));
    let run = play(run, vec![verifies(&[("F-1", true), ("F-2", false)])]);
    assert_eq!(end(&run), RunEnd { decision: Decision::Submit, best: 1 });
    assert_eq!(run.review_loop().findings.len(), 3);
    assert!(run.review_loop().findings[1].unresolved_in.is_empty(), "no fix was about it");
}

#[test]
fn red_gates_are_fixed_before_anybody_reviews() {
    let run = fixing(vec![red("tests: 1 failed")]);
    let instructions = vec!["tests: 1 failed".to_owned()];
    assert_eq!(
        due(&run),
        Due::Fix(FixRequest { instructions, findings: Vec::new(), refused: Vec::new() })
    );
    let run = play(run, vec![changed(2), red("lint: 2 left"), changed(3), green()]);
    assert_eq!(due(&run), Due::Review(ReviewScope::Full));
    assert_eq!((run.journal.rounds(), run.review_loop().attempts.len()), (2, 3));
}

#[test]
fn gates_that_no_model_is_to_repair_go_to_a_person() {
    let secret = vec!["a key in a.env".to_owned()];
    let gated = GateOutcome {
        failures: secret.clone(),
        needs_person: true,
        unasked: Vec::new(),
        unmet: Vec::new(),
    };
    assert_eq!(escalated(&fixing(vec![Came::Gated(gated)])), EscalationDetail::Gate(secret));
    let unasked = vec!["`tests` is not trusted".to_owned()];
    let gated =
        GateOutcome { failures: Vec::new(), needs_person: false, unasked, unmet: Vec::new() };
    let why = inconclusive(&fixing(vec![Came::Gated(gated)]));
    assert_eq!(why, "the gates could not run: `tests` is not trusted");
}

#[test]
fn what_may_stay_and_what_blocks() {
    let highs = |number: usize| {
        let ids = ["F-1", "F-2", "F-3"];
        let found: Vec<(&str, Severity)> = ids[..number].iter().map(|id| (*id, High)).collect();
        judging(vec![green(), finds(&found), upheld(&ids[..number])])
    };
    assert!(submitted(&highs(2)));
    assert!(matches!(end(&highs(3)).decision, Decision::Fix(lines) if lines.len() == 3));
    // Nobody is asked about these, and they start no fix.
    assert!(submitted(&fixing(vec![green(), finds(&[("F-1", Low), ("F-2", Medium)])])));
    // A mere note.
    let note = ReviewFinding { anchored: Anchored::Nowhere, ..reported("F-1", Critical) };
    assert!(submitted(&fixing(vec![green(), review(vec![(note, false)], &[], &[])])));
    for (word, severity, goes_on) in [
        (ArbiterVerdict::Refuted, Critical, true),
        (ArbiterVerdict::OutOfScope, Critical, true),
        (ArbiterVerdict::Unsubstantiated, High, true),
        (ArbiterVerdict::Unsubstantiated, Critical, false),
        (ArbiterVerdict::ContradictsSpec, High, false),
        (ArbiterVerdict::Upheld, Critical, false),
    ] {
        let arbitrated = decisions(vec![decision("F-1", word)]);
        let run = fixing(vec![green(), finds(&[("F-1", severity)]), arbitrated]);
        assert_eq!(submitted(&run), goes_on, "{word:?} {severity}");
    }
}

#[test]
fn what_is_neither_shown_nor_refuted_stays_open() {
    let judged = |upheld: usize, unshown: usize| {
        let ids = ["F-1", "F-2", "F-3"];
        let found: Vec<(&str, Severity)> =
            ids[..upheld + unshown].iter().map(|id| (*id, High)).collect();
        let word =
            |at| if at < upheld { ArbiterVerdict::Upheld } else { ArbiterVerdict::Unsubstantiated };
        let said = (0..upheld + unshown).map(|at| decision(ids[at], word(at))).collect();
        fixing(vec![green(), finds(&found), decisions(said)])
    };
    assert!(submitted(&judged(0, 2)));
    assert!(submitted(&judged(1, 1)));
    for (upheld, unshown) in [(0, 3), (1, 2), (2, 1)] {
        let EscalationDetail::Unsubstantiated(ids) = escalated(&judged(upheld, unshown)) else {
            panic!()
        };
        assert_eq!(ids.len(), unshown);
    }
    assert!(matches!(due(&judged(3, 0)), Due::Fix(_)));
}

#[test]
fn conflicts_with_the_spec_are_a_persons() {
    let ids = vec!["F-1".to_owned()];
    let beyond = ArbiterDecision { extends_scope: true, ..decision("F-1", ArbiterVerdict::Upheld) };
    for said in [decision("F-1", ArbiterVerdict::ContradictsSpec), beyond] {
        let run = fixing(vec![green(), finds(&[("F-1", High)]), decisions(vec![said])]);
        assert_eq!(escalated(&run), EscalationDetail::Spec(ids.clone()));
    }
    let unshown = decisions(vec![decision("F-1", ArbiterVerdict::Unsubstantiated)]);
    let run = fixing(vec![green(), finds(&[("F-1", Critical)]), unshown]);
    assert_eq!(escalated(&run), EscalationDetail::Unsubstantiated(ids.clone()));
    let silent =
        ArbiterDecision { instruction: "  ".to_owned(), ..decision("F-1", ArbiterVerdict::Upheld) };
    let run = fixing(vec![green(), finds(&[("F-1", Critical)]), decisions(vec![silent])]);
    assert_eq!(escalated(&run), EscalationDetail::NoInstructions(ids));
}

#[test]
fn criteria_are_met_or_asked_for_again_or_fixed() {
    let with = |outcomes| play(a_run(RunKind::Fix, &["AC-1", "AC-2"]), outcomes);
    let assesses = |met: &[(&str, CriterionStatus)]| review(Vec::new(), &[], met);
    let half = || {
        vec![
            green(),
            assesses(&[("AC-1", CriterionStatus::Met), ("AC-7", CriterionStatus::Missing)]),
        ]
    };
    assert_eq!(due(&with(half())), Due::Review(ReviewScope::Criteria(vec!["AC-2".to_owned()])));
    let again = |met| play(with(half()), vec![assesses(&[("AC-2", met)])]);
    assert!(submitted(&again(CriterionStatus::Met)));
    // A second look for one criterion takes nothing back of another.
    let other = assesses(&[("AC-1", CriterionStatus::NotAssessed), ("AC-2", CriterionStatus::Met)]);
    assert!(submitted(&play(with(half()), vec![other])));
    let why = inconclusive(&again(CriterionStatus::NotAssessed));
    assert_eq!(why, "the review does not say whether AC-2 is met");
    let run = again(CriterionStatus::Missing);
    let missing = "AC-2 is not met (missing): as it is".to_owned();
    // It is a finding by then, which a person can answer.
    let order = FixRequest {
        instructions: vec![missing],
        findings: vec!["F-1".to_owned()],
        refused: Vec::new(),
    };
    assert_eq!(due(&run), Due::Fix(order));
    let unmet = &run.review_loop().findings[0];
    assert!(unmet.is_unmet_criterion() && unmet.is_about("AC-2"), "{unmet:?}");
    // A review of what changed leaves as it is what it does not speak of.
    let delta = assesses(&[("AC-1", CriterionStatus::NotAssessed), ("AC-2", CriterionStatus::Met)]);
    assert!(submitted(&play(run, vec![changed(2), green(), delta])));

    // A medium finding has a voice where a criterion is unmet because of it.
    let medium = ReviewFinding { basis: "spec:AC-2".to_owned(), ..reported("F-1", Medium) };
    let found = |met| {
        let met = [("AC-1", CriterionStatus::Met), ("AC-2", met)];
        vec![green(), review(vec![(medium.clone(), false)], &[], &met), upheld(&["F-1"])]
    };
    let order = FixRequest {
        instructions: vec!["repair F-1".to_owned()],
        findings: vec!["F-1".to_owned()],
        refused: Vec::new(),
    };
    // Whatever the reviewer's list says.
    for met in [CriterionStatus::Met, CriterionStatus::Deviation] {
        assert_eq!(due(&with(found(met))), Due::Fix(order.clone()));
    }
    // Nobody says what is missing.
    let mut mute = assessed("AC-1", CriterionStatus::Missing);
    mute.why.clear();
    let mute = Came::Reviewed(ReviewOutcome {
        completeness: Completeness::Complete,
        unproven: Vec::new(),
        findings: Vec::new(),
        verified: Vec::new(),
        criteria: vec![mute, assessed("AC-2", CriterionStatus::Met)],
    });
    let why = escalated(&with(vec![green(), mute]));
    assert_eq!(why, EscalationDetail::NoInstructions(vec!["F-1".to_owned()]));
    // Of a spec that is not done criteria decide nothing.
    let mut run = a_run(RunKind::Review, &["AC-1", "AC-2"]);
    let Machine::Review(machine) = &mut run.machine;
    machine.review_loop.weight = CriteriaWeight::Told;
    let run = play(run, vec![green(), assesses(&[("AC-1", CriterionStatus::Missing)])]);
    assert!(submitted(&run) && run.review_loop().findings.is_empty());
}

#[test]
fn an_incomplete_review_is_made_again_twice_and_keeps_what_it_raised() {
    let found = |id| vec![(reported(id, Critical), false)];
    let twice = fixing(vec![green(), incomplete(found("F-1")), incomplete(found("F-1"))]);
    assert_eq!(due(&twice), Due::Review(ReviewScope::Full));
    let run = play(twice.clone(), vec![incomplete(Vec::new())]);
    assert_eq!(inconclusive(&run), "the review is incomplete: `a.rs` (no nonce)");
    let ids: Vec<&str> =
        run.review_loop().findings.iter().map(|f| f.original.id.as_str()).collect();
    assert_eq!(ids, ["F-1", "F-2"], "an id that is taken is not given twice");
    let run = play(twice, vec![verifies(&[])]);
    assert_eq!(due(&run), Due::Arbitrate(vec!["F-1".to_owned(), "F-2".to_owned()]));
}

#[test]
fn who_cannot_be_asked_gives_no_verdict() {
    assert!(inconclusive(&fixing(vec![failed()])).contains("gates"));
    let run = fixing(vec![green(), failed()]);
    assert_eq!(inconclusive(&run), "the change could not be reviewed: no network");
    let found = || vec![green(), finds(&[("F-1", High)])];
    let run = play(fixing(found()), vec![failed()]);
    assert_eq!(inconclusive(&run), "the arbiter did not decide about F-1: no network");
    let run = fixing(vec![green(), finds(&[("F-1", Critical)]), upheld(&["F-1"]), failed()]);
    assert!(inconclusive(&run).starts_with("a fix is due"));
    // What is known to be wrong is not made milder by an arbiter that fails.
    let found = finds(&[("F-1", Critical), ("F-2", High)]);
    let partly = Came::Arbitrated(
        vec![decision("F-1", ArbiterVerdict::Upheld)],
        Some(CallFailure::Infrastructure("F-2: hung".to_owned())),
    );
    let run = judging(vec![green(), found, partly]);
    assert_eq!(end(&run).decision, Decision::Fix(vec!["repair F-1".to_owned()]));
}

#[test]
fn a_used_up_budget_ends_a_run_wherever_it_is() {
    let starts = [
        fixing(vec![]),
        fixing(vec![green()]),
        fixing(vec![green(), finds(&[("F-1", High)])]),
        fixing(vec![red("tests")]),
    ];
    for run in starts {
        let run = play(run, vec![Came::Failed(CallFailure::Budget("$10.00 are spent".to_owned()))]);
        assert_eq!(escalated(&run), EscalationDetail::Budget("$10.00 are spent".to_owned()));
    }
}

pub(super) fn with_a_critical() -> Run {
    fixing(vec![green(), finds(&[("F-1", Critical)]), upheld(&["F-1"])])
}

#[test]
fn stop_the_same_finding_unresolved_after_two_fixes() {
    let once = play(with_a_critical(), vec![changed(2), green(), verifies(&[("F-1", false)])]);
    assert!(matches!(due(&once), Due::Fix(_)));
    let twice = |last| play(once.clone(), vec![changed(3), green(), last]);
    let unresolved = EscalationDetail::Unresolved(vec!["F-1".to_owned()]);
    assert_eq!(escalated(&twice(verifies(&[("F-1", false)]))), unresolved);
    // Silence resolves nothing, nor does a reviewer that says both.
    assert_eq!(escalated(&twice(verifies(&[]))), unresolved);
    assert_eq!(escalated(&twice(verifies(&[("F-1", true), ("F-1", false)]))), unresolved);
    assert!(submitted(&twice(verifies(&[("F-1", true)]))));
    // One fix in two attempts, the second of them for the gates, is one fix.
    let other = vec![changed(2), red("tests"), changed(3), green(), verifies(&[("F-1", false)])];
    let run = play(with_a_critical(), other);
    assert_eq!(run.review_loop().findings[0].unresolved_in, [2]);
    assert!(matches!(due(&run), Due::Fix(_)));
}

#[test]
fn stop_a_tree_that_was_there_before_and_a_fix_that_undoes_another() {
    let run = play(with_a_critical(), vec![changed(2), red("tests"), changed(100)]);
    assert_eq!(escalated(&run), EscalationDetail::Repeats { attempt: 0 });
    let run = play(with_a_critical(), vec![changed(2), red("tests"), changed(3)]);
    assert_eq!(due(&run), Due::Gate);
    let Came::Fixed(FixOutcome::Changed { tree, commit, .. }) = changed(4) else { panic!() };
    let undoing =
        Came::Fixed(FixOutcome::Changed { tree, commit, undoes: Some(1), beside: Vec::new() });
    let run = play(run, vec![red("tests"), undoing]);
    assert_eq!(escalated(&run), EscalationDetail::Undoes { attempt: 1 });
}

#[test]
fn stop_two_fixes_that_change_nothing() {
    let nothing = || Came::Fixed(FixOutcome::Nothing);
    let once = play(with_a_critical(), vec![nothing()]);
    assert!(matches!(due(&once), Due::Fix(_)));
    assert_eq!(escalated(&play(once.clone(), vec![nothing()])), EscalationDetail::NoDiff);
    // The same tree under another commit is nothing too.
    assert_eq!(escalated(&play(once.clone(), vec![changed(100)])), EscalationDetail::NoDiff);
    let between = play(once, vec![changed(2), red("tests"), nothing()]);
    assert!(matches!(due(&between), Due::Fix(_)));
}

#[test]
fn stop_when_fixes_bring_in_most_of_what_blocks() {
    let after = |found: &[(&str, bool)]| {
        let raise = |(id, induced): &(&str, bool)| (reported(id, Critical), *induced);
        let found_ids: Vec<&str> = found.iter().map(|(id, _)| *id).collect();
        let reviewed = review(found.iter().map(raise).collect(), &[("F-1", true)], &[]);
        play(with_a_critical(), vec![changed(2), green(), reviewed, upheld(&found_ids)])
    };
    let run = after(&[("F-2", true), ("F-3", true), ("F-4", false)]);
    assert_eq!(escalated(&run), EscalationDetail::FixInduced { of: 2, all: 3 });
    // What was there before came to light only now; the fix made it worse.
    assert_eq!(end(&run).best, 0);
    assert!(matches!(due(&after(&[("F-2", true)])), Due::Fix(_)));
    let half = after(&[("F-2", true), ("F-3", true), ("F-4", false), ("F-5", false)]);
    assert!(matches!(due(&half), Due::Fix(_)));
}

#[test]
fn stop_when_the_rounds_of_the_size_are_used_up() {
    for (size, rounds) in [(Size::S, 2), (Size::M, 4), (Size::L, 6)] {
        let mut run = with_a_critical();
        let Machine::Review(review) = &mut run.machine;
        review.review_loop.size = size;
        for round in 1..=rounds {
            assert!(matches!(due(&run), Due::Fix(_)), "{size:?}, round {round}");
            let next_id = format!("F-{}", round + 1);
            let last_id = format!("F-{round}");
            let found = vec![(reported(&next_id, Critical), false)];
            let reviewed = review_of(found, &[(&last_id, true)]);
            let limits = StopLimits { rounds: Rounds { s: 2, m: 4, l: 6 }, ..LIMITS };
            for came in [changed(round + 1), green(), reviewed, upheld(&[&next_id])] {
                run = play_one(run, came, &limits);
            }
        }
        assert_eq!(run.review_loop().size, size, "it is not raised");
        assert_eq!(escalated(&run), EscalationDetail::Rounds(rounds.try_into().unwrap()));
    }
}

fn review_of(found: Vec<(ReviewFinding, bool)>, verified: &[(&str, bool)]) -> Came {
    review(found, verified, &[])
}

#[test]
fn a_severe_finding_is_dropped_by_two_and_not_by_one() {
    let refuted = || vec![decision("F-1", ArbiterVerdict::Refuted)];
    let disputed = |severity, second: SecondLook| {
        let second = JobOutcome::LookedAgain(second, None);
        fixing(vec![green(), finds(&[("F-1", severity)]), Came::Disputed(refuted(), second)])
    };
    let ids = EscalationDetail::Unsubstantiated(vec!["F-1".to_owned()]);
    for severity in [Critical, High] {
        let agreed = SecondLook::Agreed { reason: "so it is".to_owned() };
        assert!(submitted(&disputed(severity, agreed)));
        let disagreed = SecondLook::Disagreed { why: "upheld".to_owned() };
        assert_eq!(escalated(&disputed(severity, disagreed)), ids);
    }
    // Without money the finding stays, and a person decides.
    let arbitrating = || fixing(vec![green(), finds(&[("F-1", Critical)])]);
    let unpaid = JobOutcome::Failed(CallFailure::Budget("$5.00 are spent".to_owned()));
    let run = play(arbitrating(), vec![Came::Disputed(refuted(), unpaid)]);
    assert_eq!(escalated(&run), ids);
    // A second process that cannot be called is asked again later.
    let down = JobOutcome::Failed(CallFailure::Infrastructure("no network".to_owned()));
    let run = play(arbitrating(), vec![Came::Disputed(refuted(), down)]);
    assert_eq!(inconclusive(&run), "the arbiter did not decide about F-1: no network");
    let again = next(&run.resumed());
    assert_eq!(again.len(), 1);
    assert_eq!(again[0].action, Action::LookAgain("F-1".to_owned()));
    // What a person dismissed needs nobody else.
    let by_person =
        ArbiterDecision { by: DecidedBy::Person, ..decision("F-1", ArbiterVerdict::OutOfScope) };
    let none = JobOutcome::LookedAgain(SecondLook::Disagreed { why: "asked".to_owned() }, None);
    assert!(submitted(&play(arbitrating(), vec![Came::Disputed(vec![by_person], none)])));
}

#[test]
fn what_was_there_before_in_other_files_never_blocks() {
    let old = ReviewFinding { origin: FindingOrigin::Before, ..reported("F-1", Critical) };
    let run = judging(vec![green(), review_of(vec![(old, false)], &[])]);
    assert!(submitted(&run));
    assert_eq!(run.review_loop().findings.len(), 1, "and it is told");
}

#[test]
fn a_requirement_that_an_upheld_finding_is_about_is_not_met() {
    let all_met = [("AC-1", CriterionStatus::Met), ("C-1", CriterionStatus::Met)];
    let found = |basis: &str, criterion: Option<&str>| {
        let finding = ReviewFinding { basis: basis.to_owned(), ..reported("F-1", High) };
        let said = ArbiterDecision {
            criterion: criterion.map(str::to_owned),
            ..decision("F-1", ArbiterVerdict::Upheld)
        };
        let reviewed = review(vec![(finding, false)], &[], &all_met);
        play(
            a_run(RunKind::Review, &["AC-1", "C-1"]),
            vec![green(), reviewed, decisions(vec![said])],
        )
    };
    // Two high findings may stay, but not one about what the spec asks for.
    assert!(submitted(&found("invariant", None)));
    for (basis, criterion, unmet) in [
        ("spec:AC-1", None, "AC-1"),
        ("spec:C-1", None, "C-1"),
        ("invariant", Some("AC-1"), "AC-1"),
    ] {
        let run = found(basis, criterion);
        assert_eq!(end(&run).decision, Decision::Fix(vec!["repair F-1".to_owned()]), "{basis}");
        let requirements = run.review_loop().requirements();
        let states: Vec<(&str, bool)> = requirements
            .iter()
            .map(|one| (one.id.as_str(), one.met == CriterionStatus::Met))
            .collect();
        assert_eq!(states, [("AC-1", unmet != "AC-1"), ("C-1", unmet != "C-1")]);
    }
    // A command of a criterion that failed says so too, and once it passes it is met.
    let failed = ("AC-1".to_owned(), "`./check` failed: 1".to_owned());
    let gated = |unmet| Came::Gated(GateOutcome { unmet, ..green_gates() });
    let met = || review(Vec::new(), &[], &all_met);
    let run = a_run(RunKind::Fix, &["AC-1", "C-1"]);
    let run = play(run, vec![gated(vec![failed]), met()]);
    let Due::Fix(order) = due(&run) else { panic!("{:?}", due(&run)) };
    assert_eq!(order.instructions, ["AC-1 is not met (deviation): `./check` failed: 1"]);
    assert!(submitted(&play(run, vec![changed(2), gated(Vec::new()), met()])));
}

#[test]
fn a_fix_that_did_what_none_may_do_is_made_once_more() {
    let refused = || {
        let why = vec!["it changed `tribunal.toml`".to_owned()];
        Came::Fixed(FixOutcome::Refused { commit: oid(7), why })
    };
    let once = play(with_a_critical(), vec![refused()]);
    let Due::Fix(order) = due(&once) else { panic!("{:?}", due(&once)) };
    assert_eq!(order.refused, ["it changed `tribunal.toml`"]);
    assert_eq!(once.journal.rounds(), 0);
    assert_eq!(once.review_loop().attempts.len(), 1);
    let twice = play(once.clone(), vec![refused()]);
    assert!(matches!(escalated(&twice), EscalationDetail::FixRefused { .. }));
    let mended = play(once, vec![changed(2), green(), verifies(&[("F-1", true)])]);
    assert!(submitted(&mended));
}

#[test]
fn only_chosen_findings_are_fixed() {
    let found = finds(&[("F-1", Critical), ("F-2", Critical)]);
    let mut run = fixing(vec![green(), found]);
    let Machine::Review(review) = &mut run.machine;
    review.review_loop.chosen = Some(vec!["F-2".to_owned()]);
    let run = play(run, vec![upheld(&["F-1", "F-2"])]);
    let Due::Fix(order) = due(&run) else { panic!("{:?}", due(&run)) };
    assert_eq!(order.findings, ["F-2"]);
    let delta = verifies(&[("F-1", false), ("F-2", true)]);
    let run = play(run, vec![changed(2), green(), delta]);
    let rest = Decision::Fix(vec!["repair F-1".to_owned()]);
    assert_eq!(end(&run), RunEnd { decision: rest, best: 1 });
}

#[test]
fn a_plan_goes_through_the_same_machine_with_limits_of_its_own() {
    let limits = StopLimits { rounds: Rounds { s: 20, m: 20, l: 20 }, ..LIMITS };
    let mut run = a_run(RunKind::Fix, &[]);
    let mut fixes = 0;
    while !matches!(due(&run), Due::End(_)) {
        let outcome = match due(&run) {
            Due::Fix(_) => {
                fixes += 1;
                changed(fixes + 1)
            }
            _ => red("the plan lint"),
        };
        run = play_one(run, outcome, &limits);
    }
    assert_eq!((fixes, escalated(&run)), (20, EscalationDetail::Rounds(20)));
}

#[test]
fn a_sound_change_goes_on_though_the_rounds_are_used_up() {
    let mut run = with_a_critical();
    for round in 2..=6 {
        run = play(run, vec![changed(round), red("tests")]);
    }
    let run = play(run, vec![changed(7), green(), verifies(&[("F-1", true)])]);
    assert_eq!(run.journal.rounds(), 6);
    assert_eq!(end(&run), RunEnd { decision: Decision::Submit, best: 6 });
}

#[test]
fn the_best_attempt_is_offered_and_not_the_last() {
    // The second has one high less; the third breaks the tests.
    let found = finds(&[("F-1", Critical), ("F-2", High), ("F-3", High)]);
    let all = ["F-1", "F-2", "F-3"];
    let delta = verifies(&[("F-1", false), ("F-2", true), ("F-3", false)]);
    let run = fixing(vec![green(), found, upheld(&all), changed(2), green(), delta, changed(3)]);
    let run = play(run, vec![red("tests"), failed()]);
    assert_eq!(end(&run).best, 1);
    // What no fix brought in stood against the first one too, though it was seen later.
    let late = vec![(reported("F-2", Critical), false), (reported("F-3", Critical), false)];
    let run =
        play(with_a_critical(), vec![changed(2), green(), review(late, &[("F-1", true)], &[])]);
    let run = play(run, vec![upheld(&["F-2", "F-3"]), failed()]);
    assert_eq!(end(&run).best, 1);
}

#[test]
fn a_dismissal_does_not_rest_on_itself_nor_on_what_never_blocks() {
    let pair = |severity, said: Vec<ArbiterDecision>| {
        fixing(vec![green(), finds(&[("F-1", severity), ("F-2", Critical)]), decisions(said)])
    };
    let ids = |ids: &[&str]| {
        EscalationDetail::Unsubstantiated(ids.iter().map(|id| (*id).to_owned()).collect())
    };
    // Each repeats the other.
    let run = pair(Critical, vec![duplicate("F-1", "F-2"), duplicate("F-2", "F-1")]);
    assert_eq!(escalated(&run), ids(&["F-1", "F-2"]));
    // A low finding is never arbitrated.
    assert_eq!(escalated(&pair(Low, vec![duplicate("F-2", "F-1")])), ids(&["F-2"]));
    assert_eq!(
        escalated(&pair(
            Critical,
            vec![decision("F-1", ArbiterVerdict::Refuted), duplicate("F-2", "F-9")]
        )),
        ids(&["F-2"])
    );
    // A real one counts once, as severe as the worst of the two.
    let run = pair(High, vec![decision("F-1", ArbiterVerdict::Upheld), duplicate("F-2", "F-1")]);
    let Due::Fix(order) = due(&run) else { panic!("{:?}", due(&run)) };
    assert_eq!(order.findings, ["F-1"]);
    let run = pair(High, vec![decision("F-1", ArbiterVerdict::Refuted), duplicate("F-2", "F-1")]);
    assert!(submitted(&run));
}

#[test]
fn what_repeats_a_resolved_finding_brings_it_back() {
    let once = vec![changed(2), green(), verifies(&[("F-1", false)])];
    let again = review(vec![(reported("F-2", Critical), true)], &[("F-1", true)], &[]);
    let run = play(with_a_critical(), once);
    let run = play(run, vec![changed(3), green(), again]);
    let run = play(run, vec![decisions(vec![duplicate("F-2", "F-1")])]);
    let Due::Fix(order) = due(&run) else { panic!("{:?}", due(&run)) };
    assert_eq!(order.findings, ["F-1"]);
    let back = &run.review_loop().findings[0];
    assert_eq!((back.resolved_in, &back.unresolved_in[..]), (None, &[2][..]));
}
