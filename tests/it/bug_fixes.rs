//! A bug that somebody reports: its cause, a test that fails, the smallest repair, its review, what is kept of it;
//! or what a person has to decide.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::brain::{Part, Question, diligent};
use crate::dropped_specs::{kill, looks_often};
use crate::harness::{Outcome, Repo, Sandbox, short, wait_for};
use crate::model_server::{Asked, Say};
use crate::real;
use crate::scene::{Beside, KEYS, Scene, Watcher, secret};
use crate::spec_run_languages::{has_node, with_toolchain};
use crate::spec_runs::{
    Left, POLICY, RUNNER, Step, builder_beside, came, killed_at_saves_of, made, stepping, writes,
};

const REPORT: &str = "`sh src/sum.sh 1 2 3` prints 3, and not 6: the last number is left out.";

const BUGGY: &str = "# Prints the sum of the numbers that it is given.\nsum=0\nwhile [ $# -gt 1 ]; do\n  \
    sum=$((sum + $1))\n  shift\ndone\necho $sum\n";

const OLD_TEST: &str = "[ \"$(sh src/sum.sh)\" = 0 ] || { echo 'assert: nothing is 0'; exit 1; }\n";

const NEW_TEST: &str =
    "got=$(sh src/sum.sh 1 2 3)\n[ \"$got\" = 6 ] || { echo \"assert: got $got\"; exit 1; }\n";

const TEST: &str = "tests/last_number_test.sh";

fn repaired() -> String {
    BUGGY.replace("-gt 1", "-gt 0")
}

/// What the planner says of the report.
fn diagnosis() -> Value {
    json!({
        "verdict": "bug", "title": "count the last number", "cause": "The loop ends while one number is left.",
        "class": "correctness/off-by-one",
        "evidence": [{"path": "src/sum.sh", "line": 4, "quote": "while [ $# -gt 1 ]; do"}],
        "behaviour": {
            "input": "`sh src/sum.sh 1 2 3` is run", "expected": "it prints 6", "got": "it prints 3",
        },
        "files": ["src/sum.sh"], "tests": [TEST],
    })
}

fn with(field: &str, value: Value) -> Value {
    let mut answer = diagnosis();
    answer[field] = value;
    answer
}

fn nothing(verdict: &str) -> Value {
    json!({
        "verdict": verdict, "title": "", "cause": "It is meant so: the last number is the unit.", "class": "",
        "evidence": [{"path": "src/sum.sh", "line": 1, "quote": "# Prints the sum"}],
        "behaviour": {"input": "", "expected": "", "got": ""}, "files": [], "tests": [],
    })
}

/// A planner that gives these answers, the last again and again, beside reviewers that find nothing.
fn planner(answers: Vec<Value>) -> impl Fn(&Asked) -> Say + Send + Sync + 'static {
    let (judges, asked_before) = (diligent(&[]), AtomicUsize::new(0));
    move |asked: &Asked| {
        if Question::read(asked).part != Part::Diagnosis {
            return judges(asked);
        }
        let is_new = usize::from(asked.turns == 0);
        let before = asked_before.fetch_add(is_new, Ordering::Relaxed) + is_new - 1;
        Say::json(answers[before.min(answers.len() - 1)].clone())
    }
}

fn good_tests() -> Vec<Step> {
    vec![writes(&[(TEST, NEW_TEST)], "")]
}

fn good_code() -> Vec<Step> {
    vec![writes(&[("src/sum.sh", &repaired())], "SUBJECT: fix(sum): count the last number")]
}

fn fixer(answers: Vec<Value>, tests: Vec<Step>, code: Vec<Step>) -> Scene {
    builder_beside(tests, code, planner(answers))
}

fn good() -> Scene {
    fixer(vec![diagnosis()], good_tests(), good_code())
}

fn project(scene: &Scene) -> Repo<'_> {
    let repo = scene.sandbox.repo("r");
    repo.write("run-tests", RUNNER).write("tribunal.toml", POLICY);
    repo.write("src/sum.sh", BUGGY).write("tests/sum_test.sh", OLD_TEST);
    repo.commit_unjudged("feat: sum");
    repo.tribunal(&["trust", "commands", "--yes"]).ok();
    repo
}

const WORDS: [&str; 4] = ["fix", REPORT, "--format", "json"];

fn fix(repo: &Repo<'_>) -> Outcome {
    repo.tribunal(&WORDS)
}

fn asked_for(scene: &Scene, part: Part) -> Vec<String> {
    let asked = scene.asked().into_iter().filter(|asked| Question::read(asked).part == part);
    asked.filter(|asked| asked.turns == 0).map(|asked| asked.prompt).collect()
}

fn branch(repo: &Repo<'_>) -> String {
    let all = repo.git(&["branch", "--list", "--format=%(refname:short)", "tribunal/*"]).ok();
    all.out().to_owned()
}

#[test]
fn a_reported_bug_becomes_a_test_a_repair_and_a_lesson() {
    let scene = good();
    let repo = project(&scene);
    let outcome = repo.tribunal(&["fix", REPORT]).ok();
    let branch = branch(&repo);
    assert!(branch.starts_with("tribunal/fix-"), "{branch}");
    for text in [
        &format!("on the branch `{branch}`, 2 files"),
        "bug: count the last number",
        "cause: The loop ends while one number is left.",
        // The planner miscounted the line.
        "src/sum.sh:3: while [ $# -gt 1 ]; do",
        "case: `sh src/sum.sh 1 2 3` is run: it prints 6 (before: it prints 3)",
        "shown by: tests/last_number_test.sh, which failed before",
        "learned: correctness/off-by-one in src/sum.sh, finding ",
        &format!("`git merge {branch}` takes it"),
        "finding the cause",
        &format!("repairing the bug `{}` on main", branch.replace("tribunal/", "")),
    ] {
        assert!(outcome.to_string().contains(text), "`{text}` in {outcome}");
    }
    let message = repo.git(&["log", "-1", "--format=%B", &branch]).ok();
    let id = branch.strip_prefix("tribunal/").unwrap();
    let head = format!(
        "fix(sum): count the last number\n\nReport: {id}\nCriteria: AC-1, C-1\nTribunal-Run: "
    );
    assert!(message.out().starts_with(&head), "{message}");
    let touched = repo.git(&["diff", "--name-only", "main", &branch]).ok();
    assert_eq!(touched.out(), format!("src/sum.sh\n{TEST}"));
    assert_eq!(repo.git(&["status", "--porcelain"]).ok().out(), "");
    assert_eq!(
        repo.git(&["log", "--oneline", &format!("main..{branch}")]).out().lines().count(),
        1
    );

    // Who is asked sees what is known, as data.
    let question = &asked_for(&scene, Part::Diagnosis)[0];
    assert!(question.contains(&format!("| {REPORT}")) && !question.contains("{{"), "{question}");
    for part in [Part::Tests, Part::Code, Part::Review] {
        let asked = &asked_for(&scene, part)[0];
        let cause = asked.contains("| Why it happens: The loop ends");
        assert!(cause && asked.contains("| src/sum.sh:3: while ["), "{asked}");
    }
    let code = &asked_for(&scene, Part::Code)[0];
    assert!(code.contains("| Repair this bug, and nothing else: count the last number"), "{code}");
    assert!(asked_for(&scene, Part::Review)[0].contains("AC-1: WHEN `sh src/sum.sh 1 2 3`"));

    // It is found again by what lists runs and findings, and counts for rules.
    let show = repo.tribunal(&["runs", "--format", "json"]).ok().json();
    let run = show["runs"].as_array().unwrap().iter().find(|run| run["kind"] == "bug").unwrap();
    assert_eq!(
        (&run["title"], &run["standing"]),
        (&json!("count the last number"), &json!("ended"))
    );
    assert_eq!(run["bug"]["diagnosis"]["evidence"][0]["line"], 3);
    let of_run = repo.tribunal(&["runs", "show", short(run["id"].as_str().unwrap())]).ok();
    of_run.says("cause: The loop ends");
    let kept = repo.tribunal(&["findings", "list", "--status", "all", "--format", "json"]).json();
    let kept = kept["findings"].as_array().unwrap();
    assert_eq!(kept.len(), 1, "{kept:?}");
    assert_eq!((&kept[0]["id"], &kept[0]["status"]), (&run["bug"]["finding"], &json!("resolved")));
    assert_eq!(
        (&kept[0]["gate"], &kept[0]["class"]),
        (&json!("person"), &json!("correctness/off-by-one"))
    );
    let learn = ["constitution", "learn", "--dry-run", "--set=learn.after.findings=1"];
    let often = ["--set=learn.after.changes=1", "--format=json"];
    repo.tribunal(&[&learn[..], &often].concat()).says("correctness/off-by-one");

    // The same report again is known.
    let again = repo.tribunal(&["fix", &format!("  {}\n", REPORT.replace(' ', "  "))]).code(2);
    again.says("this report was repaired already").says(&branch).says("`git merge ");
    assert_eq!(asked_for(&scene, Part::Diagnosis).len(), 1);
}

#[test]
fn a_report_comes_from_a_file_or_standard_input_and_an_empty_one_costs_nothing() {
    let scene = good();
    let repo = project(&scene);
    repo.write("report.md", format!("# The sum is wrong\n\n{REPORT}\n"));
    let json = repo.tribunal(&["fix", "--file", "report.md", "--format", "json"]).ok().json();
    assert_eq!(json["verdict"], "pass", "{json}");
    assert!(asked_for(&scene, Part::Diagnosis)[0].contains("| # The sum is wrong"));
    for (words, input, says) in [
        (&["fix"][..], "", "<TEXT|--file <PATH>>"),
        (&["fix", "a", "--file", "report.md"], "", "cannot be used with"),
        (&["fix", " \n"], "", "the report is empty"),
        (&["fix", "--file", "-"], "", "the report is empty"),
        (&["fix", "--file", "none.md"], "", "could not read the report from `none.md`"),
        (&["fix", "--file", "-"], &"x".repeat(70_000), "has more than 65536 bytes"),
        (&["fix", "a", "--base", "next"], "", "`next` is to be the base"),
    ] {
        repo.tribunal_with(words, &[], input.as_bytes()).code(2).says(says);
    }
    let scene = good();
    let repo = project(&scene);
    repo.git(&["branch", "release"]).ok();
    repo.write("src/other.sh", "exit 0\n").commit_unjudged("feat: other");
    let words = ["fix", "--file", "-", "--base", "release", "--format", "json"];
    let json = repo.tribunal_with(&words, &[], REPORT.as_bytes()).ok().json();
    assert_eq!((&json["base"]["name"], &json["verdict"]), (&json!("release"), &json!("pass")));
}

#[test]
fn what_could_not_end_is_refused_before_anything_is_asked() {
    let scene = good();
    let repo = scene.sandbox.repo("r");
    repo.write("run-tests", RUNNER).write("tribunal.toml", POLICY);
    repo.write("src/sum.sh", BUGGY).write("tests/sum_test.sh", OLD_TEST);
    repo.commit_unjudged("feat: sum");
    repo.tribunal(&["fix", REPORT]).code(2).says("you have not agreed to the commands");
    repo.write("tribunal.toml", "[gates]\nscope = \"off\"\n").commit_unjudged("chore: no tests");
    repo.tribunal(&["fix", REPORT]).code(2).says("tells which tests ran");
    assert!(scene.asked().is_empty());
    assert_eq!(branch(&repo), "");
}

/// A planner's answers and an executor's steps, and what the person is told in the end.
struct Escalation {
    answers: Vec<Value>,
    tests: Vec<Step>,
    code: Vec<Step>,
    says: &'static [&'static str],
    hint: &'static str,
}

/// What the planner says of the report.
fn of_planner() -> Vec<Escalation> {
    let case = |answer, says, hint| Escalation {
        answers: vec![answer],
        tests: good_tests(),
        code: good_code(),
        says,
        hint,
    };
    let quote = json!([{"path": "src/sum.sh", "line": 3, "quote": "for n in $@; do"}]);
    let otherwise = "where you see it otherwise";
    vec![
        case(
            with("evidence", quote),
            &[
                "its cause was not told in a way that the code shows",
                "the quote of `src/sum.sh`, line 3",
            ],
            "add to the report what leads to the place",
        ),
        case(
            nothing("no-bug"),
            &[
                "the planner says that the code does what it is meant to do",
                "It is meant so",
                "src/sum.sh:1: # Prints",
            ],
            otherwise,
        ),
        case(
            nothing("not-found"),
            &["the planner found no place in the code that explains the report"],
            otherwise,
        ),
        case(nothing("contradiction"), &["the report contradicts itself"], otherwise),
    ]
}

/// What the executor writes or says.
fn of_executor() -> Vec<Escalation> {
    let case = |tests, code, says, hint| Escalation {
        answers: vec![diagnosis()],
        tests,
        code,
        says,
        hint,
    };
    let passes = "[ \"$(sh src/sum.sh)\" = 0 ] || { echo 'assert: not 0'; exit 1; }\n";
    let sum = repaired();
    let beyond = [("src/sum.sh", &sum[..]), ("src/other.sh", "exit 0\n")];
    let more = "say in the report what the reasons ask for";
    vec![
        case(
            vec![writes(&[(TEST, passes)], "")],
            good_code(),
            &["no test was written that fails for want of the code", "no new test failed"],
            more,
        ),
        case(
            good_tests(),
            vec![writes(&beyond, "")],
            &["it changed `src/other.sh`, which the diagnosis does not name"],
            more,
        ),
        case(
            vec![Step { says: "DISAGREE: the last number is the unit", ..Step::default() }],
            good_code(),
            &["not all of it can be met: the last number is the unit"],
            more,
        ),
    ]
}

#[test]
fn what_a_person_has_to_decide_is_told_with_what_was_found() {
    for Escalation { answers, tests, code, says, hint } in
        of_planner().into_iter().chain(of_executor())
    {
        let scene = fixer(answers, tests, code);
        let repo = project(&scene);
        let outcome = fix(&repo).code(3);
        let (stage, verdict, reasons) = came(&outcome);
        assert_eq!((stage.as_str(), &verdict), ("ended", &json!("escalate")), "{outcome}");
        for text in says {
            assert!(reasons.contains(text), "`{text}` in {reasons}");
        }
        assert_eq!(branch(&repo), "", "{says:?}");
        let id = outcome.json()["run"].as_str().unwrap().to_owned();
        repo.tribunal(&["runs", "show", short(&id)]).ok().says("is not repaired: ").says(hint);
        let kept = repo.tribunal(&["findings", "list", "--status", "all", "--format", "json"]);
        assert_eq!(kept.json()["findings"], json!([]), "only what was repaired teaches something");
    }
}

#[test]
fn a_quote_that_is_not_there_goes_back_once() {
    let wrong =
        with("evidence", json!([{"path": "src/sum.sh", "line": 3, "quote": "for n in $@"}]));
    let scene = fixer(vec![wrong, diagnosis()], good_tests(), good_code());
    let repo = project(&scene);
    assert_eq!(fix(&repo).ok().json()["verdict"], "pass");
    let asked = asked_for(&scene, Part::Diagnosis);
    assert!(!asked[0].contains("was not taken"));
    assert!(
        asked[1].contains("| the quote of `src/sum.sh`, line 3, is not in that file"),
        "{}",
        asked[1]
    );
}

#[test]
fn no_secret_of_a_report_or_of_an_answer_leaves_the_machine_or_is_kept() {
    let answer = with("cause", json!(format!("With {} the loop ends early.", secret())));
    let scene = fixer(vec![answer], good_tests(), good_code());
    let repo = project(&scene);
    let report = format!("{REPORT}\nI ran it with key={}", secret());
    let outcome = repo.tribunal(&["fix", &report]).ok();
    outcome.never_says(&secret());
    for asked in scene.asked() {
        assert!(!asked.prompt.contains(&secret()), "{}", asked.prompt);
    }
    let message = repo.git(&["log", "-1", "--format=%B", &branch(&repo)]).ok();
    message.never_says(&secret());
    for run in fs::read_dir(repo.path(".git/tribunal/runs")).unwrap() {
        let state = fs::read_to_string(run.unwrap().path().join("run.json")).unwrap();
        assert!(!state.contains(&secret()), "{state}");
    }
}

/// Of so many save points one is tried.
const STEP: u64 = 37;

/// Killed at a save point, a repair goes on to the same commit; a call that was answered is not made again, and its
/// cause is on record once.
#[test]
fn a_repair_survives_a_kill_at_a_save() {
    let scene = good();
    let repo = project(&scene);
    let whole = Left::of(&scene, &repo, &fix(&repo).ok());
    assert_eq!(whole.calls, ["diagnosis-1", "review-0-0-0", "task-1-code-1", "task-1-tests-1"]);
    assert_eq!(made(&scene).len(), whole.calls.len());
    killed_at_saves_of(&WORDS, &whole, STEP, good, project);
}

#[test]
fn one_report_has_one_run_which_is_told_continued_and_ended() {
    let scene = good();
    let repo = project(&scene);
    // Until the cause is known, and no further.
    let mut save = 10;
    while !scene.asked().iter().any(|asked| Question::read(asked).part == Part::Diagnosis) {
        repo.until_save(&["fix", "Something else: sum.sh is slow and prints 3."], save).code(-1);
        save += 4;
    }
    let status = repo.tribunal(&["status"]);
    status.says("`fix-").says("stopped while ").says("`tribunal resume ");
    let listed = repo.tribunal(&["runs", "--format", "json"]).ok().json();
    let id = listed["runs"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(listed["runs"].as_array().unwrap().len(), 1, "{listed}");
    repo.tribunal(&["abort", short(&id)]).ok();
    repo.tribunal(&["runs", "show", short(&id)]).ok().says("it was ended with `tribunal abort`");
    assert_eq!(branch(&repo), "");
    // The same words continue what was begun with them.
    let begun = "repairing the bug `fix-";
    repo.until_save(&WORDS, save).code(-1).says(begun);
    fix(&repo).ok().says("continuing the run ").never_says(begun);
}

/// The real programs find, show, repair and judge; what a real service would answer nobody verifies here.
#[test]
fn the_real_programs_repair_a_bug() {
    let test = "bug_fixes::the_real_programs_repair_a_bug";
    let Some(programs) = real::programs(test) else { return };
    if !real::codex_is_held(test) {
        return;
    }
    let brain = stepping(good_tests(), good_code(), planner(vec![diagnosis()]));
    let scene = Scene::real(Sandbox::new(), programs, "[agents]\nretries = 0\n", brain);
    let scene = scene.logged_in(&KEYS);
    let repo = project(&scene);
    let json = fix(&repo).ok().json();
    assert_eq!((&json["verdict"], &json["cost"]["unknown"]), (&json!("pass"), &json!(0)), "{json}");
    assert_eq!(json["bug"]["diagnosis"]["class"], "correctness/off-by-one");
    let branch = branch(&repo);
    repo.git(&["checkout", "--quiet", &branch]).ok();
    repo.tribunal(&["check", "--commands", "--all"]).ok();
    let message = repo.git(&["log", "-1", "--format=%B", &branch]).ok();
    for (trailer, name) in [("Executor", "claude"), ("Reviewer", "codex")] {
        assert!(message.out().contains(&format!("Tribunal-{trailer}: {name} ")), "{message}");
    }
}

/// A bug in a project of one language.
struct BuggyProject {
    command: &'static str,
    files: &'static [(&'static str, &'static str)],
    code: &'static str,
    /// The file with the bug, the line that is wrong, and what it is to be.
    wrong: (&'static str, &'static str, &'static str),
    test: (&'static str, &'static str),
}

const RUST: BuggyProject = BuggyProject {
    command: "run = \"cargo test --offline\"\nformat = \"libtest\"",
    files: &[
        ("Cargo.toml", "[package]\nname = \"sums\"\nversion = \"0.1.0\"\nedition = \"2021\"\n"),
        (".gitignore", "target\nCargo.lock\n"),
        ("tests/empty.rs", "#[test]\nfn nothing_is_0() {\n    assert_eq!(sums::sum(&[]), 0);\n}\n"),
    ],
    code: "//! Sums.\n\n/// The sum of all items.\npub fn sum(items: &[u32]) -> u32 {\n    \
           items.iter().skip(1).sum()\n}\n",
    wrong: ("src/lib.rs", "items.iter().skip(1).sum()", "items.iter().sum()"),
    test: (
        "tests/first_item.rs",
        "#[test]\nfn the_first_item_counts() {\n    assert_eq!(sums::sum(&[1, 2]), 3);\n}\n",
    ),
};

const JAVASCRIPT: BuggyProject = BuggyProject {
    command: "run = 'node --test --test-reporter=junit --test-reporter-destination=\"$TRIBUNAL_REPORT\" test/'\n\
         format = \"junit\"",
    files: &[
        ("package.json", "{ \"name\": \"sums\", \"type\": \"module\", \"private\": true }\n"),
        (
            "test/empty.test.js",
            "import test from 'node:test';\nimport assert from 'node:assert';\nimport { sum } from '../src/sum.js';\n\
             test('nothing is 0', () => assert.equal(sum([]), 0));\n",
        ),
    ],
    code: "/** The sum of all items. */\nexport const sum = (items) => items.slice(1).reduce((a, b) => a + b, 0);\n",
    wrong: ("src/sum.js", "items.slice(1).reduce(", "items.reduce("),
    test: (
        "test/first_item.test.js",
        "import test from 'node:test';\nimport assert from 'node:assert';\nimport { sum } from '../src/sum.js';\n\
         test('the first item counts', () => assert.equal(sum([1, 2]), 3));\n",
    ),
};

impl BuggyProject {
    /// The bug is repaired by that line and shown by that test, and all tests pass then.
    fn is_repaired(&self) {
        let (path, wrong, right) = self.wrong;
        let answer = json!({
            "verdict": "bug", "title": "count the first item", "cause": "The first item is left out.",
            "class": "correctness/off-by-one", "evidence": [{"path": path, "line": 1, "quote": wrong}],
            "behaviour": {"input": "`sum` is given 1 and 2", "expected": "it gives 3", "got": "it gives 2"},
            "files": [path], "tests": [self.test.0],
        });
        let code = self.code.replace(wrong, right);
        let scene = with_toolchain(fixer(
            vec![answer],
            vec![writes(&[self.test], "")],
            vec![writes(&[(path, &code)], "It was one word.")],
        ));
        let repo = scene.sandbox.repo("r");
        for (path, text) in self.files.iter().chain([&(path, self.code)]) {
            repo.write(path, text);
        }
        let policy =
            format!("[gates]\nscope = \"off\"\n[[commands]]\nname = \"tests\"\n{}\n", self.command);
        repo.write("tribunal.toml", policy).commit_unjudged("feat: sum");
        repo.tribunal(&["trust", "commands", "--yes"]).ok();
        let json = repo.tribunal(&["fix", "sum of 1 and 2 is 2", "--format", "json"]).ok().json();
        assert_eq!(json["verdict"], "pass", "{json}");
        let branch = branch(&repo);
        let touched = repo.git(&["diff", "--name-only", "main", &branch]).ok();
        assert_eq!(touched.out(), format!("{path}\n{}", self.test.0));
        let subject = repo.git(&["log", "-1", "--format=%s", &branch]).ok();
        assert_eq!(subject.out(), "fix: count the first item");
        repo.git(&["checkout", "--quiet", &branch]).ok();
        repo.tribunal(&["check", "--commands", "--all"]).ok();
    }
}

#[test]
fn a_bug_is_repaired_in_a_rust_project() {
    RUST.is_repaired();
}

#[test]
fn a_bug_is_repaired_in_a_javascript_project() {
    if has_node("a_bug_is_repaired_in_a_javascript_project") {
        JAVASCRIPT.is_repaired();
    }
}

#[test]
fn what_was_repaired_needs_no_other_review_at_the_push() {
    let scene = good();
    let repo = project(&scene);
    let policy = format!("{POLICY}[review]\npre-push = \"block\"\n");
    repo.write("tribunal.toml", policy).commit_unjudged("chore: policy");
    repo.push_to(&scene.sandbox.bare("origin.git"));
    repo.tribunal(&["hooks", "install"]).ok();
    repo.tribunal(&["trust", "reviews", "--yes"]).ok();
    fix(&repo).ok();
    let asked = scene.asked().len();
    repo.git(&["push", "origin", &branch(&repo)]).ok();
    assert_eq!(scene.asked().len(), asked);
}

#[test]
fn a_report_that_is_worked_on_is_not_worked_on_twice_and_goes_on_after_a_kill() {
    let may = Arc::new(AtomicBool::new(false));
    let (then, answers) = (Arc::clone(&may), planner(vec![diagnosis()]));
    let scene = builder_beside(good_tests(), good_code(), move |asked: &Asked| {
        let waits = Question::read(asked).part == Part::Diagnosis && !then.load(Ordering::SeqCst);
        if waits { Say::Hang } else { answers(asked) }
    });
    let repo = project(&scene);
    looks_often(&scene, &repo);
    let own = Beside::start(&repo, &WORDS, "own");
    wait_for("the planner to be asked", || !scene.asked().is_empty());
    fix(&repo).code(2).says("works on the bug `fix-").says("(process ");
    repo.tribunal(&["status"]).ok().says("finding the cause for").says("waits for the planner");
    repo.tribunal(&["runs"]).ok().says("finding the cause");
    kill(own.child.id().try_into().unwrap(), "KILL");
    drop(own.end());
    may.store(true, Ordering::SeqCst);
    // The watcher goes on with it once the person agreed to that.
    repo.tribunal(&["trust", "runs", "--yes"]).ok();
    let _watcher = Watcher::without_reviews(&repo);
    wait_for("the repair", || !branch(&repo).is_empty());
    let run = || {
        let listed = repo.tribunal(&["runs", "--format", "json"]).ok().json();
        let all = listed["runs"].as_array().unwrap().clone();
        all.into_iter().find(|run| run["kind"] == "bug").unwrap()
    };
    wait_for("its end", || run()["standing"] == "ended");
    assert_eq!((&run()["verdict"], &run()["bug"]["finding"].is_string()), (&json!("pass"), &true));
}
