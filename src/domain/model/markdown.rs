//! Makes text safe for Markdown: it shows as text and is nothing else.

use crate::domain::model::terminal::printable;
use crate::domain::model::text::one_line;

/// Text on one line, also of a table: no markup, no link, no mention, nothing that hides.
pub fn text(words: &str) -> String {
    let words = printable(&one_line(words));
    let mut safe = String::with_capacity(words.len());
    let mut rest = words.chars().peekable();
    while let Some(c) = rest.next() {
        // An address is shown and is no link.
        let address = c == ':' && rest.peek() == Some(&'/') || c == '.' && safe.ends_with("www");
        if address || r"\`*_[]<>&|~#!@".contains(c) {
            safe.push('\\');
        }
        safe.push(c);
    }
    safe
}

/// A name as code on one line.
pub fn code(name: &str) -> String {
    let name = printable(&one_line(name));
    if name.is_empty() {
        return "nothing".to_owned();
    }
    let ticks = "`".repeat(longest_run(&name) + 1);
    let pad = if name.contains('`') { " " } else { "" };
    format!("{ticks}{pad}{name}{pad}{ticks}")
}

/// As [`code`], in a table.
pub fn code_in_table(name: &str) -> String {
    code(name).replace('|', "\\|")
}

/// Text as a block of code, whatever is in it.
pub fn block(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(printable).collect();
    let body = lines.join("\n");
    let fence = "`".repeat((longest_run(&body) + 1).max(3));
    format!("{fence}text\n{body}\n{fence}")
}

/// The most backticks in a row.
fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::{block, code, code_in_table, text};

    #[test]
    fn words_are_no_markup() {
        for (words, expected) in [
            ("plain", "plain"),
            ("a\n# b | *c*", r"a \# b \| \*c\*"),
            ("<img src=x> @you [x](http://a)", r"\<img src=x\> \@you \[x\](http\://a)"),
            ("www.a.b", r"www\.a.b"),
            ("\u{202e}\u{1b}[2J", r"\\u{202e}\\u{1b}\[2J"),
        ] {
            assert_eq!(text(words), expected);
        }
        assert_eq!(code("a `b``\u{200b}"), r"``` a `b``\u{200b} ```");
        assert_eq!(code(" a\nb "), "`a b`");
        assert_eq!(code(" "), "nothing");
        assert_eq!(code_in_table("a|b"), "`a\\|b`");
        assert_eq!(block("a\n```\n\u{9b}"), "````text\na\n```\n\\u{9b}\n````");
    }
}
