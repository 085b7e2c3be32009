//! Where programs are: the running one, and those of `PATH`.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// The path of the running program, without links, to start it once more.
pub fn own_path() -> io::Result<PathBuf> {
    std::env::current_exe()
}

/// The path to write down, for starting the program at any later time: the one by which it was
/// called, with the links in it, where that leads to the running program. A package manager keeps
/// such a link, and moves what it leads to at every upgrade.
///
/// `path` is the value of `PATH`.
pub fn lasting_path(current_dir: &Path, path: &OsStr) -> io::Result<PathBuf> {
    let own = own_path()?;
    let called = std::env::args_os().next().map(PathBuf::from).unwrap_or_default();
    let candidates: Vec<PathBuf> = match called.components().count() {
        0 => Vec::new(),
        // As a shell looks for it.
        1 => std::env::split_paths(path).map(|folder| folder.join(&called)).collect(),
        _ => vec![current_dir.join(&called)],
    };
    let is_own = |candidate: &PathBuf| {
        candidate.is_absolute() && candidate.canonicalize().is_ok_and(|file| file == own)
    };
    Ok(candidates.into_iter().find(is_own).unwrap_or(own))
}

/// Whether a program of that name can be started from a folder of `PATH`, whose value `path` is. Relative
/// folders do not count: what is in them depends on where one stands.
pub fn is_in_path(name: &str, path: &OsStr) -> bool {
    let mut found = std::env::split_paths(path).filter(|folder| folder.is_absolute());
    found.any(|folder| is_program(&folder.join(name)))
}

/// Whether something is there that can be run.
pub fn is_program(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}
