//! Commands that go on printing until they are stopped, and readers that stop before that.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};

use crate::harness::{Repo, Sandbox, wait_for};

/// Starts a command and reads its first line; the pipe is closed when the reader is dropped.
fn first_line(repo: &Repo<'_>, words: &[&str]) -> (Child, String) {
    let mut command = repo.command(words);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    (child, line)
}

/// Waits for the end, and expects it to be quiet and successful.
fn ends_quietly(mut child: Child, what: &str) {
    let mut ended = None;
    wait_for(what, || {
        ended = child.try_wait().unwrap();
        ended.is_some()
    });
    assert_eq!(ended.unwrap().code(), Some(0), "{what}");
    let said = std::io::read_to_string(child.stderr.take().unwrap()).unwrap();
    assert_eq!(said, "", "{what}");
}

#[test]
fn following_the_log_ends_when_nobody_reads_it() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    fs::create_dir_all(sandbox.watcher_state()).unwrap();
    fs::write(sandbox.watcher_state().join("watcher.log"), "one\ntwo\n").unwrap();
    let (child, line) = first_line(&repo, &["daemon", "log", "--follow"]);
    assert_eq!(line, "one\n");
    // Nothing is written any more, so no write fails: it must notice by itself.
    ends_quietly(child, "the end of `daemon log --follow`");
}

#[test]
fn a_watcher_in_the_foreground_ends_when_nobody_reads_it() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    repo.write("a", "1\n").commit_unjudged("first");
    let (child, line) = first_line(&repo, &["watch", "--format", "json"]);
    assert!(line.contains("\"watching\""), "{line}");
    ends_quietly(child, "the end of `watch`");
    // It gave back what it held.
    repo.tribunal(&["daemon", "status"]).says("not running");
}

/// A verdict does not depend on whether anybody reads it.
#[test]
fn a_reader_that_leaves_changes_no_verdict() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    for number in 0..400 {
        repo.write(format!("f{number}"), format!("{} HEAD\n", "<".repeat(7)));
    }
    repo.git(&["add", "."]).ok();
    let (mut child, line) = first_line(&repo, &["check", "--format", "github"]);
    assert!(line.starts_with("::error"), "{line}");
    assert_eq!(child.wait().unwrap().code(), Some(1));
}
