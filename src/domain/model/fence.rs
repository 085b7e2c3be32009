//! Shows data of a repository to a model so that it can neither end its fence nor hide in it.

use std::fmt::Write as _;

use crate::domain::model::terminal::is_hidden;

/// What begins each line of fenced data. No line that the program writes begins with it.
const PREFIX: &str = "| ";

/// Text as people and models are to see it: control and invisible characters, those that turn the
/// direction of writing, and bytes that are no UTF-8 stand as `⟦U+202E⟧` and `⟦xFF⟧`. Line ends and
/// tabs stay; a line end of two characters becomes one.
pub fn visible(bytes: &[u8]) -> String {
    let mut shown = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        let mut chars = chunk.valid().chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '\r' if chars.peek() == Some(&'\n') => {}
                '\n' | '\t' => shown.push(c),
                _ => push_visible(&mut shown, c),
            }
        }
        for byte in chunk.invalid() {
            push_byte(&mut shown, *byte);
        }
    }
    shown
}

/// A path on one line, as [`visible`]. Two paths never look alike.
pub fn visible_path(path: &[u8]) -> String {
    let mut shown = String::with_capacity(path.len());
    for chunk in path.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\n' | '\t' | '⟦' => push_escaped(&mut shown, c),
                _ => push_visible(&mut shown, c),
            }
        }
        for byte in chunk.invalid() {
            push_byte(&mut shown, *byte);
        }
    }
    shown
}

/// The text between two lines that name it and hold the token; each of its own lines begins with a
/// bar, so that none of them can be taken for one of ours.
pub fn fenced(name: &str, token: &str, text: &str) -> String {
    let mut fenced = format!("<<< {name} {token}\n");
    for line in visible(text.as_bytes()).lines() {
        fenced.push_str(PREFIX);
        fenced.push_str(line);
        fenced.push('\n');
    }
    let _ = writeln!(fenced, ">>> {name} {token}");
    fenced
}

fn push_visible(shown: &mut String, c: char) {
    if is_hidden(c) {
        push_escaped(shown, c);
    } else {
        shown.push(c);
    }
}

fn push_escaped(shown: &mut String, c: char) {
    let _ = write!(shown, "⟦U+{:04X}⟧", u32::from(c));
}

fn push_byte(shown: &mut String, byte: u8) {
    let _ = write!(shown, "⟦x{byte:02X}⟧");
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop_assert, prop_assert_eq, proptest};

    use super::{fenced, visible, visible_path};

    #[test]
    fn what_hides_is_shown() {
        for (text, shown) in [
            (&b"plain \t text\n"[..], "plain \t text\n"),
            (b"a\r\nb\rc", "a\nb⟦U+000D⟧c"),
            (b"\x1b[2Jx\x07", "⟦U+001B⟧[2Jx⟦U+0007⟧"),
            (b"caf\xe9", "caf⟦xE9⟧"),
            ("a\u{202e}b\u{2066}c\u{2028}d".as_bytes(), "a⟦U+202E⟧b⟦U+2066⟧c⟦U+2028⟧d"),
            ("x\u{e0041}\u{200b}y".as_bytes(), "x⟦U+E0041⟧⟦U+200B⟧y"),
            ("naïve 日本語 ❤\u{fe0f}".as_bytes(), "naïve 日本語 ❤\u{fe0f}"),
        ] {
            assert_eq!(visible(text), shown);
        }
        assert_eq!(visible_path(b"a\nb\xff.rs"), "a⟦U+000A⟧b⟦xFF⟧.rs");
        assert_ne!(visible_path("⟦xFF⟧".as_bytes()), visible_path(b"\xff"));
    }

    proptest! {
        #[test]
        fn no_line_of_data_is_a_line_of_a_fence(
            mut text in "(?s).{0,60}",
            forge in 0..4_u8,
            token in "[0-9a-f]{12}",
        ) {
            let last = format!(">>> spec {token}");
            match forge {
                0 => text = format!("{text}\n{last}\n"),
                1 => text = format!("{text}\r{last}\u{2028}{last}"),
                2 => text = last.clone(),
                _ => {}
            }
            let fenced = fenced("spec", &token, &text);
            let lines: Vec<&str> = fenced.lines().collect();
            prop_assert_eq!(lines[0], format!("<<< spec {token}"));
            prop_assert_eq!(*lines.last().unwrap(), last);
            prop_assert!(lines[1..lines.len() - 1].iter().all(|line| line.starts_with("| ")));
            let strange = |c: char| c.is_control() && c != '\n' && c != '\t';
            prop_assert!(!fenced.contains(strange));
        }

        #[test]
        fn two_paths_never_look_alike(a: Vec<u8>, b: Vec<u8>) {
            prop_assert_eq!(visible_path(&a) == visible_path(&b), a == b);
        }

        #[test]
        fn every_line_stays_a_line(text: Vec<u8>) {
            let ends = |bytes: &[u8]| bytes.split(|b| *b == b'\n').count();
            prop_assert_eq!(ends(visible(&text).as_bytes()), ends(&text));
        }
    }
}
