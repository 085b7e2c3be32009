//! What `go test -json` prints: an event a line.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::domain::gates::formats::report::{FormatError, json_line};
use crate::domain::gates::test_report::cases::{
    CaseFailure, CountedAs, TestCase, TestOutcome, TestReport, malformed,
};

const NAME: &str = "the output of `go test -json`";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TestEvent {
    action: String,
    #[serde(default)]
    package: String,
    #[serde(default)]
    test: Option<String>,
    #[serde(default)]
    output: String,
}

/// What is known of a package while its events come.
#[derive(Default)]
struct PackageState {
    has_failed_test: bool,
    ended: bool,
}

pub fn read(text: &str) -> Result<TestReport, FormatError> {
    let mut report = TestReport::default();
    let mut printed: BTreeMap<(String, String), String> = BTreeMap::new();
    let mut packages: BTreeMap<String, PackageState> = BTreeMap::new();
    for (number, line) in (1..).zip(text.lines()) {
        // Build errors stand between the events as they are.
        if !line.starts_with('{') {
            continue;
        }
        let event: TestEvent = json_line(NAME, number, line)?;
        let package = packages.entry(event.package.clone()).or_default();
        let Some(name) = event.test else {
            match event.action.as_str() {
                "fail" if !package.has_failed_test => {
                    package.ended = true;
                    report.broken.push(event.package);
                }
                "pass" | "skip" | "fail" => package.ended = true,
                _ => {}
            }
            continue;
        };
        let key = (event.package.clone(), name.clone());
        let outcome = match event.action.as_str() {
            "output" => {
                let said = printed.entry(key).or_default();
                if !event.output.trim_start().starts_with("=== ") {
                    said.push_str(&event.output);
                }
                continue;
            }
            "pass" => TestOutcome::Passed,
            "fail" => {
                package.has_failed_test = true;
                TestOutcome::Failed(failure(printed.get(&key).map_or("", String::as_str)))
            }
            "skip" => TestOutcome::Skipped,
            _ => continue,
        };
        report.cases.push(TestCase { name: format!("{}.{name}", event.package), outcome });
    }
    if packages.is_empty() && !text.trim().is_empty() {
        return Err(malformed(NAME, "no line of it is an event"));
    }
    let cut = packages.iter().find(|(name, state)| !name.is_empty() && !state.ended);
    if let Some((name, _)) = cut {
        return Err(malformed(NAME, format!("it does not say how `{name}` ended")));
    }
    Ok(report)
}

/// A test fails by its own word (`t.Error`), or because something in it panics.
fn failure(printed: &str) -> CaseFailure {
    let panics = printed.lines().find(|line| line.starts_with("panic: "));
    let counted = if panics.is_some() { CountedAs::Error } else { CountedAs::Failure };
    let failure = CaseFailure::of_text(printed);
    let said = panics.map_or(failure.said, |line| line.trim_end().to_owned());
    CaseFailure { said, counted, text: failure.text, class: failure.class }
}
