//! What a person or a hook does to the index around a `tribunal commit` that fails, is killed or takes its time.

use std::path::Path;

use serde_json::json;

use crate::harness::{Repo, Sandbox, executable};
use crate::model_server::{Asked, Say};
use crate::scene::Scene;

const COMMIT: [&str; 5] = ["commit", "a.txt", "new", "-m", "feat: a"];

fn status(repo: &Repo<'_>) -> String {
    repo.git(&["status", "--porcelain", "--untracked-files=all"]).ok().stdout
}

/// With a staged file, and two files to commit.
fn project(sandbox: &Sandbox) -> Repo<'_> {
    let repo = sandbox.repo("r");
    repo.write("a.txt", "a\n").write("c.txt", "c\n").write("d.txt", "d\n");
    repo.commit_unjudged("chore: all");
    repo.write("c.txt", "two\n").git(&["add", "c.txt"]).ok();
    repo.write("a.txt", "two\n").write("new", "n\n");
    repo
}

/// Has the program be killed once the index has what is to be committed, before git has begun.
fn killed(repo: &Repo<'_>) {
    for save in 1.. {
        repo.until_save(&COMMIT, save);
        if status(repo).contains("A  new\n") {
            return;
        }
        repo.tribunal(&["status"]).ok();
    }
}

#[test]
fn what_a_person_marked_after_a_kill_stays() {
    let sandbox = Sandbox::new();
    let repo = project(&sandbox);
    killed(&repo);
    repo.git(&["update-index", "--skip-worktree", "d.txt"]).ok();
    repo.write("later", "l\n").git(&["add", "--intent-to-add", "later"]).ok();
    repo.tribunal(&["status"]).ok().says("before git committed");
    assert_eq!(status(&repo), " M a.txt\nM  c.txt\n A later\n?? new\n");
    assert!(repo.git(&["ls-files", "-v"]).ok().stdout.contains("S d.txt\n"));
}

#[test]
fn conflicts_after_a_kill_are_no_warning_and_a_lost_copy_is_no_lost_index() {
    let sandbox = Sandbox::new();
    let repo = project(&sandbox);
    killed(&repo);
    let copies = repo.path(".git/tribunal/commit");
    for folder in std::fs::read_dir(copies).unwrap() {
        std::fs::remove_file(folder.unwrap().path().join("index")).unwrap();
    }
    repo.tribunal(&["status"]).ok();
    assert_eq!(repo.git(&["ls-files", "--stage", "d.txt"]).ok().out().lines().count(), 1);
    repo.git(&["reset", "--quiet", "a.txt", "new"]).ok();
    killed(&repo);
    let blob = repo.rev("HEAD:d.txt");
    let stages = [1, 2, 3].map(|stage| format!("100644 {blob} {stage}\td.txt\n")).concat();
    repo.git(&["rm", "--quiet", "--cached", "d.txt"]).ok();
    repo.write("stages", stages);
    let set = format!("cd '{}' && git update-index --index-info <stages", repo.path("").display());
    assert!(std::process::Command::new("sh").args(["-c", &set]).status().unwrap().success());
    let before = status(&repo);
    repo.tribunal(&["status"]).ok().never_says("killed");
    assert_eq!(status(&repo), before);
}

/// Has a file or an index look as if it was written at a moment long ago.
fn at(path: &Path) {
    let then = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_700_000_000);
    std::fs::File::options().append(true).open(path).unwrap().set_modified(then).unwrap();
}

#[test]
fn a_file_that_was_changed_as_it_was_staged_is_seen_to_be_changed_after_a_refusal() {
    let sandbox = Sandbox::new();
    let repo = project(&sandbox);
    repo.git(&["config", "core.trustctime", "false"]).ok();
    at(&repo.path("d.txt"));
    repo.git(&["update-index", "--refresh", "-q"]);
    repo.write("d.txt", "2\n");
    at(&repo.path("d.txt"));
    at(&repo.path(".git/index"));
    executable(repo.path(".git/hooks/pre-commit"), "#!/bin/sh\nexit 1\n");
    repo.tribunal(&COMMIT).code(1);
    assert_eq!(status(&repo), " M a.txt\nM  c.txt\n M d.txt\n?? new\n");
}

#[test]
fn where_another_command_holds_the_index_as_git_ends_the_next_command_puts_it_back() {
    let sandbox = Sandbox::new();
    let repo = project(&sandbox);
    let before = status(&repo);
    executable(repo.path(".git/hooks/pre-commit"), "#!/bin/sh\ntouch .git/index.lock\nexit 1\n");
    repo.tribunal(&COMMIT).code(2).says("is still staged").says("tribunal status");
    std::fs::remove_file(repo.path(".git/index.lock")).unwrap();
    repo.tribunal(&["status"]).ok();
    assert_eq!(status(&repo), before);
}

#[test]
fn what_a_hook_commits_before_git_could_is_not_taken_for_the_commit() {
    let sandbox = Sandbox::new();
    let repo = project(&sandbox);
    let before = status(&repo);
    let amend =
        "unset GIT_INDEX_FILE\nexec git commit --quiet --amend --no-verify --only -m other\n";
    executable(repo.path(".git/hooks/pre-commit"), format!("#!/bin/sh\n{amend}"));
    repo.tribunal(&COMMIT).code(1).says("nothing was committed");
    assert_eq!(status(&repo), before);
}

#[test]
fn what_is_staged_while_an_agent_words_the_message_stays_staged() {
    let place = std::sync::Arc::new(std::sync::OnceLock::<std::path::PathBuf>::new());
    let staged = place.clone();
    let scene = Scene::new("", move |_: &Asked| {
        let folder = staged.get().unwrap();
        let script = "echo mine >src/sum.rs; git add src/sum.rs other; echo later >src/sum.rs";
        let mut shell = std::process::Command::new("sh");
        assert!(shell.args(["-c", script]).current_dir(folder).status().unwrap().success());
        Say::json(json!({"subject": "feat: one", "body": ""}))
    });
    let repo = scene.library();
    place.set(repo.path("")).unwrap();
    repo.write("src/sum.rs", "// first\n").write("other", "o\n").write("new", "n\n");
    let hook = repo.path(".git/hooks/pre-commit");
    executable(&hook, "#!/bin/sh\necho h >hooked; env -u GIT_INDEX_FILE git add hooked; exit 1\n");
    repo.tribunal(&["commit", "src/sum.rs", "new", "--yes"]).code(1);
    let staged = || repo.git(&["show", ":src/sum.rs"]).ok().out().to_owned();
    assert_eq!(
        (status(&repo), staged()),
        ("A  hooked\nA  other\nAM src/sum.rs\n?? new\n".into(), "mine".into())
    );
    std::fs::remove_file(hook).unwrap();
    repo.git(&["reset", "--quiet"]).ok();
    repo.write("src/sum.rs", "// first\n");
    repo.tribunal(&["commit", "src/sum.rs", "new", "--yes"]).ok();
    assert_eq!(repo.git(&["show", "HEAD:src/sum.rs"]).ok().out(), "// first");
    assert_eq!(
        (status(&repo), staged()),
        ("A  other\nMM src/sum.rs\n?? hooked\n".into(), "mine".into())
    );
}
