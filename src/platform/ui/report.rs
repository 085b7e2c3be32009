//! A report, for people and for programs.

use serde_json::{Value, json};

use crate::domain::model::finding::{Effect, Finding};
use crate::domain::model::report::{CommandResult, CommandRun, Report, Reported};
use crate::domain::model::severity::Severity;
use crate::domain::model::terminal::printable;
use crate::domain::model::text::{short_id, without_error_numbers};
use crate::platform::ui::out::{DIM, ERROR, HINT, WARNING, indented};
use crate::platform::ui::sarif::Answers;
use crate::platform::ui::styled_text::StyledText;
use crate::platform::ui::{github, json, sarif};

/// How a reason begins that is about the whole check.
pub const NOTHING: &str = "nothing to check";

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
pub fn render(report: &Report, format: OutputFormat) -> StyledText {
    render_answered(report, &Answers::new(), format)
}

/// As [`render`], with what was decided about its findings where the format has a place for it.
pub fn render_answered(report: &Report, answers: &Answers, format: OutputFormat) -> StyledText {
    match format {
        OutputFormat::Human => human(report),
        OutputFormat::Json => StyledText::from(&json::text(&json_of(report))),
        OutputFormat::Sarif => StyledText::from(&json::text(&sarif::render(report, answers))),
        OutputFormat::Github => StyledText::log_commands(github::render(report)),
    }
}

fn human(report: &Report) -> StyledText {
    let mut lines = Vec::new();
    let shown = || report.findings.iter().filter(|f| f.finding.effect != Effect::Shadow);
    for reported in shown().take(SHOWN_MAX) {
        lines.push(human_finding(reported));
    }
    let rest = shown().count().saturating_sub(SHOWN_MAX);
    if rest > 0 {
        lines.push(StyledText::from(&format!("… and {rest} more: `tribunal findings` lists them")));
    }
    for skipped in &report.skipped {
        let gate = printable(&skipped.gate);
        let reason = indented(&without_error_numbers(&skipped.reason));
        if reason.starts_with(NOTHING) {
            lines.push(StyledText::from(&reason));
            continue;
        }
        // What ran was not skipped.
        let style = if skipped.has_run { WARNING } else { DIM };
        lines.push(
            StyledText::default().styled(style, skipped.word()).text(format!(" {gate}: {reason}")),
        );
    }
    StyledText::lines(lines)
}

fn human_finding(reported: &Reported) -> StyledText {
    let finding = &reported.finding;
    let (style, word) = match finding.effect {
        Effect::Block => (ERROR, "blocked"),
        Effect::Warn | Effect::Shadow => (WARNING, "warning"),
    };
    // Models say how bad it is; what a gate finds is as bad as the gate.
    let (style, word) = match (finding.gate, finding.severity) {
        (gate, severity) if gate.is_of_models() && severity >= Severity::High => {
            (ERROR, format!("{word} ({severity})"))
        }
        (gate, severity) if gate.is_of_models() => (style, format!("{word} ({severity})")),
        _ => (style, word.to_owned()),
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
    let (message, rule) = (printable(&finding.message), printable(&finding.rule));
    // What is not on record has no id, and nothing can be decided about it.
    let id = reported.id.as_deref().map(|id| format!(" {}", short_id(id))).unwrap_or_default();
    let mut text = StyledText::default()
        .styled(style, word)
        .text(format!(": {place}{message} "))
        .styled(DIM, format!("[{}/{rule}{id}]", finding.gate));
    if !finding.anchor.trim().is_empty() && finding.effect == Effect::Block {
        text = text.text(format!("\n    {}", printable(finding.anchor.trim())));
    }
    if !finding.suggestion.is_empty() {
        let hint = hint_of(finding, reported.id.as_deref());
        text = text.text("\n  ").styled(HINT, "hint").text(format!(": {hint}"));
    }
    text
}

/// What to do about a finding, with its id in the commands, which are to be copied.
pub fn hint_of(finding: &Finding, id: Option<&str>) -> String {
    let hint = printable(&finding.suggestion);
    id.map_or_else(|| hint.clone(), |id| hint.replace(" ID -r ", &format!(" {} -r ", short_id(id))))
}

/// The report as one object, as `--format json` prints it.
pub fn json_of(report: &Report) -> Value {
    json!({
        "version": 1,
        "verdict": report.verdict.as_str(),
        "findings": report.findings.iter().map(json_finding).collect::<Vec<_>>(),
        "skipped": report.skipped.iter()
            .map(|s| json!({"gate": s.gate, "reason": s.reason, "has_run": s.has_run})).collect::<Vec<_>>(),
        "gates": report.gates.iter().map(|gate| gate.as_str()).collect::<Vec<_>>(),
        "ran": report.ran.iter().map(json_run).collect::<Vec<_>>(),
        "elapsed_ms": report.elapsed_ms,
    })
}

fn json_run(run: &CommandRun) -> Value {
    json!({
        "name": run.name,
        "outcome": run.result.as_str(),
        "ms": run.ms,
        "cached": run.result == CommandResult::PassedBefore,
        "why": run.result.no_pass(),
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
