//! Four bytes that are looked for: what `build.rs` and the program must agree on.

/// What a place may be the start of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GramKind {
    /// A rule's literal opening.
    Opening,
    /// A rule's mark.
    Mark,
    /// A word beside which a rule's shape is looked for.
    Near,
    /// A name that a secret may be assigned to.
    Name,
    /// `://`
    Url,
    /// `PRIVATE KEY` of a PEM block, `PuTTY-User-Key-File`, `"kty"` of a JSON web key.
    KeyBlock,
    /// A command with a credential among its arguments.
    Command,
}

/// Folds four bytes: letters lose their case.
pub fn fold(window: [u8; 4]) -> u32 {
    u32::from_le_bytes(window) | 0x2020_2020
}

/// Spreads folded bytes over 32 bits; the bitmap and the buckets take the upper ones.
pub fn hash(gram: u32) -> u32 {
    gram.wrapping_mul(0x9E37_79B1)
}
