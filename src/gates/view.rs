//! One file of a change, with its content and what is new in it.

use std::cell::OnceCell;
use std::ops::Range;
use std::time::{Duration, Instant};

use anyhow::Result;
use bstr::ByteSlice as _;
use similar::{Algorithm, DiffOp, DiffTag, capture_diff_slices_deadline};

use crate::git::object::Objects;
use crate::model::change::{FileChange, Mode};

/// How long one file's diff may take before it becomes coarse: it then names more lines as new, never
/// fewer.
const DIFF_TIME: Duration = Duration::from_millis(500);

/// A file of the judged tree. What costs something is found out when it is asked for.
pub struct FileView<'a> {
    pub file: &'a FileChange,
    /// The whole content in the judged tree; a symlink's is its target.
    pub new: Vec<u8>,
    objects: &'a Objects,
    old: OnceCell<Option<Vec<u8>>>,
    added: OnceCell<Vec<Range<u32>>>,
}

impl<'a> FileView<'a> {
    /// Reads the content; `None` where the blob is not in this repository (a partial clone).
    pub fn load(file: &'a FileChange, objects: &'a Objects) -> Result<Option<Self>> {
        let Some(entry) = &file.new else { return Ok(None) };
        Ok(objects.blob(&entry.oid)?.map(|new| Self {
            file,
            new,
            objects,
            old: OnceCell::new(),
            added: OnceCell::new(),
        }))
    }

    /// The content in the base; `None` for a new file, and where the base's blob is not here.
    pub fn old(&self) -> Result<Option<&[u8]>> {
        if self.old.get().is_none() {
            let entry = self.file.old.as_ref().filter(|e| e.mode != Mode::Submodule);
            let old = match entry {
                Some(entry) => self.objects.blob(&entry.oid)?,
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
            None => std::iter::once(1..line_count(&self.new) + 1).collect(),
        };
        Ok(self.added.get_or_init(|| added))
    }

    /// Whether the change adds or edits that line (from 1).
    pub fn is_added(&self, line: u32) -> Result<bool> {
        Ok(self.added()?.iter().any(|range| range.contains(&line)))
    }
}

/// The text of a line (from 1), without its end; empty where there is none. Bytes that are not
/// UTF-8 are replaced, and a line is cut after 400 characters.
pub fn line_text(content: &[u8], line: u32) -> String {
    let at = usize::try_from(line).unwrap_or(usize::MAX).saturating_sub(1);
    let text = content.lines().nth(at).unwrap_or_default();
    text.to_str_lossy().chars().take(400).collect()
}

/// Added and removed lines between two contents.
pub fn changed_lines(old: &[u8], new: &[u8]) -> usize {
    let changed = |op: &DiffOp| match op {
        DiffOp::Equal { .. } => 0,
        DiffOp::Delete { old_len, .. } => *old_len,
        DiffOp::Insert { new_len, .. } => *new_len,
        DiffOp::Replace { old_len, new_len, .. } => old_len + new_len,
    };
    diff(old, new).iter().map(changed).sum()
}

fn added_lines(old: &[u8], new: &[u8]) -> Vec<Range<u32>> {
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    diff(old, new)
        .iter()
        .filter(|op| op.tag() != DiffTag::Equal && !op.new_range().is_empty())
        .map(|op| number(op.new_range().start + 1)..number(op.new_range().end + 1))
        .collect()
}

fn diff(old: &[u8], new: &[u8]) -> Vec<DiffOp> {
    let old: Vec<&[u8]> = old.lines().collect();
    let new: Vec<&[u8]> = new.lines().collect();
    let deadline = Some(Instant::now() + DIFF_TIME);
    capture_diff_slices_deadline(Algorithm::Myers, &old, &new, deadline)
}

fn line_count(content: &[u8]) -> u32 {
    u32::try_from(content.lines().count()).unwrap_or(u32::MAX - 1)
}
