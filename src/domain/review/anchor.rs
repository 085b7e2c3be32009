//! Finds text that a model quotes in the file that it names.

use std::cmp::Reverse;
use std::ops::Range;

use crate::domain::locate::index::normalised;
use crate::domain::review::finding::Anchored;

/// How far from a touched line a place still belongs to the change.
const NEAR_LINES: u32 = 3;

/// The fewest characters, white space apart, that can mean a place.
const CHARS_MIN: usize = 4;

/// The fewest words that can be looked for nearly.
const WORDS_MIN: usize = 3;

/// The part of the words that must agree, in their order: in thousandths, near the change and
/// far from it, where little likeness says nothing.
const ALIKE: (usize, usize) = (750, 850);

/// How many lines may be left out where a quote says `…`.
const LEFT_OUT_LINES: u32 = 6;

/// The position of the text in that file. Of several places the one nearest to the touched lines
/// counts. All line numbers are from 1; `touched` excludes the ends, and an empty range is a place
/// where lines were removed.
pub fn anchor(reported: &str, text: &str, touched: &[Range<u32>]) -> Anchored {
    let bare = undecorated(reported);
    let quotes: Vec<&str> = std::iter::once(reported)
        .chain(bare.as_deref())
        .filter(|quote| says_something(quote))
        .collect();
    let surely = quotes.iter().find_map(|quote| sure_place(quote, text, touched));
    let found =
        surely.or_else(|| quotes.iter().find_map(|quote| likely_place(quote, text, touched)));
    found.unwrap_or(Anchored::Nowhere)
}

/// Whether the text is really in that file: as it is, white space and comments apart, or with
/// `…` for what was left out. Nearly is not enough.
pub fn holds(quote: &str, text: &str) -> bool {
    let stands = |quote: &str| {
        says_something(quote)
            && (!verbatim(quote, text).is_empty()
                || !squeezed(quote, text).is_empty()
                || !shortened(quote, text).is_empty())
    };
    stands(quote) || undecorated(quote).is_some_and(|bare| stands(&bare))
}

/// Where it stands as it is, or white space and comments apart. What is near goes before what is
/// the same to the letter.
fn sure_place(quote: &str, text: &str, touched: &[Range<u32>]) -> Option<Anchored> {
    let (exact, normal) = (verbatim(quote, text), squeezed(quote, text));
    let (exact, normal) = (best(&exact, touched), best(&normal, touched));
    let near = |found: &QuoteMatch| found.is_near(touched);
    if let Some(QuoteMatch { line, end_line, .. }) = exact.filter(near) {
        return Some(Anchored::Exact { line, end_line });
    }
    if let Some(QuoteMatch { line, end_line, .. }) = normal.filter(near) {
        return Some(Anchored::Normalised { line, end_line });
    }
    let QuoteMatch { line, end_line, .. } = exact.or(normal)?;
    Some(Anchored::Elsewhere { line, end_line })
}

/// Where it stands with something left out, or nearly.
fn likely_place(quote: &str, text: &str, touched: &[Range<u32>]) -> Option<Anchored> {
    let found = best(&shortened(quote, text), touched);
    let found = found.or_else(|| nearly(quote, text, touched))?;
    let QuoteMatch { line, end_line, .. } = found;
    Some(if found.is_near(touched) {
        Anchored::Near { line, end_line }
    } else {
        Anchored::Elsewhere { line, end_line }
    })
}

fn best(matches: &[QuoteMatch], touched: &[Range<u32>]) -> Option<QuoteMatch> {
    matches.iter().copied().min_by_key(|found| found.rank(touched))
}

/// A place where a text was found.
#[derive(Clone, Copy, Debug)]
struct QuoteMatch {
    line: u32,
    end_line: u32,
    /// Whether it begins and ends where its lines do.
    whole: bool,
}

impl QuoteMatch {
    fn distance(&self, touched: &[Range<u32>]) -> u32 {
        let to = |range: &Range<u32>| {
            let below = range.start.saturating_sub(self.end_line);
            // The lines before and after an empty range are one away.
            let above = self.line.saturating_add(1).saturating_sub(range.end);
            below.max(above)
        };
        touched.iter().map(to).min().unwrap_or(u32::MAX)
    }

    fn is_near(&self, touched: &[Range<u32>]) -> bool {
        self.distance(touched) <= NEAR_LINES
    }

    /// The least is the best: in or at the change, whole lines, then the nearest.
    fn rank(&self, touched: &[Range<u32>]) -> (bool, bool, u32, u32) {
        let distance = self.distance(touched);
        (!self.is_near(touched), !self.whole, distance, self.line)
    }
}

/// Whether a text can mean a place at all.
fn says_something(text: &str) -> bool {
    text.chars().filter(|c| !c.is_whitespace()).count() >= CHARS_MIN
        && text.chars().any(char::is_alphanumeric)
}

/// The text without the signs, numbers and bars that a section shows before each line; `None` where
/// it has none.
fn undecorated(text: &str) -> Option<String> {
    let bare = |line: &str| {
        let rest = line.trim_start_matches([' ', '+', '-']);
        let rest = rest.trim_start_matches(|c: char| c.is_ascii_digit()).trim_start();
        match rest.strip_prefix('|') {
            Some(rest) => Some(rest.strip_prefix(' ').unwrap_or(rest).to_owned()),
            None => line.strip_prefix(['+', '-']).map(str::to_owned),
        }
    };
    let lines: Vec<Option<String>> = text.lines().map(bare).collect();
    lines.iter().any(Option::is_some).then(|| {
        let kept = lines.into_iter().zip(text.lines());
        let kept: Vec<String> = kept.map(|(bare, line)| bare.unwrap_or(line.to_owned())).collect();
        kept.join("\n")
    })
}

/// Where it stands as it is, the ends apart.
fn verbatim(quote: &str, text: &str) -> Vec<QuoteMatch> {
    let quote = quote.trim_end().trim_start_matches('\n');
    let starts: Vec<usize> =
        std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
    let line_of = |at: usize| starts.partition_point(|start| *start <= at);
    let found = text.match_indices(quote).filter_map(|(at, _)| {
        let end = at + quote.len();
        let torn = |at: usize| {
            let before = text[..at].chars().next_back().is_some_and(is_word);
            before && text[at..].chars().next().is_some_and(is_word)
        };
        if torn(at) || torn(end) {
            return None;
        }
        let (first, last) = (line_of(at), line_of(end - 1));
        let head = &text[starts[first - 1]..at];
        let tail = text[end..].lines().next().unwrap_or_default();
        let whole = head.trim().is_empty() && tail.trim().is_empty();
        Some(QuoteMatch { line: number(first), end_line: number(last), whole })
    });
    found.collect()
}

/// Where it stands but for white space, line breaks and trailing comments.
fn squeezed(quote: &str, text: &str) -> Vec<QuoteMatch> {
    let as_is = Stream::new(text.lines().map(str::to_owned)).find(quote);
    if !as_is.is_empty() {
        return as_is;
    }
    let code: String = quote.lines().map(normalised).collect::<Vec<_>>().join("\n");
    if !says_something(&code) {
        return Vec::new();
    }
    Stream::new(text.lines().map(normalised)).find(&code)
}

/// Where its pieces between `…` stand one after the other.
fn shortened(quote: &str, text: &str) -> Vec<QuoteMatch> {
    let marked = quote.replace("...", "…");
    let pieces: Vec<String> =
        marked.split('…').map(bare_of_space).filter(|piece| !piece.is_empty()).collect();
    let letters: usize = pieces.iter().map(|piece| piece.chars().count()).sum();
    if !marked.contains('…') || letters < 2 * CHARS_MIN {
        return Vec::new();
    }
    let Some((first, rest)) = pieces.split_first() else { return Vec::new() };
    if first.chars().count() < CHARS_MIN {
        return Vec::new();
    }
    let stream = Stream::new(text.lines().map(str::to_owned));
    let lines = number(marked.lines().count());
    let follow = |start: usize| {
        let mut end = start + first.len();
        for piece in rest {
            end += stream.text[end..].find(piece.as_str())? + piece.len();
        }
        let found = stream.match_at(start, end)?;
        (found.end_line - found.line < lines + LEFT_OUT_LINES).then_some(found)
    };
    stream.text.match_indices(first.as_str()).filter_map(|(at, _)| follow(at)).collect()
}

/// Where most of its words stand in their order, comments apart: near the change, then where it is most
/// alike.
fn nearly(quote: &str, text: &str, touched: &[Range<u32>]) -> Option<QuoteMatch> {
    let code: String = quote.lines().map(normalised).collect::<Vec<_>>().join("\n");
    let wanted: Vec<&str> = words(&code);
    let is_name = |word: &&&str| word.chars().any(is_word);
    if wanted.iter().filter(is_name).count() < WORDS_MIN {
        return None;
    }
    let height = code.lines().filter(|line| !line.is_empty()).count();
    let normal: Vec<String> = text.lines().map(normalised).collect();
    let lines: Vec<(u32, Vec<&str>)> = normal
        .iter()
        .enumerate()
        .map(|(at, line)| (number(at + 1), words(line)))
        .filter(|(_, words)| !words.is_empty())
        .collect();
    let mut known = wanted.clone();
    known.sort_unstable();
    let shared: Vec<usize> = lines
        .iter()
        .map(|(_, words)| words.iter().filter(|word| known.binary_search(word).is_ok()).count())
        .collect();
    let windows = (0..(lines.len() + 1).saturating_sub(height)).filter_map(|at| {
        let window = &lines[at..at + height];
        let len: usize = window.iter().map(|(_, words)| words.len()).sum();
        let (line, end_line) = (window[0].0, window[height - 1].0);
        let found = QuoteMatch { line, end_line, whole: true };
        let least = if found.is_near(touched) { ALIKE.0 } else { ALIKE.1 };
        let alike = |common: usize| common * 1000 / len.max(wanted.len());
        if alike(shared[at..at + height].iter().sum()) < least {
            return None;
        }
        let there: Vec<&str> = window.iter().flat_map(|(_, words)| words.iter().copied()).collect();
        let alike = alike(in_order(&wanted, &there));
        (alike >= least).then_some((found, alike))
    });
    let order = |(found, alike): &(QuoteMatch, usize)| {
        (!found.is_near(touched), Reverse(*alike), found.distance(touched), found.line)
    };
    windows.min_by_key(order).map(|(found, _)| found)
}

/// Names and numbers as words, each other character as one of its own.
fn words(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let len = if is_word(first) {
            rest.find(|c| !is_word(c)).unwrap_or(rest.len())
        } else {
            first.len_utf8()
        };
        words.push(&rest[..len]);
        rest = rest[len..].trim_start();
    }
    words
}

/// How many words two texts have in common in their order.
fn in_order(a: &[&str], b: &[&str]) -> usize {
    let mut row = vec![0; b.len() + 1];
    for word in a {
        let mut diagonal = 0;
        for (at, other) in b.iter().enumerate() {
            let above = row[at + 1];
            row[at + 1] = if word == other { diagonal + 1 } else { above.max(row[at]) };
            diagonal = above;
        }
    }
    row[b.len()]
}

/// A text without white space that knows the line of each byte.
struct Stream {
    text: String,
    /// Of each byte.
    lines: Vec<u32>,
    /// Whether white space stood before that byte.
    apart: Vec<bool>,
}

impl Stream {
    fn new(lines: impl Iterator<Item = String>) -> Self {
        let mut stream = Self { text: String::new(), lines: Vec::new(), apart: Vec::new() };
        for (at, line) in lines.enumerate() {
            let mut apart = true;
            for c in line.chars() {
                if c.is_whitespace() {
                    apart = true;
                    continue;
                }
                stream.text.push(c);
                stream.lines.resize(stream.text.len(), number(at + 1));
                stream.apart.push(apart);
                stream.apart.resize(stream.text.len(), false);
                apart = false;
            }
        }
        stream
    }

    fn find(&self, quote: &str) -> Vec<QuoteMatch> {
        let quote = bare_of_space(quote);
        if quote.is_empty() {
            return Vec::new();
        }
        let found = self.text.match_indices(&quote);
        found.filter_map(|(at, _)| self.match_at(at, at + quote.len())).collect()
    }

    /// The lines of those bytes; `None` where a word is torn at an end.
    fn match_at(&self, start: usize, end: usize) -> Option<QuoteMatch> {
        let torn = |at: usize| {
            let before = self.text[..at].chars().next_back().is_some_and(is_word);
            let after = self.text[at..].chars().next().is_some_and(is_word);
            before && after && !self.apart[at]
        };
        if torn(start) || torn(end) {
            return None;
        }
        let (line, end_line) = (*self.lines.get(start)?, *self.lines.get(end - 1)?);
        let whole = start.checked_sub(1).is_none_or(|before| self.lines[before] != line)
            && self.lines.get(end).is_none_or(|after| *after != end_line);
        Some(QuoteMatch { line, end_line, whole })
    }
}

fn bare_of_space(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn number(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
