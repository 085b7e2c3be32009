//! Where a run asks its person: after every so many tasks as well, answered by commands or in the file of the page.

use std::fs;
use std::io::Write as _;

use serde_json::Value;

use crate::brain::Part;
use crate::harness::{Outcome, Repo, Sandbox, cases, happens, short, wait_for};
use crate::output::terminal::on_terminal_typing;
use crate::planned_runs::{
    Planning, SPEC, asked_for, code, good, plan, planned, planner, project, reasons, subjects,
    tests,
};
use crate::real;
use crate::scene::{KEYS, Scene, Watcher};
use crate::spec_runs::stepping;

const EVERY: &str = "--set=runs.ask-every=1";
const MANUAL: [&str; 6] = ["run", "docs/specs/sizes.md", "--mode", "manual", "--format", "json"];

fn scene() -> Scene {
    planned(good(), tests(), code())
}

/// What the run waits for; the short form of its id, and the file of the page.
#[track_caller]
fn waits(outcome: Outcome, about: &str) -> (String, String) {
    let json = outcome.code(3).json();
    assert_eq!(json["waits_for"]["about"], about, "{json}");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (short(&text(&json["run"])).to_owned(), text(&json["waits_for"]["file"]))
}

fn answers(repo: &Repo<'_>, words: &[&str]) -> Outcome {
    repo.tribunal(&[words, &["--format", "json"]].concat())
}

/// Types an answer into the file of a page.
fn types(file: &str, answer: &str) {
    let page = fs::read_to_string(file).unwrap();
    assert!(page.starts_with("answer:\n"), "{page}");
    fs::write(file, page.replacen("answer:", &format!("answer: {answer}"), 1)).unwrap();
}

#[test]
fn after_so_many_tasks_the_person_looks_and_what_is_rejected_is_kept() {
    let scene = scene();
    let repo = project(&scene, SPEC);
    // In auto mode as well.
    let words = ["run", "docs/specs/sizes.md", EVERY, "--format", "json"];
    let (id, file) = waits(repo.tribunal(&words), "what was built so far");
    let page = fs::read_to_string(&file).unwrap();
    for text in [
        "# Built so far: Read sizes with a unit",
        "1. Read kilobytes: ",
        "feat(size): read kilobytes",
        "2. to come: Read megabytes (`src/size.sh`)",
        "- AC-1: met, says the review of its task",
        "- AC-2: to come",
        "- so far: 6 calls, ",
        "- still to come: about 4 to 10 calls, $",
    ] {
        assert!(page.contains(text), "`{text}` in {page}");
    }
    repo.tribunal(&["runs", "show", &id]).ok().says("AC-2: to come").says(&file);
    let json = answers(&repo, &["approve", &id]).ok().json();
    assert_eq!(json["verdict"], "pass", "after the last task nobody is asked");
    assert_eq!(subjects(&repo).len(), 4);

    let scene = self::scene();
    let repo = project(&scene, SPEC);
    let (id, _) = waits(repo.tribunal(&words), "what was built so far");
    let outcome = answers(&repo, &["reject", &id, "--note", "another way"]).code(1);
    assert!(reasons(&outcome).contains("you rejected it: another way"));
    assert_eq!(repo.git(&["branch", "--list", "tribunal/*"]).out(), "");
    // What was built is there to be taken, by the command as it is printed.
    let shown = repo.tribunal(&["runs", "show", &id]).ok();
    let hint = shown.stderr.lines().find(|line| line.contains("what was built is kept")).unwrap();
    let command = hint.split('`').nth(1).unwrap();
    assert_eq!(outcome.json()["apply"], command);
    let mut shell = repo.sandbox.command("sh", repo.sandbox.path());
    shell.args(["-c", command]);
    crate::harness::run(shell, b"").ok();
    assert_eq!(subjects(&repo), ["feat(size): read kilobytes"]);
}

#[test]
fn the_page_of_the_plan_tells_what_the_run_costs() {
    let scene = scene();
    let repo = project(&scene, SPEC);
    let (_, file) = waits(repo.tribunal(&MANUAL), "the plan");
    let page = fs::read_to_string(&file).unwrap();
    assert!(page.contains("- so far: 2 calls, "), "{page}");
    // One to two calls for the tasks, one or two tasks, and the review of all of it.
    assert!(page.contains("- still to come: about 5 to 20 calls, $"), "{page}");
    assert!(page.contains("never more than `budget.run` allows"), "{page}");
}

#[test]
fn a_person_answers_in_the_file_of_the_page() {
    let planning = Planning { plans: vec![plan("first"), plan("second")], ..good() };
    let scene = planned(planning, tests(), code());
    let repo = project(&scene, SPEC);
    let (id, file) = waits(repo.tribunal(&MANUAL), "the plan");
    assert!(file.contains("/.git/tribunal/runs/"), "{file}");
    // Nothing is answered yet.
    waits(answers(&repo, &["resume", &id]), "the plan");
    let asked = scene.asked().len();
    let whole = fs::read_to_string(&file).unwrap();
    for (text, says) in [
        (whole.replacen("answer:", "answer: fine", 1), "the answer `fine` is neither `approve`"),
        (
            whole.replacen("answer:", "answer: approve", 1).replace("## Risks", "## Risk"),
            "more than the line of the answer was changed",
        ),
        ("approve".to_owned(), "more than the line of the answer was changed"),
    ] {
        fs::write(&file, text).unwrap();
        answers(&repo, &["resume", &id]).code(2).says(says).says("tribunal approve");
    }
    fs::remove_file(&file).unwrap();
    waits(answers(&repo, &["resume", &id]), "the plan");
    assert_eq!(fs::read_to_string(&file).unwrap(), whole, "it is written again");
    // What says nothing would have the same plan made again.
    types(&file, "reject");
    answers(&repo, &["resume", &id]).code(2).says("say what should be otherwise");
    fs::write(&file, &whole).unwrap();
    types(&file, "reject: no store");
    let other = "has another answer: `reject: no store`";
    answers(&repo, &["approve", &id]).code(2).says(other).says("take it out of the file");
    answers(&repo, &["reject", &id, "--note", "no list"]).code(2).says(other);
    fs::write(&file, &whole).unwrap();
    assert_eq!(scene.asked().len(), asked, "nothing was paid");

    types(&file, "reject: no cache please");
    waits(answers(&repo, &["resume", &id]), "the plan");
    let plans = asked_for(&scene, Part::Plan);
    assert!(plans[1].contains("| failure: no cache please"), "{}", plans[1]);
    // As another editor saves it.
    types(&file, "approve");
    let page = fs::read_to_string(&file).unwrap().replace('\n', "\r\n");
    fs::write(&file, format!("\u{feff}{page}")).unwrap();
    waits(answers(&repo, &["resume", &id]), "the tasks");
    assert!(fs::read_to_string(&file).unwrap().contains("about the tasks."), "it is another page");
    types(&file, "approve");
    waits(answers(&repo, &["resume", &id]), "the result");
    types(&file, "approve");
    answers(&repo, &["resume", &id]).ok();
    assert_eq!(subjects(&repo).len(), 4);
    assert!(!fs::exists(&file).unwrap());
}

#[test]
fn an_answer_to_what_changed_since_is_refused() {
    let scene = scene();
    let repo = project(&scene, SPEC);
    let (id, file) = waits(repo.tribunal(&MANUAL), "the plan");
    repo.git(&["commit", "--quiet", "--no-verify", "--allow-empty", "-m", "feat: more"]).ok();
    let moved = "`main` moved since the page was written: it has 1 commit beyond";
    answers(&repo, &["approve", &id]).code(2).says(moved).says("answer again");
    let shown = repo.tribunal(&["runs", "show", &id]).ok();
    assert_eq!(shown.stdout.matches("`main` has 1 commit beyond").count(), 1, "{shown}");
    let answered = format!("`tribunal runs show {id}` shows what that run asks");
    repo.tribunal(&["runs"]).ok().says(&answered).never_says("tribunal resume");
    assert!(fs::read_to_string(&file).unwrap().contains("`main` has 1 commit beyond"));
    // By the file as well; an answer to the page as it was is gone with it.
    repo.git(&["commit", "--quiet", "--no-verify", "--allow-empty", "-m", "feat: more"]).ok();
    types(&file, "approve");
    answers(&repo, &["resume", &id]).code(2).says("it has 2 commits beyond");
    waits(answers(&repo, &["resume", &id]), "the plan");
    types(&file, "approve");
    // The policy that it was planned under holds.
    let executor = ["resume", &id, "--set", "gates.scope=block"];
    answers(&repo, &executor).code(2).says("the policy of the base or the executor changed");
    waits(answers(&repo, &["resume", &id]), "the tasks");
}

#[test]
fn with_autopilot_the_rest_goes_on_without_asking() {
    let autopilot = [("AUTOPILOT", "true")];
    // From the beginning, at a page, and with an answer to one.
    for at in ["run", "resume", "approve"] {
        let scene = scene();
        let repo = project(&scene, SPEC);
        let json = if at == "run" {
            repo.tribunal_with(&MANUAL, &autopilot, b"").ok().json()
        } else {
            let (id, _) = waits(repo.tribunal(&MANUAL), "the plan");
            repo.tribunal_with(&[at, &id, "--format", "json"], &autopilot, b"").ok().json()
        };
        assert_eq!((&json["verdict"], &json["autopilot"]), (&"pass".into(), &true.into()), "{at}");
        let id = short(json["run"].as_str().unwrap()).to_owned();
        repo.tribunal(&["runs", "show", &id]).ok().says("nobody is asked any more (`AUTOPILOT`)");
        assert_eq!(subjects(&repo).len(), 4, "{at}");
    }
    let planning = Planning { plans: vec![plan("first"), plan("second")], ..good() };
    let scene = planned(planning, tests(), code());
    let repo = project(&scene, SPEC);
    let outcome = repo.tribunal_with(&MANUAL, &[("AUTOPILOT", "1")], b"");
    let (id, _) = waits(outcome, "the plan");
    // What comes in the place of what is rejected is looked at.
    let words = ["reject", &id, "--note", "no store", "--format", "json"];
    waits(repo.tribunal_with(&words, &autopilot, b""), "the plan");
}

#[test]
fn a_person_at_a_terminal_answers_there() {
    let planning = Planning { plans: vec![plan("first"), plan("second")], ..good() };
    let scene = planned(planning, tests(), code());
    let repo = project(&scene, SPEC);
    let words = ["run", "sizes", "--mode", "manual"];
    // The plan is rejected (with a reason at the second try) and approved, the tasks are approved, the result waits.
    let typed = "r\n\nr\nno cache please\na\nA\n\n";
    let printed = on_terminal_typing(repo.command(&words), typed);
    let printed = String::from_utf8_lossy(&printed);
    assert_eq!(printed.matches("answer later?").count(), 5, "{printed}");
    assert!(asked_for(&scene, Part::Plan)[1].contains("| failure: no cache please"));
    let runs = repo.tribunal(&["runs", "--format", "json"]).ok().json();
    let run = runs["runs"].as_array().unwrap().iter().find(|run| run["kind"] == "spec").unwrap();
    assert_eq!(run["waits_for"]["about"], "the result", "{run}");
}

/// The real programs plan, review, write; what a real service would answer nobody verifies here.
#[test]
fn the_real_programs_build_what_a_person_approves() {
    let test = "checkpoints::the_real_programs_build_what_a_person_approves";
    let Some(programs) = real::programs(test) else { return };
    if !real::codex_is_held(test) {
        return;
    }
    let brain = stepping(tests(), code(), planner(good()));
    let scene = Scene::real(Sandbox::new(), programs, "[agents]\nretries = 0\n", brain);
    let scene = scene.logged_in(&KEYS);
    let repo = project(&scene, SPEC);
    let (id, file) = waits(repo.tribunal(&MANUAL), "the plan");
    types(&file, "approve");
    waits(answers(&repo, &["resume", &id]), "the tasks");
    waits(answers(&repo, &["approve", &id]), "the result");
    answers(&repo, &["approve", &id]).ok();
    assert_eq!(subjects(&repo).len(), 4);
}

/// Killed while it takes an answer, a run asks again or goes on; it never takes an answer for one to another page.
#[test]
fn a_kill_while_an_answer_is_taken_loses_and_doubles_nothing() {
    for save in cases(vec![1, 2, 3], (1..20).collect()) {
        let scene = scene();
        let repo = project(&scene, SPEC);
        let (id, file) = waits(repo.tribunal(&MANUAL), "the plan");
        types(&file, "approve");
        let killed = repo.until_save(&["resume", &id, "--format", "json"], save);
        wait_for("the agents to end", || scene.alive().is_empty());
        let mut about = Vec::new();
        let mut now = if killed.code == -1 { answers(&repo, &["resume", &id]) } else { killed };
        while now.code == 3 {
            about.push(now.json()["waits_for"]["about"].as_str().unwrap().to_owned());
            types(&file, "approve");
            now = answers(&repo, &["resume", &id]);
        }
        now.ok();
        let whole = ["the plan", "the tasks", "the result"];
        assert!(
            whole.ends_with(&about.iter().map(String::as_str).collect::<Vec<_>>()),
            "{about:?}"
        );
        assert_eq!(subjects(&repo).len(), 4, "save {save}");
        let planned = asked_for(&scene, Part::TaskList).len();
        assert!((1..=2).contains(&planned), "save {save}: {planned}");
    }
}

/// The watcher goes on with what it began, once its page is answered.
#[test]
fn the_watcher_reads_the_answer_in_the_file() {
    let scene = scene();
    let repo = project(&scene, SPEC);
    fs::remove_file(repo.path("docs/specs/sizes.md")).unwrap();
    repo.git(&["config", "user.name", "A Person"]).ok();
    repo.git(&["config", "user.email", "person@example.invalid"]).ok();
    let path = scene.sandbox.settings_file();
    let mut settings = fs::OpenOptions::new().append(true).open(path).unwrap();
    write!(settings, "[watch]\nsettle = \"50ms\"\nrescan = \"100ms\"\n[runs]\nask-every = 1\n")
        .unwrap();
    repo.tribunal(&["trust", "runs", "--yes"]).ok();
    let _watcher = Watcher::without_reviews(&repo);
    repo.write("docs/specs/sizes.md", SPEC);
    let file_of = || {
        let listed = repo.tribunal(&["runs", "--format", "json"]).ok().json();
        let of_spec =
            listed["runs"].as_array().unwrap().iter().find(|run| run["kind"] == "spec").cloned();
        of_spec.filter(|run| run["standing"] == "waiting")?["waits_for"]["file"]
            .as_str()
            .map(str::to_owned)
    };
    let came = (0..6).any(|_| happens(|| file_of().is_some()));
    assert!(came, "{}", repo.tribunal(&["status"]));
    let file = file_of().unwrap();
    // A slip is told, and mended by saving again.
    types(&file, "aprove");
    wait_for("the slip to be told", || {
        let log = fs::read_to_string(repo.path(".git/tribunal/dropped/mark-sizes.json"));
        log.unwrap_or_default().contains("is neither `approve`")
    });
    let page = fs::read_to_string(&file).unwrap();
    fs::write(&file, page.replacen("aprove", "approve", 1)).unwrap();
    let came = (0..6).any(|_| happens(|| !repo.rev("tribunal/sizes").is_empty()));
    assert!(came, "{}", repo.tribunal(&["status"]));
    assert_eq!(subjects(&repo).len(), 4);
}
