//! The text of a spec and where its bytes stand: lines and columns.

use crate::domain::spec::types::SpecPosition;

/// A spec's text without its byte order mark.
pub(in crate::domain::spec) struct SpecText<'a> {
    pub text: &'a str,
    /// The byte at which each line begins.
    line_starts: Vec<usize>,
}

impl<'a> SpecText<'a> {
    pub fn new(text: &'a str) -> Self {
        let line_starts = line_starts(text.as_bytes());
        Self { text, line_starts }
    }

    /// The place of that byte; one past the end counts as the last line's end.
    pub fn at(&self, offset: usize) -> SpecPosition {
        place(&self.line_starts, self.text.as_bytes(), offset)
    }
}

/// The place of a byte in text that may not be UTF-8.
pub(in crate::domain::spec) fn at_byte(bytes: &[u8], offset: usize) -> SpecPosition {
    place(&line_starts(bytes), bytes, offset)
}

/// A line begins after each line feed, but not where the file ends.
fn line_starts(bytes: &[u8]) -> Vec<usize> {
    let after = memchr::memchr_iter(b'\n', bytes).map(|i| i + 1).filter(|&i| i < bytes.len());
    std::iter::once(0).chain(after).collect()
}

fn place(line_starts: &[usize], bytes: &[u8], offset: usize) -> SpecPosition {
    let offset = offset.min(bytes.len());
    let line = line_starts.partition_point(|&start| start <= offset).max(1);
    let column = offset - line_starts[line - 1] + 1;
    SpecPosition {
        line: u32::try_from(line).unwrap_or(u32::MAX),
        column: u32::try_from(column).unwrap_or(u32::MAX),
    }
}
