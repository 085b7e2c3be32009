//! What programs read: SARIF against its schema, and GitHub's workflow commands.

use std::fs;
use std::path::Path;
use std::process::Command;

use jsonschema::Validator;
use serde_json::{Value, json};

use crate::harness::{Repo, Sandbox, run};

/// The official JSON schema of SARIF 2.1.0, as the `serde-sarif` crate brings it along
/// (<https://docs.oasis-open.org/sarif/sarif/v2.1.0/>).
fn schema() -> Value {
    let cargo = |words: &[&str]| {
        let mut command = Command::new(std::env::var_os("CARGO").unwrap());
        command.args(words).current_dir(std::env::var_os("CARGO_MANIFEST_DIR").unwrap());
        run(command, b"").ok()
    };
    let about = cargo(&["-vV"]);
    // Packages for other platforms need not be on this machine.
    let host = about.stdout.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    let words = ["metadata", "--format-version=1", "--offline", "--locked", "--filter-platform"];
    let metadata = cargo(&[words.as_slice(), &[host]].concat()).json();
    let packages = metadata["packages"].as_array().unwrap();
    let package = packages.iter().find(|package| package["name"] == "serde-sarif").unwrap();
    let folder = Path::new(package["manifest_path"].as_str().unwrap()).parent().unwrap();
    let mut schema: Value =
        serde_json::from_slice(&fs::read(folder.join("src/schema.json")).unwrap()).unwrap();
    assert!(schema["$id"].as_str().unwrap().ends_with("sarif-schema-2.1.0.json"));
    // Their expression has a bracket that is never opened; we write no language.
    for part in ["run", "toolComponent"] {
        let language = &mut schema["definitions"][part]["properties"]["language"];
        assert!(language.as_object_mut().unwrap().remove("pattern").is_some());
    }
    schema
}

fn validator() -> Validator {
    jsonschema::options().should_validate_formats(true).build(&schema()).unwrap()
}

#[track_caller]
fn check(text: &str) -> Value {
    let value: Value = serde_json::from_str(text).unwrap();
    let validator = validator();
    let wrong: Vec<String> = validator
        .iter_errors(&value)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}\n{text}");
    serde_json::from_str::<serde_sarif::sarif::Sarif>(text).unwrap();
    value
}

/// A repository with one finding in a file with an awkward name, and one about a message.
fn with_findings(sandbox: &Sandbox) -> Repo<'_> {
    let repo = sandbox.repo("r");
    repo.write("a", "one\n").commit_unjudged("first");
    let marker = "<".repeat(7);
    repo.write("d e:ä%/x\ty", format!("one\n{marker} HEAD\n")).git(&["add", "."]).ok();
    repo
}

#[test]
fn the_schema_tells_right_from_wrong() {
    let validator = validator();
    let with = |result: Value| {
        let tool = json!({"driver": {"name": "x"}});
        json!({"version": "2.1.0", "runs": [{"tool": tool, "results": [result]}]})
    };
    let at = |uri: &str| json!([{"physicalLocation": {"artifactLocation": {"uri": uri}}}]);
    let message = json!({"text": "m"});
    assert!(validator.is_valid(&with(json!({"message": message, "locations": at("a%20b")}))));
    assert!(!validator.is_valid(&with(json!({"message": message, "locations": at("a b")}))));
    assert!(!validator.is_valid(&with(json!({"message": message, "level": "bad"}))));
    assert!(!validator.is_valid(&with(json!({"level": "error"}))));
}

#[test]
fn sarif_obeys_its_schema_and_tells_what_was_answered() {
    let sandbox = Sandbox::new();
    let repo = with_findings(&sandbox);
    let before = repo.tribunal(&["check", "--format", "sarif"]).code(1);
    let sarif = check(&before.stdout);
    let result = &sarif["runs"][0]["results"][0];
    let rule = &sarif["runs"][0]["tool"]["driver"]["rules"][0];
    assert_eq!((&result["ruleId"], &result["ruleIndex"]), (&rule["id"], &Value::from(0)));
    assert!(rule["shortDescription"]["text"].as_str().unwrap().contains("merge conflict"));
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "d%20e%3A%C3%A4%25/x%09y");
    assert_eq!(place["region"]["startLine"], 2);
    assert!(result["suppressions"].is_null());
    assert!(result["partialFingerprints"].as_object().unwrap().keys().eq(["tribunalPlace/v1"]));
    assert_eq!(sarif["runs"][0]["automationDetails"]["id"], "tribunal/");
    let id = result["properties"]["id"].as_str().unwrap().to_owned();

    repo.tribunal(&["findings", "dismiss", &id, "--reason", "an \"example\" in a text"]).ok();
    let after = repo.tribunal(&["check", "--format", "sarif"]).ok();
    let list = repo.tribunal(&["findings", "list", "--status", "all", "--format", "sarif"]).ok();
    for text in [&after.stdout, &list.stdout] {
        let sarif = check(text);
        let results = sarif["runs"][0]["results"].as_array().unwrap();
        assert_eq!(results.len(), 1);
        let suppression = &results[0]["suppressions"][0];
        assert_eq!(suppression["justification"], "an \"example\" in a text");
        assert_eq!(suppression["properties"]["decision"], "dismissed");
        assert_eq!(results[0]["partialFingerprints"], result["partialFingerprints"]);
    }
}

#[test]
fn a_fingerprint_stays_where_the_line_moves_and_the_ledger_is_lost() {
    let sandbox = Sandbox::new();
    let repo = with_findings(&sandbox);
    let fingerprint = || {
        let sarif = check(&repo.tribunal(&["check", "--format", "sarif"]).code(1).stdout);
        let results = sarif["runs"][0]["results"].as_array().unwrap().clone();
        results[0]["partialFingerprints"]["tribunalPlace/v1"].as_str().unwrap().to_owned()
    };
    let before = fingerprint();
    let marker = "<".repeat(7);
    repo.write("d e:ä%/x\ty", format!("zero\none\nmore\n{marker}  HEAD\n"));
    repo.git(&["add", "."]).ok();
    fs::remove_dir_all(repo.path(".git/tribunal")).unwrap();
    assert_eq!(fingerprint(), before);
}

#[test]
fn an_empty_judgement_is_valid_too() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    repo.write("a", "one\n").git(&["add", "a"]).ok();
    let sarif = check(&repo.tribunal(&["check", "--format", "sarif"]).ok().stdout);
    assert_eq!(sarif["runs"][0]["results"], json!([]));
    assert_eq!(sarif["runs"][0]["properties"]["verdict"], "pass");
    assert_eq!(repo.tribunal(&["check", "--format", "github"]).ok().out(), "");
    check(&repo.tribunal(&["findings", "--format", "sarif"]).ok().stdout);
}

#[test]
fn github_is_told_line_by_line() {
    let sandbox = Sandbox::new();
    let repo = with_findings(&sandbox);
    let said = repo.tribunal(&["check", "--format", "github"]).code(1);
    assert!(said.out().starts_with("::error title=conflict-markers/"), "{said}");
    assert!(said.out().contains("file=d e%3Aä%25/x\ty,line=2,endLine=2::"), "{said}");
    assert_eq!(said.out().lines().count(), 1);
}

/// A token that a gate stops: no secret stands in this file.
fn leaks() -> String {
    ["xox", "b-", "283746501928-", "3847561029384-", "ZkTqWmRvXcLpNbHdYsGfJuEa"].concat()
}

#[test]
fn what_is_reported_is_the_same_in_every_clone_and_has_what_services_ask_for() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    let marker = format!("{} HEAD\n", "<".repeat(7));
    repo.write("tribunal.toml", "[gates]\ncommit-message = \"block\"\n").commit_unjudged("first");
    repo.write("a", format!("x\n  key = {}\n{marker}{marker}", leaks())).commit_unjudged("no form");
    let report = |name: &str| {
        let clone = sandbox.path().join(name);
        repo.git(&["clone", "--quiet", ".", clone.to_str().unwrap()]).ok();
        let clone = Repo { sandbox: &sandbox, dir: clone };
        let words = ["check", "--from", "HEAD~1", "--format", "sarif"];
        let sarif = check(&clone.tribunal(&words).code(1).stdout);
        let github = clone.tribunal(&["check", "--from", "HEAD~1", "--format", "github"]).code(1);
        (sarif, github)
    };
    let ((one, github), (two, _)) = (report("one"), report("two"));
    let results = |sarif: &Value| sarif["runs"][0]["results"].as_array().unwrap().clone();
    let prints = |sarif: &Value| -> Vec<Value> {
        results(sarif).iter().map(|result| result["partialFingerprints"].clone()).collect()
    };
    assert_eq!(prints(&one), prints(&two));
    // Two that read alike are two.
    let mut texts: Vec<String> = prints(&one).iter().map(Value::to_string).collect();
    let count = texts.len();
    texts.sort();
    texts.dedup();
    assert_eq!((texts.len(), count), (4, 4), "{one:#}");
    for result in results(&one) {
        let place = &result["locations"][0]["physicalLocation"];
        assert!(place["artifactLocation"]["uri"].is_string(), "{result:#}");
    }
    let of = |rule: &str| {
        let all = results(&one);
        all.iter()
            .find(|result| result["ruleId"].as_str().unwrap().starts_with(rule))
            .unwrap()
            .clone()
    };
    let region = &of("secrets/")["locations"][0]["physicalLocation"]["region"];
    assert_eq!((&region["startLine"], &region["startColumn"]), (&2.into(), &9.into()));
    let message = &of("commit-message/")["locations"][0];
    assert_eq!(message["physicalLocation"]["artifactLocation"]["uri"], "tribunal.toml");
    assert_eq!(message["logicalLocations"][0]["fullyQualifiedName"], "commit message");
    let rules = one["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap();
    let secret = rules.iter().find(|rule| rule["id"].as_str().unwrap().starts_with("secrets/"));
    let secret = secret.unwrap();
    assert_eq!(secret["properties"]["security-severity"], "9.5");
    assert!(secret["properties"]["tags"].as_array().unwrap().contains(&"security".into()));
    assert!(secret["help"]["text"].as_str().unwrap().contains("revoke it"));
    let text = secret["shortDescription"]["text"].as_str().unwrap();
    assert!(text.contains("Slack") && !text.contains("fingerprint"), "{text}");
    assert!(github.out().contains("file=a,line=2,endLine=2,col=9::"), "{github}");
}
