//! A finding of a gate is open as long as its text is somewhere: in the work tree, under another name, in
//! another file, on a branch of another name.

use serde_json::Value;

use crate::harness::{Repo, Sandbox};
use crate::scene::secret;

/// Other secrets of the same rule, so many letters on.
fn another(by: usize) -> String {
    let secret = secret();
    let (kind, rest) = secret.split_at(4);
    let (first, last) = rest.split_at(by);
    [kind, last, first].concat()
}

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

#[test]
fn a_push_that_is_stopped_names_the_commit_to_change_and_the_way_works() {
    let sandbox = Sandbox::new();
    let repo = repository(&sandbox);
    let origin = sandbox.bare("o");
    repo.push_to(&origin);
    repo.git(&["switch", "--quiet", "-c", "side"]).ok();
    repo.write("k", format!("key = {}\n", secret())).commit_unjudged("sample");
    let push = || repo.git(&["push", "--quiet", "origin", "side"]);
    let last = "itself, with `git commit --amend`: a commit on top of it leaves it in the push";
    push().code(1).says(last);
    // An entry on the branch itself weakens nothing, and the way on is said.
    let listed = repo.tribunal(&["findings", "list", "--format", "json"]).ok().json();
    let id = listed["findings"][0]["id"].as_str().unwrap();
    repo.tribunal(&["findings", "allow", id, "--reason", "a sample"])
        .ok()
        .says("`git add tribunal.toml && git commit -m")
        .says("push this first, by itself, in a commit on top of the remote's branch");
    repo.git(&["add", "tribunal.toml"]).ok();
    repo.git(&["commit", "--quiet", "-m", "chore: allow a finding", "tribunal.toml"]).ok();
    let commit = repo.rev("HEAD~1");
    let way = format!("with `git rebase -i {}~1`", &commit[..10]);
    push().code(1).says(&way).says("the push changes the policy");
    // On top of the branch that it goes to, it holds.
    repo.git(&["switch", "--quiet", "main"]).ok();
    repo.git(&["cherry-pick", "side"]).ok();
    repo.git(&["push", "--quiet", "origin", "main"]).ok();
    repo.git(&["rebase", "--quiet", "main", "side"]).ok();
    push().ok();
    // In the line it holds at once, in the commit that brings it.
    repo.git(&["switch", "--quiet", "-c", "other"]).ok();
    repo.write("l", format!("key = {}\n", another(3))).commit_unjudged("sample");
    repo.git(&["push", "--quiet", "origin", "other"]).code(1).says(last);
    let marker = ["tribunal:allow", "secrets", "a sample"].join(" ");
    repo.write("l", format!("key = {} # {marker}\n", another(3)));
    repo.git(&["commit", "--quiet", "--amend", "-am", "sample"]).ok();
    repo.git(&["push", "--quiet", "origin", "other"]).ok();
}
