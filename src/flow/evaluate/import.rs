//! Imports another tool's report as findings of the checked-out commit.

use std::path::Path;

use anyhow::{Result, bail};
use bstr::ByteSlice as _;

use crate::domain::gates::formats::{ReportFormat, ReportSource};
use crate::domain::model::change::Change;
use crate::domain::model::error::hinted;
use crate::domain::model::finding::{Finding, Location};
use crate::domain::model::gate::Gate;
use crate::flow::evaluate::tool_report::quote;
use crate::platform::git::repo::Repo;

/// The largest report that is read, in bytes.
const BYTES_MAX: usize = 64 * 1024 * 1024;

/// The findings of a report.
pub struct Imported {
    pub change: Change,
    pub findings: Vec<Finding>,
    /// How many of them name files that the commit does not have.
    pub elsewhere: usize,
}

/// Reads a report. `format` is the name of one or an expression; where it is not given, the content
/// says what it is. `name` stands for the tool where the report names none.
pub fn read(repo: &Repo, report: &[u8], format: Option<&str>, name: &Path) -> Result<Imported> {
    if report.len() > BYTES_MAX {
        bail!("a report of {} bytes is too large: at most {BYTES_MAX} are read", report.len());
    }
    let text = report.to_str_lossy();
    let format = match format {
        Some(format) => ReportFormat::from_name(format)
            .map_err(|error| hinted(error.to_string(), error.hint()))?,
        None => ReportFormat::guess(&text).ok_or_else(|| {
            hinted(
                format!("cannot tell the format of `{}`", name.display()),
                "name it with `--as`: sarif, cargo-json, rdjson, codex, or an expression with \
                 named groups",
            )
        })?,
    };
    let root = repo.work_tree.as_deref().unwrap_or(Path::new("")).to_string_lossy();
    let tool = name.file_stem().unwrap_or_default().to_string_lossy();
    let source = ReportSource { gate: Gate::Import, tool: &tool, root: &root };
    let mut findings =
        format.read(&text, source).map_err(|error| hinted(error.to_string(), error.hint()))?;
    let change = checked_out(repo)?;
    quote(&mut findings, &repo.objects, &change.tree)?;
    let elsewhere = |finding: &&Finding| {
        let path = finding.place.as_ref().and_then(Location::path);
        path.is_some_and(|path| {
            !matches!(repo.objects.entry(&change.tree, path.as_bstr()), Ok(Some(_)))
        })
    };
    let elsewhere = findings.iter().filter(elsewhere).count();
    Ok(Imported { change, findings, elsewhere })
}

/// The checked-out commit as the change that the findings are of; before the first, the index.
fn checked_out(repo: &Repo) -> Result<Change> {
    let head = repo.head()?;
    let tree = match &head {
        Some(head) => repo.tree_of(head)?,
        None => repo.staged_tree()?,
    };
    Ok(Change::at(head, tree))
}
