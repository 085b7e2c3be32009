//! Long runs of token bytes: what they hide in base64, and tokens that have no literal part.

use crate::domain::gates::secrets::{chars, checksum, wide};

/// A run is found where it covers a whole block of this many bytes.
const BLOCK: usize = 16;
/// How long each line of base64 in several lines is at least, in bytes: PEM has 64, MIME 76.
const LINE_LEAST: usize = 40;

/// Calls `visit` with the bounds of every run of at least 31 bytes of letters, digits and
/// `+/=_.~-`. A shorter one is found only where it happens to cover a block.
pub fn runs(text: &[u8], mut visit: impl FnMut(usize, usize)) {
    let mut done = 0;
    for (index, block) in text.chunks_exact(BLOCK).enumerate() {
        let at = index * BLOCK;
        if at < done || !block.iter().fold(true, |all, &byte| all & in_run(byte)) {
            continue;
        }
        let before = text[done..at].iter().rev().take_while(|&&b| in_run(b)).count();
        let after = text[at + BLOCK..].iter().take_while(|&&b| in_run(b)).count();
        visit(at - before, at + BLOCK + after);
        done = at + BLOCK + after;
    }
}

/// Written without a table or a branch, so that the compiler turns the loop over a block into
/// vector code.
fn in_run(byte: u8) -> bool {
    let letter = u8::from((byte | 0x20).wrapping_sub(b'a') < 26);
    // `+`, `-`, `.`, `/` and the digits stand together but for `,`.
    let middle = u8::from(byte.wrapping_sub(b'+') < 15) & u8::from(byte != b',');
    let others = u8::from(byte == b'=') | u8::from(byte == b'_') | u8::from(byte == b'~');
    letter | middle | others != 0
}

/// What a piece of base64 says, where it says text.
pub fn readable(piece: &[u8]) -> Option<Vec<u8>> {
    let whole = piece.len() - piece.len() % 4;
    let start = checksum::decode(piece.get(..8)?)?;
    if !is_readable(&start) {
        return None;
    }
    let more = checksum::decode(&piece[..whole.min(32)])?;
    if !is_readable(&more) {
        return None;
    }
    checksum::decode(piece).or_else(|| checksum::decode(&piece[..whole]))
}

/// The beginning of a text in UTF-8, UTF-16 or UTF-32, with or without a mark.
fn is_readable(bytes: &[u8]) -> bool {
    is_utf8_text(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)) || wide::is_text(bytes)
}

fn is_utf8_text(bytes: &[u8]) -> bool {
    let text = match str::from_utf8(bytes) {
        Ok(text) => text,
        // The last letter may go on behind the part that is looked at.
        Err(error) if error.error_len().is_none() => {
            str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => return false,
    };
    !text.is_empty() && text.chars().all(|c| !c.is_control() || matches!(c, '\n' | '\r' | '\t'))
}

/// Base64 that goes on over several lines of one length.
pub struct Wrapped {
    pub start: usize,
    /// Where the last line ends.
    pub end: usize,
    /// The lines, joined.
    pub text: Vec<u8>,
}

/// What begins with the last piece of the run at `start..end`, where at least one line of no greater
/// length follows it, as indented as the first; only the last may be shorter.
pub fn wrapped(text: &[u8], start: usize, end: usize) -> Option<Wrapped> {
    let (at, piece) = pieces(&text[start..end]).last()?;
    let (start, width) = (start + at, piece.len());
    if start + width != end {
        return None;
    }
    if width < LINE_LEAST {
        return None;
    }
    let line_start = memchr::memrchr(b'\n', &text[..start]).map_or(0, |at| at + 1);
    let indent = &text[line_start..start];
    let is_blank = indent.iter().all(|b| matches!(b, b' ' | b'\t'));
    let mut joined = Wrapped { start, end, text: text[start..end].to_vec() };
    loop {
        let rest = &text[joined.end..];
        let rest = rest.strip_prefix(b"\r").unwrap_or(rest);
        let Some(rest) = rest.strip_prefix(b"\n") else { break };
        // Behind a name the first line stands further to the right than those that follow.
        let blanks = rest.iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
        if is_blank && blanks != indent.len() {
            break;
        }
        let line = &rest[blanks..];
        let count = line.iter().take_while(|&&b| is_base64(b)).count();
        if count == 0 || count > width {
            break;
        }
        joined.text.extend_from_slice(&line[..count]);
        joined.end = text.len() - line.len() + count;
        if count < width {
            break;
        }
    }
    (joined.end > end).then_some(joined)
}

fn is_base64(byte: u8) -> bool {
    chars::is(b's', byte) || matches!(byte, b'+' | b'/' | b'=')
}

/// The pieces of a run that may be base64, with where they start.
pub fn pieces(run: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let mut start = 0;
    run.split(|&b| b == b'=' || !is_base64(b))
        .map(move |piece| {
            let at = start;
            start += piece.len() + 1;
            (at, piece)
        })
        .filter(|(_, piece)| piece.len() >= 24)
}
