//! `tribunal logs`: how a run went, job by job.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::brain::{BUGGY, LEFT_OUT, Mistake, Part, Question, diligent};
use crate::harness::{Repo, short, wait_for};
use crate::model_server::{Asked, Say};
use crate::planned_runs;
use crate::planned_runs::{KILO, Planning, code, good, planned, task, tests, two_tasks};
use crate::scene::{KEYS, Scene};
use crate::spec_runs::{NARROW, builder, good_code, good_tests, project, run, stepping, writes};

fn told(repo: &Repo<'_>, id: &str, words: &[&str]) -> Value {
    repo.tribunal(&[&["logs", short(id), "--format", "json"], words].concat()).ok().json()
}

/// The job of that name, of which there is one.
fn job(log: &Value, name: &str) -> Value {
    let named = log["jobs"].as_array().unwrap().iter().filter(|job| job["name"] == name);
    let named: Vec<&Value> = named.collect();
    assert_eq!(named.len(), 1, "`{name}` in {log:#}");
    named[0].clone()
}

fn first(job: &Value) -> &str {
    job["said"][0].as_str().unwrap()
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn a_planned_run_is_told_job_by_job_with_what_was_refused() {
    let secret = ["ghp", "_", "16C7e42F292c6912E7", "710c838347Ae178B4a"].concat();
    let wide = json!({"tasks": [task("All", &["AC-1", "AC-2"], &["src/**"])]});
    let planning = Planning { tasks: vec![wide, two_tasks()], ..good() };
    // The first try is long, touches a test that was proved, and has a secret in it.
    let text = format!("{}# token = \"{secret}\"\n{KILO}", "# One more line.\n".repeat(60));
    let bad = writes(&[("src/size.sh", &text), ("tests/kilo_test.sh", "true\n")], "");
    let steps = [vec![bad], code()].concat();
    let scene = planned(planning, tests(), steps);
    let repo = planned_runs::project(&scene, planned_runs::SPEC);
    let id = run(&repo).ok().json()["run"].as_str().unwrap().to_owned();
    let log = told(&repo, &id, &[]);
    assert_eq!(
        keys(&log),
        [
            "cost",
            "findings",
            "jobs",
            "kind",
            "other_calls",
            "run",
            "stage",
            "standing",
            "started",
            "title",
            "version"
        ]
    );
    assert_eq!((&log["kind"], &log["standing"]), (&"spec".into(), &"ended".into()));
    assert_eq!(log["other_calls"], json!([]));
    let names: Vec<&str> =
        log["jobs"].as_array().unwrap().iter().map(|job| job["name"].as_str().unwrap()).collect();
    assert_eq!(
        names[..6],
        ["base", "plan-1-1", "plan-review-1-2", "tasks-1-1", "tasks-1-2", "task-1-tests-1"]
    );
    assert_eq!(names.last(), Some(&"publish"));
    let listed = job(&log, "tasks-1-1");
    assert_eq!(
        keys(&listed),
        [
            "calls", "came", "diff", "ended", "finding", "name", "part", "review", "round", "said",
            "seconds", "started", "step", "task", "try"
        ]
    );
    assert!(first(&listed).starts_with("refused: "), "{listed}");
    assert!(listed["said"].to_string().contains("`src/**` is no path of one file"), "{listed}");
    assert_eq!((&listed["part"], &listed["try"]), (&1.into(), &1.into()));
    let call = &listed["calls"][0];
    assert_eq!(
        keys(call),
        [
            "agent",
            "ended",
            "estimated",
            "model",
            "name",
            "outcome",
            "reply",
            "role",
            "seconds",
            "started",
            "tokens",
            "usd",
            "version"
        ]
    );
    assert_eq!((&call["role"], &call["outcome"]), (&"planner".into(), &"answered".into()));
    assert!(fs::exists(call["reply"].as_str().unwrap()).unwrap(), "{call}");
    assert_eq!(
        job(&log, "tasks-1-2")["said"],
        json!(["2 tasks", "Read kilobytes", "Read megabytes"])
    );
    let red = job(&log, "task-1-red-1");
    assert_eq!(first(&red), "1 new test fails for want of the code");
    assert!(red["said"][1].as_str().unwrap().ends_with(": an assertion"), "{red}");
    let written = job(&log, "task-1-tests-1");
    assert_eq!(written["said"], json!(["1 changed file", "tests/kilo_test.sh"]));
    // What was refused is shown as it was left, cut where not all of it is asked for.
    let refused = job(&log, "task-1-code-1");
    assert!(first(&refused).starts_with("refused: "), "{refused}");
    let diff = &refused["diff"];
    assert_eq!(diff["text"].as_str().unwrap().lines().count(), 40);
    assert_eq!(diff["left_out"], diff["lines"].as_u64().unwrap() - 40);
    let full = told(&repo, &id, &["--full"]);
    let diff = job(&full, "task-1-code-1")["diff"].clone();
    let text = diff["text"].as_str().unwrap();
    assert!(text.contains("+++ b/tests/kilo_test.sh") && diff["left_out"] == 0, "{text}");
    assert!(text.contains("[redacted:") && !full.to_string().contains(&secret), "{text}");
    // Each task's review is a run of its own, within this one.
    let review = &job(&log, "task-2-review")["review"];
    assert_eq!((&review["kind"], &review["standing"]), (&"fix".into(), &"ended".into()));
    let checked = job(review, "review-0-0-findings");
    assert_eq!(first(&checked), "everything was read: 0 findings");
    assert!(checked["said"][1].as_str().unwrap().starts_with("AC-2: met"), "{checked}");
    let plan = job(&log, "plan-1-1");
    assert_eq!((first(&plan), &plan["said"][1]), ("a plan", &"## Data model".into()), "{plan}");
    assert_eq!(job(&log, "accept")["review"]["kind"], "review");
    let listed = repo.tribunal(&["runs", "show", short(&id), "--format", "json"]).ok().json();
    assert_eq!(log["cost"]["calls"], listed["cost"]["calls"], "each call is told once");
    shown_to_people(&repo, &id, &secret);
}

fn shown_to_people(repo: &Repo<'_>, id: &str, secret: &str) {
    let short_of = short;
    let short = short(id);
    let few = repo.tribunal(&["logs", short]).ok();
    let few = few.says("part 1: listing tasks, try 2, ").says("task 1: writing code, try 2, ");
    let few = few.says("  checking the answers, ").says(" tokens, $").never_says("+++ b/");
    few.says(&format!("hint: `tribunal logs {short} --full`"));
    let full = repo.tribunal(&["logs", short, "--full"]).ok().never_says(secret);
    let full = full.says("+++ b/src/size.sh").says(": an assertion");
    full.says("reply of `task-1-code-1`: ").never_says("more lines");
    // From another work tree as well, and once the objects are gone.
    repo.git(&["worktree", "add", "--quiet", "../linked"]).ok();
    let linked = repo.path("../linked");
    repo.tribunal(&["--repo", linked.to_str().unwrap(), "logs", short]).ok().says("publishing");
    fs::remove_dir_all(repo.path(format!(".git/tribunal/runs/{id}/repository"))).unwrap();
    let gone = repo.tribunal(&["logs", short, "--full"]).ok();
    gone.says("change: not kept: the run's own repository is gone");
    let log = told(repo, id, &[]);
    let review = log["jobs"].as_array().unwrap().iter().find(|job| job["name"] == "accept");
    let review = review.unwrap()["review"]["run"].as_str().unwrap().to_owned();
    fs::remove_dir_all(repo.path(format!(".git/tribunal/runs/{review}"))).unwrap();
    let gone = repo.tribunal(&["logs", short]).ok();
    gone.says(&format!("review {}: not kept: its run was removed", short_of(&review)));
}

#[test]
fn a_finding_that_was_upheld_and_fixed_is_told_with_its_decision_and_the_fix() {
    let scene = builder(vec![good_tests()], vec![good_code()], &[NARROW]);
    let repo = project(&scene);
    let id = run(&repo).ok().json()["run"].as_str().unwrap().to_owned();
    let log = told(&repo, &id, &[]);
    let review = &job(&log, "task-1-review")["review"];
    let found = &review["findings"][0];
    assert_eq!((&found["title"], &found["round"]), (&NARROW.title.into(), &1.into()));
    assert_eq!(found["arbiter"]["verdict"], "upheld");
    assert_eq!(found["outcome"], "resolved by fix 1");
    let asked = job(review, "arbiter-0-F-1");
    assert_eq!((&asked["finding"], &asked["calls"][0]["role"]), (&"F-1".into(), &"arbiter".into()));
    assert!(first(&asked).starts_with("F-1 upheld: "), "{asked}");
    let fix = job(review, "fix-1-0");
    let diff = fix["diff"]["text"].as_str().unwrap();
    assert!(diff.contains("+echo $((${1%[Kk]}"), "{fix}");
    let checked = job(review, "review-1-0-findings");
    assert!(first(&checked).contains("0 findings, 1 resolved"), "{checked}");
    let code = job(&log, "task-1-code-1");
    assert!(code["diff"]["text"].as_str().unwrap().contains("+++ b/src/size.sh"), "{code}");
    let shown = repo.tribunal(&["logs", short(&id), "--full"]).ok();
    let shown = shown.says("arbiter: upheld: ").says("now: resolved by fix 1");
    shown.says(&format!("F-1 critical in `src/size.sh`: {}", NARROW.title));
    // The review by itself is the same.
    let own = told(&repo, review["run"].as_str().unwrap(), &[]);
    assert_eq!((&own["jobs"], &own["findings"]), (&review["jobs"], &review["findings"]));
}

#[test]
fn what_an_arbiter_dismissed_is_told_with_its_reason() {
    let brain = diligent(&[Mistake { severity: "high", ..LEFT_OUT }]);
    let refuting = move |asked: &Asked| {
        let question = Question::read(asked);
        if question.part != Part::Arbitrate {
            return brain(asked);
        }
        let id = question.findings.first().map(|(id, _)| id.clone());
        Say::json(json!({
            "id": id, "word": "refuted",
            "evidence": [{ "path": "src/sum.rs", "quote": "    all.iter().sum()" }],
            "breaks": "the last item is a sentinel and is never summed", "criterion": null,
            "duplicate_of": null, "extends_scope": false,
            "reason": "the last item is a sentinel", "instruction": "",
        }))
    };
    let scene = Scene::new("", refuting).logged_in(&KEYS);
    let repo = scene.repo();
    let json = repo.tribunal(&["review", "--commit", "HEAD", "--format", "json"]).ok().json();
    let id = json["review"]["run"].as_str().unwrap();
    let log = told(&repo, id, &[]);
    assert_eq!(
        (&log["kind"], &log["findings"][0]["outcome"]),
        (&"review".into(), &"refuted".into())
    );
    let asked = job(&log, "arbiter-0-F-1");
    assert!(first(&asked).starts_with("F-1 refuted: the last item is a sentinel"), "{asked}");
    let change = job(&log, "gates-0")["diff"]["text"].as_str().unwrap().to_owned();
    assert!(BUGGY.lines().any(|line| change.contains(&format!("+{line}"))), "{change}");
    let shown = repo.tribunal(&["logs", short(id), "--full"]).ok();
    shown.says("arbiter: refuted: the last item is a sentinel").says("all.iter().sum()");
    // Git removes what nothing leads to.
    repo.git(&["reset", "--quiet", "--hard", "HEAD~1"]).ok();
    repo.git(&["reflog", "expire", "--expire=now", "--all"]).ok();
    repo.git(&["gc", "--quiet", "--prune=now"]).ok();
    let log = told(&repo, id, &[]);
    assert_eq!(job(&log, "gates-0")["diff"], json!({"not_kept": "git has its objects no more"}));
}

#[test]
fn a_run_under_way_is_told_as_far_as_it_is() {
    let may = Arc::new(AtomicBool::new(false));
    let (brain, waits) =
        (stepping(vec![good_tests()], vec![good_code()], diligent(&[])), Arc::clone(&may));
    let scene = Scene::new("", move |asked: &Asked| {
        while Question::read(asked).part == Part::Code && !waits.load(Ordering::SeqCst) {
            thread::park_timeout(Duration::from_millis(5));
        }
        brain(asked)
    });
    let scene = scene.logged_in(&KEYS);
    let repo = project(&scene);
    thread::scope(|scope| {
        scope.spawn(|| run(&repo).ok());
        let is_code = |asked: &Asked| Question::read(asked).part == Part::Code;
        wait_for("the executor to be asked", || scene.asked().iter().any(is_code));
        let runs = repo.tribunal(&["runs", "--format", "json"]).ok().json();
        let id = runs["runs"][0]["id"].as_str().unwrap();
        let log = told(&repo, id, &[]);
        let shown = repo.tribunal(&["logs", short(id)]).ok();
        may.store(true, Ordering::SeqCst);
        assert_eq!(
            (&log["standing"], &log["stage"]),
            (&"under way".into(), &"writing code".into())
        );
        let code = job(&log, "task-1-code-1");
        assert_eq!((&code["came"], &code["ended"]), (&"under way".into(), &Value::Null));
        assert_eq!(code["calls"][0]["outcome"], "under way", "{code}");
        shown.says("(under way: writing code)").says(" (under way): under way");
    });
}

#[test]
fn a_run_that_was_killed_is_told_as_far_as_it_came() {
    let scene = builder(vec![good_tests()], vec![good_code()], &[]);
    let repo = project(&scene);
    repo.until_save(&["run", "docs/specs/sizes.md"], 20);
    let runs = repo.tribunal(&["runs", "--format", "json"]).ok().json();
    let id = runs["runs"][0]["id"].as_str().unwrap().to_owned();
    let log = told(&repo, &id, &[]);
    assert_eq!(log["standing"], "stopped", "{log}");
    let last = log["jobs"].as_array().unwrap().last().unwrap().clone();
    assert_eq!((&last["came"], &last["ended"]), (&"interrupted".into(), &Value::Null), "{log}");
    repo.tribunal(&["logs", short(&id)]).ok().says(": interrupted").says("stopped: ");
    repo.tribunal(&["resume", short(&id)]).ok();
    let log = told(&repo, &id, &[]);
    assert_eq!(log["standing"], "ended");
    let again = log["jobs"].as_array().unwrap().iter().filter(|job| job["name"] == last["name"]);
    assert_eq!(again.count(), 2, "{log}");
    assert_eq!(log["other_calls"], json!([]));
    repo.tribunal(&["logs", "ABCDEF"]).code(2).says("there is no run `ABCDEF`");
}
