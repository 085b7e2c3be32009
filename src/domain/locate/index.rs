//! The locators of a line, and the line of some locators.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::domain::locate::symbols;
use crate::domain::model::text::one_line;

/// Several ways to find one line again, each a BLAKE3 hash of 128 bits in hexadecimal.
///
/// They find a finding; its identity is its id. The path is not in them: a file keeps its locators
/// when it is renamed. Every field holds the line's own text, so that none of them can lead to a
/// line that reads differently.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineLocators {
    /// The line with the three before and after it.
    pub context3: String,
    /// The line with its neighbours.
    pub context1: String,
    /// The line with the two before it.
    pub before2: String,
    /// The line with the two after it.
    pub after2: String,
    pub before1: String,
    pub after1: String,
    /// The enclosing symbols, and which of the lines of that text in them it is.
    pub symbol_ordinal: String,
    /// The enclosing symbols.
    pub symbol: String,
    /// The innermost symbol.
    pub leaf: String,
    /// The text alone.
    pub text: String,
}

/// By which locator a line was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LocatorKind {
    Context3,
    Context1,
    SymbolOrdinal,
    Before2,
    After2,
    Symbol,
    Before1,
    After1,
    Leaf,
    Text,
}

/// Where the line of some locators is now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Search {
    Found {
        /// Counted from 1.
        line: u32,
        by: LocatorKind,
        /// Whether a dismissal may follow the line: two locators agree and one is a context.
        carries_dismissal: bool,
    },
    /// Several lines fit and nothing tells them apart.
    Ambiguous,
    /// No line reads like it.
    Gone,
}

/// A file's lines, prepared for finding any number of them.
pub struct Index {
    lines: Vec<Line>,
    by_text: HashMap<String, Vec<usize>>,
    /// The numbers of the lines that are not blank, in order.
    filled: Vec<usize>,
}

struct Line {
    text: String,
    symbols: symbols::Path,
    /// Which of the lines with this text in these symbols it is, from 0, and how many there are.
    ordinal: (usize, usize),
    /// Its place among the lines that are not blank.
    rank: usize,
}

/// The locators that must agree at each step, the first of which names it. The order was chosen by
/// measure over four histories (`benches/locators`).
const STEPS: [&[LocatorKind]; 11] = [
    &[LocatorKind::Context3],
    &[LocatorKind::Context1, LocatorKind::Symbol],
    &[LocatorKind::SymbolOrdinal],
    &[LocatorKind::Context1],
    &[LocatorKind::Before2],
    &[LocatorKind::After2],
    &[LocatorKind::Symbol],
    &[LocatorKind::Before1],
    &[LocatorKind::After1],
    &[LocatorKind::Leaf],
    &[LocatorKind::Text],
];

impl Index {
    pub fn new(text: &str) -> Self {
        let raw: Vec<&str> = text.lines().collect();
        let mut lines: Vec<Line> = Vec::with_capacity(raw.len());
        let mut filled = Vec::new();
        let mut seen: HashMap<(String, symbols::Path), usize> = HashMap::new();
        for (number, (text, symbols)) in raw.iter().zip(symbols::of_lines(&raw)).enumerate() {
            let text = normalised(text);
            let count = seen.entry((text.clone(), symbols.clone())).or_default();
            lines.push(Line { text, symbols, ordinal: (*count, 0), rank: filled.len() });
            *count += 1;
            if !lines[number].text.is_empty() {
                filled.push(number);
            }
        }
        let mut by_text: HashMap<String, Vec<usize>> = HashMap::new();
        for (number, line) in lines.iter_mut().enumerate() {
            let key = (line.text.clone(), line.symbols.clone());
            line.ordinal.1 = seen.get(&key).copied().unwrap_or_default();
            if !line.text.is_empty() {
                by_text.entry(hash("text", &[&line.text])).or_default().push(number);
            }
        }
        Self { lines, by_text, filled }
    }

    /// The locators of a line, counted from 1; `None` where there is no such line or it is blank.
    pub fn locators(&self, line: u32) -> Option<LineLocators> {
        let number = usize::try_from(line).ok()?.checked_sub(1)?;
        let found = self.lines.get(number)?;
        if found.text.is_empty() {
            return None;
        }
        let key = |tier| self.key(number, tier);
        Some(LineLocators {
            context3: key(LocatorKind::Context3),
            context1: key(LocatorKind::Context1),
            before2: key(LocatorKind::Before2),
            after2: key(LocatorKind::After2),
            before1: key(LocatorKind::Before1),
            after1: key(LocatorKind::After1),
            symbol_ordinal: key(LocatorKind::SymbolOrdinal),
            symbol: key(LocatorKind::Symbol),
            leaf: key(LocatorKind::Leaf),
            text: key(LocatorKind::Text),
        })
    }

    /// Looks for the line of these locators: each step narrows what the one before left open.
    pub fn find(&self, locators: &LineLocators) -> Search {
        let Some(alike) = self.by_text.get(&locators.text) else { return Search::Gone };
        let agrees = |number: usize, tier| self.key(number, tier) == locators.get(tier);
        let mut left = alike.clone();
        for step in STEPS {
            let fits = |number: &usize| step.iter().all(|&tier| agrees(*number, tier));
            let fitting: Vec<usize> = left.iter().copied().filter(fits).collect();
            match fitting[..] {
                [] => {}
                [number] if self.contradicted(number, step[0], alike, locators) => break,
                [number] => {
                    let context = agrees(number, LocatorKind::Context3)
                        || agrees(number, LocatorKind::Context1);
                    return Search::Found {
                        line: u32::try_from(number + 1).unwrap_or(u32::MAX),
                        by: step[0],
                        // Each context holds the text and the narrower ones: what must agree
                        // beside it is the symbol.
                        carries_dismissal: context && agrees(number, LocatorKind::Symbol),
                    };
                }
                _ => left = fitting,
            }
        }
        Search::Ambiguous
    }

    /// Whether a line that only a narrow context speaks for stands in another symbol, while a
    /// line of the same text still stands in the old one.
    fn contradicted(
        &self,
        number: usize,
        by: LocatorKind,
        alike: &[usize],
        locators: &LineLocators,
    ) -> bool {
        let narrow = matches!(
            by,
            LocatorKind::Context1
                | LocatorKind::Before2
                | LocatorKind::After2
                | LocatorKind::Before1
                | LocatorKind::After1
        );
        let at_home = |number: usize| self.key(number, LocatorKind::Leaf) == locators.leaf;
        narrow && !at_home(number) && alike.iter().any(|&other| at_home(other))
    }

    fn key(&self, number: usize, tier: LocatorKind) -> String {
        let line = &self.lines[number];
        match tier {
            LocatorKind::Context3 => hash("context3", &self.around(number, 3, 3)),
            LocatorKind::Context1 => hash("context1", &self.around(number, 1, 1)),
            LocatorKind::Before2 => hash("before2", &self.around(number, 2, 0)),
            LocatorKind::After2 => hash("after2", &self.around(number, 0, 2)),
            LocatorKind::Before1 => hash("before1", &self.around(number, 1, 0)),
            LocatorKind::After1 => hash("after1", &self.around(number, 0, 1)),
            LocatorKind::SymbolOrdinal => {
                let (at, of) = (line.ordinal.0.to_string(), line.ordinal.1.to_string());
                hash("symbol-ordinal", &[&line.symbols.join(), &line.text, &at, &of])
            }
            LocatorKind::Symbol => hash("symbol", &[&line.symbols.join(), &line.text]),
            LocatorKind::Leaf => hash("leaf", &[line.symbols.leaf(), &line.text]),
            LocatorKind::Text => hash("text", &[&line.text]),
        }
    }

    /// The line amid so many lines back and on that are not blank; empty beyond the ends.
    fn around(&self, number: usize, back: usize, on: usize) -> Vec<&str> {
        let rank = self.lines[number].rank;
        let at = |rank: Option<usize>| {
            let number = rank.and_then(|rank| self.filled.get(rank));
            number.map_or("", |&number| self.lines[number].text.as_str())
        };
        let before = (1..=back).rev().map(|step| at(rank.checked_sub(step)));
        let after = (0..=on).map(|step| at(rank.checked_add(step)));
        before.chain(after).collect()
    }
}

impl LineLocators {
    pub fn get(&self, tier: LocatorKind) -> &str {
        match tier {
            LocatorKind::Context3 => &self.context3,
            LocatorKind::Context1 => &self.context1,
            LocatorKind::Before2 => &self.before2,
            LocatorKind::After2 => &self.after2,
            LocatorKind::Before1 => &self.before1,
            LocatorKind::After1 => &self.after1,
            LocatorKind::SymbolOrdinal => &self.symbol_ordinal,
            LocatorKind::Symbol => &self.symbol,
            LocatorKind::Leaf => &self.leaf,
            LocatorKind::Text => &self.text,
        }
    }
}

/// 128 bits of BLAKE3 over the version, the kind and each field with its length before it.
fn hash(kind: &str, fields: &[&str]) -> String {
    let mut hasher = blake3::Hasher::new();
    for field in ["locator/v1", kind].iter().chain(fields) {
        hasher.update(&(field.len() as u64).to_le_bytes());
        hasher.update(field.as_bytes());
    }
    let mut hex = hasher.finalize().to_hex().to_string();
    hex.truncate(32);
    hex
}

/// The line trimmed, its white space collapsed, a trailing comment dropped; case is kept. A line
/// that is all comment keeps it.
pub fn normalised(line: &str) -> String {
    let line = line.trim();
    let code = without_comment(line).trim_end();
    let kept = if code.is_empty() { line } else { code };
    one_line(kept)
}

/// Cuts at a comment mark that stands after white space and outside quotes.
fn without_comment(line: &str) -> &str {
    let mut quote = None;
    let mut before = b' ';
    let bytes = line.as_bytes();
    for (at, &byte) in bytes.iter().enumerate() {
        match quote {
            Some(open) if byte == open && before != b'\\' => quote = None,
            None if byte == b'"' || byte == b'`' => quote = Some(byte),
            None if before.is_ascii_whitespace() && at > 0 => {
                let mark = byte == b'#' && bytes.get(at + 1) == Some(&b' ');
                if mark || bytes[at..].starts_with(b"//") || bytes[at..].starts_with(b"/* ") {
                    return &line[..at];
                }
            }
            Some(_) | None => {}
        }
        before = byte;
    }
    line
}
