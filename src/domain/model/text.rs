//! Texts for people: numbers with their noun, short ids, and text on one line.

use std::fmt::Display;

/// A number with its noun, which gets an `s` unless there is one: `1 file`, `2 files`.
pub fn counted(number: impl TryInto<u64> + Display + Copy, noun: &str) -> String {
    let is_one = number.try_into().is_ok_and(|number| number == 1);
    format!("{number} {noun}{}", if is_one { "" } else { "s" })
}

/// `1 error, 2 warnings`.
pub fn errors_and_warnings(errors: usize, warnings: usize) -> String {
    format!("{}, {}", counted(errors, "error"), counted(warnings, "warning"))
}

/// The end of an id, by which people name it: ids of one moment begin alike.
pub fn short_id(id: &str) -> &str {
    id.get(id.len().saturating_sub(6)..).unwrap_or(id)
}

/// An error of the operating system without its number, which says nothing to a person.
pub fn without_error_numbers(text: &str) -> String {
    let mut parts = text.split(" (os error ");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.split_once(')') {
            Some((number, rest)) if number.bytes().all(|b| b.is_ascii_digit()) => {
                plain.push_str(rest);
            }
            _ => plain.extend([" (os error ", part]),
        }
    }
    plain
}

/// A note without its hint, and the hint that it has at its end: `what (hint: what to do)`.
pub fn split_hint(note: &str) -> (&str, Option<&str>) {
    match note.strip_suffix(')').and_then(|open| open.split_once(" (hint: ")) {
        Some((what, hint)) => (what, Some(hint)),
        None => (note, None),
    }
}

/// Text with every run of white space as one space, and none around it.
pub fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A word as a shell reads it: in quotes where it needs them.
pub fn shell_word(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:@%+,".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::{counted, one_line, split_hint, without_error_numbers};

    #[test]
    fn one_is_singular() {
        assert_eq!([0, 1, 2].map(|n| counted(n, "file")), ["0 files", "1 file", "2 files"]);
    }

    #[test]
    fn numbers_of_errors_are_left_out() {
        let cases = [
            ("No such file (os error 2); x (os error 13)", "No such file; x"),
            ("a (os error x) b", "a (os error x) b"),
            (" (os error 2", " (os error 2"),
            ("plain", "plain"),
        ];
        for (text, plain) in cases {
            assert_eq!(without_error_numbers(text), plain);
        }
    }

    #[test]
    fn a_hint_is_taken_off() {
        assert_eq!(split_hint("a (b) (hint: do c (d))"), ("a (b)", Some("do c (d)")));
        assert_eq!(split_hint("a (b)"), ("a (b)", None));
    }

    #[test]
    fn white_space_is_one_space() {
        assert_eq!(one_line("  a\r\n\tb  c\n"), "a b c");
    }
}
