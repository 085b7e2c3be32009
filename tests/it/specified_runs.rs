//! What somebody wants, in a sentence or in a file: a spec is written of it, reviewed, and built; or what a person has
//! to decide is told.

use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::brain::{Part, Question, sections_read};
use crate::dropped_specs::{agree, looks_often, runs, waits_for};
use crate::harness::{Outcome, Repo, short};
use crate::manual_runs::waits;
use crate::model_server::{Asked, Say};
use crate::moved_bases::while_moving;
use crate::planned_runs::{
    Planning, asked_for, code, finding, plan, planner, reasons, tests, two_tasks,
};
use crate::scene::{Scene, Watcher, secret};
use crate::spec_runs::{
    Left, OLD_TEST, POLICY, RUNNER, builder_beside, good_code, good_tests, killed_at_saves_of,
    made, writes,
};

const TEXT: &str = "Read sizes with a unit: 2K is 2048.";

const WORDS: [&str; 5] = ["run", "--text", TEXT, "--format", "json"];

/// What the planner makes of the text.
pub fn draft() -> Value {
    json!({
        "verdict": "spec", "why": "", "evidence": [],
        "title": "Read sizes with a unit", "goal": "People write sizes as `2K`.",
        "criteria": [{"text": "WHEN `sh src/size.sh 2K` is run THEN it prints `2048`", "verify": "test"}],
        "constraints": ["`src/hello.sh` MUST print what it prints now"], "critical_if": [], "edge_cases": [],
        "non_goals": ["units above `K`"], "touches": [], "size": "S", "questions": [],
    })
}

fn with(fields: &[(&str, Value)]) -> Value {
    let mut answer = draft();
    for (field, value) in fields {
        answer[*field] = value.clone();
    }
    answer
}

fn nothing(verdict: &str, evidence: Value) -> Value {
    with(&[("verdict", json!(verdict)), ("why", json!("It greets.")), ("evidence", evidence)])
}

fn question() -> Value {
    json!([{"question": "Is K 1000 or 1024?", "assumption": "It is 1024."}])
}

/// A planner that makes these specs of a text, the last again and again, and a reviewer that finds these in them and
/// then nothing; others answer the rest.
pub fn specifier(
    drafts: Vec<Value>,
    findings: Vec<Value>,
    others: impl Fn(&Asked) -> Say + Send + Sync + 'static,
) -> impl Fn(&Asked) -> Say + Send + Sync + 'static {
    let asked_before = [const { AtomicUsize::new(0) }; 2];
    move |asked: &Asked| {
        let place = match Question::read(asked).part {
            Part::SpecWriting => 0,
            Part::SpecReview => 1,
            _ => return others(asked),
        };
        let is_new = usize::from(asked.turns == 0);
        let before = asked_before[place].fetch_add(is_new, Ordering::Relaxed) + is_new - 1;
        if place == 0 {
            return Say::json(drafts[before.min(drafts.len() - 1)].clone());
        }
        let found = findings.get(before).cloned().unwrap_or(json!([]));
        Say::json(json!({ "findings": found, "read": sections_read(asked) }))
    }
}

fn scene(drafts: Vec<Value>, findings: Vec<Value>) -> Scene {
    let others = planner(Planning::default());
    builder_beside(vec![good_tests()], vec![good_code()], specifier(drafts, findings, others))
}

fn good() -> Scene {
    scene(vec![with(&[("questions", question())])], Vec::new())
}

fn project(scene: &Scene) -> Repo<'_> {
    let repo = scene.sandbox.repo("r");
    repo.write("run-tests", RUNNER).write("tribunal.toml", POLICY);
    repo.write("src/hello.sh", "echo hello\n").write("tests/hello_test.sh", OLD_TEST);
    repo.commit_unjudged("feat: hello");
    repo.tribunal(&["trust", "commands", "--yes"]).ok();
    repo
}

fn run(repo: &Repo<'_>) -> Outcome {
    repo.tribunal(&WORDS)
}

fn branch(repo: &Repo<'_>) -> String {
    let all = repo.git(&["branch", "--list", "--format=%(refname:short)", "tribunal/*"]).ok();
    all.out().to_owned()
}

/// What is at that path of the branch.
fn on_branch(repo: &Repo<'_>, path: &str) -> String {
    repo.git(&["show", &format!("{}:{path}", branch(repo))]).ok().out().to_owned()
}

#[test]
fn a_text_becomes_a_spec_and_a_commit_and_what_was_assumed_is_shown() {
    let scene = good();
    let repo = project(&scene);
    let outcome = repo.tribunal(&["run", "--text", TEXT]).ok();
    let branch = branch(&repo);
    let id = branch.strip_prefix("tribunal/").unwrap();
    assert!(id.starts_with("read-sizes-with-a-unit-2k-"), "{id}");
    let path = format!("docs/specs/{id}.md");
    for text in [
        &format!("writing and building the spec `{id}` on main")[..],
        &format!("spec: {path}, on its branch"),
        "assumed: Is K 1000 or 1024? It is 1024.",
        &format!("built `{id}`: commit "),
        "3 files",
        "`git merge ",
    ] {
        assert!(outcome.to_string().contains(text), "`{text}` in {outcome}");
    }
    // Few calls: the size is the planner's word.
    let parts: Vec<Part> = scene
        .asked()
        .iter()
        .filter(|asked| asked.turns == 0)
        .map(|asked| Question::read(asked).part)
        .collect();
    let all = [Part::SpecWriting, Part::SpecReview, Part::Tests, Part::Code, Part::Review];
    assert_eq!(parts, all);
    for part in [Part::SpecWriting, Part::SpecReview] {
        let asked = &asked_for(&scene, part)[0];
        assert!(asked.contains(&format!("| {TEXT}")) && !asked.contains("{{"), "{asked}");
    }
    for part in [Part::SpecReview, Part::Tests, Part::Code, Part::Review] {
        let asked = &asked_for(&scene, part)[0];
        assert!(asked.contains("| - Is K 1000 or 1024? It is 1024."), "{asked}");
    }
    // The spec stands below what is built by it, and is a spec.
    let log = repo.git(&["log", "--reverse", "--format=%s", &format!("main..{branch}")]).ok();
    let subjects =
        [format!("docs: write the spec `{id}`"), "feat(size): read sizes with a unit".to_owned()];
    assert_eq!(log.out().lines().collect::<Vec<_>>(), subjects);
    let message = repo.git(&["log", "-1", "--format=%B", &branch]).ok();
    assert!(message.out().contains(&format!("\n\nSpec: {id}\nCriteria: AC-1, C-1\n")), "{message}");
    let spec = on_branch(&repo, &path);
    assert!(spec.contains("status: done") && spec.contains("### Assumptions"), "{spec}");
    assert_eq!(repo.git(&["status", "--porcelain"]).ok().out(), "");
    repo.git(&["checkout", "--quiet", &branch]).ok();
    repo.tribunal(&["spec", "lint", &path]).ok();
    repo.tribunal(&["check", "--commands", "--all"]).ok();
    repo.git(&["checkout", "--quiet", "main"]).ok();
    // It is told again.
    let listed = repo.tribunal(&["runs", "--format", "json"]).ok().json();
    let run = listed["runs"].as_array().unwrap().iter().find(|run| run["kind"] == "spec").unwrap();
    assert_eq!(run["title"], "Read sizes with a unit");
    assert_eq!(run["idea"]["assumptions"], question());
    assert_eq!((&run["idea"]["spec"], &run["idea"]["text"]), (&json!(path), &json!(TEXT)));
    let run_id = short(run["id"].as_str().unwrap()).to_owned();
    repo.tribunal(&["runs", "show", &run_id]).ok().says("assumed: Is K 1000 or 1024? It is 1024.");
    repo.tribunal(&["logs", &run_id]).ok().says("writing the spec").says("committing the spec");

    // The same again is known, also once it is merged.
    let asked = scene.asked().len();
    let again = ["run", "--text", &format!(" {}\n", TEXT.replace(' ', "  "))];
    repo.tribunal(&again)
        .code(2)
        .says("what this text asks for was built already")
        .says("`git merge ");
    repo.git(&["merge", "--quiet", &branch]).ok();
    repo.git(&["branch", "-D", &branch]).ok();
    repo.tribunal(&again).code(2).says(&format!("`main` has `{path}`"));
    repo.tribunal(&["run", &path]).code(2).says("is done");
    assert_eq!(scene.asked().len(), asked);
}

#[test]
fn what_was_built_of_a_text_needs_no_other_review_at_the_push() {
    let scene = good();
    let repo = project(&scene);
    let policy = format!("{POLICY}[review]\npre-push = \"block\"\n");
    repo.write("tribunal.toml", policy).commit_unjudged("chore: policy");
    repo.push_to(&scene.sandbox.bare("origin.git"));
    repo.tribunal(&["hooks", "install"]).ok();
    repo.tribunal(&["trust", "reviews", "--yes"]).ok();
    run(&repo).ok();
    let asked = scene.asked().len();
    let pushed = repo.git(&["push", "origin", &branch(&repo)]).ok();
    assert_eq!(scene.asked().len(), asked);
    pushed.never_says("not checked when made");
}

#[test]
fn a_spec_that_a_run_wrote_begins_no_other_run() {
    let scene = good();
    let repo = project(&scene);
    looks_often(&scene, &repo);
    agree(&repo);
    let _watcher = Watcher::without_reviews(&repo);
    let json = run(&repo).ok().json();
    let (id, path) = (json["spec"].as_str().unwrap(), json["idea"]["spec"].as_str().unwrap());
    repo.git(&["merge", "--quiet", &branch(&repo)]).ok();
    // As if its person saved it once more: it is another text, which nobody built.
    repo.write(path, repo.read(path) + "\n## Open questions\n\n- none\n");
    waits_for(&repo, id, "a draft, or done");
    assert_eq!(runs(&repo).len(), 1);
}

#[test]
fn who_wrote_the_spec_has_no_code_taken_that_no_review_reads() {
    let touches = json!(["src/size.sh", "src/vendor/units.sh"]);
    let hidden =
        [("src/size.sh", ". src/vendor/units.sh\n"), ("src/vendor/units.sh", "echo 2048\n")];
    let drafts = vec![with(&[("touches", touches)])];
    let others = specifier(drafts, Vec::new(), planner(Planning::default()));
    let scene = builder_beside(vec![good_tests()], vec![writes(&hidden, "")], others);
    let repo = project(&scene);
    let says = "it changed `src/vendor/units.sh`, which no review reads (`review.leave-out`)";
    assert!(reasons(&run(&repo).code(3)).contains(says));
}

#[test]
fn what_lint_refuses_and_what_cannot_be_tested_goes_back_to_who_wrote_it() {
    let vague = json!([{"text": "WHEN a size is read THEN it is fast", "verify": "test"}]);
    let untestable =
        json!([{"text": "WHEN a size is read THEN people understand it", "verify": "test"}]);
    let drafts = vec![with(&[("criteria", vague)]), with(&[("criteria", untestable)]), draft()];
    let mut found = finding("critical", "nobody can test whether people understand it");
    found["section"] = json!("Acceptance criteria");
    let left = json!([finding("high", "the unit of 2k is not named")]);
    let scene = scene(drafts, vec![json!([found]), left]);
    let repo = project(&scene);
    let json = run(&repo).ok().json();
    let shown = repo.tribunal(&["runs", "show", short(json["run"].as_str().unwrap())]).ok();
    shown.says("left open by its review: high: the unit of 2k is not named");
    let asked = asked_for(&scene, Part::SpecWriting);
    assert_eq!((asked.len(), asked_for(&scene, Part::SpecReview).len()), (3, 2));
    assert!(asked[1].contains("| vague-wording: `fast` is not measurable"), "{}", asked[1]);
    let repaired = &asked[2];
    assert!(repaired.contains("nobody can test whether people understand it"), "{repaired}");
    assert!(repaired.contains("| - **AC-1** WHEN a size is read THEN people understand it"));
    assert!(!repaired.contains("was not taken"), "{repaired}");
}

#[test]
fn a_person_answers_what_a_text_leaves_open() {
    let answered =
        with(&[("questions", json!([{"question": "Is k a unit?", "assumption": "It is not."}]))]);
    let scene = scene(vec![with(&[("questions", question())]), answered], Vec::new());
    let repo = project(&scene);
    let begun = repo.tribunal(&[&WORDS[..], &["--mode", "manual"]].concat());
    let (id, _) = waits(begun, "the spec");
    let mut page = repo.tribunal(&["runs", "show", &id]);
    for text in [
        "waits for your answer about the spec:",
        "1. Is K 1000 or 1024?",
        "- assumed: It is 1024.",
        "- **AC-1** WHEN `sh src/size.sh 2K`",
        "still to come: about 3 to 8 calls",
        "has it made again",
    ] {
        page = page.says(text);
    }
    repo.tribunal(&["reject", &id]).code(2).says("say what should be otherwise");
    let says = |words: &[&str]| repo.tribunal(&[words, &["--format", "json"]].concat());
    waits(says(&["reject", &id, "--note", "1024, and nothing else"]), "the spec");
    let asked = asked_for(&scene, Part::SpecWriting);
    assert!(asked[1].contains("| failure: 1024, and nothing else"), "{}", asked[1]);
    // The second page, in its file.
    let shown = says(&["runs", "show", &id]).json();
    let file = shown["waits_for"]["file"].as_str().unwrap();
    let text = fs::read_to_string(file).unwrap();
    assert!(text.contains("1. Is k a unit?"), "{text}");
    fs::write(file, text.replacen("answer:", "answer: approve", 1)).unwrap();
    waits(says(&["resume", &id]), "the result");
    says(&["approve", &id]).ok();
    assert!(branch(&repo).starts_with("tribunal/read-sizes"), "{}", branch(&repo));
}

#[test]
fn what_asks_for_nothing_is_told_with_why_and_costs_one_call() {
    let there = json!([{"path": "src/hello.sh", "line": 3, "quote": "echo hello"}]);
    for (answer, says) in [
        (
            nothing("nothing-wanted", json!([])),
            ["it asks for nothing that could be built here", "It greets."],
        ),
        (
            nothing("contradiction", json!([])),
            ["it contradicts itself or what the code promises", "It greets."],
        ),
        (
            nothing("already-there", there),
            ["the code does it already", "src/hello.sh:1: echo hello"],
        ),
    ] {
        let scene = scene(vec![answer], Vec::new());
        let repo = project(&scene);
        let outcome = repo.tribunal(&["run", "--text", "hello", "--format", "json"]).code(3);
        for text in says {
            assert!(reasons(&outcome).contains(text), "`{text}` in {}", reasons(&outcome));
        }
        assert_eq!((scene.asked().len(), branch(&repo)), (1, String::new()));
        let id = outcome.json()["run"].as_str().unwrap().to_owned();
        let shown = repo.tribunal(&["runs", "show", short(&id)]).ok();
        shown.says("is not built: the planner says").says("say in the text what should be there");
    }
}

#[test]
fn a_spec_that_gets_no_better_is_a_persons_and_is_kept_for_them() {
    let vague = json!([{"text": "it is fast", "verify": "test"}]);
    let critical = || json!([finding("critical", "two would build different things")]);
    for (drafts, says) in [
        (vec![with(&[("criteria", vague)])], "vague-wording: `fast` is not measurable"),
        (vec![draft()], "two would build different things"),
    ] {
        let is_reviewed = says.starts_with("two");
        let scene = scene(drafts, vec![critical(); 4]);
        let repo = project(&scene);
        let outcome = run(&repo).code(3);
        let said = reasons(&outcome);
        assert!(said.contains("no spec was written of it that passes its checks"), "{said}");
        assert!(said.contains(says), "`{says}` in {said}");
        let id = outcome.json()["run"].as_str().unwrap().to_owned();
        let shown = repo.tribunal(&["runs", "show", short(&id)]).ok();
        let kept = "the spec that was written is kept as `";
        if is_reviewed {
            shown.says(kept)
        } else {
            shown.never_says(kept)
        };
        assert!(asked_for(&scene, Part::Tests).is_empty());
    }
}

#[test]
fn a_text_comes_from_standard_input_and_what_could_not_end_costs_nothing() {
    let scene = good();
    let repo = project(&scene);
    let words = ["run", "--text", "-", "--format", "json"];
    let text = format!("{TEXT}\nThe key is {}.\n", secret());
    let outcome = repo.tribunal_with(&words, &[], text.as_bytes()).ok();
    outcome.never_says(&secret());
    for asked in scene.asked() {
        assert!(!asked.prompt.contains(&secret()), "{}", asked.prompt);
    }
    let asked = scene.asked().len();
    repo.write("notes.md", "# Notes\n\nSizes should have units.\n");
    for (words, input, says) in [
        (&["run"][..], "", "<SPEC|--text <TEXT>>"),
        (&["run", "a", "--text", "b"], "", "cannot be used with"),
        (&["run", "--text", " \n"], "", "the text is empty"),
        (&["run", "--text", "-"], "", "the text is empty"),
        (&["run", "--text", "-"], &"x".repeat(70_000), "has more than 65536 bytes"),
        (&["run", "--text", &"x".repeat(70_000)], "", "the text has more than 65536 bytes"),
        (&["run", "--text", "a", "--base", "next"], "", "`next` is to be the base"),
        (&["run", "--text", "a", "--mode", "fast"], "", "fast mode builds a spec that is there"),
        (&["run", "notes.md"], "", "this is no spec"),
        (&["run", "notes.md"], "", "`tribunal run --text - <"),
    ] {
        repo.tribunal_with(words, &[], input.as_bytes()).code(2).says(says);
    }
    repo.write("docs/specs", "a file\n").git(&["add", "docs/specs"]).ok();
    repo.git(&["commit", "--quiet", "--no-verify", "-m", "docs: a file"]).ok();
    repo.tribunal(&["run", "--text", "More."]).code(2).says("`docs/specs` is no folder in `main`");
    assert_eq!(scene.asked().len(), asked);
}

#[test]
fn an_idea_in_a_file_is_built_with_what_stands_beside_it() {
    let scene = good();
    let repo = project(&scene);
    let folder = "Docs/Version/1.2/sizes";
    repo.write(format!("{folder}/idea.md"), format!("# Sizes\n\n## Goal\n\n{TEXT}\n"));
    repo.write(format!("{folder}/glossary.md"), "K is a kibibyte.\n");
    repo.write(format!("{folder}/picture.png"), "not text");
    // What is kept out of the repository is not for others to read.
    repo.write(format!("{folder}/private.md"), "Who pays.\n")
        .write(".git/info/exclude", "private.md\n");
    let words = ["run", &format!("{folder}/idea.md"), "--format", "json"];
    let json = repo.tribunal(&words).ok().json();
    assert_eq!(json["idea"]["beside"], json!(["glossary.md"]));
    let asked = &asked_for(&scene, Part::SpecWriting)[0];
    assert!(
        asked.contains("| K is a kibibyte.") && asked.contains(&format!("| {TEXT}")),
        "{asked}"
    );
    assert!(branch(&repo).starts_with("tribunal/sizes-"), "{}", branch(&repo));
    // Nor is what stands beside a file that is outside of it.
    let outside = scene.sandbox.path().join("notes");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("idea.md"), format!("# Sizes\n\n{TEXT} Soon.\n")).unwrap();
    fs::write(outside.join("diary.md"), "Who pays.\n").unwrap();
    let file = outside.join("idea.md");
    let json = repo.tribunal(&["plan", file.to_str().unwrap(), "--format", "json"]).ok().json();
    assert_eq!(json["idea"]["beside"], json!([]));
    // What is a spec by what it says is one, whatever its name is.
    let criteria = "## Acceptance criteria\n\n- **AC-1** WHEN it runs THEN it prints `1`\n";
    repo.write(
        format!("{folder}/idea.md"),
        format!("---\nstatus: draft\n---\n# Sizes\n\n{criteria}"),
    );
    repo.tribunal(&words).code(2).says("the spec `idea` is a draft");
    repo.write(format!("{folder}/idea.md"), " \n");
    repo.tribunal(&words).code(2).says("idea.md` is empty");
}

/// Of so many save points one is tried.
const STEP: u64 = 53;

/// Killed at a save point, it goes on to the same spec and the same commits; a call that was answered is not made again.
#[test]
fn a_run_of_a_text_survives_a_kill_at_a_save() {
    let scene = good();
    let repo = project(&scene);
    let whole = Left::of(&scene, &repo, &run(&repo).ok());
    let calls = ["review-0-0-0", "spec-1-1", "spec-review-2", "task-1-code-1", "task-1-tests-1"];
    assert_eq!(whole.calls, calls);
    assert_eq!(made(&scene).len(), whole.calls.len());
    killed_at_saves_of(&WORDS, &whole, STEP, good, project);
}

#[test]
fn a_text_that_turns_out_larger_is_planned_and_its_documents_say_what_was_assumed() {
    let scene = {
        let planning = Planning {
            plans: vec![plan("first")],
            tasks: vec![two_tasks()],
            ..Planning::default()
        };
        let drafts = vec![two_criteria()];
        builder_beside(tests(), code(), specifier(drafts, Vec::new(), planner(planning)))
    };
    let repo = project(&scene);
    let planned = repo.tribunal(&["plan", "--text", TEXT, "--format", "json"]).ok().json();
    assert_eq!((&planned["stage"], &planned["commits"]), (&json!("planned"), &json!([])));
    assert!(asked_for(&scene, Part::Tests).is_empty());
    let id = short(planned["run"].as_str().unwrap());
    let json = repo.tribunal(&["resume", id, "--format", "json"]).ok().json();
    assert_eq!((&json["size"], json["commits"].as_array().unwrap().len()), (&json!("M"), 2));
    let id = json["spec"].as_str().unwrap();
    let progress = on_branch(&repo, &format!("docs/progress/{id}.md"));
    for text in
        ["## Assumed, since", "- Is K 1000 or 1024? It is 1024.", &format!("`docs/specs/{id}.md`")]
    {
        assert!(progress.contains(text), "`{text}` in {progress}");
    }
}

/// A spec of the planner's that is larger than a task.
pub fn two_criteria() -> Value {
    let criterion = |size: &str, bytes: &str| json!({"text": format!("WHEN `sh src/size.sh {size}` is run THEN it prints `{bytes}`"), "verify": "test"});
    with(&[
        ("criteria", json!([criterion("2K", "2048"), criterion("2M", "2097152")])),
        ("constraints", json!([])),
        ("size", json!("M")),
        ("questions", question()),
    ])
}

#[test]
fn the_same_text_continues_what_was_begun_with_it() {
    let scene = good();
    let repo = project(&scene);
    let mut save = 10;
    while asked_for(&scene, Part::SpecWriting).is_empty() {
        repo.until_save(&WORDS, save).code(-1);
        save += 4;
    }
    repo.tribunal(&["status"]).says("stopped while ").says("`tribunal resume ");
    run(&repo).ok().says("continuing the run ");
    assert_eq!(asked_for(&scene, Part::SpecReview).len(), 1);
}

/// The same, and meanwhile somebody commits this file to `main`.
fn moving(path: &str) -> Scene {
    let others = specifier(vec![draft()], Vec::new(), planner(Planning::default()));
    let code = while_moving(good_code(), &[(path, "echo more")]);
    builder_beside(vec![good_tests()], vec![code], others)
}

#[test]
fn a_spec_of_a_text_survives_a_kill_while_it_is_put_upon_a_base_that_moved() {
    let moving = || moving("src/more.sh");
    let scene = moving();
    let repo = project(&scene);
    let whole = Left::of(&scene, &repo, &run(&repo).ok());
    killed_at_saves_of(&WORDS, &whole, 23, moving, project);
}

#[test]
fn a_spec_of_a_text_and_what_is_built_by_it_are_put_upon_a_base_that_moved() {
    for (path, reviews) in [("lib/more.sh", 1), ("src/more.sh", 2)] {
        let scene = moving(path);
        let repo = project(&scene);
        let json = run(&repo).ok().json();
        let (branch, spec) = (branch(&repo), json["idea"]["spec"].as_str().unwrap());
        assert_eq!(repo.rev(&format!("{branch}~2")), repo.rev("main"), "{json}");
        assert_eq!(json["reviews"].as_array().unwrap().len(), reviews, "{json}");
        let log = ["log", "--name-only", "--format=%s", &format!("main..{branch}")];
        let log = repo.git(&log).ok().out().replace("\n\n", "\n");
        assert!(
            log.starts_with("feat(size): read sizes with a unit\n")
                && log.contains("docs: write the spec `")
                && log.trim_end().ends_with(spec),
            "{log}"
        );
        assert_eq!(repo.git(&["diff", "--quiet", "main", &branch, "--", path]).code, 0);
        // The same again is known.
        repo.tribunal(&WORDS).code(2).says("what this text asks for was built already");
    }
}
