//! What is kept beside verdicts: where it cannot be written, whose rights it has, where it ends.

use std::fs;
use std::os::unix::process::CommandExt as _;
use std::process::Stdio;

use crate::harness::{Sandbox, TRIBUNAL, run, wait_for};

fn bad() -> String {
    format!("{} HEAD\nours\n", "<".repeat(7))
}

#[test]
fn an_interrupted_commit_is_no_pass() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("repo");
    let started = sandbox.path().join("started");
    repo.write(
        "tribunal.toml",
        format!(
            "[[commands]]\nname = \"slow\"\nrun = \"touch {} && sleep 600\"\non = \
             [\"pre-commit\"]\n",
            started.display()
        ),
    );
    repo.write("a", "1\n").commit_unjudged("feat: one");
    repo.tribunal(&["hooks", "install"]).ok();
    repo.tribunal(&["trust", "--yes"]).ok();
    repo.write("a", "2\n").git(&["add", "a"]).ok();
    let interrupted = |program: &str, words: &[&str]| {
        let mut command = sandbox.command(program, &repo.dir);
        command.args(words).process_group(0).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.spawn().unwrap();
        wait_for("the command to start", || started.exists());
        let mut kill = sandbox.command("kill", &repo.dir);
        kill.args(["-s", "INT", "--", &format!("-{}", child.id())]);
        run(kill, b"").ok();
        let output = child.wait_with_output().unwrap();
        fs::remove_file(&started).unwrap();
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
    };
    let said = interrupted("git", &["commit", "--quiet", "-m", "feat: two"]);
    assert!(said.contains("tribunal: interrupted"), "{said}");
    assert!(!said.contains("pass"), "{said}");
    assert!(!repo.path(".git/tribunal/judged").exists());
    let head = repo.rev("HEAD");
    assert_eq!(repo.git(&["log", "--oneline"]).stdout.lines().count(), 1, "{head}");
    let said = interrupted(TRIBUNAL, &["check", "--commands"]);
    assert!(said.contains("inconclusive: ") && !said.contains("pass: "), "{said}");
}

#[test]
fn a_folder_for_temporary_files_that_is_not_there_stops_nothing() {
    let sandbox = Sandbox::new();
    let gone = sandbox.path().join("gone").display().to_string();
    for (name, init) in [("plain", &[][..]), ("sha256", &["--object-format=sha256"])] {
        let repo = sandbox.repo_with(name, init);
        repo.write("a", "1\n").commit_unjudged("feat: one");
        repo.tribunal(&["hooks", "install"]).ok();
        repo.write("a", "2\n").write("n", "n\n");
        repo.git(&["add", "a"]).ok();
        // Git leaves no tree of an index with a file that is only announced.
        repo.git(&["add", "-N", "n"]).ok();
        repo.git_env(&["commit", "--quiet", "-m", "feat: two"], &[("TMPDIR", &gone)]).ok();
        repo.write("bad", bad()).git(&["add", "bad"]).ok();
        let commit = ["commit", "--quiet", "-m", "feat: three"];
        repo.git_env(&commit, &[("TMPDIR", &gone)]).code(1).says("bad:1");
        let left = |folder: &str| {
            let entries = fs::read_dir(repo.path(folder)).unwrap();
            let names = entries.map(|entry| entry.unwrap().file_name());
            names.filter(|name| name.to_string_lossy().starts_with(".tribunal-")).count()
        };
        assert_eq!(left(".git") + left(".git/tribunal"), 0);
    }
}

#[test]
fn how_paths_are_meant_ends_with_the_persons_own_command() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("repo");
    repo.write(".gitignore", "/s\n").write("s/x", "x\n").write(
        "tribunal.toml",
        "[[commands]]\nname = \"probe\"\nrun = \"test -e s/x && git ls-files -- . | grep -qx a\"\n\
         on = [\"pre-commit\"]\nshare = [\"s\"]\n",
    );
    repo.write("a", "0\n").commit_unjudged("feat: one");
    repo.tribunal(&["hooks", "install"]).ok();
    repo.tribunal(&["trust", "--yes"]).ok();
    let options =
        ["--icase-pathspecs", "--glob-pathspecs", "--noglob-pathspecs", "--literal-pathspecs"];
    for option in options {
        repo.write("a", option).git(&["add", "a"]).ok();
        repo.git(&[option, "commit", "--quiet", "-m", "feat: two"]).ok().never_says("tribunal:");
    }
}
