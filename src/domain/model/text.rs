//! Texts for people: numbers with their noun, and text on one line.

/// A number with its noun, which gets an `s` unless there is one: `1 file`, `2 files`.
pub fn counted(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// Text with every run of white space as one space, and none around it.
pub fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::{counted, one_line};

    #[test]
    fn one_is_singular() {
        assert_eq!([0, 1, 2].map(|n| counted(n, "file")), ["0 files", "1 file", "2 files"]);
    }

    #[test]
    fn white_space_is_one_space() {
        assert_eq!(one_line("  a\r\n\tb  c\n"), "a b c");
    }
}
