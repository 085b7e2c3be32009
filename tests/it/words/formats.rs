//! What is asked for as JSON is one object with a version, or an error: never text.

use serde_json::Value;

use super::commands;
use crate::harness::{Repo, Sandbox};

/// What each command is given beside its name; those that are not here need nothing.
const GIVEN: &[(&str, &[&str])] = &[
    ("abort", &["none"]),
    ("approve", &["none"]),
    ("attack", &["--from", "HEAD", "--set", "agents.route=C"]),
    ("commit", &["-m", "feat: one"]),
    ("completions", &["bash"]),
    ("constitution forget", &["R-0000"]),
    ("develop", &["docs/specs/first.md"]),
    ("fix", &["it prints 3, and not 6"]),
    ("findings accept", &["ID", "-r", "meant so"]),
    ("findings add", &["--class", "other/x", "--at", "a:1", "-m", "m"]),
    ("findings allow", &["ID", "-r", "meant so"]),
    ("findings dismiss", &["ID", "-r", "not here"]),
    ("findings import", &["report.sarif"]),
    ("findings reopen", &["ID", "-r", "it is back"]),
    ("findings show", &["ID"]),
    ("logs", &["none"]),
    ("reject", &["none"]),
    ("resume", &["none"]),
    ("research", &["docs/specs/first.md"]),
    ("plan", &["docs/specs/first.md"]),
    ("run", &["docs/specs/first.md"]),
    ("review", &["--commit", "HEAD", "--set", "agents.route=C"]),
    ("runs show", &["none"]),
    ("sandbox", &["--", "true"]),
    ("spec new", &["second"]),
    ("spec show", &["first"]),
    ("trust", &["--list"]),
];

/// They run until somebody ends them, or leave a process behind; `spec` and `daemon` test them.
const NOT_HERE: [&str; 4] = ["watch", "daemon start", "demo guard", "demo run"];

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
            words.extend(["--format", format]);
            words.extend(given.iter().map(|word| if *word == "ID" { &id } else { *word }));
            let outcome = repo.tribunal(&words);
            if outcome.stderr.contains(&format!("cannot print `{format}`")) {
                assert_eq!(
                    (outcome.code, outcome.stdout.as_str()),
                    (2, ""),
                    "{words:?}\n{outcome}"
                );
                continue;
            }
            if outcome.code == 2 && outcome.stdout.is_empty() && format != "json" {
                // Nothing was there to be printed.
                assert!(outcome.stderr.contains("error: "), "{words:?}\n{outcome}");
                continue;
            }
            printed.push(format!("{name} {format}"));
            if format != "github" {
                let value: Value = serde_json::from_str(&outcome.stdout)
                    .unwrap_or_else(|error| panic!("{words:?}: {error}\n{outcome}"));
                assert!(!value["version"].is_null(), "{words:?}\n{outcome}");
                let is_error = outcome.stderr.contains("error: ");
                assert_eq!(value["error"].is_object(), is_error, "{words:?}\n{outcome}");
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

/// A program that asked for JSON reads the error where it reads everything else.
#[test]
fn an_error_is_an_object_as_well() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    let error = |words: &[&str]| {
        let outcome = repo.tribunal(&[words, &["--format", "json"]].concat()).code(2);
        let json = outcome.json();
        assert_eq!(json["version"], 1, "{outcome}");
        (json["error"].clone(), outcome)
    };
    let (json, outcome) = error(&["runs", "show", "ABCDEF"]);
    assert_eq!(json["message"], "there is no run `ABCDEF`");
    assert_eq!(json["hint"], "`tribunal runs` lists them");
    assert_eq!(json["causes"], serde_json::json!([]));
    outcome.says("error: there is no run `ABCDEF`\nhint: `tribunal runs` lists them");
    let (json, _) = error(&["findings", "import", "nowhere"]);
    assert!(json["causes"][0].as_str().unwrap().contains("No such file"), "{json}");
    let (json, _) = error(&["--set", "gats.scope=off", "check"]);
    assert_eq!(json["message"], "--set: `gats.scope`: unknown key");
    let outside = sandbox.path().join("outside");
    std::fs::create_dir(&outside).unwrap();
    let (json, _) = error(&["status", "--repo", outside.to_str().unwrap()]);
    assert!(json["message"].as_str().unwrap().contains("repository"), "{json}");
}

/// What a program is told of its answers is what holds then; nobody is asked.
#[test]
fn answers_are_told_as_json() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    repo.write("tribunal.toml", "[[commands]]\nname = \"tests\"\nrun = \"true\"\n");
    repo.commit_unjudged("one");
    let json = |words: &[&str]| repo.tribunal(&[words, &["--format", "json"]].concat());
    let refused = json(&["trust", "commands"]).code(2);
    refused.says("error: nothing is asked with `--format json`").says("trust commands --yes`");
    let trusted = json(&["trust", "commands", "--yes"]).ok().json();
    assert_eq!(trusted["trusted"][0]["name"], "tests");
    assert_eq!(json(&["trust", "commands", "--yes"]).ok().json(), trusted, "nothing is open");
    let revoked = json(&["trust", "--revoke", "tests"]).ok().json();
    assert_eq!(revoked["trusted"], serde_json::json!([]));
    assert_eq!(revoked, json(&["trust", "--list"]).ok().json());
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
