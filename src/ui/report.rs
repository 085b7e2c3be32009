//! A judgement, for people and for programs.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::model::finding::{Effect, Spot};
use crate::model::report::{Report, Reported, Verdict};
use crate::ui::out::{DIM, ERROR, HINT, WARNING};

/// How a report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    Human,
    Json,
    Sarif,
    Github,
}

/// The most findings that a person is shown at once; the rest is counted.
const SHOWN_MAX: usize = 50;

/// Writes a report; an empty text where there is nothing to say.
pub fn render(report: &Report, format: Format) -> String {
    match format {
        Format::Human => human(report),
        Format::Json => json_of(report).to_string(),
        Format::Sarif => sarif(report).to_string(),
        Format::Github => github(report),
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
        let mut text = printable(&place.spot.display());
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

/// What comes from a repository cannot steer the terminal: control characters are shown, not sent.
pub fn printable(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\t' => ' '.to_string(),
            c if c.is_control() => c.escape_default().to_string(),
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
        "path": place.map(|p| p.spot.display()),
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

fn sarif(report: &Report) -> Value {
    let results: Vec<Value> = report.findings.iter().map(sarif_result).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "tribunal",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": sarif_rules(report),
            }},
            "invocations": [{
                "executionSuccessful": report.verdict != Verdict::Inconclusive,
                "toolExecutionNotifications": report.skipped.iter().map(|s| json!({
                    "level": "warning",
                    "message": {"text": format!("skipped {}: {}", s.gate, s.reason)},
                })).collect::<Vec<_>>(),
            }],
            "columnKind": "utf16CodeUnits",
            "results": results,
        }],
    })
}

fn sarif_rules(report: &Report) -> Vec<Value> {
    let mut ids: Vec<String> = report.findings.iter().map(rule_id).collect();
    ids.sort();
    ids.dedup();
    ids.into_iter().map(|id| json!({"id": id})).collect()
}

fn rule_id(reported: &Reported) -> String {
    format!("{}/{}", reported.finding.gate, reported.finding.rule)
}

fn sarif_result(reported: &Reported) -> Value {
    let finding = &reported.finding;
    let level = match finding.effect {
        Effect::Block => "error",
        Effect::Warn => "warning",
        Effect::Shadow => "note",
    };
    let mut result = json!({
        "ruleId": rule_id(reported),
        "level": level,
        "message": {"text": finding.message},
        "partialFingerprints": {"tribunalFinding/v1": reported.id},
        "properties": {"class": finding.class.as_str(), "severity": finding.severity.as_str()},
    });
    if let Some(place) = &finding.place
        && let Spot::File(path) = &place.spot
    {
        let mut physical = json!({"artifactLocation": {"uri": uri(path)}});
        if place.line > 0 {
            physical["region"] = json!({
                "startLine": place.line,
                "endLine": place.end_line.max(place.line),
            });
        }
        result["locations"] = json!([{"physicalLocation": physical}]);
    }
    if reported.status == "dismissed" || reported.status == "accepted" {
        result["suppressions"] = json!([{"kind": "external", "status": "accepted"}]);
    }
    result
}

/// A relative URI: every byte that is not plain is percent-encoded.
fn uri(path: &[u8]) -> String {
    path.iter()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                char::from(*byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

fn github(report: &Report) -> String {
    let escape = |text: &str| text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    let property = |text: &str| escape(text).replace(':', "%3A").replace(',', "%2C");
    let lines: Vec<String> = report
        .findings
        .iter()
        .filter(|f| f.finding.effect != Effect::Shadow)
        .map(|reported| {
            let finding = &reported.finding;
            let command = if finding.effect == Effect::Block { "error" } else { "warning" };
            let mut properties = vec![format!("title={}", property(&rule_id(reported)))];
            if let Some(place) = &finding.place
                && let Spot::File(path) = &place.spot
            {
                properties.push(format!("file={}", property(&path.to_string())));
                if place.line > 0 {
                    properties.push(format!("line={}", place.line));
                    properties.push(format!("endLine={}", place.end_line.max(place.line)));
                }
            }
            format!("::{command} {}::{}", properties.join(","), escape(&finding.message))
        })
        .collect();
    lines.join("\n")
}
