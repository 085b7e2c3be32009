//! What names a known secret in a baseline and in `gates.secrets.allow`: a fingerprint, or
//! `name:KEY RULE PATH` for a value that could be guessed from a fingerprint.

/// What an entry by name begins with; a fingerprint never does.
pub const NAME_MARK: &str = "name:";

/// Whether a text names a value by the name that it is assigned to.
pub fn is_name(text: &str) -> bool {
    text.starts_with(NAME_MARK)
}

/// Whether a text is a fingerprint as a finding shows it: 16 hexadecimal digits.
pub fn is_fingerprint(text: &str) -> bool {
    text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
