//! The conflict-markers gate: stops unresolved merge conflicts.

use std::collections::HashSet;
use std::iter::Peekable;
use std::ops::Range;
use std::slice::Iter;

use anyhow::Result;
use bstr::ByteSlice as _;

use crate::domain::constitution::waiver;
use crate::domain::constitution::waiver::Waiver;
use crate::domain::gates::fenced_code::fenced_lines;
use crate::domain::gates::view::{FileView, quoted};
use crate::domain::model::class::Class;
use crate::domain::model::finding::{Effect, Finding, Location};
use crate::domain::model::gate::Gate;
use crate::domain::model::globs;
use crate::domain::model::severity::Severity;

/// How many signs git writes where `conflict-marker-size` says nothing else.
const USUAL_SIZE: usize = 7;

/// How much of a line is looked at for a waiver.
const LINE_BYTES_MAX: usize = 2000;

/// What a marker has in it in UTF-16, in either order.
const WIDE: [&[u8]; 2] = [b"<\0<\0<\0<\0<\0<\0<", b">\0>\0>\0>\0>\0>\0>"];

/// Finds conflict markers on lines that the change adds: a start and an end of seven signs each, as
/// git writes them, or of more where both are there. A line of equals signs alone underlines a heading
/// and is no marker. What Markdown shows between fences is an example; files of the globs in `allowed` and
/// markers with a waiver are passed over. A waiver of a start holds for the end of that conflict too.
pub fn check(view: &FileView<'_>, allowed: &[String], effect: Effect) -> Result<Vec<Finding>> {
    // Asked first because it costs next to nothing, and nearly no file passes.
    let may_have = [&b"<<<<<<< "[..], b">>>>>>> "].into_iter().chain(WIDE);
    if !may_have.into_iter().any(|sign| view.new.find(sign).is_some()) {
        return Ok(Vec::new());
    }
    let path = view.file.path.as_bstr();
    // The globs were checked where they were read.
    if globs::union(allowed.iter().map(String::as_str))?.is_match(path.to_path_lossy()) {
        return Ok(Vec::new());
    }
    let all: HashSet<Marker> = view.new.lines().filter_map(marker).collect();
    let is_pair = |one: Marker| {
        let other = Marker { starts: !one.starts, ..one };
        one.size == USUAL_SIZE || all.contains(&other)
    };
    let fenced = fenced_lines(path, &view.new);
    let (mut fenced, mut added) = (LineRanges::new(&fenced), LineRanges::new(view.added()?));
    let mut findings = Vec::new();
    let (mut before, mut start_is_waived) = (&b""[..], false);
    for (at, line) in view.new.lines().enumerate() {
        let number = u32::try_from(at + 1).unwrap_or(u32::MAX);
        let before = std::mem::replace(&mut before, line);
        let Some(marker) = marker(line).filter(|marker| is_pair(*marker)) else { continue };
        let waiver = waiver_of(before, line);
        let is_reasoned = matches!(waiver, Some(Waiver::Reason(_)));
        let is_waived = is_reasoned || !marker.starts && start_is_waived;
        start_is_waived = marker.starts && is_reasoned;
        if !is_waived && !fenced.holds(number) && added.holds(number) {
            findings.push(finding(view, number, line, waiver.is_some(), effect));
        }
    }
    Ok(findings)
}

/// The waiver on the line of a marker or on the one before it.
fn waiver_of(before: &[u8], line: &[u8]) -> Option<Waiver> {
    // A line may be the whole of a large file.
    let text = |line: &[u8]| line[..line.len().min(LINE_BYTES_MAX)].to_str_lossy().into_owned();
    waiver::find(Some(&text(before)), &text(line), Gate::ConflictMarkers.as_str())
}

fn finding(
    view: &FileView<'_>,
    number: u32,
    line: &[u8],
    is_unreasoned: bool,
    effect: Effect,
) -> Finding {
    let unreasoned = if is_unreasoned {
        "; the `tribunal:allow conflict-markers` beside it gives no reason and does not count"
    } else {
        ""
    };
    Finding {
        gate: Gate::ConflictMarkers,
        rule: "conflict-marker".to_owned(),
        class: Class::new("repository/conflict-marker"),
        severity: Severity::High,
        effect,
        place: Some(Location::line(view.file.path.clone(), number)),
        anchor: quoted(line),
        message: format!("unresolved merge conflict marker{unreasoned}"),
        suggestion: "resolve the conflict and stage the file again. An example? Write \
                     `tribunal:allow conflict-markers <reason>` on the line before, or add the path to \
                     `gates.conflict-markers.allow-paths` and commit that first"
            .to_owned(),
    }
}

/// Ranges of lines that are asked about in the order of the lines.
struct LineRanges<'a> {
    rest: Peekable<Iter<'a, Range<u32>>>,
}

impl<'a> LineRanges<'a> {
    fn new(ranges: &'a [Range<u32>]) -> Self {
        Self { rest: ranges.iter().peekable() }
    }

    fn holds(&mut self, line: u32) -> bool {
        while self.rest.next_if(|lines| lines.end <= line).is_some() {}
        self.rest.peek().is_some_and(|lines| lines.start <= line)
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Marker {
    /// The start of a conflict, or its end.
    starts: bool,
    size: usize,
}

fn marker(line: &[u8]) -> Option<Marker> {
    // In UTF-16 and UTF-32 zeros stand between the signs; a mark may stand before the first.
    let line = line.trim_start_with(|c| matches!(c, '\0' | '\u{feff}'));
    let line =
        line.strip_prefix(b"\xff\xfe").or_else(|| line.strip_prefix(b"\xfe\xff")).unwrap_or(line);
    let mut signs = line.iter().copied().filter(|byte| *byte != 0);
    let sign = signs.next().filter(|sign| matches!(sign, b'<' | b'>'))?;
    let mut size = 1;
    loop {
        match signs.next()? {
            next if next == sign => size += 1,
            b' ' if size >= USUAL_SIZE => return Some(Marker { starts: sign == b'<', size }),
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::marker;

    fn size(line: &[u8]) -> Option<(bool, usize)> {
        marker(line).map(|marker| (marker.starts, marker.size))
    }

    #[test]
    fn markers_have_seven_signs_or_more_and_a_name() {
        let wide = |text: &str| text.bytes().flat_map(|b| [b, 0]).collect::<Vec<_>>();
        let big = |text: &str| text.bytes().flat_map(|b| [0, b]).collect::<Vec<_>>();
        let (start, end) = ("<".repeat(7) + " HEAD", ">".repeat(9) + " x");
        for (line, expected) in [
            (start.clone().into_bytes(), Some((true, 7))),
            (end.clone().into_bytes(), Some((false, 9))),
            (wide(&start), Some((true, 7))),
            (big(&end), Some((false, 9))),
            ([b"\xff\xfe".to_vec(), wide(&start)].concat(), Some((true, 7))),
            ("<".repeat(7).into_bytes(), None),
            (b"<<<<<< x".to_vec(), None),
            (b"<<<<<<<x".to_vec(), None),
            (b"======= x".to_vec(), None),
            (Vec::new(), None),
        ] {
            assert_eq!(size(&line), expected, "{line:?}");
        }
    }
}
