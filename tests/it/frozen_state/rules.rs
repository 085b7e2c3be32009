//! Rules: the file for people, and what is remembered of those that stood once.

use serde_json::Value;

use crate::frozen_state::data::{Data, NOW, later};
use crate::harness::{Outcome, Repo, Sandbox};

const CLASS: &str = "error-handling/unchecked-result";
const TOPIC: &str = ".ai/constitution/error-handling.md";

/// Written by a person: a rule of each kind of check that the program does not come to by itself.
const OWN: &str = ".ai/constitution/testing.md";
const OWN_RULES: [(&str, &str); 3] = [
    ("R-0001", "kind = \"regex\", pattern = 'thread::sleep', on = \"touched-files\""),
    ("R-0002", "kind = \"command\", run = \"true\""),
    ("R-0003", "kind = \"none\""),
];

fn own_rules() -> String {
    let rules = OWN_RULES.map(|(id, check)| {
        format!(
            "\n## {id} Of a person\n\n```toml rule\nstatus = \"shadow\"\nseverity = \"low\"\n\
             class = \"testing/flaky\"\npaths = [\"tests/**\"]\ncheck = {{ {check} }}\n```\n\
             It is so.\n\n- Bad: `thread::sleep(d);`\n- Good: `wait_for(x);`\n"
        )
    });
    format!("# Testing\n{}", rules.concat())
}

fn wrong(number: usize) -> String {
    let call =
        ["remove_file(path)", "write(&path, text)", "rename(old, new)", "copy(a, b)"][number];
    format!("pub fn f{number}() {{\n    let _ = fs::{call};\n    done();\n}}\n")
}

fn mistake(repo: &Repo<'_>, number: usize) {
    repo.write(format!("src/store/f{number}.rs"), wrong(number));
    repo.commit_unjudged(&format!("feat: f{number}"));
}

fn repo(sandbox: &Sandbox) -> Repo<'_> {
    sandbox.repo_with("r", &["--object-format=sha1"])
}

fn remark(repo: &Repo<'_>, number: usize, now: &str) -> Outcome {
    let at = format!("src/store/f{number}.rs:2");
    let words = ["findings", "add", "--class", CLASS, "--at", &at, "--message", "it is dropped"];
    repo.tribunal_with(&words, &[("TRIBUNAL_TEST_NOW", now)], b"").ok()
}

/// The rule is learned at the third mistake; then a person adds rules and forgets one of them.
fn make(data: &Data) {
    let sandbox = Sandbox::new();
    let repo = repo(&sandbox);
    for number in 0..3 {
        mistake(&repo, number);
        remark(&repo, number, NOW);
    }
    repo.write(OWN, own_rules());
    let now = [("TRIBUNAL_TEST_NOW", NOW)];
    repo.tribunal_with(&["constitution", "learn"], &now, b"").ok();
    repo.tribunal_with(&["constitution", "forget", "R-0001"], &now, b"").ok();
    data.take(&repo, &[TOPIC, OWN]);
}

fn rules(repo: &Repo<'_>) -> Vec<Value> {
    let rules = later(repo, &["constitution", "list", "--format", "json"]).ok().json();
    rules["rules"].as_array().unwrap().clone()
}

fn laid<'a>(sandbox: &'a Sandbox, data: &Data) -> (Repo<'a>, String) {
    let repo = repo(sandbox);
    (0..3).for_each(|number| mistake(&repo, number));
    data.lay(&repo);
    repo.commit_unjudged("docs: rules");
    let learned = rules(&repo).into_iter().find(|rule| rule["class"] == CLASS).unwrap();
    let id = learned["id"].as_str().unwrap().to_owned();
    (repo, id)
}

fn learned(data: &Data) {
    let sandbox = Sandbox::new();
    let (repo, id) = laid(&sandbox, data);
    let all = rules(&repo);
    let mut kinds: Vec<&str> =
        all.iter().map(|rule| rule["check"]["kind"].as_str().unwrap()).collect();
    kinds.sort_unstable();
    assert_eq!(kinds, ["ast-grep", "command", "none"], "{all:#?}");
    let text = repo.read(TOPIC);
    later(&repo, &["constitution", "learn"]).ok().says("covers it already");
    later(&repo, &["constitution", "check"]).ok();
    assert_eq!(repo.read(TOPIC), text);
    let record: Value =
        serde_json::from_str(&repo.read(".git/tribunal/constitution.json")).unwrap();
    assert_eq!(record["rules"].as_array().unwrap().len(), 4, "none is lost: {record:#}");
    repo.write("src/store/f3.rs", wrong(3)).git(&["add", "--all"]).ok();
    later(&repo, &["check"]).code(1).says(&id).says("src/store/f3.rs:2");
}

fn deleted(data: &Data) {
    let sandbox = Sandbox::new();
    let (repo, id) = laid(&sandbox, data);
    std::fs::remove_file(repo.path(TOPIC)).unwrap();
    repo.commit_unjudged("docs: without that rule");
    later(&repo, &["constitution", "learn"]).ok().says(&id).says("does not come back by itself");
    mistake(&repo, 3);
    remark(&repo, 3, NOW).never_says("learned");
    assert!(!repo.path(TOPIC).exists());
    assert_eq!(rules(&repo).len(), 2);
}

#[test]
fn a_rule_that_was_learned_holds() {
    learned(&Data::frozen("rules"));
}

#[test]
fn a_rule_that_a_person_deleted_does_not_come_back() {
    deleted(&Data::frozen("rules"));
}

#[test]
fn what_is_written_now_is_read_alike() {
    let fresh = Data::fresh("rules");
    make(&fresh);
    learned(&fresh);
    deleted(&fresh);
}
