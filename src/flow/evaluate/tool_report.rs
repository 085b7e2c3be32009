//! Reads a command's own report: findings with locations instead of one failure.

use std::path::Path;

use anyhow::{Context as _, Result};
use bstr::{BString, ByteSlice as _};

use crate::domain::gates::formats::{ReportFormat, ReportSource};
use crate::domain::gates::view::line_text;
use crate::domain::model::finding::{Effect, Finding};
use crate::domain::model::gate::Gate;
use crate::domain::model::limits::BLOB_BYTES_MAX;
use crate::domain::model::objects::Content;
use crate::domain::model::oid::Oid;
use crate::domain::model::severity::Severity;
use crate::domain::policy::command_settings::CommandGate;
use crate::platform::git::object::Objects;

/// The most findings that are read from one report; the rest is counted.
pub const FINDINGS_MAX: usize = 500;

/// The format that a command says it prints; `None` where only its exit code counts.
pub fn format_of(command: &CommandGate) -> Result<Option<ReportFormat>> {
    let Some(name) = &command.format else { return Ok(None) };
    let format = ReportFormat::from_name(name).map_err(|error| {
        let hint = error.hint();
        anyhow::Error::new(error).context(format!("its `format` cannot be used; {hint}"))
    })?;
    Ok(Some(format))
}

/// Whether the format is read from what goes to the standard output alone. Lines are read from both
/// streams: compilers write theirs to either.
pub fn reads_stdout_alone(format: &ReportFormat) -> bool {
    !matches!(format, ReportFormat::Lines(_))
}

/// Reads a report. An error blocks the change where the command failed; every other finding warns.
pub fn read(
    format: &ReportFormat,
    command: &CommandGate,
    printed: &[u8],
    work: &Path,
    failed: Option<Effect>,
) -> Result<Vec<Finding>> {
    let source =
        ReportSource { gate: Gate::Commands, tool: &command.name, root: &work.to_string_lossy() };
    let mut findings = format.read(&printed.to_str_lossy(), source)?;
    for finding in &mut findings {
        finding.effect = match failed {
            Some(effect) if finding.severity >= Severity::High => effect,
            _ => Effect::Warn,
        };
    }
    findings
        .sort_by(|a, b| (b.effect, b.severity, &a.place).cmp(&(a.effect, a.severity, &b.place)));
    Ok(findings)
}

/// Fills in the line of each finding that the tool did not quote.
pub fn quote(findings: &mut [Finding], objects: &Objects, tree: &Oid) -> Result<()> {
    let mut last: Option<(BString, Vec<u8>)> = None;
    for finding in findings.iter_mut().filter(|finding| finding.anchor.is_empty()) {
        let Some(place) = finding.place.as_ref().filter(|place| place.line > 0) else { continue };
        let Some(path) = place.path() else { continue };
        if last.as_ref().is_none_or(|(known, _)| known != path) {
            let content = objects.file_up_to(tree, path.as_bstr(), BLOB_BYTES_MAX);
            let content = match content.context("could not quote a line")? {
                Some(Content::Whole(content)) => content,
                Some(Content::TooLarge(_) | Content::Missing) | None => Vec::new(),
            };
            last = Some((path.clone(), content));
        }
        if let Some((_, content)) = &last {
            finding.anchor = line_text(content, place.line);
        }
    }
    Ok(())
}
