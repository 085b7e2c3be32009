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
    text.lines()
        .filter_map(|line| line.to_str().ok()?.split_whitespace().next())
        .filter(|word| word.len() == 16 && word.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// Writes a baseline from fingerprint, rule and path of each secret.
pub fn render(secrets: &BTreeSet<(String, &'static str, BString)>) -> String {
    let mut text = HEADER.to_owned();
    for (fingerprint, rule, path) in secrets {
        let _infallible = writeln!(text, "{fingerprint} {rule} {}", path.to_str_lossy());
    }
    text
}
