//! Makes text safe for terminals: what steers one, cannot be seen or turns the direction of writing
//! is shown as `\u{1b}`.

/// Text on one line: line ends are shown too, and a tab is a space.
pub fn printable(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\t' => safe.push(' '),
            '\n' => safe.extend(c.escape_default()),
            c => push_shown(&mut safe, c),
        }
    }
    safe
}

/// Adds a character to text of several lines: line ends and tabs stay.
pub fn push_shown(safe: &mut String, c: char) {
    if is_hidden(c) && !matches!(c, '\n' | '\t') {
        safe.extend(c.escape_default());
    } else {
        safe.push(c);
    }
}

/// Whether a character does something other than to be seen: it controls, is invisible, or turns the
/// direction of writing. What selects the look of an emoji may stay.
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{115f}' | '\u{1160}'
                | '\u{17b4}' | '\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{3164}'
                | '\u{fe00}'..='\u{fe0d}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff0}'..='\u{fffb}'
                | '\u{1bca0}'..='\u{1bca3}'
                | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

/// How many columns a text takes on a terminal, at most: what is not ASCII may be wide.
pub fn columns(text: &str) -> usize {
    text.chars().map(column_count).sum()
}

/// The beginning of a text that takes at most so many columns, with `…` where something is left out.
pub fn cut(text: &str, most: usize) -> String {
    if columns(text) <= most {
        return text.to_owned();
    }
    let mut left = most.saturating_sub(column_count('…'));
    let mut cut: String = text
        .chars()
        .take_while(|c| {
            let fits = column_count(*c) <= left;
            left = left.saturating_sub(column_count(*c));
            fits
        })
        .collect();
    if most >= column_count('…') {
        cut.push('…');
    }
    cut
}

fn column_count(c: char) -> usize {
    if c.is_ascii() { 1 } else { 2 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop_assert, prop_assert_eq, proptest};

    use super::{columns, cut, is_hidden, printable, push_shown};

    fn shown(text: &str) -> String {
        let mut safe = String::new();
        text.chars().for_each(|c| push_shown(&mut safe, c));
        safe
    }

    #[test]
    fn what_steers_or_hides_is_shown() {
        for (text, expected) in [
            ("plain\ttext\n", "plain\ttext\n"),
            ("naïve 日本語 ❤\u{fe0f} → …", "naïve 日本語 ❤\u{fe0f} → …"),
            ("\u{1b}]0;x\u{7}\r\u{8}\0", r"\u{1b}]0;x\u{7}\r\u{8}\u{0}"),
            ("\u{7f}\u{9b}2J\u{85}", r"\u{7f}\u{9b}2J\u{85}"),
            ("a\u{202e}b\u{2066}c\u{200f}d\u{61c}", r"a\u{202e}b\u{2066}c\u{200f}d\u{61c}"),
            (
                "a\u{200b}\u{200d}\u{feff}\u{2060}\u{ad}b",
                r"a\u{200b}\u{200d}\u{feff}\u{2060}\u{ad}b",
            ),
            ("\u{2028}\u{2029}\u{e0041}", r"\u{2028}\u{2029}\u{e0041}"),
        ] {
            assert_eq!(shown(text), expected);
        }
        assert_eq!(printable("a\tb\r\nc"), r"a b\r\nc");
    }

    proptest! {
        #[test]
        fn nothing_hidden_is_left(text in "\\PC{0,9}(?s).{0,40}[\u{80}-\u{9f}\u{2000}-\u{206f}]{0,4}") {
            prop_assert!(!printable(&text).contains(is_hidden));
            prop_assert!(!shown(&text).contains(|c| is_hidden(c) && c != '\n' && c != '\t'));
            prop_assert_eq!(shown(&shown(&text)), shown(&text));
        }
    }

    #[test]
    fn what_is_cut_fits() {
        for (text, most, expected) in [
            ("plain", 5, "plain"),
            ("plain", 4, "pl…"),
            ("日本語", 6, "日本語"),
            ("日本語", 5, "日…"),
            ("日本語", 1, ""),
            ("", 0, ""),
        ] {
            assert_eq!(cut(text, most), expected);
            assert!(columns(&cut(text, most)) <= most);
        }
    }
}
