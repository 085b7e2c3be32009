//! The run of a spec of several tasks: planned, listed, built task by task, and reviewed as a whole.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::brain::{Mistake, Part, Question, diligent, sections_read};
use crate::harness::{Outcome, Repo, Sandbox, short};
use crate::model_server::{Asked, Say};
use crate::moved_bases::while_moving;
use crate::real;
use crate::scene::{KEYS, Scene};
use crate::spec_runs::{
    Left, OLD_TEST, POLICY, RUNNER, Step, builder_beside, is_pushed_without_another_review,
    killed_at_saves, made, run, stepping, taken, writes,
};
use crate::specified_runs::{specifier, two_criteria};

pub const SPEC: &str = "---\nid: sizes\nstatus: ready\nsize: M\n---\n# Read sizes with a unit\n\n## Goal\n\n\
    People write sizes as `2K` and `2M`.\n\n## Acceptance criteria\n\n\
    - **AC-1** WHEN `sh src/size.sh 2K` is run THEN it prints `2048`. verify: test\n\
    - **AC-2** WHEN `sh src/size.sh 2M` is run THEN it prints `2097152`. verify: test\n";

const KILO_TEST: &str =
    "got=$(sh src/size.sh 2K)\n[ \"$got\" = 2048 ] || { echo \"assert: got $got\"; exit 1; }\n";
const MEGA_TEST: &str =
    "got=$(sh src/size.sh 2M)\n[ \"$got\" = 2097152 ] || { echo \"assert: got $got\"; exit 1; }\n";
pub const KILO: &str = "# Prints a size in bytes.\ncase $1 in\n  *K) echo $((${1%K} * 1024)) ;;\n  \
    *) echo 0 ;;\nesac\n";
pub const BOTH: &str = "# Prints a size in bytes.\ncase $1 in\n  *K) echo $((${1%K} * 1024)) ;;\n  \
    *M) echo $((${1%M} * 1048576)) ;;\nesac\n";

pub fn tests() -> Vec<Step> {
    vec![
        writes(&[("tests/kilo_test.sh", KILO_TEST)], ""),
        writes(&[("tests/mega_test.sh", MEGA_TEST)], ""),
    ]
}

pub fn code() -> Vec<Step> {
    vec![
        writes(&[("src/size.sh", KILO)], "SUBJECT: feat(size): read kilobytes"),
        writes(&[("src/size.sh", BOTH)], "SUBJECT: feat(size): read megabytes"),
    ]
}

pub fn plan(word: &str) -> Value {
    json!({
        "data_model": format!("A size is a number of bytes ({word})."),
        "interfaces": "`sh src/size.sh SIZE` prints it in decimal digits.",
        "flow": "The unit is cut off and the rest is multiplied.",
        "test_strategy": "AC-1: tests/kilo_test.sh. AC-2: tests/mega_test.sh.",
        "risks": "None: nobody calls it yet.",
        "needs_scaffold": false,
        "decision": {
            "title": "Units are powers of two", "context": "K may be 1000.",
            "decision": "K is 1024, as the spec has it.", "consequences": "None.",
        },
    })
}

pub fn task(title: &str, criteria: &[&str], paths: &[&str]) -> Value {
    json!({
        "title": title, "goal": format!("{title} works"), "kind": "behaviour", "paths": paths,
        "lines": 6, "criteria": criteria, "needs": [],
    })
}

pub fn two_tasks() -> Value {
    json!({"tasks": [
        task("Read kilobytes", &["AC-1"], &["src/size.sh"]),
        task("Read megabytes", &["AC-2"], &["src/size.sh"]),
    ]})
}

/// What planner and plan reviewer say, one answer after the other, the last again and again; the reviewer of
/// plans finds nothing where it is given nothing.
#[derive(Default)]
pub struct Planning {
    pub size: Vec<Value>,
    pub parts: Vec<Value>,
    pub plans: Vec<Value>,
    pub findings: Vec<Value>,
    pub tasks: Vec<Value>,
}

pub fn planned(planning: Planning, tests: Vec<Step>, code: Vec<Step>) -> Scene {
    builder_beside(tests, code, planner(planning))
}

pub fn planner(planning: Planning) -> impl Fn(&Asked) -> Say + Send + Sync + 'static {
    let (judges, asked_before) = (diligent(&[]), [const { AtomicUsize::new(0) }; 5]);
    move |asked: &Asked| {
        let (place, answers) = match Question::read(asked).part {
            Part::Size => (0, &planning.size),
            Part::Split => (1, &planning.parts),
            Part::Plan => (2, &planning.plans),
            Part::PlanReview => (3, &planning.findings),
            Part::TaskList => (4, &planning.tasks),
            _ => return judges(asked),
        };
        let is_new = usize::from(asked.turns == 0);
        let before = asked_before[place].fetch_add(is_new, Ordering::Relaxed) + is_new - 1;
        match answers.get(before.min(answers.len().saturating_sub(1))) {
            Some(findings) if place == 3 => {
                Say::json(json!({ "findings": findings, "read": sections_read(asked) }))
            }
            Some(answer) => Say::json(answer.clone()),
            None => judges(asked),
        }
    }
}

pub fn good() -> Planning {
    Planning { plans: vec![plan("first")], tasks: vec![two_tasks()], ..Planning::default() }
}

pub fn project<'a>(scene: &'a Scene, spec: &str) -> Repo<'a> {
    let repo = scene.sandbox.repo("r");
    repo.write("run-tests", RUNNER).write("tribunal.toml", POLICY);
    repo.write("src/hello.sh", "echo hello\n").write("tests/hello_test.sh", OLD_TEST);
    repo.commit_unjudged("feat: hello");
    repo.tribunal(&["trust", "commands", "--yes"]).ok();
    repo.write("docs/specs/sizes.md", spec);
    repo
}

/// The first lines of the commits of the branch, the oldest first.
pub fn subjects(repo: &Repo<'_>) -> Vec<String> {
    let log = repo.git(&["log", "--reverse", "--format=%s", "main..tribunal/sizes"]).ok();
    log.out().lines().map(str::to_owned).collect()
}

/// Each commit of the branch passes the tests by itself.
pub fn each_commit_passes(repo: &Repo<'_>) {
    let commits = repo.git(&["rev-list", "main..tribunal/sizes"]).ok().out().to_owned();
    for commit in commits.lines() {
        repo.git(&["checkout", "--quiet", "--detach", commit]).ok();
        repo.tribunal(&["check", "--commands", "--all"]).ok();
    }
    repo.git(&["checkout", "--quiet", "main"]).ok();
}

pub fn asked_for(scene: &Scene, part: Part) -> Vec<String> {
    let asked = scene.asked().into_iter().filter(|asked| Question::read(asked).part == part);
    asked.filter(|asked| asked.turns == 0).map(|asked| asked.prompt).collect()
}

pub fn reasons(outcome: &Outcome) -> String {
    let json = outcome.json();
    let lines = json["reasons"].as_array().unwrap().iter();
    lines.map(|line| line.as_str().unwrap()).collect::<Vec<_>>().join("\n")
}

/// A mistake that whoever repairs it leaves as it is.
const LASTING: Mistake = Mistake {
    needle: "${1%K}",
    class: "correctness/lower-case",
    severity: "critical",
    title: "a size with a small letter is refused",
    right: "${1%K}",
};

#[test]
fn a_small_spec_that_passes_no_review_is_planned() {
    let spec = SPEC.replace("size: M", "size: S").replace(
        "- **AC-2** WHEN `sh src/size.sh 2M` is run THEN it prints `2097152`. verify: test\n",
        "",
    );
    let tasks = json!({"tasks": [task("Read kilobytes", &["AC-1"], &["src/size.sh"])]});
    let plans =
        planner(Planning { plans: vec![plan("p")], tasks: vec![tasks], ..Planning::default() });
    let judges = diligent(&[LASTING]);
    let kilo = || writes(&[("tests/kilo_test.sh", KILO_TEST)], "");
    let right = "# Prints a size in bytes.\nkilo=${1%[Kk]}\necho $((kilo * 1024))\n";
    // Its base moves as well.
    let right =
        while_moving(writes(&[("src/size.sh", right)], ""), &[("src/more.sh", "echo more")]);
    let code = vec![code().remove(0), right];
    let scene = builder_beside(vec![kilo(), kilo()], code, move |asked: &Asked| {
        match Question::read(asked).part {
            Part::Plan | Part::PlanReview | Part::TaskList => plans(asked),
            _ => judges(asked),
        }
    });
    let repo = project(&scene, &spec);
    let outcome = repo.tribunal(&["run", "sizes"]).ok();
    outcome.clone().says("the review did not pass, so it is planned as size M: ");
    let (_, id) = outcome.stdout.split_once("\nrun ").unwrap();
    let id = id.split(':').next().unwrap();
    let json = repo.tribunal(&["runs", "show", id, "--format", "json"]).ok().json();
    assert_eq!((&json["size"], json["reviews"].as_array().unwrap().len()), (&"M".into(), 3));
    let cost = repo.tribunal(&["cost", "--format", "json"]).ok().json();
    assert_eq!(json["cost"]["calls"], cost["total"]["calls"], "all of them count: {cost}");
    let asked = asked_for(&scene, Part::Plan).remove(0);
    assert!(asked.contains("| Tried before: built smaller than M, it did not pass"), "{asked}");
    assert_eq!(repo.rev("tribunal/sizes~3"), repo.rev("main"));
    let found = "| - critical, in `src/size.sh`: a size with a small letter is refused: any input";
    assert!(asked.contains(found), "{asked}");
    let told = repo.git(&["show", "tribunal/sizes:docs/progress/sizes.md"]).ok();
    assert!(told.out().contains("Size M: built smaller than M, it did not pass"), "{told}");
    // Each try is kept, and each review is told where it was made.
    let attempts = repo
        .git(&[
            "--git-dir",
            &format!(".git/tribunal/runs/{}/repository", json["run"].as_str().unwrap()),
            "for-each-ref",
            "--format=%(refname)",
        ])
        .ok();
    let log = repo.tribunal(&["logs", id, "--full"]).ok();
    assert!(
        attempts.out().contains("/10\n") && log.out().contains("a size with a small letter"),
        "{attempts}\n{log}"
    );
    assert_eq!(log.out().matches("+++ b/tests/kilo_test.sh").count(), 2, "{log}");
    log.never_says("another try took its place");
}

#[test]
fn a_spec_of_two_tasks_becomes_two_commits_and_the_documents_of_both() {
    let scene = planned(good(), tests(), code());
    let repo = project(&scene, SPEC);
    let json = run(&repo).ok().json();
    let decisions = "docs: record the decisions of `sizes`";
    let docs = "docs: record what shows that `sizes` is built";
    assert_eq!(
        subjects(&repo),
        ["feat(size): read kilobytes", "feat(size): read megabytes", decisions, docs]
    );
    let of = |commit: &str, what: &str| {
        let text = repo.git(&["log", "-1", &format!("--format={what}"), commit]).ok();
        text.out().to_owned()
    };
    let first = of("tribunal/sizes~3", "%B");
    assert!(first.contains("Task: 1 of 2\nCriteria: AC-1\n"), "{first}");
    assert!(of("tribunal/sizes~2", "%B").contains("Task: 2 of 2\nCriteria: AC-2\n"));
    let touched = repo.git(&["diff", "--name-only", "tribunal/sizes~2", "tribunal/sizes"]).ok();
    let documents = ["docs/decisions/sizes.md", "docs/progress/sizes.md", "docs/review/sizes.md"];
    assert_eq!(touched.out().lines().collect::<Vec<_>>(), documents);
    let shown =
        |path: &str| repo.git(&["show", &format!("tribunal/sizes:{path}")]).ok().out().to_owned();
    let review = shown("docs/review/sizes.md");
    for text in
        ["## AC-1", "## AC-2", "the tests in `tests/kilo_test.sh` failed before it", "met, says "]
    {
        assert!(review.contains(text), "`{text}` in {review}");
    }
    assert!(shown("docs/decisions/sizes.md").contains("K is 1024, as the spec has it."));
    assert!(shown("docs/progress/sizes.md").contains("1. Read kilobytes: "));
    each_commit_passes(&repo);
    // Who builds a task is told which one it is, and sees the plan; the review of a task is by its criteria.
    let tests = asked_for(&scene, Part::Tests);
    assert!(tests[0].contains("| # Task 1: Read kilobytes") && tests[0].contains("| # Plan: "));
    assert!(tests[1].contains("| # Task 2: Read megabytes"));
    let reviews = asked_for(&scene, Part::Review);
    assert!(reviews[0].contains("AC-1: ") && !reviews[0].contains("AC-2: "), "{}", reviews[0]);
    assert!(reviews[1].contains("AC-2: ") && !reviews[1].contains("AC-1: "));
    assert!(reviews[2].contains("AC-1: ") && reviews[2].contains("AC-2: "));
    // Another vendor than the planner's reviewed the plan.
    assert_eq!(json["commits"].as_array().unwrap().len(), 2);
    assert_eq!(json["size"], "M");
    let touched = repo.git(&["status", "--porcelain"]).ok();
    assert_eq!(touched.out(), "?? docs/");
}

#[test]
fn a_size_that_nobody_states_is_voted_and_a_large_spec_is_built_in_parts() {
    let spec = SPEC.replace("size: M\n", "");
    let planning = Planning {
        size: vec![json!({"size": "L", "why": "two units"})],
        parts: vec![
            json!({"parts": [{"title": "Kilobytes", "criteria": ["AC-1"]}]}),
            json!({"parts": [
                {"title": "Kilobytes", "criteria": ["AC-1"]},
                {"title": "Megabytes", "criteria": ["AC-2"]},
            ]}),
        ],
        plans: vec![plan("kilo"), plan("mega")],
        tasks: vec![
            json!({"tasks": [task("Read kilobytes", &["AC-1"], &["src/size.sh"])]}),
            json!({"tasks": [task("Read megabytes", &["AC-2"], &["src/size.sh"])]}),
        ],
        ..Planning::default()
    };
    let scene = planned(planning, tests(), code());
    let repo = project(&scene, &spec);
    let json = run(&repo).ok().json();
    assert_eq!(json["size"], "L");
    assert_eq!(json["parts"][1]["title"], "Megabytes");
    assert_eq!(subjects(&repo).len(), 4);
    each_commit_passes(&repo);
    let split = asked_for(&scene, Part::Split);
    assert!(split[1].contains("| `AC-2` belongs to no part"), "{}", split[1]);
    let plans = asked_for(&scene, Part::Plan);
    assert!(plans[1].contains("| Megabytes") && !plans[1].contains("| Kilobytes"));
    for part in ["sizes-1", "sizes-2"] {
        repo.git(&["show", &format!("tribunal/sizes:docs/decisions/{part}.md")]).ok();
    }
}

#[test]
fn a_small_size_that_is_voted_needs_no_plan_and_an_unread_one_is_large() {
    let one = SPEC.replace("size: M\n", "").replace(
        "- **AC-2** WHEN `sh src/size.sh 2M` is run THEN it prints `2097152`. verify: test\n",
        "",
    );
    let small =
        Planning { size: vec![json!({"size": "S", "why": "one function"})], ..Planning::default() };
    let scene = planned(small, tests(), code());
    // What only a person can see is said.
    let looked_at = one.replace("`2048`. verify: test", "`2048`. verify: human");
    let repo = project(&scene, &looked_at);
    let json = run(&repo).ok().json();
    assert_eq!((&json["size"], &json["for_people"]), (&"S".into(), &json!(["AC-1"])));
    let show = repo.tribunal(&["runs", "show", short(json["run"].as_str().unwrap())]);
    show.ok().says("AC-1: the spec wants you to look at it");
    assert_eq!(subjects(&repo), ["feat(size): read kilobytes"]);

    let unread = Planning {
        size: vec![json!({"size": "XXL", "why": "?"})],
        parts: vec![json!({"parts": []})],
        ..Planning::default()
    };
    let scene = planned(unread, tests(), code());
    let repo = project(&scene, &one);
    let outcome = run(&repo).code(3);
    assert_eq!(outcome.json()["size"], "L");
    assert!(reasons(&outcome).contains("it was not split into parts that cover it"));
}

pub fn finding(severity: &str, title: &str) -> Value {
    json!({
        "severity": severity, "section": "Flow", "title": title,
        "failure": "a caller gets a wrong number", "remedy": "say so",
    })
}

#[test]
fn a_plan_is_repaired_until_its_review_finds_nothing_that_holds_it() {
    let high = |title: &str| finding("high", title);
    let planning = Planning {
        plans: vec![plan("first"), plan("second")],
        findings: vec![
            json!([finding("critical", "the sign is lost")]),
            json!([high("one"), high("two")]),
        ],
        tasks: vec![two_tasks()],
        ..Planning::default()
    };
    let scene = planned(planning, tests(), code());
    let repo = project(&scene, SPEC);
    run(&repo).ok();
    let plans = asked_for(&scene, Part::Plan);
    assert_eq!(plans.len(), 2);
    assert!(plans[1].contains("| critical, in `Flow`: the sign is lost"), "{}", plans[1]);
    let decided = repo.git(&["show", "tribunal/sizes:docs/decisions/sizes.md"]).ok();
    assert!(decided.out().contains("(second)") && decided.out().contains("high, in `Flow`: two"));
    // The reviewer that reads the plan is of another vendor than the planner.
    let family = |part| {
        let asked = scene.asked().into_iter().find(|asked| Question::read(asked).part == part);
        asked.unwrap().api
    };
    assert_ne!(family(Part::Plan), family(Part::PlanReview));
}

#[test]
fn what_finds_no_plan_or_no_tasks_is_a_persons_to_decide() {
    let critical = || vec![json!([finding("critical", "the sign is lost")])];
    let rounds: Vec<Value> = (0..12).map(|n| plan(&n.to_string())).collect();
    let two_parts = json!({"parts": [
        {"title": "Kilobytes", "criteria": ["AC-1"]}, {"title": "Megabytes", "criteria": ["AC-2"]},
    ]});
    let gap = json!({"tasks": [task("Read kilobytes", &["AC-1"], &["src/size.sh"])]});
    let wide = json!({"tasks": [task("All", &["AC-1", "AC-2"], &["src/**"])]});
    for (planning, says) in [
        (
            Planning {
                plans: rounds,
                findings: critical(),
                parts: vec![two_parts],
                ..Planning::default()
            },
            ["no plan passed its review", "3 reviews in a row found no less", "the sign is lost"],
        ),
        (
            Planning { tasks: vec![gap], ..good() },
            ["its plan was not cut into tasks that build it", "no task serves `AC-2`", ""],
        ),
        (
            Planning { tasks: vec![wide], ..good() },
            ["its plan was not cut into tasks", "`src/**` is no path of one file", ""],
        ),
    ] {
        let scene = planned(planning, tests(), code());
        let repo = project(&scene, SPEC);
        let outcome = run(&repo).code(3);
        for text in says {
            assert!(reasons(&outcome).contains(text), "`{text}` in {}", reasons(&outcome));
        }
        assert!(asked_for(&scene, Part::Tests).is_empty());
        assert_eq!(repo.git(&["branch", "--list", "tribunal/*"]).out(), "");
    }
}

#[test]
fn where_the_plan_needs_structure_it_comes_first_and_without_tests() {
    let mut needs = plan("structure");
    needs["needs_scaffold"] = json!(true);
    let mut structure = task("The file", &[], &["src/size.sh"]);
    structure["kind"] = json!("scaffold");
    let mut listed = two_tasks();
    listed["tasks"].as_array_mut().unwrap().insert(0, structure);
    let planning =
        Planning { plans: vec![needs], tasks: vec![two_tasks(), listed], ..Planning::default() };
    let mut code = code();
    let empty = "# Prints a size in bytes: not written yet.\nexit 1\n";
    code.insert(0, writes(&[("src/size.sh", empty)], "SUBJECT: feat(size): add the file of sizes"));
    let scene = planned(planning, tests(), code);
    let repo = project(&scene, SPEC);
    run(&repo).ok();
    assert_eq!(
        subjects(&repo)[..2],
        ["feat(size): add the file of sizes", "feat(size): read kilobytes"]
    );
    let listings = asked_for(&scene, Part::TaskList);
    assert!(listings[1].contains("| the plan asks for new structure"), "{}", listings[1]);
    each_commit_passes(&repo);
}

#[test]
fn a_task_is_held_to_the_files_that_it_declares() {
    let beside = writes(&[("src/size.sh", KILO), ("src/hello.sh", "echo hello # hi\n")], "");
    let scene = planned(good(), tests(), vec![beside]);
    let repo = project(&scene, SPEC);
    let outcome = run(&repo).code(3);
    let says = "it changed `src/hello.sh`, which the task's list of files does not name";
    assert!(reasons(&outcome).contains(says), "{}", reasons(&outcome));
}

#[test]
fn in_manual_mode_a_person_answers_for_the_plan_the_tasks_and_the_result() {
    let planning = Planning { plans: vec![plan("first"), plan("second")], ..good() };
    let scene = planned(planning, tests(), code());
    let repo = project(&scene, SPEC);
    let waits = |outcome: Outcome, about: &str| {
        let json = outcome.code(3).json();
        assert_eq!(json["waits_for"]["about"], about, "{json}");
        short(json["run"].as_str().unwrap()).to_owned()
    };
    let words = ["run", "docs/specs/sizes.md", "--mode", "manual", "--format", "json"];
    let id = waits(repo.tribunal(&words), "the plan");
    let shown = repo.tribunal(&["runs", "show", &id]);
    shown.says("waits for your answer about the plan:").says("## Risks").says("approve");
    repo.tribunal(&["runs"]).ok().says("waits for you");
    let answer = |words: &[&str]| repo.tribunal(&[words, &["--format", "json"]].concat());
    waits(answer(&["reject", &id, "--note", "no cache please"]), "the plan");
    let plans = asked_for(&scene, Part::Plan);
    assert!(plans[1].contains("| failure: no cache please"), "{}", plans[1]);
    waits(answer(&["approve", &id]), "the tasks");
    // Resuming it answers nothing.
    waits(answer(&["resume", &id]), "the tasks");
    waits(answer(&["approve", &id]), "the result");
    assert_eq!(repo.git(&["branch", "--list", "tribunal/*"]).out(), "");
    let json = answer(&["approve", &id]).ok().json();
    assert_eq!((&json["verdict"], &json["waits_for"]), (&"pass".into(), &Value::Null));
    answer(&["approve", &id]).code(2).says("waits for no answer");
    assert_eq!(subjects(&repo).len(), 4);

    // What is rejected at the end is not published.
    let scene = planned(good(), tests(), code());
    let repo = project(&scene, SPEC);
    let answer = |words: &[&str]| repo.tribunal(&[words, &["--format", "json"]].concat());
    let id = waits(repo.tribunal(&words), "the plan");
    waits(answer(&["approve", &id]), "the tasks");
    waits(answer(&["approve", &id]), "the result");
    let outcome = answer(&["reject", &id, "--note", "not so"]).code(1);
    assert!(reasons(&outcome).contains("you rejected it: not so"));
    assert_eq!(repo.git(&["branch", "--list", "tribunal/*"]).out(), "");
}

/// A plan that nobody makes better is its person's again, and the spec is split by nobody.
#[test]
fn a_rejected_plan_that_comes_back_as_it_was_is_asked_about_again() {
    let scene = planned(good(), tests(), code());
    let repo = project(&scene, SPEC);
    let words = ["run", "docs/specs/sizes.md", "--mode", "manual", "--format", "json"];
    let id = repo.tribunal(&words).code(3).json()["run"].as_str().unwrap().to_owned();
    let rejected = repo.tribunal(&["reject", &id, "--note", "no cache please"]).code(3);
    rejected
        .says("waits for your answer about the plan:")
        .says("It did not get better: it was written again as it was before.")
        .says("no cache please");
    assert!(asked_for(&scene, Part::Split).is_empty());
    repo.tribunal(&["approve", &id]).code(3).says("waits for your answer about the tasks:");
}

/// Of so many save points one is tried.
const STEP: u64 = 61;

fn planned_project(scene: &Scene) -> Repo<'_> {
    project(scene, SPEC)
}

/// An executor that takes the step of the task that it is asked for, however often it is; others are asked
/// everything else.
pub fn by_task(
    tests: Vec<Step>,
    code: Vec<Step>,
    others: impl Fn(&Asked) -> Say + Send + Sync + 'static,
) -> impl Fn(&Asked) -> Say + Send + Sync + 'static {
    move |asked: &Asked| {
        let steps = match Question::read(asked).part {
            Part::Tests => &tests,
            Part::Code => &code,
            _ => return others(asked),
        };
        let task =
            ["| # Task 1:", "| # Task 2:"].iter().position(|head| asked.prompt.contains(head));
        taken(&steps[task.unwrap()], asked)
    }
}

fn whole_project() -> Scene {
    Scene::new("", by_task(tests(), code(), planner(good()))).logged_in(&KEYS)
}

/// Killed at a save point, a planned run goes on to the same commits; a call that was answered is not made again.
#[test]
fn a_planned_run_survives_a_kill_at_a_save() {
    let scene = whole_project();
    let repo = planned_project(&scene);
    let whole = Left::of(&scene, &repo, &run(&repo).ok());
    assert_eq!(made(&scene).len(), whole.calls.len());
    assert_eq!(&whole.calls[..2], ["plan-1-1", "plan-review-1-2"]);
    killed_at_saves(&whole, STEP, whole_project, planned_project);
}

/// The real programs write a spec of a text, plan, review, write and judge; what a real service would answer nobody
/// verifies here.
#[test]
fn the_real_programs_build_a_text_of_several_tasks() {
    let test = "planned_runs::the_real_programs_build_a_text_of_several_tasks";
    let Some(programs) = real::programs(test) else { return };
    if !real::codex_is_held(test) {
        return;
    }
    let others = specifier(vec![two_criteria()], Vec::new(), planner(good()));
    let brain = stepping(tests(), code(), others);
    let scene = Scene::real(Sandbox::new(), programs, "[agents]\nretries = 0\n", brain);
    let scene = scene.logged_in(&KEYS);
    let repo = project(&scene, SPEC);
    let wanted = "Read sizes with a unit: 2K, 2M.";
    let json = repo.tribunal(&["run", "--text", wanted, "--format", "json"]).ok().json();
    repo.git(&["branch", "tribunal/sizes", json["branch"].as_str().unwrap()]).ok();
    assert_eq!((subjects(&repo).len(), &json["cost"]["unknown"]), (5, &json!(0)), "{json}");
    each_commit_passes(&repo);
    let message = repo.git(&["log", "-1", "--format=%B", "tribunal/sizes~2"]).ok();
    for (trailer, name) in [("Executor", "claude"), ("Reviewer", "codex"), ("Arbiter", "")] {
        let line = format!("Tribunal-{trailer}: {name} ");
        assert_eq!(message.out().contains(&line), !name.is_empty(), "{message}");
    }
}

#[test]
fn what_a_planned_run_built_needs_no_other_review_at_the_push() {
    let scene = planned(good(), tests(), code());
    let repo = project(&scene, SPEC);
    is_pushed_without_another_review(&scene, &repo);
}

#[test]
fn a_planned_run_and_all_its_reviews_share_one_budget() {
    let scene = planned(good(), tests(), code());
    let repo = project(&scene, SPEC);
    let spent = run(&repo).ok().json()["cost"]["usd"].as_f64().unwrap();
    // The last call, that of the review of all of it, is one too many.
    let scene = planned(good(), tests(), code());
    let repo = project(&scene, SPEC);
    let mut words = vec!["run".to_owned(), "sizes".to_owned(), "--format=json".to_owned()];
    words.push(format!("--set=budget.run={:.4}", spent * 0.9 + 0.1));
    for role in ["planner", "executor", "reviewer", "arbiter"] {
        words.push(format!("--set=agents.{role}.budget=0.1"));
    }
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let json = repo.tribunal(&words).code(4).json();
    assert_eq!((&json["stage"], &json["resume_when"]), (&"paused".into(), &"budget allows".into()));
    assert_eq!(json["commits"].as_array().unwrap().len(), 2, "{json}");
    repo.tribunal(&["resume", short(json["run"].as_str().unwrap())]).ok().says("built `sizes`");
}

#[test]
fn what_has_the_name_of_a_document_stays() {
    // Names that differ in case alone are one file on some systems.
    for name in ["sizes", "Sizes"] {
        let scene = planned(good(), tests(), code());
        let repo = project(&scene, SPEC);
        for kind in ["decisions", "progress"] {
            repo.write(format!("docs/{kind}/{name}.md"), "# Mine\n");
        }
        repo.git(&["add", "docs/decisions", "docs/progress"]).ok();
        repo.git(&["commit", "--quiet", "--no-verify", "-m", "docs: mine"]).ok();
        let json = run(&repo).ok().json();
        let own = format!("sizes-{}.md", short(json["run"].as_str().unwrap()).to_lowercase());
        let listed = ["diff", "--name-status", "main", "tribunal/sizes", "--", "docs"];
        let listed = repo.git(&listed).ok();
        let wanted =
            ["decisions", "progress", "review"].map(|kind| format!("A\tdocs/{kind}/{own}"));
        assert_eq!(listed.out().lines().collect::<Vec<_>>(), wanted, "{name}");
    }
}

#[test]
fn a_base_without_a_place_for_documents_is_refused_before_anything_is_paid() {
    let scene = planned(good(), tests(), code());
    let repo = project(&scene, SPEC);
    repo.write("docs/decisions", "one file\n").git(&["add", "docs/decisions"]).ok();
    repo.git(&["commit", "--quiet", "--no-verify", "-m", "docs: one file"]).ok();
    let refused = run(&repo).code(2);
    refused.says("`docs/decisions` is no folder in `main`").says("state `size: S`");
    assert!(scene.asked().is_empty());
    repo.write("docs/specs/small.md", SPEC.replace("size: M", "size: S"));
    repo.tribunal(&["run", "docs/specs/small.md"]).never_says("is no folder");
}

#[test]
fn a_task_that_declares_what_no_task_may_change_goes_back_to_the_planner() {
    let paths = ["src/size.sh", "tribunal.toml", "AGENTS.md"];
    let strange = json!({"tasks": [
        task("Read kilobytes", &["AC-1"], &paths),
        task("Read megabytes", &["AC-2"], &["run-tests", "docs/specs/sizes.md", "docs/review/a.md"]),
    ]});
    let scene = planned(Planning { tasks: vec![strange, two_tasks()], ..good() }, tests(), code());
    let repo = project(&scene, SPEC);
    run(&repo).ok();
    let again = &asked_for(&scene, Part::TaskList)[1];
    for text in [
        "| task 1: it declares `tribunal.toml`: the policy",
        "| task 1: it declares `AGENTS.md`: the policy",
        "| task 2: it declares `run-tests`: it runs the tests",
        "| task 2: it declares `docs/specs/sizes.md`: what is to be built",
        "| task 2: it declares `docs/review/a.md`: no review reads it (`review.leave-out`)",
    ] {
        assert!(again.contains(text), "`{text}` in {again}");
    }
    assert_eq!(asked_for(&scene, Part::Tests).len(), 2);
}

#[test]
fn a_base_that_is_no_default_branch_is_still_that_branch_once_another_one_is_checked_out() {
    let scene = planned(good(), tests(), code());
    let repo = project(&scene, SPEC);
    repo.git(&["branch", "-m", "trunk"]).ok();
    let json = run(&repo).ok().json();
    repo.git(&["checkout", "--quiet", "-b", "other"]).ok();
    repo.git(&["commit", "--quiet", "--no-verify", "--allow-empty", "-m", "chore: other"]).ok();
    let show = || repo.tribunal(&["runs", "show", short(json["run"].as_str().unwrap())]).ok();
    show().never_says("beyond");
    repo.git(&["branch", "--force", "trunk", "other"]).ok();
    show().says("`trunk` has 1 commit beyond the one that it was built on");
}

#[test]
fn a_criterion_of_several_tasks_is_held_against_the_last_of_them() {
    let listed = json!({"tasks": [
        task("Read kilobytes", &["AC-1", "AC-2"], &["src/size.sh"]),
        task("Read megabytes", &["AC-2"], &["src/size.sh"]),
    ]});
    let scene = planned(Planning { tasks: vec![listed], ..good() }, tests(), code());
    let repo = project(&scene, SPEC);
    run(&repo).ok();
    let reviews = asked_for(&scene, Part::Review);
    assert!(reviews[0].contains("AC-1: ") && !reviews[0].contains("AC-2: "), "{}", reviews[0]);
    assert!(reviews[1].contains("AC-2: ") && !reviews[1].contains("AC-1: "), "{}", reviews[1]);
}

#[test]
fn code_that_no_review_reads_is_not_taken() {
    let hidden = [("src/size.sh", ". vendor/units.sh\n"), ("vendor/units.sh", KILO)];
    let by_task = json!({"tasks": [
        task("Read kilobytes", &["AC-1"], &["src/size.sh", "vendor/units.sh"]),
        task("Read megabytes", &["AC-2"], &["src/size.sh"]),
    ]});
    let scene = planned(Planning { tasks: vec![by_task], ..good() }, tests(), code());
    let repo = project(&scene, SPEC);
    let says = "`vendor/units.sh`: no review reads it (`review.leave-out`)";
    assert!(reasons(&run(&repo).code(3)).contains(says));

    // Where nobody names the files of a task either; a person may, in the spec.
    let small = SPEC.replace("size: M", "size: S").replace(
        "- **AC-2** WHEN `sh src/size.sh 2M` is run THEN it prints `2097152`. verify: test\n",
        "",
    );
    let scene = planned(good(), tests(), vec![writes(&hidden, "")]);
    let repo = project(&scene, &small);
    let says = "it changed `vendor/units.sh`, which no review reads (`review.leave-out`)";
    assert!(reasons(&run(&repo).code(3)).contains(says));
    let scene = planned(good(), tests(), vec![writes(&hidden, "")]);
    let named = small.replace("size: S\n", "size: S\ntouches: [src/size.sh, vendor/units.sh]\n");
    run(&project(&scene, &named)).ok();
}
