//! The conflict-markers gate: stops unresolved merge conflicts.

use std::collections::HashSet;

use anyhow::Result;
use bstr::ByteSlice as _;

use crate::domain::gates::view::{FileView, quoted};
use crate::domain::model::class::Class;
use crate::domain::model::finding::{Effect, Finding, Location};
use crate::domain::model::gate::Gate;
use crate::domain::model::severity::Severity;

/// How many signs git writes where `conflict-marker-size` says nothing else.
const USUAL_SIZE: usize = 7;

/// What a marker has in it in UTF-16, in either order.
const WIDE: [&[u8]; 2] = [b"<\0<\0<\0<\0<\0<\0<", b">\0>\0>\0>\0>\0>\0>"];

/// Finds conflict markers on lines that the change adds: a start and an end of seven signs each, as
/// git writes them, or of more where both are there. A line of equals signs alone underlines a heading
/// and is no marker.
pub fn check(view: &FileView<'_>, effect: Effect) -> Result<Vec<Finding>> {
    // Asked first because it costs next to nothing, and nearly no file passes.
    let may_have = [&b"<<<<<<< "[..], b">>>>>>> "].into_iter().chain(WIDE);
    if !may_have.into_iter().any(|sign| view.new.find(sign).is_some()) {
        return Ok(Vec::new());
    }
    let all: HashSet<Marker> = view.new.lines().filter_map(marker).collect();
    let is_pair = |one: Marker| {
        let other = Marker { starts: !one.starts, ..one };
        one.size == USUAL_SIZE || all.contains(&other)
    };
    let mut findings = Vec::new();
    let mut added = view.added()?.iter().peekable();
    for (at, line) in view.new.lines().enumerate() {
        let number = u32::try_from(at + 1).unwrap_or(u32::MAX);
        while added.next_if(|lines| lines.end <= number).is_some() {}
        if marker(line).is_some_and(is_pair)
            && added.peek().is_some_and(|lines| lines.start <= number)
        {
            findings.push(Finding {
                gate: Gate::ConflictMarkers,
                rule: "conflict-marker".to_owned(),
                class: Class::new("repository/conflict-marker"),
                severity: Severity::High,
                effect,
                place: Some(Location::line(view.file.path.clone(), number)),
                anchor: quoted(line),
                message: "unresolved merge conflict marker".to_owned(),
                suggestion: "resolve the conflict and stage the file again".to_owned(),
            });
        }
    }
    Ok(findings)
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
