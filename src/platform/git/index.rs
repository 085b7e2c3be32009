//! The tree that an index stands for, found without starting git where git left it there.

use std::path::Path;

use crate::domain::model::oid::Oid;
use crate::platform::store::regular;
use crate::platform::store::regular::{INDEX, LastLink};

/// The tree that git recorded in the index file's cache-tree extension, as `git commit` leaves it
/// before it calls `pre-commit`.
///
/// `None` is no error: the extension is missing or out of date, or the file is of a form that this
/// reader does not know (split or sparse index, a newer version); then `git write-tree` is asked.
/// Format: git's `Documentation/gitformat-index.adoc`.
pub fn recorded_tree(index: &Path, oid_len: usize) -> Option<Oid> {
    // Read whole: 5,000 files are half a megabyte.
    tree_in(&regular::read(index, LastLink::Follow, INDEX).ok()?, oid_len)
}

fn tree_in(bytes: &[u8], oid_len: usize) -> Option<Oid> {
    let body = bytes.get(..bytes.len().checked_sub(oid_len)?)?;
    let extensions = skip_entries(body, oid_len)?;
    root_of(body.get(extensions..)?, oid_len)
}

/// Where the extensions start.
fn skip_entries(bytes: &[u8], oid_len: usize) -> Option<usize> {
    if bytes.get(..4)? != b"DIRC" {
        return None;
    }
    let version = be_u32(bytes, 4)?;
    let count = be_u32(bytes, 8)?;
    if !(2..=4).contains(&version) {
        return None;
    }
    let mut at = 12;
    for _ in 0..count {
        at = skip_entry(bytes, at, oid_len, version)?;
    }
    Some(at)
}

fn skip_entry(bytes: &[u8], start: usize, oid_len: usize, version: u32) -> Option<usize> {
    const STAT: usize = 40;
    const EXTENDED: u8 = 0x40;
    const INTENT_TO_ADD: u8 = 0x20;
    let flags_at = start + STAT + oid_len;
    let flags = *bytes.get(flags_at)?;
    let mut name_at = flags_at + 2;
    if flags & EXTENDED != 0 {
        // A file added with `git add -N` is in the index and not in its tree.
        if bytes.get(name_at)? & INTENT_TO_ADD != 0 {
            return None;
        }
        name_at += 2;
    }
    if version == 4 {
        // A number of bytes to take back from the last name, in a variable number of bytes.
        while bytes.get(name_at)? & 0x80 != 0 {
            name_at += 1;
        }
        let rest = bytes.get(name_at + 1..)?;
        return Some(name_at + 1 + memchr::memchr(0, rest)? + 1);
    }
    let end = name_at + memchr::memchr(0, bytes.get(name_at..)?)?;
    // One to eight NUL bytes round the entry up to a multiple of eight.
    Some(start + ((end - start) / 8 + 1) * 8)
}

fn root_of(mut extensions: &[u8], oid_len: usize) -> Option<Oid> {
    while !extensions.is_empty() {
        let name = extensions.get(..4)?;
        let size = usize::try_from(be_u32(extensions, 4)?).ok()?;
        let content = extensions.get(8..8 + size)?;
        if name == b"TREE" {
            return root_entry(content, oid_len);
        }
        // Split (`link`) and sparse (`sdir`) indexes do not list every file.
        if name.iter().any(u8::is_ascii_lowercase) {
            return None;
        }
        extensions = extensions.get(8 + size..)?;
    }
    None
}

/// `NUL <entry count> SP <subtree count> LF <oid>`; an entry count of -1 means out of date.
fn root_entry(content: &[u8], oid_len: usize) -> Option<Oid> {
    let rest = content.strip_prefix(b"\0")?;
    if rest.first() == Some(&b'-') {
        return None;
    }
    let line_end = memchr::memchr(b'\n', rest)?;
    Oid::from_raw(rest.get(line_end + 1..line_end + 1 + oid_len)?)
}

fn be_u32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::tree_in;
    use crate::fuzz;

    /// An index of one file with its tree, as git writes it.
    fn index(version: u8) -> Vec<u8> {
        let entry = [&[0; 40], [0xa1; 20].as_slice(), &[0, 4], b"a.rs"].concat();
        let entry = match version {
            4 => [&entry[..62], b"\x00a.rs\0"].concat(),
            _ => [&entry, vec![0; 8 - entry.len() % 8].as_slice()].concat(),
        };
        let tree = [b"\x001 0\n", [0xb2; 20].as_slice()].concat();
        [b"DIRC\0\0\0", &[version][..], &[0, 0, 0, 1], &entry, b"TREE\0\0\0\x19", &tree, &[0; 20]]
            .concat()
    }

    #[test]
    fn drawn_indexes_have_a_tree_or_none() {
        let (two, four) = (index(2), index(4));
        for whole in [&two, &four] {
            assert_eq!(tree_in(whole, 20).unwrap().as_str(), "b2".repeat(20));
        }
        let words = [
            b"DIRC".as_slice(),
            b"TREE",
            b"link",
            b"\0\0\0\x04",
            b"\xff\xff\xff\xff",
            b"\x80\x80\x80",
            b"-1 0\n",
        ];
        fuzz::hold("indexes", &[&two, &four], &words, |bytes| {
            drop((tree_in(bytes, 20), tree_in(bytes, 32)));
        });
    }
}
