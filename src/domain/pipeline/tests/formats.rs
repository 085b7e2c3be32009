//! Runs of earlier formats are read, those of newer ones refused.

use crate::domain::pipeline::format::{self, RunFormatError, StoredRun};
use crate::domain::pipeline::job::ReviewScope;
use crate::domain::pipeline::next::next;
use crate::domain::pipeline::review_loop::{ResumeWhen, RunKind, Stage};
use crate::domain::pipeline::run::{Run, VERSION};
use crate::domain::pipeline::tests::endings::with_a_critical;
use crate::domain::pipeline::tests::{a_run, oid};
use crate::fuzz;

fn parse(text: &[u8]) -> Result<Run, RunFormatError> {
    match format::parse(text)? {
        StoredRun::Review(run) => Ok(*run),
        StoredRun::Spec(_) => panic!("it is the run of a spec"),
    }
}

/// A run of the first format, with these parts.
fn format_1(stage: &str, more: &str, closed: bool) -> Vec<u8> {
    let tree = oid(100);
    let attempt = format!(
        r#"{{"tree":"{tree}","commit":null,"gates":null,"review":"complete","unmet":1,
            "asked_again":true,"fixes":[],"undoes":null}}"#
    );
    format!(
        r#"{{"version":1,"run":{{"id":"01J","kind":"fix","route":"A","base":null,"head":null,
            "size":"S","attempts":[{attempt}],"stage":{stage},"findings":[],"criteria":[],
            "rounds":3,"idle_fixes":1,"failed_reviews":2,"started":"2026-03-04T12:00:00Z"{more}}},
            "question":"q","title":"t","change_key":"k","spec":null,"seed":"5e","gated":[],
            "skipped":[],"unscanned":[],"delivered":[],"unanchored":4,"kept":{{"F-1":"01K"}},
            "answers":["aa"],"closed":{closed}}}"#
    )
    .into_bytes()
}

#[test]
fn counters_of_the_first_format_derive_from_the_journal() {
    let run = parse(&format_1("\"gating\"", "", false)).unwrap();
    assert_eq!(run.version, VERSION);
    let journal = &run.journal;
    assert_eq!((journal.rounds(), journal.idle_fixes(), journal.failed_reviews()), (3, 1, 2));
    assert!(journal.has_asked_for_criteria());
    assert!(journal.under_way().is_empty());
    assert_eq!((run.review_loop().kind, &run.review_loop().stage), (RunKind::Fix, &Stage::Gating));
    assert_eq!((run.record().unanchored, &run.record().kept["F-1"][..]), (4, "01K"));
}

#[test]
fn stages_of_the_first_format_are_found_again() {
    let stage = |stage: &str, more: &str, closed| {
        parse(&format_1(stage, more, closed)).unwrap().review_loop().stage.clone()
    };
    let full = Stage::Delivering(ReviewScope::Full);
    assert_eq!(stage(r#"{"reviewing":"full"}"#, "", false), full);
    let Stage::Arbitrating(asked) = stage(r#"{"arbitrating":["F-1"]}"#, "", false) else {
        panic!()
    };
    assert_eq!(asked[0].finding, "F-1");
    let ended = r#"{"ended":{"decision":{"escalate":{"budget":"spent"}},"best":0}}"#;
    assert!(matches!(stage(ended, "", true), Stage::Ended(_)));
    assert!(matches!(stage(ended, "", false), Stage::Closing(_)));
    let stopped = r#","stopped_in":{"reviewing":"full"}"#;
    let Stage::Paused(pause) = stage(ended, stopped, true) else { panic!() };
    assert_eq!((pause.resume_when, *pause.stage), (ResumeWhen::BudgetAllows, full));
    // With a branch that was the person's, it was over.
    assert!(matches!(stage(&ended.replace(":0", ":1"), stopped, true), Stage::Ended(_)));
}

#[test]
fn this_format_is_read_as_it_was_written_and_a_newer_one_is_refused() {
    for run in [a_run(RunKind::Review, &["AC-1"]), with_a_critical()] {
        let text = serde_json::to_string(&run).unwrap();
        assert_eq!(parse(text.as_bytes()).unwrap(), run);
        // The format before it has less.
        let older = text.replacen("\"version\":3", "\"version\":2", 1);
        assert_eq!(parse(older.as_bytes()).unwrap(), run);
        let newer = text.replacen("\"version\":3", "\"version\":4", 1);
        assert!(matches!(
            parse(newer.as_bytes()),
            Err(RunFormatError::Newer { version: 4, known: 3 })
        ));
    }
    assert!(matches!(parse(b"{}"), Err(RunFormatError::Wrong(_))));
}

#[test]
fn counters_that_no_run_had_are_not_written_out() {
    let text = String::from_utf8(format_1("\"gating\"", "", false)).unwrap();
    let most = u32::MAX;
    let text = text.replace("\"rounds\":3", &format!("\"rounds\":{most}"));
    let text = text.replace("\"failed_reviews\":2", &format!("\"failed_reviews\":{most}"));
    let journal = parse(text.as_bytes()).unwrap().journal;
    assert_eq!((journal.rounds(), journal.failed_reviews()), (1_000, 1_000));
    assert_eq!(journal.idle_fixes(), 1);
}

#[test]
fn drawn_states_of_runs_are_read_or_refused() {
    let seeds = [
        include_bytes!("../../../../tests/data/state-1/stopped-fix/state/runs/01M8J96DM2KDMERR6X79DXYQJ4/run.json").as_slice(),
        include_bytes!("../../../../tests/data/state-2/stopped-fix/state/runs/01M8JMAZM6ZB1V84SKVX07FP8Q/run.json"),
    ];
    let words =
        ["\"version\":", "\"stage\":", "null", "{}", "[]", "\"\"", ",", "\"round\":", "true"];
    fuzz::hold("states of runs", &seeds, &words.map(str::as_bytes), |bytes| {
        if let Ok(run) = parse(bytes) {
            drop(next(&run));
        }
    });
}
