//! The scope gate: files and changed lines of one change against a budget.

use anyhow::Result;
use bstr::ByteSlice as _;

use crate::domain::gates::generated::{Attributes, says_generated};
use crate::domain::gates::policy_files::is_policy_path;
use crate::domain::locate::lines::changed_lines;
use crate::domain::model::change::{Change, FileChange, FileChangeKind, FileMode, TreeEntry};
use crate::domain::model::class::Class;
use crate::domain::model::finding::{Effect, Finding};
use crate::domain::model::gate::Gate;
use crate::domain::model::globs;
use crate::domain::model::limits::BLOB_BYTES_MAX;
use crate::domain::model::objects::{Content, ReadObjects};
use crate::domain::model::severity::Severity;
use crate::domain::model::text::counted;
use crate::domain::policy::gate_settings::ScopeLimits;

/// Above so many times the budget of files the lines are not counted: the answer is known, and the
/// commit path does not pay for it.
const COUNT_LINES_UP_TO: usize = 5;

/// Finds a change that is larger than the budget. Tests, lock files, generated and vendored files (by the
/// globs of the policy, by what they say of themselves, by `.gitattributes` of the base), pure moves,
/// deleted files and the files of the policy itself are counted apart.
pub fn check(
    change: &Change,
    policy: &ScopeLimits,
    objects: &dyn ReadObjects,
    effect: Effect,
) -> Result<Option<Finding>> {
    // Whatever the budget is, the policy that sets it can be mended.
    let files = || change.files.iter().filter(|file| !is_policy_path(&file.path));
    if files().count() <= policy.files {
        // Compiling the globs costs more than counting a few files: a small change is known to fit
        // whatever is exempt.
        let mut lines = 0;
        for file in files() {
            let new = content(file.new.as_ref(), objects)?;
            lines += changed(file, new.as_deref(), objects)?;
        }
        if lines <= policy.lines {
            return Ok(None);
        }
    }
    let size = measure(change, policy, objects)?;
    if size.files <= policy.files && size.lines.is_none_or(|lines| lines <= policy.lines) {
        return Ok(None);
    }
    Ok(Some(Finding {
        gate: Gate::Scope,
        rule: "scope".to_owned(),
        class: Class::new("repository/scope"),
        severity: Severity::Low,
        effect,
        place: None,
        anchor: String::new(),
        message: size.message(policy),
        suggestion: "commit separate things separately, with `git commit -p` or one path at a time"
            .to_owned(),
    }))
}

/// How large a change is.
struct ChangeSize {
    files: usize,
    /// `None` where they were not counted.
    lines: Option<usize>,
    apart: usize,
}

impl ChangeSize {
    /// Says what is over the budget.
    fn message(&self, policy: &ScopeLimits) -> String {
        let files = (self.files > policy.files).then(|| counted(self.files, "file"));
        let lines = self.lines.filter(|lines| *lines > policy.lines);
        let lines = lines.map(|lines| counted(lines, "line"));
        let said = match (files, lines) {
            (Some(files), Some(lines)) => format!(
                "{files} and {lines} changed (limit {} and {}",
                counted(policy.files, "file"),
                policy.lines
            ),
            (None, Some(lines)) => format!("{lines} changed (limit {}", policy.lines),
            (files, None) => {
                format!("{} changed (limit {}", files.unwrap_or_default(), policy.files)
            }
        };
        let apart = match self.apart {
            0 => String::new(),
            apart => format!("; {apart} more counted apart"),
        };
        format!("{said}{apart})")
    }
}

/// Counts what is not apart. One file's content is in memory at a time.
fn measure(change: &Change, policy: &ScopeLimits, objects: &dyn ReadObjects) -> Result<ChangeSize> {
    let exempt = globs::union(policy.exempt.iter().map(String::as_str))?;
    let paths = || change.files.iter().map(|file| file.path.as_bstr());
    let attributes = match &change.base_tree {
        Some(base) => Attributes::read(objects, base, paths())?,
        None => Attributes::default(),
    };
    let mut size = ChangeSize { files: 0, lines: Some(0), apart: 0 };
    for file in &change.files {
        let is_apart =
            matches!(file.kind, FileChangeKind::Renamed { .. } | FileChangeKind::Deleted)
                || is_policy_path(&file.path)
                || exempt.is_match(file.path.to_path_lossy())
                || attributes.has(file.path.as_bstr());
        let new = if is_apart { None } else { content(file.new.as_ref(), objects)? };
        if is_apart || new.as_deref().is_some_and(says_generated) {
            size.apart += 1;
            continue;
        }
        size.files += 1;
        size.lines = match size.lines {
            Some(lines) if size.files <= policy.files * COUNT_LINES_UP_TO => {
                Some(lines + changed(file, new.as_deref(), objects)?)
            }
            _ => None,
        };
    }
    Ok(size)
}

/// The content of one side, empty where there is none; `None` where it is too large to be read.
fn content(entry: Option<&TreeEntry>, objects: &dyn ReadObjects) -> Result<Option<Vec<u8>>> {
    let Some(entry) = entry.filter(|entry| entry.mode != FileMode::Submodule) else {
        return Ok(Some(Vec::new()));
    };
    Ok(match objects.content(&entry.oid, BLOB_BYTES_MAX)? {
        Content::Whole(content) => Some(content),
        Content::Missing => Some(Vec::new()),
        Content::TooLarge(_) => None,
    })
}

/// The lines that a change adds and removes in a file. Of one that is not read no lines are counted:
/// the other gates report that it was not checked.
fn changed(file: &FileChange, new: Option<&[u8]>, objects: &dyn ReadObjects) -> Result<usize> {
    let Some(new) = new else { return Ok(0) };
    let old = content(file.old.as_ref(), objects)?;
    Ok(old.map_or(0, |old| changed_lines(&old, new)))
}
