//! Reads lines by an expression with named groups.

use regex::{Captures, Regex, RegexBuilder};

use crate::domain::gates::formats::report::{FormatError, ToolFinding};

const GROUPS: [&str; 8] =
    ["path", "line", "column", "end_line", "severity", "rule", "message", "suggestion"];

/// An expression that is held against each line of a report.
#[derive(Debug)]
pub struct LinePattern(Regex);

impl LinePattern {
    /// Takes an expression whose named groups are known and among them `message`.
    pub fn new(pattern: &str) -> Result<Self, FormatError> {
        let wrong =
            |reason: String| FormatError::Expression { pattern: pattern.to_owned(), reason };
        let built = RegexBuilder::new(pattern).size_limit(1 << 20).build();
        let regex = built.map_err(|error| {
            let text = error.to_string();
            let last = text.lines().last().unwrap_or_default();
            wrong(last.trim_start_matches("error: ").to_owned())
        })?;
        let names: Vec<&str> = regex.capture_names().flatten().collect();
        if let Some(name) = names.iter().find(|name| !GROUPS.contains(name)) {
            return Err(wrong(format!("it has an unknown group `{name}`")));
        }
        if !names.contains(&"message") {
            return Err(wrong("it has no group `message`".to_owned()));
        }
        Ok(Self(regex))
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
