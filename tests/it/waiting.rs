//! Commits that wait for a review in the background: which do, who works them off, and when not.

use std::fs::{self, File};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::brain::{BUGGY, LEFT_OUT, diligent};
use crate::harness::{Repo, wait_for};
use crate::model_server::{Asked, Say};
use crate::scene::{Beside, Scene, Watcher};

fn waiting(repo: &Repo<'_>, commits: &[&str]) {
    for commit in commits {
        repo.write(format!(".git/tribunal/reviews/waiting/{commit}"), "");
    }
}

fn still_waiting(repo: &Repo<'_>) -> Vec<String> {
    let entries = fs::read_dir(repo.path(".git/tribunal/reviews/waiting")).into_iter().flatten();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Two commits that wait for a review.
fn two_commits(repo: &Repo<'_>) -> Vec<String> {
    repo.write("src/more.rs", BUGGY).commit_unjudged("feat: more");
    let mut both = vec![repo.rev("HEAD~1"), repo.rev("HEAD")];
    both.sort();
    waiting(repo, &both.iter().map(String::as_str).collect::<Vec<_>>());
    both
}

#[test]
fn a_worker_that_is_told_to_stop_begins_nothing_further() {
    for signal in [Some(Signal::TERM), Some(Signal::INT), None] {
        let brain = diligent(&[LEFT_OUT]);
        let first = std::sync::atomic::AtomicBool::new(true);
        let scene = Scene::new("", move |asked: &Asked| {
            if first.swap(false, std::sync::atomic::Ordering::SeqCst) {
                Say::Hang
            } else {
                brain(asked)
            }
        });
        let repo = scene.repo();
        let both = two_commits(&repo);
        let worker = Beside::start(&repo, &["review", "--waiting"], "worker");
        wait_for("the call that hangs", || scene.asked().len() == 1);
        match signal {
            Some(signal) => kill_process(Pid::from_child(&worker.child), signal).unwrap(),
            None => drop(repo.tribunal(&["daemon", "stop"])),
        }
        worker.end().code(130);
        assert_eq!(scene.alive().len(), 0);
        assert_eq!(scene.asked().len(), 1, "nothing further was asked");
        assert_eq!(still_waiting(&repo), both, "both wait on");
        // It is not held against them, however often.
        assert!(!repo.path(".git/tribunal/reviews/failed").exists());
        repo.tribunal(&["review", "--waiting"]).ok();
        assert_eq!(still_waiting(&repo), [] as [&str; 0]);
        assert_eq!(scene.asked().len(), 5);
    }
}

#[test]
fn a_commit_whose_review_ends_the_program_is_set_aside() {
    let scene = Scene::diligent();
    let repo = scene.repo();
    let both = two_commits(&repo);
    let status = || repo.tribunal(&["status", "--format", "json"]).ok().json();
    for _ in 0..3 {
        assert_eq!(status()["reviews"]["set_aside"], json!([]));
        repo.until_save(&["review", "--waiting"], 9).code(-1);
        assert_eq!(still_waiting(&repo), both);
    }
    repo.tribunal(&["review", "--waiting"]).ok();
    assert_eq!(still_waiting(&repo), [] as [&str; 0]);
    let (first, hint) = (&both[0], format!("`tribunal review --commit {}`", &both[0][..10]));
    let aside = &status()["reviews"]["set_aside"];
    assert_eq!((&aside[0]["commit"], aside.as_array().unwrap().len()), (&json!(first), 1));
    repo.tribunal(&["status"])
        .ok()
        .says("its review was begun 3 times and ended the program each time")
        .says(&hint);
    // The next hook tells it.
    repo.tribunal(&["hooks", "install"]).ok();
    repo.write("a.md", "A page.\n");
    repo.commit("docs: page")
        .ok()
        .says(&format!("{} could not be made: its review", &first[..10]))
        .says(&hint);
    // By hand it is made, and forgotten then.
    repo.tribunal(&["review", "--commit", first]).code(1);
    assert_eq!(status()["reviews"]["set_aside"], json!([]));
}

/// The commits whose review was asked for, by what it is of.
fn reviewed(repo: &Repo<'_>) -> Vec<String> {
    let runs = repo.tribunal(&["runs", "--format", "json"]).ok().json();
    let title = |run: &Value| run["title"].as_str().unwrap().to_owned();
    let mut titles: Vec<String> = runs["runs"].as_array().unwrap().iter().map(title).collect();
    titles.sort();
    titles
}

#[test]
fn what_is_only_checked_out_waits_for_no_review() {
    let scene = Scene::diligent();
    let repo = scene.repo();
    repo.git(&["checkout", "--quiet", "-b", "other"]).ok();
    for name in ["a", "b", "c"] {
        repo.write(format!("src/{name}.rs"), BUGGY).commit_unjudged("feat: old work");
    }
    repo.git(&["checkout", "--quiet", "main"]).ok();
    let watcher = Watcher::start(&repo);
    wait_for("the watcher to see main", || watcher.knows_head());
    repo.git(&["checkout", "--quiet", "other"]).ok();
    wait_for("the watcher to see the other branch", || watcher.knows_head());
    repo.write("src/d.rs", BUGGY).commit_unjudged("feat: new work");
    // Back at once: it was made here, wherever HEAD is by now.
    let made = format!("commit {}", &repo.rev("HEAD")[..10]);
    repo.git(&["checkout", "--quiet", "main"]).ok();
    wait_for("the review", || reviewed(&repo) == [made.clone()]);
    wait_for("the worker to end", || still_waiting(&repo).is_empty());
    wait_for("the watcher to see main again", || watcher.knows_head());
    assert_eq!(reviewed(&repo), [made]);
}

#[test]
fn an_error_on_the_way_loses_no_commit() {
    let scene = Scene::diligent();
    let repo = scene.repo();
    let watcher = Watcher::start(&repo);
    wait_for("the watcher to see main", || watcher.knows_head());
    // A file where the folder of what waits is to be.
    repo.write(".git/tribunal/reviews/waiting", "in the way");
    repo.write("src/d.rs", BUGGY).commit_unjudged("feat: new work");
    let log = || fs::read_to_string(scene.sandbox.watcher_state().join("watcher.log")).unwrap();
    wait_for("the error", || log().contains("reviews/waiting"));
    assert!(!watcher.knows_head());
    fs::remove_file(repo.path(".git/tribunal/reviews/waiting")).unwrap();
    repo.write("docs/specs/wake.md", "# Wake\n");
    let made = format!("commit {}", &repo.rev("HEAD")[..10]);
    wait_for("the review", || reviewed(&repo) == [made.clone()]);
    wait_for("the worker to end", || still_waiting(&repo).is_empty());
}

#[test]
fn more_new_commits_than_are_reviewed_are_said() {
    let scene = Scene::diligent();
    let repo = scene.repo();
    fs::create_dir_all(repo.path(".git/tribunal/reviews/waiting")).unwrap();
    // So many wait that there is no place, and somebody is at work on them.
    let others: Vec<String> = (0..50).map(|number| format!("{number:040x}")).collect();
    waiting(&repo, &others.iter().map(String::as_str).collect::<Vec<_>>());
    let held = File::create(repo.path(".git/tribunal/reviews/lock")).unwrap();
    held.lock().unwrap();
    let watcher = Watcher::start(&repo);
    wait_for("the watcher to see main", || watcher.knows_head());
    repo.write("src/d.rs", BUGGY).commit_unjudged("feat: new work");
    wait_for("the watcher to see the commit", || watcher.knows_head());
    let status = repo.tribunal(&["status"]).ok();
    status.says("not queued for one: 1 new commit; 50 wait at most").says(&repo.rev("HEAD")[..10]);
    assert_eq!(still_waiting(&repo).len(), 50);
}

#[test]
fn where_git_keeps_no_log_the_time_of_a_commit_tells() {
    let scene = Scene::diligent();
    let repo = scene.sandbox.repo("r");
    repo.git(&["config", "core.logAllRefUpdates", "false"]).ok();
    repo.write("README.md", "A library.\n").commit_unjudged("docs: readme");
    repo.git(&["checkout", "--quiet", "-b", "other"]).ok();
    repo.write("src/old.rs", BUGGY).commit_unjudged("feat: old work");
    repo.git(&["checkout", "--quiet", "main"]).ok();
    assert!(!repo.path(".git/logs/HEAD").exists());
    let watcher = Watcher::start(&repo);
    wait_for("the watcher to see main", || watcher.knows_head());
    repo.git(&["checkout", "--quiet", "other"]).ok();
    // Nothing but a look at intervals finds that HEAD moved; a spec brings one about.
    repo.write("docs/specs/one.md", "# One\n");
    wait_for("the watcher to see the other branch", || watcher.knows_head());
    repo.write("src/new.rs", BUGGY).git(&["add", "src"]).ok();
    let now = jiff::Timestamp::now().to_string();
    let words = ["commit", "--quiet", "--no-verify", "-m", "feat: new work"];
    repo.git_env(&words, &[("GIT_COMMITTER_DATE", &now)]).ok();
    repo.write("docs/specs/two.md", "# Two\n");
    let made = format!("commit {}", &repo.rev("HEAD")[..10]);
    wait_for("the review", || reviewed(&repo) == [made.clone()]);
    wait_for("the worker to end", || still_waiting(&repo).is_empty());
    assert_eq!(reviewed(&repo), [made]);
}
