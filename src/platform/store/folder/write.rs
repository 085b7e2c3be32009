//! Writes beneath a folder, through no link and into no git directory.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Component, Path, PathBuf};

use crate::platform::config::random;
use anyhow::{Context as _, Result};
use rustix::fs::{
    AtFlags, FileType, Mode, OFlags, RawMode, RenameFlags, Stat, chmodat, fchmod, linkat, mkdirat,
    openat, renameat, renameat_with, statat, unlinkat,
};
use rustix::io::Errno;

use crate::platform::store::crash::save_point;
use crate::platform::store::folder::{Folder, LOOK, is_git};
use crate::platform::store::permissions::BESIDE;
use crate::platform::store::regular::{Unfit, kind_name};

/// How many letters and digits follow [`BESIDE`].
const BESIDE_LETTERS: usize = 6;

/// How often a name is drawn that something else has.
const DRAWS_MAX: usize = 100;

impl Folder {
    /// Replaces a file in one step: written beside it, synced, renamed over it. Missing folders are
    /// made. The mode of an existing file is kept; a new one has the rights that the umask leaves it.
    pub fn write(&self, path: impl AsRef<Path>, content: &[u8]) -> Result<()> {
        self.write_as(path.as_ref(), content, None)
    }

    /// As [`Self::write`], where a new file is a program that everyone may run.
    pub fn write_script(&self, path: impl AsRef<Path>, content: &[u8]) -> Result<()> {
        self.write_as(path.as_ref(), content, Some(0o755))
    }

    fn write_as(&self, path: &Path, content: &[u8], new: Option<RawMode>) -> Result<()> {
        save_point();
        self.replace(path, content, new).with_context(|| self.failed(path))?;
        save_point();
        Ok(())
    }

    /// Writes a file that must not be there yet, in one step; `false` where it was there.
    pub fn write_new(&self, path: impl AsRef<Path>, content: &[u8]) -> Result<bool> {
        let path = path.as_ref();
        let write = || {
            let (folder, name) = self.place_to_write(path)?;
            if look(&folder, &name)?.is_some() {
                return Ok(false);
            }
            let beside = Beside::make(&folder, content, None)?;
            beside.persist_new(&name)
        };
        write().with_context(|| self.failed(path))
    }

    /// Says why nothing could be written at a path: a link on the way to it or in its place, a git
    /// directory. Makes nothing.
    pub fn refuse_to_write(&self, path: impl AsRef<Path>) -> io::Result<()> {
        match self.place(path.as_ref(), false) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
            Ok((folder, name)) => is_file_or_nothing(&folder, &name, path.as_ref()).map(drop),
        }
    }

    /// Gives the right to run a file to all who may read it.
    pub fn make_executable(&self, path: &Path) -> io::Result<()> {
        let (folder, name) = self.place(path, false)?;
        let stat = is_file_or_nothing(&folder, &name, path)?.ok_or(io::ErrorKind::NotFound)?;
        let mode = stat.st_mode & 0o7777;
        let mode = Mode::from_raw_mode(mode | (mode & 0o444) >> 2);
        Ok(chmodat(&folder, &name, mode, AtFlags::empty())?)
    }

    /// Removes a file, where it is there.
    pub fn remove(&self, path: impl AsRef<Path>) -> io::Result<()> {
        let removed = self.place(path.as_ref(), false).and_then(|(folder, name)| {
            unlinkat(&folder, &name, AtFlags::empty()).map_err(io::Error::from)
        });
        match removed {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed,
        }
    }

    /// Removes what writers left beside their files in a folder when they were killed. Only for a folder
    /// that no other process writes to.
    pub fn sweep(&self, path: impl AsRef<Path>) {
        let path = path.as_ref();
        // What cannot be removed does no harm.
        if self.refuse_to_write(path.join(BESIDE)).is_err() {
            return;
        }
        for (name, kind) in self.list(path).unwrap_or_default() {
            if kind == FileType::RegularFile && is_beside(&name) {
                drop(self.remove(path.join(name)));
            }
        }
    }

    fn replace(&self, path: &Path, content: &[u8], new: Option<RawMode>) -> io::Result<()> {
        let (folder, name) = self.place_to_write(path)?;
        let before = is_file_or_nothing(&folder, &name, path)?;
        let beside = Beside::make(&folder, content, before.map(|stat| stat.st_mode).or(new))?;
        save_point();
        beside.persist(&name)
    }

    fn place_to_write(&self, path: &Path) -> io::Result<(OwnedFd, OsString)> {
        self.place(path, true)
    }

    /// The folder of a path, which is made where it is missing and `make` says so, and the name in it.
    fn place(&self, path: &Path, make: bool) -> io::Result<(OwnedFd, OsString)> {
        let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
        let git = look(&self.fd, OsStr::new(".git"))?;
        let mut folder = openat(&self.fd, ".", LOOK | OFlags::DIRECTORY, Mode::empty())?;
        let mut so_far = PathBuf::new();
        for part in path.components() {
            let Component::Normal(part) = part else {
                return Err(io::ErrorKind::InvalidInput.into());
            };
            if is_git(part) {
                return Err(Unfit::InGit.into());
            }
            so_far.push(part);
            if so_far == path {
                break;
            }
            folder = enter(&folder, part, &so_far, make)?;
            // Whatever its name is on this drive.
            let here = statat(&folder, ".", AtFlags::empty())?;
            if git.is_some_and(|git| (git.st_dev, git.st_ino) == (here.st_dev, here.st_ino)) {
                return Err(Unfit::InGit.into());
            }
        }
        Ok((folder, name.to_owned()))
    }

    fn failed(&self, path: &Path) -> String {
        format!("could not write `{}`", self.path.join(path).display())
    }
}

/// What is to be replaced; an error where that is no file.
fn is_file_or_nothing(folder: &OwnedFd, name: &OsStr, path: &Path) -> io::Result<Option<Stat>> {
    let before = look(folder, name)?;
    match before.map(|stat| FileType::from_raw_mode(stat.st_mode)) {
        None | Some(FileType::RegularFile) => Ok(before),
        Some(FileType::Symlink) => Err(Unfit::WrittenThrough(path.display().to_string()).into()),
        Some(other) => Err(Unfit::NotAFile(kind_name(other)).into()),
    }
}

/// What a name in a folder itself is; `None` where there is nothing.
fn look(folder: impl AsFd, name: &OsStr) -> io::Result<Option<Stat>> {
    match statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => Ok(Some(stat)),
        Err(Errno::NOENT) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Opens a folder in a folder, made where it is missing.
fn enter(folder: &OwnedFd, name: &OsStr, so_far: &Path, make: bool) -> io::Result<OwnedFd> {
    let flags = LOOK | OFlags::DIRECTORY | OFlags::NOFOLLOW;
    let open = || openat(folder, name, flags, Mode::empty());
    let opened = match open() {
        Err(Errno::NOENT) if make => match mkdirat(folder, name, Mode::from_raw_mode(0o777)) {
            // Another process was faster.
            Ok(()) | Err(Errno::EXIST) => open(),
            Err(error) => Err(error),
        },
        opened => opened,
    };
    let is_link = || {
        let there = look(folder, name).ok().flatten();
        there.is_some_and(|it| FileType::from_raw_mode(it.st_mode) == FileType::Symlink)
    };
    match opened {
        Err(Errno::NOTDIR | Errno::LOOP) if is_link() => {
            Err(Unfit::WrittenThrough(so_far.display().to_string()).into())
        }
        opened => Ok(opened?),
    }
}

/// A file beside the one whose place it takes; gone with this, unless it took it.
struct Beside<'a> {
    folder: &'a OwnedFd,
    name: Option<String>,
}

impl<'a> Beside<'a> {
    fn make(folder: &'a OwnedFd, content: &[u8], mode: Option<RawMode>) -> io::Result<Self> {
        let (mut file, beside) = Self::create(folder)?;
        if let Some(mode) = mode {
            fchmod(&file, Mode::from_raw_mode(mode))?;
        }
        file.write_all(content)?;
        file.sync_all()?;
        Ok(beside)
    }

    fn create(folder: &'a OwnedFd) -> io::Result<(File, Self)> {
        let flags =
            OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        for _ in 0..DRAWS_MAX {
            let drawn = random::id().to_string();
            let name = format!("{BESIDE}{}", &drawn[drawn.len() - BESIDE_LETTERS..]);
            match openat(folder, name.as_str(), flags, Mode::from_raw_mode(0o666)) {
                Ok(fd) => return Ok((File::from(fd), Self { folder, name: Some(name) })),
                Err(Errno::EXIST) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Errno::EXIST.into())
    }

    fn persist(mut self, name: &OsStr) -> io::Result<()> {
        let beside = self.name.as_deref().unwrap_or_default();
        renameat(self.folder, beside, self.folder, name)?;
        self.name = None;
        Ok(())
    }

    /// `false` where something has that name already.
    fn persist_new(mut self, name: &OsStr) -> io::Result<bool> {
        let beside = self.name.as_deref().unwrap_or_default();
        match renameat_with(self.folder, beside, self.folder, name, RenameFlags::NOREPLACE) {
            Ok(()) => {
                self.name = None;
                Ok(true)
            }
            Err(Errno::EXIST) => Ok(false),
            // Network drives do not know the flag.
            Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {
                match linkat(self.folder, beside, self.folder, name, AtFlags::empty()) {
                    Ok(()) => Ok(true),
                    Err(Errno::EXIST) => Ok(false),
                    Err(error) => Err(error.into()),
                }
            }
            Err(error) => Err(error.into()),
        }
    }
}

impl Drop for Beside<'_> {
    fn drop(&mut self) {
        if let Some(name) = &self.name {
            drop(unlinkat(self.folder, name.as_str(), AtFlags::empty()).map_err(io::Error::from));
        }
    }
}

/// Whether a name is one of those that writers give to what is not whole yet.
pub fn is_beside(name: &OsStr) -> bool {
    let rest = name.to_str().and_then(|name| name.strip_prefix(BESIDE));
    rest.is_some_and(|rest| {
        rest.len() == BESIDE_LETTERS && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}
