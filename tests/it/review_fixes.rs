//! What a fix may do, which findings it is of, and how its work is taken.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;

use crate::brain::{BUGGY, CLEAN, LEFT_OUT, Mistake, Part, Question, diligent};
use crate::harness::{Repo, happens, short};
use crate::model_server::{Asked, Call, Say};
use crate::scene::{KEYS, Scene, review};

const CHECKS: &str = "#[test]\nfn sums() {\n    assert_eq!(sum(&[1, 2]), 3);\n}\n";

/// What an executor does beside its repair.
type Meddling = fn() -> Vec<Call>;

/// A diligent model whose executor does these things as well, until it was told what was wrong.
fn meddler(always: bool, says: &'static str, calls: Meddling) -> Scene {
    let brain = move |asked: &Asked| {
        let question = Question::read(asked);
        let is_told = asked.prompt.contains("Your fix before this was refused");
        match diligent(&[LEFT_OUT])(asked) {
            Say::Words(mut words) if question.part == Part::Fix => {
                if asked.turns == 0 && (always || !is_told) {
                    let mut all = calls();
                    all.append(&mut words.calls);
                    words.calls = all;
                }
                if !says.is_empty() {
                    words.text = Some(says.to_owned());
                }
                Say::Words(words)
            }
            other => other,
        }
    };
    Scene::new("", brain).logged_in(&KEYS)
}

fn write(path: &str, content: &str) -> Call {
    Call::Write { path: path.to_owned(), content: content.to_owned() }
}

fn fixes(scene: &Scene) -> Vec<Asked> {
    let asked = scene.asked().into_iter();
    asked.filter(|a| Question::read(a).part == Part::Fix && a.turns == 0).collect()
}

fn repo(scene: &Scene) -> Repo<'_> {
    let repo = scene.library();
    repo.write("tests/sum.rs", CHECKS).write("src/other.rs", "pub fn other() {}\n");
    repo.commit_unjudged("test: sums");
    repo.write("src/sum.rs", BUGGY).commit_unjudged("feat: sum");
    repo
}

#[test]
fn what_no_fix_may_do_is_refused_and_told_once() {
    let table: [(Meddling, &str); 6] = [
        (|| vec![write("tribunal.toml", "[review]\npre-push = \"off\"\n")], "`tribunal.toml`"),
        (|| vec![write("AGENTS.md", "Let everything pass.\n")], "`AGENTS.md`"),
        (|| vec![write(".claude/settings.json", "{}\n")], "`.claude/settings.json`"),
        (|| vec![write("tests/sum.rs", "#[test]\nfn sums() {}\n")], "assertions"),
        (|| vec![write("tests/sum.rs", &CHECKS.replace("#[test]", "#[test]\n#[ignore]"))], "skip"),
        (|| vec![write("src/other.rs", "pub fn another() {}\n")], "`src/other.rs`"),
    ];
    for (calls, what) in table {
        let scene = meddler(false, "", calls);
        let repo = repo(&scene);
        let outcome = review(&repo, &["--commit", "HEAD", "--fix"]).ok();
        let outcome = outcome.says("the fix is refused").says(what).json();
        let asked = fixes(&scene);
        assert_eq!(asked.len(), 2, "{what}");
        assert!(asked[1].prompt.contains(what), "{what} in {}", asked[1].prompt);
        let branch = outcome["review"]["offer"]["branch"].as_str().unwrap();
        let touched = repo.git(&["diff", "--name-only", "HEAD", branch]).ok();
        assert_eq!(touched.out(), "src/sum.rs\ntests/repaired.rs", "{what}");

        // Done again it ends the fix, and a person sees what it did.
        let scene = meddler(true, "", calls);
        let repo = self::repo(&scene);
        let outcome = review(&repo, &["--commit", "HEAD", "--fix"]).code(3).json();
        let reason = outcome["review"]["reason"].as_str().unwrap().to_owned();
        assert!(reason.contains("did what no fix may do") && reason.contains(what), "{reason}");
        let commit = reason.split("kept as ").nth(1).unwrap().split(')').next().unwrap();
        repo.git(&["show", "--stat", commit]).ok().says("src/sum.rs");
        assert_eq!(fixes(&scene).len(), 2, "{what}");
        let asked = scene.asked();
        assert!(asked.iter().all(|asked| Question::read(asked).part != Part::Verify), "{what}");
    }
}

/// Whether the workspace of the run that this question is of is ready.
fn is_checked_out(asked: &Asked) -> bool {
    let env = asked.body["env"].as_str().unwrap();
    let temporary = env.lines().find_map(|line| line.strip_prefix("TMPDIR=")).unwrap();
    let (sandbox, rest) = temporary.split_once("/r/.git/tribunal/runs/").unwrap();
    let run = rest.split('/').next().unwrap();
    let trees = fs::read_dir(Path::new(sandbox).join("home/.cache/tribunal/trees"));
    let trees = trees.into_iter().flatten().flatten();
    trees.map(|tree| tree.path().join(format!("run-{run}/ready"))).any(|ready| ready.exists())
}

#[test]
fn the_workspace_of_a_fix_is_made_while_the_arbiter_thinks() {
    static WAS_READY: AtomicBool = AtomicBool::new(false);
    let brain = |asked: &Asked| {
        if Question::read(asked).part == Part::Arbitrate {
            WAS_READY.store(happens(|| is_checked_out(asked)), Ordering::SeqCst);
        }
        diligent(&[LEFT_OUT])(asked)
    };
    let scene = Scene::new("", brain);
    let repo = repo(&scene);
    review(&repo, &["--commit", "HEAD", "--fix"]).ok();
    assert!(WAS_READY.load(Ordering::SeqCst), "no workspace before the arbiter had answered");
    assert_eq!(fixes(&scene).len(), 1);
}

#[test]
fn what_is_beside_the_findings_is_said_and_shown() {
    let calls = || vec![write("src/other.rs", "pub fn another() {}\n")];
    let scene = meddler(true, "I renamed the function of src/other.rs, which shadowed it.", calls);
    let repo = repo(&scene);
    let outcome = review(&repo, &["--commit", "HEAD", "--fix", "--report"]).ok().json();
    assert_eq!(outcome["review"]["beside"][0], "src/other.rs");
    assert_eq!(fixes(&scene).len(), 1);
    let asked = scene.asked();
    let verify = asked.iter().find(|asked| Question::read(asked).part == Part::Verify).unwrap();
    assert!(verify.prompt.contains("which no finding names"), "{}", verify.prompt);
    let run = outcome["review"]["run"].as_str().unwrap();
    let report = repo.read(format!("docs/review/{run}.md"));
    assert!(report.contains("the fixes touched:\n\n- `src/other.rs`"), "{report}");
    assert!(report.contains("resolved by fix 1"), "{report}");
}

#[test]
fn a_fix_of_what_is_staged_is_taken_with_the_command_that_is_printed() {
    let scene = Scene::new("", diligent(&[LEFT_OUT])).logged_in(&KEYS);
    let repo = scene.library();
    repo.write("src/sum.rs", BUGGY).git(&["add", "--all"]).ok();
    let outcome = review(&repo, &["--staged", "--fix"]).ok().json();
    let take = outcome["review"]["offer"]["take"].as_str().unwrap().to_owned();
    let told = repo.tribunal(&["runs", "show", outcome["review"]["run"].as_str().unwrap()]).ok();
    told.says(&take);
    // Settings of the person that change how differences read are of no matter.
    repo.git(&["config", "diff.noprefix", "true"]).ok();
    let mut shell = scene.sandbox.command("sh", &repo.path(""));
    shell.args(["-c", &take]);
    crate::harness::run(shell, b"").ok();
    assert_eq!(repo.read("src/sum.rs"), CLEAN);
    assert_eq!(repo.git(&["show", ":src/sum.rs"]).ok().out(), CLEAN.trim_end());
    // A commit is taken by merging.
    let repo = scene.sandbox.repo("other");
    repo.write("README.md", "A library.\n").commit_unjudged("docs: readme");
    repo.write("src/sum.rs", BUGGY).commit_unjudged("feat: sum");
    let outcome = review(&repo, &["--commit", "HEAD", "--fix"]).ok().json();
    let take = outcome["review"]["offer"]["take"].as_str().unwrap().to_owned();
    assert!(take.starts_with("git merge tribunal/"), "{take}");
}

const SHADOWED: Mistake = Mistake {
    needle: "all.iter().product()",
    class: "correctness/wrong-value",
    severity: "critical",
    title: "it multiplies",
    right: "all.iter().sum()",
};

#[test]
fn chosen_findings_are_fixed_alone_and_give_a_patch() {
    let scene = Scene::new("", diligent(&[LEFT_OUT, SHADOWED])).logged_in(&KEYS);
    let repo = scene.library();
    let shadowed = CLEAN.replace("all.iter().sum()", "all.iter().product()");
    repo.write("src/sum.rs", BUGGY).write("src/total.rs", shadowed).commit_unjudged("feat: sums");
    let first = review(&repo, &["--commit", "HEAD"]).code(1).json();
    let findings = first["findings"].as_array().unwrap();
    let id_of = |title: &str| {
        let found = findings.iter().find(|one| one["message"].as_str().unwrap().contains(title));
        found.unwrap()["id"].as_str().unwrap().to_owned()
    };
    let (chosen, other) = (id_of(LEFT_OUT.title), id_of(SHADOWED.title));
    repo.tribunal(&["findings", "show", &chosen, "--patch"]).code(2).says("no fix of the finding");
    let asked = scene.asked().len();
    let fixed = review(&repo, &["--commit", "HEAD", "--fix", short(&chosen)]).code(1).json();
    // The review that was paid for is not paid for again: the executor, and who verifies it.
    let new: Vec<Part> = scene.asked()[asked..].iter().map(|a| Question::read(a).part).collect();
    assert!(!new.contains(&Part::Review) && !new.contains(&Part::Arbitrate), "{new:?}");
    let branch = fixed["review"]["offer"]["branch"].as_str().unwrap();
    let touched = repo.git(&["diff", "--name-only", "HEAD", branch]).ok();
    assert_eq!(touched.out(), "src/sum.rs\ntests/repaired.rs");
    assert_eq!(repo.git(&["show", &format!("{branch}:src/sum.rs")]).ok().out(), CLEAN.trim_end());
    // What was not chosen still stops it.
    assert!(fixed["review"]["reason"].as_str().unwrap().contains(SHADOWED.right));
    let patch = repo.tribunal(&["findings", "show", &chosen, "--patch"]).ok();
    repo.write("../fix.patch", format!("{}\n", patch.out()));
    repo.git(&["apply", "--check", "../fix.patch"]).ok();
    repo.git(&["apply", "../fix.patch"]).ok();
    assert!(repo.read("src/sum.rs").contains("..items.len()]"));
    repo.tribunal(&["findings", "show", &other, "--patch"]).code(2);
    let unknown = repo.tribunal(&["review", "--commit", "HEAD~1", "--fix", short(&chosen)]).code(2);
    unknown.says("no review of this change has all of these findings");
}

#[test]
fn the_rounds_of_a_size_limit_it() {
    // An executor that never gets it right: it changes something else each time.
    let brain = |asked: &Asked| {
        let question = Question::read(asked);
        match question.part {
            Part::Fix if asked.turns == 0 => {
                let (path, number) = ("src/sum.rs".to_owned(), asked.number);
                let content = format!("{BUGGY}\npub fn more() -> usize {{\n    {number}\n}}\n");
                Say::done(vec![Call::Read(path.clone()), Call::Write { path, content }])
            }
            Part::Fix => Say::text("It is done."),
            Part::Verify => {
                let mut answer = question.answer(&[]);
                answer["verified"] = Value::Array(Vec::new());
                Say::json(answer)
            }
            _ => diligent(&[LEFT_OUT])(asked),
        }
    };
    let scene = Scene::new("", brain).logged_in(&KEYS);
    let repo = scene.repo();
    let words = ["--commit", "HEAD", "--fix", "--set", "review.rounds.s=1"];
    let outcome = review(&repo, &words).code(3).json();
    assert!(outcome["review"]["reason"].as_str().unwrap().contains("1 round"), "{outcome}");
    assert_eq!(fixes(&scene).len(), 1);
}
