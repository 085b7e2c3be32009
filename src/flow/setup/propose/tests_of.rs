//! The command that runs a project's tests: only one whose program and script are there, in the package
//! manager that the repository uses.

use serde_json::Value;

use crate::flow::setup::propose::facts::RepoFacts;

/// A command that is proposed.
#[derive(Debug, PartialEq, Eq)]
pub struct TestCommand {
    pub name: &'static str,
    pub run: String,
    pub paths: &'static [&'static str],
    pub share: &'static [&'static str],
}

/// What was found for one kind of project.
#[derive(Debug, PartialEq, Eq)]
pub enum FoundTests {
    Proposed(TestCommand),
    /// There are tests, and why no command is proposed for them.
    NotProposed(String),
}

/// The package managers for JavaScript, each with its lock files.
const NODE_MANAGERS: [(&str, &[&str]); 4] = [
    ("pnpm", &["pnpm-lock.yaml"]),
    ("yarn", &["yarn.lock"]),
    ("bun", &["bun.lock", "bun.lockb"]),
    ("npm", &["package-lock.json", "npm-shrinkwrap.json"]),
];

/// The package managers for Python, each with its lock file. `uv` makes what it needs in the tree that
/// is checked; the others use an environment that was made before.
const PYTHON_MANAGERS: [(&str, &str); 4] =
    [("uv", "uv.lock"), ("poetry", "poetry.lock"), ("pdm", "pdm.lock"), ("pipenv", "Pipfile.lock")];

/// Finds the tests of each kind of project.
pub fn find_tests(facts: &RepoFacts) -> Vec<FoundTests> {
    let found: Vec<FoundTests> =
        [cargo(facts), go(facts), python(facts), node(facts)].into_iter().flatten().collect();
    if found.is_empty() { make(facts).into_iter().collect() } else { found }
}

fn cargo(facts: &RepoFacts) -> Option<FoundTests> {
    let locked = if facts.has("Cargo.lock") { " --locked" } else { "" };
    let command = TestCommand {
        name: "cargo-test",
        run: format!("cargo test --quiet{locked}"),
        paths: &["**/*.rs", "**/Cargo.toml", "Cargo.lock"],
        share: &[],
    };
    facts.has("Cargo.toml").then(|| with_program(facts, "cargo", command))
}

fn go(facts: &RepoFacts) -> Option<FoundTests> {
    let command = TestCommand {
        name: "go-test",
        run: "go test ./...".to_owned(),
        paths: &["**/*.go", "go.mod", "go.sum"],
        share: &[],
    };
    facts.has("go.mod").then(|| with_program(facts, "go", command))
}

fn python(facts: &RepoFacts) -> Option<FoundTests> {
    if !facts.has("pytest.ini") && !facts.has("conftest.py") && !facts.python.contains("pytest") {
        return None;
    }
    let command = |run: String, share: &'static [&'static str]| TestCommand {
        name: "pytest",
        run,
        paths: &["**/*.py", "pyproject.toml", "requirements*.txt"],
        share,
    };
    let manager = PYTHON_MANAGERS.into_iter().find(|(_, lock)| facts.has(lock));
    Some(match manager {
        Some(("uv", _)) => with_program(facts, "uv", command("uv run pytest -q".to_owned(), &[])),
        Some((manager, _)) if facts.venv_has_pytest => {
            with_program(facts, manager, command(format!("{manager} run pytest -q"), &[".venv"]))
        }
        None if facts.venv_has_pytest => {
            FoundTests::Proposed(command(".venv/bin/python -m pytest -q".to_owned(), &[".venv"]))
        }
        None if facts.programs.contains(&"pytest") => {
            FoundTests::Proposed(command("pytest -q".to_owned(), &[]))
        }
        manager => {
            let run = manager.map_or("pytest".to_owned(), |(name, _)| format!("{name} run pytest"));
            FoundTests::NotProposed(format!("`{run}`: there is no pytest in `.venv`"))
        }
    })
}

fn node(facts: &RepoFacts) -> Option<FoundTests> {
    let package = facts.package()?;
    let script = package["scripts"]["test"].as_str()?;
    // npm writes a failing script into every new package; that one is no test.
    if script.trim().is_empty() || script.contains("no test specified") {
        return None;
    }
    let manager = match node_manager(facts, &package) {
        Ok(manager) => manager,
        Err(why) => return Some(FoundTests::NotProposed(format!("the `test` script: {why}"))),
    };
    let run = match manager {
        "npm" => "npm test --silent".to_owned(),
        "bun" => "bun run test".to_owned(),
        other => format!("{other} test"),
    };
    let needs = |key: &str| package[key].as_object().is_some_and(|list| !list.is_empty());
    let is_installed = facts.has("node_modules") || facts.has(".pnp.cjs");
    if (needs("dependencies") || needs("devDependencies")) && !is_installed {
        return Some(FoundTests::NotProposed(format!(
            "`{run}`: its dependencies are not installed (there is no `node_modules`)"
        )));
    }
    if let Some(program) = &facts.missing_script_program {
        return Some(FoundTests::NotProposed(format!(
            "`{run}`: it starts `{program}`, which is neither in `node_modules` nor in `PATH`"
        )));
    }
    let share: &[&str] = if facts.has("node_modules") { &["node_modules"] } else { &[] };
    let paths: &[&str] = &[
        "**/*.{js,cjs,mjs,jsx,ts,cts,mts,tsx,vue,svelte}",
        "**/package.json",
        "{package-lock.json,pnpm-lock.yaml,yarn.lock,bun.lock}",
    ];
    Some(with_program(facts, manager, TestCommand { name: "tests", run, paths, share }))
}

/// The package manager: as `package.json` names it, else by its lock file.
fn node_manager(facts: &RepoFacts, package: &Value) -> Result<&'static str, String> {
    let names = || NODE_MANAGERS.iter().map(|(name, _)| *name);
    if let Some(given) = package["packageManager"].as_str() {
        let name = given.split('@').next().unwrap_or_default();
        return names()
            .find(|known| *known == name)
            .ok_or_else(|| format!("the package manager `{name}` is not known"));
    }
    let locked = NODE_MANAGERS.iter().filter(|(_, locks)| locks.iter().any(|lock| facts.has(lock)));
    let locked: Vec<&str> = locked.map(|(name, _)| *name).collect();
    match locked[..] {
        [] => Ok("npm"),
        [one] => Ok(one),
        _ => Err(format!("there are lock files of {}", locked.join(" and "))),
    }
}

fn make(facts: &RepoFacts) -> Option<FoundTests> {
    let makefile = facts.makefile.as_deref()?;
    let command =
        TestCommand { name: "make-test", run: "make test".to_owned(), paths: &[], share: &[] };
    makefile
        .lines()
        .any(|line| line.starts_with("test:") && !line.starts_with("test:="))
        .then(|| with_program(facts, "make", command))
}

/// The command, where its program can be started.
fn with_program(facts: &RepoFacts, program: &str, command: TestCommand) -> FoundTests {
    if facts.programs.contains(&program) {
        return FoundTests::Proposed(command);
    }
    FoundTests::NotProposed(format!("`{}`: `{program}` is not in `PATH`", command.run))
}

#[cfg(test)]
mod tests {
    use super::{FoundTests, find_tests};
    use crate::flow::setup::propose::facts::{PROGRAMS, RepoFacts, script_program};

    fn facts(names: &[&str]) -> RepoFacts {
        RepoFacts {
            names: names.iter().map(|&name| name.to_owned()).collect(),
            programs: PROGRAMS.to_vec(),
            ..RepoFacts::default()
        }
    }

    fn said(facts: &RepoFacts) -> Vec<String> {
        let said = find_tests(facts).into_iter().map(|found| match found {
            FoundTests::Proposed(command) => command.run,
            FoundTests::NotProposed(why) => format!("not: {why}"),
        });
        said.collect()
    }

    #[test]
    fn the_package_manager_is_the_one_that_the_repository_uses() {
        let test = r#""scripts":{"test":"vitest"}"#;
        for (names, package, expected) in [
            (&["pnpm-lock.yaml"][..], format!("{{{test}}}"), "pnpm test"),
            (&["yarn.lock"], format!("{{{test}}}"), "yarn test"),
            (&["bun.lock"], format!("{{{test}}}"), "bun run test"),
            (&["bun.lockb"], format!("{{{test}}}"), "bun run test"),
            (&["package-lock.json"], format!("{{{test}}}"), "npm test --silent"),
            (&[], format!("{{{test}}}"), "npm test --silent"),
            (&["yarn.lock"], format!(r#"{{"packageManager":"pnpm@10.1.0",{test}}}"#), "pnpm test"),
            (
                &["yarn.lock", "package-lock.json"],
                format!("{{{test}}}"),
                "not: the `test` script: there are lock files of yarn and npm",
            ),
            (
                &[],
                format!(r#"{{"packageManager":"deno@2",{test}}}"#),
                "not: the `test` script: the package manager `deno` is not known",
            ),
            (
                &["pnpm-lock.yaml"],
                format!(r#"{{{test},"devDependencies":{{"vitest":"1"}}}}"#),
                "not: `pnpm test`: its dependencies are not installed (there is no `node_modules`)",
            ),
            (
                &["pnpm-lock.yaml", "node_modules"],
                format!(r#"{{{test},"devDependencies":{{"vitest":"1"}}}}"#),
                "pnpm test",
            ),
            (
                &["yarn.lock", ".pnp.cjs"],
                format!(r#"{{{test},"dependencies":{{"a":"1"}}}}"#),
                "yarn test",
            ),
        ] {
            let facts = RepoFacts { package_json: Some(package.clone()), ..facts(names) };
            assert_eq!(said(&facts), [expected], "{names:?} {package}");
        }
    }

    #[test]
    fn the_placeholder_of_npm_and_what_cannot_be_read_are_no_tests() {
        for package in [
            r#"{"scripts":{"test":"echo \"Error: no test specified\" && exit 1"}}"#,
            r#"{"scripts":{"test":"  "}}"#,
            r#"{"scripts":{"build":"tsc"}}"#,
            r#"{"scripts":{"test":5}}"#,
            "[]",
            "{",
        ] {
            let facts = RepoFacts { package_json: Some(package.to_owned()), ..facts(&[]) };
            assert!(said(&facts).is_empty(), "{package}");
        }
    }

    #[test]
    fn a_script_whose_program_is_nowhere_is_not_proposed() {
        for (script, program) in [
            ("bun test", Some("bun")),
            ("NODE_ENV=test A=b vitest run", Some("vitest")),
            ("cd packages && vitest", None),
            ("./scripts/test.sh", None),
            ("(a; b)", None),
            ("", None),
        ] {
            let package = format!(r#"{{"scripts":{{"test":"{script}"}}}}"#);
            assert_eq!(script_program(&package).as_deref(), program, "{script}");
        }
        let facts = RepoFacts {
            package_json: Some(r#"{"scripts":{"test":"bun test"}}"#.to_owned()),
            missing_script_program: Some("bun".to_owned()),
            ..facts(&[])
        };
        let expected = "not: `npm test --silent`: it starts `bun`, which is neither in `node_modules` nor in `PATH`";
        assert_eq!(said(&facts), [expected]);
    }

    #[test]
    fn python_tests_run_where_pytest_is() {
        let no = "not: `pytest`: there is no pytest in `.venv`";
        for (names, venv, programs, expected) in [
            (&["uv.lock"][..], false, &["uv"][..], "uv run pytest -q"),
            (&["uv.lock"], true, &[], "not: `uv run pytest -q`: `uv` is not in `PATH`"),
            (&["poetry.lock"], true, &["poetry"], "poetry run pytest -q"),
            (
                &["poetry.lock"],
                false,
                &["poetry"],
                "not: `poetry run pytest`: there is no pytest in `.venv`",
            ),
            (&["pdm.lock"], true, &["pdm"], "pdm run pytest -q"),
            (&["Pipfile.lock"], true, &["pipenv"], "pipenv run pytest -q"),
            (&[], true, &[], ".venv/bin/python -m pytest -q"),
            (&[], false, &["pytest"], "pytest -q"),
            (&[], false, &["make"], no),
        ] {
            let facts = RepoFacts {
                python: "[tool.pytest.ini_options]\n".to_owned(),
                venv_has_pytest: venv,
                programs: programs.to_vec(),
                ..facts(names)
            };
            assert_eq!(said(&facts), [expected], "{names:?} {venv} {programs:?}");
        }
        // A Python project that does not use pytest.
        assert!(said(&facts(&["pyproject.toml", "setup.py"])).is_empty());
    }

    #[test]
    fn a_program_that_is_not_there_is_named_and_not_proposed() {
        let mut all = facts(&["Cargo.toml", "Cargo.lock", "go.mod"]);
        assert_eq!(said(&all), ["cargo test --quiet --locked", "go test ./..."]);
        all.programs.clear();
        let expected = [
            "not: `cargo test --quiet --locked`: `cargo` is not in `PATH`",
            "not: `go test ./...`: `go` is not in `PATH`",
        ];
        assert_eq!(said(&all), expected);
    }

    #[test]
    fn make_is_for_projects_of_no_other_kind() {
        let with = |names: &[&str], text: &str| RepoFacts {
            makefile: Some(text.to_owned()),
            ..facts(names)
        };
        assert_eq!(said(&with(&[], "all:\ntest: all\n\t./run\n")), ["make test"]);
        assert!(said(&with(&[], "test-all:\n\ttest: no target\n")).is_empty());
        assert!(said(&with(&[], "test:=1\n")).is_empty());
        assert_eq!(said(&with(&["go.mod"], "test:\n")), ["go test ./..."]);
    }
}
