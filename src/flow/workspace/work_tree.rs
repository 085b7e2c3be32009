//! The person's work tree: which one is written to, and how a file is read that was named on the command
//! line.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::domain::model::error::hinted;
use crate::domain::model::path::without_dots;
use crate::flow::context::Context;
use crate::platform::git::repo::Repo;
use crate::platform::git::worktrees::belongs_to;
use crate::platform::store::folder::Folder;
use crate::platform::store::regular;

/// The work tree that files are written to. One that only the repository's own settings name is
/// refused: a repository that came with a clone could name any folder.
pub fn work_tree(repo: &Repo) -> Result<&Path> {
    let Some(top) = repo.work_tree.as_deref() else {
        return Err(hinted(
            "this repository is bare: it has no work tree",
            "run it in a clone with a work tree",
        ));
    };
    if belongs_to(top, &repo.git_dir) {
        return Ok(top);
    }
    let (shown, git_dir) = (top.display(), repo.git_dir.display());
    Err(hinted(
        format!("`core.worktree` of `{git_dir}` names `{shown}`, which does not know of it"),
        format!(
            "if it is meant to be its work tree, write the line `gitdir: {git_dir}` to the file \
             `{}` and run this there",
            top.join(".git").display()
        ),
    ))
}

/// Reads the beginning of a file that a person named. Of one in the work tree, the repository says
/// where a link leads, and none is followed out of it; elsewhere the person does.
pub fn read_named(context: Context<'_>, typed: &Path, most: u64) -> io::Result<Vec<u8>> {
    let path = without_dots(&context.env.current_dir.join(typed));
    let top = context.repo.work_tree.as_deref().and_then(real);
    let is_top = |above: &Path| top.is_some() && real(above) == top;
    let below = path.ancestors().find(|above| is_top(above));
    match below.and_then(|above| path.strip_prefix(above).ok().map(|below| (above, below))) {
        Some((top, below)) => Folder::open(top)?.read_start(below, most),
        // A pipe of the person's own shell is waited for.
        #[expect(clippy::disallowed_methods, reason = "a person's own file, read up to a bound")]
        None => regular::start_of(&File::open(&path)?, most),
    }
}

fn real(path: &Path) -> Option<PathBuf> {
    fs::canonicalize(path).ok()
}
