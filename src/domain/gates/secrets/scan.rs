//! The scan of one blob: every secret in it, with its line and column.

use crate::domain::gates::secrets::engine;
use crate::domain::gates::secrets::hit::{RawHit, SecretHit};
use crate::domain::gates::secrets::tier::SecretTier;

/// Every secret in a blob, in the order of where they start; none overlaps another. The path gives
/// context and keeps nothing from being read.
pub fn scan(bytes: &[u8], path: &[u8]) -> Vec<SecretHit> {
    let mut lines = Lines { bytes, at: 0, line: 1, line_start: 0 };
    engine::find(bytes, path).into_iter().map(|raw| lines.hit(raw)).collect()
}

/// Secrets in the name of a file. Their places are those in the path.
pub fn file_name_hits(path: &[u8]) -> Vec<SecretHit> {
    let mut hits = scan(path, b"");
    hits.retain(|hit| hit.tier == SecretTier::Provider);
    hits
}

/// Counts lines up to places that are asked for in ascending order.
struct Lines<'a> {
    bytes: &'a [u8],
    at: usize,
    line: u32,
    line_start: usize,
}

impl Lines<'_> {
    fn hit(&mut self, raw: RawHit) -> SecretHit {
        for newline in memchr::memchr_iter(b'\n', &self.bytes[self.at..raw.start]) {
            self.line = self.line.saturating_add(1);
            self.line_start = self.at + newline + 1;
        }
        self.at = raw.start;
        SecretHit {
            rule: raw.rule,
            tier: raw.tier,
            start: raw.start,
            end: raw.end,
            line: self.line,
            column: u32::try_from(raw.start - self.line_start + 1).unwrap_or(u32::MAX),
            hash: raw.hash,
            is_weak: raw.is_weak,
            name: raw.name,
            description: raw.description,
        }
    }
}
