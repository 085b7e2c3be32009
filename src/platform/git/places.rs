//! Where a repository is, by what git says: for those that libgit2 does not open.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use bstr::ByteSlice as _;

use crate::platform::git::command::git;
use crate::platform::git::command::succeeded;
use crate::platform::git::config::Settings;
use crate::platform::git::object::Objects;

/// Git directory, common directory, work tree and objects.
pub type Places = (PathBuf, PathBuf, Option<PathBuf>, Objects);

/// Why there is no repository.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("`{}` is not in a git repository", .0.display())]
    NotARepository(PathBuf),
    #[error("git would not open the repository at `{}`: {reason}", .dir.display())]
    Refused { dir: PathBuf, reason: String },
}

/// The way round libgit2, for repositories that only git itself understands.
pub fn ask_git(
    dir: &Path,
    git_dir: Option<&Path>,
    hook_vars: &[(&'static str, OsString)],
    settings: &Settings,
) -> Result<Places> {
    // With the person's settings: they may be what says that another user's repository is safe. Where
    // git named the directory it has accepted it.
    let ask = || {
        let ask = settings.give_to(git(dir));
        git_dir.iter().fold(ask, |ask, git_dir| ask.arg("--git-dir").arg(git_dir))
    };
    let output = ask()
        .args(["rev-parse", "--path-format=absolute", "--git-dir", "--git-common-dir"])
        .args(["--is-bare-repository", "--is-inside-work-tree"])
        .capture()?;
    if !output.status.success() {
        let reason = output.stderr.trim().to_str_lossy().into_owned();
        if reason.contains("not a git repository") {
            return Err(OpenError::NotARepository(dir.to_owned()).into());
        }
        return Err(OpenError::Refused { dir: dir.to_owned(), reason }.into());
    }
    let mut lines = output.stdout.lines();
    let mut path = || lines.next().map(|line| line.to_path_lossy().into_owned());
    let (Some(git_dir), Some(common_dir)) = (path(), path()) else {
        bail!("git rev-parse printed no directories");
    };
    let work_tree = match lines.next_back() {
        Some(b"true") => {
            let output = ask().args(["rev-parse", "--show-toplevel"]).capture()?;
            let top = succeeded(&output, "git rev-parse")?;
            Some(top.trim_end_with(|c| c == '\n').to_path()?.to_owned())
        }
        _ => None,
    };
    let objects = Objects::through_command(&git_dir, &common_dir, hook_vars)?;
    Ok((git_dir, common_dir, work_tree, objects))
}
