//! A finding of a gate is open as long as its text is somewhere: in the work tree, under another name, in
//! another file, on a branch of another name.

use std::fs;

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
fn what_git_checks_through_an_index_of_its_own_stays_open_in_the_work_tree() {
    for words in [&["commit", "-am", "bad"][..], &["commit", "-m", "bad", "a"]] {
        let sandbox = Sandbox::new();
        let repo = repository(&sandbox);
        repo.write("a", format!("{}key = {}\n", text(), secret()));
        repo.git(words).code(1);
        only(&repo, "open", "a", "blocked");
        repo.write("a", format!("new\n{}key = {}\n", text(), secret()));
        only(&repo, "open", "a", "edited");
        repo.write("a", format!("{}key = none\n", text()));
        only(&repo, "withdrawn", "a", "nowhere any more");
        repo.write("a", format!("{}key = {}\n", text(), secret()));
        only(&repo, "open", "a", "back");
        // Moved to a file that git does not know yet.
        fs::rename(repo.path("a"), repo.path("b")).unwrap();
        only(&repo, "open", "a", "moved");
        repo.git(&["stash", "--include-untracked"]).ok();
        only(&repo, "withdrawn", "a", "stashed");
        assert_eq!(repo.git(&["status", "--short"]).out(), "");
    }
}

#[test]
fn a_file_that_is_taken_out_and_ignored_is_no_longer_to_be_committed() {
    let sandbox = Sandbox::new();
    let repo = repository(&sandbox);
    repo.write("local", format!("key = {}\n", secret()));
    repo.commit("bad").code(1);
    repo.git(&["rm", "--quiet", "--cached", "local"]).ok();
    only(&repo, "open", "local", "the next `git add` stages it again");
    repo.write(".gitignore", "local\n");
    only(&repo, "withdrawn", "local", "ignored");
    repo.git(&["add", "--force", "local"]).ok();
    only(&repo, "open", "local", "staged all the same");
}

#[test]
fn what_is_about_a_change_or_from_a_command_stays_open_in_the_work_tree() {
    let sandbox = Sandbox::new();
    let repo = repository(&sandbox);
    let policy = "[gates]\nscope = { level = \"block\", files = 1 }\n";
    repo.write("tribunal.toml", policy).commit_unjudged("policy");
    repo.write("a", "one\n").write("other", "two\n");
    repo.git(&["commit", "-am", "both"]).code(1);
    only(&repo, "open", "", "blocked");
    repo.write("a", text());
    only(&repo, "withdrawn", "", "it is another change");
    repo.write("a", "one\n");
    let policy = "[[commands]]\nname = \"look\"\nrun = \"! grep -n bad a && exit 0; exit 1\"\n\
                  on = [\"pre-commit\"]\n";
    repo.git(&["checkout", "--quiet", "."]).ok();
    repo.write("tribunal.toml", policy).commit_unjudged("commands");
    repo.tribunal(&["trust", "--yes"]).ok();
    repo.write("a", format!("{}bad\n", text()));
    repo.git(&["commit", "-am", "bad"]).code(1);
    let open = || findings(&repo).iter().filter(|(status, _)| status == "open").count();
    assert_eq!(open(), 1, "{:?}", findings(&repo));
    repo.write("a", format!("{}good\n", text()));
    assert_eq!(open(), 0, "{:?}", findings(&repo));
}

/// What moves the text of the file `a`, and where it is then.
type Move = (&'static str, fn(&Repo<'_>), &'static str);

const MOVES: [Move; 7] = [
    ("renamed", |repo| drop(fs::rename(repo.path("a"), repo.path("b"))), "b"),
    (
        "renamed and edited",
        |repo| {
            let edited = repo.read("a").replace("line 3\n", "three\n").replace("key = ", "KEY: ");
            fs::remove_file(repo.path("a")).unwrap();
            repo.write("b", edited);
        },
        "b",
    ),
    (
        "moved into a folder and edited",
        |repo| {
            let edited = format!("new\n{}", repo.read("a"));
            fs::remove_file(repo.path("a")).unwrap();
            repo.write("folder/a", edited);
        },
        "folder/a",
    ),
    (
        "copied, and deleted later",
        |repo| {
            repo.write("b", repo.read("a")).commit_unjudged("copied");
            fs::remove_file(repo.path("a")).unwrap();
        },
        "b",
    ),
    (
        "split into two",
        |repo| {
            let all = repo.read("a");
            let (first, last) = all.split_at(all.find("line 7").unwrap());
            repo.write("b", first).write("c", last);
            fs::remove_file(repo.path("a")).unwrap();
        },
        "c",
    ),
    (
        "moved to a file that was there",
        |repo| {
            let all = repo.read("a");
            let (rest, last) = all.split_at(all.find("line 12").unwrap());
            repo.write("a", rest).write("other", format!("something else\n{last}"));
        },
        "other",
    ),
    (
        "moved in several steps",
        |repo| {
            repo.git(&["mv", "a", "b"]).ok();
            repo.write("b", format!("x\n{}", repo.read("b"))).commit_unjudged("one");
            repo.git(&["mv", "b", "c"]).ok();
            repo.write("c", format!("y\n{}", repo.read("c"))).commit_unjudged("two");
            repo.git(&["mv", "c", "d"]).ok();
        },
        "d",
    ),
];

/// Moves text, past the hooks, and looks whether its finding is open where it is then.
fn follow(bad: &str) {
    for (what, moves, to) in MOVES {
        let sandbox = Sandbox::new();
        let repo = repository(&sandbox);
        repo.write("a", format!("{}{bad}", text()));
        repo.commit("bad").code(1);
        repo.commit_unjudged("bad all the same");
        only(&repo, "open", "a", what);
        moves(&repo);
        assert_eq!(findings(&repo)[0].0, "open", "{what}, not staged");
        repo.git(&["add", "--all"]).ok();
        assert_eq!(findings(&repo)[0].0, "open", "{what}, staged");
        repo.commit_unjudged("moved");
        only(&repo, "open", to, what);
        // Where it is now, a hook and a later look find it.
        repo.write("z", "z\n").commit_unjudged("later");
        only(&repo, "open", to, what);
        let mended = repo.read(to).replace(bad, "").replace(&bad.replace("key = ", "KEY: "), "");
        repo.write(to, format!("{mended}fine\n")).commit_unjudged("mended");
        only(&repo, "resolved", to, what);
    }
}

#[test]
fn a_secret_that_is_moved_stays_open_where_it_is() {
    follow(&format!("key = {}\n", secret()));
}

#[test]
fn a_line_that_is_moved_stays_open_where_it_is() {
    follow(&format!("{} HEAD\n", "<".repeat(7)));
}

#[test]
fn a_file_that_is_moved_and_edited_stays_open_where_it_is() {
    let sandbox = Sandbox::new();
    let repo = repository(&sandbox);
    let size = "[gates]\nlarge-files = { level = \"block\", max = \"1 KiB\" }\n";
    repo.write("tribunal.toml", size).commit_unjudged("policy");
    let large = text().repeat(20);
    repo.write("large", &large);
    repo.commit("bad").code(1);
    repo.commit_unjudged("bad all the same");
    only(&repo, "open", "large", "committed");
    fs::remove_file(repo.path("large")).unwrap();
    repo.write("larger", format!("more\n{large}")).commit_unjudged("moved");
    only(&repo, "open", "larger", "moved and edited");
    // A secret in a name.
    fs::remove_file(repo.path("larger")).unwrap();
    repo.commit_unjudged("gone");
    only(&repo, "resolved", "larger", "gone");
    repo.write(format!("{}.txt", secret()), "one\n");
    repo.commit("bad").code(1);
    repo.commit_unjudged("bad all the same");
    let open = || findings(&repo).iter().filter(|(status, _)| status == "open").count();
    assert_eq!(open(), 1);
    fs::remove_file(repo.path(format!("{}.txt", secret()))).unwrap();
    repo.write(format!("folder/{}.md", secret()), "two\n").commit_unjudged("moved");
    assert_eq!(open(), 1, "{:?}", findings(&repo));
    fs::remove_dir_all(repo.path("folder")).unwrap();
    repo.commit_unjudged("gone");
    assert_eq!(open(), 0, "{:?}", findings(&repo));
}

#[test]
fn another_text_of_the_same_rule_is_not_what_was_taken_away() {
    let sandbox = Sandbox::new();
    let repo = repository(&sandbox);
    let other = another(3);
    repo.write("a", format!("{}key = {}\n", text(), secret()));
    repo.commit("bad").code(1);
    repo.commit_unjudged("bad all the same");
    repo.write("a", text()).write("b", format!("{}key = {other}\n", text()));
    repo.commit_unjudged("another one");
    only(&repo, "resolved", "a", "the other one is none of it");
}

#[test]
fn a_branch_of_another_name_keeps_open_what_it_has() {
    let sandbox = Sandbox::new();
    let repo = repository(&sandbox);
    repo.git(&["switch", "--quiet", "-c", "side"]).ok();
    repo.write("k", format!("key = {}\n", secret()));
    repo.commit("bad").code(1);
    repo.commit_unjudged("bad all the same");
    repo.git(&["switch", "--quiet", "main"]).ok();
    repo.git(&["branch", "--quiet", "-m", "side", "renamed"]).ok();
    only(&repo, "open", "k", "renamed");
    repo.git(&["branch", "--quiet", "copy", "renamed"]).ok();
    repo.git(&["branch", "--quiet", "-D", "renamed"]).ok();
    only(&repo, "open", "k", "copied and deleted");
    repo.git(&["branch", "--quiet", "-D", "copy"]).ok();
    only(&repo, "withdrawn", "k", "on no branch");
}

#[test]
fn a_branch_that_was_made_for_what_was_stopped_keeps_it_open() {
    for words in [&["switch", "--quiet", "-c", "side"][..], &["switch", "--quiet", "--detach"]] {
        let sandbox = Sandbox::new();
        let repo = repository(&sandbox);
        repo.write("k", format!("key = {}\n", secret()));
        repo.commit("bad").code(1);
        repo.git(words).ok();
        repo.write("b", "more\n").commit_unjudged("bad all the same");
        repo.git(&["branch", "--force", "kept"]).ok();
        repo.git(&["switch", "--quiet", "main"]).ok();
        only(&repo, "open", "k", "on the branch");
        repo.git(&["switch", "--quiet", "kept"]).ok();
        repo.write("k", "none\n").commit_unjudged("mended");
        repo.git(&["branch", "--quiet", "-D", "side"]);
        only(&repo, "resolved", "k", "mended");
    }
}

#[test]
fn a_protected_branch_keeps_open_what_was_merged_into_it() {
    let sandbox = Sandbox::new();
    let repo = repository(&sandbox);
    repo.git(&["switch", "--quiet", "-c", "side"]).ok();
    repo.write("k", format!("key = {}\n", secret()));
    repo.commit("bad").code(1);
    repo.commit_unjudged("bad all the same");
    repo.git(&["branch", "--force", "main"]).ok();
    repo.write("k", "none\n").commit_unjudged("mended");
    only(&repo, "open", "k", "`main` has it");
    repo.git(&["branch", "--force", "main"]).ok();
    only(&repo, "resolved", "k", "merged");
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
    let to_copy = format!("`tribunal findings dismiss {} -r REASON`", &id[20..]);
    repo.tribunal(&["findings", "show", id]).ok().says(&to_copy);
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
