//! What the watcher keeps: specs, the queue, events, heads, and commits that wait for a review.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::{self};
use std::os::unix::ffi::OsStrExt as _;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::brain::{BUGGY, CLEAN, LEFT_OUT, Part, Question, diligent};
use crate::daemon::{Watching, spec};
use crate::frozen_state::data::{Data, LATER, NOW, at, below, later, ledger};
use crate::harness::{Repo, wait_for};
use crate::model_server::{Asked, Say};
use crate::scene::Scene;

const RECORD: &str = "docs/progress/login.md";
const PAGES: (&str, &str) = ("TRIBUNAL_WATCH_PROGRESS", "file");

/// A repository with a spec, another one of the same id, one with an error, and one whose name is
/// not UTF-8; on its remote.
fn begin(scene: &Scene) -> Repo<'_> {
    scene.sandbox.repo_with("origin.git", &["--bare", "--object-format=sha1"]);
    let repo = scene.sandbox.repo_with("r", &["--object-format=sha1"]);
    repo.write("README.md", "A library.\n").write("docs/specs/a.md", spec("login", "Sign in."));
    repo.write("docs/specs/b.md", spec("LOGIN", "Sign in twice."));
    repo.write(OsStr::from_bytes(b"docs/specs/n\xfe.md"), spec("odd", "Be odd."));
    let broken = spec("broken", "Fail.").replace("id: broken\n", "id: broken\ncolour: red\n");
    repo.write("docs/specs/c.md", broken).commit_unjudged("docs: specs");
    repo.git(&["remote", "add", "origin", "../origin.git"]).ok();
    repo.git(&["push", "--quiet", "--no-verify", "origin", "main"]).ok();
    repo
}

/// Commits one file: what the watcher writes beside it is not committed.
fn commit(repo: &Repo<'_>, path: &str, text: &str) -> String {
    repo.write(path, text).git(&["add", path]).ok();
    repo.git(&["commit", "--quiet", "--no-verify", "-m", &format!("feat: {path}")]).ok();
    repo.rev("HEAD")
}

/// The commit whose review fails for want of a login.
fn failing(repo: &Repo<'_>) -> String {
    commit(repo, "src/failing.rs", CLEAN)
}

/// The commit whose review is under way.
fn waiting(repo: &Repo<'_>) -> String {
    commit(repo, "src/sum.rs", BUGGY)
}

fn names(repo: &Repo<'_>, folder: &str) -> Vec<String> {
    let files = below(&repo.path(".git/tribunal").join(folder));
    files.iter().map(|file| file.file_name().unwrap().to_str().unwrap().to_owned()).collect()
}

/// Leaves an event of each kind, one of them claimed by a watcher that was killed.
fn leave_events(repo: &Repo<'_>) {
    let hook = |words: &[&str], input: &str| {
        let words = [&["hook"], words].concat();
        repo.tribunal_with(&words, &[("TRIBUNAL_TEST_NOW", NOW)], input.as_bytes()).ok();
    };
    hook(&["post-commit"], "");
    for save in 1.. {
        assert!(save < 40, "no watcher was killed between claiming an event and handling it");
        let crash = ("TRIBUNAL_TEST_CRASH_AT_SAVE", &*save.to_string());
        let mut watching = Watching::begin(repo, &[("TRIBUNAL_TEST_NOW", NOW), crash]);
        let inbox = || names(repo, "inbox");
        wait_for("the watcher to be killed", || {
            watching.child.try_wait().unwrap().is_some() || inbox().is_empty()
        });
        drop(watching);
        if names(repo, "inbox/claimed").len() == 1 {
            break;
        }
        if inbox().is_empty() {
            hook(&["post-commit"], "");
        }
    }
    hook(&["post-commit"], "");
    let (old, new) = (repo.rev("HEAD~1"), repo.rev("HEAD"));
    hook(&["post-rewrite", "amend"], &format!("{old} {new}\n"));
    // A tool's report at a commit leaves the third kind.
    let lint = "echo 'src/sum.rs:3: warning: result unused'";
    let policy = format!(
        "[gates]\ncommands = \"warn\"\n[[commands]]\nname = \"lint\"\nrun = '''{lint}'''\n\
         on = [\"pre-commit\"]\nformat = '^(?P<path>[^:]+):(?P<line>\\d+): (?P<severity>\\w+): (?P<message>.*)$'\n"
    );
    repo.write("tribunal.toml", policy).commit_unjudged("chore: policy");
    at(repo, NOW, &["trust", "--yes"]).ok();
    repo.write("src/sum.rs", format!("{BUGGY}\n")).git(&["add", "--all"]).ok();
    hook(&["pre-commit"], "");
}

fn make(data: &Data) {
    let open = Arc::new(AtomicBool::new(false));
    let (opens, brain) = (Arc::clone(&open), diligent(&[LEFT_OUT]));
    let scene = Scene::new("", move |asked: &Asked| {
        if asked.prompt.contains("src/failing.rs") {
            return Say::unauthorized();
        }
        while !opens.load(Ordering::SeqCst) {
            thread::park_timeout(Duration::from_millis(5));
        }
        brain(asked)
    });
    let repo = begin(&scene);
    let vars = [("TRIBUNAL_TEST_NOW", NOW), ("TRIBUNAL_WATCH_SETTLE", "50ms"), PAGES];
    repo.tribunal(&["trust", "reviews", "--yes"]).ok();
    repo.tribunal_with(&["daemon", "start"], &vars, b"").ok();
    let has = |name: &str| repo.path(".git/tribunal").join(name).exists();
    wait_for("the specs", || {
        let known = fs::read_to_string(repo.path(".git/tribunal/specs.json")).unwrap_or_default();
        ["a.md", "b.md", "c.md", "odd"].iter().all(|name| known.contains(name))
    });
    let failing = failing(&repo);
    wait_for("the failure", || has(&format!("reviews/failed/{failing}")));
    let waiting = waiting(&repo);
    wait_for("the review that is under way", || {
        scene.asked().iter().any(|asked| asked.prompt.contains("src/sum.rs"))
            && repo.read(".git/tribunal/heads.json").contains(&waiting)
    });
    let holder: Value = serde_json::from_str(&repo.read(".git/tribunal/daemon.lock")).unwrap();
    let pid = holder["pid"].to_string();
    assert!(Command::new("kill").args(["-KILL", &pid]).status().unwrap().success());
    wait_for("the watcher to be gone", || {
        later(&repo, &["daemon", "status", "--format", "json"]).ok().json()["running"] == false
    });
    let left = ["daemon.lock", "watched.json", "heads.json"]
        .map(|name| (name, repo.read(format!(".git/tribunal/{name}"))));
    leave_events(&repo);
    // As the killed one in the background left them, not those in the foreground after it.
    for (name, text) in left {
        repo.write(format!(".git/tribunal/{name}"), text);
    }
    data.take(&repo, &[RECORD]);
    open.store(true, Ordering::SeqCst);
    wait_for("the worker to end", || names(&repo, "reviews/waiting").is_empty());
}

/// A repository with the state laid in. How this program names the question of the review that was
/// under way is found out in a scene of its own.
fn laid<'a>(scene: &'a Scene, data: &Data) -> (Repo<'a>, [String; 2]) {
    let other = Scene::new("", diligent(&[LEFT_OUT]));
    let probe = begin(&other);
    failing(&probe);
    waiting(&probe);
    at(&probe, LATER, &["review", "--commit", "HEAD"]).code(1);
    let question = "SELECT question FROM receipts";
    let question: String = ledger(&probe).query_row(question, [], |row| row.get(0)).unwrap();
    let repo = begin(scene);
    let commits = [failing(&repo), waiting(&repo)];
    data.lay_for(&repo, &question);
    (repo, commits)
}

fn specs(repo: &Repo<'_>) -> Vec<(String, bool, bool)> {
    let listed = later(repo, &["spec", "list", "--format", "json"]).ok().json();
    let specs = listed["specs"].as_array().unwrap().iter();
    let is = |spec: &Value, name: &str| spec[name].as_bool().unwrap();
    specs
        .map(|spec| {
            let path = spec["path"].as_str().unwrap().to_owned();
            (path, is(spec, "taken_in"), is(spec, "queued"))
        })
        .collect()
}

/// What is told of it while no watcher runs.
fn told(data: &Data) {
    let scene = Scene::new("", diligent(&[LEFT_OUT]));
    let (repo, [failing, _]) = laid(&scene, data);
    let status = later(&repo, &["status", "--format", "json"]).ok().json();
    assert_eq!(status["reviews"]["waiting"], 1, "{status:#}");
    assert_eq!(status["specs"]["queued"], 2, "{status:#}");
    assert_eq!(status["events"]["waiting"], 3, "one more was claimed: {status:#}");
    assert_eq!(status["daemon"]["running"], false, "{status:#}");
    let daemon = later(&repo, &["daemon", "status", "--format", "json"]).ok().json();
    let ids: Vec<_> =
        daemon["records"].as_array().unwrap().iter().map(|record| &record["id"]).collect();
    assert_eq!(ids, ["broken", "login", "odd"], "{daemon:#}");
    assert_eq!(daemon["records"][1]["version"]["accepted"], true, "{daemon:#}");
    let path = |name: &str| format!("docs/specs/{name}.md");
    // The second file of an id is not the version that was taken in.
    let expected = [(path("a"), true, true), (path("b"), false, false), (path("c"), true, false)];
    let listed = specs(&repo);
    assert_eq!(listed[..3], expected);
    assert_eq!((listed[3].1, listed[3].2, listed.len()), (true, true, 4), "{listed:?}");

    later(&repo, &["hooks", "install"]).ok();
    let vars = [("TRIBUNAL_REVIEW_PRE_PUSH", "block"), ("TRIBUNAL_REVIEW_ON_FAILURE", "block")];
    repo.git_env(&["push", "--dry-run", "origin", "main"], &vars)
        .code(1)
        .says(&format!("{} could not be reviewed: ", &failing[..10]))
        .says("codex: not logged in")
        .says("1 review is not done yet");
    assert_eq!(scene.asked().len(), 0);
}

/// What the next watcher does with it.
fn worked_off(data: &Data) {
    let scene = Scene::new("", diligent(&[LEFT_OUT]));
    let (repo, [failing, waiting]) = laid(&scene, data);
    let record = repo.read(RECORD);
    let new = commit(&repo, "src/new.rs", CLEAN);
    later(&repo, &["trust", "reviews", "--yes"]).ok();
    let watching = Watching::begin(&repo, &[("TRIBUNAL_TEST_NOW", LATER), PAGES]);

    wait_for("every event", || watching.of("event").len() >= 4);
    let kinds: Vec<Value> =
        watching.of("event").iter().map(|news| news["event"]["kind"].clone()).collect();
    assert_eq!(kinds, ["commit", "commit", "rewrite", "findings"]);
    wait_for("the inbox to be empty", || names(&repo, "inbox").is_empty());

    wait_for("the new commit", || !watching.of("review").is_empty());
    assert_eq!(watching.of("review")[0]["commits"], serde_json::json!([new]));
    wait_for("the reviews", || names(&repo, "reviews/waiting").is_empty());
    assert_eq!(names(&repo, "reviews/failed"), [failing], "nobody asked for it again");
    let questions: Vec<(Part, bool)> = scene
        .asked()
        .iter()
        .map(|asked| (Question::read(asked).part, asked.prompt.contains("src/sum.rs")))
        .collect();
    let expected = [(Part::Review, true), (Part::Arbitrate, true), (Part::Review, false)];
    assert_eq!(questions, expected, "the oldest first, and nothing twice");
    let runs = later(&repo, &["runs", "--format", "json"]).ok().json()["runs"].clone();
    let decisions: Vec<_> =
        runs.as_array().unwrap().iter().map(|run| run["decision"].as_str().unwrap()).collect();
    assert_eq!(decisions, ["submit", "fix", "inconclusive"], "{runs:#}");
    assert_eq!(runs[1]["title"], format!("commit {}", &waiting[..10]));

    wait_for("the specs to be known", || watching.of("known").len() >= 4);
    let known: BTreeSet<String> =
        watching.of("known").iter().map(|news| news["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(known.into_iter().collect::<Vec<_>>(), ["LOGIN", "broken", "login", "odd"]);
    repo.write("docs/specs/d.md", spec("more", "More."));
    wait_for("the new spec", || !watching.of("spec").is_empty());
    assert_eq!(watching.of("spec")[0]["id"], "more", "what was known is not taken in again");
    assert_eq!(repo.read(RECORD), record);
    repo.write("docs/specs/a.md", spec("login", "Sign in by key."));
    wait_for("the new version", || watching.of("spec").len() == 2);
    assert!(repo.read(RECORD).contains("| supersedes | `"), "{}", repo.read(RECORD));
    assert_eq!(specs(&repo)[0], ("docs/specs/a.md".to_owned(), true, true));
    let status = later(&repo, &["status", "--format", "json"]).ok().json();
    assert_eq!(status["specs"]["queued"], 3, "one version of each: {status:#}");
    assert!(watching.of("trouble").is_empty(), "{:#?}", watching.of("trouble"));
}

#[test]
fn specs_events_and_reviews_that_wait_are_told() {
    told(&Data::frozen("watcher"));
    // The log that an earlier version kept in the repository is shown until there is a new one.
    let scene = Scene::new("", diligent(&[LEFT_OUT]));
    let (repo, _) = laid(&scene, &Data::frozen("watcher"));
    later(&repo, &["daemon", "log"]).ok().says("as login (S, 7bc4148268ae)");
}

#[test]
fn specs_events_and_reviews_that_wait_are_worked_off() {
    worked_off(&Data::frozen("watcher"));
}

#[test]
fn what_is_written_now_is_read_alike() {
    let fresh = Data::fresh("watcher");
    make(&fresh);
    told(&fresh);
    worked_off(&fresh);
}
