//! The format of the baseline file, which lists the secrets that a repository held before it was
//! first checked. `tribunal init` writes it.
//!
//! One line a secret, `<fingerprint> <rule> <path>`, sorted. No line numbers: two branches that both
//! take a baseline merge without a conflict, and moving code changes nothing.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use bstr::{BString, ByteSlice as _};

const HEADER: &str = "# Secrets that were in this repository before `tribunal` was set up.\n\
                      # Everyone with the repository knows them: revoke them, then delete their lines.\n";

/// The fingerprints that a baseline lists. What is not one is passed over.
pub fn fingerprints(text: &[u8]) -> impl Iterator<Item = &str> {
    text.lines().filter_map(fingerprint)
}

/// The lines, from 1, that are neither an entry nor empty nor a comment.
pub fn wrong_lines(text: &[u8]) -> Vec<u32> {
    let is_wrong = |line: &[u8]| {
        !line.trim().is_empty() && !line.starts_with(b"#") && fingerprint(line).is_none()
    };
    (1..).zip(text.lines()).filter(|(_, line)| is_wrong(line)).map(|(number, _)| number).collect()
}

fn fingerprint(line: &[u8]) -> Option<&str> {
    // Only the word: the path behind it need not be UTF-8.
    let word = line.fields().next()?.to_str().ok()?;
    (word.len() == 16 && word.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(word)
}

/// Writes a baseline from fingerprint, rule and path of each secret.
pub fn render(secrets: &BTreeSet<(String, &'static str, BString)>) -> String {
    let mut text = HEADER.to_owned();
    for (fingerprint, rule, path) in secrets {
        let _infallible = writeln!(text, "{fingerprint} {rule} {}", path.to_str_lossy());
    }
    text
}
