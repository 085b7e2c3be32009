//! What an executor of a run wrote and git did not take: said to the next try, and in the result.

use std::path::Path;

use anyhow::Result;

use crate::domain::model::notice::Progress;
use crate::flow::context::Context;
use crate::flow::workspace::checkout::Workspace;
use crate::flow::workspace::left_out::SavedTree;
use crate::platform::git::repo::Repo;
use crate::platform::store::file;

/// Keeps what a step left that is not in its tree, a line each, in that file.
pub(super) fn keep(
    context: Context<'_>,
    private: &Repo,
    kept: &Path,
    workspace: &Workspace,
    saved: &SavedTree,
    file_max: u64,
) -> Result<Vec<String>> {
    let large = saved.too_large(file_max);
    if let Some(large) = &large {
        context.notify(Progress::LeftOut(large.clone()));
    }
    let lines: Vec<String> = large.into_iter().chain(workspace.ignored(private)?).collect();
    file::write_atomic(kept, lines.join("\n").as_bytes())?;
    Ok(lines)
}

/// What the last step left out: a test or code that needs it fails.
pub(super) fn of_last(kept: &Path) -> Vec<String> {
    let text = file::read_text(kept).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}
