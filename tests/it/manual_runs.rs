//! The answers of a person during a run: each is to the page that they saw, and what they reject is made again.

use serde_json::{Value, json};

use crate::brain::Part;
use crate::harness::{Outcome, Repo, short};
use crate::planned_runs::{
    Planning, SPEC, asked_for, code, finding, good, plan, planned, project, subjects, task, tests,
};
use crate::spec_runs;

/// A run in manual mode, or an answer to it; ends with its id where it waits for an answer about that.
#[track_caller]
fn waits(outcome: Outcome, about: &str) -> (String, String) {
    let json = outcome.code(3).json();
    assert_eq!(json["waits_for"]["about"], about, "{json}");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (short(&text(&json["run"])).to_owned(), text(&json["waits_for"]["page"]))
}

fn manual(repo: &Repo<'_>) -> Outcome {
    repo.tribunal(&["run", "docs/specs/sizes.md", "--mode", "manual", "--format", "json"])
}

fn says(repo: &Repo<'_>, words: &[&str]) -> Outcome {
    repo.tribunal(&[words, &["--format", "json"]].concat())
}

#[test]
fn what_is_rejected_is_made_again_each_time_with_the_note() {
    let plans = (1..=3).map(|number| plan(&format!("plan {number}"))).collect();
    let scene = planned(Planning { plans, ..good() }, tests(), code());
    let repo = project(&scene, SPEC);
    let (id, _) = waits(manual(&repo), "the plan");
    for (at, note) in ["no cache", "no table"].into_iter().enumerate() {
        waits(says(&repo, &["reject", &id, "--note", note]), "the plan");
        let asked = asked_for(&scene, Part::Plan);
        assert_eq!(asked.len(), at + 2);
        assert!(asked[at + 1].contains(&format!("| failure: {note}")), "{}", asked[at + 1]);
    }
    waits(says(&repo, &["approve", &id]), "the tasks");
    for (at, note) in ["one task", "other names", "no"].into_iter().enumerate() {
        waits(says(&repo, &["reject", &id, "--note", note]), "the tasks");
        let asked = asked_for(&scene, Part::TaskList);
        assert_eq!(asked.len(), at + 2);
        assert!(asked[at + 1].contains(&format!("rejects the tasks: {note}")), "{}", asked[at + 1]);
    }
    waits(says(&repo, &["approve", &id]), "the result");
    says(&repo, &["approve", &id]).ok();
    let decided = repo.git(&["show", "tribunal/sizes:docs/decisions/sizes.md"]).ok();
    assert!(decided.out().contains("(plan 3)"), "{decided}");
}

#[test]
fn a_spec_that_turns_out_large_is_planned_anew_in_its_parts() {
    let critical = || json!([finding("critical", "the sign is lost")]);
    let part = |id: &str| json!({"title": id, "criteria": [id]});
    let listed = |title, id| json!({"tasks": [task(title, &[id], &["src/size.sh"])]});
    let planning = Planning {
        plans: (0..8).map(|number| plan(&number.to_string())).collect(),
        findings: vec![critical(), critical(), critical(), critical(), json!([])],
        parts: vec![json!({"parts": [part("AC-1"), part("AC-2")]})],
        tasks: vec![listed("Read kilobytes", "AC-1"), listed("Read megabytes", "AC-2")],
        ..Planning::default()
    };
    let scene = planned(planning, tests(), code());
    let repo = project(&scene, SPEC);
    let json = spec_runs::run(&repo).ok().json();
    assert_eq!((&json["size"], asked_for(&scene, Part::Plan).len()), (&"L".into(), 6));
    assert_eq!(subjects(&repo).len(), 4);
}
