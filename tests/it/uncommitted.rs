//! What holds for the next commit is what is committed: a change of the policy that is not is named, with
//! what it will change.

use std::fs;

use serde_json::Value;

use crate::harness::{Repo, Sandbox};

const OFF: &str = "[gates]\nscope = \"off\"\n";

/// Settings that let more pass than the defaults.
const WEAKER: &str = "[gates]\ncase-conflict = \"off\"\n";

/// Four changed files: more than one change should have.
fn too_wide(repo: &Repo<'_>) {
    for name in ["a", "b", "c", "d"] {
        repo.write(name, "1\n").git(&["add", name]).ok();
    }
}

/// The value of the gate's level, and who gave it.
fn level(repo: &Repo<'_>, more: &[&str]) -> (String, String) {
    let words = [&["config", "gates.scope.level", "--format", "json"], more].concat();
    let json = repo.tribunal(&words).ok().json();
    let setting = &json["settings"][0];
    let text = |value: &Value| value.as_str().unwrap().trim_matches('"').to_owned();
    (text(&setting["value"]), text(&setting["source"]))
}

#[test]
fn config_shows_what_a_check_goes_by() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    repo.write("tribunal.toml", "[gates]\nscope = \"block\"\n").commit_unjudged("policy");
    let holds = |value: &str, source: &str| {
        assert_eq!(level(&repo, &[]), (value.to_owned(), source.to_owned()));
    };
    holds("block", "tribunal.toml");
    repo.write("tribunal.toml", OFF);
    holds("block", "tribunal.toml");
    too_wide(&repo);
    repo.tribunal(&["check"]).code(1).says("[scope/scope");
    repo.git(&["add", "tribunal.toml"]).ok();
    holds("block", "tribunal.toml");
    repo.tribunal(&["check"]).code(1).says("[scope/scope");
    repo.commit_unjudged("policy");
    holds("off", "tribunal.toml");
    fs::remove_file(repo.path("tribunal.toml")).unwrap();
    holds("off", "tribunal.toml");
    // What is laid over it holds at once.
    assert_eq!(level(&repo, &["--set", "gates.scope=warn"]), ("warn".into(), "--set".into()));
    let own = sandbox.settings_file();
    sandbox.settings("[gates]\nsecrets = \"warn\"\n");
    repo.tribunal(&["config", "gates.secrets.level"]).ok().says(&own.display().to_string());
}

#[test]
fn what_is_not_committed_is_named_with_what_it_changes() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    repo.write("a", "1\n").commit_unjudged("first");
    let all_say = |line: &str| {
        let expected = format!("warning: {line}");
        for words in
            [&["config"][..], &["check", "--all"], &["check"], &["doctor"], &["review", "--staged"]]
        {
            let told = repo.tribunal(words);
            assert_eq!(told.stderr.matches(&expected).count(), 1, "{words:?} {line}\n{told}");
        }
        repo.tribunal(&["status"]).ok().says(&format!("policy    {line}"));
        let status = repo.tribunal(&["status", "--format", "json"]).ok().json();
        let config = repo.tribunal(&["config", "--format", "json"]).ok().json();
        assert_eq!(
            (&status["uncommitted_policy"], &config["uncommitted"]),
            (&line.into(), &line.into())
        );
        repo.tribunal(&["trust", "--yes"]).says(&expected);
    };
    repo.write("tribunal.toml", WEAKER);
    all_say(
        "not committed: `tribunal.toml` (untracked): `gates.case-conflict.level` will be `off` once \
         `tribunal.toml` is committed",
    );
    repo.commit_unjudged("policy");
    let silent = repo.tribunal(&["check", "--all"]).ok().never_says("not committed");
    assert_eq!(repo.tribunal(&["config"]).ok().stderr, "", "{silent}");
    assert!(
        repo.tribunal(&["status", "--format", "json"]).ok().json()["uncommitted_policy"].is_null()
    );
    let command = "[[commands]]\nname = \"lint\"\nrun = \"true\"\n";
    repo.write("tribunal.toml", format!("{WEAKER}large-files.max = \"2 MiB\"\n{command}"));
    all_say(
        "not committed: `tribunal.toml` (edited): `gates.large-files.max` will be `2 MiB`, command `lint` \
         will be new once `tribunal.toml` is committed",
    );
    repo.write("tribunal.toml", format!("# a remark\n{WEAKER}"));
    all_say(
        "not committed: `tribunal.toml` (edited): the same settings and rules hold once `tribunal.toml` is committed",
    );
    fs::remove_file(repo.path("tribunal.toml")).unwrap();
    all_say(
        "not committed: `tribunal.toml` (deleted): `gates.case-conflict.level` will be `warn` once \
         `tribunal.toml` is committed",
    );
    repo.git(&["checkout", "-q", "tribunal.toml"]).ok();
    let rule = |id: &str, more: &str| {
        format!(
            "## {id} No todo\n\n```toml rule\nstatus = \"active\"\nseverity = \"low\"\nclass = \"other/todo\"\n\
             check = {{ kind = \"regex\", pattern = \"TODO\" }}\n{more}```\n\nWrite it.\n\n\
             Bad:\n\n```text\nTODO\n```\n\nGood:\n\n```text\ndone\n```\n\n"
        )
    };
    let errors = ".ai/constitution/errors.md";
    repo.write(errors, rule("R-0001", "") + &rule("R-0002", "") + &rule("R-0003", ""));
    repo.write(".ai/baseline.txt", "aaaaaaaaaaaaaaaa generic-secret a\n").commit_unjudged("rules");
    repo.tribunal(&["check", "--all"]).ok().never_says("not committed");
    repo.write(errors, rule("R-0001", "") + &rule("R-0002", "paths = [\"src/**\"]\n"));
    repo.write(".ai/constitution/more.md", rule("R-0004", ""));
    all_say(
        "not committed: `.ai/constitution/errors.md` (edited), `.ai/constitution/more.md` (untracked): \
         rule `R-0002` will change, rule `R-0004` will be new, rule `R-0003` will be gone once they \
         are committed",
    );
    repo.tribunal(&["constitution", "list"]).ok().says("rule `R-0004` will be new");
    repo.write(errors, rule("R-0001", "chck = 1\n"));
    repo.tribunal(&["check"])
        .ok()
        .says(": cannot be used: .ai/constitution/errors.md:")
        .says("`chck`")
        .says("; rule `R-0004` will be new, rule `R-0001` will be gone, rule `R-0002` will be gone, and 1 more once");
    repo.git(&["checkout", "-q", "."]).ok();
    fs::remove_file(repo.path(".ai/constitution/more.md")).unwrap();
    repo.write(".ai/baseline.txt", "bbbbbbbbbbbbbbbb generic-secret a\ncccccccccccccccc x b\n");
    all_say(
        "not committed: `.ai/baseline.txt` (edited): the baseline will allow 2 secrets more and 1 fewer \
         once `.ai/baseline.txt` is committed",
    );
    repo.write(".ai/baseline.txt", "what is this\n");
    repo.tribunal(&["config"]).ok().says("cannot be used: .ai/baseline.txt:1: the line is no");
}

#[test]
fn a_broken_policy_that_is_not_committed_is_named_and_stops_nothing() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    repo.write("tribunal.toml", OFF).commit_unjudged("policy");
    for (broken, why) in [
        ("[gates", "tribunal.toml:1:"),
        ("[gates]\nscope = \"maybe\"\n", "`maybe` is not known here"),
        ("<<<<<<< HEAD\n", "tribunal.toml:1:"),
    ] {
        repo.write("tribunal.toml", broken);
        let line = "not committed: `tribunal.toml` (edited): cannot be used: tribunal.toml:";
        let level = repo.tribunal(&["config", "gates.scope.level"]).ok().says(line).says(why);
        level.says("gates.scope.level = \"off\"");
        repo.tribunal(&["check"]).ok().says(line).says(why);
        repo.tribunal(&["status"]).ok().says(line).says(why);
    }
    // Staged it stops the commit, and the gate says so.
    repo.git(&["add", "tribunal.toml"]).ok();
    repo.tribunal(&["check"]).code(1).says("tribunal.toml:1:").never_says("not committed");
}

#[test]
fn what_is_staged_of_the_policy_is_named_once() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    repo.write("a", "1\n").commit_unjudged("first");
    repo.write("tribunal.toml", WEAKER).git(&["add", "."]).ok();
    let told = repo.tribunal(&["check"]).ok().says("applies from the next commit");
    told.never_says("not committed");
    repo.tribunal(&["config"])
        .ok()
        .says("`tribunal.toml` (staged): `gates.case-conflict.level` will be");
    repo.write(".gitignore", "tribunal.toml\n")
        .git(&["rm", "-q", "--cached", "tribunal.toml"])
        .ok();
    repo.tribunal(&["config"]).ok().says("`tribunal.toml` (ignored by git): ");
}

#[test]
fn the_settings_file_of_the_user_is_named_whether_or_not_it_is_there() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    let path = sandbox.settings_file();
    let shown = format!("your own settings: {}", path.display());
    repo.tribunal(&["config"]).ok().says(&format!("{shown} (not there)\n"));
    let json = repo.tribunal(&["config", "--format", "json"]).ok().json();
    assert_eq!(json["user_file"]["path"], path.to_str().unwrap());
    assert_eq!(json["user_file"]["exists"], false);
    sandbox.settings("");
    repo.tribunal(&["config"]).ok().says(&format!("{shown}\n"));
}

#[test]
fn a_committed_policy_that_is_broken_is_named_and_the_rest_holds() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    let text = "[gates]\nscope = \"off\"\nnothing = \"off\"\n";
    repo.write("tribunal.toml", text).commit_unjudged("policy");
    let told = repo.tribunal(&["config", "gates.scope.level"]).ok();
    told.says("gates.scope.level = \"off\"")
        .says("tribunal.toml:3:1")
        .says("cannot be used in full");
}
