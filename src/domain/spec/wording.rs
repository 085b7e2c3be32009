//! Words that promise without saying what: vague ones, placeholders, open marks.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use crate::domain::spec::problem::{LintRule, ProblemLevel, SpecProblems, quote};

/// Words that mean something else to each reader, by what would make them mean one thing. `-`
/// stands for a hyphen, a space or nothing.
const VAGUE: [(&str, &str); 6] = [
    (
        "fast|faster|quick|quickly|quicker|slow|slowly|speedy|snappy|instantly|promptly|performant\
         |responsive|low-latency|high-performance|as soon as possible|in real-time|timely",
        "say how long it may take, such as `within 200 ms`",
    ),
    (
        "scalable|scales well|highly available|lightweight|efficient|efficiently|high-throughput\
         |large-scale|minimal overhead",
        "say how much of what it must carry or use, such as `1000 requests per second`",
    ),
    (
        "user-friendly|easy|easily|easy to use|intuitive|intuitively|seamless|seamlessly|convenient\
         |conveniently|ergonomic|simple to use|nice|beautiful|modern|state-of-the-art",
        "say what someone must be able to do, such as `in 3 clicks`",
    ),
    (
        "robust|robustly|robustness|reliable|reliably|resilient|graceful|gracefully|fault-tolerant\
         |stable|works? (?:correctly|properly|well|as expected)",
        "name the failure and what must follow from it",
    ),
    (
        "appropriate|appropriately|suitable|suitably|reasonable|reasonably|adequate|adequately\
         |sufficient|sufficiently|acceptable|properly|optimal|optimally|flexible|high-quality\
         |best practices?",
        "name the value or the behaviour that is meant",
    ),
    (
        "etc|and so on|as needed|as necessary|where possible|if possible|when possible\
         |as appropriate|if applicable",
        "list what is meant",
    ),
];

/// Words that have a meaning of their own with a vague one in them.
const TERMS: [&str; 6] =
    ["fast forward", "fail fast", "fails fast", "stable sort", "stable id", "stable order"];

static VAGUE_WORDS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let groups: Vec<_> =
        VAGUE.iter().map(|(words, _)| format!("({})", words.replace('-', "[- ]?"))).collect();
    Regex::new(&format!(r"(?i)\b(?:{})\b", groups.join("|"))).ok()
});

/// A number with a unit.
static MEASURE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?ix)(?: \d | \b(?:one|two|three|four|five|six|ten)\s ) [\d.,_\ ]* \s? (?:
            % | µs | (?: percent | (?:nano|micro|milli)?seconds? | [nm]?s | secs? | mins? | minutes?
            | h | hours? | days? | weeks? | [kmgt]i?b | bytes? | bits? | mb/s | hz | lines? | rows?
            | files? | items? | entries | records? | users? | clients? | connections? | requests?
            | req | rps | qps | calls? | queries | messages? | events? | commits? | clicks? | steps?
            | keystrokes? | pixels? | px | fps | times | retries | attempts? | threads? | cores?
            | processes | nodes? | characters? | words? | pages? | screens? | allocations? | x
            )\b )",
    )
    .ok()
});

/// What stands for text that is still to be written.
static PLACEHOLDERS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"\b(?:TODO|TBD|TBC|FIXME|XXX)\b|\?\?\?|(?i:\blorem ipsum\b)|<[a-zA-Z][^<>=/\n]*\s[^<>=/\n]*>")
        .ok()
});

/// Adds a problem for each vague word whose sentence gives no measure.
pub(in crate::domain::spec) fn vague(
    level: ProblemLevel,
    text: &str,
    base: usize,
    problems: &mut SpecProblems,
) {
    let (Some(words), Some(measure)) = (VAGUE_WORDS.as_ref(), MEASURE.as_ref()) else {
        return;
    };
    for sentence in sentences(text) {
        let words_text = &text[sentence.clone()];
        let mut groups = words.captures_iter(words_text).peekable();
        if groups.peek().is_none() || measure.is_match(words_text) {
            continue;
        }
        for groups in groups {
            let Some(found) = groups.get(0) else { continue };
            if is_part_of_name(words_text, found.range()) {
                continue;
            }
            let group = (1..groups.len()).find(|&i| groups.get(i).is_some());
            let hint = group.map_or("", |i| VAGUE[i - 1].1);
            let at = problems.source.at(base + sentence.start + found.start());
            let message = format!("{} is not measurable", quote(found.as_str()));
            problems.push(level, LintRule::VagueWording, at, message, hint);
        }
    }
}

/// Adds an error for each open mark and each placeholder.
pub(in crate::domain::spec) fn unfinished(text: &str, base: usize, problems: &mut SpecProblems) {
    const MARK: &[u8] = b"[needs clarification";
    let lower = text.to_ascii_lowercase();
    for start in memchr::memmem::find_iter(lower.as_bytes(), MARK) {
        let rest = text[start + MARK.len()..].trim_start_matches([':', ' ']);
        let question: String =
            rest.chars().take(240).take_while(|c| !matches!(c, ']' | '\n')).collect();
        let message = if question.trim().is_empty() {
            "an open question".to_owned()
        } else {
            format!("a question is open: {}", quote(&question))
        };
        let hint = "answer it in the text and remove the mark";
        problems.error(LintRule::NeedsClarification, base + start, message, hint);
    }
    let Some(placeholders) = PLACEHOLDERS.as_ref() else {
        return;
    };
    for found in placeholders.find_iter(text) {
        let message =
            format!("{} stands for text that is still to be written", quote(found.as_str()));
        let hint = "write it, or put it in backticks where the word itself is meant";
        problems.error(LintRule::Placeholder, base + found.start(), message, hint);
    }
}

/// The sentences of a text; a blank line and the next item of a list end one too.
fn sentences(text: &str) -> Vec<Range<usize>> {
    let bytes = text.as_bytes();
    let mut sentences = Vec::new();
    let mut start = 0;
    for i in 0..bytes.len() {
        let stop = matches!(bytes[i], b'.' | b'!' | b'?')
            && bytes.get(i + 1).is_none_or(u8::is_ascii_whitespace);
        let item = bytes[i] == b'\n'
            && text[i + 1..]
                .trim_start_matches([' ', '\t'])
                .starts_with(['-', '*', '+', '\n', '\r']);
        if stop || item {
            sentences.push(start..i + 1);
            start = i + 1;
        }
    }
    sentences.push(start..bytes.len());
    sentences
}

/// `fast-forward`, `/etc/hosts`, `fast_path`, `fast.rs`, and terms such as "fast forward".
fn is_part_of_name(text: &str, range: Range<usize>) -> bool {
    let bytes = text.as_bytes();
    let before = range.start.checked_sub(1).map(|i| bytes[i]);
    let after = bytes.get(range.end).copied();
    let behind = bytes.get(range.end + 1).copied();
    let joint = |b: Option<u8>| b.is_some_and(|b| matches!(b, b'-' | b'_' | b'/' | b'@' | b'#'));
    let dotted = after == Some(b'.') && behind.is_some_and(|b| b.is_ascii_alphanumeric());
    let word = text[range.clone()].to_ascii_lowercase();
    let earlier = text[..range.start].strip_suffix(' ').unwrap_or("");
    let earlier = &earlier[earlier.len() - letters(earlier.bytes().rev())..];
    let later = text[range.end..].strip_prefix(' ').unwrap_or("");
    let later = &later[..letters(later.bytes())];
    let term = |a: &str, b: &str| {
        TERMS.iter().any(|t| t.split_once(' ') == Some((&a.to_lowercase(), &b.to_lowercase())))
    };
    joint(before)
        || joint(after)
        || before == Some(b'.')
        || dotted
        || term(earlier, &word)
        || term(&word, later)
}

/// How many letters come first; a term has no longer words.
fn letters(bytes: impl Iterator<Item = u8>) -> usize {
    bytes.take(16).take_while(u8::is_ascii_alphabetic).count()
}
