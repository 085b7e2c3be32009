//! Paths as people type them, and what they are in the repository.

use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Component, Path, PathBuf};

use anyhow::Result;
use bstr::{BStr, BString, ByteSlice as _};

use crate::domain::model::error::hinted;
use crate::domain::model::terminal::printable;
use crate::flow::setup::install::real;
use crate::platform::git::repo::Repo;

/// A typed path, found in the repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolvedPath {
    /// From the top of the repository; empty for the top itself.
    pub path: BString,
    /// Whether anything of that name was known.
    pub known: bool,
}

/// Finds what a typed path means. It is taken from the folder that the person stands in, also where
/// `--repo` names a repository elsewhere; in a bare repository, from the top of its trees.
///
/// Several readings are tried, and the first that `known` recognises is meant: as git reads it (`.`
/// and `..` are taken out of the text, and a tracked link is itself), with the links on the way to
/// it followed, with a link at its end followed too, and as the operating system reads it, where
/// `link/..` is the parent of what the link leads to. Where none is known the first one is named, as
/// far as it lies in the repository.
pub fn in_repo(
    repo: &Repo,
    current_dir: &Path,
    typed: &Path,
    known: impl Fn(&BStr) -> Result<bool>,
) -> Result<ResolvedPath> {
    let readings = match &repo.work_tree {
        Some(top) => readings(&real(top), current_dir, typed),
        None => without_dots(Path::new(""), typed).into_iter().collect(),
    };
    for path in &readings {
        if known(path.as_bstr())? {
            return Ok(ResolvedPath { path: path.clone(), known: true });
        }
    }
    let first = readings.into_iter().next().ok_or_else(|| outside(repo, typed))?;
    Ok(ResolvedPath { path: first, known: false })
}

fn readings(top: &Path, current_dir: &Path, typed: &Path) -> Vec<BString> {
    let absolute = current_dir.join(typed);
    let plain =
        without_dots(Path::new("/"), &absolute).map(|path| Path::new("/").join(path_of(&path)));
    let mut readings = Vec::new();
    if let Some(plain) = plain {
        readings.push(plain.clone());
        if let (Some(parent), Some(name)) = (plain.parent(), plain.file_name()) {
            readings.push(real(parent).join(name));
        }
        readings.push(real(&plain));
    }
    readings.extend(fs::canonicalize(&absolute));
    let inside = |path: PathBuf| {
        path.strip_prefix(top).ok().map(|path| BString::from(path.as_os_str().as_bytes()))
    };
    let mut inside: Vec<BString> = readings.into_iter().filter_map(inside).collect();
    inside.dedup();
    inside
}

fn path_of(bytes: &BString) -> &Path {
    Path::new(std::ffi::OsStr::from_bytes(bytes))
}

/// The path below `top` without `.` and `..`; `None` where it leads out of it.
fn without_dots(top: &Path, path: &Path) -> Option<BString> {
    let mut below = PathBuf::new();
    for part in path.strip_prefix(top).ok()?.components() {
        match part {
            Component::Normal(name) => below.push(name),
            Component::ParentDir if below.pop() => {}
            // The parent of the root is the root.
            Component::ParentDir if top.has_root() => {}
            Component::CurDir => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(below.into_os_string().as_bytes().into())
}

fn outside(repo: &Repo, typed: &Path) -> anyhow::Error {
    let top = repo.work_tree.as_ref().unwrap_or(&repo.git_dir);
    hinted(
        format!(
            "`{}` is outside the repository `{}`",
            printable(&typed.display().to_string()),
            top.display()
        ),
        "paths are relative to the current folder, also with `--repo`",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_are_taken_out_and_lead_out_of_no_tree() {
        let below = |path: &str| without_dots(Path::new(""), Path::new(path));
        for (typed, expected) in
            [(".", ""), ("a/./b/", "a/b"), ("a/../b", "b"), ("./a/..", ""), ("a/b/../../c", "c")]
        {
            assert_eq!(below(typed).unwrap(), expected, "{typed}");
        }
        for typed in ["..", "a/../../b", "/a"] {
            assert_eq!(below(typed), None, "{typed}");
        }
        let rooted = |path: &str| without_dots(Path::new("/"), Path::new(path));
        assert_eq!(rooted("/a/../../b").unwrap(), "b");
    }
}
