//! Regular files, opened and read within a bound: no pipe is waited for, and no device is read without
//! end.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _};
use std::path::Path;

use rustix::fs::{FileType, OFlags};
use rustix::io::Errno;

/// The most that is read of a kind of file.
#[derive(Clone, Copy, Debug)]
pub struct ReadLimit {
    pub bytes: u64,
    /// What is read, with its article, for the message.
    pub of: &'static str,
}

const MIB: u64 = 1024 * 1024;

/// People write settings by hand; more than this is none.
pub const SETTINGS: ReadLimit = ReadLimit { bytes: MIB, of: "a file of settings" };

/// `package.json`, `Makefile`: written by hand, and only some words of them matter.
pub const MANIFEST: ReadLimit = ReadLimit { bytes: MIB, of: "a manifest" };

/// A hook is a script; what is larger was not written by us, and that is all that is asked.
pub const HOOK: ReadLimit = ReadLimit { bytes: MIB, of: "a hook" };

/// The message of a commit: nobody writes more, and git shows a diff of megabytes at most in it.
pub const MESSAGE: ReadLimit = ReadLimit { bytes: 64 * MIB, of: "a message" };

/// A scanner's report on a large code base has some ten megabytes.
pub const REPORT: ReadLimit = ReadLimit { bytes: 256 * MIB, of: "a report" };

/// What a model writes in one answer has some hundred kilobytes; parsed it takes several times as much.
pub const ANSWER: ReadLimit = ReadLimit { bytes: 8 * MIB, of: "an answer" };

/// The list of 50,000 known specs has 20 MiB; logs and notes are smaller.
pub const STATE: ReadLimit = ReadLimit { bytes: 256 * MIB, of: "a file of state" };

/// An index of ten million files.
pub const INDEX: ReadLimit = ReadLimit { bytes: 1024 * MIB, of: "an index" };

/// Whether a link at the end of a path is followed. Those before it are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LastLink {
    /// For paths that a person or git named.
    Follow,
    /// For files that the program itself made.
    Refuse,
}

/// Why a file is not opened or not read, as the source of an [`io::Error`].
#[derive(Debug, thiserror::Error)]
pub enum Unfit {
    #[error("it is a symbolic link, and no link is followed there")]
    Link,
    #[error(
        "`{0}` is a symbolic link, and files are not written through one: put what it leads to in its place"
    )]
    WrittenThrough(String),
    #[error(
        "a symbolic link leads out of `{0}`, and is not followed: put what it leads to in its place"
    )]
    LeadsOut(String),
    #[error("it leads into a git directory, where only git reads and writes")]
    InGit,
    #[error("it is {0}, not a file")]
    NotAFile(&'static str),
    #[error("it has more than {} MiB, the most that is read of {}", .0.bytes / MIB, .0.of)]
    TooLarge(ReadLimit),
}

impl From<Unfit> for io::Error {
    fn from(unfit: Unfit) -> Self {
        Self::other(unfit)
    }
}

/// Why a file was unfit, where that is what an error says.
pub fn unfit(error: &io::Error) -> Option<&Unfit> {
    error.get_ref()?.downcast_ref()
}

/// What keeps an open from waiting for the other end of a pipe and from taking a terminal over.
pub const WAITS_FOR_NOTHING: OFlags = OFlags::NONBLOCK.union(OFlags::NOCTTY).union(OFlags::CLOEXEC);

/// Opens a regular file for reading; anything else is an error that says what it is.
pub fn open(path: &Path, link: LastLink) -> io::Result<File> {
    open_with(path, link, OpenOptions::new().read(true))
}

/// As [`open`], as `options` say.
pub fn open_with(path: &Path, link: LastLink, options: &OpenOptions) -> io::Result<File> {
    let mut flags = WAITS_FOR_NOTHING;
    if link == LastLink::Refuse {
        flags |= OFlags::NOFOLLOW;
    }
    let bits = i32::try_from(flags.bits()).unwrap_or(0);
    match options.clone().custom_flags(bits).open(path) {
        Ok(file) => of_file(file),
        // Of a device without a driver and of a pipe that nobody reads.
        Err(error) if is(&error, Errno::NXIO) => Err(Unfit::NotAFile("a pipe or a device").into()),
        Err(error) if link == LastLink::Refuse && is(&error, Errno::LOOP) => {
            Err(Unfit::Link.into())
        }
        Err(error) => Err(error),
    }
}

/// A file that was opened, where it is a regular one.
pub fn of_file(file: File) -> io::Result<File> {
    of_metadata(&file.metadata()?)?;
    Ok(file)
}

/// An error where what was looked at is no regular file.
pub fn of_metadata(metadata: &Metadata) -> io::Result<()> {
    if metadata.is_file() {
        return Ok(());
    }
    Err(Unfit::NotAFile(kind_of(metadata)).into())
}

/// Reads a regular file whole.
pub fn read(path: &Path, link: LastLink, limit: ReadLimit) -> io::Result<Vec<u8>> {
    read_file(&open(path, link)?, limit)
}

/// As [`read`], for text; what is not UTF-8 is an error.
pub fn read_text(path: &Path, link: LastLink, limit: ReadLimit) -> io::Result<String> {
    text_of(read(path, link, limit)?)
}

/// Reads what is left of a regular file.
pub fn read_file(file: &File, limit: ReadLimit) -> io::Result<Vec<u8>> {
    let bytes = start_of(file, limit.bytes.saturating_add(1))?;
    if bytes.len() as u64 > limit.bytes {
        return Err(Unfit::TooLarge(limit).into());
    }
    Ok(bytes)
}

/// Reads at most so many bytes.
pub fn start_of(file: &File, most: u64) -> io::Result<Vec<u8>> {
    let size = file.metadata()?.len().min(most);
    let mut bytes = Vec::new();
    // One more, so that the end is seen without another piece of memory.
    bytes.try_reserve_exact(usize::try_from(size).unwrap_or(usize::MAX).saturating_add(1))?;
    file.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Bytes as text.
pub fn text_of(bytes: Vec<u8>) -> io::Result<String> {
    String::from_utf8(bytes)
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8"))
}

fn is(error: &io::Error, errno: Errno) -> bool {
    error.raw_os_error() == Some(errno.raw_os_error())
}

fn kind_of(metadata: &Metadata) -> &'static str {
    let kind = metadata.file_type();
    if kind.is_fifo() {
        return "a pipe";
    }
    if kind.is_socket() {
        return "a socket";
    }
    if kind.is_dir() {
        return "a folder";
    }
    if kind.is_symlink() { "a symbolic link" } else { "a device" }
}

/// As a file's own kind says it, of what was looked at without opening it.
pub fn kind_name(kind: FileType) -> &'static str {
    match kind {
        FileType::RegularFile => "a file",
        FileType::Directory => "a folder",
        FileType::Symlink => "a symbolic link",
        FileType::Fifo => "a pipe",
        FileType::Socket => "a socket",
        FileType::CharacterDevice | FileType::BlockDevice | FileType::Unknown => "a device",
    }
}
