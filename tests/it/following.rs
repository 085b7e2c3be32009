//! A finding of a gate is open as long as its text is somewhere: in the work tree, under another name, in
//! another file, on a branch of another name.

use serde_json::Value;

use crate::harness::{Repo, Sandbox};

/// A text of so many lines, so that a file that is edited is known again.
fn text() -> String {
    (1..=12).flat_map(|number| ["line ".to_owned(), number.to_string(), "\n".to_owned()]).collect()
}

fn repository(sandbox: &Sandbox) -> Repo<'_> {
    let repo = sandbox.repo("r");
    repo.write("a", text()).write("other", "something else\n").commit_unjudged("first");
    repo.tribunal(&["hooks", "install"]).ok();
    repo
}

/// The findings on record, each with its status and its path.
fn findings(repo: &Repo) -> Vec<(String, String)> {
    let listed = repo.tribunal(&["findings", "list", "--status", "all", "--format", "json"]).ok();
    let listed = listed.json()["findings"].as_array().unwrap().clone();
    let text = |finding: &Value, key: &str| finding[key].as_str().unwrap_or_default().to_owned();
    listed.iter().map(|finding| (text(finding, "status"), text(finding, "path"))).collect()
}

#[track_caller]
fn only(repo: &Repo, status: &str, path: &str, when: &str) {
    assert_eq!(findings(repo), [(status.to_owned(), path.to_owned())], "{when}");
}

#[test]
fn a_command_that_fails_at_the_commit_and_at_the_push_is_one_finding() {
    let sandbox = Sandbox::new();
    let repo = repository(&sandbox);
    let origin = sandbox.bare("o");
    repo.push_to(&origin);
    let command = "[[commands]]\nname = \"look\"\nrun = \"! grep -n bad a\"\n\
                   on = [\"pre-commit\", \"pre-push\"]\n";
    repo.write("tribunal.toml", command).commit_unjudged("commands");
    repo.tribunal(&["trust", "--yes"]).ok();
    repo.git(&["push", "--quiet", "origin", "main"]).ok();
    repo.write("a", "bad\n");
    repo.commit("bad").code(1);
    only(&repo, "open", "", "at the commit");
    repo.commit("bad").code(1);
    repo.commit_unjudged("bad all the same");
    repo.git(&["push", "--quiet", "origin", "main"]).code(1).says("[commands/look ");
    only(&repo, "open", "", "at the push");
    repo.tribunal(&["check", "--from", "HEAD~1", "--commands"]).code(1);
    only(&repo, "open", "", "by hand");
    repo.write("a", "good\n").git(&["commit", "--quiet", "--amend", "-am", "good"]).ok();
    repo.git(&["push", "--quiet", "origin", "main"]).ok();
    only(&repo, "resolved", "", "passed");
}
