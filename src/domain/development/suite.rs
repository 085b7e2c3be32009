//! What the test commands of a tree came to, and what that proves beside an earlier run of them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::gates::test_report::cases::{CaseFailure, TestOutcome, TestReport};
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
        /// With what it ended; `None` where that is not known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        code: Option<i32>,
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
    Failed(CaseFailure),
}

impl SuiteCommand {
    /// What a report says.
    pub fn reported(name: String, report: &TestReport, ended_well: bool, printed: String) -> Self {
        let mut cases = BTreeMap::new();
        for case in &report.cases {
            let state = match &case.outcome {
                TestOutcome::Passed => CaseState::Passed,
                TestOutcome::Skipped => CaseState::Skipped,
                TestOutcome::Failed(failed) => CaseState::Failed(failed.clone()),
            };
            let known = cases.entry(case.name.clone()).or_insert_with(|| state.clone());
            *known = state.max(known.clone());
        }
        let broken = report.broken.clone();
        Self {
            name,
            outcome: SuiteOutcome::Reported { cases, broken, ended_well, code: None },
            printed,
        }
    }

    /// The same, with the code that it ended with.
    #[must_use]
    pub fn ended_with(mut self, code: Option<i32>) -> Self {
        if let SuiteOutcome::Reported { code: ended, .. } = &mut self.outcome {
            *ended = code;
        }
        self
    }

    /// With what it ended, where that is known.
    pub fn code(&self) -> Option<i32> {
        match &self.outcome {
            SuiteOutcome::Reported { code, .. } => *code,
            SuiteOutcome::Unreported | SuiteOutcome::NotRun { .. } => None,
        }
    }

    /// Whether it ran, and ended with 0.
    pub fn ended_well(&self) -> bool {
        matches!(&self.outcome, SuiteOutcome::Reported { ended_well: true, .. })
    }

    /// Its tests.
    pub fn cases(&self) -> impl Iterator<Item = (&str, &CaseState)> {
        let cases = match &self.outcome {
            SuiteOutcome::Reported { cases, .. } => Some(cases),
            SuiteOutcome::Unreported | SuiteOutcome::NotRun { .. } => None,
        };
        cases.into_iter().flatten().map(|(name, state)| (name.as_str(), state))
    }

    /// Whether something that is no test failed.
    pub fn is_broken(&self) -> bool {
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

    /// The names of the tests that failed.
    pub fn failing(&self) -> Vec<String> {
        let failed = self.all().filter(|(_, state)| state.is_failed());
        failed.map(|(name, _)| format!("`{name}`")).collect()
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

    /// What came of the tests that are wanted, by their command and their name.
    pub(super) fn filtered(&self, is_wanted: impl Fn(&str, &str) -> bool) -> Self {
        let mut suite = self.clone();
        for command in &mut suite.commands {
            if let SuiteOutcome::Reported { cases, .. } = &mut command.outcome {
                cases.retain(|name, _| is_wanted(&command.name, name));
            }
        }
        suite
    }

    /// The command of that name.
    pub fn command(&self, name: &str) -> Option<&SuiteCommand> {
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
    /// The same of a task that takes out tests as well, of what is no longer asked for: by their names. Where none fails,
    /// it is they that show it.
    Removed {
        failing: Vec<RedTest>,
        taken_out: Vec<String>,
    },
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
    /// Tests were taken out that show what is still asked for: which, for the agent that wrote the tests.
    Lost(Vec<String>),
    /// The tests could not be run: why.
    NotRun(String),
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
            Some(CaseState::Failed(failed)) => {
                Some(format!("`{name}` passed before and fails: {}", failed.said))
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
            CaseState::Failed(failed) => {
                Some(format!("the new test `{name}` fails: {}", failed.said))
            }
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

/// The first of them, and how many more there are.
pub fn shortened(mut all: Vec<String>) -> Vec<String> {
    let more = all.len().saturating_sub(NAMED_MAX);
    if more > 0 {
        all.truncate(NAMED_MAX);
        all.push(format!("and {} more of that kind", counted(more, "test")));
    }
    all
}
