//! The name of a git object, of either width.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The lower-case hexadecimal name of a git object: 40 digits (SHA-1) or 64 (SHA-256).
///
/// The zero name that git uses for "no object" has the width of its repository, so it is tested
/// with [`Oid::is_zero`] and never compared with a constant.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Oid(String);

/// A text that is not the name of a git object.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not an object id (40 or 64 hexadecimal digits)")]
pub struct InvalidOid(String);

impl Oid {
    /// Takes 40 or 64 hexadecimal digits, in either case.
    pub fn parse(text: &str) -> Result<Self, InvalidOid> {
        let width = text.len() == 40 || text.len() == 64;
        if !width || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(InvalidOid(text.to_owned()));
        }
        Ok(Self(text.to_ascii_lowercase()))
    }

    /// Takes the 20 or 32 bytes that git stores; `None` for any other number.
    pub fn from_raw(raw: &[u8]) -> Option<Self> {
        // By hand: each line of each tree that is read passes here, and a hook pays for it.
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        if raw.len() != 20 && raw.len() != 32 {
            return None;
        }
        let mut hex = String::with_capacity(raw.len() * 2);
        for byte in raw {
            hex.push(char::from(DIGITS[usize::from(byte >> 4)]));
            hex.push(char::from(DIGITS[usize::from(byte & 15)]));
        }
        Some(Self(hex))
    }

    /// The hexadecimal digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is git's word for "no object".
    pub fn is_zero(&self) -> bool {
        self.0.bytes().all(|b| b == b'0')
    }

    /// The first ten digits, for people.
    pub fn short(&self) -> &str {
        &self.0[..10]
    }
}

impl fmt::Display for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Oid {
    type Error = InvalidOid;

    fn try_from(text: String) -> Result<Self, InvalidOid> {
        Self::parse(&text)
    }
}

impl From<Oid> for String {
    fn from(oid: Oid) -> Self {
        oid.0
    }
}
