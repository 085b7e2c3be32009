//! What Jest and Vitest write as JSON.

use serde::Deserialize;

use crate::domain::gates::formats::report::{FormatError, json};
use crate::domain::gates::test_report::cases::{
    CaseFailure, TestCase, TestOutcome, TestReport, malformed,
};

const NAME: &str = "a JSON report of Jest";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct JestReport {
    num_failed_tests: usize,
    num_passed_tests: usize,
    #[serde(default)]
    num_failed_test_suites: usize,
    test_results: Vec<JestFile>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct JestFile {
    #[serde(default)]
    name: String,
    #[serde(default)]
    status: String,
    #[serde(default)]
    assertion_results: Vec<JestAssertion>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct JestAssertion {
    full_name: String,
    status: String,
    #[serde(default)]
    failure_messages: Vec<String>,
}

pub fn read(text: &str) -> Result<TestReport, FormatError> {
    let read: JestReport = json(NAME, text)?;
    let mut report = TestReport::default();
    for file in read.test_results {
        // A file that cannot be loaded has no test.
        if file.status == "failed" && file.assertion_results.is_empty() {
            report.broken.push(file.name);
        }
        report.cases.extend(file.assertion_results.into_iter().map(|test| {
            let outcome = match test.status.as_str() {
                "passed" => TestOutcome::Passed,
                "failed" => {
                    let said = test.failure_messages.first();
                    let said = said.map(|said| CaseFailure::of_text(said));
                    TestOutcome::Failed(said.unwrap_or_default())
                }
                _ => TestOutcome::Skipped,
            };
            TestCase { name: test.full_name, outcome }
        }));
    }
    let count = |wanted: &dyn Fn(&TestOutcome) -> bool| {
        report.cases.iter().filter(|case| wanted(&case.outcome)).count()
    };
    let passed = count(&|outcome| *outcome == TestOutcome::Passed);
    let failed = count(&|outcome| matches!(outcome, TestOutcome::Failed(_)));
    if (passed, failed) != (read.num_passed_tests, read.num_failed_tests) {
        return Err(malformed(
            NAME,
            format!(
                "it counts {} passed and {} failed, and names {passed} and {failed}",
                read.num_passed_tests, read.num_failed_tests
            ),
        ));
    }
    if read.num_failed_test_suites > 0 && failed == 0 && report.broken.is_empty() {
        return Err(malformed(NAME, "it counts a file that failed and names none"));
    }
    Ok(report)
}
