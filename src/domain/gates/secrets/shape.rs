//! The little language in which a token's form is written down, and its matcher.
//!
//! `ghp_{w36}` is the text `ghp_` and 36 bytes of class `w` (see [`chars::LETTERS`]);
//! `{s20,40}` between 20 and 40; `{s20,}` at least 20; `{uuid}` a UUID in either case; `(a|b)` one
//! of; `(a|b)?` at most one of. Groups do not nest. The text is interpreted as it stands: nothing
//! is compiled, so a rule costs nothing until its first bytes are met.

use crate::domain::gates::secrets::chars;

/// What "at least" ends at: it bounds the work a single candidate can cause.
const LONGEST: usize = 4096;
const UUID: &str = "{x8}-{x4}-{x4}-{x4}-{x12}";

/// One part of a shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShapePart<'a> {
    Byte(u8),
    Run { class: u8, min: usize, max: usize },
    Group { options: &'a str, optional: bool },
    Uuid,
}

/// The first part of a shape and what follows it; `None` at its end.
pub fn split(shape: &str) -> Option<(ShapePart<'_>, &str)> {
    let first = *shape.as_bytes().first()?;
    let rest = shape.get(1..)?;
    match first {
        b'{' => {
            let (inner, rest) = rest.split_once('}')?;
            Some((braces(inner)?, rest))
        }
        b'(' => {
            let (options, rest) = rest.split_once(')')?;
            let optional = rest.starts_with('?');
            Some((ShapePart::Group { options, optional }, rest.strip_prefix('?').unwrap_or(rest)))
        }
        byte => Some((ShapePart::Byte(byte), rest)),
    }
}

fn braces(inner: &str) -> Option<ShapePart<'_>> {
    if inner == "uuid" {
        return Some(ShapePart::Uuid);
    }
    let class = *inner.as_bytes().first()?;
    let counts = inner.get(1..)?;
    let (min, max) = match counts.split_once(',') {
        Some((min, "")) => (min.parse().ok()?, LONGEST),
        Some((min, max)) => (min.parse().ok()?, max.parse().ok()?),
        None => (counts.parse().ok()?, counts.parse().ok()?),
    };
    Some(ShapePart::Run { class, min, max })
}

/// The end of a match of `shape` that starts at `text[at]`, the longest one.
pub fn matches(shape: &str, text: &[u8], at: usize) -> Option<usize> {
    let Some((item, rest)) = split(shape) else { return Some(at) };
    match item {
        ShapePart::Byte(byte) => {
            if text.get(at) == Some(&byte) {
                matches(rest, text, at + 1)
            } else {
                None
            }
        }
        ShapePart::Run { class, min, max } => {
            let length = chars::run(class, text.get(at..)?, max);
            if rest.is_empty() {
                return (length >= min).then_some(at + length);
            }
            (min..=length).rev().find_map(|n| matches(rest, text, at + n))
        }
        ShapePart::Group { options, optional } => options
            .split('|')
            .find_map(|option| {
                let end = matches(option, text, at)?;
                matches(rest, text, end)
            })
            .or_else(|| if optional { matches(rest, text, at) } else { None }),
        ShapePart::Uuid => matches(rest, text, matches(UUID, text, at)?),
    }
}

/// The least and the greatest number of bytes that a shape takes.
pub fn width(shape: &str) -> (usize, usize) {
    let Some((item, rest)) = split(shape) else { return (0, 0) };
    let (least, most) = width(rest);
    let (a, b) = match item {
        ShapePart::Byte(_) => (1, 1),
        ShapePart::Run { min, max, .. } => (min, max),
        ShapePart::Uuid => (36, 36),
        ShapePart::Group { options, optional } => {
            let widths = options.split('|').map(width);
            let min = widths.clone().map(|w| w.0).min().unwrap_or(0);
            (if optional { 0 } else { min }, widths.map(|w| w.1).max().unwrap_or(0))
        }
    };
    (least + a, most + b)
}

/// The class of a shape's last bytes, which must not go on after a match.
pub fn tail_class(shape: &str) -> Option<u8> {
    let mut rest = shape;
    let mut last = None;
    while let Some((item, after)) = split(rest) {
        last = match item {
            ShapePart::Run { class, .. } => Some(class),
            ShapePart::Uuid => Some(b'x'),
            ShapePart::Group { optional: true, .. } => last,
            ShapePart::Byte(_) | ShapePart::Group { .. } => None,
        };
        rest = after;
    }
    last
}

/// Where a shape's literal start ends: `ghp_` of `ghp_{w36}`.
pub fn literal(shape: &str) -> &str {
    &shape[..shape.find(['{', '(']).unwrap_or(shape.len())]
}
