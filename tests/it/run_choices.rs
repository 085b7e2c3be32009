//! What a person chooses for one run alone: that it is only planned, and who does what in it.

use crate::brain::{Part, Question};
use crate::harness::{Outcome, Repo, short};
use crate::planned_runs::{SPEC, asked_for, code, good, planned, project, subjects, tests};
use crate::scene::Scene;
use crate::spec_runs::{self, NARROW, begun, builder, good_code, good_tests, made};

const PLAN_ONLY: [&str; 5] = ["run", "docs/specs/sizes.md", "--plan-only", "--format", "json"];

fn scene() -> Scene {
    planned(good(), tests(), code())
}

fn as_json(repo: &Repo<'_>, words: &[&str]) -> Outcome {
    repo.tribunal(&[words, &["--format", "json"]].concat())
}

#[test]
fn a_run_that_is_only_planned_is_built_once_it_is_resumed_and_nothing_is_paid_twice() {
    let scene = scene();
    let repo = project(&scene, SPEC);
    let json = repo.tribunal(&PLAN_ONLY).ok().json();
    assert_eq!((&json["stage"], &json["cost"]["calls"]), (&"planned".into(), &3.into()));
    let id = short(json["run"].as_str().unwrap()).to_owned();
    let shown = repo.tribunal(&["runs", "show", &id]).ok();
    let shown = shown.says("planned `sizes`: 2 tasks, of which nothing is built yet");
    shown
        .says("## Risks")
        .says("# Task 2: Read megabytes")
        .says("- still to come: about 7 to 18 calls")
        .says(&format!("`tribunal resume {id}` builds it"));
    repo.tribunal(&["runs"]).ok().says("planned");
    repo.tribunal(&["status"]).ok().says("planned, and waits for you to have it built");
    // Asked for once more it is there already.
    let again = repo.tribunal(&PLAN_ONLY).ok().json();
    assert_eq!((&again["run"], &again["stage"]), (&json["run"], &"planned".into()));
    assert_eq!(made(&scene).len(), 3);
    assert!(asked_for(&scene, Part::Tests).is_empty());
    as_json(&repo, &["resume", &id]).ok();
    assert_eq!(subjects(&repo).len(), 4);
    let calls: Vec<String> = made(&scene).into_iter().map(|(_, call)| call).collect();
    let planning = calls.iter().filter(|call| call.starts_with("plan")).count();
    assert_eq!(planning, 2, "{calls:?}");
    assert_eq!(begun(&repo).map(|run| short(&run).to_owned()), Some(id), "it is the same run");

    // In manual mode the plan and the tasks are agreed to first; what is one task has no plan.
    let scene = self::scene();
    let repo = project(&scene, SPEC);
    let manual = repo.tribunal(&[&PLAN_ONLY[..], &["--mode", "manual"]].concat()).code(3).json();
    let id = short(manual["run"].as_str().unwrap()).to_owned();
    as_json(&repo, &["approve", &id]).code(3);
    assert_eq!(as_json(&repo, &["approve", &id]).ok().json()["stage"], "planned");
    let paused = ["resume", &id, "--set", "budget.run=0.0001"];
    as_json(&repo, &paused).code(4);
    repo.tribunal(&PLAN_ONLY).code(2).says("it is more than planned");

    let scene = builder(vec![good_tests()], vec![good_code()], &[]);
    let repo = spec_runs::project(&scene);
    let json = repo.tribunal(&PLAN_ONLY).ok().json();
    assert_eq!((&json["stage"], scene.asked().len()), (&"planned".into(), 0));
    repo.tribunal(&[&PLAN_ONLY[..], &["--mode", "fast"]].concat())
        .code(2)
        .says("fast mode plans nothing");
    // Run again without the option it is built, in the same run.
    assert_eq!(as_json(&repo, &["run", "sizes"]).ok().json()["run"], json["run"]);
    assert_eq!(scene.asked().iter().filter(|asked| asked.turns == 0).count(), 3);
}

#[test]
fn a_role_is_given_to_another_agent_for_one_run_alone() {
    // Without it claude writes and codex reviews.
    let scene = builder(vec![good_tests()], vec![good_code()], &[NARROW]);
    let repo = spec_runs::project(&scene);
    let roles = ["--role", "executor=codex:gpt-9:low", "--role", "reviewer=claude"];
    let paused = [&["run", "sizes", "--set", "budget.run=0.001"], &roles[..]].concat();
    let json = as_json(&repo, &paused).code(4).json();
    assert_eq!(json["roles"][0]["agent"], "codex", "{json}");
    let id = short(json["run"].as_str().unwrap()).to_owned();
    let shown = repo.tribunal(&["runs", "show", &id]).ok();
    shown
        .says("executor: codex (gpt-9, effort low), in this run alone")
        .says("reviewer: claude, in this run alone");
    // It is continued with those that it began with, and by nobody else.
    as_json(&repo, &["run", "sizes"]).code(2).says("the executor changed since");
    as_json(&repo, &["resume", &id]).ok();
    let message = repo.git(&["log", "-1", "--format=%B", "tribunal/sizes"]).ok();
    assert!(message.out().contains("Tribunal-Executor: codex"), "{message}");
    assert!(message.out().contains("gpt-9, effort low"), "{message}");
    assert!(message.out().contains("Tribunal-Reviewer: claude"), "{message}");
    let reviewed = scene.asked().into_iter().find(|one| Question::read(one).part == Part::Review);
    let wrote = scene.asked().into_iter().find(|one| Question::read(one).part == Part::Code);
    assert_ne!(reviewed.unwrap().api, wrote.unwrap().api);
}

#[test]
fn an_unknown_role_or_agent_is_told_with_those_that_are_known() {
    let scene = builder(vec![good_tests()], vec![good_code()], &[]);
    let repo = spec_runs::project(&scene);
    for (role, says) in [
        ("boss=codex", "roles are `researcher`, `planner`, `executor`, `reviewer`"),
        ("executor=gemini", "agents are `claude`, `codex`"),
        ("executor=codex:m:hgih", "there is no effort `hgih`"),
        ("executor", "it is written `ROLE=AGENT`"),
    ] {
        as_json(&repo, &["run", "sizes", "--role", role]).code(2).says(says);
    }
    let eye = "[[http-agent]]\nname = \"eye\"\nfamily = \"one\"\nendpoint = \"http://127.0.0.1:9/v1\"\n\
        protocol = \"openai\"\nmodel = \"m\"\n";
    let settings = std::fs::read_to_string(scene.sandbox.settings_file()).unwrap();
    std::fs::write(scene.sandbox.settings_file(), settings + eye).unwrap();
    let words = ["run", "sizes", "--role", "executor=eye"];
    as_json(&repo, &words).code(2).says("the agent `eye` cannot write");
    assert!(begun(&repo).is_none());
    assert_eq!(scene.asked().len(), 0);
}
