//! `tribunal develop`: the tasks of a run are built, and nothing after them until its person goes on.

use crate::harness::{run as run_command, short};
use crate::planned_runs::{SPEC, code, good, planned, project, subjects, tests};

#[test]
fn what_was_planned_is_built_and_waits_until_it_is_accepted() {
    let scene = planned(good(), tests(), code());
    let repo = project(&scene, SPEC);
    let plan = repo.tribunal(&["plan", "sizes", "--format", "json"]).ok().json();
    assert_eq!(plan["stage"], "planned");
    let id = plan["run"].as_str().unwrap().to_owned();
    let run = short(&id).to_owned();
    let planned_by = scene.asked().len();
    let built = repo.tribunal(&["develop", &run]).ok();
    let built = built.says("built `sizes`: 2 tasks, 3 files").says("is not reviewed yet");
    let built = built.says(&format!("`tribunal resume {run}` accepts and publishes it"));
    assert!(scene.asked().len() > planned_by);
    // Nothing of it is the person's yet, and what is there can be taken.
    assert_eq!(repo.rev("tribunal/sizes"), "");
    let take = built.stderr.lines().find_map(|line| line.strip_prefix("hint: `git -C "));
    let take = take.unwrap_or_else(|| panic!("{built}")).split('`').next().unwrap();
    let mut shell = scene.sandbox.command("sh", &repo.dir);
    shell.args(["-c", &format!("git -C {take}")]);
    run_command(shell, b"").ok();
    assert_eq!(repo.git(&["rev-list", "--count", "main..tribunal/sizes-built"]).ok().out(), "2");
    // It is there: asking again builds nothing.
    let calls = scene.asked().len();
    for words in [vec!["develop", &run], vec!["develop", "sizes"]] {
        repo.tribunal(&words).ok().says("built `sizes`: 2 tasks");
    }
    assert_eq!(scene.asked().len(), calls);
    repo.tribunal(&["runs"]).ok().says("built");
    let json = repo.tribunal(&["runs", "show", &run, "--format", "json"]).json();
    assert_eq!((&json["stage"], json["commits"].as_array().unwrap().len()), (&"built".into(), 2));
    assert!(json["apply"].as_str().unwrap().contains("tribunal/sizes-built"), "{json}");
    repo.tribunal(&["plan", "sizes"]).code(2).says("it is more than planned");
    // What comes after is what a run does.
    repo.tribunal(&["resume", &run]).ok().says("built `sizes`: 2 commits up to");
    assert_eq!(subjects(&repo).len(), 4);
    repo.tribunal(&["develop", &run]).code(2).says("it has ended");
    repo.tribunal(&["push", "--run", &run]).code(2).says("has no remote");
    repo.push_to(&scene.sandbox.bare("origin.git"));
    let pushed = repo.tribunal(&["push", "--run", &run, "--set", "gates.scope=off"]);
    pushed.ok().says("pushed tribunal/sizes, up to");
}

#[test]
fn a_spec_of_one_task_is_built_and_its_person_is_asked_before_it_is_published() {
    let spec = SPEC.split("- **AC-2**").next().unwrap().replace("size: M", "size: S");
    let manual = ["--mode", "manual"];
    for (first, then) in [
        ([&["develop", "sizes"][..], &manual].concat(), vec![]),
        // Also who says so only once it is built.
        (vec!["develop", "sizes"], vec![[&["run", "sizes"][..], &manual].concat()]),
        (vec!["develop", "sizes"], vec![[&["develop", "sizes"][..], &manual].concat()]),
    ] {
        let scene = planned(good(), vec![tests().remove(0)], vec![code().remove(0)]);
        let repo = project(&scene, &spec);
        let built = repo.tribunal(&[&first[..], &["--format", "json"]].concat()).ok();
        assert_eq!(built.json()["stage"], "built", "{built}");
        let id = built.json()["run"].as_str().unwrap().to_owned();
        for words in then {
            repo.tribunal(&words);
        }
        let waits = repo.tribunal(&["resume", short(&id)]).code(3);
        waits.says("waits for your answer about the result");
        assert_eq!(repo.rev("tribunal/sizes"), "");
        repo.tribunal(&["approve", short(&id)]).ok();
        assert_ne!(repo.rev("tribunal/sizes"), "");
    }
}
