//! Reads reviewdog's diagnostic formats, `rdjson` and `rdjsonl`.

use serde::Deserialize;

use crate::domain::gates::formats::report::{FormatError, ToolFinding, json, json_line};

const FORMAT: &str = "reviewdog's rdjson";

#[derive(Deserialize)]
struct Report {
    #[serde(default)]
    source: Source,
    #[serde(default)]
    severity: String,
    diagnostics: Vec<Diagnostic>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Source {
    name: String,
}

#[derive(Deserialize)]
struct Diagnostic {
    message: String,
    location: Location,
    #[serde(default)]
    severity: String,
    #[serde(default)]
    source: Source,
    #[serde(default)]
    code: Code,
    #[serde(default)]
    suggestions: Vec<Suggestion>,
}

#[derive(Deserialize)]
struct Location {
    path: String,
    #[serde(default)]
    range: Range,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Range {
    start: Position,
    end: Position,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Position {
    line: u32,
    column: u32,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Code {
    value: String,
}

#[derive(Deserialize)]
struct Suggestion {
    #[serde(default)]
    text: String,
}

/// One object with `diagnostics`, or one diagnostic a line.
pub fn read(text: &str) -> Result<Vec<ToolFinding>, FormatError> {
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let by_line = serde_json::from_str::<serde_json::Value>(first)
        .is_ok_and(|value| value.get("diagnostics").is_none());
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    if !by_line {
        let report: Report = json(FORMAT, text)?;
        let Report { source, severity, diagnostics } = report;
        return Ok(diagnostics.into_iter().map(|one| raw(one, &source, &severity)).collect());
    }
    let filled = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
    filled
        .map(|(number, line)| json_line(FORMAT, number, line))
        .map(|one| one.map(|one| raw(one, &Source::default(), "")))
        .collect()
}

fn raw(diagnostic: Diagnostic, source: &Source, severity: &str) -> ToolFinding {
    let or = |own: String, other: &str| if own.is_empty() { other.to_owned() } else { own };
    let Range { start, end } = diagnostic.location.range;
    // An end at the first column of a line means the line before.
    let end_line = if end.column == 1 && end.line > start.line { end.line - 1 } else { end.line };
    let severity = or(diagnostic.severity, severity).to_lowercase();
    ToolFinding {
        tool: or(diagnostic.source.name, &source.name),
        rule: diagnostic.code.value,
        severity: if severity == "unknown_severity" { String::new() } else { severity },
        path: diagnostic.location.path,
        line: start.line,
        column: start.column,
        end_line,
        anchor: String::new(),
        message: diagnostic.message,
        suggestion: match diagnostic.suggestions.first() {
            Some(suggestion) if !suggestion.text.trim().is_empty() => {
                format!("replace it by `{}`", suggestion.text.trim())
            }
            _ => String::new(),
        },
        class: None,
    }
}
