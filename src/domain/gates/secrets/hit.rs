//! A secret that was found: in the bytes, and with its line.

use crate::domain::gates::secrets::tier::SecretTier;

/// A secret without its line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawHit {
    pub rule: &'static str,
    pub tier: SecretTier,
    pub start: usize,
    pub end: usize,
    pub fingerprint: String,
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
    /// Sixteen hexadecimal digits of BLAKE3 over the rule and the secret: the same in every place,
    /// and of no help in finding the secret out.
    pub fingerprint: String,
    /// What it is, for people.
    pub description: &'static str,
}
