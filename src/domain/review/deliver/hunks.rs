//! The hunks of one file as they are shown, and their division into sections.

use bstr::ByteSlice as _;
use similar::{DiffOp, DiffTag, group_diff_ops};

use crate::domain::locate::lines::{ChangedRange, changes_of};
use crate::domain::model::change::FileMode;
use crate::domain::model::encoding::TextEncoding;
use crate::domain::model::fence::visible;
use crate::domain::review::deliver::file::{
    Became, ChangedLines, DeliveredFile, DeliveryLimits, FileSide,
};
use crate::domain::review::deliver::long_lines::{cut_context, in_rows, is_long, windows};
use crate::domain::review::deliver::unscanned::{UnscannedReason, is_program};

/// A modified file is shown whole where it takes at most this part of a call.
const WHOLE_SHARE: usize = 16;

/// The part of a section that comes from the file.
#[derive(Default)]
pub struct Body {
    pub text: String,
    pub added: Vec<String>,
}

/// One row of what is shown: a line, or a part of a long one.
pub struct Row {
    sign: char,
    /// Its number in the reviewed tree; for a removed line that of the line that now stands there.
    number: u32,
    text: String,
    /// Whether it is the last of a file that has no line end there.
    unended: bool,
}

pub type Hunk = Vec<Row>;

/// Notes on a file beside its lines, each on a line of its own.
pub fn notes(file: &DeliveredFile) -> Vec<String> {
    let mut notes = Vec::new();
    let mode = |side: &Option<FileSide>| side.as_ref().map(|side| side.mode);
    match (mode(&file.old), mode(&file.new)) {
        (Some(old), Some(new)) if old != new => {
            notes.push(format!("the mode changes from {} to {}", name(old), name(new)));
        }
        (_, Some(new)) | (Some(new), None) if new != FileMode::File => {
            notes.push(format!("mode: {}", name(new)));
        }
        _ => {}
    }
    if mode(&file.old).into_iter().chain(mode(&file.new)).any(|mode| mode == FileMode::Symlink) {
        notes.push("the content of a symbolic link is the path that it leads to".to_owned());
    }
    notes.extend(line_ends_note(file));
    notes.extend(encoding_note(file));
    match (&file.old, &file.new) {
        (Some(old), new) if old.is_binary() && new.as_ref().is_none_or(|new| !new.is_same(old)) => {
            notes.push("the content in the base is binary and not shown".to_owned());
        }
        _ => {}
    }
    let only = file.new.as_ref().or(file.old.as_ref());
    if only.is_some_and(|side| side.raw.is_empty()) {
        notes.push("the file is empty".to_owned());
    }
    notes
}

/// Whether the content or its line ends change, and how lines end where that is not as usual.
fn line_ends_note(file: &DeliveredFile) -> Option<String> {
    let name = |side: &FileSide| {
        let (all, crlf) = (side.raw.find_iter("\n").count(), side.raw.find_iter("\r\n").count());
        match crlf {
            _ if side.is_binary() => "LF",
            0 => "LF",
            _ if crlf == all => "CRLF",
            _ => "LF and CRLF mixed",
        }
    };
    match (&file.old, &file.new) {
        (Some(old), Some(new)) if old.is_same(new) => {
            Some("the content does not change".to_owned())
        }
        (Some(old), Some(new)) if name(old) != name(new) => {
            Some(format!("line ends change from {} to {}", name(old), name(new)))
        }
        (_, Some(only)) | (Some(only), None) if name(only) != "LF" => {
            Some(format!("line ends: {}", name(only)))
        }
        _ => None,
    }
}

/// How the text is written down, where that is not UTF-8 or changes.
fn encoding_note(file: &DeliveredFile) -> Option<String> {
    let encoding =
        |side: &Option<FileSide>| side.as_ref().filter(|side| !side.raw.is_empty())?.encoding;
    let named = |TextEncoding { name, marked }: TextEncoding| {
        format!("{name}{}", if marked { " with a byte order mark" } else { "" })
    };
    match (encoding(&file.old), encoding(&file.new)) {
        (Some(old), Some(new)) if old != new => {
            Some(format!("the encoding changes from {} to {}", named(old), named(new)))
        }
        (_, Some(only)) | (Some(only), None) if only != TextEncoding::UTF_8 => {
            Some(format!("the encoding is {}", named(only)))
        }
        _ => None,
    }
}

fn name(mode: FileMode) -> &'static str {
    match mode {
        FileMode::File => "file",
        FileMode::Executable => "executable file",
        FileMode::Symlink => "symbolic link",
        FileMode::Submodule => "submodule",
    }
}

/// The hunks of a file with context; the whole of it where it is small. Notes in `place` which lines
/// they touch.
pub fn from_file(
    file: &DeliveredFile,
    limits: &DeliveryLimits,
    place: &mut ChangedLines,
) -> Result<Vec<Hunk>, UnscannedReason> {
    if let (Some(old), Some(new)) = (&file.old, &file.new)
        && old.is_same(new)
    {
        return Ok(Vec::new());
    }
    let is_unread_program = |side: &Option<FileSide>| {
        side.as_ref().is_some_and(|side| side.is_binary() && is_program(&file.path, side))
    };
    if is_unread_program(&file.new) {
        return Err(UnscannedReason::UnreadableProgram);
    }
    if file.new.as_ref().is_some_and(FileSide::is_binary) {
        return Err(UnscannedReason::Binary);
    }
    let old = Lines::from_side(file.old.as_ref().filter(|old| !old.is_binary()))?;
    let new = Lines::from_side(file.new.as_ref())?;
    let ops = ops(&changes_of(&old.raw, &new.raw), old.raw.len());
    for op in ops.iter().filter(|op| op.tag() != DiffTag::Equal) {
        let range = op.new_range();
        place.touched.push(number(range.start)..number(range.end));
        // What a copy leaves out is still where it was copied from.
        if !matches!(file.became, Became::Copied { .. }) {
            let removed = |at| (number(range.start), old.shown(at).0);
            place.removed.extend(op.old_range().map(removed));
        }
    }
    let size = file.new.as_ref().map_or(0, |new| new.raw.len());
    let is_modified = file.became == Became::Modified;
    let context = if is_modified && size <= limits.bytes_per_call / WHOLE_SHARE {
        old.raw.len().max(new.raw.len())
    } else {
        limits.context_lines
    };
    let groups = group_diff_ops(ops, context);
    Ok(groups.iter().map(|ops| hunk(ops, &old, &new)).collect())
}

/// The differences with what lies between them and at both ends; the old text has so many lines.
fn ops(changes: &[ChangedRange], old_lines: usize) -> Vec<DiffOp> {
    let mut ops = Vec::new();
    let (mut old_index, mut new_index) = (0, 0);
    let equal = |old_index: usize, new_index: usize, len: usize, ops: &mut Vec<DiffOp>| {
        if len > 0 {
            ops.push(DiffOp::Equal { old_index, new_index, len });
        }
    };
    for ChangedRange { old, new } in changes {
        equal(old_index, new_index, old.start - old_index, &mut ops);
        let (old_len, new_len) = (old.len(), new.len());
        (old_index, new_index) = (old.start, new.start);
        ops.push(match (old_len, new_len) {
            (_, 0) => DiffOp::Delete { old_index, old_len, new_index },
            (0, _) => DiffOp::Insert { old_index, new_index, new_len },
            _ => DiffOp::Replace { old_index, old_len, new_index, new_len },
        });
        (old_index, new_index) = (old.end, new.end);
    }
    equal(old_index, new_index, old_lines - old_index, &mut ops);
    ops
}

fn hunk(ops: &[DiffOp], old: &Lines<'_>, new: &Lines<'_>) -> Hunk {
    let mut rows = Vec::new();
    for op in ops {
        if op.tag() == DiffTag::Equal {
            rows.extend(op.new_range().map(|at| {
                let (text, unended) = new.shown(at);
                Row { sign: ' ', number: number(at), text: cut_context(text), unended }
            }));
            continue;
        }
        let stands = number(op.new_range().start);
        let (olds, news) = (op.old_range(), op.new_range());
        let long = |lines: &Lines<'_>, range: &std::ops::Range<usize>| -> Vec<usize> {
            range.clone().filter(|at| is_long(&lines.shown(*at).0)).collect()
        };
        // Of lines that are too long to be shown whole, only what differs.
        let pairs: Vec<(usize, usize)> = if olds.len() == news.len() {
            let either = |(old_at, new_at): &(usize, usize)| {
                is_long(&old.shown(*old_at).0) || is_long(&new.shown(*new_at).0)
            };
            olds.clone().zip(news.clone()).filter(either).collect()
        } else {
            long(old, &olds).into_iter().zip(long(new, &news)).collect()
        };
        let differs = |(old_at, new_at): &(usize, usize)| {
            windows(&old.shown(*old_at).0, &new.shown(*new_at).0)
        };
        let shown: Vec<(Vec<String>, Vec<String>)> = pairs.iter().map(differs).collect();
        for at in olds {
            let pair = pairs.iter().position(|(old_at, _)| *old_at == at);
            let parts = pair.map(|pair| shown[pair].0.clone());
            rows.extend(old.rows('-', stands, at, parts));
        }
        for at in news {
            let pair = pairs.iter().position(|(_, new_at)| *new_at == at);
            let parts = pair.map(|pair| shown[pair].1.clone());
            rows.extend(new.rows('+', number(at), at, parts));
        }
    }
    rows
}

/// Divides the hunks into sections of at most so many bytes: at the borders of hunks, and within one
/// at the borders of lines. There is at least one section.
///
/// A line that is longer gets a section of its own, up to `longest`.
pub fn split(
    notes: Vec<String>,
    hunks: &[Hunk],
    section: usize,
    longest: usize,
) -> Result<Vec<Body>, UnscannedReason> {
    let mut bodies = vec![Body::default()];
    for note in notes {
        push(&mut bodies, &format!("@@ {note}\n"), section, longest)?;
    }
    // Notes alone are no section.
    let notes_len = bodies.last().map_or(0, |body| body.text.len());
    for hunk in hunks {
        let len: usize = hunk.iter().map(|line| line.show().len()).sum();
        let head = |row: &Row| format!("@@ from line {}\n", row.number);
        let used = bodies.last().map_or(0, |body| body.text.len());
        let first = hunk.first().map_or_else(String::new, head);
        if used > notes_len && used + first.len() + len > section {
            bodies.push(Body::default());
        }
        let mut fresh = true;
        for line in hunk {
            let shown = line.show();
            let used = bodies.last().map_or(0, |body| body.text.len());
            let head = head(line);
            let cost = shown.len() + if fresh { head.len() } else { 0 };
            if used > 0 && used + cost > section {
                bodies.push(Body::default());
                fresh = true;
            }
            let text = if fresh { format!("{head}{shown}") } else { shown };
            fresh = false;
            let body = push(&mut bodies, &text, section, longest)?;
            if line.sign == '+' {
                body.added.push(line.text.clone());
            }
        }
    }
    Ok(bodies)
}

/// Adds text to the last section, or to a new one where it is full.
fn push<'a>(
    bodies: &'a mut Vec<Body>,
    text: &str,
    section: usize,
    longest: usize,
) -> Result<&'a mut Body, UnscannedReason> {
    if text.len() > longest {
        return Err(UnscannedReason::LongLine(text.len()));
    }
    let full = bodies
        .last()
        .is_none_or(|last| !last.text.is_empty() && last.text.len() + text.len() > section);
    if full {
        bodies.push(Body::default());
    }
    let at = bodies.len() - 1;
    bodies[at].text.push_str(text);
    Ok(&mut bodies[at])
}

impl Row {
    fn show(&self) -> String {
        let Self { sign, number, text, unended } = self;
        let number = if *sign == '-' { String::new() } else { number.to_string() };
        let end = if *unended { "\\ no line end at the end of the file\n" } else { "" };
        format!("{sign}{number} | {text}\n{end}")
    }
}

/// The lines of one side.
struct Lines<'a> {
    raw: Vec<&'a [u8]>,
    masked: Vec<&'a [u8]>,
}

impl<'a> Lines<'a> {
    fn from_side(side: Option<&'a FileSide>) -> Result<Self, UnscannedReason> {
        let Some(side) = side else { return Ok(Self { raw: Vec::new(), masked: Vec::new() }) };
        let raw: Vec<_> = side.raw.lines_with_terminator().collect();
        let masked: Vec<_> = side.masked.lines_with_terminator().collect();
        if raw.len() != masked.len() {
            return Err(UnscannedReason::Unmasked);
        }
        Ok(Self { raw, masked })
    }

    /// A line as shown, and whether it lacks its end.
    fn shown(&self, at: usize) -> (String, bool) {
        let mut text = visible(self.masked[at]);
        let ended = text.ends_with('\n');
        if ended {
            text.pop();
        }
        (text, !ended)
    }

    /// A line as rows: these parts of it, or all of it.
    fn rows(&self, sign: char, number: u32, at: usize, parts: Option<Vec<String>>) -> Vec<Row> {
        let (text, unended) = self.shown(at);
        let parts = parts.unwrap_or_else(|| in_rows(&text));
        let last = parts.len().saturating_sub(1);
        let row = |(part, text)| Row { sign, number, text, unended: unended && part == last };
        parts.into_iter().enumerate().map(row).collect()
    }
}

fn number(at: usize) -> u32 {
    u32::try_from(at + 1).unwrap_or(u32::MAX)
}
