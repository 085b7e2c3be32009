//! What is kept beside verdicts: where it cannot be written, whose rights it has, where it ends.

use std::fs;

use crate::harness::Sandbox;

fn bad() -> String {
    format!("{} HEAD\nours\n", "<".repeat(7))
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
