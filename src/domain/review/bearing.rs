//! Which of the lines that a change touched bear on a place: a guard above a line does, a comment does
//! not.

use std::ops::Range;

use crate::domain::locate::index::normalised;
use crate::domain::locate::known_code::code_of;
use crate::domain::locate::lines::changes_of;
use crate::domain::locate::syntax::{CodeToken, Function, SourceCode, grammar};
use crate::domain::review::anchor::anchor;
use crate::domain::review::evidence::names_file;
use crate::domain::review::finding::{Anchored, ReviewFinding};

/// The fewest letters and digits of a quoted line that can mean a line.
const QUOTE_CHARS_MIN: usize = 4;

/// The fewest letters of a function's name that a text can be searched for.
const NAME_CHARS_MIN: usize = 3;

/// What a finding is about, in one file.
#[derive(Clone, Copy, Debug)]
pub struct ConcernedPlace<'a> {
    /// The file's path; the end of its name tells the language.
    pub path: &'a str,
    /// The first and the last line in the old text, from 1. `None` where the finding itself is in
    /// another file: then only what is quoted and named counts.
    pub lines: Option<(u32, u32)>,
    /// Code of this file that the finding quotes, of one or several lines each.
    pub quotes: &'a [&'a str],
    /// Texts that may name functions: the failure path, the evidence.
    pub texts: &'a [&'a str],
}

/// Lines that a change touched, from 1, in their order; comments and white space apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TouchedLines {
    /// Lines of the old text that are gone or read differently.
    pub removed: Vec<u32>,
    /// Lines of the new text that are new or read differently.
    pub added: Vec<u32>,
}

impl TouchedLines {
    pub fn is_empty(&self) -> bool {
        self.removed.is_empty() && self.added.is_empty()
    }

    fn of_tokens(old: &[CodeToken], new: &[CodeToken]) -> Self {
        let mut found = Self::default();
        for (was, is) in changed(old, new) {
            found
                .removed
                .extend(lines_of(&old[was.clone()]).chain(rest_of((new, &is), (old, &was))));
            found.added.extend(lines_of(&new[is.clone()]).chain(rest_of((old, &was), (new, &is))));
        }
        found
    }

    fn sorted(mut self) -> Self {
        for lines in [&mut self.removed, &mut self.added] {
            lines.sort_unstable();
            lines.dedup();
        }
        self
    }

    fn extend(&mut self, other: Self) {
        self.removed.extend(other.removed);
        self.added.extend(other.added);
    }
}

/// Gives the lines between two texts of a file that bear on a place: those in the function around it,
/// those that are quoted, and those in functions that the finding names or quotes from. In a language
/// without a grammar the whole file bears on it. A text that is missing is empty.
///
/// A function that only moved did not change; outside of every function it is all that is outside.
pub fn bearing(old: &str, new: &str, place: ConcernedPlace<'_>) -> TouchedLines {
    if old == new {
        return TouchedLines::default();
    }
    let (before, after) = (code_of(place.path, old), code_of(place.path, new));
    let all = TouchedLines::of_tokens(&before.tokens, &after.tokens);
    let is_new_file = before.tokens.is_empty() && place.lines.is_some();
    if all.is_empty() || is_new_file || !before.is_parsed || !after.is_parsed {
        return all.sorted();
    }
    let mut found = quoted(old, new, place.quotes, &before, &after);
    let mut lines: Vec<u32> =
        place.lines.into_iter().flat_map(|(first, last)| [first, last]).collect();
    lines.extend(place.quotes.iter().filter_map(|quote| only_line(quote, old)));
    for line in lines {
        match before.enclosing(line) {
            Some(function) => found.extend(in_function(function, &before, &after)),
            None => found.extend(outside(&before, &after)),
        }
    }
    for function in before.functions.iter().filter(|one| is_named(&one.name, place.texts)) {
        found.extend(in_function(function, &before, &after));
    }
    let is_new = |one: &&Function| before.function(&one.path, 0).is_none();
    let named = |one: &&Function| is_named(&one.name, place.texts);
    for function in after.functions.iter().filter(is_new).filter(named) {
        found.added.extend(lines_of(&after.tokens[function.tokens.clone()]));
    }
    found.sorted()
}

/// Whether what differs between two trees bears on a finding: in the function around it, in what it
/// quotes, or in a function that it names. `sides` gives a file's text in the tree in which the finding's
/// lines are, and in the other one; `paths` are the files that may differ.
pub fn bears_on<'a>(
    finding: &ReviewFinding,
    paths: impl IntoIterator<Item = &'a str>,
    sides: &dyn Fn(&str) -> (String, String),
) -> bool {
    let texts: Vec<&str> = std::iter::once(finding.failure.as_str())
        .chain(finding.evidence.iter().map(|quote| quote.text.as_str()))
        .collect();
    // Where no grammar tells functions apart only files that the finding names say anything.
    let says =
        |path: &&str| *path == finding.path || names_file(finding, path) || grammar(path).is_some();
    paths.into_iter().filter(says).any(|path| {
        let (old, new) = sides(path);
        let quotes: Vec<&str> = std::iter::once((finding.path.as_str(), finding.anchor.as_str()))
            .chain(finding.evidence.iter().map(|quote| (quote.path.as_str(), quote.text.as_str())))
            .filter(|(of, _)| *of == path)
            .map(|(_, text)| text)
            .collect();
        let lines = finding.anchored.lines().filter(|_| path == finding.path);
        let place = ConcernedPlace { path, lines, quotes: &quotes, texts: &texts };
        !bearing(&old, &new, place).is_empty()
    })
}

/// Gives all lines that differ between two texts of a file, comments and white space apart.
pub fn touched(path: &str, old: &str, new: &str) -> TouchedLines {
    let (before, after) = (code_of(path, old), code_of(path, new));
    TouchedLines::of_tokens(&before.tokens, &after.tokens).sorted()
}

/// Whether a text quotes what a change did: a line that it added, or code that it took away.
pub fn quotes_change(quote: &str, path: &str, old: &str, new: &str) -> bool {
    let touched = touched(path, old, new);
    let ranges: Vec<Range<u32>> = touched.added.iter().map(|line| *line..line + 1).collect();
    let is_added = |first, last| touched.added.iter().any(|line| (first..=last).contains(line));
    match anchor(quote, new, &ranges) {
        Anchored::Exact { line, end_line } | Anchored::Normalised { line, end_line } => {
            is_added(line, end_line)
        }
        Anchored::Elsewhere { .. } | Anchored::Near { .. } | Anchored::Removed { .. } => false,
        Anchored::Nowhere => {
            let was = anchor(quote, old, &[]).lines();
            was.is_some_and(|(first, last)| {
                touched.removed.iter().any(|line| (first..=last).contains(line))
            })
        }
    }
}

/// Whether one of the texts names a function: as a call, between backticks, or by a name that no word of
/// a language is.
pub fn is_named(name: &str, texts: &[&str]) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let is_code = name.contains('_') || name.chars().skip(1).any(char::is_uppercase);
    name.chars().count() >= NAME_CHARS_MIN
        && texts.iter().any(|text| {
            text.match_indices(name).any(|(at, _)| {
                let before = text[..at].chars().next_back();
                let after = text[at + name.len()..].chars().next();
                !before.is_some_and(is_word)
                    && !after.is_some_and(is_word)
                    && (is_code || after == Some('(') || before == Some('`') && after == Some('`'))
            })
        })
}

/// The lines of one side that read differently though nothing of theirs did, because the other side has
/// more in the same line: `a - 1` became `a`.
fn rest_of(
    (longer, more): (&[CodeToken], &Range<usize>),
    (shorter, place): (&[CodeToken], &Range<usize>),
) -> impl Iterator<Item = u32> {
    let (mut before, mut after) = (None, None);
    if place.is_empty() && !more.is_empty() {
        let (first, last) = (longer[more.start].lines.0, longer[more.end - 1].lines.1);
        let left = more.start.checked_sub(1).map(|at| &longer[at]);
        if left.is_some_and(|token| token.lines.1 == first) {
            before = place.start.checked_sub(1).map(|at| shorter[at].lines.1);
        }
        if longer.get(more.end).is_some_and(|token| token.lines.0 == last) {
            after = shorter.get(place.end).map(|token| token.lines.0);
        }
    }
    before.into_iter().chain(after)
}

/// The token ranges that differ.
fn changed(old: &[CodeToken], new: &[CodeToken]) -> Vec<(Range<usize>, Range<usize>)> {
    changes_of(&bytes_of(old), &bytes_of(new))
        .into_iter()
        .map(|change| (change.old, change.new))
        .collect()
}

fn bytes_of(tokens: &[CodeToken]) -> Vec<&[u8]> {
    tokens.iter().map(|token| token.text.as_bytes()).collect()
}

fn lines_of(tokens: &[CodeToken]) -> impl Iterator<Item = u32> {
    tokens.iter().flat_map(|token| token.lines.0..=token.lines.1)
}

/// What changed in a function, wherever it is now.
fn in_function(function: &Function, before: &SourceCode, after: &SourceCode) -> TouchedLines {
    let alike = before.functions.iter().filter(|other| other.path == function.path);
    let number = alike.take_while(|other| other.tokens.start < function.tokens.start).count();
    let old = &before.tokens[function.tokens.clone()];
    match after.function(&function.path, number).or_else(|| after.function(&function.path, 0)) {
        Some(now) => TouchedLines::of_tokens(old, &after.tokens[now.tokens.clone()]),
        // It has another name, or is gone: what became of its tokens.
        None => within(&function.tokens, &before.tokens, &after.tokens),
    }
}

/// The changes that touch these tokens of the old text.
fn within(tokens: &Range<usize>, old: &[CodeToken], new: &[CodeToken]) -> TouchedLines {
    let mut found = TouchedLines::default();
    for (was, is) in changed(old, new) {
        if was.start < tokens.end && was.end > tokens.start {
            let theirs = was.start.max(tokens.start)..was.end.min(tokens.end);
            found.removed.extend(lines_of(&old[theirs]));
            found.added.extend(lines_of(&new[is]));
        }
    }
    found
}

/// What changed outside of every function.
fn outside(before: &SourceCode, after: &SourceCode) -> TouchedLines {
    let rest = |code: &SourceCode| -> Vec<CodeToken> {
        let mut inside = vec![false; code.tokens.len()];
        for function in &code.functions {
            inside[function.tokens.clone()].fill(true);
        }
        let tokens = code.tokens.iter().zip(inside).filter(|(_, inside)| !inside);
        tokens.map(|(token, _)| token.clone()).collect()
    };
    TouchedLines::of_tokens(&rest(before), &rest(after))
}

/// What changed in lines that are quoted: they stand in the old text more often than in the new one.
fn quoted(
    old: &str,
    new: &str,
    quotes: &[&str],
    before: &SourceCode,
    after: &SourceCode,
) -> TouchedLines {
    let squeezed = |line: &str| normalised(line).split_whitespace().collect::<String>();
    let lines = |text: &str| -> Vec<String> { text.lines().map(squeezed).collect() };
    let (old, new) = (lines(old), lines(new));
    let is_gone = |quote: &String| {
        let times = |lines: &[String]| lines.iter().filter(|line| line.contains(quote)).count();
        times(&old) > times(&new)
    };
    let says_something =
        |line: &String| line.chars().filter(|c| c.is_alphanumeric()).count() >= QUOTE_CHARS_MIN;
    let gone: Vec<String> = quotes
        .iter()
        .flat_map(|quote| quote.lines())
        .map(squeezed)
        .filter(|line| says_something(line) && is_gone(line))
        .collect();
    let mut found = TouchedLines::default();
    if gone.is_empty() {
        return found;
    }
    let is_meant = |line: u32| {
        let text = usize::try_from(line).ok().and_then(|line| old.get(line.checked_sub(1)?));
        text.is_some_and(|text| gone.iter().any(|quote| text.contains(quote.as_str())))
    };
    for (was, is) in changed(&before.tokens, &after.tokens) {
        let meant: Vec<u32> =
            lines_of(&before.tokens[was]).filter(|line| is_meant(*line)).collect();
        if !meant.is_empty() {
            found.removed.extend(meant);
            found.added.extend(lines_of(&after.tokens[is]));
        }
    }
    found
}

/// The line of a quote that stands in one place alone.
fn only_line(quote: &str, text: &str) -> Option<u32> {
    let squeezed = |line: &str| line.split_whitespace().collect::<String>();
    let first = squeezed(quote.lines().find(|line| !line.trim().is_empty())?);
    if first.chars().filter(|c| c.is_alphanumeric()).count() < QUOTE_CHARS_MIN {
        return None;
    }
    let mut found = (1..).zip(text.lines()).filter(|(_, line)| squeezed(line).contains(&first));
    let (line, _) = found.next()?;
    found.next().is_none().then_some(line)
}
