//! Finds, in one pass, the places that are worth a closer look.
//!
//! Every rule and keyword is known by four bytes of its literal part. The bytes are folded with
//! `| 0x20` and hashed; a bitmap of 64 Ki bits (8 KiB, it stays in the nearest cache) says no
//! for all but a few positions. Building it takes tens of microseconds for some six hundred
//! literals, where an automaton takes milliseconds: start-up is what a hook pays.

use std::sync::OnceLock;

use crate::gates::secrets::rule::Rule;
use crate::gates::secrets::{chars, shape, table};

const BUCKET_BITS: u32 = 12;

/// What a place may be the start of.
#[derive(Clone, Copy, Debug)]
pub enum Lead {
    /// A rule's literal opening, or its mark; `true` for a mark.
    Token(&'static Rule, bool),
    /// A word beside which a rule's shape is looked for.
    Near(&'static Rule),
    /// A name that a secret may be assigned to.
    Name,
    /// `://`
    Url,
    /// `PRIVATE KEY` of a PEM block, `PuTTY-User-Key-File`, `"kty"` of a JSON web key.
    KeyBlock,
    /// A command with a credential among its arguments.
    Command,
}

/// Words that open each kind of lead, in lower case.
const WORDS: [(Lead, &[&str]); 4] = [
    (
        Lead::Name,
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
    (Lead::Url, &["://"]),
    (Lead::KeyBlock, &["private key", "putty-user-key", "\"kty\""]),
    (
        Lead::Command,
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

#[derive(Clone, Copy, Debug)]
struct Node {
    gram: u32,
    /// How far the four bytes stand behind the start of the literal.
    back: u8,
    /// The whole word, where no shape says how it goes on.
    word: &'static str,
    lead: Lead,
}

/// The bitmap and, behind it, what each four bytes may open.
pub struct Prefilter {
    bitmap: Box<[u64; 1024]>,
    starts: Vec<u16>,
    nodes: Vec<Node>,
    /// The rules whose candidates are long runs of token bytes.
    pub of_runs: Vec<&'static Rule>,
}

/// The one of this process, built on first use.
pub fn get() -> &'static Prefilter {
    static PREFILTER: OnceLock<Prefilter> = OnceLock::new();
    PREFILTER.get_or_init(build)
}

impl Prefilter {
    /// Calls `visit` with every lead and the place where its literal starts, in ascending order of
    /// the four bytes that gave it away.
    pub fn visit(&self, text: &[u8], mut visit: impl FnMut(Lead, usize)) {
        let mut at = 0;
        while let Some(place) = self.next(text, at) {
            at = place + 1;
            let Some(window) = text[place..].first_chunk() else { continue };
            let gram = fold(*window);
            let bucket = (hash(gram) >> (32 - BUCKET_BITS)) as usize;
            let range = usize::from(self.starts[bucket])..usize::from(self.starts[bucket + 1]);
            for node in &self.nodes[range] {
                let Some(start) = place.checked_sub(usize::from(node.back)) else { continue };
                let end = start + node.word.len();
                if node.gram == gram
                    && text
                        .get(start..end)
                        .is_some_and(|w| w.eq_ignore_ascii_case(node.word.as_bytes()))
                {
                    visit(node.lead, start);
                }
            }
        }
    }

    /// The first place from `from` on whose four bytes are in the bitmap.
    ///
    /// Kept apart and small, so that all it needs stays in registers: eight bytes are loaded, the
    /// four places in them tested, and one branch taken for all four.
    #[inline(never)]
    fn next(&self, text: &[u8], from: usize) -> Option<usize> {
        let mut at = from;
        while let Some(chunk) = text.get(at..).and_then(<[u8]>::first_chunk::<8>) {
            let word = u64::from_le_bytes(*chunk) | 0x2020_2020_2020_2020;
            let grams = [word, word >> 8, word >> 16, word >> 24];
            let found = grams.map(|gram| self.bit(low(gram)));
            if found[0] | found[1] | found[2] | found[3] != 0 {
                return found.iter().position(|&bit| bit != 0).map(|offset| at + offset);
            }
            at += 4;
        }
        (at..text.len().saturating_sub(3))
            .find(|&at| text[at..].first_chunk().is_some_and(|window| self.bit(fold(*window)) != 0))
    }

    /// Not zero where the folded four bytes may be ones that are looked for.
    fn bit(&self, gram: u32) -> u64 {
        let hash = hash(gram);
        (self.bitmap[(hash >> 22) as usize] >> ((hash >> 16) & 63)) & 1
    }

    /// How many different four-byte texts are looked for.
    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.nodes.len()
    }
}

fn fold(window: [u8; 4]) -> u32 {
    u32::from_le_bytes(window) | 0x2020_2020
}

#[expect(clippy::cast_possible_truncation, reason = "the low half is what is wanted")]
fn low(word: u64) -> u32 {
    word as u32
}

fn hash(gram: u32) -> u32 {
    gram.wrapping_mul(0x9E37_79B1)
}

fn build() -> Prefilter {
    let mut nodes = Vec::with_capacity(8192);
    let mut of_runs = Vec::new();
    for rule in table::all() {
        if !rule.mark.is_empty() {
            add(rule.mark, mark_tail(rule), "", Lead::Token(rule, true), &mut nodes);
        } else if !rule.is_from_runs() {
            add(shape::literal(rule.shape), rule.shape, "", Lead::Token(rule, false), &mut nodes);
        } else {
            if rule.near.is_empty() {
                of_runs.push(rule);
            }
            for word in rule.near.split('|').filter(|word| !word.is_empty()) {
                add(word, word, word, Lead::Near(rule), &mut nodes);
            }
        }
    }
    for (lead, words) in WORDS {
        for word in words {
            add(word, word, word, lead, &mut nodes);
        }
    }
    let mut bitmap = Box::new([0u64; 1024]);
    let mut starts = vec![0u16; (1 << BUCKET_BITS) + 1];
    for node in &nodes {
        let hash = hash(node.gram);
        bitmap[(hash >> 22) as usize] |= 1 << ((hash >> 16) & 63);
        starts[(hash >> (32 - BUCKET_BITS)) as usize + 1] += 1;
    }
    for bucket in 1..starts.len() {
        starts[bucket] += starts[bucket - 1];
    }
    let nodes = by_bucket(&nodes, &starts);
    Prefilter { bitmap, starts, nodes, of_runs }
}

/// The nodes laid out by bucket, those of one bucket in their order: counted, not compared, since a
/// hook pays for it.
fn by_bucket(nodes: &[Node], starts: &[u16]) -> Vec<Node> {
    let mut next = starts.to_vec();
    let mut order = vec![0u16; nodes.len()];
    for (number, node) in (0u16..).zip(nodes) {
        let slot = &mut next[(hash(node.gram) >> (32 - BUCKET_BITS)) as usize];
        order[usize::from(*slot)] = number;
        *slot += 1;
    }
    order.into_iter().map(|number| nodes[usize::from(number)]).collect()
}

/// The shape from a rule's mark on.
fn mark_tail(rule: &'static Rule) -> &'static str {
    rule.shape.find(rule.mark).map_or(rule.mark, |at| &rule.shape[at..])
}

/// Adds the rarest four bytes of a literal, or, where it is too short, the four-byte openings of
/// the shape that starts with it.
fn add(literal: &str, shape: &str, word: &'static str, lead: Lead, nodes: &mut Vec<Node>) {
    let bytes = literal.as_bytes();
    if bytes.len() >= 4 {
        let rarity = |at: usize| bytes[at..at + 4].iter().map(|&b| rarity(b)).sum::<u32>();
        let at = (0..=(bytes.len() - 4).min(24))
            .max_by_key(|&at| (rarity(at), usize::MAX - at))
            .unwrap_or(0);
        nodes.push(Node {
            gram: fold([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]),
            back: u8::try_from(at).unwrap_or(0),
            word,
            lead,
        });
        return;
    }
    let mut grams = Vec::new();
    openings(&[shape], [0; 4], 0, &mut grams);
    grams.sort_unstable();
    grams.dedup();
    nodes.extend(grams.into_iter().map(|gram| Node { gram, back: 0, word, lead }));
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
        shape::Item::Byte(byte) => openings(&next, with(gram, length, byte), length + 1, out),
        shape::Item::Uuid => each(b'x', &["{x3}"], gram, length, out),
        shape::Item::Run { class, min, .. } => {
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
        shape::Item::Group { options, optional } => {
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
