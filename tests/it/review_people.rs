//! What a person sees of a review: what is reviewed, how far it is, what was found and what does not
//! count, what to do next, and what is told afterwards.

use std::time::Duration;

use serde_json::{Value, json};

use crate::brain::{BUGGY, CLEAN, LEFT_OUT, Mistake, Part, Question, diligent};
use crate::harness::{Repo, run, short, wait_for};
use crate::model_server::{Asked, Say};
use crate::scene::{Beside, KEYS, Scene, Watcher};

fn scene(brain: impl Fn(&Asked) -> Say + Send + Sync + 'static) -> Scene {
    Scene::new("", brain).logged_in(&KEYS)
}

/// A diligent reviewer, and an arbiter that refutes what is claimed with a quote from the file.
fn refuting() -> impl Fn(&Asked) -> Say + Send + Sync + 'static {
    let brain = diligent(&[Mistake { severity: "high", ..LEFT_OUT }]);
    move |asked| {
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
    }
}

fn run_of(outcome: &Value) -> String {
    outcome["review"]["run"].as_str().unwrap().to_owned()
}

#[test]
fn the_terminal_says_what_is_reviewed_how_bad_each_finding_is_and_what_to_do() {
    let scene = scene(diligent(&[LEFT_OUT]));
    let repo = scene.repo();
    repo.write("README.md", "Changed, and not part of it.\n");
    let outcome = repo.tribunal(&["review", "--commit", "HEAD"]).code(1);
    let commit = repo.rev("HEAD")[..10].to_owned();
    let outcome = outcome
        .says(&format!(
            "reviewing commit {commit}: 1 commit, 1 file; 1 changed file is not committed and not part of it \
             (`--worktree` reviews it)"
        ))
        .says("blocked (critical): src/sum.rs:3")
        .says(&format!("`tribunal review --commit {commit} --fix`"))
        .never_says(" ID ");
    let said = format!("{}{}", outcome.stdout, outcome.stderr);
    let id = said.split("`tribunal findings dismiss ").nth(1).unwrap().split(' ').next().unwrap();
    repo.tribunal(&["findings", "show", id]).ok().says("the last item is left out");
    // It is said for each way to ask; a range has the names that a person knows.
    repo.tribunal(&["review", "--from", "HEAD~1"]).says("..HEAD: 1 commit, 1 file");
    repo.write("a.lock", "what a program wrote\n").git(&["add", "a.lock"]).ok();
    repo.tribunal(&["review", "--staged"])
        .says("reviewing what is staged: 1 file; not shown to a model: `a.lock` (left out by `review.leave-out`)");
    repo.tribunal(&["review", "--commit", "HEAD~1..HEAD"])
        .code(2)
        .says("names no commit")
        .says("`tribunal review --from HEAD~1 --to HEAD`");
}

#[test]
fn what_was_refuted_is_counted_and_shown_with_its_reason() {
    let scene = scene(refuting());
    let repo = scene.repo();
    let first = repo.tribunal(&["review", "--commit", "HEAD", "--report"]).ok();
    first.says("1 finding does not count (1 refuted)");
    let asked = scene.asked().len();
    let all = repo.tribunal(&["review", "--commit", "HEAD", "--all"]).ok();
    let all = all
        .says("refuted (high): src/sum.rs:3: the last item is left out")
        .says("arbiter: the last item is a sentinel")
        .says("all.iter().sum()")
        .says("answered before (run ");
    assert_eq!(scene.asked().len(), asked, "{all}");
    let json = repo.tribunal(&["review", "--commit", "HEAD", "--format", "json"]).ok().json();
    assert_eq!(json["review"]["dismissed"][0]["arbiter"]["verdict"], "refuted");
    let run = run_of(&json);
    let shown = repo.tribunal(&["runs", "show", short(&run)]).ok();
    shown
        .says("refuted (high): src/sum.rs:3")
        .says("0 open findings, 0 resolved ones, 1 that do not count");
    let shown = repo.tribunal(&["runs", "show", short(&run), "--format", "json"]).ok().json();
    assert_eq!(shown["result"]["review"]["dismissed"][0]["title"], "the last item is left out");
    repo.tribunal(&["runs"]).ok().says("TOOK").says("pass").says("$0.0");
    let report = repo.read(format!("docs/review/{run}.md"));
    for part in ["None is open.", "## What does not count", "the last item is a sentinel"] {
        assert!(report.contains(part), "no {part:?} in\n{report}");
    }
}

#[test]
fn a_run_that_fixed_tells_what_it_fixed() {
    let scene = scene(diligent(&[LEFT_OUT]));
    let repo = scene.repo();
    let outcome = repo.tribunal(&["review", "--commit", "HEAD", "--fix", "--report"]).ok();
    let outcome = outcome.says("1 finding resolved");
    let said = format!("{}{}", outcome.stdout, outcome.stderr);
    let run = said.split("(run ").nth(1).unwrap().split(')').next().unwrap().to_owned();
    let shown = repo.tribunal(&["runs", "show", &run]).ok();
    shown
        .says("resolved by fix 1 (critical): src/sum.rs:3: the last item is left out")
        .says("fixes changed src/sum.rs, tests/repaired.rs")
        .says("2 reviews in full");
    let name = said.split("docs/review/").nth(1).unwrap().split('`').next().unwrap();
    let report = repo.read(format!("docs/review/{name}"));
    for part in ["None is open.", "## Resolved", "- `src/sum.rs`", "- 2 reviews in full"] {
        assert!(report.contains(part), "no {part:?} in\n{report}");
    }
    assert!(!report.contains("not complete"), "{report}");
}

#[test]
fn an_escalation_shows_the_place_the_reason_and_the_commands() {
    let brain = diligent(&[LEFT_OUT]);
    let scene = scene(move |asked: &Asked| {
        let question = Question::read(asked);
        if question.part != Part::Arbitrate {
            return brain(asked);
        }
        let id = question.findings.first().map(|(id, _)| id.clone());
        Say::json(json!({
            "id": id, "word": "unsubstantiated", "evidence": [], "breaks": "", "criterion": null,
            "duplicate_of": null, "extends_scope": false,
            "reason": "whether the last item counts is said nowhere", "instruction": "",
        }))
    });
    let repo = scene.repo();
    let outcome = repo.tribunal(&["review", "--commit", "HEAD", "--report"]).code(3);
    let outcome = outcome
        .says("blocked (critical): src/sum.rs:3")
        .says("unsubstantiated: whether the last item counts is said nowhere")
        .says("the change in `src/sum.rs`:")
        .says("+3 |     let all = &items[..items.len() - 1];")
        .says("`tribunal findings accept ")
        .never_says(" ID ");
    let said = format!("{}{}", outcome.stdout, outcome.stderr);
    let name = said.split("docs/review/").nth(1).unwrap().split('`').next().unwrap();
    let report = repo.read(format!("docs/review/{name}"));
    assert!(report.contains("## To decide about") && report.contains("+3 | "), "{report}");
    assert_eq!(report.matches("any input goes through this line").count(), 1, "{report}");
}

#[test]
fn what_is_too_large_says_what_to_set_and_counts_nothing_as_read() {
    let scene = scene(diligent(&[LEFT_OUT]));
    let repo = scene.two_chunks();
    let small = ["--set", "review.bytes=2 KiB", "--set", "review.calls=1"];
    let outcome = repo.tribunal(&[&["review", "--commit", "HEAD"], &small[..]].concat()).code(4);
    outcome
        .says("none of 2 files reviewed")
        .says("`review.leave-out`")
        .says("`review.calls`")
        .never_says("`tribunal doctor`")
        .never_says("reviewed by");
    assert_eq!(scene.asked().len(), 0);
}

#[test]
fn findings_below_the_threshold_are_counted_and_what_blocks_is_told() {
    const LOW: Mistake = Mistake { severity: "low", ..LEFT_OUT };
    let scene = scene(diligent(&[LOW]));
    let repo = scene.repo();
    repo.tribunal(&["review", "--commit", "HEAD"]).ok().says("warning (low): src/sum.rs:3");
    let high = ["review", "--commit", "HEAD", "--fresh", "--set", "review.tell=high"];
    repo.tribunal(&high)
        .ok()
        .says("1 more finding less than high (`review.tell`)")
        .never_says("warning (low)");
    repo.tribunal(&[&high[..], &["--all"]].concat()).ok().says("warning (low): src/sum.rs:3");
}

#[test]
fn what_blocks_nothing_is_on_record_told_again_and_answered_by_its_id() {
    const LOW: Mistake = Mistake { severity: "low", ..LEFT_OUT };
    const MEDIUM: Mistake = Mistake {
        needle: "all.iter().product()",
        severity: "medium",
        title: "it multiplies",
        right: "all.iter().sum()",
        ..LEFT_OUT
    };
    let scene = scene(diligent(&[LOW, MEDIUM]));
    let repo = scene.guarded("[review]\npre-push = \"block\"\non-failure = \"block\"\n");
    let product = BUGGY.replace("all.iter().sum()", "all.iter().product()");
    repo.write("src/sum.rs", &product).commit_unjudged("feat: sum");
    let first = repo.tribunal(&["review", "--commit", "HEAD"]).ok();
    first.says("warning (low): src/sum.rs:3").says("warning (medium): ").never_says("known");
    let findings = repo.tribunal(&["findings", "list", "--format", "json"]).ok().json();
    let id_of = |severity: &str| {
        let mut all = findings["findings"].as_array().unwrap().iter();
        short(all.find(|one| one["severity"] == severity).unwrap()["id"].as_str().unwrap())
    };
    let (low, medium) = (id_of("low"), id_of("medium"));
    let asked = scene.asked().len();
    // Where earlier reviews answer they are told again, as known, with their ids, and block nothing.
    for words in [&["--commit", "HEAD"][..], &["--base", "origin/main"]] {
        let again = repo.tribunal(&[&["review"], words].concat()).ok();
        again.says("(known)").says(low).says(medium);
    }
    let push = |tell: &str| {
        let tell = [("TRIBUNAL_REVIEW_TELL", tell)];
        repo.git_env(&["push", "--dry-run", "origin", "HEAD:refs/heads/work"], &tell).ok()
    };
    let told = push("low").says("2 warnings: src/sum.rs:4: it multiplies");
    told.says("Details: `tribunal findings list`");
    push("medium").says("1 warning: src/sum.rs:4: it multiplies");
    push("high").never_says("warning");
    // What was answered is told no more, also by a review that finds it again.
    repo.tribunal(&["findings", "dismiss", low, "--reason", "on purpose"]).ok();
    push("low").says("1 warning: src/sum.rs:4: it multiplies");
    assert_eq!(scene.asked().len(), asked);
    let fresh = repo.tribunal(&["review", "--commit", "HEAD", "--fresh"]).ok();
    fresh.says(medium).never_says("warning (low)");
    // A review that looks at the file says what became of it.
    repo.write("src/sum.rs", CLEAN).commit_unjudged("fix: add");
    repo.tribunal(&["review", "--commit", "HEAD"]).ok().never_says("warning");
    repo.tribunal(&["findings", "list"]).ok().says("no open findings");
    push("low").never_says("warning");
}

#[test]
fn the_repository_and_the_person_tell_reviewers_what_to_mind() {
    let scene = scene(diligent(&[]));
    let repo = scene.library();
    let table =
        "[[review.instructions]]\npaths = [\"src/**\"]\ntext = \"Sums never lose an item.\"\n";
    repo.write("tribunal.toml", table).commit_unjudged("chore: instructions");
    repo.write("src/sum.rs", CLEAN).commit_unjudged("feat: sum");
    repo.tribunal(&["review", "--commit", "HEAD"]).ok();
    let asked = scene.asked();
    assert!(asked[0].prompt.contains("Sums never lose an item."), "{}", asked[0].prompt);
    // Of other files it says nothing.
    repo.write("docs/a.md", "A page.\n").commit_unjudged("docs: page");
    repo.tribunal(&["review", "--commit", "HEAD"]).ok();
    assert!(!scene.asked()[1].prompt.contains("Sums never lose"));
    // A note makes another question of a change that was answered, once.
    let noted = ["review", "--commit", "HEAD~1", "--note", "Mind the empty list.", "--report"];
    let outcome = repo.tribunal(&noted).ok();
    assert_eq!(scene.asked().len(), 3);
    assert!(scene.asked()[2].prompt.contains("Mind the empty list."));
    let said = format!("{}{}", outcome.stdout, outcome.stderr);
    let name = said.split("docs/review/").nth(1).unwrap().split('`').next().unwrap();
    let report = repo.read(format!("docs/review/{name}"));
    assert!(report.contains("added: Mind the empty list."), "{report}");
    repo.tribunal(&noted).ok();
    repo.tribunal(&["review", "--commit", "HEAD~1"]).ok();
    assert_eq!(scene.asked().len(), 3);
    // What is wrong with a table is said, and the rest holds.
    let wrong = "[[review.instructions]]\npaths = [\"{a\"]\ntext = \"x\"\nnope = 1\n";
    repo.write("tribunal.toml", wrong).git(&["add", "tribunal.toml"]).ok();
    repo.tribunal(&["check"]).says("is not a glob");
}

#[test]
fn a_review_that_another_process_makes_is_waited_for_and_shown() {
    let brain = diligent(&[LEFT_OUT]);
    let scene = scene(move |asked: &Asked| match brain(asked) {
        Say::Words(mut words) => {
            words.delay = Duration::from_secs(2);
            Say::Words(words)
        }
        other => other,
    });
    let repo = scene.repo();
    let first = Beside::start(&repo, &["review", "--commit", "HEAD"], "first");
    wait_for("the first to ask", || !scene.asked().is_empty());
    let second = repo.tribunal(&["review", "--commit", "HEAD"]).code(1);
    second
        .says("reviews this already")
        .says("the other process: reviewing, 0 of 1 call done")
        .says("blocked (critical)");
    first.end().code(1);
    assert_eq!(scene.asked().len(), 2, "one reviewer and one arbiter");
}

#[test]
fn what_a_review_in_the_background_came_to_is_told_once_at_the_next_commit() {
    let scene = scene(diligent(&[LEFT_OUT]));
    let repo = scene.guarded("[review]\npre-push = \"ask-later\"\n");
    let _watcher = Watcher::start(&repo);
    repo.write("src/sum.rs", BUGGY).commit("feat: sum").ok();
    let told = repo.path(".git/tribunal/reviews/to-tell");
    wait_for("the review", || told.exists());
    let next = |name: &str| {
        repo.write(name, "A page.\n");
        repo.git(&["add", name]).ok();
        repo.git(&["commit", "-q", "-m", "docs: page"]).ok()
    };
    next("a.md").says("block: critical, src/sum.rs:3").says("`tribunal runs show ");
    assert!(!told.exists());
    next("b.md").never_says("the review of");
}

/// What the next commit, and the one after it, tell of reviews in the background.
fn told_at_the_next_commits(repo: &Repo<'_>) -> [Vec<String>; 2] {
    ["one.md", "two.md"].map(|name| {
        repo.write(name, "A page.\n");
        let committed = repo.commit("docs: page").ok();
        let lines = committed.stderr.lines().filter(|line| line.contains("the review of"));
        lines.map(str::to_owned).collect()
    })
}

#[test]
fn a_review_in_the_background_that_could_not_be_made_is_told_once_with_the_way_on() {
    let table: [(&str, &str, &str, &str); 3] = [
        ("no answer", "", "inconclusive: ", "`tribunal runs show "),
        // It cannot even begin: its folder is no folder.
        ("an error", "runs", "could not be made: ", "`tribunal review --commit "),
        ("no agent", "agents", "no model reviewed it: ", "npm install -g @openai/codex"),
    ];
    for (what, broken, why, way) in table {
        let scene = scene(|_: &Asked| Say::text("I will not."));
        let repo = scene.guarded("[review]\npre-push = \"ask-later\"\n");
        repo.write("src/sum.rs", BUGGY).commit_unjudged("feat: sum");
        let commit = repo.rev("HEAD");
        repo.write(format!(".git/tribunal/reviews/waiting/{commit}"), "");
        let mut worker = repo.command(&["review", "--waiting", "--quiet"]);
        match broken {
            "runs" => {
                repo.write(".git/tribunal/runs", "in the way");
            }
            "agents" => {
                scene.sandbox.settings("");
                worker.env("PATH", "/usr/bin:/bin");
            }
            _ => {}
        }
        run(worker, b"").ok();
        let [first, second] = told_at_the_next_commits(&repo);
        let [line] = first.as_slice() else { panic!("{what}: {first:?}") };
        for part in [why, way, &commit[..10]] {
            assert!(line.contains(part), "{what}: {line}");
        }
        assert!(second.is_empty(), "{what}: {second:?}");
        let status = repo.tribunal(&["status"]).ok();
        status.says(&format!("{} could not be reviewed: ", &commit[..10]));
    }
}

#[test]
fn a_push_tells_what_a_review_in_the_background_came_to() {
    let scene = scene(diligent(&[LEFT_OUT]));
    let repo = scene.guarded("[review]\npre-push = \"ask-later\"\n");
    repo.write("src/sum.rs", BUGGY).commit_unjudged("feat: sum");
    repo.write(format!(".git/tribunal/reviews/waiting/{}", repo.rev("HEAD")), "");
    // It is on the remote before its review has ended.
    repo.git(&["push", "--quiet", "origin", "main"]).ok().never_says("the review of");
    repo.tribunal(&["review", "--waiting"]).ok();
    repo.write("a.md", "A page.\n").commit_unjudged("docs: page");
    let push = || repo.git(&["push", "--dry-run", "origin", "main"]).ok();
    push().says("block: critical, src/sum.rs:3").says("`tribunal runs show ");
    push().never_says("the review of");
    repo.tribunal(&["status"]).ok().says("1 open");
}

#[test]
fn reviews_that_failed_are_in_status_with_the_reason() {
    let scene = scene(|_: &Asked| Say::text("I will not."));
    let repo = scene.guarded("[review]\npre-push = \"ask-later\"\n");
    let _watcher = Watcher::start(&repo);
    repo.write("src/sum.rs", BUGGY).commit("feat: sum").ok();
    let commit = repo.rev("HEAD")[..10].to_owned();
    let fails = || repo.tribunal(&["status"]).ok().stdout.contains("could not be reviewed: ");
    wait_for("the failure", fails);
    repo.tribunal(&["status"]).says(&format!("{commit} could not be reviewed: "));
}

/// Every command and setting that a hint of this file names exists: the words of a hint are run.
#[test]
fn the_new_words_are_in_the_help() {
    let scene = scene(diligent(&[]));
    let repo: Repo<'_> = scene.library();
    repo.tribunal(&["review", "--help"]).ok().says("--all").says("--note");
    let config = repo.tribunal(&["config"]).ok();
    config.says("tell").says("instructions").says("notify");
}

#[test]
fn a_run_is_told_as_what_it_reviewed_is_now() {
    let scene = scene(diligent(&[LEFT_OUT]));
    for (range, place) in [("--staged", "staged"), ("--worktree", "not committed")] {
        let repo = scene.sandbox.repo(&range[2..]);
        repo.write("README.md", "A library.\n").commit_unjudged("docs: readme");
        repo.write("src/sum.rs", BUGGY).git(&["add", "--all"]).ok();
        let json = repo.tribunal(&["review", range, "--format", "json"]).code(1).json();
        let run = run_of(&json);
        let shown = || repo.tribunal(&["runs", "show", &run]).ok();
        shown().says(&format!("`tribunal review {range} --fix`")).says("1 open finding, 0");
        repo.commit_unjudged("feat: sum");
        let by_commit = format!("`tribunal review --commit {}", &repo.rev("HEAD")[..10]);
        for told in [shown(), repo.tribunal(&["resume", &run]).code(1)] {
            told.says(&format!("{by_commit} --fix`")).never_says(range);
        }
        // What was answered is not open, and is not asked about again.
        let id = json["findings"][0]["id"].as_str().unwrap();
        repo.tribunal(&["findings", "dismiss", id, "--reason", "a sentinel"]).ok();
        for told in [shown(), repo.tribunal(&["resume", &run]).code(1)] {
            told.says(&format!(
                "hint: what it found is answered or gone: {by_commit}` says what holds now"
            ))
            .never_says("tribunal findings accept")
            .never_says("--fix");
        }
        shown()
            .says("0 open findings, 1 answered or gone since")
            .says(&format!("{} dismissed: the last item is left out", short(id)));
        repo.tribunal(&["findings", "reopen", id, "--reason", "it is none"]).ok();
        repo.write("src/sum.rs", CLEAN).git(&["add", "--all"]).ok();
        repo.git(&["commit", "--amend", "--quiet", "--no-verify", "-m", "feat: sum"]).ok();
        shown()
            .says("what it reviewed is not there any more as it was")
            .says(&format!("what is {place}"))
            .never_says("--fix");
    }
}

#[test]
fn what_is_resolved_here_and_open_elsewhere_is_told_with_its_place() {
    let scene = scene(diligent(&[LEFT_OUT]));
    let repo = scene.repo();
    let json = repo.tribunal(&["review", "--commit", "HEAD", "--format", "json"]).code(1).json();
    let id = json["findings"][0]["id"].as_str().unwrap();
    repo.git(&["switch", "--quiet", "--create", "fix"]).ok();
    repo.write("src/sum.rs", CLEAN).commit_unjudged("fix: sum");
    // A branch that is merged has nothing of its own: this one goes on.
    repo.git(&["switch", "--quiet", "main"]).ok();
    repo.write("src/more.rs", CLEAN).commit_unjudged("feat: more");
    repo.git(&["switch", "--quiet", "fix"]).ok();
    let held = format!("{} is open all the same: branch `main` has it", short(id));
    repo.tribunal(&["review", "--commit", "HEAD"]).ok().says("1 finding resolved").says(&held);
    repo.tribunal(&["findings"]).ok().says(short(id));
    repo.tribunal(&["findings", "show", id]).ok().says("branch `main` has it");
    // Once it is nowhere, it is nowhere open.
    repo.git(&["branch", "--force", "main", "fix"]).ok();
    repo.tribunal(&["review", "--commit", "HEAD"]).ok().never_says("open all the same");
    repo.tribunal(&["findings", "show", id]).ok().never_says("has it\n").says("resolved");
}

#[test]
fn a_report_is_no_part_of_the_next_review() {
    let scene = scene(diligent(&[LEFT_OUT]));
    let repo = scene.library();
    repo.write("src/sum.rs", CLEAN);
    repo.tribunal(&["review", "--worktree", "--report"])
        .ok()
        .says("the report is in `docs/review/");
    let asked = scene.asked().len();
    repo.tribunal(&["review", "--worktree"])
        .ok()
        .says("2 files; not shown to a model: `docs/review/")
        .says("answered before");
    assert_eq!(scene.asked().len(), asked);
}
