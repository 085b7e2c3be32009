//! What a task asks its person while it is built: for one more file, and about what others rely on.

use std::fs;

use crate::brain::Part;
use crate::harness::{Outcome, Repo, short};
use crate::planned_runs;
use crate::planned_runs::asked_for;
use crate::spec_runs::{CODE, POLICY, SPEC, builder, good_tests, project, run, writes};

const ASKS: &str = "EXTEND: `src/units.sh`, since the units are there";

/// The run's id, and the page on which it waits for an answer about that.
#[track_caller]
fn waits(outcome: Outcome, about: &str) -> (String, String) {
    let json = outcome.code(3).json();
    assert_eq!(json["waits_for"]["about"], about, "{json}");
    let page = fs::read_to_string(json["waits_for"]["file"].as_str().unwrap()).unwrap();
    (short(json["run"].as_str().unwrap()).to_owned(), page)
}

fn says(repo: &Repo<'_>, words: &[&str]) -> Outcome {
    repo.tribunal(&[words, &["--format", "json"]].concat())
}

fn files(repo: &Repo<'_>) -> String {
    repo.git(&["diff", "--name-only", "main", "tribunal/sizes"]).ok().out().to_owned()
}

/// The project with a spec that names what may change.
fn bounded<'a>(scene: &'a crate::scene::Scene, touches: &str) -> Repo<'a> {
    let repo = project(scene);
    let spec = SPEC.replace("size: S\n", &format!("size: S\ntouches: [{touches}]\n"));
    repo.write("docs/specs/sizes.md", spec);
    repo
}

#[test]
fn one_more_file_is_asked_for_and_taken_with_a_yes_alone() {
    let both = writes(&[("src/size.sh", CODE), ("src/units.sh", "echo K\n")], "");
    let code = vec![writes(&[], "EXTEND: tribunal.toml, for the gates"), writes(&[], ASKS), both];
    let scene = builder(vec![good_tests()], code, &[]);
    let repo = bounded(&scene, "src/size.sh");
    let (id, page) = waits(run(&repo), "one more file");
    for says in [
        "`src/units.sh`: since the units are there (the spec's `touches` do not name it)",
        "It may change `src/size.sh`",
        "## What it costs",
    ] {
        assert!(page.contains(says), "`{says}` in {page}");
    }
    // What no task may change is nothing to ask a person about.
    let asked = asked_for(&scene, Part::Code);
    assert!(asked[1].contains("it asked to change `tribunal.toml`: the policy,"), "{}", asked[1]);
    let shown = repo.tribunal(&["runs", "show", &id]);
    shown.says(&format!("`tribunal reject {id} --page")).says("has it do without");
    says(&repo, &["approve", &id]).ok();
    assert_eq!(
        files(&repo).lines().collect::<Vec<_>>(),
        ["src/size.sh", "src/units.sh", "tests/size_test.sh"]
    );

    let code = vec![writes(&[], ASKS), writes(&[("src/size.sh", CODE)], "")];
    let scene = builder(vec![good_tests()], code, &[]);
    let repo = bounded(&scene, "src/size.sh");
    let (id, _) = waits(run(&repo), "one more file");
    says(&repo, &["reject", &id, "--note", "K alone is enough"]).ok();
    let asked = asked_for(&scene, Part::Code);
    assert!(asked[1].contains("does not allow `src/units.sh`: K alone is enough"), "{}", asked[1]);
    assert!(!files(&repo).contains("units"), "{}", files(&repo));
}

#[test]
fn what_the_spec_takes_out_is_no_task_s_and_no_person_is_asked_about_it() {
    let beyond = [("src/size.sh", CODE), ("src/hello.sh", "echo hello # 1\n")];
    let code = vec![
        writes(&[], "EXTEND: src/hello.sh, to say more"),
        writes(&beyond, ""),
        writes(&[("src/size.sh", CODE)], ""),
    ];
    let scene = builder(vec![good_tests()], code, &[]);
    let repo = bounded(&scene, "\"src/**\", \"!src/hello.sh\"");
    run(&repo).ok();
    let asked = asked_for(&scene, Part::Code);
    assert!(asked[1].contains("`src/hello.sh`: the spec's `touches` take it out"), "{}", asked[1]);
    assert!(
        asked[2].contains("`src/hello.sh`, which the spec's `touches` does not name"),
        "{}",
        asked[2]
    );
    assert!(!files(&repo).contains("hello"), "{}", files(&repo));
}

#[test]
fn settings_give_a_task_what_the_spec_allows() {
    let mut code = planned_runs::code();
    code.insert(0, writes(&[("src/size.sh", planned_runs::KILO)], ASKS));
    let with_units = [("src/size.sh", planned_runs::KILO), ("src/units.sh", "echo K\n")];
    code[1] = writes(&with_units, "SUBJECT: feat(size): read kilobytes");
    let scene = planned_runs::planned(planned_runs::good(), planned_runs::tests(), code);
    let repo = planned_runs::project(&scene, planned_runs::SPEC);
    let words = ["run", "sizes", "--format=json", "--set=runs.extend=grant"];
    repo.tribunal(&words).ok();
    assert!(files(&repo).contains("src/units.sh"), "{}", files(&repo));
}

#[test]
fn what_others_rely_on_waits_for_a_yes_where_the_policy_names_it() {
    let written = [("src/size.sh", CODE), ("Makefile", "all:\n\ttrue\n")];
    let code = vec![writes(&written, "SUBJECT: feat(size): read sizes")];
    let scene = builder(vec![good_tests()], code, &[]);
    let repo = bounded(&scene, "src/size.sh, Makefile");
    repo.write("tribunal.toml", format!("{POLICY}[planning]\nask-before = [\"dependency\"]\n"));
    repo.git(&["commit", "--quiet", "--no-verify", "-m", "ci: ask", "tribunal.toml"]).ok();
    let (id, page) = waits(run(&repo), "what a task changes");
    assert!(page.contains("- `Makefile`: it says with what the project is built"), "{page}");
    assert!(!page.contains("size.sh"), "{page}");
    // It can be looked at before the answer.
    let look = repo.tribunal(&["runs", "show", &id]).says("shows what the task changes").stderr;
    let (_, hint) = look.split_once("`git --git-dir=").unwrap();
    let words: Vec<&str> = hint.split('`').next().unwrap().split(' ').collect();
    let git_dir = format!("--git-dir={}", words[0]);
    let diff = repo.git(&[&[git_dir.as_str()], &words[1..]].concat()).ok();
    assert!(diff.out().contains("+all:") && diff.out().contains("+# Prints"), "{diff}");
    let asked = scene.asked().len();
    says(&repo, &["approve", &id]).ok();
    assert_eq!(scene.asked().len(), asked, "nothing is asked twice");
    assert!(files(&repo).contains("Makefile"));
    let json = says(&repo, &["runs", "show", &id]).json();
    assert!(json["waits_for"].is_null(), "{json}");
}
