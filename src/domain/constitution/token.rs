//! Code as tokens of any language, to compare lines by.

use std::collections::HashSet;
use std::sync::LazyLock;

/// A word, a literal or a mark, as it stands in the code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    pub text: String,
    pub kind: TokenKind,
    /// Whether white space stands before it.
    pub spaced: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    Word,
    Number,
    Text,
    Mark,
}

/// Marks of several characters, the longest first.
const MARKS: [&str; 30] = [
    "===", "!==", "...", "..=", "<<=", ">>=", "**=", "&&=", "||=", "??=", "::", "->", "=>", "==",
    "!=", "<=", ">=", "&&", "||", "+=", "-=", "*=", "/=", ":=", "<-", "?.", "??", "**", "..", "++",
];

/// Words of the usual languages that say nothing by themselves.
const KEYWORDS: &str = "_ as async auto await bool break case catch char class const continue def \
    default defer delete do double dyn elif else enum except export extends final finally float \
    fn for from func function go goto if impl import in int interface is let long loop match mod \
    move mut new not or and package pass private protected pub public raise ref return self short \
    signed static struct super switch this throw throws try type typeof union unsafe unsigned use \
    var void volatile where while with yield true false";

/// Splits code; what is in quotes stays whole.
pub fn tokens(code: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = code;
    let mut spaced = false;
    while let Some(first) = rest.chars().next() {
        if first.is_whitespace() {
            spaced = true;
            rest = rest.trim_start();
            continue;
        }
        let (length, kind) = next(rest, first);
        let (text, after) = rest.split_at(length);
        tokens.push(Token { text: text.to_owned(), kind, spaced });
        (rest, spaced) = (after, false);
    }
    tokens
}

fn next(rest: &str, first: char) -> (usize, TokenKind) {
    let wordy = |c: char| c.is_alphanumeric() || c == '_';
    let run = || rest.find(|c: char| !wordy(c)).unwrap_or(rest.len());
    if first.is_ascii_digit() {
        return (run(), TokenKind::Number);
    }
    if wordy(first) {
        return (run(), TokenKind::Word);
    }
    if matches!(first, '"' | '\'' | '`')
        && let Some(length) = quoted(rest, first)
    {
        return (length, TokenKind::Text);
    }
    let several = MARKS.iter().find(|mark| rest.starts_with(**mark));
    (several.map_or(first.len_utf8(), |mark| mark.len()), TokenKind::Mark)
}

/// The length of a quoted text; `None` where nothing ends it on its line.
fn quoted(rest: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            '\n' => return None,
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return Some(at + c.len_utf8()),
            _ => {}
        }
    }
    None
}

impl Token {
    pub fn is_word(&self) -> bool {
        self.kind == TokenKind::Word
    }

    /// Whether it names something: a word that is no key word of a language.
    pub fn names(&self) -> bool {
        static WORDS: LazyLock<HashSet<&str>> =
            LazyLock::new(|| KEYWORDS.split_whitespace().collect());
        self.is_word() && !WORDS.contains(self.text.as_str())
    }

    /// How much a pattern gains by it, in halves: a mark 1, a key word or number 2, a name 4.
    pub fn weight(&self) -> u32 {
        match self.kind {
            TokenKind::Mark => 1,
            TokenKind::Text => 4,
            TokenKind::Word if self.names() && self.text.len() > 1 => 4,
            TokenKind::Word | TokenKind::Number => 2,
        }
    }
}
