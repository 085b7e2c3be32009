//! Long runs of token bytes: what they hide in base64, and tokens that have no literal part.

use crate::domain::gates::secrets::{chars, checksum};

/// A run is found where it covers a whole block of this many bytes.
const BLOCK: usize = 16;
/// No run is decoded beyond this length.
const LONGEST: usize = 512 * 1024;

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
    let piece = &piece[..piece.len().min(LONGEST)];
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

/// Bytes of text, or of UTF-16 text.
fn is_readable(bytes: &[u8]) -> bool {
    let text = |b: &u8| (b' '..0x7f).contains(b) || matches!(b, b'\n' | b'\r' | b'\t');
    bytes.iter().all(text) || bytes.chunks_exact(2).all(|pair| text(&pair[0]) && pair[1] == 0)
}

/// The pieces of a run that may be base64, with where they start.
pub fn pieces(run: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let mut start = 0;
    run.split(|&b| !(chars::is(b's', b) || b == b'+' || b == b'/'))
        .map(move |piece| {
            let at = start;
            start += piece.len() + 1;
            (at, piece)
        })
        .filter(|(_, piece)| piece.len() >= 24)
}
