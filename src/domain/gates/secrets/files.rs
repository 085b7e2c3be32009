//! Files whose form is known by their name or their first bytes.

use std::ops::Range;

use crate::domain::gates::secrets::password::{is_password, is_template};
use crate::domain::gates::secrets::{chars, random};

/// The passwords of a `.netrc` or `.pgpass`, by the last part of the path.
pub fn credentials(text: &[u8], path: &[u8]) -> Vec<(&'static str, Range<usize>)> {
    let name = path.rsplit(|&b| b == b'/').next().unwrap_or(path);
    match name {
        b".netrc" | b"_netrc" | b"netrc" => words_after(text, b"password", "netrc-password"),
        b".pgpass" | b"pgpass.conf" | b"pgpass" => fifth_fields(text),
        _ => der_key(text).map(|key| ("private-key", key)).into_iter().collect(),
    }
}

/// A private key in DER, where it is all of the file: a sequence of a version and a number (PKCS #1,
/// DSA), an algorithm (PKCS #8) or a string of bytes (SEC 1). Certificates and public keys have no version
/// there, keys that are encrypted have no number.
fn der_key(text: &[u8]) -> Option<Range<usize>> {
    let (length, content) = match text {
        [0x30, 0x82, high, low, content @ ..] => {
            (usize::from(u16::from_be_bytes([*high, *low])), content)
        }
        [0x30, 0x81, length, content @ ..] | [0x30, length @ ..=0x7f, content @ ..] => {
            (usize::from(*length), content)
        }
        _ => return None,
    };
    let is_key = matches!(content, [2, 1, 0, 2 | 0x30, ..] | [2, 1, 1, 4 | 0x30, ..]);
    (is_key && content.len() == length && length >= 40).then_some(0..text.len())
}

fn words_after(
    text: &[u8],
    keyword: &[u8],
    rule: &'static str,
) -> Vec<(&'static str, Range<usize>)> {
    let mut found = Vec::new();
    for at in memchr::memmem::find_iter(text, keyword) {
        let mut start = at + keyword.len();
        let spaces = text[start..].iter().take(16).take_while(|b| b.is_ascii_whitespace()).count();
        start += spaces;
        let width = text[start..].iter().take(200).take_while(|b| !b.is_ascii_whitespace()).count();
        let value = &text[start..start + width];
        if spaces > 0 && width >= 5 && (is_password(value) || random::is_random(value)) {
            found.push((rule, start..start + width));
        }
    }
    found
}

/// The fifth field of `host:port:database:user:password`; a colon in a field is written `\:`.
fn fifth_fields(text: &[u8]) -> Vec<(&'static str, Range<usize>)> {
    let mut found = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive(|&b| b == b'\n') {
        let body = line.trim_ascii_end();
        let mut colons = body
            .iter()
            .enumerate()
            .filter(|&(at, &b)| b == b':' && (at == 0 || body[at - 1] != b'\\'));
        if !body.starts_with(b"#")
            && let Some((at, _)) = colons.nth(3)
        {
            let value = &body[at + 1..];
            if value.len() >= 4 && !is_template(value) && !random::is_placeholder(value) {
                found.push(("pgpass-password", start + at + 1..start + body.len()));
            }
        }
        start += line.len();
    }
    found
}

/// The secret number `d` of a JSON web key around `"kty"` at `at`.
pub fn web_key(text: &[u8], at: usize) -> Option<Range<usize>> {
    let (from, to) = (at.saturating_sub(2400), text.len().min(at + 2400));
    let window = &text[from..to];
    let number = memchr::memmem::find(window, b"\"d\"")?;
    let rest = &window[number + 3..];
    let gap = rest
        .iter()
        .take(8)
        .take_while(|&&b| b == b' ' || b == b':' || b == b'"' || b == b'\n')
        .count();
    let width = chars::run(b's', &rest[gap..], 1400);
    let start = from + number + 3 + gap;
    (width >= 40 && random::distinct(&text[start..start + width]) >= 12)
        .then_some(start..start + width)
}
