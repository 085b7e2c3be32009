//! The XML of `JUnit`, as pytest, nextest, Maven, Gradle, Jest and many others write it.

use junit_parser::{TestStatus, TestSuite, from_reader};

use crate::domain::gates::formats::report::FormatError;
use crate::domain::gates::test_report::cases::{
    CaseFailure, CountedAs, TestCase, TestOutcome, TestReport, first_line, malformed,
};

const NAME: &str = "a JUnit report";

pub fn read(text: &str) -> Result<TestReport, FormatError> {
    // Node's own runner writes tests into the root as well, where the parser leaves them out.
    let report = of_suites(text)?;
    match as_one_suite(text).map(|text| of_suites(&text)) {
        Some(Ok(whole)) if whole.cases.len() > report.cases.len() => Ok(whole),
        _ => Ok(report),
    }
}

fn of_suites(text: &str) -> Result<TestReport, FormatError> {
    let suites =
        from_reader(text.as_bytes()).map_err(|error| malformed(NAME, error.to_string()))?;
    let mut report = TestReport::default();
    for suite in &suites.suites {
        add(suite, &mut report)?;
    }
    Ok(report)
}

/// The same report with its root as a suite; `None` where it is one.
fn as_one_suite(text: &str) -> Option<String> {
    let (before, rest) = text.split_once("<testsuites")?;
    let (inside, after) = rest.rsplit_once("</testsuites>")?;
    Some(format!("{before}<testsuite{inside}</testsuite>{after}"))
}

fn add(suite: &TestSuite, report: &mut TestReport) -> Result<(), FormatError> {
    for case in &suite.cases {
        let name = match case.classname.as_deref().or(case.group.as_deref()) {
            Some(class) if !class.is_empty() => format!("{class}::{}", case.original_name),
            _ => case.original_name.clone(),
        };
        let failed = |message: &str, text: &str, class: &str, counted| {
            let said = [message, text].into_iter().map(first_line).find(|line| !line.is_empty());
            let text = if text.trim().is_empty() { message } else { text }.to_owned();
            let (said, class) = (said.unwrap_or_default(), class.to_owned());
            TestOutcome::Failed(CaseFailure { said, text, class, counted })
        };
        let outcome = match &case.status {
            TestStatus::Success => TestOutcome::Passed,
            TestStatus::Failure(one) => {
                failed(&one.message, &one.text, &one.failure_type, CountedAs::Failure)
            }
            TestStatus::Error(one) => {
                failed(&one.message, &one.text, &one.error_type, CountedAs::Error)
            }
            TestStatus::Skipped(_) => TestOutcome::Skipped,
        };
        report.cases.push(TestCase { name, outcome });
    }
    for inner in &suite.suites {
        add(inner, report)?;
    }
    // Some count only what failed; more than is there was lost on the way.
    let is_failed =
        |case: &&junit_parser::TestCase| case.status.is_failure() || case.status.is_error();
    let failed = suite.cases.iter().filter(is_failed).count() as u64;
    if suite.suites.is_empty() && suite.failures + suite.errors > failed {
        let counted = suite.failures + suite.errors;
        return Err(malformed(
            NAME,
            format!("`{}` counts {counted} failures and names {failed}", suite.name),
        ));
    }
    Ok(())
}
