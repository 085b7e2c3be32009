//! Reviews as people meet them: by hand, in the background, at the push.

use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::brain::{BUGGY, CLEAN, LEFT_OUT, Part, Question, diligent, raised};
use crate::harness::{Outcome, Sandbox, run, short, wait_for};
use crate::model_server::{Asked, Say};
use crate::scene::{KEYS, Model, Scene, Watcher, review, secret, unclosed};

/// Claude and codex with this brain, and with keys.
fn scene(brain: impl Fn(&Asked) -> Say + Send + Sync + 'static) -> Scene {
    Scene::new("", brain).logged_in(&KEYS)
}

#[test]
fn an_identical_question_is_answered_from_its_receipt() {
    let scene = scene(diligent(&[LEFT_OUT]));
    let repo = scene.repo();
    let first = review(&repo, &["--commit", "HEAD"]).code(1).json();
    assert_eq!(first["review"]["from_receipt"], false);
    let asked = scene.asked().len();
    assert_eq!(asked, 2, "one reviewer, one arbiter");

    // Another message, another author, another time: the same question.
    repo.git(&["commit", "--amend", "--quiet", "--no-verify", "-m", "feat: other words"]).ok();
    let again = review(&repo, &["--commit", "HEAD"]).code(1).json();
    assert_eq!(again["review"]["from_receipt"], true);
    assert_eq!(again["review"]["receipt"], first["review"]["receipt"]);
    assert_eq!(again["findings"][0]["id"], first["findings"][0]["id"]);
    // A rebase onto a commit with the same tree.
    repo.git(&["checkout", "--quiet", "-b", "other", "HEAD~1"]).ok();
    repo.git(&["commit", "--quiet", "--allow-empty", "--no-verify", "-m", "chore: nothing"]).ok();
    repo.git(&["rebase", "--quiet", "other", "main"]).ok();
    review(&repo, &["--commit", "HEAD"]).code(1);
    assert_eq!(scene.asked().len(), asked, "nobody was asked again");

    // Whatever would change the answer is another question.
    review(&repo, &["--commit", "HEAD", "--set", "agents.reviewer.model=other"]).code(1);
    assert!(scene.asked().len() > asked);
    let asked = scene.asked().len();
    review(&repo, &["--commit", "HEAD", "--fresh"]).code(1);
    assert!(scene.asked().len() > asked);
}

#[test]
fn a_receipt_that_was_written_over_changes_no_verdict() {
    let scene = scene(diligent(&[LEFT_OUT]));
    let repo = scene.repo();
    review(&repo, &["--commit", "HEAD"]).code(1);
    let asked = scene.asked().len();
    let ledger = repo.path(".git/tribunal/ledger.db");
    let database = rusqlite::Connection::open(ledger).unwrap();
    let body: String =
        database.query_row("SELECT body FROM receipts", [], |row| row.get(0)).unwrap();
    let mut forged: Value = serde_json::from_str(&body).unwrap();
    forged["decision"] = json!("submit");
    database.execute("UPDATE receipts SET body = ?1", [forged.to_string()]).unwrap();
    drop(database);
    // The findings decide, and they are where they were.
    let again = review(&repo, &["--commit", "HEAD"]).code(1);
    let again = again.says("a receipt was changed since it was kept").json();
    assert_eq!(again["review"]["receipt"], Value::Null);
    assert_eq!(scene.asked().len(), asked, "nobody was asked again");
}

#[test]
fn what_a_person_dismissed_stays_dismissed() {
    let scene = scene(diligent(&[LEFT_OUT]));
    let repo = scene.repo();
    let first = review(&repo, &["--commit", "HEAD"]).code(1).json();
    let id = first["findings"][0]["id"].as_str().unwrap().to_owned();
    repo.tribunal(&["findings", "dismiss", &id, "--reason", "the last one is a sentinel"]).ok();
    let now = review(&repo, &["--commit", "HEAD"]).ok().json();
    assert_eq!(now["review"]["from_receipt"], true);
    assert_eq!(now["findings"][0]["status"], "dismissed");
    // The file moves on; the line and what is around it stay.
    let more = format!("//! Sums.\n\n{BUGGY}");
    repo.write("src/sum.rs", more).commit_unjudged("docs: sums");
    review(&repo, &["--from", "HEAD~2"]).ok();
}

#[test]
fn each_criterion_of_a_spec_is_assessed() {
    let scene = scene(|asked: &Asked| {
        let question = Question::read(asked);
        let mut answer = question.answer(&[]);
        match question.part {
            Part::Review => {
                for criterion in answer["criteria"].as_array_mut().into_iter().flatten() {
                    criterion["met"] = json!("missing");
                    criterion["why"] = json!("an empty list gives no error");
                }
                Say::json(answer)
            }
            _ => Say::text("not asked"),
        }
    });
    let repo = scene.library();
    let spec = "# Sums\n\n## Goal\n\nSum lists.\n\n## Acceptance criteria\n\n\
        - **AC-1** WHEN the list is empty THEN an error SHALL be returned\n  - verify: test\n";
    repo.write("docs/specs/sums.md", spec).commit_unjudged("docs: spec");
    repo.write("src/sum.rs", CLEAN).commit_unjudged("feat: sum");
    let words = ["--commit", "HEAD", "--spec", "docs/specs/sums.md"];
    let outcome = review(&repo, &words).code(1).json();
    assert_eq!(outcome["review"]["criteria"][0]["met"], "missing");
    assert_eq!(outcome["review"]["decision"], "fix");
    // Where nobody names the spec again it is on record.
    let outcome = review(&repo, &["--commit", "HEAD"]).code(1).json();
    assert!(
        outcome["findings"][0]["message"].as_str().unwrap().contains("AC-1 of `sums` is not met")
    );
}

#[test]
fn routes_are_said_and_kept_apart() {
    let scene = scene(diligent(&[LEFT_OUT]));
    let repo = scene.library_of(CLEAN);
    let two = review(&repo, &["--commit", "HEAD"]).ok().json();
    assert_eq!(two["review"]["route"], "A");
    assert_eq!(two["review"]["independent"], true);
    let one = ["--commit", "HEAD", "--set", "agents.reviewer.use=claude"];
    let outcome = review(&repo, &one).ok().says("not independent");
    assert_eq!(outcome.json()["review"]["route"], "B");
    assert_eq!(outcome.json()["review"]["independent"], false);
    let refused = [&one[..], &["--set", "agents.route=A"]].concat();
    review(&repo, &refused).code(2).says("would review code of its own vendor");
    let none = review(&repo, &["--commit", "HEAD", "--set", "agents.route=C"]).ok();
    assert_eq!(none.json()["review"]["not_reviewed"][0], "no model reviews: `agents.route` is `C`");
}

#[test]
fn without_an_agent_nothing_passes_as_reviewed_and_a_push_that_needs_a_review_says_the_way_on() {
    for (policy, code, is_said) in [
        ("", 0, false),
        ("pre-push = \"warn\"\n", 0, true),
        ("pre-push = \"block\"\n", 1, true),
        ("pre-push = \"block\"\non-failure = \"warn\"\n", 0, true),
        ("pre-push = \"block\"\n[agents]\nroute = \"C\"\n", 0, false),
    ] {
        let scene = Scene::of(Sandbox::new(), Model::Nobody, "");
        let repo = scene.guarded(&format!("[review]\n{policy}"));
        let nobody = [("PATH", "/usr/bin:/bin")];
        let push = |vars: &[(&str, &str)]| {
            let vars = [&nobody[..], vars].concat();
            repo.git_env(&["push", "--dry-run", "origin", "main"], &vars)
        };
        // What no model could be shown needs nobody.
        repo.write("a.png", [0, 1, 2, 0]).commit_unjudged("feat: picture");
        push(&[]).ok().never_says("review");
        repo.write("src/sum.rs", CLEAN).commit_unjudged("feat: sum");
        if code == 1 {
            let outcome = repo.tribunal_with(&["review"], &nobody, b"").code(4);
            outcome.says("was not reviewed").says("claude");
        }
        let pushed = push(&[]).code(code);
        if is_said {
            pushed.says("npm install -g @openai/codex");
        } else {
            pushed.never_says("review");
        }
        let warn = ("TRIBUNAL_REVIEW_ON_FAILURE", "warn");
        let pushed = push(&[warn]).ok();
        if code == 1 {
            pushed.says("TRIBUNAL_REVIEW_ON_FAILURE=warn; recorded");
        }
    }
}

#[test]
fn where_there_is_no_commit_the_hint_helps() {
    let scene = scene(diligent(&[LEFT_OUT]));
    let repo = scene.sandbox.repo("r");
    repo.write("src/sum.rs", BUGGY);
    repo.tribunal(&["review", "--commit", "HEAD"])
        .code(2)
        .says("there is no commit yet")
        .says("`tribunal review --worktree` reviews what is there");
    repo.tribunal(&["review", "--worktree"]).code(1).says(LEFT_OUT.title);
}

#[test]
fn nothing_to_review_is_said_and_never_called_a_pass() {
    let scene = scene(diligent(&[LEFT_OUT]));
    let repo = scene.library();
    let nothing = |outcome: Outcome| {
        assert_eq!(outcome.json()["verdict"], "nothing to review");
        outcome.ok().never_says("pass");
    };
    nothing(review(&repo, &["--staged"]));
    repo.write("logo.png", b"\x89PNG\0\x01\x02").write("Cargo.lock", "# made\n");
    repo.commit_unjudged("chore: files");
    nothing(review(&repo, &["--commit", "HEAD"]));
    repo.tribunal(&["review", "--commit", "HEAD"])
        .ok()
        .says("nothing to review: no model is shown a file of commit")
        .never_says("pass");
    assert_eq!(scene.asked().len(), 0);
    // Beside something that can be read they are named.
    repo.write("logo.png", b"\x89PNG\0\x01\x03").write("src/sum.rs", CLEAN);
    repo.commit_unjudged("feat: sum");
    let outcome = review(&repo, &["--commit", "HEAD"]).ok().json();
    assert_eq!(outcome["verdict"], "pass");
    assert_eq!(outcome["review"]["unscanned"][0]["path"], "logo.png");
}

#[test]
fn what_the_gates_stop_is_no_success_though_there_is_nothing_to_review() {
    let scene = scene(diligent(&[LEFT_OUT]));
    let repo = scene.library();
    // No model reads it, and the gates stop it: a lock file with what a merge left in it.
    repo.write("Cargo.lock", format!("{} HEAD\n", "<".repeat(7)));
    repo.commit_unjudged("chore: lock");
    let outcome = review(&repo, &["--commit", "HEAD"]).code(1).json();
    assert_eq!(outcome["verdict"], "block");
    let why = &outcome["review"]["not_reviewed"][0];
    assert_eq!(why, "there is nothing that a model could review");
    repo.tribunal(&["review", "--commit", "HEAD"])
        .code(1)
        .says("blocked: Cargo.lock:1")
        .says("block by the gates; nothing to review: no model is shown a file of");
    let github = repo.tribunal(&["review", "--commit", "HEAD", "--format", "github"]);
    github.code(1).says("::error");
    assert_eq!(scene.asked().len(), 0);
}

#[test]
fn fixes_are_offered_and_the_checkout_stays_as_it_is() {
    let scene = scene(diligent(&[LEFT_OUT]));
    let repo = scene.repo();
    repo.write("mine.txt", "not committed\n").write("src/sum.rs", format!("{BUGGY}// mine\n"));
    let before = repo.git(&["status", "--porcelain"]).ok().stdout;
    let outcome = review(&repo, &["--commit", "HEAD", "--fix"]).ok().json();
    assert_eq!(repo.git(&["status", "--porcelain"]).ok().stdout, before);
    assert_eq!(repo.read("src/sum.rs"), format!("{BUGGY}// mine\n"));
    let offer = &outcome["review"]["offer"];
    let branch = offer["branch"].as_str().unwrap();
    assert_eq!(offer["fixes"], 1);
    let fixed = repo.git(&["show", &format!("{branch}:src/sum.rs")]).ok().stdout;
    assert_eq!(fixed, CLEAN);
    let range = format!("{}..{branch}", offer["base"].as_str().unwrap());
    let log = repo.git(&["log", "--format=%B", &range]).ok();
    log.says("fix: the last item is left out").says("Tribunal-Run: ");
    // Nothing is left of the trees that it worked in.
    let cache = scene.sandbox.home().join(".cache/tribunal/trees");
    let left: Vec<_> = fs::read_dir(cache)
        .unwrap()
        .flat_map(|repo| fs::read_dir(repo.unwrap().path()).unwrap())
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with("run-") || name.starts_with("room-"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_red_gate_is_fixed_before_any_reviewer_is_asked() {
    let scene = scene(|asked: &Asked| {
        let question = Question::read(asked);
        match question.part {
            Part::Fix => {
                assert!(asked.prompt.contains("conflict-markers"), "{}", asked.prompt);
                Say::done(vec![crate::model_server::Call::Edit {
                    path: "src/sum.rs".to_owned(),
                    old: "<".repeat(7) + " ours\n",
                    new: String::new(),
                }])
            }
            _ => Say::json(question.answer(&[])),
        }
    });
    let repo = scene.library();
    let marked = format!("{} ours\n{CLEAN}", "<".repeat(7));
    repo.write("src/sum.rs", marked).commit_unjudged("feat: sum");
    let outcome = review(&repo, &["--commit", "HEAD", "--fix"]).ok().json();
    assert_eq!(outcome["review"]["offer"]["fixes"], 1);
    let parts: Vec<Part> = scene.asked().iter().map(|asked| Question::read(asked).part).collect();
    assert_eq!(parts[0], Part::Fix, "no review was spent on a red gate");
    assert_eq!(parts.last(), Some(&Part::Review));
}

#[test]
fn a_secret_is_for_a_person_and_no_model_is_asked() {
    let scene = scene(diligent(&[]));
    let repo = scene.library();
    let key = format!("AKIA{}", "IOSFODNN7QWERTYU");
    repo.write("src/keys.rs", format!("const KEY: &str = \"{key}\";\n"));
    repo.commit_unjudged("feat: keys");
    let outcome = review(&repo, &["--commit", "HEAD", "--fix"]).code(3).never_says(&key).json();
    assert_eq!(outcome["review"]["decision"], "escalate");
    assert_eq!(scene.asked().len(), 0);
}

#[test]
fn a_review_cannot_be_asked_for_from_inside_an_agents_call() {
    let scene = scene(diligent(&[LEFT_OUT]));
    let repo = scene.guarded("[review]\npre-push = \"block\"\non-failure = \"block\"\n");
    repo.write("src/sum.rs", BUGGY);
    let inside = [("TRIBUNAL_AGENT", "executor")];
    repo.git(&["add", "--all"]).ok();
    repo.git_env(&["commit", "--quiet", "-m", "feat: sum"], &inside).ok();
    repo.tribunal_with(&["review"], &inside, b"").code(2).says("from inside an agent's call");
    // Nor is one gone on with that was begun outside, whether it has ended or not.
    let begun = review(&repo, &["--commit", "HEAD"]).json();
    let before = scene.asked().len();
    assert!(before > 0);
    let resume = ["resume", begun["review"]["run"].as_str().unwrap()];
    let refused = repo.tribunal_with(&resume, &inside, b"").code(2);
    refused.says("from inside an agent's call").says("hint: resume it once");
    repo.git_env(&["push", "origin", "main"], &inside).ok();
    // The mechanical gates hold for it as for everybody.
    let marker = format!("{} ours\n", "<".repeat(7));
    repo.write("notes.txt", marker).git(&["add", "--all"]).ok();
    repo.git_env(&["commit", "--quiet", "-m", "docs: notes"], &inside).code(1);
    assert_eq!(scene.asked().len(), before);
}

#[test]
fn a_push_is_told_what_the_reviews_of_its_commits_say() {
    let scene = scene(diligent(&[LEFT_OUT]));
    let repo = scene.guarded("[review]\non-failure = \"block\"\n");
    repo.write("src/sum.rs", BUGGY).commit_unjudged("feat: sum");
    let push = |how: &str| {
        repo.git_env(&["push", "--dry-run", "origin", "main"], &[("TRIBUNAL_REVIEW_PRE_PUSH", how)])
    };
    // Nobody has reviewed it yet, and in a test nothing is started in the background.
    push("warn").ok().says("`src/sum.rs` is not reviewed");
    push("block").code(1).says("`src/sum.rs` is not reviewed").says("tribunal review --commit");
    push("off").ok().never_says("is not reviewed").says("TRIBUNAL_REVIEW_PRE_PUSH=off; recorded");
    review(&repo, &["--commit", "HEAD"]).code(1);
    push("warn").ok().says("the last item is left out");
    push("block")
        .code(1)
        .says("the last item is left out")
        .says("nothing was pushed")
        .says("hint: `tribunal findings show ")
        .says("`tribunal findings accept ");
    push("ask-later").ok();
    push("off").ok().never_says("left out");
    // The ratchet warns first, says until when, and blocks from then on.
    push("ratchet").ok().says("; findings of reviews warn until ").never_says("not checked:");
    let later =
        [("TRIBUNAL_REVIEW_PRE_PUSH", "ratchet"), ("TRIBUNAL_TEST_NOW", "2099-01-01T00:00:00Z")];
    repo.git_env(&["push", "--dry-run", "origin", "main"], &later).code(1).says("left out");

    // What a later commit puts right stops nothing, and that commit has a review of its own.
    repo.write("src/sum.rs", CLEAN).commit_unjudged("fix: sum");
    review(&repo, &["--commit", "HEAD"]).ok();
    push("block").ok().never_says("left out");

    // What another branch of the remote has is new to `main` and was pushed before: it asks for no
    // review once more.
    repo.git(&["push", "--quiet", "--no-verify", "origin", "main"]).ok();
    repo.git(&["switch", "--quiet", "--create", "theirs"]).ok();
    repo.write("src/more.rs", CLEAN).commit_unjudged("feat: more");
    repo.git(&["push", "--quiet", "--no-verify", "origin", "theirs"]).ok();
    repo.git(&["switch", "--quiet", "main"]).ok();
    repo.git(&["merge", "--quiet", "--ff-only", "theirs"]).ok();
    push("block").ok().never_says("not reviewed");
}

#[test]
fn a_review_that_cannot_be_made_follows_its_own_policy() {
    let scene = scene(|_: &Asked| Say::unauthorized());
    let repo = scene.guarded("[review]\npre-push = \"block\"\n");
    repo.write("src/sum.rs", CLEAN).commit_unjudged("feat: sum");
    review(&repo, &["--commit", "HEAD"]).code(4).says("not logged in");
    let push = |how: &str| {
        let vars = [("TRIBUNAL_REVIEW_ON_FAILURE", how)];
        repo.git_env(&["push", "--dry-run", "origin", "main"], &vars)
    };
    push("warn").ok().says("not reviewed").says("TRIBUNAL_REVIEW_ON_FAILURE=warn; recorded");
    push("block").code(1).says("not reviewed");
    // Who demands reviews means that there is one; the way on is said.
    let way = "`TRIBUNAL_REVIEW_ON_FAILURE=warn git push` lets this one through, which is recorded";
    push("auto").code(1).says("not reviewed").says(way);
}

#[test]
fn new_commits_are_reviewed_in_the_background_and_the_push_finds_the_answer() {
    let scene = scene(diligent(&[LEFT_OUT]));
    let repo = scene.guarded("[review]\npre-push = \"block\"\n");
    let _watcher = Watcher::start(&repo);
    repo.write("src/sum.rs", BUGGY).git(&["add", "--all"]).ok();
    repo.git(&["commit", "--quiet", "-m", "feat: sum"]).ok();
    let push = || {
        let mut git = repo.sandbox.command("git", &repo.dir);
        git.args(["push", "--dry-run", "origin", "main"]).env_remove("TRIBUNAL_NO_DAEMON");
        run(git, b"")
    };
    // It waits for the review that is under way.
    let pushed = push();
    repo.tribunal(&["daemon", "stop"]).ok();
    pushed.code(1).says("the last item is left out");
    let reviews = || {
        let asked = scene.asked();
        asked.iter().filter(|asked| Question::read(asked).part == Part::Review).count()
    };
    wait_for("the worker to end", || {
        !repo
            .path(".git/tribunal/reviews/waiting")
            .read_dir()
            .is_ok_and(|mut all| all.next().is_some())
    });
    assert_eq!(reviews(), 1, "the commit was reviewed once");
    push().code(1);
    assert_eq!(reviews(), 1, "the second push asked nobody");
}

#[test]
fn reports_are_written_for_people_and_programs() {
    let scene = scene(diligent(&[LEFT_OUT]));
    let repo = scene.repo();
    repo.tribunal(&["review", "--report"]).code(1).says("docs/review/");
    let report = fs::read_dir(repo.path("docs/review")).unwrap().next().unwrap().unwrap().path();
    let report = fs::read_to_string(report).unwrap();
    for part in ["# Review of commit", "**block**", "Route A", "upheld", "receipt"] {
        assert!(report.contains(part), "no `{part}` in\n{report}");
    }
    let sarif = repo.tribunal(&["review", "--format", "sarif"]).code(1).json();
    let result = &sarif["runs"][0]["results"][0];
    assert_eq!(result["locations"][0]["physicalLocation"]["region"]["startLine"], 3);
    assert!(result["partialFingerprints"].is_object());
    repo.tribunal(&["review", "--format", "github"])
        .code(1)
        .says("::error title=review/correctness/off-by-one,file=src/sum.rs,line=3");
    repo.tribunal(&["runs"]).ok().says("review").says("commit ");
}

#[test]
fn the_executor_is_shown_more_places_of_the_same_mistake() {
    let scene = scene(|asked: &Asked| {
        let question = Question::read(asked);
        if question.part != Part::Review {
            return diligent(&[LEFT_OUT])(asked);
        }
        // It names one of two and gives a pattern for the rest.
        let mut found = raised(&question, &[LEFT_OUT]);
        found.truncate(1);
        for finding in &mut found {
            finding["sweep"] = json!(r"\.\.items\.len\(\) - 1");
        }
        Say::json(question.answer(&found))
    });
    let repo = scene.library();
    let twice = BUGGY.to_owned() + &BUGGY.replace("sum(", "total(");
    repo.write("src/sum.rs", twice).commit_unjudged("feat: sums");
    review(&repo, &["--commit", "HEAD", "--fix"]);
    let asked = scene.asked();
    let fix = asked.iter().find(|asked| Question::read(asked).part == Part::Fix).unwrap();
    assert!(fix.prompt.contains("see whether F-1 is at src/sum.rs:8 too"), "{}", fix.prompt);
}

#[test]
fn a_push_cannot_switch_off_its_own_reviews() {
    let scene = scene(diligent(&[LEFT_OUT]));
    let repo = scene.guarded("[review]\npre-push = \"block\"\non-failure = \"block\"\n");
    for policy in [
        "[review]\npre-push = \"off\"",
        "[agents]\nroute = \"C\"",
        "[review]\nleave-out = [\"**\"]",
    ] {
        repo.write("tribunal.toml", format!("[gates]\nscope = \"off\"\n{policy}\n"));
        repo.commit_unjudged("chore: policy");
        repo.write("src/sum.rs", BUGGY).commit_unjudged("feat: sum");
        for commit in ["HEAD~1", "HEAD"] {
            review(&repo, &["--commit", commit]);
        }
        repo.git(&["push", "--dry-run", "origin", "main"])
            .code(1)
            .says("the push changes the policy");
        repo.git(&["reset", "--quiet", "--hard", "origin/main"]).ok();
    }
}

#[test]
fn a_used_up_budget_throws_no_decision_away() {
    // A decision costs a little over a cent and may cost half a dollar: there is enough for one.
    let settings = "[agents.reviewer]\nbudget = 0.1\n[budget]\nrun = 0.51\n";
    let scene = Scene::new(settings, diligent(&[LEFT_OUT])).logged_in(&KEYS);
    let repo = scene.library();
    repo.write("src/one.rs", BUGGY).write("src/two.rs", BUGGY).commit_unjudged("feat: sums");
    let arbitrated =
        || scene.asked().iter().filter(|a| Question::read(a).part == Part::Arbitrate).count();
    let first = review(&repo, &["--commit", "HEAD"]).code(3);
    let first = first.says("would break the budget of the run").json();
    let run = first["review"]["run"].as_str().unwrap().to_owned();
    assert_eq!((scene.asked().len(), arbitrated()), (2, 1));
    let state: Value = serde_json::from_slice(
        &fs::read(repo.path(format!(".git/tribunal/runs/{run}/run.json"))).unwrap(),
    )
    .unwrap();
    let findings = &state["machine"]["review"]["loop"]["findings"];
    // Both are asked about at once, and one of them is refused.
    let words: Vec<&Value> = (0..2).map(|at| &findings[at]["ruling"]["word"]).collect();
    let upheld = words.iter().filter(|word| **word == "upheld").count();
    assert_eq!(upheld, 1, "what was paid for is kept: {words:?}");
    assert!(words.contains(&&Value::Null), "{words:?}");

    // Drafts that were made since do not hide it.
    for number in 0..40_u64 {
        let id = ulid::Ulid::from_parts(u64::MAX >> 16, number.into()).to_string();
        fs::create_dir_all(repo.path(format!(".git/tribunal/runs/{id}/calls"))).unwrap();
    }

    // As long as there is no more to spend nobody is asked, by whatever way one goes on.
    review(&repo, &["--commit", "HEAD"]).code(3);
    repo.tribunal(&["resume", &run])
        .code(3)
        .says(&format!("then `tribunal resume {}` continues it", short(&run)));
    assert_eq!(scene.asked().len(), 2);
    // With more to spend only what is missing is asked for, and it has a receipt.
    let more = ["--commit", "HEAD", "--set", "budget.run=10"];
    let now = review(&repo, &more).code(1).json();
    assert_eq!((scene.asked().len(), arbitrated()), (3, 2));
    assert_eq!((&now["review"]["run"], &now["review"]["cost"]["calls"]), (&json!(run), &json!(3)));
    assert_eq!(now["findings"].as_array().unwrap().len(), 2);
    assert_eq!(review(&repo, &more).code(1).json()["review"]["from_receipt"], true);
    // It is over: `resume` tells what it came to.
    repo.tribunal(&["resume", &run]).code(1);
    assert_eq!(scene.asked().len(), 3);
}

#[test]
fn a_receipt_names_who_reviewed_and_not_who_would_today() {
    let scene = scene(diligent(&[LEFT_OUT]));
    let repo = scene.repo();
    let with_model = ["--commit", "HEAD", "--set", "agents.reviewer.model=m-1"];
    let first = review(&repo, &with_model).code(1).json()["review"].clone();
    assert_eq!(first["reviewer"], "codex 0.169.0 (m-1, effort high)");
    assert_eq!(first["arbiter"], "claude 2.1.329 (claude-stand-in, effort high)");
    let run = first["run"].as_str().unwrap().to_owned();
    let state = repo.path(format!(".git/tribunal/runs/{run}/run.json"));
    let ledger = repo.path(".git/tribunal/ledger.db");
    let asked = scene.asked().len();
    // As a kill between the end of a run and its closing leaves it; and as an older version did,
    // which did not keep who reviewed.
    for older in [false, true] {
        let text = unclosed(&fs::read_to_string(&state).unwrap());
        let mut saved: Value = serde_json::from_str(&text).unwrap();
        if older {
            let names = &mut saved["machine"]["review"]["record"]["names"];
            *names = json!({ "reviewer": "", "arbiter": "" });
        }
        fs::write(&state, saved.to_string()).unwrap();
        let database = rusqlite::Connection::open(&ledger).unwrap();
        database.execute("DELETE FROM receipts", []).unwrap();
        let others = ["--set", "agents.reviewer.model=m-2", "--set", "agents.arbiter.use=codex"];
        let resumed = [&["resume", &run, "--format", "json"], &others[..]].concat();
        let closed = repo.tribunal(&resumed).code(1).json()["review"].clone();
        assert_eq!(scene.asked().len(), asked, "nobody was asked again");
        let body: String =
            database.query_row("SELECT body FROM receipts", [], |row| row.get(0)).unwrap();
        let receipt: Value = serde_json::from_str(&body).unwrap();
        for told in [&closed, &receipt] {
            assert!(told["reviewer"].as_str().unwrap().starts_with("codex"), "{told}");
            assert!(!told["reviewer"].as_str().unwrap().contains("m-2"), "{told}");
            assert!(told["arbiter"].as_str().unwrap().starts_with("claude"), "{told}");
        }
        if !older {
            assert_eq!(
                (&receipt["reviewer"], &receipt["arbiter"]),
                (&first["reviewer"], &first["arbiter"])
            );
        }
    }
}

#[test]
fn where_no_finding_was_arbitrated_no_arbiter_is_named() {
    let scene = scene(diligent(&[]));
    let repo = scene.library_of(CLEAN);
    let reviewed = review(&repo, &["--commit", "HEAD"]).ok().json()["review"].clone();
    assert_eq!(
        (&reviewed["reviewer"], &reviewed["arbiter"]),
        (&json!("codex 0.169.0 (effort high)"), &json!(""))
    );
}

#[test]
fn a_file_that_cannot_be_copied_for_the_reviewers_is_named_and_the_review_goes_on() {
    let scene = scene(diligent(&[]));
    let repo = scene.library();
    repo.write("docs/other.md", "Something else.\n").commit_unjudged("docs: other");
    repo.write("src/sum.rs", CLEAN).commit_unjudged("feat: sum");
    // Its object is damaged.
    let name = repo.rev("HEAD:docs/other.md");
    let object = repo.path(format!(".git/objects/{}/{}", &name[..2], &name[2..]));
    fs::remove_file(&object).unwrap();
    fs::write(&object, "no object").unwrap();
    let reviewed = review(&repo, &["--commit", "HEAD"]).ok().json()["review"].clone();
    let unshown = &reviewed["unscanned"][0];
    assert_eq!(unshown["path"], "docs/other.md", "{reviewed}");
    let why = unshown["reason"].as_str().unwrap();
    assert!(why.starts_with("could not be copied for the reviewers: "), "{why}");
    assert!(reviewed["receipt"].is_string(), "{reviewed}");
    assert_eq!(scene.asked().len(), 1);
}

#[test]
fn a_changed_file_that_cannot_be_copied_for_the_reviewers_leaves_the_review_incomplete() {
    let scene = scene(diligent(&[]));
    let repo = scene.library();
    // Git can name it; no folder that is not the root can hold it.
    let path = [&"d".repeat(200); 20].map(String::as_str).join("/");
    let mut hash = scene.sandbox.command("git", &repo.dir);
    hash.args(["hash-object", "-w", "--stdin"]);
    let blob = run(hash, b"one\n").ok().out().to_owned();
    repo.git(&["update-index", "--add", "--cacheinfo", &format!("100644,{blob},{path}")]).ok();
    repo.git(&["commit", "--quiet", "--no-verify", "-m", "feat: deep"]).ok();
    let outcome = review(&repo, &["--commit", "HEAD"]).code(4).json();
    assert_eq!(outcome["review"]["unscanned"][0]["path"], path, "{outcome}");
    let reason = outcome["review"]["reason"].as_str().unwrap();
    assert!(reason.starts_with("the review is incomplete: "), "{reason}");
    assert!(reason.contains("could not be copied for the reviewers: "), "{reason}");
    assert_eq!(outcome["review"]["receipt"], Value::Null);
    assert_eq!(scene.asked().len(), 0, "nobody was paid for it");
}

#[test]
fn what_no_arbiter_looked_at_lets_no_push_pass() {
    // The reviewer sees nothing at first, then the mistake; the arbiter answers from the fourth question on.
    let (reviews, claims) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let scene = scene(move |asked: &Asked| {
        let question = Question::read(asked);
        match question.part {
            Part::Review if reviews.fetch_add(1, Ordering::Relaxed) == 0 => {
                Say::json(question.answer(&[]))
            }
            Part::Review => Say::json(question.answer(&raised(&question, &[LEFT_OUT]))),
            Part::Arbitrate if claims.fetch_add(1, Ordering::Relaxed) >= 3 => {
                diligent(&[LEFT_OUT])(asked)
            }
            _ => Say::text("nothing to say"),
        }
    });
    let repo = scene.guarded("[review]\npre-push = \"block\"\non-failure = \"block\"\n");
    repo.write("src/sum.rs", BUGGY).commit_unjudged("feat: sum");
    let push = |on_failure: &str| {
        let vars = [("TRIBUNAL_REVIEW_ON_FAILURE", on_failure)];
        repo.git_env(&["push", "--dry-run", "origin", "main"], &vars)
    };
    review(&repo, &["--commit", "HEAD"]).ok();
    push("block").ok();
    // Its claim is on record now, and every line was shown before.
    review(&repo, &["--commit", "HEAD", "--fresh"]).code(4);
    push("block").code(1).says("give no verdict").says("tribunal review --commit");
    push("warn").ok().says("give no verdict");
    let mut code = 4;
    for _ in 0..4 {
        code = review(&repo, &["--commit", "HEAD"]).code;
        if code != 4 {
            break;
        }
    }
    assert_eq!(code, 1);
    push("block").code(1).says("the last item is left out").never_says("no verdict");
}

#[test]
fn a_finding_in_a_file_whose_name_holds_a_secret_stops_a_push() {
    let scene = scene(diligent(&[LEFT_OUT]));
    let repo = scene.guarded("[review]\npre-push = \"block\"\n");
    let name = format!("src/{}.rs", secret());
    repo.write(&name, BUGGY).commit_unjudged("feat: sum");
    let push = || repo.git(&["push", "--dry-run", "origin", "main"]);
    let allowed = review(&repo, &["--commit", "HEAD"]).code(3).json();
    let id = allowed["findings"][0]["id"].as_str().unwrap().to_owned();
    repo.tribunal(&["findings", "dismiss", &id, "-r", "a sample"]).ok();
    review(&repo, &["--commit", "HEAD"]).code(1).never_says(&secret());
    push().code(1).says("the last item is left out");
    // Moved, and put right.
    repo.git(&["mv", &name, "src/sum.rs"]).ok();
    repo.commit_unjudged("refactor: move");
    push().code(1).says("the last item is left out");
    repo.write("src/sum.rs", CLEAN).commit_unjudged("fix: sum");
    review(&repo, &["--commit", "HEAD"]).ok();
    push().never_says("the last item is left out");
}
