//! Reads objects from files of their own. libgit2 is never given such a file to read: of one that was
//! cut short it reads without end, and it takes what a damaged one says of its size for true.

use std::ffi::OsString;
use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind, Read};
use std::path::{Path, PathBuf};

use bstr::ByteSlice;

use crate::domain::model::oid::Oid;
use crate::platform::git::alternates;
use crate::platform::git::read_object::{ObjectKind, ReadObject};
use crate::platform::store::regular;
use crate::platform::store::regular::{LastLink, STATE};

/// A kind and a size, with as many digits as a size can have.
const HEADER_BYTES_MAX: usize = 32;

/// How deep one folder of objects may name another, as in git.
const ALTERNATES_DEPTH_MAX: usize = 5;

/// The folders that hold the objects of one repository.
pub struct LooseObjects {
    folders: Vec<PathBuf>,
}

/// Why a file that should hold an object gives none.
#[derive(Debug, thiserror::Error)]
pub enum LooseError {
    #[error("`{}` is damaged: {}", .path.display(), .what)]
    Damaged { path: PathBuf, what: String },
    #[error("could not read `{}`", .path.display())]
    Unreadable { path: PathBuf, source: std::io::Error },
}

impl LooseObjects {
    /// Those of the repository with that common directory. The variables are those that git set for a
    /// hook: of a push that was not accepted yet they say where its objects are.
    pub fn of_repository(common_dir: &Path, hook_vars: &[(&'static str, OsString)]) -> Self {
        let var = |name| hook_vars.iter().find(|(var, _)| *var == name).map(|(_, value)| value);
        Self::new(
            var("GIT_OBJECT_DIRECTORY").map_or_else(|| common_dir.join("objects"), Into::into),
            var(alternates::VARIABLE).into_iter().flat_map(|value| alternates::named(value)),
        )
    }

    /// The objects of a folder and of those beside it, with all that they name in `info/alternates`.
    pub fn new(objects: PathBuf, beside: impl IntoIterator<Item = PathBuf>) -> Self {
        let mut folders = Vec::new();
        for folder in std::iter::once(objects).chain(beside) {
            add(&mut folders, folder, 0);
        }
        Self { folders }
    }

    /// The kind and the size that an object's file says it has; `None` where it has no file of its own.
    pub fn header(&self, oid: &Oid) -> Result<Option<(ObjectKind, u64)>, LooseError> {
        self.find(oid, |file| header(&mut stream(file)))
    }

    /// An object of up to `most` bytes; `None` where it has no file of its own.
    pub fn read(&self, oid: &Oid, most: u64) -> Result<Option<ReadObject>, LooseError> {
        self.find(oid, |file| whole(stream(file), most))
    }

    fn find<T>(
        &self,
        oid: &Oid,
        read: impl Fn(File) -> Result<T, Problem>,
    ) -> Result<Option<T>, LooseError> {
        let (folder, name) = oid.as_str().split_at(2);
        for objects in &self.folders {
            let path = objects.join(folder).join(name);
            let result = match open(&path) {
                Ok(None) => continue,
                Ok(Some(file)) => read(file),
                Err(problem) => Err(problem),
            };
            return result.map(Some).map_err(|problem| match problem {
                Problem::Damaged(what) => LooseError::Damaged { path, what },
                Problem::Io(source) => LooseError::Unreadable { path, source },
            });
        }
        Ok(None)
    }
}

fn add(folders: &mut Vec<PathBuf>, folder: PathBuf, depth: usize) {
    if depth > ALTERNATES_DEPTH_MAX || folders.contains(&folder) {
        return;
    }
    let alternates = folder.join("info/alternates");
    let alternates = regular::read(&alternates, LastLink::Follow, STATE).unwrap_or_default();
    let lines = ByteSlice::lines(alternates.as_slice())
        .filter(|line| !line.is_empty() && !line.starts_with(b"#"));
    let named: Vec<PathBuf> = lines.map(|line| folder.join(line.to_path_lossy())).collect();
    folders.push(folder);
    for other in named {
        add(folders, other, depth + 1);
    }
}

/// The file, where there is one. What is no file, git would wait for, too: it is not asked.
fn open(path: &Path) -> Result<Option<File>, Problem> {
    match regular::open(path, LastLink::Follow) {
        Ok(file) => Ok(Some(file)),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            Ok(None)
        }
        Err(error) => Err(Problem::Io(error)),
    }
}

fn whole(mut stream: impl BufRead, most: u64) -> Result<ReadObject, Problem> {
    let (kind, size) = header(&mut stream)?;
    if size > most {
        return Ok(ReadObject::TooLarge(kind, size));
    }
    let mut bytes = Vec::new();
    let capacity = usize::try_from(size).map_err(|_| Problem::of("it is too large"))?;
    bytes.try_reserve_exact(capacity).map_err(|_| Problem::Io(ErrorKind::OutOfMemory.into()))?;
    // One byte more shows that there is more than it says.
    stream.take(size + 1).read_to_end(&mut bytes).map_err(Problem::of_stream)?;
    if bytes.len() as u64 != size {
        let more = if bytes.len() as u64 > size { "more" } else { "fewer" };
        return Err(Problem::of(format!("it says {size} bytes and has {more}")));
    }
    Ok(ReadObject::Whole(kind, bytes))
}

fn stream(file: impl Read) -> impl BufRead {
    BufReader::new(flate2::read::ZlibDecoder::new(file))
}

/// `<kind> SP <size> NUL`.
fn header(stream: &mut impl BufRead) -> Result<(ObjectKind, u64), Problem> {
    let mut header = Vec::with_capacity(HEADER_BYTES_MAX);
    let read = stream.take(HEADER_BYTES_MAX as u64).read_until(0, &mut header);
    read.map_err(Problem::of_stream)?;
    parse(&header).ok_or_else(|| Problem::of("it does not begin as an object"))
}

fn parse(header: &[u8]) -> Option<(ObjectKind, u64)> {
    let (kind, size) = header.strip_suffix(b"\0")?.split_once_str(" ")?;
    let kind = ObjectKind::from_name(kind.to_str().ok()?)?;
    Some((kind, size.to_str().ok()?.parse().ok()?))
}

enum Problem {
    Damaged(String),
    Io(std::io::Error),
}

impl Problem {
    fn of(what: impl Into<String>) -> Self {
        Self::Damaged(what.into())
    }

    /// What cannot be unpacked is damaged; a file system may fail as well.
    fn of_stream(error: std::io::Error) -> Self {
        match error.kind() {
            ErrorKind::InvalidInput | ErrorKind::InvalidData | ErrorKind::UnexpectedEof => {
                Self::Damaged(error.to_string())
            }
            _ => Self::Io(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::ZlibEncoder;

    use super::{Problem, stream, whole};
    use crate::domain::model::limits::OBJECT_BYTES_MAX;
    use crate::fuzz;
    use crate::platform::git::read_object::ReadObject;

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn drawn_files_of_objects_are_read_or_damaged() {
        let plain = [b"blob 6\0hello\n".as_slice(), b"commit 9\0tree a1\n\n", b"tree 0\0"];
        let words = [
            b"blob ".as_slice(),
            b"tag ",
            b"\0",
            b" ",
            b"\x78\x01\x01",
            b"33554432",
            b"18446744073709551615",
        ];
        let files: Vec<Vec<u8>> = plain.iter().map(|one| packed(one)).collect();
        let make = move |draw: &mut fuzz::Draw| match draw.below(3) {
            0 => draw.input(&files.iter().map(Vec::as_slice).collect::<Vec<_>>(), &words),
            _ => packed(&draw.input(&plain, &words)),
        };
        fuzz::hold_drawn("files of objects", make, |bytes| {
            match whole(stream(bytes), OBJECT_BYTES_MAX) {
                Ok(ReadObject::Whole(_, content)) => {
                    assert!(content.len() as u64 <= OBJECT_BYTES_MAX);
                }
                Ok(ReadObject::TooLarge(_, size)) => assert!(size > OBJECT_BYTES_MAX),
                Err(Problem::Damaged(_) | Problem::Io(_)) => {}
            }
        });
    }
}
