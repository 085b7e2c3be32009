//! What a run proposes beside its tasks: changes of documents, and a rule that findings of its reviews led to.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::brain::{Mistake, Part, Question, diligent};
use crate::harness::{Repo, wait_for};
use crate::model_server::{Asked, Say};
use crate::moved_bases::while_moving;
use crate::planned_runs::{
    BOTH, KILO, SPEC, asked_for, code, good, planner, project, subjects, tests,
};
use crate::scene::{KEYS, Scene};
use crate::spec_runs::{builder, builder_beside, good_tests, run, stepping, writes};

const ARCHITECTURE: &str = "# Architecture\n\nSizes are read in bytes alone.\n";

/// A planner that gives these answers about documents, one after the other.
fn telling(answers: Vec<Value>) -> impl Fn(&Asked) -> Say + Send + Sync + 'static {
    let (others, told) = (planner(good()), AtomicUsize::new(0));
    move |asked: &Asked| {
        if !asked.prompt.contains("You hold documents of a code base") {
            return others(asked);
        }
        let before = told.fetch_add(usize::from(asked.turns == 0), Ordering::Relaxed);
        Say::json(answers[before.min(answers.len() - 1)].clone())
    }
}

fn change(new: &str, shown_by: &str) -> Value {
    json!({"changes": [{
        "file": "docs/architecture.md", "old": "Sizes are read in bytes alone.", "new": new,
        "why": "units are read now", "shown_by": [shown_by],
    }]})
}

fn documented(scene: &Scene) -> Repo<'_> {
    let repo = project(scene, SPEC);
    repo.write("docs/architecture.md", ARCHITECTURE);
    repo.git(&["add", "docs/architecture.md"]).ok();
    repo.git(&["commit", "--quiet", "--no-verify", "-m", "docs: architecture"]).ok();
    repo
}

fn shown(repo: &Repo<'_>, file: &str) -> String {
    repo.git(&["show", &format!("tribunal/sizes:{file}")]).ok().out().to_owned()
}

#[test]
fn lines_of_documents_that_are_untrue_by_what_is_built_become_a_commit_that_is_reviewed() {
    let new = "Sizes are read with a unit, by `src/size.sh`.";
    // What names a file that is not there goes back once.
    let answers = vec![change(new, "src/sizes.sh"), change(new, "src/size.sh")];
    let scene = builder_beside(tests(), code(), telling(answers));
    let repo = documented(&scene);
    let json = run(&repo).ok().json();
    let proposed = json!([{
        "kind": "documents", "files": ["docs/architecture.md"], "rule": null,
        "commit": repo.rev("tribunal/sizes^"),
    }]);
    assert_eq!((&json["proposed"], &json["not_proposed"]), (&proposed, &json!([])));
    assert_eq!(json["dropped"], json!([]));
    let subjects = subjects(&repo);
    assert_eq!(subjects[3], "docs: tell what `sizes` changed", "{subjects:?}");
    assert_eq!(shown(&repo, "docs/architecture.md"), format!("# Architecture\n\n{new}"));
    let touched = repo.git(&["show", "--format=", "--name-only", "tribunal/sizes^"]).ok();
    assert_eq!(touched.out(), "docs/architecture.md");
    let progress = shown(&repo, "docs/progress/sizes.md");
    assert!(progress.contains("made lines of `docs/architecture.md` untrue"), "{progress}");
    let reviews = asked_for(&scene, Part::Review);
    assert!(reviews.last().unwrap().contains(new), "all of it is reviewed with that");
}

#[test]
fn what_is_wrong_of_documents_is_left_out_and_said() {
    let answers = vec![change("x\n".repeat(70).as_str(), "src/size.sh")];
    let scene = builder_beside(tests(), code(), telling(answers));
    let repo = documented(&scene);
    let why = run(&repo).ok().json()["not_proposed"][0].as_str().unwrap().to_owned();
    assert!(why.starts_with("changes of documents: it changes 71 lines"), "{why}");
    assert_eq!(subjects(&repo).len(), 4);
    assert_eq!(shown(&repo, "docs/architecture.md"), ARCHITECTURE.trim());
    let progress = shown(&repo, "docs/progress/sizes.md");
    assert!(progress.contains("- not: changes of documents: it changes 71 lines"), "{progress}");
}

const CLASS: &str = "correctness/off-by-one";

const AGAIN: Mistake = Mistake {
    needle: "head -n $((count - 1))",
    class: CLASS,
    severity: "high",
    title: "the last line is left out",
    right: "cat",
};

const OTHER: Mistake = Mistake { needle: "sed '$d' < in", ..AGAIN };

/// The code of the spec, with a line more.
fn with_line(line: &str) -> String {
    format!("# Prints a size in bytes.\nlast() {{\n{line}\n}}\necho $((${{1%K}} * 1024))\n")
}

/// Has the mistake found twice, in two changes.
fn found_twice(repo: Repo<'_>) -> Repo<'_> {
    for (name, line) in [
        ("first", "head -n $((total - 1)) \"$list\""),
        ("second", "head -n $((lines - 1)) \"$file\""),
    ] {
        let file = format!("src/{name}.sh");
        repo.write(&file, format!("{line}\n"));
        repo.git(&["add", &file]).ok();
        repo.git(&["commit", "--quiet", "--no-verify", "-m", &format!("feat: {name}")]).ok();
        let at = format!("{file}:1");
        let words = ["findings", "add", "--class", CLASS, "--at", &at, "--message", AGAIN.title];
        repo.tribunal(&words).ok().never_says("learned");
    }
    repo
}

fn mistaken(scene: &Scene) -> Repo<'_> {
    found_twice(crate::spec_runs::project(scene))
}

#[test]
fn a_rule_that_a_finding_of_a_run_leads_to_is_a_commit_of_its_own() {
    let code = with_line("head -n $((count - 1)) \"$sizes\"");
    let code = writes(&[("src/size.sh", &code)], "SUBJECT: feat(size): read sizes");
    let scene = builder(vec![good_tests()], vec![code], &[AGAIN]);
    let repo = mistaken(&scene);
    let words = ["run", "docs/specs/sizes.md", "--mode", "manual", "--format", "json"];
    let waits = repo.tribunal(&words).code(3).json();
    let id = waits["run"].as_str().unwrap();
    let page = repo.tribunal(&["runs", "show", id]).says("## Proposed beside the tasks");
    page.says("which findings of its reviews led to");
    let json = repo.tribunal(&["approve", id, "--format", "json"]).ok().json();
    let proposed = &json["proposed"][0];
    assert_eq!(
        (&proposed["kind"], &proposed["commit"], &proposed["files"]),
        (
            &json!("rule"),
            &json!(repo.rev("tribunal/sizes")),
            &json!([".ai/constitution/correctness.md"])
        )
    );
    assert!(proposed["rule"]["id"].as_str().is_some_and(|id| id.starts_with("R-")), "{proposed}");
    let subjects = subjects(&repo);
    assert_eq!(
        subjects,
        ["feat(size): read sizes", "chore: propose a rule for `correctness/off-by-one`"]
    );
    let touched = repo.git(&["show", "--format=", "--name-only", "tribunal/sizes"]).ok();
    assert_eq!(touched.out(), ".ai/constitution/correctness.md");
    let rule = shown(&repo, ".ai/constitution/correctness.md");
    assert!(rule.contains("pattern = ") && rule.contains(CLASS), "{rule}");
    assert!(!repo.path(".ai").exists(), "nothing is written into the work tree");
}

#[test]
fn a_mistake_that_gives_no_rule_stops_no_run() {
    let code = with_line("sed '$d' < in");
    let code = writes(&[("src/size.sh", &code)], "SUBJECT: feat(size): read sizes");
    let scene = builder(vec![good_tests()], vec![code], &[OTHER]);
    let repo = mistaken(&scene);
    let outcome = run(&repo).ok();
    assert_eq!(subjects(&repo), ["feat(size): read sizes"]);
    let id = outcome.json()["run"].as_str().unwrap().to_owned();
    let said = "a rule for `correctness/off-by-one`: ";
    repo.tribunal(&["logs", &id, "--full"]).ok().says(said);
    repo.tribunal(&["runs", "show", &id]).ok().says(&format!("not proposed: {said}"));
}

/// What the researcher drafts where code finds nothing in common.
fn draft() -> Value {
    json!({
        "title": "Keep the last line", "sentence": "A list that loses its last line is wrong.",
        "bad": "sed '$d' list", "good": "cat list", "language": "none",
        "kind": "regex", "pattern": "(head -n \\$\\(\\(\\w+ - 1|sed '\\$d')",
    })
}

const DRAFTS: &str = "You write one rule for the people and programs that change this repository.";

/// A planned run of which a line of the documents is untrue, and whose first task has the mistake once more.
fn drafting(moves: &[(&str, &str)]) -> Scene {
    let others = telling(vec![change("Sizes are read with a unit.", "src/size.sh")]);
    let judges = diligent(&[OTHER]);
    let others = move |asked: &Asked| match Question::read(asked).part {
        Part::Review | Part::Verify | Part::Arbitrate | Part::Fix => judges(asked),
        _ if asked.prompt.contains(DRAFTS) => Say::json(draft()),
        _ => others(asked),
    };
    let last = |text: &str, line: &str| format!("{text}last() {{\n{line}\n}}\n");
    let kilo = last(KILO, "sed '$d' < in");
    let both = last(BOTH, "cat < in");
    let kilo = writes(&[("src/size.sh", &kilo)], "SUBJECT: feat(size): read kilobytes");
    let both = writes(&[("src/size.sh", &both)], "SUBJECT: feat(size): read megabytes");
    let code = vec![kilo, while_moving(both, moves)];
    let settings = "[learn]\ndraft = \"on\"\n";
    Scene::new(settings, stepping(tests(), code, others)).logged_in(&KEYS)
}

fn taught(scene: &Scene) -> Repo<'_> {
    found_twice(documented(scene))
}

const RULE: &str = "chore: propose a rule for `correctness/off-by-one`";

/// How many of its commits are of the rule and of the documents, and what agents were asked for these.
fn proposed(scene: &Scene, repo: &Repo<'_>) -> (Vec<String>, usize) {
    let asked = scene.asked().into_iter().filter(|asked| asked.turns == 0);
    let drafts = asked.filter(|asked| asked.prompt.contains(DRAFTS)).count();
    (subjects(repo).into_iter().skip(3).collect(), drafts)
}

#[test]
fn a_rule_that_an_agent_drafts_is_a_commit_that_is_reviewed_and_made_once_whenever_it_is_killed() {
    let scene = drafting(&[]);
    let repo = taught(&scene);
    let json = run(&repo).ok().json();
    let expected =
        ["docs: tell what `sizes` changed", RULE, "docs: record the progress of `sizes`"];
    let (all, drafts) = proposed(&scene, &repo);
    assert_eq!((&all[..2], drafts), (&expected.map(str::to_owned)[..2], 1), "{json}");
    let rule = shown(&repo, ".ai/constitution/correctness.md");
    assert!(rule.contains("Keep the last line") && rule.contains("pattern = \"(head"), "{rule}");
    assert_eq!(json["proposed"][1]["rule"]["title"], "Keep the last line");
    let reviews = asked_for(&scene, Part::Review);
    assert!(reviews.last().unwrap().contains("Keep the last line"), "it is reviewed with the rest");

    let scene = drafting(&[]);
    let repo = taught(&scene);
    repo.tribunal(&["develop", "sizes"]).ok();
    let mut kills = 0;
    // Each goes some saves further than the one before.
    while repo.until_save(&["run", "docs/specs/sizes.md"], 6 + 2 * kills).code == -1 {
        wait_for("the agents to end", || scene.alive().is_empty());
        kills += 1;
        assert!(kills < 60, "it does not come to its end");
    }
    assert!(kills > 3, "{kills}");
    assert_eq!(proposed(&scene, &repo).0, all);
    assert_eq!(
        shown(&repo, "docs/architecture.md"),
        "# Architecture\n\nSizes are read with a unit."
    );
    let title = "Keep the last line";
    assert_eq!(shown(&repo, ".ai/constitution/correctness.md").matches(title).count(), 1);
    repo.git(&["fsck", "--strict"]).ok();
}

#[test]
fn what_is_proposed_is_put_upon_a_base_that_moved_or_left_out_where_it_does_not_fit() {
    let scene = drafting(&[("docs/architecture.md", "Sizes are what people read.")]);
    let repo = taught(&scene);
    let json = run(&repo).ok().json();
    let why = json["not_proposed"][0].as_str().unwrap();
    assert!(
        why.starts_with("changes of documents: it conflicts with what `main` has now"),
        "{why}"
    );
    let (all, _) = proposed(&scene, &repo);
    assert_eq!(all[0], RULE, "{all:?}");
    assert_eq!(repo.rev("main"), repo.rev(&format!("tribunal/sizes~{}", all.len() + 3)));
    assert_eq!(shown(&repo, "docs/architecture.md"), "Sizes are what people read.");
    assert!(shown(&repo, ".ai/constitution/correctness.md").contains("Keep the last line"));
    let progress = shown(&repo, "docs/progress/sizes.md");
    assert!(progress.contains("- not: changes of documents: it conflicts"), "{progress}");
}
