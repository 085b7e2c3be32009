//! Which quotes bear on a finding, so that it may be dismissed by them.

use std::collections::BTreeMap;

use crate::domain::locate::known_code::code_of;
use crate::domain::locate::syntax::{Function, SourceCode};
use crate::domain::review::anchor::anchor;
use crate::domain::review::finding::{Quote, ReviewFinding};
use crate::domain::review::reported_path::meant;

/// The fewest letters and digits of a quote.
pub const QUOTE_CHARS_MIN: usize = 8;

/// Reads a file of the reviewed tree by its shown name.
pub type ReadFile<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The quote with the path of the tree, where it is long enough and in that file, white space at line
/// ends apart.
pub fn found(path: &str, text: &str, read: ReadFile<'_>) -> Option<Quote> {
    let trimmed = |text: &str| text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n");
    let quote = trimmed(text);
    let quote = quote.trim_matches('\n');
    if letters(quote) < QUOTE_CHARS_MIN {
        return None;
    }
    let meant = meant(path, &BTreeMap::new(), |path| read(path).is_some());
    let holds = |path: &String| read(path).is_some_and(|now| trimmed(&now).contains(quote));
    let path = meant.into_iter().find(holds)?;
    Some(Quote { path, text: text.to_owned() })
}

/// Whether a quote that is in the tree says something about a finding: code that is not the finding's
/// own anchor, in its file, in one that its evidence or its failure names, or in a function that calls
/// the one around it or is called by it.
pub fn bears_on(quote: &Quote, finding: &ReviewFinding, read: ReadFile<'_>) -> bool {
    let Some(text) = read(&quote.path) else { return false };
    let Some((first, last)) = anchor(&quote.text, &text, &[]).lines() else { return false };
    let code = code_of(&quote.path, &text);
    let beside: Vec<(u32, &str)> = (1..)
        .zip(text.lines())
        .filter(|(number, _)| (first..=last).contains(number))
        .filter(|(number, line)| {
            !is_anchor(&quote.path, *number, line, finding)
                && !is_heading(&quote.path, line)
                && code.tokens.iter().any(|token| (token.lines.0..=token.lines.1).contains(number))
        })
        .collect();
    let says: usize = beside.iter().map(|(_, line)| letters(line)).sum();
    let says = says.min(letters(&quote.text));
    let Some((line, _)) = beside.first().filter(|_| says >= QUOTE_CHARS_MIN) else { return false };
    quote.path == finding.path
        || names_file(finding, &quote.path)
        || are_related(&code, (&quote.path, &text), *line, finding, read)
}

/// Whether a line is what the finding is about.
fn is_anchor(path: &str, number: u32, line: &str, finding: &ReviewFinding) -> bool {
    let squeezed = |text: &str| text.split_whitespace().collect::<String>();
    let (own, line) = (squeezed(&finding.anchor), squeezed(line));
    let in_lines =
        finding.anchored.lines().is_some_and(|(first, last)| (first..=last).contains(&number));
    (path == finding.path && in_lines)
        || own.contains(&line)
        || (!own.is_empty() && line.contains(&own))
}

fn is_heading(path: &str, line: &str) -> bool {
    let ends = [".md", ".markdown", ".mdx"];
    let line = line.trim_start();
    ends.iter().any(|end| path.ends_with(end))
        && (line.starts_with('#') || line.starts_with("---") || line.starts_with("==="))
}

/// Whether the evidence or the words of a finding name a file.
pub fn names_file(finding: &ReviewFinding, path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    finding.evidence.iter().any(|quote| quote.path == path)
        || [&finding.failure, &finding.title, &finding.fix].iter().any(|text| names(text, name))
}

/// Whether a text has a name as a word of its own.
pub fn names(text: &str, name: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
    !name.is_empty()
        && text.match_indices(name).any(|(at, _)| {
            !text[..at].chars().next_back().is_some_and(is_part)
                && !text[at + name.len()..].chars().next().is_some_and(is_part)
        })
}

/// Whether the function of a quoted line calls the one around the finding, or is called by it. Without
/// a grammar: whether one file names the other.
fn are_related(
    quoted: &SourceCode,
    (path, text): (&str, &str),
    line: u32,
    finding: &ReviewFinding,
    read: ReadFile<'_>,
) -> bool {
    let Some(own_text) = read(&finding.path) else { return false };
    let own = code_of(&finding.path, &own_text);
    if !own.is_parsed || !quoted.is_parsed {
        let name = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
        return names(&own_text, &name(path)) || names(text, &name(&finding.path));
    }
    let around = finding.anchored.lines().and_then(|(line, _)| own.enclosing(line));
    let (Some(around), Some(other)) = (around, quoted.enclosing(line)) else { return false };
    uses(&own, around, &other.name) || uses(quoted, other, &around.name)
}

fn uses(code: &SourceCode, function: &Function, name: &str) -> bool {
    code.tokens[function.tokens.clone()].iter().any(|token| token.text == name)
}

fn letters(text: &str) -> usize {
    text.chars().filter(|char| char.is_alphanumeric()).count()
}
