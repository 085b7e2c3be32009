//! What `cargo test` prints: Rust's own test runner, one block a binary.
//!
//! A test can print lines that look like the runner's. So a block counts where its announced number, the
//! tests that it names and the sums of its last line agree.

use std::collections::BTreeMap;

use regex::Regex;

use crate::domain::gates::formats::report::FormatError;
use crate::domain::gates::test_report::cases::{
    CaseFailure, TestCase, TestOutcome, TestReport, malformed,
};

const NAME: &str = "the output of `cargo test`";

/// A block: what one binary announced, and what came of its tests.
#[derive(Default)]
struct Block {
    announced: usize,
    cases: BTreeMap<String, TestOutcome>,
    /// What tests that failed printed, by their names.
    said: BTreeMap<String, String>,
    /// The test whose lines come.
    says: Option<String>,
    twice: bool,
}

pub fn read(text: &str) -> Result<TestReport, FormatError> {
    let expression =
        |text: &str| Regex::new(text).map_err(|error| malformed(NAME, error.to_string()));
    let begins = expression(r"^running (\d+) tests?$")?;
    let of_test =
        expression(r"^test (.+?)(?: - should panic)? \.\.\. (ok|FAILED|ignored)(?:, .*| <.*>)?$")?;
    let ends = expression(
        r"^test result: (?:ok|FAILED)\. (\d+) passed; (\d+) failed; (\d+) ignored; (\d+) measured; (\d+) filtered out",
    )?;
    let said_by = expression(r"^---- (.+) stdout ----$")?;
    let mut report = TestReport::default();
    let mut block: Option<Block> = None;
    for line in text.lines().map(|line| line.trim_end_matches('\r')) {
        if let Some(found) = begins.captures(line) {
            if block.is_some() {
                return Err(malformed(NAME, "a block has no last line"));
            }
            let announced = found[1].parse().unwrap_or(usize::MAX);
            block = Some(Block { announced, ..Block::default() });
        } else if let (Some(block), Some(found)) = (&mut block, of_test.captures(line)) {
            let outcome = match &found[2] {
                "ok" => TestOutcome::Passed,
                "ignored" => TestOutcome::Skipped,
                _ => TestOutcome::Failed(CaseFailure::default()),
            };
            block.twice |= block.cases.insert(found[1].to_owned(), outcome).is_some();
        } else if let Some(found) = ends.captures(line) {
            let Some(block) = block.take() else {
                return Err(malformed(NAME, "a block has no first line"));
            };
            let number = |at: usize| found[at].parse::<usize>().unwrap_or(usize::MAX);
            take(block, [number(1), number(2), number(3), number(4)], &mut report)?;
        } else if let Some(block) = &mut block {
            block.take_line(line, said_by.captures(line).map(|found| found[1].to_owned()));
        }
    }
    if block.is_some() {
        return Err(malformed(NAME, "it is cut: a block has no last line"));
    }
    Ok(report)
}

/// Takes a block over where its sums agree.
fn take(block: Block, sums: [usize; 4], report: &mut TestReport) -> Result<(), FormatError> {
    let [passed, failed, ignored, measured] = sums;
    let count = |wanted: &dyn Fn(&TestOutcome) -> bool| {
        block.cases.values().filter(|outcome| wanted(outcome)).count()
    };
    let named = [
        count(&|outcome| *outcome == TestOutcome::Passed),
        count(&|outcome| matches!(outcome, TestOutcome::Failed(_))),
        count(&|outcome| *outcome == TestOutcome::Skipped),
    ];
    // With one thread, or as documents are tested, what a test prints may stand in its line.
    let told = named.iter().sum::<usize>() + measured;
    let all = [passed, failed, ignored, measured].iter().sum::<usize>();
    if block.twice || told > all || all != block.announced || named[1] > failed {
        return Err(malformed(
            NAME,
            format!(
                "{} tests were announced, {told} are named and {all} are in the last line",
                block.announced
            ),
        ));
    }
    if told < all || named != [passed, failed, ignored] {
        return Err(malformed(NAME, format!("of {all} tests {told} have a line of their own")));
    }
    let said = block.said;
    let with_text = |(name, outcome): (String, TestOutcome)| {
        let outcome = match (outcome, said.get(&name)) {
            (TestOutcome::Failed(_), Some(text)) => TestOutcome::Failed(failure(text)),
            (outcome, _) => outcome,
        };
        TestCase { name, outcome }
    };
    report.cases.extend(block.cases.into_iter().map(with_text));
    Ok(())
}

/// A panic says first where it was.
fn failure(text: &str) -> CaseFailure {
    let mut lines = text.lines().skip_while(|line| !line.contains(" panicked at "));
    let whole = CaseFailure::of_text(text);
    match lines.nth(1).map(str::trim).filter(|line| !line.is_empty()) {
        Some(line) => CaseFailure { said: line.to_owned(), ..whole },
        None => whole,
    }
}

impl Block {
    /// Takes a line that is neither a test's own nor the last: what a test that failed had printed, or the
    /// line before that, with its name.
    fn take_line(&mut self, line: &str, of: Option<String>) {
        if of.is_some() {
            self.says = of;
        } else if line == "failures:" {
            self.says = None;
        } else if let Some(name) = &self.says {
            let said = self.said.entry(name.clone()).or_default();
            said.push_str(line);
            said.push('\n');
        }
    }
}
