//! Reads a command's own report: findings with locations instead of one failure.

use std::path::Path;

use anyhow::{Context as _, Result};
use bstr::{BString, ByteSlice as _};

use crate::domain::gates::formats::{ReportFormat, ReportSource};
use crate::domain::gates::test_report;
use crate::domain::gates::test_report::cases::{TestConclusion, TestReport};
use crate::domain::gates::view::line_text;
use crate::domain::model::finding::{Effect, Finding};
use crate::domain::model::gate::Gate;
use crate::domain::model::limits::BLOB_BYTES_MAX;
use crate::domain::model::objects::Content;
use crate::domain::model::oid::Oid;
use crate::domain::model::severity::Severity;
use crate::domain::policy::command_settings::CommandGate;
use crate::domain::policy::report_format::{FormatName, TestFormat};
use crate::platform::git::object::Objects;
use crate::platform::process::ExitOutcome;
use crate::platform::store::regular;
use crate::platform::store::regular::{LastLink, REPORT};

/// The most findings that are read from one report; the rest is counted.
pub const FINDINGS_MAX: usize = 500;

/// What a command reports.
pub enum CommandReport {
    Findings(ReportFormat),
    Tests(TestFormat),
}

/// Where a command's report is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReportPlace {
    /// Both streams together.
    Streams,
    /// The standard output alone.
    Stdout,
    /// The file that the command is told.
    File,
}

/// The format that a command says it reports in; `None` where only its exit code counts.
pub fn format_of(command: &CommandGate) -> Result<Option<CommandReport>> {
    let Some(name) = &command.format else { return Ok(None) };
    if let Ok(FormatName::Tests(format)) = FormatName::parse(name) {
        return Ok(Some(CommandReport::Tests(format)));
    }
    let format = ReportFormat::from_name(name).map_err(|error| {
        let hint = error.hint();
        anyhow::Error::new(error).context(format!("its `format` cannot be used; {hint}"))
    })?;
    Ok(Some(CommandReport::Findings(format)))
}

impl CommandReport {
    /// Where it is. Lines are read from both streams: compilers write theirs to either.
    pub fn place(&self) -> ReportPlace {
        match self {
            Self::Findings(ReportFormat::Lines(_)) => ReportPlace::Streams,
            Self::Tests(format) if format.is_file() => ReportPlace::File,
            Self::Findings(_) | Self::Tests(_) => ReportPlace::Stdout,
        }
    }
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

/// The tests of a command, and what they come to. A report that is missing or cannot be read is no pass.
pub fn tests_of(
    report: Option<&CommandReport>,
    ended: ExitOutcome,
    path: &Path,
) -> (Option<TestReport>, TestConclusion) {
    let (Some(CommandReport::Tests(format)), ExitOutcome::Exited(status)) = (report, ended) else {
        return (None, TestConclusion::Passed);
    };
    let ended_well = status.success();
    let unproven = |why: String| {
        let how = if ended_well { TestConclusion::Unproven } else { TestConclusion::Failed };
        (None, how(why))
    };
    let printed = regular::read(path, LastLink::Refuse, REPORT).unwrap_or_default();
    if format.is_file() && printed.is_empty() {
        return unproven("it wrote no report to the file that `TRIBUNAL_REPORT` names".to_owned());
    }
    match test_report::read(*format, &printed.to_str_lossy()) {
        Ok(report) => {
            let conclusion = report.conclude(ended_well);
            (Some(report), conclusion)
        }
        Err(error) => unproven(format!("its report cannot be read: {error}")),
    }
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

/// Why a command that ended with 0 is no pass, by its tests. Where it failed, they say more.
pub fn unproven(tests: TestConclusion, failure: &mut Option<String>) -> Option<String> {
    match tests {
        TestConclusion::Passed => None,
        TestConclusion::Failed(what) => {
            *failure = failure.take().map(|failed| format!("{failed}: {what}"));
            None
        }
        TestConclusion::Unproven(why) => Some(why),
    }
}
