//! `tribunal commit` where a repository is in an awkward state: what a person has there is as it was.

use std::os::unix::process::CommandExt as _;
use std::process::{Child, Stdio};

use rustix::process::Signal;

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

/// Sends what a terminal sends at Ctrl-C or Ctrl-\\: to the program and to all that it started.
fn interrupted(child: &mut Child, signal: Signal) -> std::process::ExitStatus {
    let group = rustix::process::Pid::from_child(child);
    rustix::process::kill_process_group(group, signal).unwrap();
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
    for (name, signal) in
        [("pre-commit", Signal::INT), ("pre-commit", Signal::QUIT), ("post-commit", Signal::QUIT)]
    {
        executable(repo.path(format!(".git/hooks/{name}")), hook);
        let mut command = repo.command(&["commit", "a.txt", "new", "-m", "feat: a"]);
        command.process_group(0).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        wait_for("the hook", || repo.path(".git/runs").exists());
        std::fs::remove_file(repo.path(".git/runs")).unwrap();
        let ended = interrupted(&mut child, signal);
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

/// A hook that kills the program, and git with it where that is wanted.
fn killing(repo: &Repo<'_>, hook: &str, kills_git: bool) {
    let git = if kills_git { "; kill -9 $PPID" } else { "" };
    let script = format!("#!/bin/sh\nkill -9 $(cut -d' ' -f4 /proc/$PPID/stat){git}\n");
    executable(repo.path(format!(".git/hooks/{hook}")), script);
}

#[cfg(target_os = "linux")]
#[test]
fn after_a_kill_the_index_never_takes_back_what_is_committed() {
    let words = ["commit", "a.txt", "new", "-m", "feat: a"];
    let format = "echo formatted >>a.txt; git add a.txt";
    for (hook, first, kills_git) in [
        // By then git has read the message.
        ("commit-msg", "", false),
        ("commit-msg", format, false),
        ("post-commit", "", true),
        ("pre-commit", "", true),
    ] {
        let sandbox = Sandbox::new();
        let repo = project(&sandbox);
        repo.write("c.txt", "two\n").git(&["add", "c.txt"]).ok();
        repo.write("a.txt", "staged\n").git(&["add", "a.txt"]).ok();
        repo.write("a.txt", "two\n").write("new", "n\n");
        let (before, head) = (status(&repo), repo.rev("HEAD"));
        killing(&repo, hook, kills_git);
        if !first.is_empty() {
            executable(repo.path(".git/hooks/pre-commit"), format!("#!/bin/sh\n{first}\n"));
        }
        repo.tribunal(&words).code(-1);
        let is_committed = !kills_git || hook == "post-commit";
        if is_committed {
            wait_for("git to commit", || repo.rev("HEAD") != head);
        }
        std::fs::remove_file(repo.path(format!(".git/hooks/{hook}"))).unwrap();
        if is_committed && first.is_empty() {
            // Before any other command of the program.
            assert_eq!(status(&repo), "M  c.txt\n", "{hook} {kills_git}");
        }
        let says = if is_committed { "after git committed" } else { "before git committed" };
        // Git, where it was not killed, may still be ending.
        let mut told = String::new();
        wait_for("what it says", || {
            told += &repo.tribunal(&["status"]).ok().stderr;
            told.contains(says)
        });
        let after = if is_committed { "M  c.txt\n".to_owned() } else { before };
        assert_eq!(status(&repo), after, "{hook} {first} {kills_git}");
        if !is_committed {
            assert_eq!(repo.git(&["show", ":a.txt"]).ok().out(), "staged");
            // What a person staged since stays as it is.
            killing(&repo, hook, kills_git);
            repo.tribunal(&words).code(-1);
            std::fs::remove_file(repo.path(format!(".git/hooks/{hook}"))).unwrap();
            repo.git(&["add", "new"]).ok();
            repo.write("more", "").git(&["add", "more"]).ok();
            let before = status(&repo);
            repo.tribunal(&["status"]).ok().never_says("killed");
            assert_eq!(status(&repo), before);
        }
    }
}

#[test]
fn killed_at_its_own_saves_a_commit_leaves_the_index_as_it_was_or_as_committed() {
    let sandbox = Sandbox::new();
    let repo = project(&sandbox);
    repo.write("c.txt", "two\n").git(&["add", "c.txt"]).ok();
    repo.write("a.txt", "two\n").write("new", "n\n");
    let (before, head) = (status(&repo), repo.rev("HEAD"));
    let mut kills = 0;
    while repo.rev("HEAD") == head {
        kills += 1;
        repo.until_save(&["commit", "a.txt", "new", "-m", "feat: a"], kills);
        repo.tribunal(&["status"]).ok();
        let now = if repo.rev("HEAD") == head { before.as_str() } else { "M  c.txt\n" };
        assert_eq!(status(&repo), now, "save {kills}");
    }
    assert!(kills > 2, "{kills}");
}
