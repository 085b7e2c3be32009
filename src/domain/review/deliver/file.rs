//! A file of a change with both its sides, and the lines that the change touches.

use std::ops::Range;

use bstr::BString;

use crate::domain::model::change::{FileChangeKind, FileMode};

/// One file of a change with its content.
#[derive(Clone, Debug)]
pub struct DeliveredFile {
    pub path: BString,
    pub kind: FileChangeKind,
    /// `None` for an added file.
    pub old: Option<FileSide>,
    /// `None` for a deleted file.
    pub new: Option<FileSide>,
}

/// One side of a file. A submodule has no content.
#[derive(Clone, Debug)]
pub struct FileSide {
    pub mode: FileMode,
    /// What is compared. It is shown nowhere.
    pub raw: Vec<u8>,
    /// What is shown: the same lines, without secrets.
    pub masked: Vec<u8>,
}

/// How much is delivered.
#[derive(Clone, Copy, Debug)]
pub struct DeliveryLimits {
    pub bytes_per_call: usize,
    pub calls: usize,
    /// Lines around each hunk.
    pub context_lines: usize,
}

/// Where a change is in a file.
#[derive(Clone, Debug, Default)]
pub struct ChangedLines {
    pub path: BString,
    /// The lines of the reviewed tree that the change touches, from 1, ends excluded; empty where
    /// lines were only removed before that line.
    pub touched: Vec<Range<u32>>,
    /// The lines that it removes, as shown, each with the number of the line that now stands there.
    pub removed: Vec<(u32, String)>,
}
