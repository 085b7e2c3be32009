//! Tasks of a run that are independent of each other are built side by side, and committed in their order.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::brain::{Part, Question};
use crate::harness::{Repo, happens, short, wait_for};
use crate::model_server::{Asked, Say, Words};
use crate::planned_runs::{
    Planning, each_commit_passes, plan, planner, project, reasons, subjects, task,
};
use crate::scene::{KEYS, Scene};
use crate::spec_runs::{
    Left, Step, begun, is_pushed_without_another_review, killed_beside, made, run, writes,
};

const SPEC: &str = "---\nid: sizes\nstatus: ready\nsize: M\n---\n# Read sizes with a unit\n\n## Goal\n\n\
    People write sizes as `2K` and `2M`.\n\n## Acceptance criteria\n\n\
    - **AC-1** WHEN `sh src/kilo.sh 2` is run THEN it prints `2048`. verify: test\n\
    - **AC-2** WHEN `sh src/mega.sh 2` is run THEN it prints `2097152`. verify: test\n";

const KILO_TEST: &str =
    "got=$(sh src/kilo.sh 2)\n[ \"$got\" = 2048 ] || { echo \"assert: got $got\"; exit 1; }\n";
const MEGA_TEST: &str =
    "got=$(sh src/mega.sh 2)\n[ \"$got\" = 2097152 ] || { echo \"assert: got $got\"; exit 1; }\n";
const KILO: &str = "# Prints kilobytes as bytes.\necho $(($1 * 1024))\n";
const MEGA: &str = "# Prints megabytes as bytes.\necho $(($1 * 1048576))\n";

fn two(needs: &[usize]) -> Planning {
    let kilo = task("Read kilobytes", &["AC-1"], &["src/kilo.sh"]);
    let mut mega = task("Read megabytes", &["AC-2"], &["src/mega.sh"]);
    mega["needs"] = json!(needs);
    Planning {
        plans: vec![plan("p")],
        tasks: vec![json!({"tasks": [kilo, mega]})],
        ..Planning::default()
    }
}

/// The task that a question is about, from 1; `None` where it is about no one of them.
fn task_of(asked: &Asked) -> Option<usize> {
    let question = Question::read(asked);
    match question.part {
        Part::Tests | Part::Code => {
            let number = asked.prompt.split("| # Task ").nth(1)?;
            number.split(':').next()?.parse().ok()
        }
        Part::Review => match question.criteria.as_slice() {
            [one] => one.trim_start_matches("AC-").parse().ok(),
            _ => None,
        },
        _ => None,
    }
}

/// What an executor does in a step of a task; the try counts from 0.
type Steps = fn(part: Part, task: usize, tried: usize) -> Step;

fn good(part: Part, task: usize, _: usize) -> Step {
    match (part, task) {
        (Part::Tests, 1) => writes(&[("tests/kilo_test.sh", KILO_TEST)], ""),
        (Part::Tests, _) => writes(&[("tests/mega_test.sh", MEGA_TEST)], ""),
        (_, 1) => writes(&[("src/kilo.sh", KILO)], "SUBJECT: feat(size): read kilobytes"),
        _ => writes(&[("src/mega.sh", MEGA)], "SUBJECT: feat(size): read megabytes"),
    }
}

/// A scene in which `before` is done before each question about a task is answered for the first time.
fn scene_of(
    planning: Planning,
    steps: Steps,
    before: impl Fn(Part, usize) + Send + Sync + 'static,
) -> Scene {
    let (others, tried) = (planner(planning), [const { AtomicUsize::new(0) }; 12]);
    let brain = move |asked: &Asked| {
        let part = Question::read(asked).part;
        let Some(task) = task_of(asked) else { return others(asked) };
        if asked.turns == 0 {
            before(part, task);
        }
        if part == Part::Review {
            return others(asked);
        }
        let place = 2 * (task - 1) + usize::from(part == Part::Code);
        let is_new = usize::from(asked.turns == 0);
        let number = tried[place].fetch_add(is_new, Ordering::SeqCst) + is_new - 1;
        let Step { calls, says } = steps(part, task, number);
        if asked.turns > 0 {
            return Say::text(says);
        }
        Say::Words(Words { calls, text: Some(says.to_owned()), ..Words::default() })
    };
    // The budgets are those that everybody has.
    Scene::new("", brain).logged_in(&KEYS)
}

/// Questions that are answered only once those about the other task were asked.
#[derive(Default)]
struct Rendezvous(Mutex<BTreeSet<String>>);

impl Rendezvous {
    fn meet(&self, part: Part, task: usize) {
        let name = |task: usize| format!("{part:?} {task}");
        self.0.lock().unwrap().insert(name(task));
        let other = name(3 - task);
        // It answers in the end, so that a test that fails does not hang.
        happens(|| self.0.lock().unwrap().contains(&other));
    }
}

fn both_at_once() -> Scene {
    let rendezvous = Rendezvous::default();
    scene_of(two(&[]), good, move |part, task| rendezvous.meet(part, task))
}

fn sizes(scene: &Scene) -> Repo<'_> {
    project(scene, SPEC)
}

/// The journal of the run, an event and its job after the other.
fn journal(repo: &Repo<'_>) -> Vec<String> {
    let id = begun(repo).unwrap();
    let state = repo.read(format!(".git/tribunal/runs/{id}/run.json"));
    let state: Value = serde_json::from_str(&state).unwrap();
    let entries = state["journal"].as_array().unwrap().iter();
    let names = entries.map(|entry| {
        let event = match entry["event"].as_str() {
            Some("started") => "began",
            Some("deferred") => "put off",
            _ => "ended",
        };
        format!("{event} {}", entry["job"].as_str().unwrap())
    });
    names.collect()
}

/// Whether that step of both tasks was made at the same time.
fn is_side_by_side(repo: &Repo<'_>, step: &str) -> bool {
    let journal = journal(repo);
    let place = |event: &str, task: usize| {
        let name = format!("{event} task-{task}-{step}");
        journal.iter().position(|line| *line == name).unwrap()
    };
    place("began", 2) < place("ended", 1) && place("began", 1) < place("ended", 2)
}

#[test]
fn independent_tasks_are_built_side_by_side_and_committed_in_their_order() {
    let scene = both_at_once();
    let repo = sizes(&scene);
    let told = is_pushed_without_another_review(&scene, &repo);
    // Each line tells of which task it is, while there are two.
    for line in ["codex reviews 2 sections, call 1 of 1", "running the gates"] {
        for task in [1, 2] {
            assert!(told.lines().any(|told| told == format!("task {task}: {line}")), "{told}");
        }
    }
    assert!(told.lines().any(|told| told.starts_with("codex reviews")), "all of it: {told}");
    assert_eq!(subjects(&repo)[..2], ["feat(size): read kilobytes", "feat(size): read megabytes"]);
    for step in ["tests-1", "code-1", "review"] {
        assert!(is_side_by_side(&repo, step), "{step}: {:?}", journal(&repo));
    }
    each_commit_passes(&repo);
    let id = begun(&repo).unwrap();
    let log = repo.tribunal(&["logs", &id, "--full"]).ok();
    log.clone().says("task 2: joining the other tasks").says("upon what was committed meanwhile");
    for path in ["tests/kilo_test.sh", "tests/mega_test.sh", "src/kilo.sh", "src/mega.sh"] {
        assert!(log.out().contains(&format!("+++ b/{path}")), "{path} in {log}");
    }
    // Each has its review, and all calls count.
    let json = repo.tribunal(&["runs", "show", &id, "--format", "json"]).ok().json();
    let cost = repo.tribunal(&["cost", "--format", "json"]).ok().json();
    assert_eq!(
        (json["reviews"].as_array().unwrap().len(), &json["tasks_at_work"]),
        (3, &json!([]))
    );
    assert_eq!(json["cost"]["calls"], cost["total"]["calls"], "{cost}");
    let message = |back: usize| {
        let name = format!("tribunal/sizes~{back}");
        repo.git(&["log", "-1", "--format=%B", &name]).ok().out().to_owned()
    };
    let (one, other) = (message(3), message(2));
    assert!(one.contains("Task: 1 of 2\nCriteria: AC-1\n"), "{one}");
    assert!(other.contains("Task: 2 of 2\nCriteria: AC-2\n"), "{other}");
}

/// Six scripts that have nothing to do with each other.
const MANY: [&str; 6] = ["one", "two", "three", "four", "five", "six"];

#[test]
fn workspaces_are_as_few_as_what_is_built_at_once_and_are_used_again() {
    let spec = MANY.iter().enumerate().map(|(at, name)| {
        let number = at + 1;
        format!("- **AC-{number}** WHEN `sh src/{name}.sh` is run THEN it prints `{name}`. verify: test\n")
    });
    let spec = format!(
        "---\nid: sizes\nstatus: ready\nsize: M\n---\n# Say six words\n\n## Goal\n\nWords.\n\n\
         ## Acceptance criteria\n\n{}",
        spec.collect::<String>()
    );
    let tasks: Vec<Value> = MANY
        .iter()
        .enumerate()
        .map(|(at, name)| {
            let file = format!("src/{name}.sh");
            task(&format!("Say {name}"), &[&format!("AC-{}", at + 1)], &[&file])
        })
        .collect();
    let planning = Planning {
        plans: vec![plan("p")],
        tasks: vec![json!({"tasks": tasks})],
        ..Planning::default()
    };
    let says = |part, task: usize, _| {
        let name = MANY[task - 1];
        match part {
            Part::Tests => {
                let test = format!(
                    "[ \"$(sh src/{name}.sh)\" = {name} ] || {{ echo \"assert: no {name}\"; exit 1; }}\n"
                );
                writes(&[(&format!("tests/{name}_test.sh"), &test)], "")
            }
            _ => writes(
                &[(&format!("src/{name}.sh"), &format!("echo {name}\n"))],
                "SUBJECT: feat(words): say one more word",
            ),
        }
    };
    let seen = Arc::new(Mutex::new(BTreeSet::new()));
    let home = Arc::new(OnceLock::<PathBuf>::new());
    let (noted, at) = (seen.clone(), home.clone());
    let scene = scene_of(planning, says, move |_, _| {
        let trees = at.get().unwrap().join(".cache/tribunal/trees");
        let repositories = fs::read_dir(trees).unwrap().map(|entry| entry.unwrap().path());
        let all =
            repositories.filter(|path| path.is_dir()).flat_map(|path| fs::read_dir(path).unwrap());
        let names = all.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        noted.lock().unwrap().extend(names.filter(|name| name.starts_with("run-")));
    });
    home.set(scene.sandbox.home()).unwrap();
    let repo = project(&scene, &spec);
    let told = run(&repo).ok();
    assert_eq!(
        subjects(&repo).iter().filter(|one| one.ends_with("one more word")).count(),
        6,
        "{told}"
    );
    // The run's own, that of the task beside it, and that of the next one while what was built beside is put upon the others.
    let seen = seen.lock().unwrap();
    assert!((2..=3).contains(&seen.len()), "{seen:?}");
}

#[test]
fn what_was_compiled_of_a_tasks_tests_is_not_run_with_those_of_the_one_beside_it() {
    let asked = Mutex::new(BTreeSet::new());
    // The second one's tests come once those of the first one are built and have failed, and its code before that of the first.
    let scene = scene_of(two(&[]), good, move |part, task| {
        let name = |part: Part, task: usize| format!("{part:?} {task}");
        asked.lock().unwrap().insert(name(part, task));
        let before = match (part, task) {
            (Part::Tests, 2) => name(Part::Code, 1),
            (Part::Code, 1) => name(Part::Review, 2),
            _ => return,
        };
        happens(|| asked.lock().unwrap().contains(&before));
    });
    let repo = sizes(&scene);
    // As compilers do, it leaves what is made of a file that is gone.
    let runner = repo.read("run-tests").replace("tests/*_test.sh", "out/*_test.sh");
    let compiled = "#!/bin/sh\nmkdir -p out\ncp tests/*_test.sh out/\n";
    repo.write("run-tests", runner.replacen("#!/bin/sh\n", compiled, 1))
        .write(".gitignore", "out/\n");
    repo.git(&["add", "run-tests", ".gitignore"]).ok();
    repo.git(&["commit", "--quiet", "--no-verify", "-m", "chore: compile"]).ok();
    let told = run(&repo).ok();
    assert_eq!(
        subjects(&repo)[..2],
        ["feat(size): read kilobytes", "feat(size): read megabytes"],
        "{told}"
    );
    let is_again = |line: &String| line.contains(" task-") && line.ends_with("-2");
    assert!(!journal(&repo).iter().any(is_again), "{:?}", journal(&repo));
}

#[test]
fn what_is_under_way_is_told_and_one_signal_stops_all_of_it() {
    let held = Arc::new(Mutex::new(BTreeSet::new()));
    let (asked, is_free) = (held.clone(), Arc::new(AtomicUsize::new(0)));
    let waits = is_free.clone();
    let scene = scene_of(two(&[]), good, move |part, task| {
        if part == Part::Code {
            asked.lock().unwrap().insert(task);
            happens(|| waits.load(Ordering::SeqCst) > 0);
        }
    });
    let repo = sizes(&scene);
    let mut command = repo.command(&["run", "sizes"]);
    let mut running = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    wait_for("code of both tasks", || held.lock().unwrap().len() == 2);
    let id = begun(&repo).unwrap();
    let json = repo.tribunal(&["runs", "show", &id, "--format", "json"]).ok().json();
    let at_work = json["tasks_at_work"].as_array().unwrap();
    let told: Vec<_> = at_work.iter().map(|one| (&one["task"], &one["stage"])).collect();
    let code = json!("writing code");
    assert_eq!(told, [(&json!(1), &code), (&json!(2), &code)], "{json}");
    repo.tribunal(&["runs", "show", &id]).ok().says("task 2: writing code, last activity at");
    kill_process(Pid::from_child(&running), Signal::INT).unwrap();
    assert_eq!(running.wait().unwrap().code(), Some(130));
    assert!(scene.alive().is_empty());
    is_free.store(1, Ordering::SeqCst);
    let before = made(&scene).len();
    repo.tribunal(&["resume", short(&begun(&repo).unwrap())]).ok().says("built `sizes`");
    let again = made(&scene).split_off(before);
    let tests = again.iter().filter(|(_, call)| call.contains("tests")).count();
    assert_eq!(tests, 0, "what was answered is not asked again: {again:?}");
    each_commit_passes(&repo);
}

#[test]
fn what_needs_another_one_or_is_not_to_be_built_beside_it_comes_after_it() {
    for (planning, set) in [
        (two(&[1]), "--set=runs.tasks-at-once=2"),
        (two(&[]), "--set=runs.tasks-at-once=1"),
        (two(&[]), "--set=agents.parallel=1"),
        (two(&[]), "--set=planning.ask-before=[\"dependency\"]"),
    ] {
        let scene = scene_of(planning, good, |_, _| {});
        let repo = sizes(&scene);
        repo.tribunal(&["run", "sizes", set]).ok();
        let journal = journal(&repo);
        let place = |name: &str| journal.iter().position(|line| line == name).unwrap();
        assert!(place("ended task-1-commit") < place("began task-2-tests-1"), "{set} {journal:?}");
        assert!(!journal.contains(&"began task-2-join".to_owned()), "{set} {journal:?}");
    }
}

#[test]
fn what_stops_by_itself_too_ends_the_run_and_what_is_ahead_ends_with_it() {
    let second = |part, task, tried| match (part, task) {
        (Part::Code, 2) => writes(&[], "DISAGREE: the test asks for too much"),
        _ => good(part, task, tried),
    };
    let first = |part, task, tried| match (part, task) {
        (Part::Code, 1) => writes(&[], "DISAGREE: the test asks for too much"),
        _ => good(part, task, tried),
    };
    for (steps, commits) in [(second as Steps, 1), (first as Steps, 0)] {
        let rendezvous = Rendezvous::default();
        let scene = scene_of(two(&[]), steps, move |part, task| {
            if part == Part::Tests {
                rendezvous.meet(part, task);
            }
        });
        let repo = sizes(&scene);
        let outcome = run(&repo).code(3);
        assert!(reasons(&outcome).contains("the test asks for too much"), "{outcome}");
        let json = outcome.json();
        assert_eq!(json["commits"].as_array().unwrap().len(), commits, "{json}");
        assert!(is_side_by_side(&repo, "tests-1"), "{:?}", journal(&repo));
        wait_for("the agents to end", || scene.alive().is_empty());
    }
}

#[test]
fn what_does_not_fit_upon_the_others_is_built_again_by_itself() {
    // Both write one file of tests; then one has a test that fails beside the other.
    let shared = |part, task, tried| match (part, task, tried) {
        (Part::Tests, 1, _) => writes(&[("tests/size_test.sh", KILO_TEST)], ""),
        (Part::Tests, 2, 0) => writes(&[("tests/size_test.sh", MEGA_TEST)], ""),
        _ => good(part, task, tried),
    };
    let alone = |part, task, tried| match (part, task, tried) {
        (Part::Tests, 2, 0) => {
            let alone =
                format!("{MEGA_TEST}[ ! -e src/kilo.sh ] || {{ echo 'assert: two'; exit 1; }}\n");
            writes(&[("tests/mega_test.sh", &alone)], "")
        }
        _ => good(part, task, tried),
    };
    // Or one finds no way without the other, which the plan did not say.
    let needs = |part, task, tried| match (part, task, tried) {
        (Part::Code, 2, 0) => writes(&[], "DISAGREE: there are no kilobytes to count in"),
        _ => good(part, task, tried),
    };
    for (steps, why, reviews) in [
        (shared as Steps, "a task that was committed meanwhile changed `tests/size_test.sh`", 4),
        (alone as Steps, "assert: two", 4),
        (needs as Steps, "it stopped without that: ", 3),
    ] {
        let rendezvous = Rendezvous::default();
        let scene = scene_of(two(&[]), steps, move |part, task| {
            if part == Part::Tests {
                rendezvous.meet(part, task);
            }
        });
        let repo = sizes(&scene);
        let outcome = run(&repo).ok();
        outcome
            .clone()
            .says("task 2 does not fit upon what was committed meanwhile, and is built again: ")
            .says(why);
        assert_eq!(subjects(&repo).len(), 4);
        each_commit_passes(&repo);
        let asked: Vec<String> = made(&scene).into_iter().map(|(_, call)| call).collect();
        assert!(asked.contains(&"task-2-tests-1-again-1".to_owned()), "{asked:?}");
        assert_eq!(outcome.json()["reviews"].as_array().unwrap().len(), reviews);
    }
}

/// A call that nothing is taken of any more is ended, and counts.
#[test]
fn what_is_set_aside_while_it_is_asked_for_is_called_off_and_changes_nothing() {
    let steps = |part, task, tried| match (part, task, tried) {
        (Part::Code, 1, 0) => writes(&[], "EXTEND: src/mega.sh, to count in megabytes"),
        (Part::Tests, 3, _) => {
            let test = "sh src/giga.sh || { echo 'assert: none'; exit 1; }\n";
            writes(&[("tests/giga_test.sh", test)], "")
        }
        (Part::Code, 3, _) => {
            writes(&[("src/giga.sh", "echo giga\n")], "SUBJECT: feat(size): read gigabytes")
        }
        _ => good(part, task, tried),
    };
    let (asked, is_over) = (AtomicUsize::new(0), Arc::new(AtomicUsize::new(0)));
    let over = is_over.clone();
    let mut planning = two(&[]);
    let giga = task("Read gigabytes", &["AC-3"], &["src/giga.sh"]);
    planning.tasks[0]["tasks"].as_array_mut().unwrap().push(giga);
    planning.plans[0]["test_strategy"] =
        json!("AC-1: tests/kilo_test.sh. AC-2: tests/mega_test.sh. AC-3: tests/giga_test.sh.");
    let scene = scene_of(planning, steps, move |part, task| match (part, task) {
        (Part::Tests, 2) if asked.fetch_add(1, Ordering::SeqCst) == 0 => {
            // It is never answered.
            happens(|| over.load(Ordering::SeqCst) > 0);
        }
        (Part::Code, 1) => {
            happens(|| asked.load(Ordering::SeqCst) > 0);
        }
        _ => {}
    });
    let third = "- **AC-3** WHEN `sh src/giga.sh` is run THEN it ends well. verify: test\n";
    let repo = project(&scene, &format!("{SPEC}{third}"));
    let outcome = repo.tribunal_with(&["run", "sizes"], &[("AUTOPILOT", "true")], b"");
    is_over.store(1, Ordering::SeqCst);
    outcome.ok();
    assert!(scene.alive().is_empty());
    let journal = journal(&repo);
    let place = |name: &str| journal.iter().position(|line| line == name).unwrap();
    // The next one takes its place at once.
    assert!(place("began task-3-tests-1") < place("ended task-1-commit"), "{journal:?}");
    let id = begun(&repo).unwrap();
    let json = repo.tribunal(&["runs", "show", &id, "--format", "json"]).ok().json();
    assert_eq!(json["reviews"].as_array().unwrap().len(), 4);
    let log = repo.tribunal(&["logs", &id, "--format", "json"]).ok().json();
    let calls =
        log["jobs"].as_array().unwrap().iter().flat_map(|job| job["calls"].as_array().unwrap());
    let ended = calls.filter(|call| call["name"] == "task-2-tests-1").map(|call| &call["outcome"]);
    assert_eq!(ended.collect::<Vec<_>>(), ["interrupted"], "{log}");
    assert_eq!(json["cost"]["unknown"], 1, "it counts: {}", json["cost"]);
    each_commit_passes(&repo);
}

/// The budget of a call is set aside while it is under way.
#[test]
fn a_budget_that_has_no_room_for_two_calls_has_them_made_one_after_the_other() {
    let scene = scene_of(two(&[]), good, |_, _| {});
    let repo = sizes(&scene);
    let mut words = vec!["run", "sizes", "--set=budget.run=1.0"];
    words.extend(["--set=agents.executor.budget=0.6", "--set=agents.planner.budget=0.1"]);
    words.extend(["--set=agents.reviewer.budget=0.1", "--set=agents.arbiter.budget=0.1"]);
    repo.tribunal(&words).ok().says("built `sizes`");
    let id = begun(&repo).unwrap();
    repo.tribunal(&["logs", &id]).ok().says("put off");
    each_commit_passes(&repo);
}

/// Of so many save points one is tried.
const STEP: u64 = 37;

/// Killed at a save point, it goes on to the same commits, with at most the calls under way made again.
#[test]
fn tasks_side_by_side_survive_a_kill_at_a_save() {
    let whole_project = || scene_of(two(&[]), good, |_, _| {});
    let scene = whole_project();
    let repo = sizes(&scene);
    let whole = Left::of(&scene, &repo, &run(&repo).ok());
    assert_eq!(made(&scene).len(), whole.calls.len());
    killed_beside(&whole, STEP, 2, whole_project, sizes);
}
