//! TOML that people write, parsed where it is not nested so deep that the parser would run out of stack:
//! its own limit can be passed by text that is no valid TOML.

use serde::de::Error as _;
use toml::de::{DeTable, DeValue, Error};
use toml::{Spanned, Table};

/// How many brackets may be open at once. The parser takes 80 in valid TOML; people write two or three.
const DEPTH_MAX: usize = 100;

/// Parses a text, with the place of everything in it.
pub fn parse(text: &str) -> Result<Spanned<DeTable<'_>>, Error> {
    is_shallow(text)?;
    DeTable::parse(text)
}

/// What is wrong with a text that cannot be parsed.
#[derive(Debug, PartialEq, Eq)]
pub struct Unparsed {
    /// Where, in bytes.
    pub at: usize,
    pub message: String,
    /// Where more is known than that it is not valid TOML.
    pub hint: Option<String>,
}

/// Says what is wrong with a text, for people. `lines_before` is how many lines of a file stand before it.
pub fn explain(text: &str, lines_before: usize, error: &Error) -> Unparsed {
    let at = error.span().map_or(0, |span| span.start);
    if let Some(twice) = twice(text, lines_before, error) {
        return twice;
    }
    let message = error.message().lines().next().unwrap_or_default().to_owned();
    Unparsed { at, message, hint: None }
}

/// Whether the error is that a key or table is there for the second time. The parser tells neither its name nor
/// the place of the first: with another name in its place the text is read as far as it goes, and the two stand
/// side by side.
fn twice(text: &str, lines_before: usize, error: &Error) -> Option<Unparsed> {
    let span = error.span()?;
    let written = text.get(span.clone())?;
    let (name, _) = table(&format!("{written} = 0")).ok()?.into_iter().next()?;
    let mut other = "other-name".to_owned();
    while text.contains(&other) {
        other.push('x');
    }
    let renamed = [&text[..span.start], &other, &text[span.end..]].concat();
    let read = DeTable::parse_recoverable(&renamed).0.into_inner();
    let (path, first) = beside(&read, &other, &name)?;
    // What stands behind the other name was moved by it; the first of two stands before it.
    let lines = text.get(..first.min(span.start))?.matches('\n').count();
    let first_line = lines_before + lines + 1;
    let key = [path.as_slice(), &[name]].concat().join(".");
    let begin = text[..span.start].rfind('\n').map_or(0, |end| end + 1);
    let is_header = text[begin..].trim_start().starts_with('[');
    let (what, hint) = if is_header {
        (format!("the table `[{key}]`"), format!("put the keys of both below one `[{key}]`"))
    } else {
        (format!("`{key}`"), "keep one of the two".to_owned())
    };
    let message = format!("{what} is there twice, first in line {first_line}");
    Some(Unparsed { at: span.start, message, hint: Some(hint) })
}

/// Where the key `name` stands in the table that has the key `other`, and the names that lead to that table.
fn beside(table: &DeTable<'_>, other: &str, name: &str) -> Option<(Vec<String>, usize)> {
    let has = |wanted: &str| table.keys().find(|key| key.get_ref().as_ref() == wanted);
    if has(other).is_some() {
        return has(name).map(|key| (Vec::new(), key.span().start));
    }
    table.iter().find_map(|(key, value)| {
        let found = match value.get_ref() {
            DeValue::Table(inner) => beside(inner, other, name),
            DeValue::Array(items) => {
                let mut tables = items.iter().filter_map(|item| item.get_ref().as_table());
                tables.find_map(|inner| beside(inner, other, name))
            }
            _ => None,
        };
        found.map(|(mut path, at)| {
            path.insert(0, key.get_ref().to_string());
            (path, at)
        })
    })
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
    use super::{DEPTH_MAX, depth, explain, parse};

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
    fn what_is_there_twice_is_named_with_both_places() {
        for (text, at, message, hint) in [
            (
                "[gates]\nscope = 'warn'\nscope = 'off'\n",
                "scope = 'off'",
                "`gates.scope` is there twice, first in line 2",
                "keep one of the two",
            ),
            (
                "[gates]\nscope = 'warn'\n\n[watch]\n[gates]\nx = 1\n",
                "gates]\nx",
                "the table `[gates]` is there twice, first in line 1",
                "put the keys of both below one `[gates]`",
            ),
            (
                "[gates.\"large-files\"]\nmax = 1\n[gates.large-files]\n",
                "large-files]\n",
                "the table `[gates.large-files]` is there twice, first in line 1",
                "put the keys of both below one `[gates.large-files]`",
            ),
            (
                "[gates]\nscope = 'warn'\nscope.level = 'off'\n",
                "scope.level",
                "`gates.scope` is there twice, first in line 2",
                "keep one of the two",
            ),
            (
                "[gates]\nl = { level = 'off', \"level\" = 'warn' }\n",
                "\"level\"",
                "`gates.l.level` is there twice, first in line 2",
                "keep one of the two",
            ),
            (
                "[[commands]]\nrun = 'x'\n[[commands]]\nrun = 'y'\nrun = 'z'\n",
                "run = 'z'",
                "`commands.run` is there twice, first in line 4",
                "keep one of the two",
            ),
            (
                "[[commands]]\nrun = 'x'\n[commands]\n",
                "commands]\n",
                "the table `[commands]` is there twice, first in line 1",
                "put the keys of both below one `[commands]`",
            ),
            ("a = 1\nb = \n", "", "", ""),
            ("a = 1\nb\n", "", "", ""),
        ] {
            let said = explain(text, 0, &parse(text).unwrap_err());
            assert_eq!(said.hint.as_deref().unwrap_or_default(), hint, "{text}: {said:?}");
            if !message.is_empty() {
                assert_eq!(said.message, message, "{text}");
                assert_eq!(Some(said.at), text.rfind(at), "{text}");
            }
        }
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
