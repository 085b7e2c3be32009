//! Text without its secrets, for everything that leaves the machine or is shown.

use bstr::{BString, ByteSlice as _};

use crate::domain::gates::secrets::engine;
use crate::domain::gates::secrets::hit::{RawHit, SecretHit};
use crate::domain::gates::secrets::scan::file_name_hits;

/// A path without the secrets in its names. Two paths never become alike, but for those that differ
/// in nothing but a value that could be guessed.
pub fn mask_path(path: &[u8]) -> BString {
    masked(path, |hit| {
        let print = hit.fingerprint().map(|print| format!(":{print}")).unwrap_or_default();
        format!("[redacted:{}{print}]", hit.rule)
    })
}

/// Whether a masked path, of either form that findings have, is of that file.
pub fn is_mask_of(masked_path: &[u8], path: &[u8]) -> bool {
    let as_found = || masked(path, |hit| format!("[redacted:{}]", hit.rule));
    mask_path(path) == masked_path || as_found() == masked_path
}

fn masked(path: &[u8], mark: impl Fn(&SecretHit) -> String) -> BString {
    let mut masked = BString::default();
    let mut at = 0;
    for hit in file_name_hits(path) {
        masked.extend_from_slice(&path[at..hit.start]);
        masked.extend_from_slice(mark(&hit).as_bytes());
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

fn redact_hits(text: &[u8], found: &[RawHit]) -> Vec<u8> {
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
