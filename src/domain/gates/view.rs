//! One file of a change, with its content and what is new in it.

use std::cell::OnceCell;
use std::ops::Range;

use anyhow::Result;
use bstr::ByteSlice as _;

use crate::domain::locate::lines::changes;
use crate::domain::model::change::{FileChange, FileMode};
use crate::domain::model::limits::BLOB_BYTES_MAX;
use crate::domain::model::objects::{Content, ReadObjects};

/// A file of the evaluated tree. What costs time is computed when it is asked for.
pub struct FileView<'a> {
    pub file: &'a FileChange,
    /// The whole content in the evaluated tree; a symlink's is its target.
    pub new: Vec<u8>,
    objects: &'a dyn ReadObjects,
    old: OnceCell<Option<Vec<u8>>>,
    added: OnceCell<Vec<Range<u32>>>,
}

/// The content of a file, or why it was not loaded.
pub enum LoadedFile<'a> {
    View(FileView<'a>),
    /// It has so many bytes, more than [`BLOB_BYTES_MAX`], and is not read.
    TooLarge(u64),
    /// The blob is not in this repository (a partial clone).
    Missing,
}

impl<'a> FileView<'a> {
    /// Reads the content.
    pub fn load(file: &'a FileChange, objects: &'a dyn ReadObjects) -> Result<LoadedFile<'a>> {
        let Some(entry) = &file.new else { return Ok(LoadedFile::Missing) };
        Ok(match objects.content(&entry.oid, BLOB_BYTES_MAX)? {
            Content::Whole(new) => LoadedFile::View(Self {
                file,
                new,
                objects,
                old: OnceCell::new(),
                added: OnceCell::new(),
            }),
            Content::TooLarge(size) => LoadedFile::TooLarge(size),
            Content::Missing => LoadedFile::Missing,
        })
    }

    /// The content in the base; `None` for a new file, and where the base's blob is not here or too
    /// large to be read: more lines are then named as new, never fewer.
    pub fn old(&self) -> Result<Option<&[u8]>> {
        if self.old.get().is_none() {
            let entry = self.file.old.as_ref().filter(|e| e.mode != FileMode::Submodule);
            let old = match entry {
                Some(entry) => match self.objects.content(&entry.oid, BLOB_BYTES_MAX)? {
                    Content::Whole(old) => Some(old),
                    Content::TooLarge(_) | Content::Missing => None,
                },
                None => None,
            };
            return Ok(self.old.get_or_init(|| old).as_deref());
        }
        Ok(self.old.get().and_then(Option::as_deref))
    }

    /// The lines that the change adds or edits, counted from 1, ends excluded.
    pub fn added(&self) -> Result<&[Range<u32>]> {
        if let Some(added) = self.added.get() {
            return Ok(added);
        }
        let added = match self.old()? {
            Some(old) => added_lines(old, &self.new),
            None => all_lines(&self.new),
        };
        Ok(self.added.get_or_init(|| added))
    }
}

/// The text of a line (from 1) as [`quoted`], without its end; empty where there is none.
pub fn line_text(content: &[u8], line: u32) -> String {
    let at = usize::try_from(line).unwrap_or(usize::MAX).saturating_sub(1);
    quoted(content.lines().nth(at).unwrap_or_default())
}

/// A line as it is quoted: bytes that are not UTF-8 are replaced, and it is cut after 400 characters.
pub fn quoted(line: &[u8]) -> String {
    // No more than can be quoted is looked at: a line may be the whole of a large file.
    line[..line.len().min(4 * 400)].to_str_lossy().chars().take(400).collect()
}

/// The lines of `new`, from 1, that `old` does not have.
pub fn added_lines(old: &[u8], new: &[u8]) -> Vec<Range<u32>> {
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    changes(old, new)
        .into_iter()
        .filter(|change| !change.new.is_empty())
        .map(|change| number(change.new.start + 1)..number(change.new.end + 1))
        .collect()
}

/// The one range of all lines.
pub fn all_lines(content: &[u8]) -> Vec<Range<u32>> {
    std::iter::once(1..line_count(content) + 1).collect()
}

fn line_count(content: &[u8]) -> u32 {
    u32::try_from(content.lines().count()).unwrap_or(u32::MAX - 1)
}
