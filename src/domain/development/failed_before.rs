//! Tests that failed before anything was built: what is built is not blamed for them.

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::domain::development::suite::{CaseState, SuiteRun};
use crate::domain::gates::test_report::cases::{TestCase, TestOutcome, TestReport};

/// A command that failed.
#[derive(Clone, Copy, Debug)]
pub struct FailedCommand<'a> {
    pub name: &'a str,
    /// As the policy has it.
    pub run: &'a str,
    pub report: &'a TestReport,
    /// How it ended.
    pub code: i32,
}

/// What an earlier run of a command says of its failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FailedBefore<'a> {
    /// These tests failed then as well, and nothing else does.
    Tests(BTreeSet<&'a str>),
    /// The same tests failed then; whether something else fails now cannot be told, and why.
    Untold(String),
}

/// What is known of a command of which each test that failed did so in an earlier run of it as well, and nothing else is
/// reported; `None` where something else is, or nothing failed.
pub fn failed_before<'a>(before: &SuiteRun, now: FailedCommand<'a>) -> Option<FailedBefore<'a>> {
    let known = before.command(now.name)?;
    let failed_then = |name: &str| {
        known.cases().any(|(known, state)| known == name && matches!(state, CaseState::Failed(_)))
    };
    let is_failed = |case: &&TestCase| matches!(case.outcome, TestOutcome::Failed(_));
    let failed: BTreeSet<&str> =
        now.report.cases.iter().filter(is_failed).map(|case| case.name.as_str()).collect();
    let is_known = now.report.broken.is_empty()
        && !failed.is_empty()
        && failed.iter().all(|name| failed_then(name));
    if !is_known {
        return None;
    }
    if runs_several(now.run) {
        return Some(FailedBefore::Untold("it runs several things".to_owned()));
    }
    let then = known.cases().filter(|(_, state)| matches!(state, CaseState::Failed(_))).count();
    let is_count = |code: i32, count: usize| usize::try_from(code).is_ok_and(|code| code == count);
    match known.code() {
        Some(code) if code == now.code => {}
        // Some runners end with how many tests failed.
        Some(code) if is_count(code, then) && is_count(now.code, failed.len()) => {}
        // An earlier version did not write it down.
        None if !known.ended_well() => {}
        code => {
            let code = code.unwrap_or_default();
            let why = format!("it ended with code {}, and before with {code}", now.code);
            return Some(FailedBefore::Untold(why));
        }
    }
    Some(FailedBefore::Tests(failed))
}

/// Why a command of which tests fail already is none to build upon: it runs others beside them, and how those end could not be
/// told apart. `None` where that is not so.
pub fn hidden_checks(suite: &SuiteRun, name: &str, run: &str) -> Option<String> {
    let command = suite.command(name)?;
    let fails = command.cases().any(|(_, state)| matches!(state, CaseState::Failed(_)));
    (fails && runs_several(run)).then(|| {
        format!(
            "tests of `{name}` fail already, and it runs several things: whether another one fails by what is built could not \
             be told apart; make each check a `[[commands]]` of its own"
        )
    })
}

/// What a shell does beside a check, and fails by no other one.
const NO_CHECK: [&str; 10] =
    ["cd", "export", "set", "source", ".", "mkdir", "rm", "true", "echo", "tee"];

/// Whether a line for a shell has it run more than one check: how the one ends can hide how another does.
fn runs_several(line: &str) -> bool {
    let line = of_shells(line);
    let (mut quote, mut parts, mut before) = (None, vec![String::new()], ' ');
    for c in line.chars() {
        let is_end = match (quote, c) {
            (Some(open), _) => {
                if c == open && before != '\\' {
                    quote = None;
                }
                false
            }
            (None, '\'' | '"') => {
                quote = Some(c);
                false
            }
            // `2>&1` goes on with the same one.
            (None, '&') => before != '>',
            (None, ';' | '|' | '\n') => true,
            (None, _) => false,
        };
        match parts.last_mut() {
            Some(part) if !is_end => part.push(c),
            _ => parts.push(String::new()),
        }
        before = c;
    }
    let is_variable = |word: &&str| word.contains('=');
    let checks = parts.iter().filter(|part| {
        let first = part.split_whitespace().find(|word| !is_variable(word));
        first.is_some_and(|word| !NO_CHECK.contains(&word))
    });
    checks.count() > 1
}

/// A line in which what is given to another shell stands as if this one ran it: what is in quotes are commands there.
fn of_shells(line: &str) -> Cow<'_, str> {
    const SHELLS: [&str; 5] = ["sh", "bash", "dash", "zsh", "ksh"];
    let is_shell = |word: &str, next: &str| {
        let is_line = next.strip_prefix('-').is_some_and(|flags| flags.ends_with('c'));
        word.rsplit('/').next().is_some_and(|name| SHELLS.contains(&name)) && is_line
    };
    let spaced = line.replace('\n', " ; ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    if !words.windows(2).any(|pair| is_shell(pair[0], pair[1])) {
        return line.into();
    }
    let (mut plain, mut at) = (Vec::new(), 0);
    while let Some(word) = words.get(at) {
        if words.get(at + 1).is_some_and(|next| is_shell(word, next)) {
            // What has it run, as `timeout 60`.
            while plain.pop_if(|before: &mut &str| !before.ends_with([';', '&', '|'])).is_some() {}
            at += 2;
        } else {
            plain.push(word);
            at += 1;
        }
    }
    plain.join(" ").replace(['\'', '"'], " ").into()
}

#[cfg(test)]
mod tests {
    use super::{FailedBefore, FailedCommand, failed_before, runs_several};
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
            let failed = FailedCommand { name: command, run: "run", report: &now, code: 1 };
            let found = failed_before(&before, failed).map(|found| match found {
                FailedBefore::Tests(failed) => failed.len(),
                FailedBefore::Untold(why) => panic!("{why}"),
            });
            assert_eq!(found, known, "{command} {now:?}");
        }
        // What ends otherwise than it did fails for another reason, or the reason cannot be told.
        let now = report(&["old"], &["older"], &[]);
        for (run, then, code, is_told) in [
            ("sh tests", Some(1), 1, true),
            ("sh tests", Some(1), 2, false),
            ("sh tests", Some(0), 1, false),
            ("sh tests", Some(2), 1, true),
            ("sh tests; sh lint", Some(1), 1, false),
        ] {
            let command =
                SuiteCommand::reported("t".to_owned(), &then_failing(), false, String::new());
            let before = SuiteRun { commands: vec![command.ended_with(then)] };
            let failed = FailedCommand { name: "t", run, report: &now, code };
            let found = failed_before(&before, failed).unwrap();
            assert_eq!(
                matches!(found, FailedBefore::Tests(_)),
                is_told,
                "{run} {then:?} {found:?}"
            );
        }
    }

    fn then_failing() -> TestReport {
        report(&["old", "older"], &[], &[])
    }

    #[test]
    fn a_line_that_runs_several_checks_is_told_from_one_that_runs_one() {
        for (line, several) in [
            ("cargo test", false),
            ("cd api && CI=1 pytest -q 2>&1 | tee log", false),
            ("set -e\npytest --junitxml=\"$TRIBUNAL_REPORT\"", false),
            ("sh -c 'cd api; pytest'", false),
            ("pytest -k 'a && b'", false),
            ("sh -c 'a && b'", true),
            ("timeout 60 /bin/bash -euc \"pytest; ruff check\"", true),
            ("timeout 60 bash -c \"set -e\npytest\"", false),
            ("ruff check; sh -c pytest", true),
            ("pytest && ruff check", true),
            ("pytest; status=$?; ruff check; exit $status", true),
            ("pytest & ruff check", true),
            ("pytest | grep -v x", true),
        ] {
            assert_eq!(runs_several(line), several, "{line}");
        }
    }
}
