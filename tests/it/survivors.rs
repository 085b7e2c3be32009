//! Processes that meet: at a lock, at a question, and those that outlive the one which started them.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::Duration;

use serde_json::json;

use crate::brain::diligent;
use crate::harness::{Outcome, Repo, run, wait_for};
use crate::model_server::{Asked, Say};
use crate::resume::{Scene, WRONG};

const REVIEW: [&str; 5] = ["review", "--commit", "HEAD", "--format", "json"];

/// The only run of a repository.
fn only_run(repo: &Repo<'_>) -> String {
    let runs = fs::read_dir(repo.path(".git/tribunal/runs")).unwrap();
    let ids: Vec<String> =
        runs.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(ids.len(), 1, "{ids:?}");
    ids[0].clone()
}

/// A command that runs beside the test, with its streams in files.
pub struct Beside {
    pub child: Child,
    out: PathBuf,
    err: PathBuf,
}

impl Beside {
    pub fn start(scene: &Scene, dir: &Path, words: &[&str], name: &str) -> Self {
        let path = |end: &str| scene.sandbox.path().join(format!("{name}.{end}"));
        let (out, err) = (path("out"), path("err"));
        let mut command = scene.command(dir, words);
        command.stdin(Stdio::null());
        command.stdout(File::create(&out).unwrap()).stderr(File::create(&err).unwrap());
        Self { child: command.spawn().unwrap(), out, err }
    }

    fn said(&self) -> String {
        fs::read_to_string(&self.err).unwrap()
    }

    fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    pub fn end(mut self) -> Outcome {
        let code = self.child.wait().unwrap().code().unwrap_or(-1);
        let stdout = fs::read_to_string(&self.out).unwrap();
        Outcome { code, stdout, stderr: self.said() }
    }
}

/// A child on its way to its program has a copy of the lock's descriptor for a moment. Here the test
/// has it, for as long as it likes.
#[test]
fn what_a_killed_process_still_holds_is_waited_for() {
    let scene = Scene::diligent();
    let repo = scene.repo();
    let mut killed = scene.command(&repo.dir, &REVIEW);
    killed.env("TRIBUNAL_TEST_CRASH_AT_SAVE", "20");
    run(killed, b"").code(-1);
    let id = only_run(&repo);
    let lock = repo.path(format!(".git/tribunal/runs/{id}/lock"));
    for words in [&["resume", &id, "--format", "json"][..], &REVIEW] {
        let held = File::options().read(true).write(true).open(&lock).unwrap();
        held.lock().unwrap();
        scene.tribunal(&repo.dir, &["runs"]).ok().says("stopped");
        let mut resumed = Beside::start(&scene, &repo.dir, words, "resumed");
        wait_for("it to wait", || {
            resumed.said().contains("was killed: waiting for its end") || !resumed.is_running()
        });
        assert!(resumed.is_running(), "{}", resumed.end());
        held.unlock().unwrap();
        assert_eq!(resumed.end().code(1).json()["verdict"], "block");
        // For the second one, as if it had been killed before its end was kept.
        let state = repo.path(format!(".git/tribunal/runs/{id}/run.json"));
        let text = fs::read_to_string(&state).unwrap();
        fs::write(&state, text.replace("\"closed\": true", "\"closed\": false")).unwrap();
        let gone = json!({ "pid": i32::MAX, "start": 1 });
        fs::write(&lock, gone.to_string()).unwrap();
        let receipts = rusqlite::Connection::open(repo.path(".git/tribunal/ledger.db")).unwrap();
        receipts.execute("DELETE FROM receipts", []).unwrap();
    }
}

#[test]
fn one_question_asked_by_two_processes_makes_one_run() {
    for fix in [false, true] {
        let brain = diligent(&[WRONG]);
        let scene = Scene::new("", move |asked: &Asked| match brain(asked) {
            Say::Words(mut words) => {
                words.delay = Duration::from_millis(500);
                Say::Words(words)
            }
            other => other,
        });
        let repo = scene.repo();
        let mut words = REVIEW.to_vec();
        words.extend(fix.then_some("--fix"));
        let both = ["one", "two"].map(|name| Beside::start(&scene, &repo.dir, &words, name));
        let both = both.map(Beside::end);
        let run = |outcome: &Outcome| outcome.json()["review"]["run"].as_str().unwrap().to_owned();
        let verdict = if fix { ("pass", 0) } else { ("block", 1) };
        for outcome in &both {
            assert_eq!(outcome.json()["verdict"], verdict.0, "{outcome}");
            assert_eq!(outcome.code, verdict.1, "{outcome}");
            assert_eq!(run(outcome), only_run(&repo), "{outcome}");
        }
        assert_eq!(scene.stand_ins.asked().len(), if fix { 4 } else { 2 }, "{}", both[1]);
        let told = both.iter().filter(|outcome| {
            outcome.stderr.contains("reviews this already")
                && outcome.stderr.contains("waiting for what it comes to")
        });
        assert_eq!(told.count(), 1, "{}{}", both[0], both[1]);
    }
}
