//! A report, for people and for programs.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::domain::model::fence::is_hidden;
use crate::domain::model::finding::Effect;
use crate::domain::model::report::{Report, Reported};
use crate::platform::ui::out::{DIM, ERROR, HINT, WARNING};
use crate::platform::ui::sarif::Answers;
use crate::platform::ui::{github, sarif};

/// How a report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum OutputFormat {
    Human,
    Json,
    Sarif,
    Github,
}

/// The most findings that a person is shown at once; the rest is counted.
const SHOWN_MAX: usize = 50;

/// Writes a report; an empty text where there is nothing to say.
pub fn render(report: &Report, format: OutputFormat) -> String {
    render_answered(report, &Answers::new(), format)
}

/// As [`render`], with what was decided about its findings where the format has a place for it.
pub fn render_answered(report: &Report, answers: &Answers, format: OutputFormat) -> String {
    match format {
        OutputFormat::Human => human(report),
        OutputFormat::Json => json_of(report).to_string(),
        OutputFormat::Sarif => sarif::render(report, answers).to_string(),
        OutputFormat::Github => github::render(report),
    }
}

fn human(report: &Report) -> String {
    let mut lines = Vec::new();
    let shown = || report.findings.iter().filter(|f| f.finding.effect != Effect::Shadow);
    for reported in shown().take(SHOWN_MAX) {
        lines.push(human_finding(reported));
    }
    let rest = shown().count().saturating_sub(SHOWN_MAX);
    if rest > 0 {
        lines.push(format!("… and {rest} more: `tribunal findings` lists them"));
    }
    for skipped in &report.skipped {
        lines.push(format!("{DIM}skipped{DIM:#} {}: {}", skipped.gate, skipped.reason));
    }
    lines.join("\n")
}

fn human_finding(reported: &Reported) -> String {
    let finding = &reported.finding;
    let (style, word) = match finding.effect {
        Effect::Block => (ERROR, "blocked"),
        Effect::Warn | Effect::Shadow => (WARNING, "warning"),
    };
    let place = finding.place.as_ref().map_or_else(String::new, |place| {
        let mut text = printable(&place.kind.display());
        if place.line > 0 {
            text = format!("{text}:{}", place.line);
        }
        if place.line > 0 && place.column > 0 {
            text = format!("{text}:{}", place.column);
        }
        format!("{text}: ")
    });
    let mut text = format!(
        "{style}{word}{style:#}: {place}{} {DIM}[{}/{} {}]{DIM:#}",
        printable(&finding.message),
        finding.gate,
        finding.rule,
        short_id(&reported.id)
    );
    if !finding.anchor.trim().is_empty() && finding.effect == Effect::Block {
        let _infallible = write!(text, "\n    {}", printable(finding.anchor.trim()));
    }
    if !finding.suggestion.is_empty() {
        let _infallible =
            write!(text, "\n  {HINT}hint{HINT:#}: {}", printable(&finding.suggestion));
    }
    text
}

/// The end of an id, by which `tribunal findings` knows it: ids of one moment begin alike.
fn short_id(id: &str) -> &str {
    id.get(id.len().saturating_sub(6)..).unwrap_or(id)
}

/// What comes from a repository cannot steer the terminal: control characters are shown, not sent,
/// and so are those that cannot be seen or that turn the direction of writing.
pub fn printable(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\t' => ' '.to_string(),
            c if is_hidden(c) => c.escape_default().to_string(),
            c => c.to_string(),
        })
        .collect()
}

/// The report as one object, as `--format json` prints it.
pub fn json_of(report: &Report) -> Value {
    json!({
        "version": 1,
        "verdict": report.verdict.as_str(),
        "findings": report.findings.iter().map(json_finding).collect::<Vec<_>>(),
        "skipped": report.skipped.iter()
            .map(|s| json!({"gate": s.gate, "reason": s.reason})).collect::<Vec<_>>(),
        "elapsed_ms": report.elapsed_ms,
    })
}

/// A finding as `--format json` prints it.
pub fn json_finding(reported: &Reported) -> Value {
    let finding = &reported.finding;
    let place = finding.place.as_ref();
    json!({
        "id": reported.id,
        "gate": finding.gate.as_str(),
        "rule": finding.rule,
        "class": finding.class.as_str(),
        "severity": finding.severity.as_str(),
        "effect": effect_word(finding.effect),
        "path": place.map(|p| p.kind.display()),
        "line": place.map_or(0, |p| p.line),
        "column": place.map_or(0, |p| p.column),
        "end_line": place.map_or(0, |p| p.end_line),
        "anchor": finding.anchor,
        "message": finding.message,
        "suggestion": finding.suggestion,
        "status": reported.status,
    })
}

fn effect_word(effect: Effect) -> &'static str {
    match effect {
        Effect::Shadow => "shadow",
        Effect::Warn => "warn",
        Effect::Block => "block",
    }
}
