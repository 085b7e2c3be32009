//! What the gates leave behind: findings and what was decided of them, trees and commands that
//! passed, agreements, bypasses, and the hooks themselves.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;

use serde_json::{Value, json};

use crate::frozen_state::data::{Data, NOW, later};
use crate::harness::{Outcome, Repo, Sandbox};

/// Each run of the command is a line in the home.
const POLICY: &str = "[gates]\nscope = \"off\"\n\
    [[commands]]\nname = \"probe\"\nrun = '''echo ran >> \"$HOME/ran\"'''\n\
    on = [\"pre-commit\", \"pre-push\"]\n\
    [[commands]]\nname = \"mark\"\nrun = '''! grep -q FIXME notes'''\non = [\"pre-commit\"]\n\
    paths = [\"notes\"]\n";

fn git(repo: &Repo<'_>, words: &[&str], more: &[(&str, &str)]) -> Outcome {
    repo.git_env(words, &[&[("TRIBUNAL_TEST_NOW", NOW)], more].concat())
}

fn tribunal(repo: &Repo<'_>, words: &[&str]) -> Outcome {
    repo.tribunal_with(words, &[("TRIBUNAL_TEST_NOW", NOW)], b"")
}

/// A repository whose policy is on its remote.
fn begin(sandbox: &Sandbox) -> Repo<'_> {
    sandbox.repo_with("origin.git", &["--bare", "--object-format=sha1"]);
    let repo = sandbox.repo_with("r", &["--object-format=sha1"]);
    repo.write("tribunal.toml", POLICY).write("src/a.rs", "fn a() {}\nfn b() {}\n");
    repo.commit_unjudged("chore: policy");
    repo.git(&["remote", "add", "origin", "../origin.git"]).ok();
    repo.git(&["push", "--quiet", "--no-verify", "origin", "main"]).ok();
    repo
}

/// The content of the commit that the hook passes.
fn passes<'a, 'b>(repo: &'a Repo<'b>) -> &'a Repo<'b> {
    repo.write("good", "good\n")
}

fn marker() -> String {
    format!("{} HEAD\n", "<".repeat(7))
}

/// Stages a start of a conflict in each of the files.
fn conflicts(repo: &Repo<'_>) {
    for name in ["one", "two", "three", "four"] {
        repo.write(name, format!("{name}\n{}", marker()));
    }
    // A name that is not UTF-8.
    repo.write(OsStr::from_bytes(b"fi\xffve"), marker()).git(&["add", "--all"]).ok();
}

fn make(data: &Data) {
    let sandbox = Sandbox::new();
    let repo = begin(&sandbox);
    tribunal(&repo, &["trust", "--yes"]).ok();
    tribunal(&repo, &["hooks", "install"]).ok();
    passes(&repo).git(&["add", "--all"]).ok();
    git(&repo, &["commit", "--quiet", "-m", "feat: good"], &[]).ok();
    conflicts(&repo);
    let found = tribunal(&repo, &["check", "--format", "json"]).code(1).json();
    let id = |path: &str| {
        let mut found = found["findings"].as_array().unwrap().iter();
        found.find(|f| f["path"] == path).unwrap()["id"].as_str().unwrap().to_owned()
    };
    let until = ["--until", "2126-01-01"];
    let decide = |word: &str, path: &str, more: &[&str]| {
        let id = id(path);
        tribunal(&repo, &[&["findings", word, &id, "--reason", "a sample"], more].concat()).ok();
    };
    decide("dismiss", "one", &until);
    decide("accept", "two", &until);
    decide("accept", "two", &["--until", "2026-03-05"]);
    decide("dismiss", "three", &[]);
    decide("reopen", "three", &[]);
    repo.git(&["reset", "--quiet", "--hard"]).ok();
    repo.write("notes", "FIXME\n").git(&["add", "--all"]).ok();
    git(&repo, &["commit", "--quiet", "-m", "docs: notes"], &[]).code(1);
    git(&repo, &["commit", "--quiet", "-m", "x"], &[("TRIBUNAL_SKIP", "commands,scope")]).ok();
    repo.write("more", "more\n").git(&["add", "--all"]).ok();
    git(&repo, &["commit", "--quiet", "-m", "x"], &[("TRIBUNAL", "0")]).ok();
    let at = ["--at", "src/a.rs:2", "--message", "nobody calls it"];
    let class = ["--class", "correctness/dead-code", "--severity", "low"];
    tribunal(&repo, &[&["findings", "add"][..], &class, &at].concat()).ok();
    data.take(&repo, &[]);
}

fn listed(repo: &Repo<'_>, more: &[&str]) -> Vec<Value> {
    let words = ["findings", "list", "--format", "json", "--status", "all"];
    let listed = later(repo, &[&words[..], more].concat()).ok().json();
    listed["findings"].as_array().unwrap().clone()
}

fn findings_and_decisions(data: &Data) {
    let sandbox = Sandbox::new();
    let repo = begin(&sandbox);
    data.lay(&repo);
    let status = |path: &str| {
        let all = listed(&repo, &["--gate", "conflict-markers"]);
        all.iter().find(|f| f["path"] == path).unwrap()["status"].clone()
    };
    // Nothing of it is staged here, and no commit has it: what nobody answered is gone.
    for (path, expected) in
        [("one", "dismissed"), ("two", "accepted"), ("three", "withdrawn"), ("four", "withdrawn")]
    {
        assert_eq!(status(path), expected, "{path}");
    }
    let remark = &listed(&repo, &["--gate", "person"])[0];
    assert_eq!((&remark["path"], &remark["line"]), (&"src/a.rs".into(), &2.into()));
    assert_eq!((&remark["severity"], &remark["times"]), (&"low".into(), &1.into()));
    assert_eq!(remark["class"], "correctness/dead-code");
    let command = &listed(&repo, &["--gate", "commands"])[0];
    assert_eq!((&command["rule"], &command["path"]), (&"mark".into(), &Value::Null));
    let two = listed(&repo, &["--path", "two"])[0]["id"].as_str().unwrap().to_owned();
    let shown = later(&repo, &["findings", "show", &two, "--format", "json"]).ok().json();
    let decided = &shown["finding"]["dispositions"];
    assert_eq!(decided[0]["until"], "2126-01-02T00:00:00Z", "{shown:#}");
    assert_eq!(decided[1]["actor"], "A Person <person@example.invalid>", "{shown:#}");
    passes(&repo).commit_unjudged("feat: good");
    conflicts(&repo);
    let found = later(&repo, &["check", "--format", "json"]).code(1).json();
    let mut effects: Vec<(&str, &str)> = found["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| (f["path"].as_str().unwrap(), f["status"].as_str().unwrap()))
        .collect();
    effects.sort_unstable();
    let odd = ("fi\u{fffd}ve", "open");
    let rest = [("four", "open"), ("one", "dismissed"), ("three", "open"), ("two", "accepted")];
    let expected = [&[odd], &rest[..]].concat();
    assert_eq!(effects, expected, "{found:#}");
    let again = listed(&repo, &["--gate", "conflict-markers"]);
    assert!(again.iter().all(|finding| finding["times"] == 1), "the same findings: {again:#?}");
    assert_eq!(again.len(), 5);
    let over = [("TRIBUNAL_TEST_NOW", "2026-03-07T00:00:00Z")];
    let show = ["findings", "show", &two];
    repo.tribunal_with(&show, &over, b"").ok().says("(over)").says("open");
}

fn passes_and_agreements(data: &Data) {
    let sandbox = Sandbox::new();
    let repo = begin(&sandbox);
    data.lay(&repo);
    let ran = || std::fs::read_to_string(sandbox.home().join("ran")).unwrap_or_default();
    // Agreements are the person's and no part of the state any more: those that lie in it count for nothing.
    later(&repo, &["trust", "--yes"]).ok();
    let agreed = later(&repo, &["trust", "--list", "--format", "json"]).ok().json();
    let names: Vec<_> = agreed["trusted"].as_array().unwrap().iter().map(|a| &a["name"]).collect();
    let mut names: Vec<_> = names.into_iter().map(|name| name.as_str().unwrap()).collect();
    names.sort_unstable();
    assert_eq!(names, ["mark", "probe"]);

    // The tree that the hook passed, in a commit that it never saw.
    passes(&repo).commit_unjudged("feat: good");
    let push = ["push", "origin", "main"];
    git(&repo, &push, &[]).ok().never_says("not checked when made").never_says("not checked");
    assert_eq!(ran(), "", "what passed on this tree ran again");
    // A tree that nobody knows.
    repo.write("other", "other\n").commit_unjudged("feat: other");
    git(&repo, &push, &[])
        .ok()
        .says("1 of 1 commit not checked when made")
        .never_says("not trusted");
    assert_eq!(ran(), "ran\n");
    // The hooks of then ask this program.
    repo.write("more", marker()).git(&["add", "--all"]).ok();
    git(&repo, &["commit", "--quiet", "-m", "feat: more"], &[]).code(1).says("conflict");
    assert_eq!(repo.rev("HEAD"), repo.rev("origin/main"));
    later(&repo, &["hooks", "uninstall"]).ok();
    assert!(!repo.path(".git/hooks/pre-commit").exists(), "they are known to be ours");
}

fn bypasses(data: &Data) {
    let sandbox = Sandbox::new();
    let repo = begin(&sandbox);
    data.lay(&repo);
    let status = later(&repo, &["status", "--format", "json"]).ok().json();
    let bypasses = status["bypasses"].as_array().unwrap();
    let expected = ["TRIBUNAL_SKIP=commands,scope", "TRIBUNAL=0"];
    assert_eq!(bypasses.len(), expected.len(), "{status:#}");
    for what in expected {
        let line = format!("{NOW}\tpre-commit\t{what}\tA Person\tmain");
        assert!(bypasses.contains(&json!(line)), "no {line} in {status:#}");
    }
    assert!(status["hooks"]["installed"].as_u64().unwrap() >= 3, "{status:#}");
    // The remark: the rest is neither committed nor staged here.
    assert_eq!(status["findings"]["open"], 1, "{status:#}");
    let log = repo.read(".git/tribunal/bypass.log");
    repo.write("more", "more\n").git(&["add", "--all"]).ok();
    git(&repo, &["commit", "--quiet", "-m", "x"], &[("TRIBUNAL", "0")]).ok();
    let now = repo.read(".git/tribunal/bypass.log");
    assert_eq!(now.strip_prefix(&log).map(|more| more.lines().count()), Some(1), "{now}");
}

#[test]
fn findings_are_listed_with_what_was_decided_and_let_pass_what_they_let_pass() {
    findings_and_decisions(&Data::frozen("gates"));
}

#[test]
fn what_passed_is_not_asked_again_and_what_was_agreed_to_runs() {
    passes_and_agreements(&Data::frozen("gates"));
}

#[test]
fn bypasses_stay_on_record() {
    bypasses(&Data::frozen("gates"));
}

#[test]
fn what_is_written_now_is_read_alike() {
    let fresh = Data::fresh("gates");
    make(&fresh);
    findings_and_decisions(&fresh);
    passes_and_agreements(&fresh);
    bypasses(&fresh);
}
