//! What a task may take out, and what shows that it is gone.

use crate::domain::development::removal::{EarlierTests, EarlierVersion, TestName, new_names};
use crate::domain::development::suite::{GreenProof, RedProof, SuiteRun};
use crate::domain::development::test_failure::NewTests;
use crate::domain::development::tests::{broken, suite};
use crate::domain::review::fix_limits::RepairedFile;

/// An earlier run wrote `a` for what is still asked for, and `b` for what is gone, in one task.
fn version() -> EarlierVersion {
    let name = |name: &str| TestName { command: "t".to_owned(), name: name.to_owned() };
    EarlierVersion {
        not_new: vec!["AC-1".to_owned(), "AC-2-gone".to_owned()],
        tests: vec![EarlierTests {
            against: vec!["AC-2-gone".to_owned()],
            files: vec!["tests/b.rs".to_owned()],
            naming: vec!["tests/main.rs".to_owned()],
            names: vec![name("a"), name("b")],
            is_shared: true,
        }],
    }
}

fn ids(ids: &[&str]) -> Vec<String> {
    ids.iter().map(|id| (*id).to_owned()).collect()
}

fn red(criteria: &[&str], now: &SuiteRun) -> RedProof {
    let (version, criteria) = (version(), ids(criteria));
    let removal = version.removal(&criteria).unwrap();
    let tests = NewTests { text: "", files: &[], paths: &[], read: &|_| None };
    removal.prove_red(&suite(&["+a", "+b", "+other"]), now, tests)
}

#[test]
fn tests_of_what_is_to_go_may_be_taken_out_by_the_task_that_builds_it_away() {
    let (version, without) = (version(), ids(&["AC-1", "AC-3"]));
    assert!(version.removal(&without).is_none());
    let criteria = ids(&["AC-1", "AC-2-gone"]);
    let removal = version.removal(&criteria).unwrap();
    let file = |path: &str, old: &str, new: Option<&str>| RepairedFile {
        path: path.to_owned(),
        old: Some(old.to_owned()),
        new: new.map(str::to_owned),
        is_deleted: new.is_none(),
    };
    let others = removal.others(vec![
        file("tests/b.rs", "fn b() {}", None),
        file("tests/main.rs", "mod b;\nfn x() {}\n", Some("fn x() {}\n")),
    ]);
    assert!(others.is_empty(), "{others:?}");
    let others = removal.others(vec![
        file("tests/main.rs", "mod b;\nfn x() {}\n", Some("mod b;\n")),
        file("tests/a.rs", "fn a() {}", None),
        file("tests/main.rs", "mod b;\n", None),
    ]);
    assert_eq!(others.len(), 3);
}

#[test]
fn what_is_taken_out_stands_for_a_test_that_fails_where_nothing_new_is_asked_for() {
    let removed = |failing: usize| match red(&["AC-1", "AC-2-gone"], &suite(&["+a", "+other"])) {
        RedProof::Removed { failing: found, taken_out } => {
            found.len() == failing && taken_out == ["b"]
        }
        _ => false,
    };
    assert!(removed(0));
    // Something new has to fail.
    let new = red(&["AC-2-gone", "AC-3"], &suite(&["+a", "+other"]));
    assert!(matches!(new, RedProof::Unproven(_)), "{new:?}");
    let new = red(&["AC-2-gone", "AC-3"], &suite(&["+a", "+other", "-new"]));
    assert!(matches!(new, RedProof::Removed { .. }), "{new:?}");
    for (now, why) in [
        (suite(&["+a", "+b", "+other"]), "no test of what is no longer asked for was taken out"),
        (suite(&["+a"]), "`other` does not run any more"),
    ] {
        let RedProof::Unproven(said) = red(&["AC-2-gone"], &now) else { panic!("{why}") };
        assert!(said.concat().contains(why), "{said:?}");
    }
}

#[test]
fn what_was_taken_out_fails_once_it_is_put_back() {
    let (version, criteria) = (version(), ids(&["AC-2-gone"]));
    let removal = version.removal(&criteria).unwrap();
    let before = suite(&["+a", "+b", "+other"]);
    let weigh = |now: &[&str], put_back: &[SuiteRun]| {
        removal.weigh_put_back(&before, &suite(now), put_back)
    };
    let now = ["+a", "+other"];
    assert_eq!(weigh(&now, &[suite(&["+a", "-b", "+other"])]), GreenProof::Green(0));
    assert_eq!(weigh(&now, &[broken("no such name")]), GreenProof::Green(0));
    let still = weigh(&now, &[suite(&["+a", "+b", "+other"])]);
    assert!(matches!(still, GreenProof::Red(_)), "{still:?}");
    assert!(matches!(weigh(&["+a", "+b", "+other"], &[]), GreenProof::Red(_)));
    // Each file by itself: one does not build, and the other one passes.
    let lost = weigh(&["+other"], &[broken("no such name"), suite(&["+a", "+other"])]);
    let GreenProof::Lost(said) = lost else { panic!("{lost:?}") };
    assert!(said[0].starts_with("`a` was taken out"), "{said:?}");
}

#[test]
fn the_tests_of_a_task_are_those_that_ran_after_it_and_not_before() {
    let names = new_names(&suite(&["+a"]), &suite(&["+a", "-b", "+c"]));
    let names: Vec<&str> = names.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["b", "c"]);
}
