//! A value that could be guessed: nothing that is printed or kept confirms a guess, and there are
//! ways to let it pass.

use std::fs;
use std::path::Path;

use crate::harness::{Repo, Sandbox};

/// A password as people choose them.
fn password() -> String {
    ["Summer", "2026!"].concat()
}

/// What an earlier version printed, by which a guess is confirmed.
fn print_of(value: &str) -> String {
    let text = ["generic-password\0", value].concat();
    blake3::hash(text.as_bytes()).to_hex()[..16].to_owned()
}

fn guarded(sandbox: &Sandbox) -> Repo<'_> {
    let repo = sandbox.repo("r");
    repo.write("tribunal.toml", "[gates]\nscope = \"off\"\nsecrets = { generic = \"block\" }\n");
    repo.write("f", "one\n").commit_unjudged("chore: policy");
    repo
}

fn line(name: &str) -> String {
    format!("{name} = \"{}\"\n", password())
}

/// Every file below a folder that holds one of those texts.
fn holding(folder: &Path, texts: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(holding(&path, texts));
        } else {
            let bytes = fs::read(&path).unwrap();
            let holds = |text: &&str| memchr::memmem::find(&bytes, text.as_bytes()).is_some();
            found.extend(texts.iter().any(holds).then(|| path.display().to_string()));
        }
    }
    found
}

#[test]
fn nothing_confirms_a_guess() {
    let sandbox = Sandbox::new();
    let repo = guarded(&sandbox);
    let (value, print) = (password(), print_of(&password()));
    repo.write("app.py", line("DB_PASSWORD"));
    repo.git(&["add", "--all"]).ok();
    let said = repo.tribunal(&["hook", "pre-commit"]).code(1);
    said.never_says(&print).never_says(&value).never_says("fingerprint").says("DB_PASSWORD");
    for format in ["human", "json", "sarif", "github"] {
        for row in [&["check"][..], &["findings", "list"], &["review", "--staged", "--report"]] {
            let said = repo.tribunal(&[&["--format", format], row].concat());
            assert!(!said.stdout.is_empty() || format == "human", "{said}");
            said.never_says(&print).never_says(&value);
        }
    }
    let id = repo.tribunal(&["findings", "list", "--format", "json"]).json()["findings"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    repo.tribunal(&["findings", "show", &id, "--format", "json"]).ok().never_says(&print);
    repo.commit_unjudged("feat: app");
    repo.tribunal(&["init", "--no-hooks"]).ok().never_says(&print);
    let whole = blake3::hash(line("DB_PASSWORD").as_bytes()).to_hex()[..32].to_owned();
    for folder in [".git/tribunal", ".ai", "docs"] {
        let holding = holding(&repo.path(folder), &[&print, &whole]);
        assert!(holding.is_empty(), "{holding:?}");
    }
    // The ledger was looked at, and knows the finding.
    assert!(!holding(&repo.path(".git/tribunal"), &["generic-password"]).is_empty());
}

#[test]
fn a_baseline_names_it_and_lets_it_pass() {
    let sandbox = Sandbox::new();
    let repo = guarded(&sandbox);
    repo.write("conf/a b.py", line("DB_PASSWORD")).commit_unjudged("feat: app");
    repo.tribunal(&["init", "--no-hooks"]).ok().says("baseline");
    let baseline = repo.read(".ai/baseline.txt");
    let entry = "name:DB_PASSWORD generic-password conf/a b.py\n";
    assert!(baseline.contains(entry), "{baseline}");
    repo.commit_unjudged("chore: tribunal");
    repo.tribunal(&["check", "--all"]).ok();
    repo.write("conf/a b.py", line("DB_PASSWORD") + &line("ADMIN_PASSWORD"));
    repo.git(&["add", "--all"]).ok();
    repo.tribunal(&["check"]).code(1).says("ADMIN_PASSWORD").never_says("`name:DB_PASSWORD");
}

#[test]
fn what_the_hint_names_lets_it_pass() {
    let sandbox = Sandbox::new();
    let repo = guarded(&sandbox);
    repo.write("app.py", line("DB_PASSWORD"));
    repo.git(&["add", "--all"]).ok();
    let said = repo.tribunal(&["check", "--format", "json"]).code(1).json();
    let hint = said["findings"][0]["suggestion"].as_str().unwrap().to_owned();
    let entry = hint.split("which adds `").nth(1).unwrap().split('`').next().unwrap();
    assert_eq!(entry, "name:DB_PASSWORD generic-password app.py");
    for allowed in [entry, &print_of(&password())] {
        let secrets = format!("secrets = {{ generic = \"block\", allow = [\"{allowed}\"] }}");
        repo.git(&["reset", "--quiet", "--", "app.py"]).ok();
        repo.write("tribunal.toml", format!("[gates]\nscope = \"off\"\n{secrets}\n"));
        repo.git(&["add", "tribunal.toml"]).ok();
        repo.git(&["commit", "--quiet", "--no-verify", "-m", "chore: allow"]).ok();
        repo.git(&["add", "--all"]).ok();
        repo.tribunal(&["check"]).ok();
    }
    // Beside it in the code, too.
    repo.write("tribunal.toml", "[gates]\nscope = \"off\"\nsecrets = { generic = \"block\" }\n");
    repo.git(&["commit", "--quiet", "--no-verify", "-m", "chore: none", "tribunal.toml"]).ok();
    repo.tribunal(&["check"]).code(1);
    let marked = format!("# tribunal:allow secrets only a local stand-in\n{}", line("DB_PASSWORD"));
    repo.write("app.py", marked);
    repo.git(&["add", "--all"]).ok();
    repo.tribunal(&["check"]).ok();
}

#[test]
fn a_value_that_the_base_holds_excuses_no_other() {
    let sandbox = Sandbox::new();
    let repo = guarded(&sandbox);
    repo.write("app.py", line("DB_PASSWORD")).commit_unjudged("feat: app");
    // The same elsewhere in the file warns, another one blocks.
    repo.write("app.py", format!("import os\n{}", line("DB_PASSWORD")));
    repo.git(&["add", "--all"]).ok();
    repo.tribunal(&["check"]).ok().says("warning");
    repo.write("app.py", line("DB_PASSWORD").replace("Summer", "Winter"));
    repo.git(&["add", "--all"]).ok();
    repo.tribunal(&["check"]).code(1).says("blocked");
}
