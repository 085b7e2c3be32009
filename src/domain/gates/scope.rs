//! The scope gate: files and changed lines of one change against a budget.

use anyhow::Result;
use bstr::ByteSlice as _;

use crate::domain::gates::policy_files::is_policy_path;
use crate::domain::locate::lines::changed_lines;
use crate::domain::model::change::{Change, FileChange, FileChangeKind, FileMode};
use crate::domain::model::class::Class;
use crate::domain::model::finding::{Effect, Finding};
use crate::domain::model::gate::Gate;
use crate::domain::model::globs;
use crate::domain::model::limits::BLOB_BYTES_MAX;
use crate::domain::model::objects::{Content, ReadObjects};
use crate::domain::model::severity::Severity;
use crate::domain::model::text;
use crate::domain::policy::gate_settings::ScopeLimits;

/// Above so many times the budget of files the lines are not counted: the answer is known, and the
/// commit path does not pay for it.
const COUNT_LINES_UP_TO: usize = 5;

/// Finds a change that is larger than the budget. Tests, lock files, generated files (by the globs
/// of the policy), pure moves and the files of the policy itself are counted apart.
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
            lines += changed(file, objects)?;
        }
        if lines <= policy.lines {
            return Ok(None);
        }
    }
    let exempt = globs::union(policy.exempt.iter().map(String::as_str))?;
    let (apart, counted): (Vec<_>, Vec<_>) = change.files.iter().partition(|file| {
        let moved = matches!(file.kind, FileChangeKind::Renamed { .. });
        moved || is_policy_path(&file.path) || exempt.is_match(file.path.to_path_lossy())
    });
    let many = counted.len() > policy.files * COUNT_LINES_UP_TO;
    let mut lines = 0;
    if !many {
        for file in &counted {
            lines += changed(file, objects)?;
        }
    }
    if counted.len() <= policy.files && lines <= policy.lines {
        return Ok(None);
    }
    let said = if many {
        text::counted(counted.len(), "file")
    } else {
        format!("{} and {}", text::counted(counted.len(), "file"), text::counted(lines, "line"))
    };
    let beside = match apart.len() {
        0 => String::new(),
        n => format!(", plus {n} exempt"),
    };
    Ok(Some(Finding {
        gate: Gate::Scope,
        rule: "scope".to_owned(),
        class: Class::new("repository/scope"),
        severity: Severity::Low,
        effect,
        place: None,
        anchor: String::new(),
        message: format!(
            "the change touches {said}{beside} (limit: {} and {})",
            text::counted(policy.files, "file"),
            text::counted(policy.lines, "line")
        ),
        suggestion: "commit separate things separately, with `git commit -p` or one path at a time"
            .to_owned(),
    }))
}

/// The lines that a change adds and removes in a file. Of one that is not read no lines are counted:
/// the other gates report that it was not checked.
fn changed(file: &FileChange, objects: &dyn ReadObjects) -> Result<usize> {
    let mut sides = [Vec::new(), Vec::new()];
    for (side, entry) in sides.iter_mut().zip([&file.old, &file.new]) {
        let Some(entry) = entry.as_ref().filter(|entry| entry.mode != FileMode::Submodule) else {
            continue;
        };
        match objects.content(&entry.oid, BLOB_BYTES_MAX)? {
            Content::Whole(content) => *side = content,
            Content::TooLarge(_) => return Ok(0),
            Content::Missing => {}
        }
    }
    Ok(changed_lines(&sides[0], &sides[1]))
}
