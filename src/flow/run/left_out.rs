//! What an executor of a run wrote and git did not take: said to the next try, and in the result.

use anyhow::Result;

use crate::domain::model::notice::Progress;
use crate::flow::context::Context;
use crate::flow::workspace::checkout::Workspace;
use crate::flow::workspace::left_out::SavedTree;
use crate::platform::git::repo::Repo;
use crate::platform::store::file;
use crate::platform::store::runs::RunFolder;

/// What the last step left out, in the folder of the run.
const FILE: &str = "left-out.txt";

/// Keeps what a step left that is not in its tree, a line each.
pub(super) fn keep(
    context: Context<'_>,
    private: &Repo,
    folder: &RunFolder,
    workspace: &Workspace,
    saved: &SavedTree,
    file_max: u64,
) -> Result<Vec<String>> {
    let large = saved.too_large(file_max);
    if let Some(large) = &large {
        context.notify(Progress::LeftOut(large.clone()));
    }
    let lines: Vec<String> = large.into_iter().chain(workspace.ignored(private)?).collect();
    file::write_atomic(&folder.path().join(FILE), lines.join("\n").as_bytes())?;
    Ok(lines)
}

/// What the last step left out: a test or code that needs it fails.
pub(super) fn of_last(folder: &RunFolder) -> Vec<String> {
    let text = file::read_text(&folder.path().join(FILE)).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}
