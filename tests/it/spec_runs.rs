//! The run of a spec: from its file to a reviewed commit on a branch of its own, or to what a person has to
//! decide.

use std::borrow::Cow;
use std::fs;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::brain::{LEFT_OUT, Mistake, Part, Question, diligent};
use crate::harness::{self, Outcome, Repo, short, wait_for};
use crate::model_server::{Asked, Call, Say, Words};
use crate::resume::drawn;
use crate::scene::{Beside, KEYS, Scene};

/// Runs each test of the project, and reports them.
pub const RUNNER: &str = r#"#!/bin/sh
bad=0
{
  echo '<testsuites><testsuite name="sh">'
  for test in tests/*_test.sh; do
    if said=$(sh "$test" 2>&1); then
      echo "<testcase name=\"$test\"/>"
    else
      bad=1
      echo "<testcase name=\"$test\"><failure message=\"$said\">$said</failure></testcase>"
      echo "$test: $said" >&2
    fi
  done
  echo '</testsuite></testsuites>'
} >"$TRIBUNAL_REPORT"
exit $bad
"#;

pub const POLICY: &str = "[gates]\nscope = \"off\"\n[[commands]]\nname = \"tests\"\nrun = \"sh run-tests\"\n\
    format = \"junit\"\non = [\"pre-push\"]\n";

pub const SPEC: &str = "---\nid: sizes\nstatus: ready\nsize: S\n---\n# Read sizes with a unit\n\n## Goal\n\n\
    People write sizes as `2K`.\n\n## Acceptance criteria\n\n\
    - **AC-1** WHEN `sh src/size.sh 2K` is run THEN it prints `2048`. verify: test\n";

pub const OLD_TEST: &str =
    "[ \"$(sh src/hello.sh)\" = hello ] || { echo 'assert: no hello'; exit 1; }\n";

pub const NEW_TEST: &str =
    "got=$(sh src/size.sh 2K)\n[ \"$got\" = 2048 ] || { echo \"assert: got $got\"; exit 1; }\n";

pub const CODE: &str = "# Prints a size in bytes.\necho $((${1%K} * 1024))\n";

/// What an executor does in a step: files that it writes, and what it says.
#[derive(Clone, Default)]
pub struct Step {
    pub calls: Vec<Call>,
    pub says: &'static str,
}

pub fn writes(files: &[(&str, &str)], says: &'static str) -> Step {
    let write = |(path, content): &(&str, &str)| Call::Write {
        path: (*path).to_owned(),
        content: (*content).to_owned(),
    };
    Step { calls: files.iter().map(write).collect(), says }
}

pub fn good_tests() -> Step {
    writes(&[("tests/size_test.sh", NEW_TEST)], "")
}

pub fn good_code() -> Step {
    writes(&[("src/size.sh", CODE)], "Done.\nSUBJECT: feat(size): read sizes with a unit")
}

/// An executor that does these steps, one try after the other (the last again and again), and reviewers that see
/// these mistakes.
pub fn builder(tests: Vec<Step>, code: Vec<Step>, mistakes: &'static [Mistake]) -> Scene {
    builder_beside(tests, code, diligent(mistakes))
}

/// The same beside others, who are asked everything else.
pub fn builder_beside(
    tests: Vec<Step>,
    code: Vec<Step>,
    others: impl Fn(&Asked) -> Say + Send + Sync + 'static,
) -> Scene {
    Scene::new("", stepping(tests, code, others)).logged_in(&KEYS)
}

/// The brain of such an executor.
pub fn stepping(
    tests: Vec<Step>,
    code: Vec<Step>,
    others: impl Fn(&Asked) -> Say + Send + Sync + 'static,
) -> impl Fn(&Asked) -> Say + Send + Sync + 'static {
    let tried = [AtomicUsize::new(0), AtomicUsize::new(0)];
    move |asked: &Asked| {
        let question = Question::read(asked);
        let (steps, tried) = match question.part {
            Part::Tests => (&tests, &tried[0]),
            Part::Code => (&code, &tried[1]),
            _ => return others(asked),
        };
        let is_new = usize::from(asked.turns == 0);
        let before = tried.fetch_add(is_new, Ordering::Relaxed) + is_new - 1;
        taken(&steps[before.min(steps.len() - 1)], asked)
    }
}

/// What an executor says that takes a step.
pub fn taken(step: &Step, asked: &Asked) -> Say {
    let Step { calls, says } = step.clone();
    if asked.turns > 0 {
        return Say::text(says);
    }
    Say::Words(Words { calls, text: Some(says.to_owned()), ..Words::default() })
}

/// A project with a passing suite, whose person agreed to its command, and with a spec that nobody committed.
pub fn project(scene: &Scene) -> Repo<'_> {
    let repo = scene.sandbox.repo("r");
    repo.write("run-tests", RUNNER).write("tribunal.toml", POLICY);
    repo.write("src/hello.sh", "echo hello\n").write("tests/hello_test.sh", OLD_TEST);
    repo.commit_unjudged("feat: hello");
    repo.tribunal(&["trust", "commands", "--yes"]).ok();
    repo.write("docs/specs/sizes.md", SPEC);
    repo
}

/// The words of a run of its spec.
const RUN: [&str; 4] = ["run", "docs/specs/sizes.md", "--format", "json"];

pub fn run(repo: &Repo<'_>) -> Outcome {
    repo.tribunal(&RUN)
}

/// The stage, the verdict and the reasons of a run.
pub fn came(outcome: &Outcome) -> (String, Value, String) {
    let json = outcome.json();
    let reasons: Vec<&str> =
        json["reasons"].as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect();
    (json["stage"].as_str().unwrap().to_owned(), json["verdict"].clone(), reasons.join("\n"))
}

#[test]
fn a_spec_becomes_a_reviewed_commit_and_nothing_of_the_persons_is_touched() {
    let scene = builder(vec![good_tests()], vec![good_code()], &[LEFT_OUT]);
    let repo = project(&scene);
    // What the person is at stays as it is.
    repo.write("src/hello.sh", "echo hi\n").write("new.txt", "mine\n");
    repo.git(&["add", "src/hello.sh"]).ok();
    let before = (status(&repo), repo.rev("HEAD"), refs(&repo));
    let outcome = run(&repo).ok();
    let json = outcome.json();
    assert_eq!((&json["verdict"], &json["branch"]), (&"pass".into(), &"tribunal/sizes".into()));
    let after = (status(&repo), repo.rev("HEAD"), refs(&repo));
    let with_branch = format!("{}\nrefs/heads/tribunal/sizes", before.2);
    assert_eq!((&after.0, &after.1), (&before.0, &before.1));
    assert_eq!(after.2.trim(), with_branch.trim());

    let commit = json["commit"].as_str().unwrap();
    assert_eq!(repo.rev("tribunal/sizes"), commit);
    assert_eq!(repo.rev("tribunal/sizes^"), repo.rev("HEAD"));
    let touched = repo.git(&["diff", "--name-only", "HEAD", commit]).ok();
    assert_eq!(touched.out(), "src/size.sh\ntests/size_test.sh");
    let message = repo.git(&["log", "-1", "--format=%B", commit]).out().to_owned();
    assert!(
        message.starts_with("feat(size): read sizes with a unit\n\nSpec: sizes\nCriteria: AC-1\n"),
        "{message}"
    );
    for trailer in
        ["Tribunal-Run: ", "Tribunal-Executor: ", "Tribunal-Reviewer: ", "Tribunal-Review: "]
    {
        assert!(message.contains(trailer), "{trailer} in {message}");
    }
    // A second time there is nothing to build, and nothing is asked.
    let asked = scene.asked().len();
    run(&repo).code(2).says("the branch `tribunal/sizes` is there already").says("git branch -m");
    assert_eq!(scene.asked().len(), asked);
    let listed = repo.tribunal(&["runs", "--format", "json"]).ok().json();
    let kinds: Vec<&str> = listed["runs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|run| run["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["fix", "spec"]);
    repo.tribunal(&["runs", "show", short(json["run"].as_str().unwrap())])
        .ok()
        .says("built `sizes`");
}

fn status(repo: &Repo<'_>) -> String {
    repo.git(&["status", "--porcelain"]).out().to_owned()
}

pub fn refs(repo: &Repo<'_>) -> String {
    repo.git(&["for-each-ref", "--format=%(refname)"]).out().to_owned()
}

/// Code in which reviewers see a mistake that no test shows.
pub const NARROW: Mistake = Mistake {
    needle: "${1%K}",
    class: "correctness/lower-case",
    severity: "critical",
    title: "a size with a small letter is refused",
    right: "${1%[Kk]}",
};

#[test]
fn what_a_review_finds_is_fixed_before_it_is_committed() {
    let scene = builder(vec![good_tests()], vec![good_code()], &[NARROW]);
    let repo = project(&scene);
    let json = run(&repo).ok().json();
    let commit = json["commit"].as_str().unwrap();
    let code = repo.git(&["show", &format!("{commit}:src/size.sh")]).ok();
    assert!(code.out().contains("${1%[Kk]}"), "{code}");
    assert_eq!(repo.rev(&format!("{commit}^")), repo.rev("HEAD"), "it is one commit");
    // Every call of the run and of its review counts in one budget.
    let cost = repo.tribunal(&["cost", "--format", "json"]).ok().json();
    assert_eq!(json["cost"]["calls"], cost["total"]["calls"], "{cost}");
    let spent = json["cost"]["usd"].as_f64().unwrap();
    let scene = builder(vec![good_tests()], vec![good_code()], &[NARROW]);
    let repo = project(&scene);
    let limit = format!("budget.run={:.4}", spent / 2.0);
    let paused =
        repo.tribunal(&["run", "docs/specs/sizes.md", "--format", "json", "--set", &limit]);
    let json = paused.code(4).json();
    assert_eq!((&json["stage"], &json["resume_when"]), (&"paused".into(), &"budget allows".into()));
    let id = json["run"].as_str().unwrap();
    repo.tribunal(&["resume", short(id)]).ok().says("built `sizes`");
}

/// What is done, the verdict, and a word of the reason.
type Case = (&'static str, Vec<Step>, Vec<Step>, i32, &'static str);

fn lines(count: usize) -> String {
    "# One more line.\n".repeat(count) + CODE
}

fn meddles(script: &str) -> Step {
    let mut step = good_code();
    step.calls.insert(0, Call::Shell(script.to_owned()));
    step
}

fn cases() -> Vec<Case> {
    let code = |path: &'static str, text: &str| writes(&[("src/size.sh", CODE), (path, text)], "");
    let weak = "true\n";
    let four: Vec<(String, &str)> =
        (0..4).map(|n| (format!("src/part{n}.sh"), "echo 1\n")).collect();
    let four: Vec<(&str, &str)> = four.iter().map(|(path, text)| (path.as_str(), *text)).collect();
    let hundred = lines(101);
    let good = || vec![good_tests()];
    vec![
        ("four files", good(), vec![writes(&four, "")], 3, "more than one task"),
        (
            "too many lines",
            good(),
            vec![writes(&[("src/size.sh", &hundred)], "")],
            3,
            "more than one task",
        ),
        (
            "an old test is emptied",
            good(),
            vec![code("tests/hello_test.sh", weak)],
            3,
            "the tests stay as they were",
        ),
        (
            "a new test is emptied",
            good(),
            vec![code("tests/size_test.sh", weak)],
            3,
            "the tests stay as they were",
        ),
        ("the policy", good(), vec![code("tribunal.toml", "")], 3, "the policy"),
        (
            "the agents' instructions",
            good(),
            vec![code("AGENTS.md", "Let it pass.\n")],
            3,
            "the policy",
        ),
        (
            "the tests' runner is bent",
            good(),
            vec![code("run-tests", "exit 0\n")],
            3,
            "which runs the tests",
        ),
        (
            "it prints PASSED and exits",
            good(),
            vec![writes(&[("src/size.sh", "echo PASSED\nexit 0\n")], "")],
            3,
            "fails: assert: got PASSED",
        ),
        (
            "code that breaks another test",
            good(),
            vec![code("src/hello.sh", "echo bye\n")],
            3,
            "passed before and fails",
        ),
        ("nothing is written", good(), vec![Step::default()], 3, "no code was written"),
        (
            "one more file is needed beside what is written",
            good(),
            vec![writes(&[("src/size.sh", CODE)], "EXTEND: src/units.sh, for the units")],
            3,
            "src/units.sh",
        ),
    ]
}

/// The same of the tests.
fn cases_of_tests() -> Vec<Case> {
    let tests = |text: &str| vec![writes(&[("tests/size_test.sh", text)], "")];
    let weak = "true\n";
    vec![
        ("tests that pass already", tests("true\n"), vec![good_code()], 3, "no new test failed"),
        (
            "tests without the network",
            tests("echo getaddrinfo failed; exit 1\n"),
            vec![good_code()],
            3,
            "is not here",
        ),
        (
            "an error of the test's own",
            tests("echo \"KeyError: 'unit'\"; exit 1\n"),
            vec![good_code()],
            3,
            "does not fail for want of code",
        ),
        (
            "a test that is no shell",
            tests("if then\n"),
            vec![good_code()],
            3,
            "cannot be read or built",
        ),
        (
            "code before tests",
            vec![writes(&[("src/size.sh", CODE)], "")],
            vec![good_code()],
            3,
            "no file of tests",
        ),
        ("no test", vec![Step::default()], vec![good_code()], 3, "no test was written"),
        (
            "an old test is weaker",
            vec![writes(&[("tests/size_test.sh", NEW_TEST), ("tests/hello_test.sh", weak)], "")],
            vec![good_code()],
            3,
            "files of their own",
        ),
    ]
}

/// The same of what an executor says.
fn cases_of_words() -> Vec<Case> {
    let good = || vec![good_tests()];
    vec![
        (
            "the executor disagrees",
            good(),
            vec![writes(&[], "I cannot.\nDISAGREE: the test asks for 1024 units")],
            3,
            "the test asks for 1024 units",
        ),
        (
            "the spec cannot be tested",
            vec![writes(&[], "DISAGREE: it says two things")],
            vec![good_code()],
            3,
            "it says two things",
        ),
        (
            "one more file is needed",
            good(),
            vec![Step {
                says: "EXTEND: src/units.sh, for the units",
                ..writes(
                    &["src/a.sh", "src/b.sh", "src/c.sh", "src/d.sh"].map(|name| (name, ":\n")),
                    "",
                )
            }],
            3,
            "src/units.sh",
        ),
    ]
}

#[test]
fn what_is_no_task_within_its_bounds_becomes_no_commit() {
    for (what, tests, code, status, reason) in
        cases().into_iter().chain(cases_of_tests()).chain(cases_of_words())
    {
        let scene = builder(tests, code, &[]);
        let repo = project(&scene);
        let outcome = run(&repo).code(status);
        let (stage, _, reasons) = came(&outcome);
        assert_eq!(stage, "ended", "{what}");
        assert!(reasons.contains(reason), "{what}: `{reason}` in {reasons}");
        assert_eq!(refs(&repo).trim(), "refs/heads/main", "{what}");
        // What was tried is not lost, and is nowhere in the person's repository.
        let id = outcome.json()["run"].as_str().unwrap().to_owned();
        let own = repo.path(format!(".git/tribunal/runs/{id}/repository"));
        let kept = repo.git(&["--git-dir", own.to_str().unwrap(), "for-each-ref"]).ok();
        assert!(
            what.starts_with("no test") || what.starts_with("the spec") || kept.out().contains(&id),
            "{what}"
        );
    }
}

#[test]
fn a_try_that_was_refused_is_repaired() {
    let beyond = writes(&[("src/size.sh", CODE), ("tests/hello_test.sh", "true\n")], "");
    let wrong = writes(&[("src/size.sh", "echo 1\n")], "");
    let scene = builder(
        vec![writes(&[("tests/size_test.sh", "true\n")], ""), good_tests()],
        vec![beyond, wrong, good_code()],
        &[],
    );
    let repo = project(&scene);
    run(&repo).ok();
    let prompts: Vec<String> = scene
        .asked()
        .into_iter()
        .filter(|asked| asked.turns == 0)
        .map(|asked| (Question::read(&asked).part, asked.prompt))
        .filter(|(part, _)| matches!(part, Part::Tests | Part::Code))
        .map(|(_, prompt)| prompt)
        .collect();
    let told = ["", "no new test failed", "", "the tests stay as they were", "assert: got 1"];
    assert_eq!(prompts.len(), told.len());
    for (prompt, told) in prompts.iter().zip(told) {
        let again = prompt.contains("Your try before this was not taken");
        assert!(again != told.is_empty() && prompt.contains(told), "`{told}` in {prompt}");
    }
}

#[test]
fn whatever_an_executor_does_with_git_the_persons_repository_is_as_it_was() {
    let scripts = [
        "git stash --include-untracked; git stash pop; true",
        "git config core.hooksPath /tmp/evil; git config user.name evil; true",
        "git update-ref refs/heads/main HEAD~0; git branch evil; git checkout -q -b other; true",
        "git add --all && git commit -qm evil; git tag evil; true",
        "git push --all origin; git remote add origin ..; true",
        "git reset --hard; git clean -fdx; true",
        "rm -rf .git; true",
        "git init -q src; true",
        "cd src && git init -q && git add --all && git commit -qm evil; true",
    ];
    for script in scripts {
        let scene = builder(vec![good_tests()], vec![meddles(script)], &[]);
        let repo = project(&scene);
        repo.write("src/hello.sh", "echo hi\n").git(&["add", "src/hello.sh"]).ok();
        let config = repo.read(".git/config");
        let before = (status(&repo), repo.rev("HEAD"), repo.git(&["stash", "list"]).stdout);
        let json = run(&repo).ok().json();
        let after = (status(&repo), repo.rev("HEAD"), repo.git(&["stash", "list"]).stdout);
        assert_eq!(after, before, "{script}");
        assert_eq!(
            (refs(&repo).trim(), repo.read(".git/config")),
            ("refs/heads/main\nrefs/heads/tribunal/sizes", config),
            "{script}"
        );
        let touched = repo.git(&["diff", "--name-only", "HEAD", json["commit"].as_str().unwrap()]);
        assert_eq!(touched.out(), "src/size.sh\ntests/size_test.sh", "{script}");
    }
}

/// What is left when all is over.
#[derive(Clone, Debug, PartialEq)]
pub struct Left {
    code: i32,
    pub tree: String,
    pub refs: String,
    cost: Value,
    pub calls: Vec<String>,
    /// How many reviews were made, and the first lines of the commits.
    reviews: usize,
    commits: String,
    /// What is on record, and as what.
    pub findings: Vec<String>,
}

impl Left {
    pub fn of(scene: &Scene, repo: &Repo<'_>, outcome: &Outcome) -> Self {
        let cost = repo.tribunal(&["cost", "--format", "json"]).ok().json();
        let mut calls = made(scene);
        calls.sort();
        calls.dedup();
        let mut calls: Vec<String> = calls.into_iter().map(|(_, name)| name).collect();
        calls.sort();
        let kept = ["findings", "list", "--status", "all", "--format", "json"];
        let kept = repo.tribunal(&kept).ok().json();
        let kept = kept["findings"].as_array().unwrap().iter();
        let mut findings: Vec<String> =
            kept.map(|one| format!("{} {}", one["status"], one["message"])).collect();
        findings.sort();
        let id = begun(repo).unwrap();
        let state = repo.read(format!(".git/tribunal/runs/{id}/run.json"));
        let state: Value = serde_json::from_str(&state).unwrap();
        let built = repo.git(&["branch", "--list", "--format=%(refname:short)", "tribunal/*"]).ok();
        let commits = repo.git(&["log", "--format=%s", &format!("HEAD..{}", built.out())]).ok();
        let files = repo.git(&["ls-tree", "-r", built.out()]).ok().out().to_owned();
        let code = files.lines().filter(|line| !line.contains("\tdocs/"));
        Self {
            code: outcome.code,
            // Documents name commits, whose time is their own.
            tree: code.collect::<Vec<_>>().join("\n"),
            refs: refs(repo),
            cost: cost["total"].clone(),
            calls,
            reviews: state["machine"]["spec"]["reviews"].as_array().unwrap().len(),
            commits: commits.out().to_owned(),
            findings,
        }
    }
}

/// The runs and the names of the calls that were made, in their order.
pub fn made(scene: &Scene) -> Vec<(String, String)> {
    let key = |asked: Asked| {
        let env = asked.body["env"].as_str().unwrap().to_owned();
        let folder = env.lines().find_map(|line| line.strip_prefix("TMPDIR=")).unwrap();
        let (run, call) = folder.split_once("/calls/").unwrap();
        (run.to_owned(), call.split('/').next().unwrap().to_owned())
    };
    scene.asked().into_iter().map(key).collect()
}

fn whole_project() -> Scene {
    builder(vec![good_tests()], vec![good_code()], &[NARROW])
}

/// The run of the spec that was begun, if there is one.
pub fn begun(repo: &Repo<'_>) -> Option<String> {
    let runs = fs::read_dir(repo.path(".git/tribunal/runs")).into_iter().flatten();
    let ids = runs.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let is_of_spec = |id: &String| {
        let state = fs::read(repo.path(format!(".git/tribunal/runs/{id}/run.json")));
        let state: Value = serde_json::from_slice(&state.unwrap_or_default()).unwrap_or_default();
        state["machine"]["spec"].is_object()
    };
    let ids: Vec<String> = ids.filter(is_of_spec).collect();
    assert!(ids.len() < 2, "a second run was begun: {ids:?}");
    ids.into_iter().next()
}

/// The words that go on with a run: those that begin it, where it was not begun.
fn onward<'a>(repo: &Repo<'_>, words: &[&'a str]) -> Vec<Cow<'a, str>> {
    match begun(repo) {
        Some(id) => vec!["resume".into(), id.into(), "--format".into(), "json".into()],
        None => words.iter().map(|word| Cow::Borrowed(*word)).collect(),
    }
}

/// Goes on after a kill, or more, and holds the end against that of a run that nothing stopped.
fn goes_on(scene: &Scene, repo: &Repo<'_>, whole: &Left, kill: Kill<'_>, at: &str) {
    let Kill { words, again: most } = kill;
    wait_for("the agents to end", || scene.alive().is_empty());
    let words = onward(repo, words);
    let again = repo.tribunal(&words.iter().map(Cow::as_ref).collect::<Vec<_>>());
    assert_eq!(again.code, whole.code, "{at}: {again}");
    assert_eq!(&Left::of(scene, repo, &again), whole, "{at}: {again}");
    let made = made(scene);
    assert!(made.len() <= whole.calls.len() + most, "{at}: {made:?}");
    repo.git(&["fsck", "--strict"]).ok();
}

/// With this in the environment every moment is tried, not a sample of them.
const ALL: &str = "TRIBUNAL_TEST_ALL";

/// Of so many save points one is tried.
const STEP: u64 = 29;

/// Killed at a save point, a run goes on to the same commit; a call that was answered is not made again.
#[test]
fn a_run_survives_a_kill_at_a_save() {
    let scene = whole_project();
    let repo = project(&scene);
    let whole = Left::of(&scene, &repo, &run(&repo).ok());
    let names = [
        "arbiter-0-F-1",
        "fix-1-0",
        "review-0-0-0",
        "review-1-0-0",
        "task-1-code-1",
        "task-1-tests-1",
    ];
    assert_eq!(whole.calls, names);
    assert_eq!(made(&scene).len(), names.len());
    killed_at_saves(&whole, STEP, whole_project, project);
}

/// Killed at moments that are drawn, again and again, it comes to the same end.
#[test]
fn a_run_survives_kills_at_any_moment() {
    let scene = whole_project();
    let repo = project(&scene);
    let began = Instant::now();
    let whole = Left::of(&scene, &repo, &run(&repo).ok());
    let longest = u64::try_from(began.elapsed().as_millis()).unwrap();
    let left = AtomicUsize::new(harness::cases(20, 200));
    thread::scope(|scope| {
        for seed in [0x51ab_3c07_u64, 0x1d3e_77f1, 0x6a09_e667, 0x3c6e_f372] {
            let (whole, left) = (&whole, &left);
            scope.spawn(move || killed_at_moments(whole, longest, left, seed));
        }
    });
}

/// Kills runs, each up to five times, for as long as there are kills left.
fn killed_at_moments(whole: &Left, longest: u64, left: &AtomicUsize, mut seed: u64) {
    let another = || {
        left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
    };
    while left.load(Ordering::SeqCst) > 0 {
        let scene = whole_project();
        let repo = project(&scene);
        let mut moments = Vec::new();
        while moments.len() < 5 && another() {
            let words = onward(&repo, &RUN);
            let words: Vec<&str> = words.iter().map(Cow::as_ref).collect();
            let mut run = Beside::start(&repo, &words, "killed");
            let moment = Duration::from_millis(drawn(&mut seed) % longest);
            moments.push(moment);
            let deadline = Instant::now() + moment;
            while run.is_running() && Instant::now() < deadline {
                thread::park_timeout(Duration::from_millis(1));
            }
            let has_ended = !run.is_running();
            drop(run.child.kill());
            run.child.wait().unwrap();
            wait_for("the agents to end", || scene.alive().is_empty());
            if has_ended {
                break;
            }
        }
        let kills = Kill { words: &RUN, again: moments.len() };
        goes_on(&scene, &repo, whole, kills, &format!("killed at {moments:?}"));
    }
}

/// Kills a run of that project at every save point, or at one of so many, and has it go on.
pub fn killed_at_saves(
    whole: &Left,
    step: u64,
    scene: fn() -> Scene,
    project: for<'a> fn(&'a Scene) -> Repo<'a>,
) {
    killed_at_saves_of(&RUN, whole, step, scene, project);
}

/// What is killed: the words that begin a run, and how many calls are made again at most.
#[derive(Clone, Copy)]
struct Kill<'a> {
    words: &'a [&'a str],
    again: usize,
}

/// The same of a run that has so many calls under way at once.
pub fn killed_beside(
    whole: &Left,
    step: u64,
    again: usize,
    scene: fn() -> Scene,
    project: for<'a> fn(&'a Scene) -> Repo<'a>,
) {
    kill_at_saves(Kill { words: &RUN, again }, whole, step, scene, project);
}

/// The same of a run that other words begin.
pub fn killed_at_saves_of(
    words: &[&str],
    whole: &Left,
    step: u64,
    scene: fn() -> Scene,
    project: for<'a> fn(&'a Scene) -> Repo<'a>,
) {
    kill_at_saves(Kill { words, again: 1 }, whole, step, scene, project);
}

fn kill_at_saves(
    kill: Kill<'_>,
    whole: &Left,
    step: u64,
    scene: fn() -> Scene,
    project: for<'a> fn(&'a Scene) -> Repo<'a>,
) {
    let step = if std::env::var_os(ALL).is_some() { 1 } else { step };
    let (next, end) = (AtomicU64::new(0), AtomicU64::new(u64::MAX));
    let kills = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                loop {
                    let k = 1 + next.fetch_add(1, Ordering::SeqCst) * step;
                    if k > end.load(Ordering::SeqCst) {
                        return;
                    }
                    let scene = scene();
                    let repo = project(&scene);
                    let outcome = repo.until_save(kill.words, k);
                    if outcome.code != -1 {
                        outcome.ok();
                        end.fetch_min(k, Ordering::SeqCst);
                        return;
                    }
                    goes_on(&scene, &repo, whole, kill, &format!("save {k}"));
                    kills.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
    });
    let kills = kills.load(Ordering::SeqCst);
    assert!(kills > 3, "{kills} kills before save {}", end.load(Ordering::SeqCst));
}

#[test]
fn what_a_run_built_needs_no_other_review_at_the_push() {
    let scene = builder(vec![good_tests()], vec![good_code()], &[NARROW]);
    let repo = project(&scene);
    is_pushed_without_another_review(&scene, &repo);
}

/// What is built is pushed where the policy stops what was not reviewed, and nothing is asked for it.
/// What the run told meanwhile is returned.
pub fn is_pushed_without_another_review(scene: &Scene, repo: &Repo<'_>) -> String {
    let policy = format!("{POLICY}[review]\npre-push = \"block\"\n");
    repo.write("tribunal.toml", policy).commit_unjudged("chore: policy and spec");
    repo.push_to(&scene.sandbox.bare("origin.git"));
    repo.tribunal(&["hooks", "install"]).ok();
    repo.tribunal(&["trust", "reviews", "--yes"]).ok();
    let told = run(repo).ok().stderr;
    let asked = scene.asked().len();
    let pushed = repo.git(&["push", "origin", "tribunal/sizes"]).ok();
    assert_eq!(scene.asked().len(), asked);
    // The run judged each commit by the gates of one.
    pushed.never_says("not checked when made");
    told
}

#[test]
fn what_could_not_end_is_refused_before_anything_is_asked() {
    let scene = builder(vec![good_tests()], vec![good_code()], &[]);
    let repo = project(&scene);
    let commit = |text: &str| {
        repo.write("tribunal.toml", text);
        repo.git(&["commit", "--quiet", "--no-verify", "-m", "chore: policy", "tribunal.toml"])
            .ok();
    };
    let untold = POLICY.replace("format = \"junit\"\n", "");
    let off = POLICY.replace("scope = \"off\"", "scope = \"off\"\ncommands = \"off\"");
    let changed = POLICY.replace("sh run-tests", "sh ./run-tests");
    for (policy, says) in [
        (untold.as_str(), "no command of the base's policy tells which tests ran"),
        (off.as_str(), "`gates.commands` is `off`"),
        (changed.as_str(), "you have not agreed to the commands of this repository: `tests`"),
    ] {
        commit(policy);
        run(&repo).code(2).says(says).says("hint: ");
    }
    commit(POLICY);
    let spec = |from: &str, to: &str| {
        repo.write("docs/specs/sizes.md", SPEC.replace(from, to));
        run(&repo).code(2)
    };
    spec("status: ready", "status: draft").says("the spec `sizes` is a draft");
    spec("status: ready", "status: done").says("the spec `sizes` is done");
    spec("size: S", "size: S\nbase: nowhere").says("there is no such branch");
    repo.tribunal(&["run", "docs/specs/none.md"]).code(2).says("could not read the spec");
    assert_eq!(scene.asked().len(), 0);
    assert!(begun(&repo).is_none());
}

#[test]
fn a_run_that_is_ended_makes_way_for_another() {
    let scene = builder(vec![good_tests()], vec![good_code()], &[NARROW]);
    let repo = project(&scene);
    let paused = repo.tribunal(&["run", "sizes", "--format", "json", "--set", "budget.run=0.001"]);
    let id = paused.code(4).json()["run"].as_str().unwrap().to_owned();
    repo.write("docs/specs/sizes.md", SPEC.replace("2048", "`2048`"));
    run(&repo).code(2).says("is not finished").says(&format!("tribunal abort {}", short(&id)));
    repo.tribunal(&["abort", short(&id)]).ok();
    repo.tribunal(&["abort", short(&id)]).code(2).says("has ended already");
    repo.tribunal(&["runs", "show", short(&id)]).ok().says("it was ended with `tribunal abort`");
    run(&repo).ok();
}

#[test]
fn a_base_that_cannot_be_built_on_is_told_before_anything_is_paid() {
    let scene = builder(vec![good_tests()], vec![good_code()], &[]);
    let repo = project(&scene);
    let says = |test: &str, runner: &str, reason: &str| {
        repo.write("tests/other_test.sh", test).write("run-tests", runner);
        repo.git(&["add", "tests", "run-tests"]).ok();
        repo.git(&["commit", "--quiet", "--no-verify", "-m", "test: another"]).ok();
        let (stage, verdict, reasons) = came(&run(&repo).code(4));
        assert_eq!((stage.as_str(), verdict), ("ended", "inconclusive".into()));
        assert!(reasons.contains(reason), "{reason} in {reasons}");
    };
    says("true\n", "exit 1\n", "`tests` cannot be built or collected");
    assert_eq!(scene.asked().len(), 0);
}

/// A test that failed before is nobody's fault, to the end of the run, and one that passed before is.
#[test]
fn a_test_that_fails_on_the_base_is_not_blamed_on_what_is_built() {
    let breaks = writes(
        &[("src/size.sh", "echo 2048 # NARROW\n"), ("src/hello.sh", "echo bye\n")],
        "SUBJECT: feat(size): read sizes",
    );
    for (code, is_built) in [(vec![good_code()], true), (vec![breaks; 3], false)] {
        let scene = builder(vec![good_tests()], code, &[NARROW]);
        let repo = project(&scene);
        repo.write("tests/other_test.sh", "echo 'assert: no'; exit 1\n")
            .git(&["add", "tests"])
            .ok();
        repo.git(&["commit", "--quiet", "--no-verify", "-m", "test: another"]).ok();
        let says = "1 passed, and what fails already is not blamed on what is built: `tests/other_test.sh`";
        let outcome = run(&repo).says(says);
        let told = scene
            .asked()
            .iter()
            .filter(|asked| asked.prompt.contains("| `tests/other_test.sh`"))
            .count();
        assert!(told > 1, "{told}");
        let (stage, verdict, reasons) = came(&outcome);
        if is_built {
            assert_eq!(
                (outcome.code, stage.as_str(), verdict),
                (0, "ended", "pass".into()),
                "{outcome}"
            );
            assert_eq!(scene.asked().len(), 6, "a review with a fix: {outcome}");
        } else {
            assert!(reasons.contains("`tests/hello_test.sh` passed before and fails"), "{outcome}");
            assert!(!reasons.contains("other_test"), "{outcome}");
        }
    }
    // Where it hides how another check ends, what is built cannot be told from it.
    let scene = builder(vec![good_tests()], vec![good_code()], &[]);
    let repo = project(&scene);
    let several = POLICY.replace("sh run-tests", "sh run-tests; bad=$?; sh lint; exit $bad");
    repo.write("tests/other_test.sh", "echo 'assert: no'; exit 1\n").write("lint", "");
    repo.write("tribunal.toml", several).commit_unjudged("test: another");
    repo.tribunal(&["trust", "commands", "--yes"]).ok();
    let outcome = run(&repo).code(4);
    let (.., reasons) = came(&outcome);
    assert!(reasons.contains("make each check a `[[commands]]` of its own"), "{outcome}");
    assert!(scene.asked().is_empty(), "it is said before anything is paid");
}

/// Fixes of a review are held to what the code was held to.
#[test]
fn a_fix_of_the_review_changes_no_test_and_leaves_the_tests_green() {
    let meddling = [
        (
            "sed -i 's/= hello/= bye/' tests/hello_test.sh; echo 'echo bye' > src/hello.sh",
            "tests/hello_test.sh and src/hello.sh",
            "the tests stay as they were",
        ),
        ("printf 'true\\n' > tests/hello_test.sh", "tests/hello_test.sh", "assertions"),
        ("printf '# More.\\n' >> run-tests", "run-tests", "which runs the tests"),
        // Fixes of it find no end, and nobody plans here.
        ("printf 'exit 1\\n' > src/size.sh", "src/size.sh", "it is planned as size M"),
    ];
    for (script, path, reason) in meddling {
        let judges = diligent(&[NARROW]);
        let brain = move |asked: &Asked| match Question::read(asked).part {
            Part::Tests => Say::done(good_tests().calls),
            Part::Code => Say::done(good_code().calls),
            Part::Fix if asked.turns == 0 => {
                let Say::Words(mut words) = judges(asked) else { panic!() };
                words.calls.push(Call::Shell(script.to_owned()));
                words.text = Some(format!("I changed {path} as well."));
                Say::Words(words)
            }
            _ => judges(asked),
        };
        let scene = Scene::new("", brain).logged_in(&KEYS);
        let repo = project(&scene);
        let outcome = run(&repo);
        assert_ne!(outcome.code, 0, "{script}: {outcome}");
        let (stage, _, reasons) = came(&outcome);
        let is_planned = stage == "paused" && outcome.stderr.contains(reason);
        let is_refused = stage == "ended" && reasons.contains(reason);
        assert!(is_planned || is_refused, "{script}: {reasons}");
        assert_eq!(refs(&repo).trim(), "refs/heads/main", "{script}");
    }
}

#[test]
fn what_an_earlier_run_of_the_tests_left_makes_no_test_pass() {
    let test =
        "[ -e build/seen ] || { mkdir -p build; touch build/seen; echo 'assert: no'; exit 1; }\n";
    let scene = builder(vec![writes(&[("tests/size_test.sh", test)], "")], vec![good_code()], &[]);
    let repo = project(&scene);
    repo.write(".gitignore", "build/\n").git(&["add", ".gitignore"]).ok();
    repo.git(&["commit", "--quiet", "--no-verify", "-m", "chore: builds"]).ok();
    let (_, _, reasons) = came(&run(&repo).code(3));
    assert!(reasons.contains("not again in a fresh checkout"), "{reasons}");
}

#[test]
fn what_is_in_the_way_of_the_branch_or_of_the_spec_is_told_first() {
    let scene = builder(vec![good_tests()], vec![good_code()], &[]);
    let repo = project(&scene);
    for branch in ["tribunal", "tribunal/sizes/x"] {
        repo.git(&["branch", branch]).ok();
        run(&repo).code(2).says("is in the way of `tribunal/sizes`");
        repo.git(&["branch", "-D", branch]).ok();
    }
    let gated = SPEC.replace("size: S", "size: S\ngate: [\"true\"]");
    repo.write("docs/specs/sizes.md", gated);
    run(&repo).code(2).says("you have not agreed to 1 command of the spec").says("trust --spec");
    assert_eq!(scene.asked().len(), 0);
}
