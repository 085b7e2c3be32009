//! Other tools' reports, read as findings.

mod cargo_json;
mod codex;
mod lines;
mod rdjson;
pub mod report;
mod sarif;
#[cfg(test)]
mod tests;

use std::collections::HashSet;

use crate::domain::gates::formats::lines::LinePattern;
use crate::domain::gates::formats::report::{FormatError, ToolFinding};
use crate::domain::model::class::Class;
use crate::domain::model::finding::{Effect, Finding, Location, LocationKind};
use crate::domain::model::gate::Gate;
use crate::domain::model::severity::{Foreign, Severity};
use crate::domain::policy::report_format::{FormatName, FormatNameError};

/// The longest message or suggestion that is taken in, in characters.
const TEXT_CHARS_MAX: usize = 2_000;

/// How a report is written.
#[derive(Debug)]
pub enum ReportFormat {
    /// SARIF 2.1.0.
    Sarif,
    /// What `cargo` and `rustc` print with `--message-format=json`.
    CargoJson,
    /// The diagnostic formats of reviewdog: one object, or one a line.
    Rdjson,
    /// The answer of Codex's review, in its own form or that of its plug-in.
    Codex,
    /// Lines that an expression with named groups reads.
    Lines(LinePattern),
}

/// Where a report comes from.
#[derive(Clone, Copy, Debug)]
pub struct ReportSource<'a> {
    pub gate: Gate,
    /// The name of the command that printed it, for reports that do not name their tool.
    pub tool: &'a str,
    /// The folder that the tool ran in: absolute paths below it become relative.
    pub root: &'a str,
}

impl ReportFormat {
    /// The format of that name, or the lines that an expression with named groups reads.
    pub fn from_name(name: &str) -> Result<Self, FormatError> {
        Ok(match FormatName::parse(name)? {
            FormatName::Sarif => Self::Sarif,
            FormatName::CargoJson => Self::CargoJson,
            FormatName::Rdjson => Self::Rdjson,
            FormatName::Codex => Self::Codex,
            FormatName::Lines(expression) => Self::Lines(LinePattern::new(expression)),
            FormatName::Tests(_) => return Err(FormatNameError::Tests(name.to_owned()).into()),
        })
    }

    /// The format of a report without a named format, recognised by its content.
    pub fn guess(text: &str) -> Option<Self> {
        let text = text.trim_start_matches('\u{feff}').trim_start();
        let first = text.lines().next().unwrap_or_default();
        let value: Option<serde_json::Value> = serde_json::from_str(text).ok();
        let has = |key: &str| value.as_ref().is_some_and(|value| value.get(key).is_some());
        if has("runs") {
            Some(Self::Sarif)
        } else if has("diagnostics") || (first.starts_with('{') && first.contains("\"location\"")) {
            Some(Self::Rdjson)
        } else if has("findings") {
            Some(Self::Codex)
        } else if first.starts_with('{') && first.contains("\"reason\"") {
            Some(Self::CargoJson)
        } else {
            None
        }
    }

    /// Reads a report. Nothing is dropped but what its author calls noise, suppressed or passed;
    /// what cannot be read is an error.
    pub fn read(&self, text: &str, source: ReportSource<'_>) -> Result<Vec<Finding>, FormatError> {
        let text = text.trim_start_matches('\u{feff}');
        let raw = match self {
            Self::Sarif => sarif::read(text)?,
            Self::CargoJson => cargo_json::read(text)?,
            Self::Rdjson => rdjson::read(text)?,
            Self::Codex => codex::read(text)?,
            Self::Lines(lines) => lines.read(text),
        };
        // One file is checked once for each of its targets.
        let mut seen = HashSet::new();
        let findings = raw.into_iter().filter_map(|raw| finding(raw, source));
        Ok(findings.filter(|finding| seen.insert(finding.clone())).collect())
    }
}

/// `None` where the author calls it noise.
fn finding(raw: ToolFinding, source: ReportSource<'_>) -> Option<Finding> {
    let severity = match Severity::from_foreign(&raw.severity) {
        Some(Foreign::Severity(severity)) => severity,
        Some(Foreign::Noise) => return None,
        None => Severity::Medium,
    };
    let tool = if raw.tool.is_empty() { source.tool } else { &raw.tool };
    let class = match &raw.class {
        Some(class) => Class::new(class),
        None => Class::from_tool_rule(tool, &raw.rule),
    };
    let own = raw.rule.is_empty() || raw.rule.starts_with(&format!("{tool}::"));
    let rule = match (own, raw.rule.is_empty()) {
        (_, true) => tool.to_owned(),
        (true, false) => raw.rule,
        (false, false) => format!("{tool}::{}", raw.rule),
    };
    let path = relative(&raw.path, source.root);
    let place = (!path.is_empty()).then(|| Location {
        kind: LocationKind::File(path.into()),
        line: raw.line,
        column: if raw.line == 0 { 0 } else { raw.column },
        end_line: raw.end_line.max(raw.line),
    });
    Some(Finding {
        gate: source.gate,
        rule,
        class,
        severity,
        effect: Effect::Warn,
        place,
        anchor: raw.anchor.trim_end_matches(['\n', '\r']).to_owned(),
        message: shortened(&raw.message),
        suggestion: shortened(&raw.suggestion),
    })
}

/// A path as git has it: below the root, with plain slashes.
fn relative(path: &str, root: &str) -> String {
    let slashes = |text: &str| text.replace('\\', "/");
    let (path, root) = (slashes(path), slashes(root));
    let root = root.trim_end_matches('/');
    let below = path.strip_prefix(root).filter(|_| !root.is_empty());
    let below = below.and_then(|rest| rest.strip_prefix('/')).unwrap_or(&path);
    below.trim_start_matches("./").to_owned()
}

fn shortened(text: &str) -> String {
    let text = text.trim();
    match text.char_indices().nth(TEXT_CHARS_MAX) {
        Some((end, _)) => format!("{} …", text[..end].trim_end()),
        None => text.to_owned(),
    }
}
