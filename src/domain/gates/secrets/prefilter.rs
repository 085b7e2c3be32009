//! Finds, in one pass, the places that are worth a closer look.
//!
//! Every rule and keyword is known by four bytes of its literal part. The bytes are folded with
//! `| 0x20` and hashed; a bitmap of 64 Ki bits (8 KiB, it stays in the nearest cache) says no
//! for all but a few positions. Bitmap and buckets are laid out by `build.rs`: a hook pays for
//! nothing but the pages that it touches.

use crate::domain::gates::secrets::gram::{GramKind, fold, hash};
use crate::domain::gates::secrets::rule::SecretRule;
use crate::domain::gates::secrets::table;

const BUCKET_BITS: u32 = 12;

/// What a place may be the start of.
#[derive(Clone, Copy, Debug)]
pub enum Lead {
    /// A rule's literal opening, or its mark; `true` for a mark.
    Token(&'static SecretRule, bool),
    /// A word beside which a rule's shape is looked for.
    Near(&'static SecretRule),
    /// A name that a secret may be assigned to.
    Name,
    /// `://`
    Url,
    /// `PRIVATE KEY` of a PEM block, `PuTTY-User-Key-File`, `"kty"` of a JSON web key.
    KeyBlock,
    /// A command with a credential among its arguments.
    Command,
}

#[derive(Clone, Copy, Debug)]
struct Node {
    gram: u32,
    back: u8,
    kind: GramKind,
    rule: u16,
    word: &'static str,
}

// BITMAP: [u64; 1024], STARTS: [u16; 4097], NODES: [Node; N], OF_RUNS: [u16; M].
include!(concat!(env!("OUT_DIR"), "/prefilter.rs"));

impl Node {
    fn lead(&self) -> Option<Lead> {
        let rule = || table::get(self.rule);
        Some(match self.kind {
            GramKind::Opening => Lead::Token(rule()?, false),
            GramKind::Mark => Lead::Token(rule()?, true),
            GramKind::Near => Lead::Near(rule()?),
            GramKind::Name => Lead::Name,
            GramKind::Url => Lead::Url,
            GramKind::KeyBlock => Lead::KeyBlock,
            GramKind::Command => Lead::Command,
        })
    }
}

/// The rules whose candidates are long runs of token bytes.
pub fn of_runs() -> impl Iterator<Item = &'static SecretRule> {
    OF_RUNS.iter().filter_map(|&number| table::get(number))
}

/// Calls `visit` with every lead and the place where its literal starts, in ascending order of
/// the four bytes that gave it away.
pub fn visit(text: &[u8], mut visit: impl FnMut(Lead, usize)) {
    let mut at = 0;
    while let Some(place) = next(text, at) {
        at = place + 1;
        let Some(window) = text[place..].first_chunk() else { continue };
        let gram = fold(*window);
        let bucket = (hash(gram) >> (32 - BUCKET_BITS)) as usize;
        let range = usize::from(STARTS[bucket])..usize::from(STARTS[bucket + 1]);
        for node in &NODES[range] {
            let Some(start) = place.checked_sub(usize::from(node.back)) else { continue };
            let end = start + node.word.len();
            let stands = || text.get(start..end).is_some_and(|w| is_word(w, node.word));
            if node.gram == gram
                && stands()
                && let Some(lead) = node.lead()
            {
                visit(lead, start);
            }
        }
    }
}

fn is_word(text: &[u8], word: &str) -> bool {
    text.eq_ignore_ascii_case(word.as_bytes())
}

/// The first place from `from` on whose four bytes are in the bitmap.
///
/// Kept apart and small, so that all it needs stays in registers: eight bytes are loaded, the
/// four places in them tested, and one branch taken for all four.
#[inline(never)]
fn next(text: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    while let Some(chunk) = text.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        let word = u64::from_le_bytes(*chunk) | 0x2020_2020_2020_2020;
        let grams = [word, word >> 8, word >> 16, word >> 24];
        let found = grams.map(|gram| bit(low(gram)));
        if found[0] | found[1] | found[2] | found[3] != 0 {
            return found.iter().position(|&bit| bit != 0).map(|offset| at + offset);
        }
        at += 4;
    }
    (at..text.len().saturating_sub(3))
        .find(|&at| text[at..].first_chunk().is_some_and(|window| bit(fold(*window)) != 0))
}

/// Not zero where the folded four bytes may be ones that are looked for.
fn bit(gram: u32) -> u64 {
    let hash = hash(gram);
    (BITMAP[(hash >> 22) as usize] >> ((hash >> 16) & 63)) & 1
}

/// How many different four-byte texts are looked for.
#[cfg(test)]
pub fn len() -> usize {
    NODES.len()
}

#[expect(clippy::cast_possible_truncation, reason = "the low half is what is wanted")]
fn low(word: u64) -> u32 {
    word as u32
}
