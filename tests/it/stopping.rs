//! Stopped means that nothing goes on: also not what was only being started, and not the last look.

use std::fs::{self, File};
use std::io::Write as _;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::brain::BUGGY;
use crate::daemon::{Watching, spec};
use crate::harness::{Outcome, Repo, Sandbox, processes, wait_for, watchers};
use crate::model_server::{Asked, Say};
use crate::scene::{Beside, Scene, Watcher};

/// A process that cannot be: the kernel gives no such number.
const GONE: &str = r#"{"pid":999999999}"#;

/// Holds a lock as what is left of a killed process does: others wait for it, and no holder is found. So
/// a process stays on its way to the lock for as long as the test likes.
fn hold(repo: &Repo<'_>, name: &str) -> File {
    let path = format!(".git/tribunal/{name}");
    repo.write(&path, GONE);
    let lock = File::open(repo.path(&path)).unwrap();
    lock.lock().unwrap();
    lock
}

/// Ends the watchers of a repository's user when the test is over, however it went.
struct Tidy<'a>(&'a Repo<'a>);

impl Tidy<'_> {
    fn watchers(&self) -> Vec<i32> {
        watchers(self.0.sandbox)
    }
}

impl Drop for Tidy<'_> {
    fn drop(&mut self) {
        for pid in self.watchers() {
            let _ = kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL);
        }
    }
}

/// Hooks, a person who agreed to a watcher, and something for it to do.
fn agree(repo: &Repo<'_>) {
    repo.tribunal(&["hooks", "install"]).ok();
    repo.tribunal(&["trust", "watcher", "--yes"]).ok();
    repo.write("docs/specs/README.md", "Specs.\n");
}

/// A commit that may start a watcher.
fn commit(repo: &Repo<'_>, name: &str) {
    repo.write(name, "text\n").git(&["add", name]).ok();
    let vars = [("TRIBUNAL_NO_DAEMON", "")];
    repo.git_env(&["commit", "--quiet", "-m", "feat: go on"], &vars).ok();
}

fn status(repo: &Repo<'_>) -> Value {
    repo.tribunal(&["daemon", "status", "--format", "json"]).ok().json()
}

#[cfg(target_os = "linux")]
#[test]
fn a_watcher_that_is_only_starting_is_stopped_too() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    let watching = Tidy(&repo);
    agree(&repo);
    let lock = hold(&repo, "daemon.lock");
    commit(&repo, "a");
    assert!(!watching.watchers().is_empty(), "the commit started none");
    repo.tribunal(&["daemon", "stop"]).ok().says("stopped");
    drop(lock);
    wait_for("the watcher that was starting to end", || watching.watchers().is_empty());
    assert_eq!(status(&repo)["running"], false);
}

#[cfg(target_os = "linux")]
#[test]
fn stopped_is_stopped_until_it_is_started() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    let watching = Tidy(&repo);
    agree(&repo);
    commit(&repo, "a");
    wait_for("the watcher", || status(&repo)["daemon"]["ready"] == true);
    repo.tribunal(&["daemon", "stop"]).ok().says("stopped");
    wait_for("the watcher to end: nothing is left to watch", || watching.watchers().is_empty());
    assert_eq!(status(&repo)["stopped"], true);
    repo.tribunal(&["daemon", "status"]).ok().says("it was stopped");
    // A commit that starts a watcher has opened its log by then.
    let log = sandbox.watcher_state().join("watcher.log");
    fs::remove_file(&log).unwrap();
    commit(&repo, "b");
    assert!(!log.exists(), "a commit started the watcher");
    repo.tribunal(&["daemon", "start"]).ok().says("started");
    assert_eq!(status(&repo)["stopped"], false);
    repo.tribunal(&["daemon", "start"]).ok().says("already running");
    repo.tribunal(&["daemon", "stop"]).ok().says("stopped");
    repo.tribunal(&["daemon", "stop"]).ok().says("not running");
    // In the foreground a person sees it and can end it.
    assert_eq!(Watching::start(&repo).end("INT"), Some(130));
}

#[cfg(target_os = "linux")]
#[test]
fn a_worker_that_is_only_starting_is_stopped_too() {
    let scene = Scene::diligent();
    let repo = scene.repo();
    let lock = hold(&repo, "reviews/lock");
    let watcher = Watcher::start(&repo);
    wait_for("the watcher to see main", || watcher.knows_head());
    repo.write("src/d.rs", BUGGY).commit_unjudged("feat: new work");
    let workers = || processes(&repo, ["review", "--waiting"]);
    wait_for("the worker", || !workers().is_empty());
    repo.tribunal(&["daemon", "stop"]).ok().says("stopped");
    drop(lock);
    wait_for("the worker that was starting to end", || workers().is_empty());
    assert_eq!(scene.asked().len(), 0);
    assert!(repo.path(".git/tribunal/reviews/waiting").join(repo.rev("HEAD")).exists());
}

/// A stop takes well under 100 ms; the guard is ten times that.
#[cfg(target_os = "linux")]
#[test]
fn a_stop_ends_a_review_that_is_under_way_and_answers_at_once() {
    let scene = Scene::new("", |_: &Asked| Say::Hang);
    let repo = scene.repo();
    let watcher = Watcher::start(&repo);
    wait_for("the watcher to see main", || watcher.knows_head());
    repo.write("src/d.rs", BUGGY).commit_unjudged("feat: new work");
    wait_for("the reviewer's question", || scene.asked().len() == 1);
    let began = Instant::now();
    let asked = repo.tribunal(&["daemon", "status"]).ok();
    let status = began.elapsed();
    let began = Instant::now();
    repo.tribunal(&["daemon", "stop"]).ok().says("stopped");
    let stop = began.elapsed();
    println!("status {status:?}, stop {stop:?}");
    assert!(status.max(stop) < Duration::from_secs(1), "{status:?}, {stop:?}: {asked}");
    assert_eq!(processes(&repo, ["review", "--waiting"]), [] as [i32; 0]);
    assert_eq!(scene.alive(), [] as [String; 0]);
}

/// Whether the process has ended, or has waited for something again and again since it was asked last.
fn ended_or_waited(child: &mut Child, since: &mut Option<u64>) -> bool {
    if child.try_wait().unwrap().is_some() {
        return true;
    }
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
    let word = "voluntary_ctxt_switches:";
    let waits = status.lines().find_map(|line| line.strip_prefix(word)?.trim().parse().ok());
    let Some(waits) = waits else { return false };
    waits >= *since.get_or_insert(waits) + 50
}

/// Runs a command that is to wait for a process which holds the watcher's lock and does not end when it is
/// asked to; with what the lock says once the command waits, and how the command went after the end.
fn beside_a_holder(repo: &Repo<'_>, words: &[&str], later: &dyn Fn(Value) -> Value) -> Outcome {
    let mut holder = repo.sandbox.command("sh", &repo.dir);
    holder.args(["-c", "trap '' TERM; echo; read word"]).stdin(Stdio::piped());
    let mut holder = holder.stdout(Stdio::piped()).spawn().unwrap();
    let mut begun = [0];
    std::io::Read::read_exact(holder.stdout.as_mut().unwrap(), &mut begun).unwrap();
    let record = json!({
        "pid": holder.id(), "version": "0.1.0", "since": "2026-03-04T12:00:00Z", "mode": "daemon",
        "ready": false,
    });
    repo.write(".git/tribunal/daemon.lock", record.to_string());
    let mut command = Beside::start(repo, words, "beside");
    let mut since = None;
    wait_for("the command to wait", || ended_or_waited(&mut command.child, &mut since));
    repo.write(".git/tribunal/daemon.lock", later(record).to_string());
    let mut since = None;
    wait_for("the command to go on", || ended_or_waited(&mut command.child, &mut since));
    let waits = command.is_running();
    holder.stdin.take().unwrap().write_all(b"\n").unwrap();
    holder.wait().unwrap();
    let outcome = command.end();
    assert!(waits, "{words:?} did not wait: {outcome}");
    outcome
}

#[cfg(target_os = "linux")]
#[test]
fn a_stop_waits_for_the_end_and_not_for_another_word_in_the_lock() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    let ready = |mut record: Value| {
        record["ready"] = true.into();
        record
    };
    beside_a_holder(&repo, &["daemon", "stop"], &ready).ok().says("stopped");
}

#[cfg(target_os = "linux")]
#[test]
fn a_start_does_not_take_for_running_what_is_about_to_end() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    let _tidy = Tidy(&repo);
    beside_a_holder(&repo, &["daemon", "start"], &|record| record).ok().says("started: process");
    repo.tribunal(&["daemon", "stop"]).ok().says("stopped");
}

#[test]
fn a_look_that_is_under_way_ends_with_the_watcher() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    repo.write("a.rs", "let _ = x();\n").commit_unjudged("feat: a");
    let finding = ["--class", "error-handling/unchecked-result", "--at", "a.rs:1", "-m", "m"];
    repo.tribunal(&[&["findings", "add"][..], &finding].concat()).ok();
    let ledger = rusqlite::Connection::open(repo.path(".git/tribunal/ledger.db")).unwrap();
    let watching = Watching::start(&repo);
    ledger.execute_batch("BEGIN IMMEDIATE").unwrap();
    repo.write("docs/specs/a.md", spec("a", "One."));
    // It is queued before it comes into the ledger, for which the look waits.
    wait_for("the spec to be queued", || repo.path(".git/tribunal/queue/a.json").exists());
    watching.signal("TERM");
    ledger.execute_batch("COMMIT").unwrap();
    let lines = watching.lines();
    assert_eq!(watching.end("TERM"), Some(0));
    assert!(repo.read(".git/tribunal/specs.json").contains("\"a\""));
    let news = fs::read_to_string(lines).unwrap();
    assert!(news.contains(r#""news":"spec""#), "{news}");
    let half = |folder: &str| {
        let entries = fs::read_dir(repo.path(folder)).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.starts_with(".tribunal-")).collect::<Vec<_>>()
    };
    assert_eq!(half(".git/tribunal"), [] as [String; 0]);
}
