//! What `init` proposes for a repository: a pure function of what is there.

use std::fmt::Write as _;

use crate::domain::gates::commit_message::follows_form;

/// How many of the last commits are looked at, and how many of them (in percent) must follow the
/// form before it is proposed as a gate.
pub const COMMITS_LOOKED_AT: usize = 50;
const FOLLOW_PERCENT: usize = 90;

/// What is there.
#[derive(Debug, Default)]
pub struct RepoFacts {
    /// The first lines of the last commits.
    pub subjects: Vec<String>,
    /// The names at the top of the checked-out tree.
    pub names: Vec<String>,
    /// The content of `package.json`, where there is one.
    pub package_json: Option<String>,
    /// The content of `Makefile`, where there is one.
    pub makefile: Option<String>,
}

/// What is proposed.
#[derive(Debug)]
pub struct Proposal {
    /// The text of `tribunal.toml`.
    pub policy: String,
    /// What was chosen and why, one line each, for the person.
    pub chosen: Vec<String>,
}

struct Tests {
    name: &'static str,
    run: &'static str,
    paths: &'static [&'static str],
    share: &'static [&'static str],
    format: Option<&'static str>,
    because: &'static str,
}

/// Proposes a policy.
pub fn propose(facts: &RepoFacts) -> Proposal {
    let mut policy = String::from(
        "# What tribunal holds this repository to. Every key is optional;\n\
         # `tribunal config` shows what holds and why.\n",
    );
    let mut chosen = Vec::new();
    let follow = facts.subjects.iter().filter(|subject| follows_form(subject)).count();
    let seen = facts.subjects.len();
    if seen >= 5 && follow * 100 >= seen * FOLLOW_PERCENT {
        policy.push_str("\n[gates]\ncommit-message = \"block\"\n");
        chosen.push(format!(
            "commit-message blocks: {follow} of the last {seen} commits follow the form"
        ));
    } else {
        chosen.push(format!(
            "commit-message stays off: {follow} of the last {seen} commits follow the form"
        ));
    }
    for tests in found(facts) {
        chosen.push(format!("`{}` before each push: {}", tests.run, tests.because));
        policy.push_str(&table(&tests));
    }
    Proposal { policy, chosen }
}

fn table(tests: &Tests) -> String {
    let list = |items: &[&str]| {
        items.iter().map(|item| format!("\"{item}\"")).collect::<Vec<_>>().join(", ")
    };
    let mut text = format!(
        "\n[[commands]]\nname = \"{}\"\nrun = \"{}\"\non = [\"pre-push\"]\npaths = [{}]\n\
         timeout = \"10m\"\n",
        tests.name,
        tests.run,
        list(tests.paths)
    );
    if let Some(format) = tests.format {
        let _infallible = writeln!(text, "format = \"{format}\"");
    }
    if !tests.share.is_empty() {
        let _infallible = writeln!(text, "share = [{}]", list(tests.share));
    }
    text
}

fn found(facts: &RepoFacts) -> Vec<Tests> {
    let has = |name: &str| facts.names.iter().any(|n| n == name);
    let mut found = Vec::new();
    if has("Cargo.toml") {
        found.push(Tests {
            name: "cargo-test",
            run: "cargo test --quiet",
            paths: &["**/*.rs", "**/Cargo.toml", "Cargo.lock"],
            share: &["target"],
            format: None,
            because: "there is a Cargo.toml",
        });
    }
    if has("go.mod") {
        found.push(Tests {
            name: "go-test",
            run: "go test ./...",
            paths: &["**/*.go", "go.mod", "go.sum"],
            share: &[],
            format: None,
            because: "there is a go.mod",
        });
    }
    if has("pyproject.toml") || has("setup.py") || has("pytest.ini") {
        found.push(Tests {
            name: "pytest",
            run: "python -m pytest -q",
            paths: &["**/*.py", "pyproject.toml", "requirements*.txt"],
            share: &[".venv"],
            format: None,
            because: "there is a Python project",
        });
    }
    if facts.package_json.as_deref().is_some_and(has_npm_tests) {
        found.push(Tests {
            name: "npm-test",
            run: "npm test --silent",
            paths: &["**/*.js", "**/*.jsx", "**/*.ts", "**/*.tsx", "package.json"],
            share: &["node_modules"],
            format: None,
            because: "package.json has a test script",
        });
    }
    let makefile = facts.makefile.as_deref().unwrap_or_default();
    if found.is_empty() && makefile.lines().any(|line| line.starts_with("test:")) {
        found.push(Tests {
            name: "make-test",
            run: "make test",
            paths: &[],
            share: &[],
            format: None,
            because: "the Makefile has a test target",
        });
    }
    found
}

/// npm writes a failing script into every new package; that one is no test.
fn has_npm_tests(package: &str) -> bool {
    let parsed: Option<serde_json::Value> = serde_json::from_str(package).ok();
    parsed
        .as_ref()
        .and_then(|package| package["scripts"]["test"].as_str())
        .is_some_and(|script| !script.contains("no test specified"))
}

#[cfg(test)]
mod tests {
    use super::{RepoFacts, propose};
    use crate::domain::policy::layers;

    fn facts(subjects: &[&str], names: &[&str]) -> RepoFacts {
        RepoFacts {
            subjects: subjects.iter().map(|&s| s.to_owned()).collect(),
            names: names.iter().map(|&s| s.to_owned()).collect(),
            ..RepoFacts::default()
        }
    }

    #[test]
    fn the_form_is_proposed_where_it_is_followed() {
        let good = ["feat: a", "fix(b): c", "docs: d", "Merge branch 'x'", "chore!: e"];
        assert!(propose(&facts(&good, &[])).policy.contains("commit-message = \"block\""));
        let bad = ["feat: a", "wip", "docs: d", "stuff", "chore: e"];
        assert!(!propose(&facts(&bad, &[])).policy.contains("commit-message"));
        assert!(!propose(&facts(&["feat: a"], &[])).policy.contains("commit-message"));
    }

    #[test]
    fn every_proposal_is_a_valid_policy() {
        let names = ["Cargo.toml", "go.mod", "setup.py", "package.json", "Makefile"];
        let facts = RepoFacts {
            package_json: Some(r#"{"scripts":{"test":"vitest"}}"#.to_owned()),
            ..facts(&["feat: a"; 9], &names)
        };
        let proposal = propose(&facts);
        assert_eq!(proposal.policy.matches("[[commands]]").count(), 4);
        assert_eq!(layers::check("tribunal.toml", &proposal.policy), []);
    }

    #[test]
    fn the_placeholder_of_npm_is_no_test() {
        let script = r#"{"scripts":{"test":"echo \"Error: no test specified\" && exit 1"}}"#;
        let facts = RepoFacts { package_json: Some(script.to_owned()), ..RepoFacts::default() };
        assert!(!propose(&facts).policy.contains("[[commands]]"));
    }
}
