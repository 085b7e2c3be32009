//! What becomes of a spec that is saved.

use std::time::Duration;

use jiff::Timestamp;

use crate::domain::pipeline::dropped::{
    ChangeMark, Dealt, DropFacts, DropMark, DropRest, DropStep, DroppedFile, DroppedRun, Fitness,
    RunStanding, VERSION, asks_about_change, change_to_note, decide,
};
use crate::domain::pipeline::review_loop::ResumeWhen;
use crate::domain::policy::run_settings::OnChange;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn file(hash: &str, saved: i64) -> DroppedFile {
    DroppedFile { hash: hash.to_owned(), saved: at(saved), fitness: Fitness::Ready }
}

fn run(hash: &str, standing: RunStanding) -> DroppedRun {
    let (began, last) = (at(200), at(210));
    DroppedRun {
        id: "R".to_owned(),
        hash: hash.to_owned(),
        began,
        last,
        job: "j".to_owned(),
        standing,
    }
}

fn mark(hash: &str, job: &str, tries: u32, dealt: Dealt) -> DropMark {
    DropMark {
        version: VERSION,
        id: "spec".to_owned(),
        hash: hash.to_owned(),
        saved: at(150),
        job: job.to_owned(),
        tries,
        at: at(1000),
        budget: "1".to_owned(),
        dealt,
        told: String::new(),
    }
}

/// A spec that was saved after a yes at 100, looked at at 1000.
fn facts(file: Option<&DroppedFile>) -> DropFacts<'_> {
    DropFacts {
        now: at(1000),
        agreed: Some(at(100)),
        file,
        run: None,
        mark: None,
        change: None,
        is_worked_on: false,
        has_room: true,
        on_change: OnChange::Ask,
        budget: "1",
        shortest: Duration::from_secs(1),
    }
}

#[test]
fn what_is_saved_after_a_yes_begins_once() {
    let saved = file("a", 150);
    let base = facts(Some(&saved));
    assert_eq!(decide(&base), DropStep::Begin);
    let rests = |facts: DropFacts<'_>, rest: DropRest| {
        assert_eq!(decide(&facts), DropStep::Rest(rest), "{facts:?}");
    };
    rests(DropFacts { agreed: None, ..base }, DropRest::NotAgreed);
    rests(DropFacts { agreed: Some(at(151)), ..base }, DropRest::SavedBefore);
    rests(DropFacts { has_room: false, ..base }, DropRest::NoRoom);
    rests(DropFacts { is_worked_on: true, ..base }, DropRest::UnderWay);
    for (fitness, rest) in [
        (Fitness::NotReady, DropRest::NotReady),
        (Fitness::SaysNothing, DropRest::SaysNothing),
        (Fitness::Wrong(2), DropRest::Wrong(2)),
    ] {
        rests(facts(Some(&DroppedFile { fitness, ..saved.clone() })), rest);
    }
    let ended = run("a", RunStanding::Ended);
    rests(DropFacts { run: Some(&ended), ..base }, DropRest::Nothing);
    for (dealt, rest) in [
        (Dealt::Built, DropRest::Nothing),
        (Dealt::Foreign, DropRest::Foreign),
        (Dealt::Refused("no".to_owned()), DropRest::Refused("no".to_owned())),
    ] {
        rests(DropFacts { mark: Some(&mark("a", "", 1, dealt)), ..base }, rest);
    }
    // What was refused is tried again once it is saved again, what was built once it says something else.
    let (again, other) = (file("a", 300), file("b", 300));
    let refused = mark("a", "", 1, Dealt::Refused("no".to_owned()));
    assert_eq!(decide(&DropFacts { mark: Some(&refused), ..facts(Some(&again)) }), DropStep::Begin);
    let built = mark("a", "", 1, Dealt::Built);
    rests(DropFacts { mark: Some(&built), ..facts(Some(&again)) }, DropRest::Nothing);
    assert_eq!(decide(&DropFacts { mark: Some(&built), ..facts(Some(&other)) }), DropStep::Begin);
    let begun = mark("a", "", 1, Dealt::Begun);
    let settles = DropFacts { run: Some(&ended), mark: Some(&begun), ..facts(Some(&other)) };
    assert_eq!(decide(&settles), DropStep::Settle);
}

#[test]
fn nothing_is_tried_again_and_again() {
    let saved = file("a", 150);
    for (tries, wait) in [(1, 10), (2, 60)] {
        let begun = mark("a", "", tries, Dealt::Begun);
        let base = DropFacts { mark: Some(&begun), ..facts(Some(&saved)) };
        assert_eq!(decide(&base), DropStep::Until(at(1000 + wait)));
        assert_eq!(decide(&DropFacts { now: at(1000 + wait), ..base }), DropStep::Begin);
        assert_eq!(DropStep::Begin.tries(&base), tries + 1);
    }
    let spent = mark("a", "", 3, Dealt::Begun);
    let base = DropFacts { mark: Some(&spent), ..facts(Some(&saved)) };
    assert_eq!(decide(&base), DropStep::GiveUp);
    let cut = run("a", RunStanding::Cut);
    let spent = mark("a", "j", 3, Dealt::Begun);
    let base = DropFacts { run: Some(&cut), mark: Some(&spent), ..facts(None) };
    assert_eq!(decide(&base), DropStep::GiveUp);
    // A run that came further is another matter.
    let further = mark("a", "i", 3, Dealt::Begun);
    let base = DropFacts { mark: Some(&further), ..base };
    assert_eq!((decide(&base), DropStep::Resume.tries(&base)), (DropStep::Resume, 1));
    let given_up = mark("a", "j", 3, Dealt::Refused("no".to_owned()));
    let base = DropFacts { mark: Some(&given_up), ..base };
    assert_eq!(decide(&base), DropStep::Rest(DropRest::AsksPerson));
}

#[test]
fn a_run_goes_on_where_nobody_means_it_to_stop() {
    let (mine, others) = (mark("a", "", 1, Dealt::Begun), mark("b", "", 1, Dealt::Built));
    let person = DropStep::Rest(DropRest::AsksPerson);
    let (due, later) = (ResumeWhen::At(at(999)), ResumeWhen::At(at(1500)));
    let budget = RunStanding::Paused(ResumeWhen::BudgetAllows);
    for (standing, mark, step) in [
        (RunStanding::UnderWay, Some(&mine), DropStep::Rest(DropRest::UnderWay)),
        (RunStanding::Cut, None, DropStep::Resume),
        (RunStanding::LetGo, Some(&mine), DropStep::Resume),
        (RunStanding::LetGo, Some(&others), person.clone()),
        (RunStanding::LetGo, None, person.clone()),
        (RunStanding::Answered, Some(&mine), DropStep::Resume),
        (RunStanding::Answered, Some(&others), person.clone()),
        (RunStanding::Paused(ResumeWhen::Asked), Some(&mine), person),
        (RunStanding::Paused(due), None, DropStep::Resume),
        (RunStanding::Paused(later), None, DropStep::Until(at(1500))),
        (budget, Some(&mine), DropStep::Rest(DropRest::OverBudget)),
    ] {
        let run = run("a", standing);
        let base = DropFacts { run: Some(&run), mark, ..facts(None) };
        assert_eq!(decide(&base), step, "{standing:?}");
        let alone = DropFacts { agreed: None, ..base };
        assert!(!matches!(decide(&alone), DropStep::Resume | DropStep::Until(_)), "{standing:?}");
    }
    let run = run("a", budget);
    let base = DropFacts { run: Some(&run), mark: Some(&mine), budget: "2", ..facts(None) };
    assert_eq!(decide(&base), DropStep::Resume);
}

#[test]
fn a_change_during_a_run_is_dealt_with_as_its_person_chose() {
    let (changed, saved_before) = (file("b", 300), file("b", 150));
    let (busy, cut) = (run("a", RunStanding::UnderWay), run("a", RunStanding::Cut));
    let base = DropFacts { run: Some(&busy), is_worked_on: true, ..facts(Some(&changed)) };
    let with = |on_change| DropFacts { on_change, ..base };
    assert_eq!(decide(&with(OnChange::Restart)), DropStep::EndWorker);
    for choice in [OnChange::Ask, OnChange::Ignore] {
        assert_eq!(decide(&with(choice)), DropStep::Rest(DropRest::UnderWay));
        assert_eq!(asks_about_change(&with(choice)), choice == OnChange::Ask);
        let note = change_to_note(&with(choice)).unwrap();
        assert_eq!((note.hash.as_str(), note.ignored), ("b", choice == OnChange::Ignore));
        let noted = DropFacts { change: Some(&note), ..with(choice) };
        assert_eq!(change_to_note(&noted), None, "once");
    }
    let by_hand = DropFacts { is_worked_on: false, ..with(OnChange::Restart) };
    assert_eq!(decide(&by_hand), DropStep::Rest(DropRest::UnderWay), "a person works on it");
    let over = DropFacts { run: Some(&cut), ..by_hand };
    assert_eq!(decide(&over), DropStep::Replace);
    assert_eq!(DropStep::Replace.about(&over), ("b", ""));
    let older = DropFacts { file: Some(&saved_before), ..with(OnChange::Restart) };
    assert_eq!(
        decide(&older),
        DropStep::Rest(DropRest::UnderWay),
        "the run began with another one"
    );
    // What was ignored is not built once the run ended; with `ask` it is.
    let ignored = ChangeMark { version: VERSION, hash: "b".to_owned(), ignored: true };
    let ended = facts(Some(&changed));
    assert_eq!(
        decide(&DropFacts { change: Some(&ignored), ..ended }),
        DropStep::Rest(DropRest::Nothing)
    );
    let told = ChangeMark { ignored: false, ..ignored };
    assert_eq!(decide(&DropFacts { change: Some(&told), ..ended }), DropStep::Begin);
}
