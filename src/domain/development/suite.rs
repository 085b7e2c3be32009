//! What the test commands of a tree came to, and what that proves beside an earlier run of them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::development::failure::{FailureKind, of_case, of_output};
use crate::domain::gates::test_report::cases::{TestOutcome, TestReport};
use crate::domain::model::text::counted;

/// How many tests one message names.
const NAMED_MAX: usize = 5;

/// How many lines of what was printed a person is shown.
const LAST_LINES: usize = 6;

/// One run of the test commands of the policy, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SuiteRun {
    pub commands: Vec<SuiteCommand>,
}

/// What one test command came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SuiteCommand {
    pub name: String,
    pub outcome: SuiteOutcome,
    /// The end of what it printed, without secrets; empty where it ended well.
    pub printed: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SuiteOutcome {
    Reported {
        cases: BTreeMap<String, CaseState>,
        /// What failed that is no test: a package that does not build.
        broken: Vec<String>,
        /// Whether it ended with 0.
        ended_well: bool,
    },
    /// It ran to its end and left no report: nothing was built, or nothing collected.
    Unreported,
    /// It could not be run, or not to its end.
    NotRun { why: String },
}

/// What came of a test; of several with one name, the worst.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CaseState {
    Passed,
    Skipped,
    /// With the first line of what it said.
    Failed(String),
}

impl SuiteCommand {
    /// What a report says.
    pub fn reported(name: String, report: &TestReport, ended_well: bool, printed: String) -> Self {
        let mut cases = BTreeMap::new();
        for case in &report.cases {
            let state = match &case.outcome {
                TestOutcome::Passed => CaseState::Passed,
                TestOutcome::Skipped => CaseState::Skipped,
                TestOutcome::Failed(said) => CaseState::Failed(said.clone()),
            };
            let known = cases.entry(case.name.clone()).or_insert_with(|| state.clone());
            *known = state.max(known.clone());
        }
        let broken = report.broken.clone();
        Self { name, outcome: SuiteOutcome::Reported { cases, broken, ended_well }, printed }
    }

    fn cases(&self) -> impl Iterator<Item = (&str, &CaseState)> {
        let cases = match &self.outcome {
            SuiteOutcome::Reported { cases, .. } => Some(cases),
            SuiteOutcome::Unreported | SuiteOutcome::NotRun { .. } => None,
        };
        cases.into_iter().flatten().map(|(name, state)| (name.as_str(), state))
    }

    /// Whether something that is no test failed.
    fn is_broken(&self) -> bool {
        match &self.outcome {
            SuiteOutcome::Reported { broken, ended_well, .. } => {
                !broken.is_empty()
                    || (!ended_well && !self.cases().any(|(_, state)| state.is_failed()))
            }
            SuiteOutcome::Unreported => true,
            SuiteOutcome::NotRun { .. } => false,
        }
    }
}

impl CaseState {
    fn is_failed(&self) -> bool {
        matches!(self, Self::Failed(_))
    }
}

impl SuiteRun {
    /// Why a command could not be run: nothing is known then of what its tests show.
    pub fn not_run(&self) -> Option<String> {
        self.commands.iter().find_map(|command| match &command.outcome {
            SuiteOutcome::NotRun { why } => Some(format!("`{}`: {why}", command.name)),
            SuiteOutcome::Reported { .. } | SuiteOutcome::Unreported => None,
        })
    }

    /// The commands of which some part does not build or cannot be collected.
    pub fn broken(&self) -> Vec<&str> {
        let broken = self.commands.iter().filter(|command| command.is_broken());
        broken.map(|command| command.name.as_str()).collect()
    }

    /// How many tests passed.
    pub fn passed(&self) -> usize {
        self.all().filter(|(_, state)| **state == CaseState::Passed).count()
    }

    /// How many tests failed.
    pub fn failed(&self) -> usize {
        self.all().filter(|(_, state)| state.is_failed()).count()
    }

    /// The names of the tests that failed, the first of them.
    pub fn failing(&self) -> Vec<String> {
        let failed = self.all().filter(|(_, state)| state.is_failed());
        failed.take(NAMED_MAX).map(|(name, _)| format!("`{name}`")).collect()
    }

    /// The last lines that commands printed that did not end well, for people.
    pub fn last_lines(&self) -> Vec<String> {
        let lines = self.commands.iter().flat_map(|command| command.printed.lines());
        let lines: Vec<&str> = lines.filter(|line| !line.trim().is_empty()).collect();
        lines[lines.len().saturating_sub(LAST_LINES)..]
            .iter()
            .map(|line| (*line).to_owned())
            .collect()
    }

    /// What the commands printed that did not end well.
    pub fn printed(&self) -> String {
        let said = self.commands.iter().filter(|command| !command.printed.is_empty());
        let texts = said.map(|one| format!("What `{}` printed:\n{}\n", one.name, one.printed));
        texts.collect::<Vec<_>>().concat()
    }

    fn all(&self) -> impl Iterator<Item = (&str, &CaseState)> {
        self.commands.iter().flat_map(SuiteCommand::cases)
    }

    fn command(&self, name: &str) -> Option<&SuiteCommand> {
        self.commands.iter().find(|command| command.name == name)
    }
}

/// A test that failed as it should before the code was there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RedTest {
    pub command: String,
    /// The test's name; `None` where its file could not be built or loaded.
    pub name: Option<String>,
    pub why: RedReason,
}

/// Why a new test fails.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RedReason {
    /// It ran, and what it asks for is not so.
    Assertion,
    /// It uses this, which is not there yet.
    MissingSymbol(String),
}

/// Whether new tests are shown to fail for want of the code that they ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RedProof {
    Proven(Vec<RedTest>),
    /// They prove nothing: why, for the agent that wrote them.
    Unproven(Vec<String>),
    /// The tests could not be run: why.
    NotRun(String),
}

/// Whether the tests that failed pass now, and those that passed still do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GreenProof {
    /// With the number of new tests that passed.
    Green(usize),
    /// What is not as it must be, for the agent that wrote the code.
    Red(Vec<String>),
    /// The tests could not be run: why.
    NotRun(String),
}

/// Weighs a run of the tests after new ones were written against the run before. `written` is the text of
/// the new tests, `files` their paths.
pub fn prove_red(base: &SuiteRun, now: &SuiteRun, written: &str, files: &[String]) -> RedProof {
    if let Some(why) = now.not_run() {
        return RedProof::NotRun(why);
    }
    let (mut red, mut wrong) = (Vec::new(), Vec::new());
    for command in &now.commands {
        let before = base.command(&command.name);
        for (name, state) in command.cases() {
            let was = before.and_then(|before| before.cases().find(|(known, _)| *known == name));
            let CaseState::Failed(said) = state else { continue };
            match was.map(|(_, was)| was) {
                // It was so before: nothing is proved by it.
                Some(CaseState::Failed(_) | CaseState::Skipped) => {}
                Some(CaseState::Passed) => {
                    wrong
                        .push(format!("`{name}` passed before the new tests were written: {said}"));
                }
                None => match reason(of_case(said), written) {
                    Ok(why) => {
                        let command = command.name.clone();
                        let name = (!is_file(name, files)).then(|| name.to_owned());
                        red.push(RedTest { command, name, why });
                    }
                    Err(why) => {
                        wrong.push(format!("`{name}` does not fail for want of code: {why}"));
                    }
                },
            }
        }
        if command.is_broken() && !before.is_some_and(SuiteCommand::is_broken) {
            match of_broken(command, written, files) {
                Ok(missing) => red.extend(missing),
                Err(why) => wrong.push(why),
            }
        }
    }
    if !wrong.is_empty() {
        return RedProof::Unproven(wrong);
    }
    if red.is_empty() {
        return RedProof::Unproven(vec![
            "no new test failed: what they ask for is there already, or they did not run"
                .to_owned(),
        ]);
    }
    RedProof::Proven(red)
}

/// Whether what a report calls a test is a whole file of tests, as runners name one that cannot be loaded: by
/// its path, or as a module.
fn is_file(name: &str, files: &[String]) -> bool {
    let is_it = |file: &String| {
        let stem = file.rsplit_once('.').map_or(file.as_str(), |(stem, _)| stem);
        [file.clone(), stem.replace('/', ".")].iter().any(|end| {
            let before = name.strip_suffix(end.as_str());
            before.is_some_and(|before| before.is_empty() || before.ends_with([':', '.', '/']))
        })
    };
    files.iter().any(is_it)
}

fn reason(kind: FailureKind, written: &str) -> Result<RedReason, String> {
    match kind {
        FailureKind::Assertion => Ok(RedReason::Assertion),
        FailureKind::MissingSymbol(symbol) if mentions(written, &symbol) => {
            Ok(RedReason::MissingSymbol(symbol))
        }
        FailureKind::MissingSymbol(symbol) => {
            Err(format!("it lacks `{symbol}`, which no new test uses"))
        }
        FailureKind::Compile(said) => Err(format!("it cannot be read or built: {said}")),
        FailureKind::Infrastructure(said) => Err(format!("what it needs is not here: {said}")),
    }
}

/// What stands in the way of a command's tests, where that is the missing code alone.
fn of_broken(
    command: &SuiteCommand,
    written: &str,
    files: &[String],
) -> Result<Vec<RedTest>, String> {
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
            && !files
                .iter()
                .any(|file| place.ends_with(file.as_str()) || file.ends_with(place.as_str()))
        {
            return Err(format!("`{place}` does not build, and it is none of the new tests"));
        }
        let why = reason(failure.kind, written)
            .map_err(|why| format!("`{}` ran no test: {why}", command.name))?;
        let red = RedTest { command: command.name.clone(), name: None, why };
        if !missing.contains(&red) {
            missing.push(red);
        }
    }
    Ok(missing)
}

fn mentions(text: &str, symbol: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(symbol).any(|(at, _)| {
        !text[..at].ends_with(is_part) && !text[at + symbol.len()..].starts_with(is_part)
    })
}

/// Weighs a run of the tests after the code was written against the run of the base, and against the tests
/// that failed in between.
pub fn prove_green(base: &SuiteRun, red: &[RedTest], now: &SuiteRun) -> GreenProof {
    if let Some(why) = now.not_run() {
        return GreenProof::NotRun(why);
    }
    let mut wrong = Vec::new();
    for name in now.broken() {
        if !base.broken().contains(&name) {
            wrong.push(format!("`{name}` does not build or cannot be collected"));
        }
    }
    for command in &base.commands {
        let now = now.command(&command.name);
        let state = |name: &str| now.and_then(|now| now.cases().find(|(n, _)| *n == name));
        let passed = command.cases().filter(|(_, state)| **state == CaseState::Passed);
        let lost = passed.filter_map(|(name, _)| match state(name).map(|(_, state)| state) {
            Some(CaseState::Passed) => None,
            Some(CaseState::Failed(said)) => {
                Some(format!("`{name}` passed before and fails: {said}"))
            }
            Some(CaseState::Skipped) => Some(format!("`{name}` passed before and is skipped")),
            None => Some(format!("`{name}` passed before and does not run any more")),
        });
        wrong.extend(shortened(lost.collect()));
    }
    let mut new = 0;
    for command in &now.commands {
        let before = base.command(&command.name);
        let is_new =
            |name: &str| !before.is_some_and(|it| it.cases().any(|(known, _)| known == name));
        let cases: Vec<_> = command.cases().filter(|(name, _)| is_new(name)).collect();
        new += cases.iter().filter(|(_, state)| **state == CaseState::Passed).count();
        let failing = cases.iter().filter_map(|(name, state)| match state {
            CaseState::Failed(said) => Some(format!("the new test `{name}` fails: {said}")),
            CaseState::Skipped => Some(format!("the new test `{name}` is skipped")),
            CaseState::Passed => None,
        });
        wrong.extend(shortened(failing.collect()));
        let named = red.iter().filter(|one| one.command == command.name);
        for name in named.filter_map(|one| one.name.as_deref()) {
            if !cases.iter().any(|(known, _)| *known == name) {
                wrong.push(format!("the new test `{name}` does not run any more"));
            }
        }
        let wanted = red.iter().any(|one| one.command == command.name);
        if wanted && cases.is_empty() && wrong.is_empty() {
            wrong.push(format!("none of the new tests of `{}` ran", command.name));
        }
    }
    if wrong.is_empty() { GreenProof::Green(new) } else { GreenProof::Red(wrong) }
}

fn shortened(mut all: Vec<String>) -> Vec<String> {
    let more = all.len().saturating_sub(NAMED_MAX);
    if more > 0 {
        all.truncate(NAMED_MAX);
        all.push(format!("and {} more of that kind", counted(more, "test")));
    }
    all
}
