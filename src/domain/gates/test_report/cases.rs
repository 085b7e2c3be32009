//! The tests of a report, and what it comes to beside an exit code.

use serde::{Deserialize, Serialize};

use crate::domain::gates::formats::report::FormatError;
use crate::domain::model::text::counted;

/// How many tests one message names.
const NAMED_MAX: usize = 5;

/// What came of a test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TestOutcome {
    Passed,
    Failed(CaseFailure),
    Skipped,
}

/// How a test failed.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CaseFailure {
    /// The first line of what it said; empty where it said nothing.
    pub said: String,
    /// All that it said; not kept.
    #[serde(skip)]
    pub text: String,
    /// The class of what was thrown, or what else the report calls it; empty where it does not say.
    pub class: String,
    pub counted: CountedAs,
}

/// As what a report counts a test that failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CountedAs {
    /// What the test asks for is not so.
    Failure,
    /// It did not come so far.
    Error,
    /// The format does not tell these from each other.
    #[default]
    Either,
}

impl CaseFailure {
    /// What a text says, in a format that tells nothing else.
    pub fn of_text(text: &str) -> Self {
        Self { said: first_line(text), text: text.to_owned(), ..Self::default() }
    }
}

/// A test that a report names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestCase {
    /// With what it stands in: a class, a module, a package.
    pub name: String,
    pub outcome: TestOutcome,
}

/// The tests of one run, in the order of the report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TestReport {
    pub cases: Vec<TestCase>,
    /// What failed that is no test: a package that does not build, a file that cannot be collected.
    pub broken: Vec<String>,
}

/// What a report and an exit code come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TestConclusion {
    Passed,
    /// With what is to be said of it.
    Failed(String),
    /// It is no pass, and no test failed: with the reason.
    Unproven(String),
}

impl TestReport {
    /// What it comes to beside the exit code of the runner.
    pub fn conclude(&self, ended_well: bool) -> TestConclusion {
        let failed: Vec<&str> = self.failed().map(|(name, _)| name).collect();
        let passed = self.cases.iter().filter(|one| one.outcome == TestOutcome::Passed).count();
        let wrong = !failed.is_empty() || !self.broken.is_empty();
        match (ended_well, wrong) {
            (true, true) => TestConclusion::Unproven(format!(
                "it ended with 0, and its report says that {}",
                self.failures(&failed)
            )),
            (false, true) => TestConclusion::Failed(self.failures(&failed)),
            (false, false) => {
                TestConclusion::Failed("its report names no test that failed".to_owned())
            }
            (true, false) if self.cases.is_empty() => {
                TestConclusion::Unproven("it ran no test".to_owned())
            }
            (true, false) if passed == 0 => TestConclusion::Unproven(format!(
                "it ran no test: {} skipped",
                counted(self.cases.len(), "test")
            )),
            (true, false) => TestConclusion::Passed,
        }
    }

    /// The tests that failed, with what each said first.
    pub fn failed(&self) -> impl Iterator<Item = (&str, &str)> {
        self.cases.iter().filter_map(|one| match &one.outcome {
            TestOutcome::Failed(failure) => Some((one.name.as_str(), failure.said.as_str())),
            TestOutcome::Passed | TestOutcome::Skipped => None,
        })
    }

    fn failures(&self, failed: &[&str]) -> String {
        let mut parts = Vec::new();
        if !failed.is_empty() {
            let all = counted(self.cases.len(), "test");
            parts.push(format!("{} of {all} failed: {}", failed.len(), named(failed)));
        }
        if !self.broken.is_empty() {
            let broken: Vec<&str> = self.broken.iter().map(String::as_str).collect();
            parts.push(format!("no test ran in {}", named(&broken)));
        }
        parts.join("; ")
    }
}

fn named(names: &[&str]) -> String {
    let mut shown: Vec<String> =
        names.iter().take(NAMED_MAX).map(|name| format!("`{name}`")).collect();
    if names.len() > NAMED_MAX {
        shown.push(format!("and {} more", names.len() - NAMED_MAX));
    }
    shown.join(", ")
}

/// The first line that says something.
pub fn first_line(text: &str) -> String {
    text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default().to_owned()
}

pub fn malformed(format: &'static str, reason: impl Into<String>) -> FormatError {
    FormatError::Malformed { format, reason: reason.into() }
}
