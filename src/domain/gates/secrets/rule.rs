//! One kind of secret, as data.

use crate::domain::gates::secrets::tier::SecretTier;

/// A kind of secret that is known by its own form.
#[derive(Clone, Copy, Debug)]
pub struct SecretRule {
    /// Stable: it stands in findings, fingerprints and redacted text.
    pub id: &'static str,
    pub what: &'static str,
    pub tier: SecretTier,
    /// The form, in the language of `shape.rs`.
    pub shape: &'static str,
    /// The literal by which a candidate is found where the shape does not open with one.
    pub mark: &'static str,
    /// Words of which one must stand on the same line or in the path, divided by `|`; empty where
    /// the form alone is enough.
    pub near: &'static str,
    pub check: TokenCheck,
}

/// What a candidate must stand up to beside its form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenCheck {
    /// It is no placeholder.
    Plain,
    /// There are both digits and letters in it.
    Mixed,
    /// It is as varied as chance makes it, letters and digits.
    Random,
    /// It ends in the CRC-32 of what stands between the prefix and the last six bytes, in base 62.
    Crc62,
    /// It ends in `_` and the CRC-32 of what stands before it, in hexadecimal.
    Crc16,
    /// Its first part is the JSON object of a JWT's header.
    Jwt,
    /// Its first part is a number in base64, as the ids of bots are.
    NumberFirst,
    /// In base64, it opens with a number and a colon.
    NumberColon,
}

impl TokenCheck {
    /// Whether it holds for no text by chance: then it does not matter what stands beside the token.
    pub fn is_proof(self) -> bool {
        matches!(self, Self::Crc62 | Self::Crc16)
    }
}

/// A rule that blocks and needs no more than its form.
pub const fn token(id: &'static str, what: &'static str, shape: &'static str) -> SecretRule {
    SecretRule {
        id,
        what,
        tier: SecretTier::Provider,
        shape,
        mark: "",
        near: "",
        check: TokenCheck::Plain,
    }
}

impl SecretRule {
    /// With a further check.
    pub const fn check(self, check: TokenCheck) -> Self {
        Self { check, ..self }
    }

    /// Found by a literal inside its shape.
    pub const fn mark(self, mark: &'static str) -> Self {
        Self { mark, ..self }
    }

    /// Only beside one of these words.
    pub const fn near(self, near: &'static str) -> Self {
        Self { near, ..self }
    }

    /// Warns instead of blocking.
    pub const fn warns(self) -> Self {
        Self { tier: SecretTier::Generic, ..self }
    }
}
