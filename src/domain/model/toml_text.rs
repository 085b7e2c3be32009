//! TOML that people write, parsed where it is not nested so deep that the parser would run out of stack:
//! its own limit can be passed by text that is no valid TOML.

use serde::de::Error as _;
use toml::de::{DeTable, Error};
use toml::{Spanned, Table};

/// How many brackets may be open at once. The parser takes 80 in valid TOML; people write two or three.
const DEPTH_MAX: usize = 100;

/// Parses a text, with the place of everything in it.
pub fn parse(text: &str) -> Result<Spanned<DeTable<'_>>, Error> {
    is_shallow(text)?;
    DeTable::parse(text)
}

/// Parses a text without places.
pub fn table(text: &str) -> Result<Table, Error> {
    is_shallow(text)?;
    text.parse()
}

fn is_shallow(text: &str) -> Result<(), Error> {
    // The mark at the beginning of a file is no part of its first word.
    if depth(text.trim_start_matches('\u{feff}').as_bytes()) > DEPTH_MAX {
        return Err(Error::custom(format!("more than {DEPTH_MAX} brackets are open at once")));
    }
    Ok(())
}

/// The most brackets that are open at once. In invalid TOML a bracket counts as open until one of its kind
/// closes it: the parser looks no further either.
fn depth(text: &[u8]) -> usize {
    let (mut open, mut most, mut at) = (Vec::new(), 0, 0);
    while let Some(&byte) = text.get(at) {
        match byte {
            b'{' | b'[' => open.push(byte),
            // The closing ones stand two behind the opening ones.
            b'}' | b']' if open.last() == Some(&(byte - 2)) => drop(open.pop()),
            _ => {}
        }
        most = most.max(open.len());
        at += token(&text[at..]);
    }
    most
}

/// How long the token is that the text begins with. What is not closed ends as for the parser.
fn token(text: &[u8]) -> usize {
    let until =
        |ends: &[u8]| text.iter().position(|byte| ends.contains(byte)).unwrap_or(text.len());
    match text[0] {
        b'.' | b'=' | b',' | b'[' | b']' | b'{' | b'}' | b' ' | b'\t' | b'\r' | b'\n' => 1,
        b'#' => until(b"\r\n"),
        quote @ (b'"' | b'\'') if text.starts_with(&[quote; 3]) => {
            let end = end_of_string(text, 3, quote);
            // The last three of up to five end it.
            end + text[end..].iter().take(2).take_while(|byte| **byte == quote).count()
        }
        quote @ (b'"' | b'\'') => end_of_string(text, 1, quote),
        _ => until(b".=,[]{} \t#\r\n"),
    }
}

/// Where a string ends that begins with so many quotes.
fn end_of_string(text: &[u8], quotes: usize, quote: u8) -> usize {
    let mut at = quotes;
    while let Some(&byte) = text.get(at) {
        at += match byte {
            b'\n' if quotes == 1 => return at,
            b'\\' if quote == b'"' => match text.get(at + 1) {
                Some(b'\\' | b'"') => 2,
                _ => 1,
            },
            _ if text[at..].starts_with(&[quote; 3][..quotes]) => return at + quotes,
            _ => 1,
        };
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::{DEPTH_MAX, depth, parse};

    #[test]
    fn brackets_are_counted_as_the_parser_sees_them() {
        for (text, expected) in [
            ("", 0),
            ("[a]\nb = [{c = 1}, []]\n[[d]]\n", 2),
            ("a = '{' # {\nb = \"{\\\"{\"\nc = '''{\n'''''\nd = \"\"\"{\\\"\"\"{\"\"\"\"\n", 0),
            ("a\"{ = 1\n", 1),
            ("a = \"{\n{ '{\n[", 2),
            ("{ ] [ } { ]", 3),
            ("# {\r[\n", 1),
            ("a = \"\"\"b\"\"\"\" { # \"\n{", 2),
        ] {
            assert_eq!(depth(text.as_bytes()), expected, "{text}");
        }
        let nested = |levels: usize| format!("a = {}{}\n", "[".repeat(levels), "]".repeat(levels));
        assert!(parse(&nested(60)).is_ok());
        let own = parse(&nested(DEPTH_MAX)).unwrap_err();
        assert!(own.message().contains("max recursion depth"), "{own}");
        assert!(parse(&nested(DEPTH_MAX + 1)).unwrap_err().message().contains("open at once"));
    }

    #[test]
    fn what_passes_the_limit_of_the_parser_is_refused() {
        for level in ["[gates]\nscope = { a b\n", "a = { b c\n[d]\n", "a = { b {}\n[] c = "] {
            let error = parse(&level.repeat(40_000)).unwrap_err();
            assert!(error.message().contains("open at once"), "{error}");
        }
        // Many that are not in one another are no matter.
        assert!(parse(&format!("a = [\n{}]\n", "{b = [1, {}]},\n".repeat(20_000))).is_ok());
    }
}
