//! What is told of commands: while they run, when they ended, and what it was that passed.

use std::fs;
use std::process::Command;
use std::time::Instant;

use rustix::process::{Pid, Signal, kill_process};

use crate::commands::with_command;
use crate::harness::{Repo, Sandbox, TRIBUNAL, executable, wait_for};
use crate::output::terminal::{on_terminal, on_terminal_of, seen};
use crate::scene::Beside;

/// Two lines with what steers a terminal, a secret, and a line that goes on: then it takes its time.
fn talkative(sandbox: &Sandbox, end: &str) -> String {
    let secret = sandbox.path().join("secret");
    fs::write(&secret, format!("token: {}\n", key())).unwrap();
    let long = "long ".repeat(60);
    let wait = "sleep 1.3";
    let steering = "printf '\\033[2J\\033[32mgreen\\033[0m \\007 40 %%\\r50 %%\\n'";
    format!(
        "{steering}; {wait}; cat {}; {wait}; echo {long}; printf not-whole; {wait}; {end}",
        secret.display()
    )
}

fn key() -> String {
    ["AK", "IA", "Q7R3T5V2X4Z6B8N1"].concat()
}

fn staged(repo: &Repo<'_>) -> Command {
    repo.write("a", "1\n").git(&["add", "a"]).ok();
    let mut commit = repo.sandbox.command("git", &repo.dir);
    commit.args(["commit", "--quiet", "-m", "feat: x"]);
    commit
}

#[test]
fn a_terminal_shows_what_runs_and_since_when_and_its_last_line() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    with_command(&repo, &talkative(&sandbox, "exit 1"), "");
    let printed = on_terminal_of(60, staged(&repo));
    let text = String::from_utf8_lossy(&printed);
    for part in [
        "tribunal: running `probe` (0 s) 50 %",
        "tribunal: running `probe` (1 s) ",
        " s) token: [redacted:",
        " s) long long",
    ] {
        assert!(text.contains(part), "no `{part}` in {text:?}");
    }
    assert!(!text.contains(&key()), "{text:?}");
    for line in text.split('\r').filter(|part| part.contains("running `probe`")) {
        assert!(!line.contains("not-whole"), "{line:?}");
        assert!(!line.contains('\u{1b}') && !line.contains('\u{7}'), "{line:?}");
        assert!(line.trim_end().chars().count() < 60, "{line:?}");
    }
    // In the end it is gone, and nothing else was written into it.
    let rows = seen(&printed);
    assert!(!rows.iter().any(|row| row.contains("running `probe`")), "{rows:#?}");
    assert!(
        rows.iter().any(|row| row.contains("blocked") && row.contains("failed (1)")),
        "{rows:#?}"
    );
}

#[test]
fn what_is_over_soon_and_what_nobody_watches_has_no_line() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    with_command(&repo, "echo quick", "");
    let printed = on_terminal(staged(&repo), b"");
    assert!(!String::from_utf8_lossy(&printed).contains("running"), "{printed:?}");
    with_command(&repo, "echo slow; sleep 1", "");
    repo.write("a", "2\n").git(&["add", "a"]).ok();
    repo.git(&["commit", "--quiet", "-m", "feat: x"]).ok().never_says("running").never_says("slow");
}

#[test]
fn a_push_shows_it_too_and_quiet_does_not() {
    let sandbox = Sandbox::new();
    let bare = sandbox.bare("bare");
    let repo = sandbox.repo("r");
    let policy = "[[commands]]\nname = \"one\"\nrun = \"echo first; sleep 0.8\"\n\
                  [[commands]]\nname = \"two\"\nrun = \"echo second; sleep 0.8\"\n";
    repo.write("tribunal.toml", policy).commit_unjudged("policy");
    repo.push_to(&bare);
    repo.tribunal(&["trust", "--yes"]).ok();
    executable(
        repo.path(".git/hooks/pre-push"),
        format!("#!/bin/sh\nexec '{TRIBUNAL}' hook pre-push \"$@\"\n"),
    );
    repo.write("a", "1\n").commit_unjudged("feat: a");
    let mut push = sandbox.command("git", &repo.dir);
    push.args(["push", "--quiet", "origin", "main"]);
    let printed = on_terminal(push, b"");
    let text = String::from_utf8_lossy(&printed);
    assert!(text.contains("tribunal: running `one` (1 of 2, 0 s) first"), "{text:?}");
    assert!(text.contains("tribunal: running `two` (2 of 2, 0 s) second"), "{text:?}");
    let rows = seen(&printed);
    assert!(rows.iter().all(|row| !row.contains("running")), "{rows:#?}");
    assert_eq!(bare.rev("main"), repo.rev("main"));
    let printed = on_terminal(repo.command(&["check", "--all", "--commands", "--quiet"]), b"");
    assert!(!String::from_utf8_lossy(&printed).contains("running"), "{printed:?}");
    // The log of a CI run keeps every line.
    let mut in_ci = repo.command(&["check", "--all", "--commands"]);
    in_ci.env("CI", "true");
    let printed = on_terminal(in_ci, b"");
    let text = String::from_utf8_lossy(&printed);
    assert!(!text.contains("running"), "{text:?}");
    assert!(text.contains("2 files checked and 2 commands run in"), "{text:?}");
}

#[test]
fn what_ran_and_passed_is_told_when_asked() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    with_command(&repo, "true", "");
    repo.write("a", "1\n").git(&["add", "a"]).ok();
    let json = repo.tribunal(&["check", "--commands", "--format", "json"]).ok().json();
    assert_eq!(json["ran"][0]["name"], "probe");
    assert_eq!(json["ran"][0]["outcome"], "passed");
    assert_eq!(json["ran"][0]["cached"], false);
    assert!(json["ran"][0]["ms"].is_u64(), "{json}");
    let gates: Vec<&str> =
        json["gates"].as_array().unwrap().iter().map(|gate| gate.as_str().unwrap()).collect();
    assert!(gates.contains(&"secrets") && gates.contains(&"commands"), "{json}");
    // A change that is staged has no message, and no branch.
    assert!(!gates.contains(&"commit-message") && !gates.contains(&"protected-branch"), "{json}");
    let told = repo.tribunal(&["check", "--commands", "-v"]).ok();
    told.says("running `probe`\n").says("`probe` passed in 0.").says("gates: secrets, ");
    let told = repo.tribunal(&["check", "--commands"]).ok();
    told.never_says("running").never_says("passed in").never_says("gates:");
    let off = repo.tribunal(&["check", "--format", "json", "--set", "gates.scope=off"]).ok().json();
    assert!(!off["gates"].as_array().unwrap().contains(&"scope".into()), "{off}");
    assert_eq!(off["ran"].as_array().unwrap().len(), 0);
    // A commit by itself, and one more of the same tree.
    let json = repo.tribunal(&["check", "--from", "HEAD", "--commands", "-v"]).ok();
    json.says("nothing to check");
}

#[test]
fn an_interrupted_check_is_no_pass() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    let mark = sandbox.path().join("ran");
    with_command(&repo, &format!("touch {}; sleep 300", mark.display()), "");
    repo.write("a", "1\n").commit_unjudged("feat: a");
    repo.write("a", "2\n").git(&["add", "a"]).ok();
    for words in [
        &["check", "--commands"][..],
        &["check", "--commands", "--from", "HEAD~1"],
        &["check", "--commands", "--format", "json"],
    ] {
        let beside = Beside::start(&repo, words, "interrupted");
        wait_for("the command to run", || mark.exists());
        let started = Instant::now();
        let pid = i32::try_from(beside.child.id()).unwrap();
        kill_process(Pid::from_raw(pid).unwrap(), Signal::INT).unwrap();
        let told = beside.end().code(130).says("probe").says("interrupted");
        assert!(started.elapsed().as_secs() < 30);
        assert!(!told.stderr.contains("pass") && !told.stdout.contains("\"pass\""), "{told}");
        fs::remove_file(&mark).unwrap();
    }
}
