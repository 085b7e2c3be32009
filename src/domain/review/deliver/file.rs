//! A file of a change with both its sides, and the lines that the change touches.

use std::ops::Range;

use bstr::BString;

use crate::domain::model::change::FileMode;
use crate::domain::model::encoding::TextEncoding;

/// One file of a change with its content.
#[derive(Clone, Debug)]
pub struct DeliveredFile {
    pub path: BString,
    pub became: Became,
    /// `None` for an added file; of one that was moved or copied what it was made from.
    pub old: Option<FileSide>,
    /// `None` for a deleted file.
    pub new: Option<FileSide>,
}

/// What became of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Became {
    Added,
    Modified,
    Deleted,
    /// It was at that path before.
    Renamed {
        from: BString,
    },
    /// It was made from the file at that path, which is still there or was moved elsewhere.
    Copied {
        from: BString,
    },
}

impl DeliveredFile {
    /// Whether it is new, gone, or of another mode.
    pub fn mode_changes(&self) -> bool {
        let mode = |side: &Option<FileSide>| side.as_ref().map(|side| side.mode);
        mode(&self.old) != mode(&self.new)
    }
}

/// One side of a file. A submodule has no content.
#[derive(Clone, Debug)]
pub struct FileSide {
    pub mode: FileMode,
    /// What is compared: the text as UTF-8, or the bytes of what is no text. It is shown nowhere.
    pub raw: Vec<u8>,
    /// What is shown: the same lines, without secrets.
    pub masked: Vec<u8>,
    /// `None` for what is no text.
    pub encoding: Option<TextEncoding>,
}

impl FileSide {
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.raw == other.raw && self.encoding == other.encoding
    }

    pub(super) fn is_binary(&self) -> bool {
        self.encoding.is_none()
    }
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
