//! Finds secrets in bytes of any kind, and says what they are without showing them.

mod assign;
pub mod baseline;
mod chars;
mod checksum;
mod context;
mod encoded;
mod engine;
mod files;
mod generic;
mod gram;
pub mod judge;
mod name;
mod password;
mod prefilter;
mod providers;
mod random;
mod rule;
mod shape;
mod table;
#[cfg(test)]
mod tests;
mod wide;

use bstr::{BString, ByteSlice as _};

use crate::domain::gates::secrets::engine::Raw;

/// How sure a rule is, and what follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tier {
    /// It looks like a secret where it stands: it warns.
    Generic,
    /// It is in the form of a known issuer, or surely a key: it blocks.
    Provider,
}

/// One secret in the bytes that were scanned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// The rule's stable name.
    pub rule: &'static str,
    pub tier: Tier,
    /// Where the secret starts and ends in the bytes, as it is encoded there.
    pub start: usize,
    pub end: usize,
    /// Counted from 1.
    pub line: u32,
    /// In bytes, counted from 1.
    pub column: u32,
    /// Sixteen hexadecimal digits of BLAKE3 over the rule and the secret: the same in every place,
    /// and of no help in finding the secret out.
    pub fingerprint: String,
    /// What it is, for people.
    pub description: &'static str,
}

/// A kind of secret, for documents and tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Described {
    pub rule: &'static str,
    pub tier: Tier,
    pub description: &'static str,
}

/// Every secret in a blob, in the order of where they start; none overlaps another. The path gives
/// context and keeps nothing from being read.
pub fn scan(bytes: &[u8], path: &[u8]) -> Vec<Hit> {
    let mut lines = Lines { bytes, at: 0, line: 1, line_start: 0 };
    engine::find(bytes, path).into_iter().map(|raw| lines.hit(raw)).collect()
}

/// Secrets in the name of a file. Their places are those in the path.
pub fn file_name_hits(path: &[u8]) -> Vec<Hit> {
    let mut hits = scan(path, b"");
    hits.retain(|hit| hit.tier == Tier::Provider);
    hits
}

/// A path without the secrets in its names. Two paths never become alike.
pub fn mask_path(path: &[u8]) -> BString {
    let mut masked = BString::default();
    let mut at = 0;
    for hit in file_name_hits(path) {
        masked.extend_from_slice(&path[at..hit.start]);
        masked.extend_from_slice(format!("[redacted:{}:{}]", hit.rule, hit.fingerprint).as_bytes());
        at = hit.end;
    }
    masked.extend_from_slice(&path[at..]);
    masked
}

/// The text with `[redacted:<rule>]` in place of every secret that is known here.
pub fn redact(text: &[u8]) -> Vec<u8> {
    redact_hits(text, &engine::find(text, b""))
}

/// As [`redact`], for text that is a string.
pub fn redact_str(text: &str) -> String {
    redact(text.as_bytes()).to_str_lossy().into_owned()
}

/// As [`redact`], for a file, with as many lines as it had: what is compared line by line stays
/// comparable. The path gives context.
pub fn mask_lines(bytes: &[u8], path: &[u8]) -> Vec<u8> {
    let mut masked = Vec::with_capacity(bytes.len());
    let mut at = 0;
    for raw in engine::find(bytes, path) {
        masked.extend_from_slice(&bytes[at..raw.start]);
        masked.extend_from_slice(format!("[redacted:{}]", raw.rule).as_bytes());
        let lines = memchr::memchr_iter(b'\n', &bytes[raw.start..raw.end]).count();
        masked.extend(std::iter::repeat_n(b'\n', lines));
        at = raw.end;
    }
    masked.extend_from_slice(&bytes[at..]);
    masked
}

fn redact_hits(text: &[u8], found: &[Raw]) -> Vec<u8> {
    let mut clean = Vec::with_capacity(text.len());
    let mut at = 0;
    for raw in found {
        clean.extend_from_slice(&text[at..raw.start]);
        clean.extend_from_slice(format!("[redacted:{}]", raw.rule).as_bytes());
        at = raw.end;
    }
    clean.extend_from_slice(&text[at..]);
    clean
}

/// All that can be found, by name.
#[cfg(test)]
pub fn rules() -> Vec<Described> {
    let tokens = table::all().map(|r| Described { rule: r.id, tier: r.tier, description: r.what });
    tokens.chain(engine::CONTEXTUAL).collect()
}

/// Counts lines up to places that are asked for in ascending order.
struct Lines<'a> {
    bytes: &'a [u8],
    at: usize,
    line: u32,
    line_start: usize,
}

impl Lines<'_> {
    fn hit(&mut self, raw: Raw) -> Hit {
        for newline in memchr::memchr_iter(b'\n', &self.bytes[self.at..raw.start]) {
            self.line = self.line.saturating_add(1);
            self.line_start = self.at + newline + 1;
        }
        self.at = raw.start;
        Hit {
            rule: raw.rule,
            tier: raw.tier,
            start: raw.start,
            end: raw.end,
            line: self.line,
            column: u32::try_from(raw.start - self.line_start + 1).unwrap_or(u32::MAX),
            fingerprint: raw.fingerprint,
            description: raw.description,
        }
    }
}
