//! The work trees of a repository, found without starting git.

use std::path::{Path, PathBuf};

use bstr::ByteSlice as _;

use crate::platform::store::file;
use crate::platform::store::regular;
use crate::platform::store::regular::{LastLink, SETTINGS};

/// The tops of every work tree that is there, the main one first; none of a bare repository that
/// has no linked ones.
pub fn list(common_dir: &Path) -> Vec<PathBuf> {
    let mut tops: Vec<PathBuf> = main(common_dir).into_iter().collect();
    let mut linked: Vec<PathBuf> = linked(common_dir);
    linked.sort();
    tops.extend(linked);
    let mut known = Vec::new();
    for top in tops {
        // One spelling for each: events and listings name the same folder alike.
        if let Ok(top) = top.canonicalize()
            && top.is_dir()
            && !known.contains(&top)
        {
            known.push(top);
        }
    }
    known
}

fn main(common_dir: &Path) -> Option<PathBuf> {
    match git2::Repository::open(common_dir) {
        Ok(repository) => {
            let top = repository.workdir().filter(|top| belongs_to(top, common_dir));
            top.map(Path::to_path_buf)
        }
        // A format that the library does not know; then git's own rule of the name holds.
        Err(_) if common_dir.file_name()? == ".git" => common_dir.parent().map(Path::to_path_buf),
        Err(_) => None,
    }
}

/// Whether a folder is the work tree of a git directory by what is in the folder itself: its `.git` is
/// that directory, or names it. `core.worktree` of a repository could name any folder.
pub fn belongs_to(top: &Path, git_dir: &Path) -> bool {
    let named = dot_git(top);
    let real = |path: &Path| path.canonicalize().ok();
    named.is_some_and(|named| real(&named).is_some() && real(&named) == real(git_dir))
}

/// The git directory that a folder's `.git` is or names; `None` where there is no `.git`.
pub fn dot_git(top: &Path) -> Option<PathBuf> {
    let path = top.join(".git");
    if path.is_dir() {
        return Some(path);
    }
    let text = regular::read(&path, LastLink::Follow, SETTINGS).ok()?;
    Some(top.join(text.strip_prefix(b"gitdir: ")?.trim_end().to_path().ok()?))
}

/// Each folder below `worktrees` names the `.git` file of its work tree, absolute or, since git
/// 2.48, relative to itself (gitrepository-layout(5)).
fn linked(common_dir: &Path) -> Vec<PathBuf> {
    let Ok(entries) = file::entries(&common_dir.join("worktrees")) else { return Vec::new() };
    entries
        .filter_map(Result::ok)
        .filter_map(|entry| {
            let gitdir = entry.path().join("gitdir");
            let text = regular::read(&gitdir, LastLink::Follow, SETTINGS).ok()?;
            let dot_git = entry.path().join(text.trim_end().to_path().ok()?);
            dot_git.parent().map(Path::to_path_buf)
        })
        .collect()
}
