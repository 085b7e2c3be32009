//! What makes two files the same spec: its id and its content.

use crate::domain::spec::fields;
use crate::domain::spec::reading::SpecReading;

/// A spec's id and content. Equal identities are one spec, however often its file is touched.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SpecIdentity {
    pub id: String,
    /// BLAKE3 of the content, in hexadecimal; the same for both kinds of line ends and with or
    /// without a byte order mark, so that a checkout does not make a new spec.
    pub hash: String,
}

/// The identity of a file: also of one that could not be understood, so that it is reported once.
pub fn identity(name: &str, reading: &SpecReading, bytes: &[u8]) -> SpecIdentity {
    // An id that the lint refused may not name a file.
    let given = reading.spec.as_ref().map(|s| s.id.clone()).filter(|id| is_id(id));
    SpecIdentity { id: given.unwrap_or_else(|| id_from_name(name)), hash: hash(bytes) }
}

/// Whether a text can be an id: fit for a file's name and for a branch's.
pub fn is_id(text: &str) -> bool {
    fields::is_id(text)
}

/// The hash of a content, as in [`SpecIdentity`].
pub fn hash(bytes: &[u8]) -> String {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut hasher = blake3::Hasher::new();
    let mut rest = bytes;
    while let Some(i) = memchr::memmem::find(rest, b"\r\n") {
        hasher.update(&rest[..i]);
        hasher.update(b"\n");
        rest = &rest[i + 2..];
    }
    hasher.update(rest);
    hasher.finalize().to_hex().to_string()
}

/// The id that a file's name gives: its stem in lower case, what an id may not hold as `-`.
pub(in crate::domain::spec) fn id_from_name(name: &str) -> String {
    let base = name.rsplit('/').next().unwrap_or(name);
    let stem = base.rsplit_once('.').map_or(base, |(stem, _)| stem);
    let id = slug(stem);
    if id.is_empty() {
        let hash = blake3::hash(stem.as_bytes()).to_hex();
        return format!("spec-{}", &hash[..8]);
    }
    id
}

/// Letters and digits in lower case, and one `-` for each run of anything else.
fn slug(text: &str) -> String {
    let mut slug = String::new();
    for c in text.chars() {
        if c.is_ascii_alphanumeric() {
            slug.push(c.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.truncate(64);
    slug.trim_end_matches('-').to_owned()
}
