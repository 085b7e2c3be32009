//! The decision as a table: ref, relation, depth of history, outcome.

use bstr::{BStr, BString};

use crate::domain::gates::protected_branch::{ProtectedBranches, RefUpdate, check, check_mirror};
use crate::domain::model::finding::Effect;
use crate::domain::model::push::Relation;

const GLOBS: [&str; 4] = ["main", "master", "release/*", "hot[fix"];

fn protected() -> ProtectedBranches {
    ProtectedBranches::new(&GLOBS.map(str::to_owned), vec!["refs/heads/trunk".into()])
}

fn rule(target: &str, relation: Relation, shallow: bool) -> Option<(String, Effect)> {
    let facts = RefUpdate { target: BStr::new(target), relation, shallow };
    check(&facts, &protected(), Effect::Block).map(|finding| (finding.rule, finding.effect))
}

#[test]
fn a_protected_branch_only_grows() {
    let table = [
        (Relation::Created, None),
        (Relation::FastForward, None),
        (Relation::Deleted, Some("deletion")),
        (Relation::Rewritten, Some("rewrite")),
        (Relation::UnknownTip, Some("unknown-tip")),
        (Relation::NotACommit, Some("not-a-commit")),
    ];
    for target in [
        "refs/heads/main",
        "refs/heads/trunk",
        "refs/heads/release/1.0",
        "refs/heads/hot[fix",
        "HEAD",
    ] {
        for (relation, expected) in table {
            for shallow in [false, true] {
                let expected = expected.map(|rule| (rule.to_owned(), Effect::Block));
                assert_eq!(rule(target, relation, shallow), expected, "{target} {relation:?}");
            }
        }
    }
}

#[test]
fn other_refs_are_free() {
    for target in [
        "refs/for/main",
        "refs/heads/x/main",
        "refs/heads/main2",
        "refs/heads/release",
        "refs/heads/release/1/2",
        "refs/tags/main",
        "refs/remotes/origin/main",
    ] {
        for relation in [Relation::Deleted, Relation::Rewritten, Relation::UnknownTip] {
            assert_eq!(rule(target, relation, false), None, "{target}");
        }
    }
}

#[test]
fn another_case_of_letters_is_said() {
    let expected = Some(("case-variant".to_owned(), Effect::Warn));
    assert_eq!(rule("refs/heads/Main", Relation::Created, false), expected);
    assert_eq!(rule("refs/heads/RELEASE/1", Relation::Created, false), expected);
    assert_eq!(rule("refs/tags/Main", Relation::Created, false), None);
}

#[test]
fn a_mirror_push_must_hold_what_is_protected() {
    let policy = ["main".to_owned(), "master".to_owned()];
    let protected = ProtectedBranches::new(&policy, Vec::new());
    let blocks = |on_remote: &[&str], here: &[&str]| {
        let names = |list: &[&str]| -> Vec<BString> {
            list.iter().map(|name| format!("refs/heads/{name}").into()).collect()
        };
        check_mirror(&names(on_remote), &names(here), &policy, &protected, Effect::Block).is_some()
    };
    assert!(blocks(&["main", "x"], &["x"]));
    assert!(!blocks(&["main", "x"], &["main"]), "x is not protected");
    assert!(!blocks(&["x"], &["y"]));
    assert!(blocks(&[], &["x"]), "nothing is known of the remote and neither name is here");
    assert!(!blocks(&[], &["main"]));
}
