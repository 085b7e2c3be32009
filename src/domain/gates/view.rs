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
    fn old(&self) -> Result<Option<&[u8]>> {
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

    /// What `look` says of the content in the base and, for a merge, of that in each other commit of
    /// it, one at a time; nothing for a new file.
    pub fn each_before<T>(&self, mut look: impl FnMut(&[u8]) -> T) -> Result<Vec<T>> {
        let mut said = Vec::new();
        said.extend(self.old()?.map(&mut look));
        for entry in self.file.merged.iter().filter(|entry| entry.mode != FileMode::Submodule) {
            if let Content::Whole(old) = self.objects.content(&entry.oid, BLOB_BYTES_MAX)? {
                said.push(look(&old));
            }
        }
        Ok(said)
    }

    /// The lines that the change adds or edits, counted from 1, ends excluded.
    pub fn added(&self) -> Result<&[Range<u32>]> {
        if let Some(added) = self.added.get() {
            return Ok(added);
        }
        let added = new_to_all(self.each_before(|old| added_lines(old, &self.new))?)
            .unwrap_or_else(|| all_lines(&self.new));
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

/// The lines that are new to each of the contents before, from the lines that are new to one; `None`
/// without any. A merge takes over what one of its commits has.
pub fn new_to_all(each: Vec<Vec<Range<u32>>>) -> Option<Vec<Range<u32>>> {
    each.into_iter().reduce(|one, other| {
        let (mut both, mut from) = (Vec::new(), 0);
        for lines in &one {
            while other.get(from).is_some_and(|other| other.end <= lines.start) {
                from += 1;
            }
            for other in other[from..].iter().take_while(|other| other.start < lines.end) {
                both.push(lines.start.max(other.start)..lines.end.min(other.end));
            }
        }
        both
    })
}

/// The one range of all lines.
pub fn all_lines(content: &[u8]) -> Vec<Range<u32>> {
    std::iter::once(1..line_count(content) + 1).collect()
}

fn line_count(content: &[u8]) -> u32 {
    u32::try_from(content.lines().count()).unwrap_or(u32::MAX - 1)
}

#[cfg(test)]
mod tests {
    use std::ops::Range;

    use proptest::prelude::*;

    use crate::domain::gates::view::new_to_all;

    fn lines() -> impl Strategy<Value = Vec<Range<u32>>> {
        let steps = proptest::collection::vec((1_u32..4, 1_u32..4), 0..8);
        steps.prop_map(|steps| {
            let mut at = 0;
            let ranges = steps.into_iter().map(|(gap, length)| {
                let start = at + gap;
                at = start + length;
                start..at
            });
            ranges.collect()
        })
    }

    proptest! {
        #[test]
        fn a_line_is_new_to_a_merge_that_is_new_to_each_of_its_commits(
            each in proptest::collection::vec(lines(), 1..4)
        ) {
            let all = new_to_all(each.clone()).unwrap();
            for line in 0..70 {
                let holds = |ranges: &Vec<Range<u32>>| ranges.iter().any(|r| r.contains(&line));
                prop_assert_eq!(holds(&all), each.iter().all(holds), "{}", line);
            }
        }
    }

    #[test]
    fn without_a_commit_before_no_line_is_old() {
        assert_eq!(new_to_all(Vec::new()), None);
    }
}
