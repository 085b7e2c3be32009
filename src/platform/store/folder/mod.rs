//! A folder whose files are opened, listed and written beneath it, wherever the links in it lead: the
//! work tree, whose paths a repository chooses, and what an agent left.
//!
//! For reading, a link is followed that stays beneath the folder: people link `CLAUDE.md` to
//! `AGENTS.md`. One that leads out of it, or into a git directory, is an error that says so. For writing no
//! part of a path may be a link. What is read is a regular file of bounded size.

pub mod read;
pub mod write;
mod resolve;

#[cfg(test)]
mod tests;

use std::ffi::OsStr;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, Mode, OFlags, openat};

/// Opens to look at alone: nothing is read, and no right to read is needed.
#[cfg(target_os = "linux")]
const LOOK: OFlags = OFlags::PATH.union(OFlags::CLOEXEC);
#[cfg(not(target_os = "linux"))]
const LOOK: OFlags = crate::platform::store::regular::WAITS_FOR_NOTHING;

/// A folder that was opened.
pub struct Folder {
    path: PathBuf,
    fd: OwnedFd,
}

impl Folder {
    /// Opens a folder. Links in its own path are followed: a person or git named it.
    pub fn open(path: &Path) -> io::Result<Self> {
        let fd = openat(CWD, path, LOOK | OFlags::DIRECTORY, Mode::empty())?;
        Ok(Self { path: path.to_owned(), fd })
    }
}

/// Whether a folder of that name is git's, on drives that ignore case as well.
fn is_git(name: &OsStr) -> bool {
    name.as_bytes().eq_ignore_ascii_case(b".git")
}
