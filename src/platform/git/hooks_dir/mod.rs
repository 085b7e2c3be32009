//! Where git looks for hooks, and which setting says so.

use std::path::{Path, PathBuf};

use anyhow::Result;
use bstr::{BString, ByteSlice as _};

use crate::platform::git::command::git;
use crate::platform::git::command::succeeded;
use crate::platform::git::repo::Repo;

#[cfg(test)]
mod tests;

/// A setting of `core.hooksPath`, where there is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HooksPath {
    /// As it was written.
    pub value: BString,
    /// `system`, `global`, `local`, `worktree` or `command`.
    pub scope: String,
    /// The file that holds it, as git names it.
    pub origin: String,
    /// The folder it means; for an empty value nothing that git could run a hook from.
    pub folder: PathBuf,
}

impl HooksPath {
    /// The setting and where it stands, for people.
    pub fn described(&self) -> String {
        let Self { value, origin, scope, .. } = self;
        format!("`core.hooksPath` is `{value}`, set in {origin} ({scope})")
    }
}

/// The setting of `core.hooksPath` that holds in this work tree.
pub fn hooks_path(repo: &Repo) -> Result<Option<HooksPath>> {
    let output = repo
        .git()
        .args(["config", "--show-scope", "--show-origin", "-z", "--get-all", "core.hooksPath"])
        .capture()?;
    if output.code() == 1 {
        return Ok(None);
    }
    let fields: Vec<&[u8]> = succeeded(&output, "git config")?.split(|byte| *byte == 0).collect();
    // The last one holds; behind it stands one empty field.
    let Some([scope, origin, value]) = fields.chunks_exact(3).next_back() else { return Ok(None) };
    let expanded = repo.git().args(["config", "--type=path", "-z", "--get", "core.hooksPath"]);
    let expanded = expanded.capture()?;
    let path = expanded.stdout.trim_end_with(|c| c == '\0').to_path_lossy();
    Ok(Some(HooksPath {
        value: BString::from(*value),
        scope: scope.to_str_lossy().into_owned(),
        origin: origin.to_str_lossy().trim_start_matches("file:").replace("//", "/"),
        folder: top(repo).join(path),
    }))
}

/// The folder in which git looks for hooks in this work tree. Starts no process where git's settings are
/// those of files and the path is one that needs no git to expand it.
pub fn folder(repo: &Repo) -> Result<PathBuf> {
    let Some(value) = repo.config("core.hooksPath")? else {
        return Ok(repo.common_dir.join("hooks"));
    };
    if value.starts_with(b"~") || value.starts_with(b"%(") {
        return Ok(hooks_path(repo)?.map_or_else(|| repo.common_dir.join("hooks"), |it| it.folder));
    }
    Ok(top(repo).join(value.to_path_lossy()))
}

/// What a relative path counts from, which is where hooks run: the top of the work tree, or the bare
/// repository.
fn top(repo: &Repo) -> &Path {
    repo.work_tree.as_deref().unwrap_or(&repo.git_dir)
}

/// The version of the git that is on `PATH`.
pub fn git_version(dir: &Path) -> Result<(u32, u32)> {
    let output = git(dir).arg("version").capture()?;
    let text = succeeded(&output, "git version")?.to_str_lossy().into_owned();
    Ok(parse_version(&text).unwrap_or((0, 0)))
}

/// Reads `git version 2.54.0.windows.1`.
pub fn parse_version(text: &str) -> Option<(u32, u32)> {
    let number = text.split_whitespace().nth(2)?;
    let mut parts = number.split(['.', '-']);
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

/// Whether that git runs the hooks that `hook.<name>.command` names, beside those in the folder.
/// Since git 2.54.0.
pub fn has_configured_hooks(version: (u32, u32)) -> bool {
    version >= (2, 54)
}
