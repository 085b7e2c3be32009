//! What proves that new tests fail for want of the code that they ask for.

use crate::domain::development::failure::of_output;
use crate::domain::development::failure_kind::FailureKind;
use crate::domain::development::imports::{is_of_project, may_hold, mentions, missing_import};
use crate::domain::development::suite::{
    CaseState, RedProof, RedReason, RedTest, SuiteCommand, SuiteRun,
};
use crate::domain::development::test_failure::{NewTests, of_case};
use crate::domain::development::typescript::{named_at, sources_of};
use crate::domain::gates::test_report::cases::CaseFailure;

/// Weighs a run of the tests after new ones were written against the run before.
pub fn prove_red(base: &SuiteRun, now: &SuiteRun, tests: NewTests<'_>) -> RedProof {
    match new_failures(base, now, tests) {
        Ok(red) if red.is_empty() => RedProof::Unproven(vec![
            "no new test failed: what they ask for is there already, or they did not run"
                .to_owned(),
        ]),
        Ok(red) => RedProof::Proven(red),
        Err(proof) => proof,
    }
}

/// The new tests that fail as they should, or what is proved where something is not as it should be.
pub(super) fn new_failures(
    base: &SuiteRun,
    now: &SuiteRun,
    tests: NewTests<'_>,
) -> Result<Vec<RedTest>, RedProof> {
    if let Some(why) = now.not_run() {
        return Err(RedProof::NotRun(why));
    }
    let (mut red, mut wrong) = (Vec::new(), Vec::new());
    for command in &now.commands {
        let before = base.command(&command.name);
        for (name, state) in command.cases() {
            let was = before.and_then(|before| before.cases().find(|(known, _)| *known == name));
            let CaseState::Failed(failed) = state else { continue };
            match was.map(|(_, was)| was) {
                // It was so before: nothing is proved by it.
                Some(CaseState::Failed(_) | CaseState::Skipped) => {}
                Some(CaseState::Passed) => {
                    wrong.push(format!(
                        "`{name}` passed before the new tests were written: {}",
                        failed.said
                    ));
                }
                None => match of_test(command, name, failed, tests) {
                    Ok(proven) => red.extend(proven),
                    Err(why) => {
                        wrong.push(format!("`{name}` does not fail for want of code: {why}"));
                    }
                },
            }
        }
        if command.is_broken() && !before.is_some_and(SuiteCommand::is_broken) {
            match of_broken(command, tests) {
                Ok(missing) => red.extend(missing),
                Err(why) => wrong.push(why),
            }
        }
    }
    if wrong.is_empty() { Ok(red) } else { Err(RedProof::Unproven(wrong)) }
}

/// What a new test that failed proves.
fn of_test(
    command: &SuiteCommand,
    name: &str,
    failed: &CaseFailure,
    tests: NewTests<'_>,
) -> Result<Vec<RedTest>, String> {
    let red = |name, why| RedTest { command: command.name.clone(), name, why };
    let is_file = is_file(name, tests.files);
    match of_case(failed, tests) {
        // A file that could not be loaded: why, what the command printed may say.
        FailureKind::Thrown(_) if is_file && !of_output(&command.printed).is_empty() => {
            of_broken(command, tests)
        }
        FailureKind::Thrown(said) if is_file => match missing_import(tests) {
            Some(symbol) => Ok(vec![red(None, RedReason::MissingSymbol(symbol))]),
            None => reason(FailureKind::Thrown(said), tests).map(|_| Vec::new()).map_err(|why| {
                format!("{why}; where its file could not be loaded, nothing says why")
            }),
        },
        kind => {
            let name = (!is_file).then(|| name.to_owned());
            Ok(vec![red(name, reason(kind, tests)?)])
        }
    }
}

/// Whether what a report calls a test is a whole file of tests, as runners name one that cannot be loaded: by
/// its path, or as a module.
fn is_file(name: &str, files: &[String]) -> bool {
    let is_it = |file: &String| {
        let stem = file.rsplit_once('.').map_or(file.as_str(), |(stem, _)| stem);
        let compiled = format!("{stem}.js");
        let is_compiled = sources_of(&compiled).any(|source| source == *file);
        let compiled = is_compiled.then_some(compiled);
        [file.clone(), stem.replace('/', ".")].iter().chain(&compiled).any(|end| {
            let before = name.strip_suffix(end.as_str());
            before.is_some_and(|before| before.is_empty() || before.ends_with([':', '.', '/']))
        })
    };
    files.iter().any(is_it)
}

fn reason(kind: FailureKind, tests: NewTests<'_>) -> Result<RedReason, String> {
    let written = tests.text;
    match kind {
        FailureKind::MissingModule(module) if !may_hold(tests.paths, &module) => Err(format!(
            "the package `{module}` is not here, and no file that the code may change is it: a test takes what it \
             tests from a module of the project"
        )),
        FailureKind::Assertion => Ok(RedReason::Assertion),
        FailureKind::MissingSymbol(symbol) | FailureKind::MissingModule(symbol)
            if mentions(written, &symbol) =>
        {
            Ok(RedReason::MissingSymbol(symbol))
        }
        FailureKind::MissingSymbol(symbol) | FailureKind::MissingModule(symbol) => {
            Err(format!("it lacks `{symbol}`, which no new test uses"))
        }
        // Where a test takes in all that a module has, its names are of the code.
        FailureKind::UnknownName(name)
            if mentions(written, &name)
                && brings(written, &name)
                && !takes_the_test(written, &name) =>
        {
            Ok(RedReason::MissingSymbol(name))
        }
        FailureKind::UnknownName(name) => Err(format!(
            "`{name}` is not defined where it is used: a test takes what it tests from the module that has it, and \
             defines its own helpers"
        )),
        FailureKind::Thrown(said) => Err(format!(
            "it ended by an error, and not by what it asserts: {said} (what is set up must work now; what is \
             tested is asserted, as `assert` or `expect` of the framework do)"
        )),
        FailureKind::Compile(said) | FailureKind::OtherUse { said, .. } => {
            Err(format!("it cannot be read or built: {said}"))
        }
        FailureKind::Infrastructure(said) => Err(format!("what it needs is not here: {said}")),
    }
}

/// What stands in the way of a command's tests, where that is the missing code alone.
fn of_broken(command: &SuiteCommand, tests: NewTests<'_>) -> Result<Vec<RedTest>, String> {
    let failures = of_output(&command.printed);
    if failures.is_empty() {
        return Err(format!(
            "`{}` ran no test, and does not say in a known way that code is missing",
            command.name
        ));
    }
    let mut missing = Vec::new();
    for failure in failures {
        if let Some(place) = &failure.place
            && !tests
                .files
                .iter()
                .any(|file| place.ends_with(file.as_str()) || file.ends_with(place.as_str()))
        {
            return Err(format!("`{place}` does not build, and it is none of the new tests"));
        }
        let why = reason(used_at(failure.kind, failure.place.as_deref(), tests), tests)
            .map_err(|why| format!("`{}` ran no test: {why}", command.name))?;
        let red = RedTest { command: command.name.clone(), name: None, why };
        if !missing.contains(&red) {
            missing.push(red);
        }
    }
    Ok(missing)
}

/// Names what is used in another way than it can be, where the new test takes it from its project: the code is
/// to be changed so that it can.
fn used_at(kind: FailureKind, place: Option<&str>, tests: NewTests<'_>) -> FailureKind {
    let FailureKind::OtherUse { line, column, is_value, .. } = kind else { return kind };
    let file = tests.files.iter().find(|file| {
        place.is_some_and(|place| place.ends_with(file.as_str()) || file.ends_with(place))
    });
    let named = file.and_then(|file| {
        let text = (tests.read)(file)?;
        let (first, name) = named_at(&text, line, column, is_value)?;
        is_of_project(&text, &first).then_some(name)
    });
    named.map_or(kind, FailureKind::MissingSymbol)
}

/// Whether a test takes in a name from somewhere: by an import that says it, or one of all names.
fn brings(written: &str, name: &str) -> bool {
    let is_import = |line: &&str| {
        let line = line.trim_start();
        let starts = ["use ", "pub use ", "import ", "from ", "package ", "require", "const {"];
        starts.iter().any(|start| line.starts_with(start))
    };
    // In Go a test of the same package has all of its names, and one of a package of its own has none.
    let is_all = |line: &str| {
        line.contains('*') || line.starts_with("package ") && !line.trim_end().ends_with("_test")
    };
    written.lines().filter(is_import).any(|line| is_all(line) || mentions(line, name))
}

/// Whether a name is called with the test itself, as only a test's own helper is in Go: `equal(t, got, 3)`.
fn takes_the_test(written: &str, name: &str) -> bool {
    let is_package = |line: &str| line.starts_with("package ") && !line.contains(';');
    // Another `t` may be anything.
    if !written.lines().any(is_package)
        || ["t :=", "var t "].iter().any(|own| written.contains(own))
    {
        return false;
    }
    written.match_indices(name).any(|(at, _)| {
        let is_word = !written[..at].ends_with(|c: char| c.is_alphanumeric() || "_.".contains(c));
        let given = written[at + name.len()..].strip_prefix('(').map(str::trim_start);
        let given = given.and_then(|given| given.strip_prefix('t'));
        is_word && given.is_some_and(|rest| rest.trim_start().starts_with([',', ')']))
    })
}
