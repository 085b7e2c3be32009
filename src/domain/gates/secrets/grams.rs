//! The four-byte texts by which rules and keywords are known. Compiled into `build.rs` alone, which lays
//! out what comes of it in the program, because start-up is what a hook pays.

use crate::domain::gates::secrets::gram::{GramKind, fold};
use crate::domain::gates::secrets::rule::SecretRule;
use crate::domain::gates::secrets::{chars, shape, table};

/// A kind, and of which rule in the table; 0 where none is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GramLead {
    pub kind: GramKind,
    pub rule: u16,
}

/// Four bytes that are looked for.
#[derive(Clone, Copy, Debug)]
pub struct Gram {
    /// The bytes, folded.
    pub bytes: u32,
    /// How far they stand behind the start of the literal.
    pub back: u8,
    /// The whole word, where no shape says how it goes on.
    pub word: &'static str,
    pub lead: GramLead,
}

/// Words that open each kind of lead, in lower case.
const WORDS: [(GramKind, &[&str]); 4] = [
    (
        GramKind::Name,
        &[
            "pass",
            "pwd",
            "secr",
            "token",
            "auth",
            "cred",
            "apik",
            "key=",
            "key:",
            "key\"",
            "key'",
            "key ",
            "key_",
            "key-",
            "key]",
            "key)",
            "key,",
            "key.",
            "key<",
            "key`",
            "key\\",
            "bearer",
            "login",
            "_pat",
            "accountkey",
            "connectionstring",
            "webhook",
            "dsn",
            "sig=",
            "asana",
            "seed",
            "mnemonic",
            "signature",
            "nkey",
            "jwt",
            "salt",
            "_sk",
            "totp",
        ],
    ),
    (GramKind::Url, &["://"]),
    (GramKind::KeyBlock, &["private key", "putty-user-key", "\"kty\""]),
    (
        GramKind::Command,
        &[
            " -u ",
            "--user",
            "sshpass",
            "docker login",
            "psexec",
            "ldapsearch",
            "ldapmodify",
            "ldapadd",
            "sqlcmd",
            "az login",
            "identified by ",
            "convertto-securestring",
            "-u\"",
            "-u'",
            "curlopt_",
            "helm re",
            "net use",
            "mysql",
        ],
    ),
];

/// Every four-byte text, in the order of the table, and the rules whose candidates are long runs of
/// token bytes.
pub fn all() -> (Vec<Gram>, Vec<u16>) {
    let mut grams = Vec::new();
    let mut of_runs = Vec::new();
    for (number, rule) in (0u16..).zip(table::all()) {
        let lead = |kind| GramLead { kind, rule: number };
        if !rule.mark.is_empty() {
            add(rule.mark, mark_tail(rule), "", lead(GramKind::Mark), &mut grams);
        } else if !is_from_runs(rule) {
            add(shape::literal(rule.shape), rule.shape, "", lead(GramKind::Opening), &mut grams);
        } else {
            if rule.near.is_empty() {
                of_runs.push(number);
            }
            for word in rule.near.split('|').filter(|word| !word.is_empty()) {
                add(word, word, word, lead(GramKind::Near), &mut grams);
            }
        }
    }
    for (kind, words) in WORDS {
        for word in words {
            add(word, word, word, GramLead { kind, rule: 0 }, &mut grams);
        }
    }
    (grams, of_runs)
}

/// The shape from a rule's mark on.
fn mark_tail(rule: &'static SecretRule) -> &'static str {
    rule.shape.find(rule.mark).map_or(rule.mark, |at| &rule.shape[at..])
}

/// Adds the rarest four bytes of a literal, or, where it is too short, the four-byte openings of
/// the shape that starts with it.
fn add(literal: &str, shape: &str, word: &'static str, lead: GramLead, grams: &mut Vec<Gram>) {
    let bytes = literal.as_bytes();
    if bytes.len() >= 4 {
        let rarity = |at: usize| bytes[at..at + 4].iter().map(|&b| rarity(b)).sum::<u32>();
        let at = (0..=(bytes.len() - 4).min(24))
            .max_by_key(|&at| (rarity(at), usize::MAX - at))
            .unwrap_or(0);
        grams.push(Gram {
            bytes: fold([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]),
            back: u8::try_from(at).unwrap_or(0),
            word,
            lead,
        });
        return;
    }
    let mut found = Vec::new();
    openings(&[shape], [0; 4], 0, &mut found);
    found.sort_unstable();
    found.dedup();
    grams.extend(found.into_iter().map(|bytes| Gram { bytes, back: 0, word, lead }));
}

/// How seldom a byte stands in source text, roughly.
fn rarity(byte: u8) -> u32 {
    match byte.to_ascii_lowercase() {
        b' ' | b'e' | b't' | b'a' | b'o' | b'i' | b'n' | b's' | b'r' => 0,
        b'l' | b'd' | b'c' | b'u' | b'm' | b'p' | b'f' | b'h' | b'_' | b'.' | b'/' => 1,
        b'g' | b'b' | b'y' | b'w' | b'v' | b'k' | b'-' | b'=' | b'"' | b':' | b'0' | b'1' => 2,
        b'2'..=b'9' | b'x' => 3,
        _ => 4,
    }
}

fn openings(rest: &[&str], gram: [u8; 4], length: usize, out: &mut Vec<u32>) {
    if length == 4 {
        out.push(fold(gram));
        return;
    }
    let Some((&shape, after)) = rest.split_first() else {
        // A word shorter than four bytes: whatever follows it.
        for byte in b' '..0x7f {
            openings(&["?"], with(gram, length, byte), length + 1, out);
        }
        return;
    };
    let Some((item, tail)) = shape::split(shape) else { return openings(after, gram, length, out) };
    let mut next = vec![tail];
    next.extend(after);
    match item {
        shape::ShapePart::Byte(byte) => openings(&next, with(gram, length, byte), length + 1, out),
        shape::ShapePart::Uuid => each(b'x', &["{x3}"], gram, length, out),
        shape::ShapePart::Run { class, min, .. } => {
            let left = (min.min(4)).saturating_sub(1);
            if min == 0 {
                return openings(&next, gram, length, out);
            }
            let more = ["", "x1", "x2", "x3"][left.min(3)];
            let more = if more.is_empty() {
                String::new()
            } else {
                format!("{{{}{}}}", class as char, &more[1..])
            };
            next.insert(0, &more);
            each(class, &next, gram, length, out);
        }
        shape::ShapePart::Group { options, optional } => {
            for option in options.split('|').chain(optional.then_some("")) {
                let mut chosen = vec![option];
                chosen.extend(next.iter());
                openings(&chosen, gram, length, out);
            }
        }
    }
}

fn each(class: u8, rest: &[&str], gram: [u8; 4], length: usize, out: &mut Vec<u32>) {
    for byte in (b' '..0x7f).filter(|&byte| chars::is(class, byte)) {
        // Upper and lower case fold to the same four bytes.
        if byte.is_ascii_uppercase() && chars::is(class, byte.to_ascii_lowercase()) {
            continue;
        }
        let gram = with(gram, length, byte);
        if length == 3 {
            out.push(fold(gram));
        } else {
            openings(rest, gram, length + 1, out);
        }
    }
}

fn with(mut gram: [u8; 4], at: usize, byte: u8) -> [u8; 4] {
    gram[at] = byte;
    gram
}

/// Whether candidates come from long runs of token bytes, there being no literal.
fn is_from_runs(rule: &SecretRule) -> bool {
    rule.mark.is_empty() && !has_opening(rule.shape)
}

/// Whether a shape opens with enough literal text to be found by it.
fn has_opening(shape: &str) -> bool {
    shortest_opening(shape) >= 3
}

fn shortest_opening(shape: &str) -> usize {
    let mut length = 0;
    let mut rest = shape;
    while let Some((item, after)) = shape::split(rest) {
        match item {
            shape::ShapePart::Byte(_) => length += 1,
            shape::ShapePart::Group { options, optional: false } => {
                let literal =
                    options.split('|').map(|o| shape::literal(o).len()).min().unwrap_or(0);
                length += literal;
                if options.contains('{') {
                    return length;
                }
            }
            shape::ShapePart::Group { optional: true, .. } => {}
            shape::ShapePart::Run { .. } | shape::ShapePart::Uuid => return length,
        }
        rest = after;
    }
    length
}
