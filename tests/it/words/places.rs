//! What is said where there is no commit, no work tree, no repository or no agent.

use crate::harness::Sandbox;

#[test]
fn before_the_first_commit_it_is_said_that_there_is_none() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    let nothing = repo.tribunal(&["check"]).ok();
    assert_eq!(nothing.stdout, "nothing to check: nothing is staged\n", "{nothing}");
    assert_eq!(nothing.stderr, "", "{nothing}");
    for words in [&["check", "--all"][..], &["check", "--from", "HEAD"]] {
        let said = repo.tribunal(words).code(2).says("error: there is no commit yet\n");
        drop(said.says("hint: `tribunal check` checks what is staged"));
    }
    let said = repo.tribunal(&["review"]).code(2).says("there is no commit yet, and nothing is");
    drop(said.says("hint: `git add` what is to be reviewed"));
    let none = repo.tribunal(&["spec", "lint"]).ok().says("no specs yet\n");
    drop(none.says("hint: write one with `tribunal spec new <id>`").never_says("0 errors"));
}

#[test]
fn a_bare_repository_is_told_what_it_lacks() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    repo.write("a", "one\n").commit_unjudged("one");
    let bare = sandbox.bare("bare.git");
    repo.push_to(&bare);
    let said = bare.tribunal(&["check"]).code(2).says("this repository is bare: nothing can be");
    drop(said.says("hint: `tribunal check --all` checks the last commit"));
    drop(bare.tribunal(&["check", "--all"]).ok().says("pass: 1 file checked"));
    for words in [&["constitution"][..], &["spec", "list"], &["init", "--dry-run"]] {
        let said = bare.tribunal(words).code(2).says("this repository is bare: it has no ");
        drop(said.says("hint: run it in a clone with a work tree").never_says("write"));
    }
    for words in [&["status"][..], &["daemon", "status"]] {
        let said = bare.tribunal(words).ok().says("a bare repository has no work tree to watch");
        drop(said.never_says("daemon start"));
    }
}

/// What was done is told as done, what would be as not done yet.
#[test]
fn what_is_done_about_hooks_is_told_in_its_tense() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    drop(repo.tribunal(&["hooks", "install", "--dry-run"]).ok().says("would write `"));
    drop(repo.tribunal(&["hooks", "install"]).ok().says("wrote `").never_says("would"));
    drop(repo.tribunal(&["hooks", "uninstall", "--dry-run"]).ok().says("would remove `"));
    drop(repo.tribunal(&["hooks", "uninstall"]).ok().says("removed `").never_says("would"));
}

/// Each hint is a line of its own, not a part of the reason.
#[test]
fn without_an_agent_the_reason_and_the_hints_are_lines_of_their_own() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    repo.write("a", "one\n").commit_unjudged("one");
    let path = [("PATH", "/usr/bin:/bin")];
    let said = repo.tribunal_with(&["review", "--commit", "HEAD"], &path, b"").code(4);
    let said = said.says("`codex` is not in `PATH`; `claude` is not in `PATH`\n");
    drop(said.says("\nhint: install it with `npm install").never_says("(hint:"));
}
