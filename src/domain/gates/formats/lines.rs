//! Reads lines by an expression with named groups.

use regex::{Captures, Regex};

use crate::domain::gates::formats::report::ToolFinding;

/// An expression that is matched against each line of a report.
#[derive(Debug)]
pub struct LinePattern(Regex);

impl LinePattern {
    /// Takes an expression that was checked where its name was read.
    pub(super) fn new(expression: Regex) -> Self {
        Self(expression)
    }

    /// The lines that match; the others are what the tool prints beside its findings.
    pub(super) fn read(&self, text: &str) -> Vec<ToolFinding> {
        text.lines().filter_map(|line| self.0.captures(line)).map(|found| raw(&found)).collect()
    }
}

fn raw(found: &Captures<'_>) -> ToolFinding {
    let text = |name: &str| found.name(name).map_or("", |group| group.as_str().trim()).to_owned();
    let number = |name: &str| text(name).parse().unwrap_or(0);
    ToolFinding {
        tool: String::new(),
        rule: text("rule"),
        class: None,
        severity: text("severity"),
        path: text("path"),
        line: number("line"),
        column: number("column"),
        end_line: number("end_line"),
        anchor: String::new(),
        message: text("message"),
        suggestion: text("suggestion"),
    }
}
