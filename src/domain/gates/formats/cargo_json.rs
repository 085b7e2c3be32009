//! Reads what `cargo` and `rustc` print with `--message-format=json`.

use serde::Deserialize;

use crate::domain::gates::formats::report::{FormatError, ToolFinding, json_line};

const FORMAT: &str = "cargo's JSON messages";

#[derive(Deserialize)]
struct Line {
    reason: Option<String>,
    /// Cargo's envelope holds a message; rustc's line is one.
    message: Option<serde_json::Value>,
    level: Option<String>,
}

#[derive(Deserialize)]
struct Diagnostic {
    message: String,
    code: Option<Code>,
    level: String,
    #[serde(default)]
    spans: Vec<Span>,
    #[serde(default)]
    children: Vec<Child>,
}

#[derive(Deserialize)]
struct Code {
    code: String,
}

#[derive(Deserialize)]
struct Child {
    message: String,
    level: String,
    #[serde(default)]
    spans: Vec<Span>,
}

#[derive(Deserialize)]
struct Span {
    file_name: String,
    line_start: u32,
    line_end: u32,
    column_start: usize,
    is_primary: bool,
    #[serde(default)]
    text: Vec<SpanText>,
    suggested_replacement: Option<String>,
    expansion: Option<Box<Expansion>>,
}

#[derive(Deserialize)]
struct SpanText {
    text: String,
}

#[derive(Deserialize)]
struct Expansion {
    span: Span,
}

/// Lines that are no JSON object are what build scripts and tests print beside it.
pub fn read(text: &str) -> Result<Vec<ToolFinding>, FormatError> {
    let mut found = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        if !line.trim_start().starts_with('{') {
            continue;
        }
        let head: Line = json_line(FORMAT, number, line)?;
        let diagnostic: Diagnostic = match (head.reason.as_deref(), head.message, head.level) {
            (Some("compiler-message"), Some(message), _) => {
                json_line(FORMAT, number, &message.to_string())?
            }
            (None, Some(_), Some(_)) => json_line(FORMAT, number, line)?,
            _ => continue,
        };
        // `aborting due to 2 previous errors` and its like are about the others.
        if diagnostic.code.is_some() || !diagnostic.spans.is_empty() {
            found.push(raw(diagnostic));
        }
    }
    Ok(found)
}

fn raw(diagnostic: Diagnostic) -> ToolFinding {
    let primary = diagnostic.spans.iter().find(|span| span.is_primary);
    let span = primary.or(diagnostic.spans.first()).map(Span::written);
    let rule = diagnostic.code.map(|code| code.code).unwrap_or_default();
    let tool = if rule.starts_with("clippy::") { "clippy" } else { "rustc" };
    let anchor: Vec<&str> =
        span.iter().flat_map(|span| &span.text).map(|line| line.text.as_str()).collect();
    ToolFinding {
        tool: tool.to_owned(),
        rule,
        severity: diagnostic.level.split(':').next().unwrap_or_default().to_owned(),
        path: span.map(|span| span.file_name.clone()).unwrap_or_default(),
        line: span.map_or(0, |span| span.line_start),
        column: span.map_or(0, Span::column_in_bytes),
        end_line: span.map_or(0, |span| span.line_end),
        anchor: anchor.join("\n"),
        message: diagnostic.message,
        suggestion: diagnostic.children.iter().find_map(Child::advice).unwrap_or_default(),
        class: None,
    }
}

impl Span {
    /// Where it was written: the call of the macro, for what a foreign macro made.
    fn written(&self) -> &Self {
        let mut span = self;
        while let Some(expansion) = &span.expansion
            && (span.file_name.starts_with(['<', '/']))
        {
            span = &expansion.span;
        }
        span
    }

    /// The compiler counts characters.
    fn column_in_bytes(&self) -> u32 {
        let Some(line) = self.text.first() else {
            return u32::try_from(self.column_start).unwrap_or(0);
        };
        let before = line.text.chars().take(self.column_start.saturating_sub(1));
        u32::try_from(before.map(char::len_utf8).sum::<usize>() + 1).unwrap_or(0)
    }
}

impl Child {
    fn advice(&self) -> Option<String> {
        if self.level != "help" {
            return None;
        }
        let replacement = self.spans.iter().find_map(|span| span.suggested_replacement.as_ref());
        Some(match replacement.filter(|text| !text.trim().is_empty() && text.len() < 200) {
            Some(text) => format!("{}: `{}`", self.message, text.trim()),
            None => self.message.clone(),
        })
    }
}
