//! A secret that was found: in the bytes, and with its line.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use bstr::BString;

use crate::domain::gates::secrets::tier::SecretTier;

/// A secret without its line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawHit {
    pub rule: &'static str,
    pub tier: SecretTier,
    pub start: usize,
    pub end: usize,
    pub hash: String,
    pub is_weak: bool,
    pub name: BString,
    pub description: &'static str,
}

/// One secret in the bytes that were scanned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretHit {
    /// The rule's stable name.
    pub rule: &'static str,
    pub tier: SecretTier,
    /// Where the secret starts and ends in the bytes, as it is encoded there.
    pub start: usize,
    pub end: usize,
    /// Counted from 1.
    pub line: u32,
    /// In bytes, counted from 1.
    pub column: u32,
    /// Sixteen hexadecimal digits of BLAKE3 over the rule and the secret: the same in every place. It
    /// confirms a guess, so that it leaves this process for a value alone that cannot be guessed: see
    /// [`Self::fingerprint`].
    pub hash: String,
    /// Whether it could be guessed.
    pub is_weak: bool,
    /// The name that it is assigned to; empty where it is known by something else.
    pub name: BString,
    /// What it is, for people.
    pub description: &'static str,
}

impl SecretHit {
    /// By which the secret is named wherever it stands; `None` where that would help to guess it.
    pub fn fingerprint(&self) -> Option<&str> {
        (!self.is_weak).then_some(self.hash.as_str())
    }
}

/// Of secrets that overlap the surer one stays, then the one that starts first, then the longer.
pub fn without_overlaps(mut found: Vec<RawHit>) -> Vec<RawHit> {
    found.sort_by_key(|raw| (Reverse(raw.tier), raw.start, Reverse(raw.end)));
    let mut kept: BTreeMap<usize, RawHit> = BTreeMap::new();
    for raw in found {
        let before = kept.range(..raw.end).next_back();
        if before.is_none_or(|(_, other)| other.end <= raw.start) {
            kept.insert(raw.start, raw);
        }
    }
    kept.into_values().collect()
}
