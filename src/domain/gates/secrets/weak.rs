//! Which values could be guessed. A fingerprint would confirm a right guess, so
//! that these have none in anything that is printed, committed or sent.

use crate::domain::gates::secrets::{chars, checksum, random};

/// The rules for what people choose.
const CHOSEN: [&str; 7] = [
    "url-password",
    "url-plain-password",
    "command-password",
    "command-plain-password",
    "netrc-password",
    "pgpass-password",
    "generic-password",
];

/// The rules for values that are drawn by chance or chosen, as it comes.
const EITHER: [&str; 8] = [
    "authorization-header",
    "authorization-value",
    "framework-key",
    "service-key",
    "generic-secret",
    "registry-auth",
    "slack-workspace-token",
    "zapier-webhook",
];

/// The fewest bytes of a value that cannot be guessed: 80 bits where they are hexadecimal.
const DRAWN_MIN: usize = 20;

/// Whether a value that a rule found could be guessed. What an issuer, a key generator or a checksum
/// made could not.
pub fn is_weak(rule: &str, value: &[u8]) -> bool {
    CHOSEN.contains(&rule) || EITHER.contains(&rule) && !is_drawn(value)
}

/// Whether a rule finds values that could be guessed, among others.
pub fn may_be_weak(rule: &str) -> bool {
    CHOSEN.contains(&rule) || EITHER.contains(&rule)
}

/// What tells a secret from every other, without being told where it could be guessed. Key blocks are
/// hashed without what wraps and indents their lines.
pub fn hash(rule: &str, secret: &[u8]) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(rule.as_bytes());
    hasher.update(&[0]);
    if rule.ends_with("private-key") {
        let bare: Vec<u8> = secret.iter().copied().filter(|&b| chars::is(b'b', b)).collect();
        hasher.update(&bare);
    } else {
        hasher.update(secret);
    }
    hasher.finalize().to_hex()[..16].to_owned()
}

/// Whether chance made the value: long, varied, no words, and no user and password in base64.
fn is_drawn(value: &[u8]) -> bool {
    let is_hex = value.iter().all(u8::is_ascii_hexdigit);
    let is_wordy = !is_hex && random::wordiness(value, 6).is_some_and(|share| share >= 0.5);
    value.len() >= DRAWN_MIN && random::is_random(value) && !is_wordy && !is_text(value)
}

/// Whether the value is text in base64, as `user:password` is in a header.
fn is_text(value: &[u8]) -> bool {
    checksum::decode(value).is_some_and(|text| text.iter().all(|b| (b' '..0x7f).contains(b)))
}

/// A finding's message or suggestion as it was written before weak values lost their fingerprints,
/// without one.
pub fn without_fingerprint(text: &str) -> String {
    let is_print = |word: &str| word.len() == 16 && word.bytes().all(|b| b.is_ascii_hexdigit());
    for (before, after) in [
        (" (fingerprint ", ")"),
        (", or add `", "` to `gates.secrets.allow` and commit that first"),
    ] {
        if let Some((head, rest)) = text.split_once(before)
            && let Some((print, tail)) = rest.split_once(after)
            && is_print(print)
        {
            return format!("{head}{tail}");
        }
    }
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::{is_weak, may_be_weak, without_fingerprint};
    use crate::domain::gates::secrets::contextual::CONTEXTUAL;
    use crate::domain::gates::secrets::{shape, table};

    #[test]
    fn what_people_choose_is_weak_and_what_chance_drew_is_not() {
        for (value, weak) in [
            ("Summer2026!", true),
            ("correct-horse-battery-staple-9", true),
            ("summerwinter20262027", true),
            ("dXNlcjpTdW1tZXIyMDI2IQ==", true),
            ("f3a1c9e07b52d48866ab", false),
            ("Zk3vQ9xW7hJt2LmPq8RdYs4B", false),
        ] {
            assert_eq!(is_weak("generic-secret", value.as_bytes()), weak, "{value}");
            assert!(is_weak("generic-password", value.as_bytes()), "{value}");
            assert!(!is_weak("github-token", value.as_bytes()), "{value}");
        }
        for kind in CONTEXTUAL {
            let chosen = kind.rule.contains("password");
            assert!(!chosen || is_weak(kind.rule, b"anything"), "{}", kind.rule);
        }
        assert!(may_be_weak("service-key") && !may_be_weak("private-key"));
    }

    #[test]
    fn no_issuer_draws_what_could_be_guessed() {
        for rule in table::all() {
            let drawn = shape::width(rule.shape).0 - shape::literal(rule.shape).len();
            assert!(drawn >= 12, "{}: {drawn}", rule.id);
        }
        // Those with a part that is known.
        assert!(may_be_weak("slack-workspace-token") && may_be_weak("zapier-webhook"));
    }

    #[test]
    fn an_old_text_loses_its_fingerprint() {
        let print = "0123456789abcdef";
        for (text, expected) in [
            (
                format!("a password (fingerprint {print}); the base"),
                "a password; the base".to_owned(),
            ),
            (
                format!(
                    "remove it, or add `{print}` to `gates.secrets.allow` and commit that first"
                ),
                "remove it".to_owned(),
            ),
            (
                "a password (fingerprint of x)".to_owned(),
                "a password (fingerprint of x)".to_owned(),
            ),
        ] {
            assert_eq!(without_fingerprint(&text), expected);
        }
    }
}
