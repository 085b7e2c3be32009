//! The work trees of a repository, found without starting git.

use std::fs;
use std::path::{Path, PathBuf};

use bstr::ByteSlice as _;

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
        Ok(repository) => repository.workdir().map(Path::to_path_buf),
        // A format that the library does not know; then git's own rule of the name holds.
        Err(_) if common_dir.file_name()? == ".git" => common_dir.parent().map(Path::to_path_buf),
        Err(_) => None,
    }
}

/// Each folder below `worktrees` names the `.git` file of its work tree, absolute or, since git
/// 2.48, relative to itself (gitrepository-layout(5)).
fn linked(common_dir: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(common_dir.join("worktrees")) else { return Vec::new() };
    entries
        .filter_map(Result::ok)
        .filter_map(|entry| {
            let text = fs::read(entry.path().join("gitdir")).ok()?;
            let dot_git = entry.path().join(text.trim_end().to_path().ok()?);
            dot_git.parent().map(Path::to_path_buf)
        })
        .collect()
}
