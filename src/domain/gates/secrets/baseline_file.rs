//! The format of the baseline file, which lists the secrets that a repository held before it was
//! first checked. `tribunal init` writes it.
//!
//! One line a secret, sorted: `<fingerprint> <rule> <path>`, or `name:<name> <rule> <path>` for a value
//! that could be guessed. No line numbers: two branches that both take a baseline merge without a
//! conflict, and moving code changes nothing. Fingerprints of values that could be guessed, which
//! earlier versions wrote, still count.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use bstr::{BStr, ByteSlice as _};

use crate::domain::gates::secrets::hit::SecretHit;
use crate::domain::gates::secrets::known_value;
use crate::domain::policy::allow_entry;

const HEADER: &str = "# Secrets that were in this repository before `tribunal` was set up.\n\
                      # Everyone with the repository knows them: revoke them, then delete their lines.\n";

/// What a baseline allows, as `gates.secrets.allow` has it: fingerprints, and entries of values that
/// could be guessed. What is neither is passed over.
pub fn entries(text: &[u8]) -> impl Iterator<Item = &str> {
    text.lines().filter_map(entry)
}

/// The lines, from 1, that are neither an entry nor empty nor a comment.
pub fn wrong_lines(text: &[u8]) -> Vec<u32> {
    let is_wrong =
        |line: &[u8]| !line.trim().is_empty() && !line.starts_with(b"#") && entry(line).is_none();
    (1..).zip(text.lines()).filter(|(_, line)| is_wrong(line)).map(|(number, _)| number).collect()
}

fn entry(line: &[u8]) -> Option<&str> {
    if let Ok(line) = line.to_str()
        && allow_entry::is_name(line)
    {
        return Some(line.trim_end());
    }
    // Only the word: the path behind it need not be UTF-8.
    let word = line.fields().next()?.to_str().ok()?;
    allow_entry::is_fingerprint(word).then_some(word)
}

/// The line for a secret in the file of that path.
pub fn line(hit: &SecretHit, path: &BStr) -> String {
    match hit.fingerprint() {
        Some(print) => format!("{print} {} {}", hit.rule, path.to_str_lossy()),
        None => known_value::entry(hit, path),
    }
}

/// Writes a baseline of those lines.
pub fn render(lines: &BTreeSet<String>) -> String {
    let mut text = HEADER.to_owned();
    for line in lines {
        let _infallible = writeln!(text, "{line}");
    }
    text
}
