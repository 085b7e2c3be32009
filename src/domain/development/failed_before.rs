//! Tests that failed before anything was built: what is built is not blamed for them.

use std::collections::BTreeSet;

use crate::domain::development::suite::{CaseState, SuiteRun};
use crate::domain::gates::test_report::cases::{TestOutcome, TestReport};

/// The tests of a command that failed, where each of them failed in an earlier run of it as well, and nothing but tests
/// failed; `None` where something else did, or nothing.
pub fn failed_before<'a>(
    before: &SuiteRun,
    command: &str,
    now: &'a TestReport,
) -> Option<BTreeSet<&'a str>> {
    let known = before.command(command)?;
    let failed_then = |name: &str| {
        known.cases().any(|(known, state)| known == name && matches!(state, CaseState::Failed(_)))
    };
    let failed = now.cases.iter().filter(|case| matches!(case.outcome, TestOutcome::Failed(_)));
    let failed: BTreeSet<&str> = failed.map(|case| case.name.as_str()).collect();
    let is_known =
        now.broken.is_empty() && !failed.is_empty() && failed.iter().all(|name| failed_then(name));
    is_known.then_some(failed)
}

#[cfg(test)]
mod tests {
    use super::failed_before;
    use crate::domain::development::suite::{SuiteCommand, SuiteRun};
    use crate::domain::gates::test_report::cases::{
        CaseFailure, TestCase, TestOutcome, TestReport,
    };

    fn report(failed: &[&str], passed: &[&str], broken: &[&str]) -> TestReport {
        let case = |name: &str, outcome| TestCase { name: name.to_owned(), outcome };
        let failure = TestOutcome::Failed(CaseFailure::default());
        let failed = failed.iter().map(|name| case(name, failure.clone()));
        let passed = passed.iter().map(|name| case(name, TestOutcome::Passed));
        let broken = broken.iter().map(|name| (*name).to_owned()).collect();
        TestReport { cases: failed.chain(passed).collect(), broken }
    }

    #[test]
    fn what_failed_before_is_told_from_what_fails_now() {
        let then = report(&["old", "older"], &["fine"], &[]);
        let command = SuiteCommand::reported("tests".to_owned(), &then, false, String::new());
        let before = SuiteRun { commands: vec![command] };
        for (command, now, known) in [
            ("tests", report(&["old"], &["older", "fine"], &[]), Some(1)),
            ("tests", report(&["old", "older", "old"], &["fine", "new"], &[]), Some(2)),
            ("tests", report(&["old", "fine"], &[], &[]), None),
            ("tests", report(&["old", "new"], &["fine"], &[]), None),
            // It ended badly for another reason.
            ("tests", report(&["old"], &["fine"], &["package"]), None),
            ("tests", report(&[], &["old", "older", "fine"], &[]), None),
            ("lint", report(&["old"], &[], &[]), None),
        ] {
            let found = failed_before(&before, command, &now).map(|failed| failed.len());
            assert_eq!(found, known, "{command} {now:?}");
        }
    }
}
