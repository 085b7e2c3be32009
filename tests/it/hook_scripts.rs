//! Scripts of the work tree that git runs as hooks, and what is in the place of tribunal's state.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use crate::harness::{Sandbox, run};

#[test]
fn what_is_in_the_place_of_the_state_folder_is_named_by_every_command_and_left_alone() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    repo.commit_unjudged("chore: begin");
    repo.tribunal(&["hooks", "install"]).ok();
    let outside = sandbox.path().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("installed"), "pre-commit\n").unwrap();
    let state = repo.path(".git/tribunal");
    for put in [(|to, at| fs::write(at, to).unwrap()) as fn(&str, &Path), |to, at| {
        symlink(to, at).unwrap();
    }] {
        fs::remove_dir_all(&state).or_else(|_| fs::remove_file(&state)).unwrap();
        put(outside.to_str().unwrap(), &state);
        for words in [
            "hooks install",
            "hooks uninstall --yes",
            "hooks status",
            "uninstall --yes",
            "uninstall --purge --yes",
            "init --yes",
            "status",
            "doctor",
            "daemon status",
            "findings list",
            "trust --yes",
        ] {
            let words: Vec<&str> = words.split(' ').collect();
            let said = repo.tribunal(&words).code(2);
            said.says(".git/tribunal` is ").says("hint: ");
        }
        assert!(fs::symlink_metadata(&state).is_ok());
        assert_eq!(fs::read_dir(&outside).unwrap().count(), 1);
        assert!(repo.path(".git/hooks/pre-commit").exists(), "nothing is half done");
    }
    fs::remove_file(&state).unwrap();
    repo.tribunal(&["uninstall", "--purge", "--yes"]).ok();
}

/// Git itself would wait for a pipe for good.
#[test]
fn an_index_that_is_no_file_is_named_by_every_command() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    repo.commit_unjudged("chore: begin");
    fs::remove_file(repo.path(".git/index")).unwrap();
    let mut pipe = sandbox.command("mkfifo", &repo.dir);
    pipe.arg(".git/index");
    run(pipe, b"").ok();
    for words in ["status", "check", "config", "trust --yes", "uninstall --purge --yes"] {
        let words: Vec<&str> = words.split(' ').collect();
        repo.tribunal(&words).code(2).says(".git/index` is no file").says("hint: move it away");
    }
}
