//! The answers of a person during a run: each is to the page that they saw, and what they reject is made again.

use std::fs;

use serde_json::{Value, json};

use crate::brain::Part;
use crate::harness::{Outcome, Repo, short};
use crate::planned_runs::{
    Planning, SPEC, asked_for, code, finding, good, plan, planned, project, reasons, subjects,
    task, tests, two_tasks,
};
use crate::spec_runs;

/// A run in manual mode, or an answer to it; ends with its id where it waits for an answer about that.
#[track_caller]
pub fn waits(outcome: Outcome, about: &str) -> (String, String) {
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
    let told = repo.tribunal(&["logs", &id]).ok();
    for said in ["the plan: rejected: no cache", "the tasks: rejected: no", "the result: approved"]
    {
        assert!(told.out().contains(&format!("your answer, 0 s: {said}")), "{said} in {told}");
    }
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

#[test]
fn an_answer_is_to_the_page_that_was_seen() {
    let plans = (1..=2).map(|number| plan(&format!("plan {number}"))).collect();
    let scene = planned(Planning { plans, ..good() }, tests(), code());
    let repo = project(&scene, SPEC);
    let (id, first) = waits(manual(&repo), "the plan");
    let shown = repo.tribunal(&["runs", "show", &id]);
    shown.says(&format!("`tribunal approve {id} --page {}` has it continue", &first[..8]));
    // A no without a reason would lead to the same again.
    says(&repo, &["reject", &id]).code(2).says("say what should be otherwise");
    // Somebody else has it made again, and the page that was seen is no more.
    waits(says(&repo, &["reject", &id, "--note", "no cache"]), "the plan");
    let asked = scene.asked().len();
    for word in [&first[..7], ""] {
        says(&repo, &["approve", &id, "--page", word]).code(2).says("too short to name a page");
    }
    for word in [&first[..8], &first, "4c1d7e02"] {
        says(&repo, &["approve", &id, "--page", word]).code(2).says("shows another page by now");
        let words = ["reject", &id, "--note", "no", "--page", word];
        says(&repo, &words).code(2).says("shows another page by now");
    }
    assert_eq!(scene.asked().len(), asked);
    let page = |outcome: Outcome| outcome.json()["waits_for"]["page"].as_str().unwrap().to_owned();
    let second = page(says(&repo, &["runs", "show", &id]));
    waits(says(&repo, &["approve", &id, "--page", &second[..8]]), "the tasks");
    says(&repo, &["approve", &id, "--page", &second]).code(2).says("another page");
}

#[test]
fn an_answer_that_waits_for_a_process_is_not_to_what_that_one_leaves() {
    let scene = planned(good(), tests(), code());
    let repo = project(&scene, SPEC);
    let (id, _) = waits(manual(&repo), "the plan");
    // Both are typed at once: one of them answers.
    let answers: Vec<Outcome> = std::thread::scope(|threads| {
        let typed: Vec<_> =
            (0..3).map(|_| threads.spawn(|| says(&repo, &["approve", &id]))).collect();
        typed.into_iter().map(|one| one.join().unwrap()).collect()
    });
    let mut codes: Vec<i32> = answers.iter().map(|outcome| outcome.code).collect();
    codes.sort_unstable();
    assert_eq!(codes, [2, 2, 3], "{answers:?}");
    waits(says(&repo, &["resume", &id]), "the tasks");
}

#[test]
fn a_person_is_asked_about_the_result_of_a_small_spec_and_of_a_run_that_began_without_them() {
    let one = SPEC.replace("size: M", "size: S").replace(
        "- **AC-2** WHEN `sh src/size.sh 2M` is run THEN it prints `2097152`. verify: test\n",
        "",
    );
    let scene = planned(good(), tests(), code());
    let repo = project(&scene, &one);
    let (id, _) = waits(manual(&repo), "the result");
    let shown =
        repo.tribunal(&["runs", "show", &id]).says("## AC-1").says("built and not published");
    assert_eq!(repo.git(&["branch", "--list", "tribunal/*"]).out(), "");
    // What is asked about can be looked at.
    let (_, hint) = shown.stderr.split_once("`git --git-dir=").expect("how it is looked at");
    let hint = hint.split_once('`').unwrap().0;
    let words: Vec<&str> = hint.split(' ').collect();
    let git_dir = format!("--git-dir={}", words[0]);
    let log = repo.git(&[&[git_dir.as_str()], &words[1..]].concat()).ok();
    assert!(log.out().contains("+# Prints a size in bytes."), "{log}");
    says(&repo, &["approve", &id]).ok();
    assert_eq!(subjects(&repo), ["feat(size): read kilobytes"]);

    // Begun without anybody, and gone on with by a person who wants to be asked.
    let scene = planned(good(), tests(), code());
    let repo = project(&scene, SPEC);
    let words = ["run", "sizes", "--format=json", "--set=budget.run=1.25"];
    assert_eq!(repo.tribunal(&words).code(4).json()["stage"], "paused");
    let (id, _) = waits(manual(&repo), "the result");
    // Who is asked once is asked on.
    waits(spec_runs::run(&repo), "the result");
    assert_eq!(repo.git(&["branch", "--list", "tribunal/*"]).out(), "");
    says(&repo, &["reject", &id]).code(1);
    assert_eq!(repo.git(&["branch", "--list", "tribunal/*"]).out(), "");
}

#[test]
fn a_page_says_which_part_of_a_large_spec_it_is_about() {
    let part = |title, id: &str| json!({"title": title, "criteria": [id]});
    let planning = Planning {
        parts: vec![json!({"parts": [part("Kilobytes", "AC-2"), part("Megabytes", "AC-1")]})],
        ..good()
    };
    let scene = planned(planning, tests(), code());
    let repo = project(&scene, &SPEC.replace("size: M", "size: L"));
    let (id, _) = waits(manual(&repo), "the plan");
    let shown = repo.tribunal(&["runs", "show", &id]).ok();
    shown.says("Part 1 of 2, Kilobytes: AC-2\n\n# Plan: Kilobytes");
}

#[test]
fn what_is_built_before_a_run_ends_can_be_taken() {
    let mut code = code();
    code[1] = spec_runs::writes(&[("src/hello.sh", "echo bye\n")], "");
    let scene = planned(Planning { tasks: vec![two_tasks()], ..good() }, tests(), code);
    let repo = project(&scene, SPEC);
    // The commands are for a shell.
    let odd = scene.sandbox.path().join("it's $here");
    fs::rename(&repo.dir, &odd).unwrap();
    let repo = Repo { sandbox: &scene.sandbox, dir: odd };
    repo.tribunal(&["trust", "commands", "--yes"]).ok();
    let outcome = repo.tribunal(&["run", "sizes"]).code(3);
    let outcome = outcome.says("1 commit up to ").says(" is built and not published");
    let (_, hint) = outcome.stderr.split_once("`git fetch ").expect("how it is taken");
    let mut shell = repo.sandbox.command("sh", &repo.dir);
    shell.args(["-c", &format!("git fetch --quiet {}", hint.split_once('`').unwrap().0)]);
    crate::harness::run(shell, b"").ok();
    let log = repo.git(&["log", "--format=%s", "main..tribunal/sizes-unfinished"]).ok();
    assert_eq!(log.out(), "feat(size): read kilobytes");
    let listed = spec_runs::run(&repo).code(3);
    assert!(reasons(&listed).contains("no code was written"), "it is built anew");
}
