//! How a value that could be guessed is named in a baseline and in `gates.secrets.allow`: by its rule,
//! the name that it is assigned to and its path, `name:DB_PASSWORD generic-password config/dev.env`.

use std::fmt::Write as _;

use crate::domain::gates::secrets::hit::SecretHit;
use crate::domain::model::terminal::is_hidden;
use crate::domain::policy::allow_entry::NAME_MARK;

/// The entry for a hit in the file of that path. Two differ where their rules, names or paths do.
pub fn entry(hit: &SecretHit, path: &[u8]) -> String {
    let name = if hit.name.is_empty() { "-".to_owned() } else { plain(&hit.name, b' ') };
    // A path is the last: spaces in it may stay.
    format!("{NAME_MARK}{name} {} {}", hit.rule, plain(path, b'\n'))
}

/// Bytes on one line, without that byte; what could not be read back is written as `\x0a`.
fn plain(bytes: &[u8], without: u8) -> String {
    let mut text = String::new();
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            if c == '\\' || c == char::from(without) || is_hidden(c) {
                let mut buffer = [0; 4];
                for byte in c.encode_utf8(&mut buffer).bytes() {
                    let _infallible = write!(text, "\\x{byte:02x}");
                }
            } else {
                text.push(c);
            }
        }
        for byte in chunk.invalid() {
            let _infallible = write!(text, "\\x{byte:02x}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use bstr::BString;
    use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

    use super::entry;
    use crate::domain::gates::secrets::hit::SecretHit;
    use crate::domain::gates::secrets::tier::SecretTier;
    use crate::domain::policy::allow_entry::is_name;

    fn named(name: &[u8], path: &[u8]) -> String {
        let hit = SecretHit {
            rule: "generic-password",
            tier: SecretTier::Generic,
            start: 0,
            end: 1,
            line: 1,
            column: 1,
            hash: String::new(),
            is_weak: true,
            name: BString::from(name),
            description: "",
        };
        entry(&hit, path)
    }

    #[test]
    fn an_entry_is_one_readable_line() {
        assert_eq!(named(b"A_B", b"x/y z"), "name:A_B generic-password x/y z");
        assert_eq!(named(b"", b"x"), "name:- generic-password x");
        let odd = named(b"a b", "\n\\\u{202e}é".as_bytes());
        assert_eq!(odd, r"name:a\x20b generic-password \x0a\x5c\xe2\x80\xaeé");
        assert_eq!(named(b"a", b"\xff"), r"name:a generic-password \xff");
    }

    proptest! {
        #[test]
        fn two_places_have_two_entries(
            one in (proptest::collection::vec(any::<u8>(), 1..4), proptest::collection::vec(any::<u8>(), 1..4)),
            two in (proptest::collection::vec(any::<u8>(), 1..4), proptest::collection::vec(any::<u8>(), 1..4)),
        ) {
            let (a, b) = (named(&one.0, &one.1), named(&two.0, &two.1));
            prop_assert_eq!(one == two, a == b);
            prop_assert!(is_name(&a) && !a.contains('\n'));
        }
    }
}
