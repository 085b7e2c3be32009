//! Lines that are too long for a row: of a changed one what differs, of others all in several rows.

use std::ops::Range;

use crate::domain::locate::lines::changes_of;

/// A longer line, in characters, is not shown in one row.
const LONG: usize = 1_000;

/// The characters of a row of a long line.
const ROW: usize = 400;

/// How much of a long line is shown around what differs, in bytes.
const AROUND: usize = 120;

/// The most words of a line that are compared; of one with more, all between the first and the last
/// difference counts as different.
const WORDS_MAX: usize = 200_000;

/// What stands where something is left out, or goes on in the next row.
pub const MARK: char = '…';

pub fn is_long(line: &str) -> bool {
    line.len() > LONG && line.chars().nth(LONG).is_some()
}

/// A line that does not change: its beginning, where it is long.
pub fn cut_context(line: String) -> String {
    if !is_long(&line) {
        return line;
    }
    let end = line.char_indices().nth(ROW).map_or(line.len(), |(at, _)| at);
    format!("{}{MARK}", &line[..end])
}

/// All of a line, in rows.
pub fn in_rows(line: &str) -> Vec<String> {
    if is_long(line) { rows_of(line, &(0..line.len())) } else { vec![line.to_owned()] }
}

/// What differs between two lines, with a bit of what is around it: of each line the same places, at
/// least one.
pub fn windows(old: &str, new: &str) -> (Vec<String>, Vec<String>) {
    let (mut olds, mut news) = (Vec::new(), Vec::new());
    for (gone, come) in differing(old, new) {
        olds.extend(rows_of(old, &gone));
        news.extend(rows_of(new, &come));
    }
    (olds, news)
}

/// The places that differ, each widened by what is shown around it.
fn differing(old: &str, new: &str) -> Vec<(Range<usize>, Range<usize>)> {
    let (old_words, new_words) = (words(old), words(new));
    let mut places: Vec<(Range<usize>, Range<usize>)> = Vec::new();
    for change in changes(old, new, &old_words, &new_words) {
        let gone = widened(old, &old_words, &change.0);
        let come = widened(new, &new_words, &change.1);
        match places.last_mut() {
            Some((last_gone, last_come))
                if gone.start <= last_gone.end || come.start <= last_come.end =>
            {
                last_gone.end = gone.end.max(last_gone.end);
                last_come.end = come.end.max(last_come.end);
            }
            _ => places.push((gone, come)),
        }
    }
    if places.is_empty() {
        // What differs is not shown: a secret, or a line end.
        let start = |line: &str, words: &[usize]| widened(line, words, &(0..0));
        places.push((start(old, &old_words), start(new, &new_words)));
    }
    places
}

/// The ranges of words that differ.
fn changes(
    old: &str,
    new: &str,
    old_words: &[usize],
    new_words: &[usize],
) -> Vec<(Range<usize>, Range<usize>)> {
    let parts = |line: &'_ str, words: &[usize]| -> Vec<Range<usize>> {
        let ends = words.iter().skip(1).copied().chain([line.len()]);
        words.iter().copied().zip(ends).map(|(start, end)| start..end).collect()
    };
    let (old_parts, new_parts) = (parts(old, old_words), parts(new, new_words));
    let olds: Vec<&[u8]> = old_parts.iter().map(|part| old[part.clone()].as_bytes()).collect();
    let news: Vec<&[u8]> = new_parts.iter().map(|part| new[part.clone()].as_bytes()).collect();
    if olds.len().max(news.len()) <= WORDS_MAX {
        let found = changes_of(&olds, &news);
        return found.into_iter().map(|change| (change.old, change.new)).collect();
    }
    let alike = olds.iter().zip(&news).take_while(|(old, new)| old == new).count();
    let rest = olds.len().min(news.len()) - alike;
    let from_end = olds.iter().rev().zip(news.iter().rev()).take(rest);
    let behind = from_end.take_while(|(old, new)| old == new).count();
    vec![(alike..olds.len() - behind, alike..news.len() - behind)]
}

/// The places where words begin: runs of letters and digits, and every other character by itself.
fn words(line: &str) -> Vec<usize> {
    let mut starts = Vec::new();
    let mut was_word = false;
    for (at, c) in line.char_indices() {
        let is_word = c.is_alphanumeric() || c == '_';
        if !(is_word && was_word) {
            starts.push(at);
        }
        was_word = is_word;
    }
    starts
}

/// The bytes of these words and of whole words around them.
fn widened(line: &str, words: &[usize], range: &Range<usize>) -> Range<usize> {
    let at = |word: usize| words.get(word).copied().unwrap_or(line.len());
    let (start, end) = (at(range.start), at(range.end));
    let first = words.partition_point(|word| word + AROUND < start);
    let last = words.partition_point(|word| *word <= end + AROUND);
    // A single word may be as long as the line.
    let first = at(first).min(start);
    let last = if last >= words.len() { line.len() } else { at(last.saturating_sub(1)) };
    first..last.max(end).min(line.len())
}

/// A part of a line in rows, cut between words where there are some; marked where more is before or
/// behind it.
fn rows_of(line: &str, part: &Range<usize>) -> Vec<String> {
    let mut rows = Vec::new();
    let mut start = part.start;
    while start < part.end || rows.is_empty() {
        let rest = &line[start..part.end];
        let hard = rest.char_indices().nth(ROW).map_or(rest.len(), |(at, _)| at);
        let end = if hard == rest.len() {
            hard
        } else {
            let between = |c: char| !(c.is_alphanumeric() || c == '_');
            let soft = rest[..hard].rfind(between).map(|at| at + 1);
            soft.filter(|soft| rest.is_char_boundary(*soft) && *soft > hard / 2).unwrap_or(hard)
        };
        let (before, behind) = (start > 0, start + end < line.len());
        let mark = |is_cut: bool| if is_cut { MARK.to_string() } else { String::new() };
        rows.push(format!("{}{}{}", mark(before), &rest[..end], mark(behind)));
        start += end;
    }
    rows
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop_assert, prop_assert_eq, proptest};

    use super::{LONG, MARK, ROW, cut_context, in_rows, is_long, windows};

    fn bundle(word: &str) -> String {
        (0..20_000).map(|n| format!("f{n}(a.b,{word}{n});")).collect::<Vec<_>>().concat()
    }

    #[test]
    fn of_a_long_line_what_differs_is_shown() {
        let old = bundle("x");
        let new = old.replacen("x900)", "y900)", 1).replacen("x9000)", "evil(),x9000)", 1);
        let (gone, come) = windows(&old, &new);
        assert_eq!((gone.len(), come.len()), (2, 2));
        assert!(gone[0].contains("f900(a.b,x900);") && come[0].contains("f900(a.b,y900);"));
        assert!(come[1].contains("f9000(a.b,evil(),x9000);"));
        for row in gone.iter().chain(&come) {
            assert!(row.starts_with(MARK) && row.ends_with(MARK) && row.len() < 350, "{row}");
        }
        // Of one that was cut off, the new end.
        let (_, come) = windows(&old, &old[..400]);
        assert!(old[..400].ends_with(come[0].trim_matches(MARK)), "{come:?}");
        // All of a secret's change.
        let (gone, come) = windows(&old, &old);
        assert_eq!((gone.len(), &gone), (1, &come));
    }

    #[test]
    fn a_short_line_stays_whole() {
        let line = "x ".repeat(LONG / 2);
        assert!(!is_long(&line) && is_long(&format!("{line}y")));
        assert_eq!(in_rows(&line), std::slice::from_ref(&line));
        assert_eq!(cut_context(line.clone()), line);
        assert_eq!(cut_context("é".repeat(LONG + 1)), format!("{}{MARK}", "é".repeat(ROW)));
        assert_eq!(in_rows(""), [""]);
    }

    /// What is comparable to a line within some of its rows.
    fn joined(rows: &[String]) -> String {
        rows.iter().map(|row| row.trim_matches(MARK)).collect()
    }

    proptest! {
        #[test]
        fn a_line_in_rows_is_whole(line in "[a-z{}; é]{900,3000}") {
            let rows = in_rows(&line);
            prop_assert_eq!(joined(&rows), &*line);
            prop_assert!(!is_long(&line) || rows.iter().all(|row| row.chars().count() <= ROW + 2));
        }

        #[test]
        fn all_that_is_added_is_shown(
            before in "[a-z(); ]{0,2000}",
            gone in "[A-Z ;é]{0,30}",
            added in "[A-Z ;é]{1,1500}",
            behind in "[a-z(); ]{0,2000}",
        ) {
            let (old, new) = (format!("{before}{gone}{behind}"), format!("{before}{added}{behind}"));
            let (_, come) = windows(&old, &new);
            let shown = joined(&come);
            let capitals = |text: &str| text.chars().filter(char::is_ascii_uppercase).collect::<String>();
            // What is added as it stood before need not be shown again.
            if gone.is_empty() {
                prop_assert_eq!(capitals(&shown), capitals(&added));
            }
            for row in come {
                prop_assert!(new.contains(row.trim_matches(MARK)));
            }
        }
    }
}
