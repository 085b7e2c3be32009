//! Finds what a path beneath a folder leads to: by the kernel where there is no link, else step by step.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Component, Path, PathBuf};

use rustix::fs::{AtFlags, FileType, Mode, OFlags, openat, readlinkat, statat};
use rustix::io::Errno;

use crate::platform::store::folder::{Folder, LOOK, is_git};
use crate::platform::store::regular::Unfit;

/// As many links as the kernel follows in one path.
const LINKS_MAX: usize = 40;

/// Where a path leads: a name in a folder, or that folder itself.
pub(super) struct PlaceBeneath {
    /// The folders on the way, the last one innermost.
    above: Vec<(OsString, OwnedFd)>,
    last: Option<OsString>,
}

impl PlaceBeneath {
    /// Opens what is there, which is no link any more.
    pub(super) fn open(&self, folder: &Folder, flags: OFlags) -> io::Result<OwnedFd> {
        let above = innermost(&self.above, folder);
        let name = self.last.as_deref().unwrap_or_else(|| OsStr::new("."));
        Ok(openat(above, name, flags | OFlags::NOFOLLOW, Mode::empty())?)
    }

    /// The path from the folder, without links.
    pub(super) fn real(&self) -> PathBuf {
        self.above.iter().map(|(name, _)| name).chain(&self.last).collect()
    }
}

fn innermost<'a>(above: &'a [(OsString, OwnedFd)], folder: &'a Folder) -> BorrowedFd<'a> {
    above.last().map_or(folder.fd.as_fd(), |(_, fd)| fd.as_fd())
}

impl Folder {
    /// Opens a path in which nothing is a link; `None` where the kernel would not, for whatever
    /// reason: then the steps tell why.
    pub(super) fn open_without_links(&self, path: &Path, flags: OFlags) -> Option<OwnedFd> {
        #[cfg(target_os = "linux")]
        {
            use rustix::fs::{ResolveFlags, openat2};
            let resolve =
                ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
            let is_plain = |part| matches!(part, Component::Normal(name) if !is_git(name));
            if path.components().all(is_plain) && !path.as_os_str().is_empty() {
                return openat2(&self.fd, path, flags, Mode::empty(), resolve).ok();
            }
        }
        let _ = (path, flags);
        None
    }

    /// Goes along a path and the links in it, as far as they stay beneath the folder and out of git
    /// directories.
    pub(super) fn resolve(&self, path: &Path) -> io::Result<PlaceBeneath> {
        let mut todo: Vec<OsString> = parts_of(path);
        let mut above: Vec<(OsString, OwnedFd)> = Vec::new();
        let mut followed = 0;
        while let Some(name) = todo.pop() {
            if name == ".." {
                above.pop().ok_or_else(|| self.leads_out())?;
                continue;
            }
            if name == "/" {
                return Err(self.leads_out());
            }
            if is_git(&name) {
                return Err(Unfit::InGit.into());
            }
            let folder = innermost(&above, self);
            let looked = statat(folder, &name, AtFlags::SYMLINK_NOFOLLOW)?;
            if FileType::from_raw_mode(looked.st_mode) == FileType::Symlink {
                followed += 1;
                if followed > LINKS_MAX {
                    return Err(Errno::LOOP.into());
                }
                let target = readlinkat(folder, &name, Vec::new())?;
                let mut target = PathBuf::from(OsStr::from_bytes(target.as_bytes()));
                if target.is_absolute() {
                    target = self.beneath(&target).ok_or_else(|| self.leads_out())?;
                    above.clear();
                }
                todo.extend(parts_of(&target));
            } else if todo.is_empty() {
                return Ok(PlaceBeneath { above, last: Some(name) });
            } else {
                let flags = LOOK | OFlags::DIRECTORY | OFlags::NOFOLLOW;
                let inner = openat(folder, &name, flags, Mode::empty())?;
                above.push((name, inner));
            }
        }
        Ok(PlaceBeneath { above, last: None })
    }

    /// What of an absolute path lies beneath the folder, however that is spelled.
    fn beneath(&self, target: &Path) -> Option<PathBuf> {
        let given = target.strip_prefix(&self.path).ok().map(Path::to_owned);
        given.or_else(|| {
            let real = self.path.canonicalize().ok()?;
            Some(target.strip_prefix(real).ok()?.to_owned())
        })
    }

    fn leads_out(&self) -> io::Error {
        Unfit::LeadsOut(self.path.display().to_string()).into()
    }
}

/// The parts of a path, the first one last.
fn parts_of(path: &Path) -> Vec<OsString> {
    let parts = path.components().filter(|part| *part != Component::CurDir);
    let mut parts: Vec<OsString> = parts.map(|part| part.as_os_str().to_owned()).collect();
    parts.reverse();
    parts
}
