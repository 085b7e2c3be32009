//! Files that are whole or not there.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::platform::store::crash::save_point;
use crate::platform::store::folder::write::is_beside;
use crate::platform::store::permissions;
use crate::platform::store::regular;
use crate::platform::store::regular::{LastLink, STATE, Unfit};

/// Replaces a file in one step: written beside it, synced, renamed over it. Missing folders are
/// made. The mode of an existing file is kept; a new one has the rights that the umask leaves it,
/// below the state folder those of the repository's own files. It has them before it has content.
///
/// After a crash the file holds the old content or the new one. That the new name itself survives a
/// power loss is not promised: the folder is not synced.
pub fn write_atomic(path: &Path, content: &[u8]) -> Result<()> {
    write_with_mode(path, content, mode_of(path), Durability::Synced)
}

/// As `write_atomic`, and not synced, which takes milliseconds on a disk: for what is made again where it is wrong. After a loss of
/// power it may be empty, or as it was before.
pub fn write_unsynced(path: &Path, content: &[u8]) -> Result<()> {
    write_with_mode(path, content, mode_of(path), Durability::Unsynced)
}

fn mode_of(path: &Path) -> Option<u32> {
    fs::metadata(path).ok().map(|existing| existing.permissions().mode())
}

/// What a loss of power may do to a file that was written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Durability {
    /// Nothing.
    Synced,
    /// Take its content.
    Unsynced,
}

/// As `write_atomic`, for a program that everyone may run; a symbolic link is replaced by it.
pub fn write_executable(path: &Path, content: &[u8]) -> Result<()> {
    write_with_mode(path, content, Some(0o755), Durability::Synced)
}

fn write_with_mode(
    path: &Path,
    content: &[u8],
    mode: Option<u32>,
    durability: Durability,
) -> Result<()> {
    let write = || -> io::Result<()> {
        let mut beside = permissions::file_beside(path, mode)?;
        beside.write_all(content)?;
        if durability == Durability::Synced {
            beside.as_file().sync_all()?;
        }
        save_point();
        beside.persist(path)?;
        Ok(())
    };
    save_point();
    write_in_folder(path, write)?;
    save_point();
    Ok(())
}

/// Writes a file that must not be there yet, in one step; `false` where it was there.
pub fn write_new(path: &Path, content: &[u8]) -> Result<bool> {
    let write = || -> io::Result<bool> {
        let mut beside = permissions::file_beside(path, None)?;
        beside.write_all(content)?;
        beside.as_file().sync_all()?;
        save_point();
        match beside.persist_noclobber(path) {
            Ok(_) => Ok(true),
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(error.error),
        }
    };
    save_point();
    let written = write_in_folder(path, write)?;
    save_point();
    Ok(written)
}

/// Removes folders, the innermost first, as long as nothing is in them.
pub fn remove_empty<'p>(folders: impl IntoIterator<Item = &'p Path>) {
    for folder in folders {
        if fs::remove_dir(folder).is_err() {
            break;
        }
    }
}

/// Removes what writers left beside their files in a folder when they were killed. Only for a folder
/// that no other process writes to.
pub fn sweep(folder: &Path) {
    for entry in entries(folder).into_iter().flatten().filter_map(Result::ok) {
        if is_beside(&entry.file_name()) {
            // What cannot be removed does no harm.
            drop(remove_if_there(&entry.path()));
        }
    }
}

/// As [`sweep`], for a folder that others write to: only what is older than anybody takes to write a file.
pub fn sweep_old(folder: &Path) {
    const LONG_SINCE: Duration = Duration::from_hours(1);
    for entry in entries(folder).into_iter().flatten().filter_map(Result::ok) {
        let written = entry.metadata().and_then(|data| data.modified()).ok();
        let is_old = written.is_some_and(|at| at.elapsed().is_ok_and(|since| since > LONG_SINCE));
        if is_beside(&entry.file_name()) && is_old {
            drop(remove_if_there(&entry.path()));
        }
    }
}

/// Removes a file, where it is there.
pub fn remove_file(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("could not remove `{}`", path.display()))
        }
        _ => Ok(()),
    }
}

/// Removes a file, a link (not what it points to) or a folder with all that is in it, where it is
/// there.
pub fn remove_if_there(path: &Path) -> io::Result<()> {
    let removed = match fs::symlink_metadata(path) {
        Ok(data) if data.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// Opens a file of the program's own for reading: no link, and nothing but a file.
pub fn open(path: &Path) -> io::Result<File> {
    regular::open(path, LastLink::Refuse)
}

/// The entries of a folder that the program itself or git made.
pub fn entries(folder: &Path) -> io::Result<fs::ReadDir> {
    if fs::symlink_metadata(folder)?.is_symlink() {
        return Err(Unfit::Link.into());
    }
    #[expect(clippy::disallowed_methods, reason = "no repository chooses what is in it")]
    fs::read_dir(folder)
}

/// Reads a file of the program's own.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    regular::read(path, LastLink::Refuse, STATE)
}

/// As `read`, for text; what is not UTF-8 is an error of the kind `InvalidData`.
pub fn read_text(path: &Path) -> io::Result<String> {
    regular::text_of(read(path)?)
}

/// Adds one line to a file that several processes write to. A line of up to 4 KiB arrives whole.
pub fn append_line(path: &Path, line: &str) -> Result<()> {
    let append = || permissions::open_append(path)?.write_all(format!("{line}\n").as_bytes());
    append().with_context(|| format!("could not write `{}`", path.display()))
}

/// As `append_line`, for a file that is to stay small.
pub fn append_line_bounded(path: &Path, line: &str) -> Result<()> {
    set_aside_when_full(path);
    append_line(path, line)
}

/// Sets a file of 1 MiB or more aside as `<name>.1`, in place of the one before.
pub fn set_aside_when_full(path: &Path) {
    const SIZE_MAX: u64 = 1024 * 1024;
    if fs::metadata(path).is_ok_and(|file| file.len() >= SIZE_MAX) {
        let mut aside = path.as_os_str().to_owned();
        aside.push(".1");
        // Of two processes that both see a full file, the second finds nothing to set aside.
        drop(fs::rename(path, aside));
    }
}

/// Writes a file into its folder, which is made where it is missing, and made again where another process
/// takes it away at that moment: a purge beside a start.
fn write_in_folder<T>(path: &Path, mut write: impl FnMut() -> io::Result<T>) -> Result<T> {
    const TRIES: u32 = 10;
    let folder = path.parent().context("a file needs a folder")?;
    let mut tries = 1;
    loop {
        permissions::make_dir(folder)
            .with_context(|| format!("could not create the folder `{}`", folder.display()))?;
        match write() {
            Err(error) if error.kind() == io::ErrorKind::NotFound && tries < TRIES => tries += 1,
            done => return done.with_context(|| format!("could not write `{}`", path.display())),
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "tests look at what was written")]

    use super::*;

    #[test]
    fn a_folder_that_is_taken_away_while_a_file_is_written_into_it_is_made_again() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("one/two/file");
        let mut taken_away = 0;
        write_in_folder(&path, || {
            if taken_away < 2 {
                taken_away += 1;
                fs::remove_dir_all(place.path().join("one"))?;
            }
            fs::write(&path, "text")
        })
        .unwrap();
        assert_eq!((taken_away, fs::read(&path).unwrap()), (2, b"text".to_vec()));
    }

    #[test]
    fn what_is_missing_for_good_is_an_error() {
        let place = tempfile::tempdir().unwrap();
        let never = || -> io::Result<()> { Err(io::ErrorKind::NotFound.into()) };
        let error = write_in_folder(&place.path().join("file"), never).unwrap_err();
        assert!(format!("{error:#}").contains("could not write"), "{error:#}");
    }
}
