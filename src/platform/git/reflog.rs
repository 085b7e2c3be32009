//! The logs in which git writes down how a ref moved.

use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::Path;

use bstr::{BString, ByteSlice as _};

use crate::domain::model::oid::Oid;
use crate::platform::store::regular;
use crate::platform::store::regular::LastLink;

/// One move of a ref.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Move<'a> {
    /// `None` where the ref began.
    pub old: Option<Oid>,
    pub new: Oid,
    /// Since 1970, by the committer's date.
    pub seconds: i64,
    /// What git says of it: `commit (amend): …`, `update by push`.
    pub message: &'a [u8],
}

/// Reads a line: `OLD NEW NAME <ADDRESS> SECONDS ZONE<tab>MESSAGE`.
pub fn parse(line: &[u8]) -> Option<Move<'_>> {
    let tab = line.find_byte(b'\t').unwrap_or(line.len());
    let (who, message) = line.split_at(tab);
    let mut oids = who.split_str(" ");
    let mut oid = || Oid::parse(oids.next()?.to_str().ok()?).ok();
    let (old, new) = (oid()?, oid()?);
    let seconds = who.rsplit(|byte| *byte == b' ').nth(1)?.to_str().ok()?.parse().ok()?;
    let message = message.strip_prefix(b"\t").unwrap_or_default();
    Some(Move { old: (!old.is_zero()).then_some(old), new, seconds, message })
}

/// The lines that are written to their end.
pub fn whole(text: &[u8]) -> &[u8] {
    text.rfind_byte(b'\n').map_or(&[], |end| &text[..=end])
}

/// The last whole lines of a log, of at most `most` bytes; nothing where there is no log.
pub fn tail(log: &Path, most: u64) -> io::Result<BString> {
    let mut file = match regular::open(log, LastLink::Refuse) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BString::default()),
        file => file?,
    };
    let size = file.metadata()?.len();
    let mut text = Vec::new();
    if size > most {
        file.seek(SeekFrom::Start(size - most))?;
    }
    file.take(most).read_to_end(&mut text)?;
    let first =
        if size > most { text.find_byte(b'\n').map_or(text.len(), |end| end + 1) } else { 0 };
    Ok(whole(&text[first..]).into())
}
