//! Carries a line from one version of a file to the next through their diff.

use std::ops::Range;

use similar::{Algorithm, DiffOp, capture_diff_slices};

/// What became of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ported {
    /// It is there, but for white space; with its new number, counted from 1.
    Unchanged(u32),
    /// Other lines replaced it: whether the finding still holds is unknown.
    Edited,
    /// It was removed.
    Deleted,
}

/// The line-to-line diff of two versions, to carry any number of lines over.
pub struct Diff(Vec<DiffOp>);

/// Carries one line over, counted from 1. A line that is not in the old text counts as deleted.
pub fn port(old: &str, new: &str, line: u32) -> Ported {
    Diff::new(old, new).port(line)
}

impl Diff {
    /// Compares without regard to white space, as `git diff -w` does.
    pub fn new(old: &str, new: &str) -> Self {
        let squeezed = |text: &str| -> Vec<String> {
            text.lines().map(|line| line.split_whitespace().collect()).collect()
        };
        Self(capture_diff_slices(Algorithm::Histogram, &squeezed(old), &squeezed(new)))
    }

    /// Carries one line over, counted from 1.
    pub fn port(&self, line: u32) -> Ported {
        let Some(at) = usize::try_from(line).ok().and_then(|line| line.checked_sub(1)) else {
            return Ported::Deleted;
        };
        let op = self.0.iter().find(|op| op.old_range().contains(&at));
        match op {
            Some(DiffOp::Equal { old_index, new_index, .. }) => {
                let number = new_index + (at - old_index) + 1;
                Ported::Unchanged(u32::try_from(number).unwrap_or(u32::MAX))
            }
            Some(DiffOp::Replace { .. }) => Ported::Edited,
            Some(DiffOp::Delete { .. } | DiffOp::Insert { .. }) | None => Ported::Deleted,
        }
    }

    /// The lines that stand in place of one that was edited or deleted, half-open, both counted
    /// from 1; empty where none do.
    pub fn replacement(&self, line: u32) -> Range<u32> {
        let number = |at: usize| u32::try_from(at + 1).unwrap_or(u32::MAX);
        let at = usize::try_from(line).unwrap_or(usize::MAX).saturating_sub(1);
        let op = self.0.iter().find(|op| op.old_range().contains(&at));
        match op.map(|op| (op.old_range(), op.new_range())) {
            // As many lines as before: each in place of its own.
            Some((old, new)) if old.len() == new.len() => {
                let line = number(new.start + at - old.start);
                line..line + 1
            }
            Some((_, new)) => number(new.start)..number(new.end),
            None => 0..0,
        }
    }
}
