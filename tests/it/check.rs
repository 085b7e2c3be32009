//! `tribunal check` and the simple gates.

use std::fs;

use crate::harness::Sandbox;

#[test]
fn a_clean_change_passes() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    repo.write("a", "one\n").git(&["add", "a"]).ok();
    repo.tribunal(&["check"]).ok().says("pass: 1 files judged");
}

#[test]
fn a_conflict_marker_blocks_and_its_place_is_named() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    repo.write("a b", "one\n").commit_unjudged("first");
    let marker = "<".repeat(7);
    repo.write("a b", format!("one\n{marker} HEAD\n")).git(&["add", "."]).ok();
    repo.tribunal(&["check"]).code(1).says("blocked: a b:2: a merge conflict marker");
    let json = repo.tribunal(&["check", "--format", "json"]).code(1).json();
    assert_eq!(json["verdict"], "block");
    assert_eq!(json["findings"][0]["line"], 2);
    assert_eq!(json["findings"][0]["path"], "a b");
}

#[test]
fn a_broken_policy_names_line_and_nearest_key() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    repo.write("tribunal.toml", "[gates]\nscpe = \"off\"\n");
    repo.tribunal(&["config"])
        .code(2)
        .says("tribunal.toml:2:1: unknown key `gates.scpe`")
        .says("hint: did you mean `gates.scope`?");
}

#[test]
fn a_hostile_policy_names_no_program_and_spends_no_more() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    let own = sandbox.home().join(".config/tribunal/config.toml");
    fs::create_dir_all(own.parent().unwrap()).unwrap();
    fs::write(&own, "[budget]\nrun = 2\n").unwrap();
    repo.write("tribunal.toml", "[budget]\nrun = 1000.0\n");
    repo.tribunal(&["config", "budget.run"]).ok().says("budget.run = 2 ").says("config.toml");
    // Where the person never named a sum, the default is their word.
    fs::remove_file(&own).unwrap();
    repo.write("tribunal.toml", "[budget]\nday = 1e6\n[agents.reviewer]\nbudget = 5000.0\n");
    repo.tribunal(&["config", "budget.day"]).ok().says("budget.day = 50.0 ").says("default");
    repo.tribunal(&["config", "agents.reviewer"]).ok().says("budget = 1.0 ").says("default");
    let hostile = "[gates]\nsecrets = \"off\"\n[programs.claude]\npath = \"./evil\"\n";
    repo.write("tribunal.toml", hostile);
    repo.tribunal(&["config"])
        .code(2)
        .says("tribunal.toml:3:2: `programs` is taken from your own settings alone")
        .says(&format!("hint: write it to `{}`", own.display()));
    // Committed, it is no law at all: the defaults, which guard, hold in its place.
    repo.commit_unjudged("policy");
    repo.write("a", "one\n").git(&["add", "a"]).ok();
    repo.tribunal(&["check"]).says("`programs` is taken from your own settings alone");
}
