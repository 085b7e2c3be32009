//! The answers of all calls become one list, checked against the tree.

use crate::domain::review::answer::{ExpectedAnswer, read};
use crate::fuzz;
use std::collections::BTreeMap;

use super::claim;
use crate::domain::model::severity::Severity;
use crate::domain::review::answer::{RawFinding, ReviewAnswer};
use crate::domain::review::assemble::{Assembled, ReviewedTree, assemble};
use crate::domain::review::deliver::file::ChangedLines;
use crate::domain::review::finding::{
    Anchored, AssessedCriterion, CriterionStatus, FindingOrigin, Quote, ReviewFinding,
    VerifiedFinding,
};

const A: &str = "fn a() {\n    write(path)?;\n}\nfn again_and_again() {}\n";

/// The same file before it was fixed.
const BEFORE: &str = "fn a() {\n    let _ = write(path);\n}\nfn again_and_again() {}\n";

fn text(path: &str) -> Option<String> {
    match path {
        "a.rs" => Some(A.to_owned()),
        "other.rs" => Some("fn other() {\n    open(path);\n}\n".to_owned()),
        _ => None,
    }
}

fn run(answers: &[ReviewAnswer], open: &[ReviewFinding], next: &mut u32) -> Assembled {
    let place = ChangedLines {
        path: "a.rs".into(),
        touched: std::iter::once(2..3).collect(),
        removed: vec![(2, "    authorise(user)?;".into())],
    };
    let gone = ChangedLines {
        path: "gone.rs".into(),
        touched: std::iter::once(1..1).collect(),
        removed: vec![(1, "fn guard() {".into()), (1, "    check(user);".into())],
    };
    let places = BTreeMap::from([("a.rs".to_owned(), place), ("gone.rs".to_owned(), gone)]);
    let criteria = ["AC-1", "AC-2", "AC-3", "AC-4"].map(str::to_owned);
    let changed = ["a.rs", "gone.rs"].map(str::to_owned);
    let before = |_: &ReviewFinding, path: &str| (path == "a.rs").then(|| BEFORE.to_owned());
    let ground = ReviewedTree {
        text: &text,
        places: &places,
        changed: &changed,
        criteria: &criteria,
        open,
        changed_since: &[],
        before: &before,
    };
    assemble(answers, &ground, next)
}

#[test]
fn findings_are_merged_numbered_and_placed() {
    let with = |findings| ReviewAnswer { findings, ..ReviewAnswer::default() };
    let mut low = claim("a.rs", "write(path)?;");
    low.severity = Severity::Medium;
    low.basis = "spec:AC-9".into();
    low.evidence = vec![
        Quote { path: "a.rs".into(), text: "fn a() {".into() },
        Quote { path: "a.rs".into(), text: "fn b() {".into() },
        Quote { path: "nowhere.rs".into(), text: "fn a() {".into() },
        Quote { path: "gone.rs".into(), text: "check(user);".into() },
    ];
    let answers = [
        with(vec![low, claim("a.rs", "never written"), claim("b.rs", "fn a() {")]),
        with(vec![
            claim("a.rs", "  write(path)?;"),
            claim("a.rs", "authorise(user)?;"),
            claim("gone.rs", "check(user);"),
        ]),
    ];
    let mut next = 4;
    let all = run(&answers, &[], &mut next);
    let seen: Vec<_> = all
        .findings
        .iter()
        .map(|one| (one.id.as_str(), one.path.as_str(), one.severity, one.anchored))
        .collect();
    let removed = |line| Anchored::Removed { line, end_line: line };
    assert_eq!(
        seen,
        [
            ("F-4", "a.rs", Severity::High, Anchored::Exact { line: 2, end_line: 2 }),
            ("F-5", "a.rs", Severity::Low, Anchored::Nowhere),
            ("F-6", "b.rs", Severity::Low, Anchored::Nowhere),
            ("F-7", "a.rs", Severity::High, removed(2)),
            ("F-8", "gone.rs", Severity::High, removed(1)),
        ]
    );
    assert_eq!((next, all.demoted), (9, 2));
    assert_eq!(all.findings[0].basis, "invariant", "the spec has no AC-9");
    let quoted: Vec<&str> = all.findings[0].evidence.iter().map(|one| one.text.as_str()).collect();
    assert_eq!(quoted, ["fn a() {", "check(user);"], "the others stand nowhere");
}

#[test]
fn of_two_that_are_the_same_the_one_with_evidence_is_kept() {
    let with = |findings| ReviewAnswer { findings, ..ReviewAnswer::default() };
    let bare = RawFinding { evidence: Vec::new(), ..claim("a.rs", "write(path)?;") };
    let quote = Quote { path: "a.rs".into(), text: "fn a() {".into() };
    let shown = RawFinding {
        evidence: vec![quote.clone()],
        failure: "a full disk -> the data is lost".into(),
        ..bare.clone()
    };
    for answers in [[bare.clone(), shown.clone()], [shown.clone(), bare]] {
        let all = run(&answers.map(|one| with(vec![one])), &[], &mut 1);
        assert_eq!(all.findings.len(), 1);
        assert_eq!(all.findings[0].evidence, std::slice::from_ref(&quote));
        assert_eq!(all.findings[0].failure, shown.failure);
    }
}

#[test]
fn the_worst_word_on_a_criterion_wins() {
    let with = |words: &[(&str, CriterionStatus)]| ReviewAnswer {
        criteria: words
            .iter()
            .map(|(id, met)| AssessedCriterion { id: (*id).into(), met: *met, why: (*id).into() })
            .collect(),
        ..ReviewAnswer::default()
    };
    let answers = [
        with(&[
            ("AC-1", CriterionStatus::Met),
            ("AC-2", CriterionStatus::NotAssessed),
            ("AC-3", CriterionStatus::Deviation),
        ]),
        with(&[
            ("AC-1", CriterionStatus::NotAssessed),
            ("AC-2", CriterionStatus::Met),
            ("AC-3", CriterionStatus::Met),
            ("X", CriterionStatus::Met),
        ]),
        with(&[("AC-2", CriterionStatus::Missing), ("AC-2", CriterionStatus::Met)]),
    ];
    let met: Vec<_> = run(&answers, &[], &mut 1).criteria.iter().map(|one| one.met).collect();
    assert_eq!(
        met,
        [
            CriterionStatus::Met,
            CriterionStatus::Missing,
            CriterionStatus::Deviation,
            CriterionStatus::NotAssessed
        ]
    );
}

#[test]
fn a_resolution_needs_proof() {
    let mut open = run(
        &[ReviewAnswer {
            findings: vec![
                claim("a.rs", "write(path)?;"),
                claim("a.rs", "fn a() {"),
                claim("a.rs", "}\nfn"),
                claim("a.rs", "authorise(user)?;"),
                claim("gone.rs", "check(user);"),
            ],
            ..ReviewAnswer::default()
        }],
        &[],
        &mut 1,
    )
    .findings;
    open.truncate(5);
    let word = |id: &str, resolved, path: &str, text: &str| VerifiedFinding {
        id: id.into(),
        resolved,
        quote: Quote { path: path.into(), text: text.into() },
    };
    let answers = [
        ReviewAnswer {
            verified: vec![
                word("F-1", true, "a.rs", "write(path)?;"),
                word("F-2", true, "a.rs", "let fixed = true;"),
                word("F-3", true, "a.rs", "write(path)?;"),
                word("F-5", true, "gone.rs", ""),
            ],
            ..ReviewAnswer::default()
        },
        ReviewAnswer {
            verified: vec![word("F-3", false, "a.rs", "fn a() {")],
            ..ReviewAnswer::default()
        },
    ];
    let verified = run(&answers, &open, &mut 6).verified;
    let resolved: Vec<_> = verified.iter().map(|one| (one.id.as_str(), one.resolved)).collect();
    assert_eq!(
        resolved,
        [("F-1", true), ("F-2", false), ("F-3", false), ("F-4", false), ("F-5", false)]
    );
}

#[test]
fn what_goes_against_the_spec_is_critical_and_what_was_there_before_is_told_apart() {
    let raised = |path: &str, anchor: &str, basis: &str, severity, failure: &str, was_there| {
        let claim = RawFinding {
            basis: basis.to_owned(),
            severity,
            failure: failure.to_owned(),
            was_there,
            ..claim(path, anchor)
        };
        let answer = ReviewAnswer { findings: vec![claim], ..ReviewAnswer::default() };
        let found = run(&[answer], &[], &mut 1).findings.remove(0);
        (found.severity, found.origin)
    };
    let (here, there) = ("write(path)?;", "open(path);");
    let (change, before) = (FindingOrigin::Change, FindingOrigin::Before);
    for (basis, claimed, severity) in [
        ("spec:AC-1", Severity::Medium, Severity::Critical),
        ("spec: AC-1 (errors)", Severity::High, Severity::Critical),
        // The reviewer itself calls it small.
        ("spec:AC-1", Severity::Low, Severity::Low),
        ("spec:AC-9", Severity::Medium, Severity::Medium),
        ("invariant", Severity::High, Severity::High),
    ] {
        assert_eq!(raised("a.rs", here, basis, claimed, "", false), (severity, change), "{basis}");
    }
    for (path, anchor, failure, was_there, origin) in [
        ("a.rs", here, "", true, change),
        ("other.rs", there, "it was always so", false, before),
        ("other.rs", there, "a.rs no longer checks it", false, change),
        ("other.rs", there, "what `a` gives is not looked at", false, before),
        ("other.rs", there, "what `again_and_again` gives is lost", false, change),
        ("other.rs", there, "a.rs no longer checks it", true, before),
    ] {
        let found = raised(path, anchor, "invariant", Severity::High, failure, was_there);
        assert_eq!(found, (Severity::High, origin), "{failure}");
    }
}

#[test]
fn a_path_may_be_written_in_any_way_that_names_one_file() {
    let in_tree = ["src/a.rs", "b/lib.rs", "src/other/b.rs", "tests/b.rs"];
    let read = |path: &str| in_tree.contains(&path).then(|| format!("{path}\n{A}"));
    let lines = |path: &str| ChangedLines {
        path: path.into(),
        touched: std::iter::once(2..3).collect(),
        removed: Vec::new(),
    };
    let places =
        ["src/a.rs", "src/other/b.rs", "tests/b.rs"].map(|path| (path.to_owned(), lines(path)));
    let places = BTreeMap::from(places);
    let ground = ReviewedTree {
        text: &read,
        places: &places,
        changed: &[],
        criteria: &[],
        open: &[],
        changed_since: &[],
        before: &|_, _| None,
    };
    let table = [
        ("src/a.rs", "src/a.rs"),
        ("./src/a.rs", "src/a.rs"),
        ("/src/a.rs", "src/a.rs"),
        ("a/src/a.rs", "src/a.rs"),
        ("b/src/a.rs", "src/a.rs"),
        ("src/a.rs:4", "src/a.rs"),
        ("src/a.rs:4-6", "src/a.rs"),
        ("src/a.rs:4:7", "src/a.rs"),
        ("src/a.rs#L4", "src/a.rs"),
        ("`src/a.rs`", "src/a.rs"),
        ("SRC/A.RS", "src/a.rs"),
        ("src\\a.rs", "src/a.rs"),
        ("a.rs", "src/a.rs"),
        ("/home/someone/.cache/copy/src/a.rs", "src/a.rs"),
        // A folder that is called as a diff's sides are.
        ("b/lib.rs", "b/lib.rs"),
        ("other/b.rs", "src/other/b.rs"),
        // None, or no one file.
        ("src/c.rs", "src/c.rs"),
        ("", ""),
        ("/", "/"),
    ];
    for (written, meant) in table {
        let claimed = claim(written, "write(path)?;");
        let answer = ReviewAnswer { findings: vec![claimed], ..ReviewAnswer::default() };
        let found = assemble(&[answer], &ground, &mut 1).findings.remove(0);
        assert_eq!(found.path, meant, "{written}");
        assert_eq!(found.anchored != Anchored::Nowhere, read(meant).is_some(), "{written}");
    }
    // Of two that it may be, the one that holds the quote.
    let answer =
        ReviewAnswer { findings: vec![claim("b.rs", "tests/b.rs")], ..ReviewAnswer::default() };
    assert_eq!(assemble(&[answer], &ground, &mut 1).findings[0].path, "tests/b.rs");
}

/// What an answer is made of.
const WORDS: [&str; 26] = [
    "\"findings\":",
    "\"criteria\":",
    "\"attestation\":",
    "\"unscanned\":",
    "\"verified\":",
    "\"class\":",
    "\"severity\":",
    "\"basis\":",
    "\"path\":",
    "\"anchor\":",
    "\"evidence\":",
    "\"text\":",
    "\"P1\"",
    "\"high\"",
    "\"a.rs\"",
    "\"write(path)?;\"",
    "\"AC-1\"",
    "\"not_met\"",
    "null",
    "[]",
    "{}",
    ",",
    "\"\"",
    "\"\\n\"",
    "...",
    "\"F-1\"",
];

#[test]
fn drawn_answers_are_merged_or_refused() {
    let first = r#"{"findings":[{"class":"error-handling/swallowed-error","severity":"high","basis":"AC-2","title":"t",
        "path":"a.rs","anchor":"    write(path)?;","failure":"a -> b","evidence":[{"path":"a.rs","text":"fn a() {"}],
        "fix":"","sweep":""},{"class":"x/y","severity":"P1","basis":"invariant","title":"u","path":"gone.rs",
        "anchor":"fn guard() {\n    check(user);","failure":"","evidence":[],"fix":"f","sweep":"s"}],
        "criteria":[{"id":"AC-1","met":"met","why":"w"}],"attestation":[],"unscanned":[{"path":"c","reason":"r"}]}"#;
    let later = r#"{"verified":[{"id":"F-1","resolved":true,"quote":{"path":"a.rs","text":"write(path)?;"}}],
        "findings":[],"criteria":[],"attestation":[],"unscanned":[]}"#;
    let seeds = [first.as_bytes(), later.as_bytes()];
    fuzz::hold("answers of a reviewer", &seeds, &WORDS.map(str::as_bytes), |bytes| {
        let Ok(value) = serde_json::from_slice(bytes) else { return };
        for asked in [ExpectedAnswer::Review, ExpectedAnswer::Verification] {
            if let Ok(answer) = read(&value, asked) {
                let mut next = 1;
                let open = run(std::slice::from_ref(&answer), &[], &mut next).findings;
                let all = run(&[answer.clone(), answer], &open, &mut next);
                assert_eq!(open.len() + all.findings.len(), next as usize - 1);
            }
        }
    });
}
