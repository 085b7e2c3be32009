//! What somebody wants, in a sentence, where it meets research, settings, answers and files that are otherwise than usual.

use serde_json::{Value, json};

use crate::brain::{Part, Question};
use crate::harness::{Repo, short};
use crate::manual_runs::waits;
use crate::model_server::{Asked, Say};
use crate::planned_runs::{Planning, asked_for, code, good, planner, tests};
use crate::scene::Scene;
use crate::spec_runs::{
    CODE, OLD_TEST, POLICY, RUNNER, Step, builder_beside, good_code, good_tests, writes,
};
use crate::specified_runs::{draft, specifier, two_criteria};

const TEXT: &str = "Read sizes with a unit: 2K is 2048.";

fn with(mut answer: Value, field: &str, value: Value) -> Value {
    answer[field] = value;
    answer
}

/// One who makes this spec of a text and builds it in one task.
fn scene(draft: Value, code: Vec<Step>) -> Scene {
    let others = specifier(vec![draft], Vec::new(), planner(Planning::default()));
    builder_beside(vec![good_tests()], code, others)
}

fn project<'a>(scene: &'a Scene, policy: &str) -> Repo<'a> {
    let repo = scene.sandbox.repo("r");
    repo.write("run-tests", RUNNER).write("tribunal.toml", format!("{POLICY}{policy}"));
    repo.write("src/hello.sh", "echo hello\n").write("tests/hello_test.sh", OLD_TEST);
    repo.commit_unjudged("feat: hello");
    repo.tribunal(&["trust", "commands", "--yes"]).ok();
    repo
}

fn last_run(repo: &Repo<'_>) -> String {
    let json = repo.tribunal(&["runs", "--format", "json"]).ok().json();
    let runs = json["runs"].as_array().unwrap();
    let run = runs.iter().find(|run| run["kind"] == "spec").unwrap();
    short(run["id"].as_str().unwrap()).to_owned()
}

#[test]
fn a_text_whose_spec_has_the_signs_of_it_is_looked_into_first() {
    let names = "It speaks with Kafka, and Zookeeper, and Thrift.";
    for (goal, says) in [
        ("Choose a library for sizes.", "the spec leaves a choice: \"Choose a library for sizes\""),
        (names, "the spec speaks of what the code has not: `Kafka`, `Thrift`, `Zookeeper`"),
    ] {
        let plans = planner(good());
        let others = move |asked: &Asked| match Question::read(asked).part {
            Part::Research => Say::json(json!({
                "summary": "s", "points": [], "table": {"columns": [], "rows": []},
                "recommendation": "r",
            })),
            _ => plans(asked),
        };
        let drafts = vec![with(two_criteria(), "goal", json!(goal))];
        let scene = builder_beside(tests(), code(), specifier(drafts, Vec::new(), others));
        let repo = project(&scene, "[watch]\nspecs = [\"specs/**\"]\n");
        // What other specs speak of is not there by that.
        repo.write("specs/other.md", format!("---\nstatus: draft\n---\n# Other\n\n{names}\n"));
        repo.commit_unjudged("docs: another spec");
        let json = repo.tribunal(&["plan", "--text", TEXT, "--format", "json"]).ok().json();
        assert_eq!(json["research"]["why"], says, "{json}");
        assert!(asked_for(&scene, Part::Plan)[0].contains("| # Research: "));
    }
}

#[test]
fn the_spec_of_a_text_is_written_where_the_policy_has_a_folder_for_it() {
    for (specs, says) in [
        ("\"docs/wanted.md\", \"specs/*/spec.md\", \"specs/**\"", "  spec: specs/read-sizes"),
        ("\"docs/wanted.md\"", "`watch.specs` of the base names no folder for specs"),
    ] {
        let scene = scene(draft(), vec![good_code()]);
        let repo = project(&scene, &format!("[watch]\nspecs = [{specs}]\n"));
        let outcome = repo.tribunal(&["plan", "--text", TEXT]).says(says);
        assert_eq!(asked_for(&scene, Part::SpecWriting).len(), usize::from(outcome.code == 0));
        outcome.never_says("about 0 changed lines").never_says("files: none");
    }
    let scene = scene(draft(), vec![good_code()]);
    let repo = project(&scene, "");
    repo.write("idea.md", "Read sizes.\n");
    repo.tribunal(&["research", "idea.md"])
        .code(2)
        .says("this is no spec")
        .says("`tribunal plan --text - <");
}

#[test]
fn a_spec_of_a_text_that_its_person_does_not_take_is_kept_for_them() {
    let scene = scene(draft(), vec![good_code()]);
    let repo = project(&scene, "");
    let words = ["run", "--text", TEXT, "--mode", "manual", "--format", "json"];
    let (id, _) = waits(repo.tribunal(&words), "the spec");
    let json = repo.tribunal(&["runs", "show", &id, "--format", "json"]).ok().json();
    assert_eq!(json["for_people"], json!([]), "nobody wrote a criterion yet");
    repo.tribunal(&["abort", &id]).ok();
    let kept = "the spec that was written is kept as `";
    repo.tribunal(&["runs", "show", &id]).ok().says(kept);
    let (id, _) = waits(repo.tribunal(&words), "the spec");
    waits(repo.tribunal(&["approve", &id, "--format", "json"]), "the result");
    repo.tribunal(&["reject", &id]).code(1).says(kept).says("what was built is kept");
}

#[test]
fn who_asks_for_a_file_that_the_spec_of_a_text_allows_is_told_and_its_person_is_not_asked() {
    let code = vec![
        writes(&[], "EXTEND: src/units/kilo.sh, for K\nEXTEND: docs/specs/a.md, to say so"),
        writes(&[], "EXTEND: lib/units.sh, for K\nEXTEND: `lib/units.sh`: for M"),
        writes(&[("src/size.sh", CODE)], ""),
    ];
    let scene = scene(with(draft(), "touches", json!(["src/**"])), code);
    let repo = project(&scene, "");
    let outcome = repo.tribunal(&["run", "--text", TEXT]).code(3);
    let asked = &asked_for(&scene, Part::Code)[1];
    for says in [
        "`src/units/kilo.sh`: the task may change it already",
        "`docs/specs/a.md`: what is to be built is no task's to change",
    ] {
        assert!(asked.contains(says), "`{says}` in {asked}");
    }
    let outcome = outcome.says("- `lib/units.sh`: for M (the spec's `touches` do not name it)");
    outcome.never_says("for K (the spec's");
    repo.tribunal(&["reject", &last_run(&repo)]).ok().says("on its branch");
}
