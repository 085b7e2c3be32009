//! Looks at, lists and reads what is beneath a folder.

use std::ffi::OsString;
use std::fs::{File, Metadata};
use std::io;
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Component, Path, PathBuf};

use rustix::fs::{AtFlags, Dir, FileType, OFlags, statat};

use crate::platform::store::folder::{Folder, LOOK};
use crate::platform::store::regular;
use crate::platform::store::regular::{ReadLimit, WAITS_FOR_NOTHING};

/// What a path leads to.
pub struct FoundFile {
    /// The path from the folder, without links.
    pub real: PathBuf,
    pub metadata: Metadata,
}

impl Folder {
    /// Looks at what a path leads to; an error of the kind `NotFound` where that is nothing.
    pub fn find(&self, path: &Path) -> io::Result<FoundFile> {
        if let Some(fd) = self.open_without_links(path, LOOK) {
            return Ok(FoundFile { real: plain(path), metadata: File::from(fd).metadata()? });
        }
        let place = self.resolve(path)?;
        let metadata = File::from(place.open(self, LOOK)?).metadata()?;
        Ok(FoundFile { real: place.real(), metadata })
    }

    /// Whether something has that path, be it a link that leads nowhere.
    pub fn is_there(&self, path: &Path) -> io::Result<bool> {
        let (Some(above), Some(name)) = (path.parent(), path.file_name()) else { return Ok(true) };
        let place = match self.resolve(above) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            place => place?,
        };
        let folder = place.open(self, LOOK | OFlags::DIRECTORY)?;
        match statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW).map_err(io::Error::from) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            looked => looked.map(|_| true),
        }
    }

    /// Opens a regular file for reading.
    pub fn open_file(&self, path: &Path) -> io::Result<File> {
        let flags = OFlags::RDONLY | WAITS_FOR_NOTHING;
        let fd = match self.open_without_links(path, flags) {
            Some(fd) => fd,
            None => self.resolve(path)?.open(self, flags)?,
        };
        regular::of_file(File::from(fd))
    }

    /// Reads a regular file whole.
    pub fn read(&self, path: impl AsRef<Path>, limit: ReadLimit) -> io::Result<Vec<u8>> {
        regular::read_file(&self.open_file(path.as_ref())?, limit)
    }

    /// As `read`, for text; what is not UTF-8 is an error.
    pub fn read_text(&self, path: impl AsRef<Path>, limit: ReadLimit) -> io::Result<String> {
        regular::text_of(self.read(path, limit)?)
    }

    /// Reads the beginning of a regular file, at most so many bytes.
    pub fn read_start(&self, path: &Path, most: u64) -> io::Result<Vec<u8>> {
        regular::start_of(&self.open_file(path)?, most)
    }

    /// Lists what is in a folder, by name, with what each entry itself is.
    pub fn list(&self, path: impl AsRef<Path>) -> io::Result<Vec<(OsString, FileType)>> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let fd = match self.open_without_links(path.as_ref(), flags) {
            Some(fd) => fd,
            None => self.resolve(path.as_ref())?.open(self, flags)?,
        };
        let mut entries = Vec::new();
        for entry in Dir::read_from(&fd)? {
            let entry = entry?;
            let name = entry.file_name();
            if name.to_bytes() == b"." || name.to_bytes() == b".." {
                continue;
            }
            let mut kind = entry.file_type();
            // Some drives do not say it.
            if kind == FileType::Unknown {
                let Ok(stat) = statat(&fd, name, AtFlags::SYMLINK_NOFOLLOW) else { continue };
                kind = FileType::from_raw_mode(stat.st_mode);
            }
            entries.push((OsString::from_vec(name.to_bytes().to_vec()), kind));
        }
        entries.sort_by(|(one, _), (other, _)| one.cmp(other));
        Ok(entries)
    }
}

/// A path without `.`.
fn plain(path: &Path) -> PathBuf {
    path.components().filter(|part| *part != Component::CurDir).collect()
}
