//! What is asked for as JSON is one object with a version, or an error: never text.

use serde_json::Value;

use super::commands;
use crate::harness::{Repo, Sandbox};

/// What each command is given beside its name; those that are not here need nothing.
const GIVEN: &[(&str, &[&str])] = &[
    ("completions", &["bash"]),
    ("constitution forget", &["R-0000"]),
    ("findings accept", &["ID", "-r", "meant so"]),
    ("findings add", &["--class", "other/x", "--at", "a:1", "-m", "m"]),
    ("findings dismiss", &["ID", "-r", "not here"]),
    ("findings import", &["report.sarif"]),
    ("findings reopen", &["ID", "-r", "it is back"]),
    ("findings show", &["ID"]),
    ("resume", &["none"]),
    ("review", &["--commit", "HEAD", "--set", "agents.route=C"]),
    ("runs show", &["none"]),
    ("spec new", &["second"]),
    ("spec show", &["first"]),
    ("trust", &["--list"]),
];

/// They run until somebody ends them, or leave a process behind; `spec` and `daemon` test them.
const NOT_HERE: [&str; 3] = ["watch", "daemon start", "demo"];

fn project(sandbox: &Sandbox) -> (Repo<'_>, String) {
    let repo = sandbox.repo("r");
    let report = r#"{"version": "2.1.0", "runs": []}"#;
    repo.write("a", "one\n").write("report.sarif", report).commit_unjudged("one");
    repo.tribunal(&["spec", "new", "first"]).ok();
    let add = ["findings", "add", "--class", "other/x", "--at", "a:1", "-m", "m"];
    repo.tribunal(&add).ok();
    let list = repo.tribunal(&["findings", "--format", "json"]).ok().json();
    let id = list["findings"][0]["id"].as_str().unwrap().to_owned();
    (repo, id)
}

#[test]
fn a_format_that_a_command_does_not_have_is_an_error_and_json_is_an_object() {
    let sandbox = Sandbox::new();
    let (repo, id) = project(&sandbox);
    let all = commands(&sandbox);
    let mut printed = Vec::new();
    for (path, _) in &all {
        let name = path.join(" ");
        let has_more =
            all.iter().any(|(other, _)| other.len() > path.len() && other.starts_with(path));
        let is_group = has_more && !["findings", "runs", "constitution"].contains(&name.as_str());
        if is_group || NOT_HERE.contains(&name.as_str()) {
            continue;
        }
        let given =
            GIVEN.iter().find(|(known, _)| *known == name).map_or(&[][..], |(_, words)| words);
        for format in ["json", "sarif", "github"] {
            let mut words: Vec<&str> = path.iter().map(String::as_str).collect();
            words.extend(given.iter().map(|word| if *word == "ID" { &id } else { *word }));
            words.extend(["--format", format]);
            let outcome = repo.tribunal(&words);
            if outcome.stderr.contains(&format!("cannot print `{format}`")) {
                assert_eq!(
                    (outcome.code, outcome.stdout.as_str()),
                    (2, ""),
                    "{words:?}\n{outcome}"
                );
                continue;
            }
            if outcome.code == 2 && outcome.stdout.is_empty() {
                // Nothing was there to be printed.
                assert!(outcome.stderr.starts_with("error: "), "{words:?}\n{outcome}");
                continue;
            }
            printed.push(format!("{name} {format}"));
            if format != "github" {
                let value: Value = serde_json::from_str(&outcome.stdout)
                    .unwrap_or_else(|error| panic!("{words:?}: {error}\n{outcome}"));
                assert!(!value["version"].is_null(), "{words:?}\n{outcome}");
            }
        }
    }
    for name in [
        "check sarif",
        "runs json",
        "config json",
        "hooks status json",
        "trust json",
        "findings github",
    ] {
        assert!(printed.iter().any(|found| found == name), "no `{name}` in {printed:?}");
    }
}

/// The values of settings have their types, and a wrong key is no empty answer.
#[test]
fn settings_are_typed_in_json() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    let json = repo.tribunal(&["config", "--format", "json"]).ok().json();
    let value = |key: &str| {
        let all = json["settings"].as_array().unwrap();
        all.iter().find(|one| one["key"] == key).unwrap_or_else(|| panic!("{key}"))["value"].clone()
    };
    assert_eq!(value("gates.scope.level").as_str().map(str::is_empty), Some(false));
    assert!(value("gates.scope.files").is_u64() && value("budget.day").is_f64());
    assert!(value("gates.secrets.allow").is_array());
    for setting in json["settings"].as_array().unwrap() {
        assert!(setting["meaning"].is_string(), "what does `{}` mean?", setting["key"]);
    }
}
