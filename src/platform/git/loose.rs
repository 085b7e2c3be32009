//! Reads a blob from its own file in one go. libgit2 opens the file once for the size and once more
//! for the content, and takes what a damaged file says of its size for true.

use std::io::{BufRead, BufReader, Read as _};
use std::path::Path;

use crate::domain::model::objects::Content;
use crate::domain::model::oid::Oid;
use crate::platform::store::regular;

/// `blob <size>`, with as many digits as a size can have.
const HEADER_BYTES_MAX: usize = 32;

/// The content of a blob of up to `most` bytes. `None` where it has no file of its own below this
/// folder, or one that is no whole blob: libgit2 then finds it elsewhere, or says what is wrong.
pub fn read(objects: &Path, oid: &Oid, most: u64) -> Option<Content> {
    let (folder, name) = oid.as_str().split_at(2);
    let path = objects.join(folder).join(name);
    let file = regular::open_unseen(&path).ok()?;
    let mut stream = BufReader::new(flate2::read::ZlibDecoder::new(file));
    let size = size_of_blob(&mut stream)?;
    if size > most {
        return Some(Content::TooLarge(size));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(size).ok()?);
    // One byte more shows that there is more than it says.
    stream.take(size + 1).read_to_end(&mut bytes).ok()?;
    (bytes.len() as u64 == size).then_some(Content::Whole(bytes))
}

fn size_of_blob(stream: &mut impl BufRead) -> Option<u64> {
    let mut header = Vec::with_capacity(HEADER_BYTES_MAX);
    stream.take(HEADER_BYTES_MAX as u64).read_until(0, &mut header).ok()?;
    let size = header.strip_suffix(b"\0")?.strip_prefix(b"blob ")?;
    std::str::from_utf8(size).ok()?.parse().ok()
}
