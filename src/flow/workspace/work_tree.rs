//! Writes into the person's work tree: where it is, and which paths lead out of it.

use std::path::Path;

use anyhow::{Result, bail};

use crate::domain::model::error::hinted;
use crate::platform::git::repo::Repo;

/// The work tree that files are written to.
pub fn work_tree(repo: &Repo) -> Result<&Path> {
    repo.work_tree.as_deref().ok_or_else(|| {
        hinted(
            "a bare repository has no work tree to write to",
            "run it in a clone with a work tree",
        )
    })
}

/// Refuses a file that a link leads elsewhere: a repository would say where we write.
pub fn refuse_links(top: &Path, path: &str) -> Result<()> {
    let mut at = top.to_owned();
    for part in path.split('/') {
        at.push(part);
        if at.is_symlink() {
            bail!("`{}` is a symbolic link, and files are not written through one", at.display());
        }
    }
    Ok(())
}
