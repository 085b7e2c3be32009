//! Makes text safe for the logs of CI services, which take some lines for commands.
//!
//! GitHub's runner takes a line that begins with `::` after white space, and `##[` anywhere in a line;
//! Azure Pipelines and `TeamCity` take `##vso[` and `##teamcity[`, GitLab `section_start:` and
//! `section_end:`.

/// What makes a command wherever it stands in a line.
const ANYWHERE: [&str; 5] = ["##[", "##vso[", "##teamcity[", "section_start:", "section_end:"];

/// The places of the text, in bytes and in order, at which a command would begin.
pub fn places(text: &str) -> Vec<usize> {
    let mut places = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let blanks = line.len() - line.trim_start().len();
        if line[blanks..].starts_with("::") {
            places.push(start + blanks);
        }
        start += line.len();
    }
    for word in ANYWHERE {
        places.extend(text.match_indices(word).map(|(at, _)| at));
    }
    places.sort_unstable();
    places
}

/// The text without commands: the first character of each is written as `escape` has it.
pub fn escaped(text: &str, escape: impl Fn(char) -> String) -> String {
    let mut safe = String::with_capacity(text.len());
    let mut rest = 0;
    for at in places(text) {
        safe.push_str(&text[rest..at]);
        let first = text[at..].chars().next().unwrap_or(' ');
        safe.push_str(&escape(first));
        rest = at + first.len_utf8();
    }
    safe.push_str(&text[rest..]);
    safe
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop_assert, proptest};

    use super::{escaped, places};

    fn safe(text: &str) -> String {
        escaped(text, |c| c.escape_unicode().to_string())
    }

    #[test]
    fn what_would_be_a_command_is_shown() {
        for (text, expected) in [
            ("a::b\nc # d", "a::b\nc # d"),
            ("::error::x", r"\u{3a}:error::x"),
            (
                "a\n \t\u{a0}\u{3000}::stop-commands::t",
                "a\n \t\u{a0}\u{3000}\\u{3a}:stop-commands::t",
            ),
            (":::error", r"\u{3a}::error"),
            ("say ##[error]x", r"say \u{23}#[error]x"),
            ("###[x]##vso[task.y]", r"#\u{23}#[x]\u{23}#vso[task.y]"),
            ("##teamcity[a]", r"\u{23}#teamcity[a]"),
            (
                "x section_start:1:a section_end:1:a",
                r"x \u{73}ection_start:1:a \u{73}ection_end:1:a",
            ),
        ] {
            assert_eq!(safe(text), expected);
        }
    }

    proptest! {
        #[test]
        fn nothing_is_left(text in "([ \t\n:#]|##|vso|\\[|section_start:|::error::){0,30}") {
            prop_assert!(places(&safe(&text)).is_empty(), "{}", safe(&text));
        }
    }
}
