//! A finding of a gate from its first sighting to its end: what is open is what is somewhere.

use bstr::ByteSlice as _;
use serde_json::Value;

use crate::harness::{Outcome, Repo, Sandbox};
use crate::output::terminal::on_terminal_of;

/// A line that a gate stops: no secret stands in this file.
fn token() -> String {
    ["xox", "b-", "283746501928-", "3847561029384-", "ZkTqWmRvXcLpNbHdYsGfJuEa"].concat()
}

fn marker() -> String {
    format!("{} HEAD\n", "<".repeat(7))
}

fn with_file(sandbox: &Sandbox) -> Repo<'_> {
    let repo = sandbox.repo("r");
    repo.write("a", "one\ntwo\nthree\n").commit_unjudged("first");
    repo.tribunal(&["hooks", "install"]).ok();
    repo
}

fn all(repo: &Repo) -> Vec<Value> {
    let listed = repo.tribunal(&["findings", "list", "--status", "all", "--format", "json"]).ok();
    listed.json()["findings"].as_array().unwrap().clone()
}

fn statuses(repo: &Repo) -> Vec<String> {
    all(repo).iter().map(|finding| finding["status"].as_str().unwrap().to_owned()).collect()
}

fn shown(repo: &Repo) -> Value {
    let id = all(repo)[0]["id"].as_str().unwrap().to_owned();
    repo.tribunal(&["findings", "show", &id, "--format", "json"]).ok().json()["finding"].clone()
}

/// The last step of the only finding: what was decided, and the commit that shows it.
fn last_step(repo: &Repo) -> (String, Option<String>) {
    let last = shown(repo)["dispositions"].as_array().unwrap().last().unwrap().clone();
    let commit = last["commit"].as_str().map(str::to_owned);
    (last["decision"].as_str().unwrap().to_owned(), commit)
}

#[track_caller]
fn open(repo: &Repo, count: usize) {
    repo.tribunal(&["status"]).ok().says(&format!("findings  {count} open\n"));
}

#[test]
fn what_was_stopped_and_mended_is_withdrawn_and_comes_back_as_itself() {
    let sandbox = Sandbox::new();
    let repo = with_file(&sandbox);
    repo.write("a", marker());
    repo.commit("bad").code(1);
    open(&repo, 1);
    let id = all(&repo)[0]["id"].as_str().unwrap().to_owned();
    // Mended and committed: that commit opened no ledger, and says nothing.
    repo.write("a", "one\nmore\n");
    repo.commit("good").ok();
    open(&repo, 0);
    assert_eq!(last_step(&repo), ("withdrawn".to_owned(), None));
    repo.tribunal(&["findings"]).ok().says("no open findings");
    repo.tribunal(&["findings", "list", "--status", "withdrawn"]).ok().says(&id[20..]);
    repo.tribunal(&["findings", "show", &id])
        .ok()
        .says("withdrawn: nothing that is committed, staged or in the work tree has it")
        .never_says("in HEAD");
    // It comes back: at a hook, or where somebody asks.
    repo.write("a", marker()).git(&["add", "a"]).ok();
    open(&repo, 1);
    assert_eq!(last_step(&repo).0, "reopened");
    repo.git(&["restore", "--staged", "a"]).ok();
    open(&repo, 1);
    repo.git(&["restore", "a"]).ok();
    open(&repo, 0);
    repo.write("a", marker());
    repo.commit("bad again").code(1);
    assert_eq!(statuses(&repo), ["open"], "the same finding");
}

#[test]
fn what_was_committed_is_resolved_by_the_commit_that_mends_it() {
    let sandbox = Sandbox::new();
    let repo = with_file(&sandbox);
    repo.write("a", format!("one\n{}two\n", marker()));
    repo.commit("bad").code(1);
    repo.commit_unjudged("bad all the same");
    repo.write("b", "more\n").commit_unjudged("another thing");
    open(&repo, 1);
    // Its line moved: it is the same finding, where it is now.
    repo.write("a", format!("zero\none\n{}two\n", marker())).commit_unjudged("moved");
    open(&repo, 1);
    assert_eq!(all(&repo)[0]["line"], 3);
    repo.git(&["mv", "a", "c"]).ok();
    repo.commit_unjudged("renamed");
    open(&repo, 1);
    assert_eq!(all(&repo)[0]["path"], "c");
    repo.write("c", "one\n").commit_unjudged("mended");
    let mended = repo.rev("HEAD");
    repo.write("b", "even more\n").commit_unjudged("later");
    open(&repo, 0);
    assert_eq!(last_step(&repo), ("resolved".to_owned(), Some(mended.clone())));
    let id = all(&repo)[0]["id"].as_str().unwrap()[20..].to_owned();
    let says = format!("resolved: commit {} no longer has it", &mended[..10]);
    repo.tribunal(&["findings", "show", &id]).ok().says(&says);
    // What is reverted is back, with the commit that has it.
    repo.git(&["revert", "--no-edit", &mended]).ok();
    open(&repo, 1);
    assert_eq!(last_step(&repo), ("reopened".to_owned(), Some(repo.rev("HEAD"))));
    repo.git(&["rm", "--quiet", "c"]).ok();
    repo.commit_unjudged("gone");
    open(&repo, 0);
    assert_eq!(last_step(&repo), ("resolved".to_owned(), Some(repo.rev("HEAD"))));
}

#[test]
fn a_branch_that_has_it_keeps_it_open_and_one_that_never_had_it_closes_nothing() {
    let sandbox = Sandbox::new();
    let repo = with_file(&sandbox);
    repo.git(&["switch", "--quiet", "-c", "side"]).ok();
    repo.write("k", format!("key = {}\n", token()));
    repo.commit("bad").code(1);
    repo.commit_unjudged("bad all the same");
    open(&repo, 1);
    repo.git(&["switch", "--quiet", "main"]).ok();
    open(&repo, 1);
    // A branch that came from there later does not keep it open.
    repo.git(&["branch", "later", "side"]).ok();
    repo.git(&["switch", "--quiet", "side"]).ok();
    repo.write("k", "key = none\n").commit_unjudged("mended");
    let mended = repo.rev("HEAD");
    repo.git(&["switch", "--quiet", "main"]).ok();
    open(&repo, 0);
    assert_eq!(last_step(&repo), ("resolved".to_owned(), Some(mended)));
    // Checked out, it counts again; so it does where HEAD is detached.
    repo.git(&["switch", "--quiet", "later"]).ok();
    open(&repo, 1);
    repo.git(&["switch", "--quiet", "main"]).ok();
    open(&repo, 0);
    repo.git(&["switch", "--quiet", "--detach", "later"]).ok();
    open(&repo, 1);
    repo.git(&["switch", "--quiet", "main"]).ok();
    open(&repo, 0);
}

#[test]
fn a_branch_that_is_deleted_or_amended_closes_what_it_had_alone() {
    let sandbox = Sandbox::new();
    let repo = with_file(&sandbox);
    let origin = sandbox.bare("o");
    repo.push_to(&origin);
    repo.git(&["switch", "--quiet", "-c", "side"]).ok();
    repo.write("k", format!("key = {}\n", token())).commit_unjudged("bad");
    let bad = repo.rev("HEAD");
    repo.git(&["switch", "--quiet", "main"]).ok();
    // Pushed from elsewhere: the branch that has the commit counts, not the one that is checked out.
    repo.git(&["push", "--quiet", "origin", "side"]).code(1).says("blocked");
    open(&repo, 1);
    repo.git(&["switch", "--quiet", "side"]).ok();
    repo.write("k", "key = none\n").git(&["add", "k"]).ok();
    repo.git(&["commit", "--quiet", "--amend", "-m", "good"]).ok();
    open(&repo, 0);
    let why = format!("its commit {} is on no branch any more", &bad[..10]);
    let id = all(&repo)[0]["id"].as_str().unwrap().to_owned();
    repo.tribunal(&["findings", "show", &id]).ok().says("resolved").says(&why);
    repo.git(&["reset", "--quiet", "--hard", &bad]).ok();
    open(&repo, 1);
    repo.git(&["switch", "--quiet", "main"]).ok();
    open(&repo, 1);
    repo.git(&["branch", "-D", "side"]).ok();
    open(&repo, 0);
    assert_eq!(last_step(&repo).0, "resolved");
}

#[test]
fn another_work_tree_keeps_open_what_is_staged_there() {
    let sandbox = Sandbox::new();
    let repo = with_file(&sandbox);
    let dir = sandbox.path().join("w");
    repo.git(&["worktree", "add", "--quiet", "-b", "side", dir.to_str().unwrap()]).ok();
    let other = Repo { sandbox: &sandbox, dir };
    other.write("a", marker());
    other.commit("bad").code(1);
    open(&repo, 1);
    open(&other, 1);
    other.git(&["checkout", "--quiet", "HEAD", "--", "a"]).ok();
    open(&repo, 0);
    assert_eq!(last_step(&repo).0, "withdrawn");
}

#[test]
fn a_finding_about_a_change_goes_with_its_change() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    repo.write("tribunal.toml", "[gates]\nscope = { level = \"block\", files = 1 }\n");
    repo.write("a", "one\n").commit_unjudged("first");
    repo.tribunal(&["hooks", "install"]).ok();
    repo.write("b", "b\n").write("c", "c\n");
    let stopped = repo.commit("both").code(1);
    open(&repo, 1);
    // What has an id is on record.
    let said = stopped.stderr.lines().find(|line| line.contains("[scope/")).unwrap().to_owned();
    let id = said.rsplit_once(' ').unwrap().1.trim_end_matches(']').to_owned();
    repo.tribunal(&["findings", "show", &id]).ok().says("open");
    // With all of it in the work tree it is open, until that is another change.
    repo.git(&["rm", "--quiet", "--cached", "c"]).ok();
    open(&repo, 1);
    repo.git(&["commit", "--quiet", "-m", "one"]).ok();
    open(&repo, 0);
    repo.commit("other").ok();
    assert_eq!(last_step(&repo), ("withdrawn".to_owned(), None));
    // Committed past the hook it is open as long as its commit is on a branch.
    repo.write("b", "bb\n").write("c", "cc\n");
    repo.commit("both").code(1);
    repo.commit_unjudged("both all the same");
    open(&repo, 1);
    repo.git(&["reset", "--quiet", "--hard", "HEAD~1"]).ok();
    open(&repo, 0);
}

#[test]
fn what_the_policy_allows_from_now_on_is_resolved() {
    let sandbox = Sandbox::new();
    let repo = with_file(&sandbox);
    repo.write("k", format!("key = {}\n", token())).commit_unjudged("bad");
    repo.tribunal(&["check", "--all"]).code(1);
    open(&repo, 1);
    repo.write("tribunal.toml", "[gates.secrets]\nallow-paths = [\"k\"]\n").git(&["add", "."]).ok();
    open(&repo, 1);
    repo.commit_unjudged("allowed");
    open(&repo, 0);
    assert_eq!(last_step(&repo), ("resolved".to_owned(), Some(repo.rev("HEAD"))));
    let id = all(&repo)[0]["id"].as_str().unwrap().to_owned();
    repo.tribunal(&["findings", "show", &id]).ok().says("has the text still: it is allowed there");
}

#[test]
fn asking_by_hand_is_no_occurrence() {
    let sandbox = Sandbox::new();
    let repo = with_file(&sandbox);
    repo.write("a", marker()).git(&["add", "a"]).ok();
    for _ in 0..3 {
        repo.tribunal(&["check"]).code(1);
        repo.tribunal(&["status"]).ok();
    }
    assert_eq!(all(&repo)[0]["times"], 1);
    repo.commit("bad").code(1);
    assert_eq!(all(&repo)[0]["times"], 2);
    repo.tribunal(&["findings", "show", all(&repo)[0]["id"].as_str().unwrap()])
        .ok()
        .says("seen:     in 1 change")
        .says("seen uncommitted on main, a:1");
}

#[test]
fn a_secret_in_a_files_name_is_closed_with_its_file() {
    let sandbox = Sandbox::new();
    let repo = with_file(&sandbox);
    let name = format!("{}.txt", token());
    repo.write(&name, "x\n");
    repo.commit("bad").code(1);
    open(&repo, 1);
    repo.git(&["reset", "--quiet"]).ok();
    open(&repo, 1);
    std::fs::remove_file(repo.path(&name)).unwrap();
    open(&repo, 0);
    assert_eq!(last_step(&repo).0, "withdrawn");
}

#[test]
fn while_a_merge_has_conflicts_nothing_is_closed() {
    let sandbox = Sandbox::new();
    let repo = with_file(&sandbox);
    repo.write("k", format!("key = {}\n", token()));
    repo.commit("bad").code(1);
    repo.git(&["rm", "--quiet", "--cached", "k"]).ok();
    std::fs::remove_file(repo.path("k")).unwrap();
    repo.git(&["switch", "--quiet", "-c", "side"]).ok();
    repo.write("a", "side\n").commit_unjudged("side");
    repo.git(&["switch", "--quiet", "main"]).ok();
    repo.write("a", "main\n").commit_unjudged("main");
    repo.git(&["merge", "--quiet", "side"]).code(1);
    open(&repo, 1);
    repo.git(&["merge", "--abort"]).ok();
    open(&repo, 0);
}

/// The id of the only finding, and what the program says when it is let pass.
fn allow(repo: &Repo, reason: &str) -> Outcome {
    let id = all(repo)[0]["id"].as_str().unwrap()[20..].to_owned();
    repo.tribunal(&["findings", "allow", &id, "--reason", reason])
}

#[test]
fn a_secret_is_let_pass_for_everyone_by_what_is_committed_before_it() {
    let sandbox = Sandbox::new();
    let repo = with_file(&sandbox);
    let settings = "# Ours.\n[gates]\nscope = \"off\" # no\n";
    repo.write("tribunal.toml", settings).commit_unjudged("policy");
    repo.write("k", format!("key = {}\n", token()));
    repo.commit("bad").code(1).says(" -r REASON` (everyone)");
    allow(&repo, "a sample\nof the docs").ok().says("added to `gates.secrets.allow`").says(
        "so commit this first: `git add tribunal.toml && git commit -m \"chore: allow a finding\" tribunal.toml`",
    );
    let written = repo.read("tribunal.toml");
    assert!(
        written.starts_with("# Ours.\n[gates]\n") && written.ends_with("scope = \"off\" # no\n")
    );
    assert!(written.contains("\",  # a sample of the docs\n"), "{written}");
    allow(&repo, "again").ok().says("already");
    // In the same commit it does not hold yet, and that is said with the way.
    repo.git(&["add", "."]).ok();
    repo.git(&["commit", "--quiet", "-m", "both"])
        .code(1)
        .says("this change allows it in tribunal.toml")
        .says("git commit -m \"chore: allow a finding\" tribunal.toml");
    repo.git(&["commit", "--quiet", "-m", "chore: allow a finding", "tribunal.toml"]).ok();
    repo.git(&["commit", "--quiet", "-m", "rest"]).ok();
    open(&repo, 0);
    // For everyone: a clone finds nothing.
    let clone = sandbox.path().join("clone");
    repo.git(&["clone", "--quiet", ".", clone.to_str().unwrap()]).ok();
    Repo { sandbox: &sandbox, dir: clone }.tribunal(&["check", "--all"]).code(0);
}

#[test]
fn what_no_setting_lets_pass_says_so_and_writes_nothing() {
    let sandbox = Sandbox::new();
    let repo = with_file(&sandbox);
    repo.write("tribunal.toml", "[gates]\nlarge-files = { level = \"block\", max = \"1 KiB\" }\n");
    repo.commit_unjudged("policy");
    repo.write("large", "x".repeat(2000));
    repo.commit("bad").code(1);
    allow(&repo, "r").code(2).says("raise `gates.large-files.max`");
    repo.git(&["reset", "--quiet"]).ok();
    assert_eq!(repo.git(&["status", "--short", "tribunal.toml"]).out(), "");
    // Nothing is written through a link.
    std::fs::remove_file(repo.path("large")).unwrap();
    let outside = sandbox.path().join("outside.toml");
    std::fs::write(&outside, "").unwrap();
    std::fs::remove_file(repo.path("tribunal.toml")).unwrap();
    std::os::unix::fs::symlink(&outside, repo.path("tribunal.toml")).unwrap();
    repo.write("k", format!("key = {}\n", token())).git(&["add", "k"]).ok();
    repo.tribunal(&["check", "k"]).code(1);
    let id = repo.tribunal(&["findings", "list", "--gate", "secrets", "--format", "json"]).json();
    let id = id["findings"][0]["id"].as_str().unwrap().to_owned();
    repo.tribunal(&["findings", "allow", &id, "--reason", "r"]).code(2).says("tribunal.toml");
    assert_eq!(std::fs::read_to_string(outside).unwrap(), "");
    repo.tribunal(&["findings", "allow", &id, "--reason", " "]).code(2).says("needs a reason");
    // A rule is waived beside the line.
    std::fs::remove_file(repo.path("tribunal.toml")).unwrap();
    repo.git(&["checkout", "--quiet", "tribunal.toml"]).ok();
}

#[test]
fn an_answer_says_what_it_covers() {
    let sandbox = Sandbox::new();
    let repo = with_file(&sandbox);
    repo.write("a", marker());
    repo.commit("bad").code(1);
    let id = all(&repo)[0]["id"].as_str().unwrap()[20..].to_owned();
    repo.tribunal(&["findings", "dismiss", &id, "-r", "a sample"])
        .ok()
        .says(&format!("{id} dismissed: "))
        .says("this machine and in this repository alone: a clone and CI find it still")
        .says(&format!("`tribunal findings allow {id} --reason TEXT`"));
    repo.tribunal(&["findings", "accept", "--help"]).ok().says("this machine");
    // Answered it stays answered, gone or not.
    repo.git(&["restore", "--staged", "a"]).ok();
    assert_eq!(statuses(&repo), ["dismissed"]);
}

#[test]
fn only_what_is_on_record_has_an_id() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    repo.write(
        "tribunal.toml",
        "[gates]\ncommit-message = \"block\"\nscope = { level = \"warn\", files = 1 }\n",
    );
    repo.write("a", "a\n").commit_unjudged("first");
    repo.tribunal(&["hooks", "install"]).ok();
    repo.write("a", "b\n");
    repo.commit("no form").code(1).says("[commit-message/commit-message]");
    repo.write("b", "b\n").write("c", "c\n").git(&["add", "."]).ok();
    repo.tribunal(&["check"]).ok().says("[scope/scope]");
    let json = repo.tribunal(&["check", "--format", "json"]).ok().json();
    assert_eq!(json["findings"][0]["id"], Value::Null);
    let origin = sandbox.bare("o");
    repo.push_to(&origin);
    repo.git(&["commit", "--quiet", "--amend", "--no-verify", "-m", "feat: other"]).ok();
    repo.git(&["push", "--force", "origin", "main"]).code(1).says("[protected-branch/rewrite]");
    open(&repo, 0);
}

#[test]
fn the_list_fits_and_says_what_it_lists() {
    let sandbox = Sandbox::new();
    let repo = with_file(&sandbox);
    repo.tribunal(&["findings"]).ok().says("no open findings");
    repo.write("long/path/to/some/folder/of/a/project/file", marker()).git(&["add", "."]).ok();
    repo.tribunal(&["check"]).code(1);
    let listed = repo.tribunal(&["findings"]).ok();
    let lines: Vec<&str> = listed.out().lines().collect();
    assert!(lines[0].starts_with("ID      SEVERITY  WHERE"), "{listed}");
    assert_eq!(lines.len(), 2, "{listed}");
    assert!(lines[1].contains("…of/a/project/file:1") || lines[1].contains("file:1"), "{listed}");
    listed.says("[repository/conflict-marker]");
    // On a terminal, which shows what was typed, each is one line, with its severity in a colour.
    for columns in [60, 80, 120] {
        let printed = on_terminal_of(columns, repo.command(&["findings"]));
        assert!(printed.contains_str("\u{1b}["));
        let printed = printed.replace("\r", "");
        let plain = anstream::adapter::strip_bytes(&printed).into_vec().to_str_lossy().into_owned();
        let lines: Vec<&str> = plain.lines().filter(|line| line.len() > 1).collect();
        assert_eq!(lines.len(), 2, "{plain}");
        let fit = |line: &&str| line.chars().count() <= usize::from(columns);
        assert!(lines.iter().all(fit), "{columns}: {plain}");
        assert_eq!(plain.contains("[repository/conflict-marker]"), columns == 120, "{plain}");
    }
    repo.tribunal(&["findings", "list", "--status", "all"]).ok().says("STATUS").says("open ");
    repo.tribunal(&["findings", "list", "--gate", "scope"]).ok().says("no findings match");
    repo.tribunal(&["findings", "list", "--status", "resolved"]).ok().says("no findings match");
    repo.tribunal(&["findings", "list", "--status", "fixed"]).code(2).says("resolved, withdrawn");
}

#[test]
fn classes_are_listed_and_a_repository_adds_its_own() {
    let sandbox = Sandbox::new();
    let repo = with_file(&sandbox);
    repo.tribunal(&["findings", "classes"])
        .ok()
        .says("security\n")
        .says("keep secrets out of code, logs and messages");
    let add = |class: &str| {
        repo.tribunal(&["findings", "add", "--class", class, "--at", "a:1", "-m", "m"])
    };
    add("style/println")
        .code(2)
        .says("unknown class `style/println`")
        .says("`tribunal findings classes` lists them; if none fits, use `other/style-println`");
    let own = "[classes]\n\"style/println\" = \"leave printing to the binary\"\n";
    repo.write("tribunal.toml", own).commit_unjudged("policy");
    add("style/println").ok();
    let json = repo.tribunal(&["findings", "classes", "style", "--format", "json"]).ok().json();
    assert_eq!(json["version"], 1);
    assert_eq!(json["classes"][0]["class"], "style/println");
    assert_eq!(json["classes"][0]["own"], true);
    repo.tribunal(&["findings", "list", "--class", "style/println"]).ok().says("a:1");
    // A rule may have it; another unknown one says what to do.
    let rule = |class: &str| {
        format!(
            "# Rules\n\n## R-7f3a Print nothing\n```toml rule\nstatus = \"active\"\nseverity = \"low\"\n\
             class = \"{class}\"\n```\nNo.\n"
        )
    };
    repo.write(".ai/constitution.md", rule("style/println")).git(&["add", "."]).ok();
    repo.tribunal(&["check"]).ok().never_says("not a known `class`");
    repo.write(".ai/constitution.md", rule("style/printl")).git(&["add", "."]).ok();
    repo.tribunal(&["check"])
        .code(1)
        .says("`style/printl` is not a known `class`")
        .says("did you mean `style/println`?")
        .says("`tribunal findings classes` lists them");
    // What cannot be a class is said where it is committed.
    for (wrong, says) in [
        ("\"println\" = \"x\"", "`println` is no name of a class"),
        ("\"other/x\" = \"x\"", "`other/x` is no name of a class"),
        ("\"testing/flaky\" = \"x\"", "`testing/flaky` is in the list already"),
        ("\"style/x\" = \" \"", "what is said of the class `style/x` cannot be used"),
        ("\"style/x\" = 1", "must be a text in quotes"),
    ] {
        repo.write("tribunal.toml", format!("[classes]\n{wrong}\n")).git(&["add", "."]).ok();
        repo.git(&["rm", "--quiet", "--cached", ".ai/constitution.md"]);
        repo.tribunal(&["check"]).code(1).says(says);
    }
}
