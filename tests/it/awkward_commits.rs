//! `tribunal commit` where a repository is in an awkward state: what a person has there is as it was.

use std::os::unix::process::CommandExt as _;
use std::process::{Child, Stdio};

use crate::harness::{Repo, Sandbox, executable, wait_for};
use crate::scene::secret;

fn status(repo: &Repo<'_>) -> String {
    repo.git(&["status", "--porcelain", "--untracked-files=all"]).ok().stdout
}

fn project(sandbox: &Sandbox) -> Repo<'_> {
    let repo = sandbox.repo("r");
    repo.write("a.txt", "a\n").write("c.txt", "c\n").write("d/e.txt", "e\n");
    repo.commit_unjudged("chore: all");
    repo
}

/// Of each path with a mark, what git is not to look at: `h` and `S`.
fn marks(repo: &Repo<'_>) -> String {
    repo.git(&["ls-files", "-v"]).ok().stdout
}

#[test]
fn files_that_git_is_not_to_look_at_stay_out_and_keep_their_marks() {
    let sandbox = Sandbox::new();
    let repo = project(&sandbox);
    repo.git(&["update-index", "--skip-worktree", "c.txt"]).ok();
    repo.git(&["update-index", "--assume-unchanged", "d/e.txt"]).ok();
    repo.write("c.txt", "mine\n").write("d/e.txt", "mine\n").write("a.txt", "two\n");
    repo.write(".gitignore", "*.log\n").write("x.log", "x\n").write("y.txt", "y\n");
    repo.git(&["add", "--force", "x.log", "y.txt"]).ok();
    let before = marks(&repo);
    assert!(before.contains("S c.txt\nh d/e.txt\n"), "{before}");
    // What was staged although it is ignored can be named as well.
    repo.tribunal(&["commit", "c.txt", "-m", "feat: c"]).code(2).says("git add --sparse");
    repo.tribunal(&["commit", "a.txt", "d", "x.log", "-m", "feat: a"]).ok();
    assert_eq!(repo.git(&["show", "--name-only", "--format=", "HEAD"]).ok().out(), "a.txt\nx.log");
    assert_eq!(marks(&repo), before);
    assert_eq!(status(&repo), "A  y.txt\n?? .gitignore\n");
    repo.tribunal(&["commit", ".", "-m", "feat: all"]).ok().says("(2 files)");
    assert!(marks(&repo).contains("S c.txt\nh d/e.txt\n"));
    assert_eq!((repo.read("c.txt"), repo.read("d/e.txt")), ("mine\n".into(), "mine\n".into()));
}

#[test]
fn a_file_that_was_moved_and_is_left_out_stays_where_it_was() {
    let sandbox = Sandbox::new();
    let repo = project(&sandbox);
    let lines = "one\ntwo\nthree\n".repeat(20);
    repo.write("big.txt", &lines).commit_unjudged("chore: big");
    repo.git(&["mv", "big.txt", "moved.txt"]).ok();
    repo.write("moved.txt", format!("{lines}{}\n", secret()));
    repo.git(&["rm", "--quiet", "c.txt"]).ok();
    repo.git(&["add", "moved.txt"]).ok();
    let done = repo.tribunal(&["commit", "-m", "feat: c"]).ok();
    done.says("left out `moved.txt`").says("(1 file)");
    assert_eq!(repo.git(&["show", "HEAD:big.txt"]).ok().stdout, lines);
    assert_eq!(status(&repo), "R  big.txt -> moved.txt\n");
}

#[test]
fn where_git_would_work_elsewhere_or_holds_the_index_nothing_is_committed() {
    let sandbox = Sandbox::new();
    let repo = project(&sandbox);
    let other = sandbox.repo("other");
    other.write("o", "o\n").commit_unjudged("chore: o");
    repo.write("a.txt", "two\n");
    let (head, before) = (repo.rev("HEAD"), status(&repo));
    let git_dir = other.path(".git").display().to_string();
    let index = other.path(".git/index").display().to_string();
    for (name, value) in [("GIT_DIR", &git_dir), ("GIT_INDEX_FILE", &index)] {
        let vars = [(name, value.as_str())];
        let words = ["commit", "-m", "feat: a"];
        let refused = repo.tribunal_with(&words, &vars, b"").code(2);
        refused.says(&format!("`{name}` has git work elsewhere")).says(&format!("unset {name}"));
    }
    let vars = [("GIT_DIR", git_dir.as_str())];
    repo.tribunal_with(&["push"], &vars, b"").code(2).says("has git work elsewhere");
    repo.write(".git/index.lock", "");
    for words in [["commit", "--all"], ["commit", "a.txt"]] {
        let words = [&words[..], &["-m", "feat: a"]].concat();
        repo.tribunal(&words).code(2).says("index.lock` is there").says("remove that file");
    }
    std::fs::remove_file(repo.path(".git/index.lock")).unwrap();
    assert_eq!((repo.rev("HEAD"), status(&repo)), (head, before));
    // What `git add` does not take is told with what helps.
    repo.git(&["init", "--quiet", "inner"]).ok();
    repo.tribunal(&["commit", "--all", "-m", "feat: a"]).code(2).says("without a commit");
    // The same place, named otherwise, is this one.
    let vars = [("GIT_DIR", ".git"), ("GIT_WORK_TREE", "."), ("GIT_INDEX_FILE", ".git/index")];
    repo.tribunal_with(&["commit", "a.txt", "-m", "feat: a"], &vars, b"").ok();
}

/// Sends what a terminal sends at Ctrl-C: to the program and to all that it started.
fn interrupted(child: &mut Child) -> std::process::ExitStatus {
    let group = rustix::process::Pid::from_child(child);
    rustix::process::kill_process_group(group, rustix::process::Signal::INT).unwrap();
    child.wait().unwrap()
}

#[test]
fn after_an_interrupt_the_index_is_that_of_the_commit_or_as_it_was() {
    let sandbox = Sandbox::new();
    let repo = project(&sandbox);
    repo.write("a.txt", "two\n").write("new", "n\n").write("c.txt", "two\n");
    repo.git(&["add", "c.txt"]).ok();
    let (before, head) = (status(&repo), repo.rev("HEAD"));
    let hook = "#!/bin/sh\ntouch .git/runs\nexec sleep 60\n";
    for name in ["pre-commit", "post-commit"] {
        executable(repo.path(format!(".git/hooks/{name}")), hook);
        let mut command = repo.command(&["commit", "a.txt", "new", "-m", "feat: a"]);
        command.process_group(0).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        wait_for("the hook", || repo.path(".git/runs").exists());
        std::fs::remove_file(repo.path(".git/runs")).unwrap();
        let ended = interrupted(&mut child);
        std::fs::remove_file(repo.path(format!(".git/hooks/{name}"))).unwrap();
        if name == "pre-commit" {
            assert_eq!(ended.code(), Some(130));
            assert_eq!((repo.rev("HEAD"), status(&repo)), (head.clone(), before.clone()));
        } else {
            assert_ne!(repo.rev("HEAD"), head);
            assert_eq!(status(&repo), "M  c.txt\n");
        }
    }
}
