//! What the arbiter is shown of the code around a finding: the change to its file, what its evidence
//! quotes, and what calls the function that it is in.

use std::fmt::Write as _;

use crate::domain::locate::symbols;
use crate::domain::review::anchor::anchor;
use crate::domain::review::deliver::{ChangeSection, Delivery};
use crate::domain::review::finding::ReviewFinding;
use crate::domain::review::prompt::excerpt;

/// The most of each, in bytes: what is left out is in the folder that the arbiter may read.
const OWN_MAX: usize = 10 << 10;
const QUOTED_MAX: usize = 3 << 10;
const CALLS_MAX: usize = 3 << 10;

/// Lines shown around a quote, and around a call.
const AROUND: (u32, u32) = (6, 2);

/// The most places of one file that call a function.
const CALLS_PER_FILE: usize = 2;

/// The fewest characters of a name that is looked for.
const NAME_CHARS: usize = 3;

/// The code around a finding, as texts to be shown one after the other.
///
/// `text` gives a file of the reviewed tree by its shown name, as models see it; `tree` are files of it in
/// which calls are looked for.
pub fn around(
    finding: &ReviewFinding,
    delivery: &Delivery,
    text: &dyn Fn(&str) -> Option<String>,
    tree: &[(String, String)],
) -> Vec<String> {
    let own = text(&finding.path);
    let mut shown = own_sections(finding, delivery);
    let mut left = QUOTED_MAX;
    for quote in finding.evidence.iter().filter(|quote| quote.path != finding.path) {
        let found = text(&quote.path).and_then(|text| {
            let lines = anchor(&quote.text, &text, &[]).lines()?;
            Some(part(&quote.path, "around a quote of the evidence", &text, lines, AROUND.0))
        });
        push_within(&mut shown, found, &mut left);
    }
    let name = own.as_deref().and_then(|text| enclosing(text, finding.anchored.lines()?.0));
    let mut left = CALLS_MAX;
    let is_changed = |(path, _): &&(String, String)| delivery.places.contains_key(path);
    let changed = tree.iter().filter(is_changed);
    let others = tree.iter().filter(|file| !is_changed(file));
    for (path, text) in changed.chain(others).filter(|_| name.is_some()) {
        let name = name.as_deref().unwrap_or_default();
        for line in calls(text, name).into_iter().take(CALLS_PER_FILE) {
            let what = format!("names `{name}`");
            let found = part(path, &what, text, (line, line), AROUND.1);
            push_within(&mut shown, Some(found), &mut left);
        }
    }
    shown
}

fn push_within(shown: &mut Vec<String>, text: Option<String>, left: &mut usize) {
    if let Some(text) = text
        && let Some(rest) = left.checked_sub(text.len())
    {
        *left = rest;
        shown.push(text);
    }
}

/// The change to the finding's own file: whole, or the rows around the anchor.
fn own_sections(finding: &ReviewFinding, delivery: &Delivery) -> Vec<String> {
    let all = delivery.calls.iter().flat_map(|part| &part.sections);
    let own: Vec<&ChangeSection> = all.filter(|section| section.path == finding.path).collect();
    if own.iter().map(|section| section.text.len()).sum::<usize>() <= OWN_MAX {
        return own.iter().map(|section| section.text.clone()).collect();
    }
    let wanted = finding.anchor.lines().map(str::trim).find(|line| !line.is_empty());
    let place = |section: &&&ChangeSection| {
        section.text.lines().position(|row| wanted.is_some_and(|line| row.contains(line)))
    };
    let section = own.iter().find(|section| place(section).is_some()).or(own.first());
    let Some(section) = section else { return Vec::new() };
    vec![cut(section, place(&section).unwrap_or(0))]
}

/// The rows of a section around one of them, with its head.
fn cut(section: &ChangeSection, at: usize) -> String {
    let rows: Vec<&str> = section.text.lines().collect();
    let (mut first, mut last) = (at, at);
    let mut bytes = rows[at].len();
    loop {
        let before = first.checked_sub(1).filter(|row| *row > 0).map(|row| rows[row].len() + 1);
        let behind = rows.get(last + 1).map(|row| row.len() + 1);
        let (take_before, take_behind) = (
            before.filter(|len| bytes + len <= OWN_MAX),
            behind.filter(|len| bytes + before.unwrap_or(0) + len <= OWN_MAX),
        );
        if take_before.is_none() && take_behind.is_none() {
            break;
        }
        first -= usize::from(take_before.is_some());
        last += usize::from(take_behind.is_some());
        bytes += take_before.unwrap_or(0) + take_behind.unwrap_or(0);
    }
    let mut text = String::new();
    if first > 0 {
        let _ = writeln!(text, "{}", rows[0]);
    }
    if first > 1 {
        text.push_str("@@ rows before are left out\n");
    }
    for row in &rows[first..=last] {
        let _ = writeln!(text, "{row}");
    }
    if last + 1 < rows.len() {
        text.push_str("@@ rows behind are left out\n");
    }
    text
}

/// Lines of a file as it is now.
fn part(path: &str, what: &str, text: &str, lines: (u32, u32), around: u32) -> String {
    format!("=== {path}: as it is now, {what}\n{}", excerpt(text, lines, around))
}

/// The name of the function, or of what else is declared, that a line is in.
fn enclosing(text: &str, line: u32) -> Option<String> {
    let lines: Vec<&str> = text.lines().collect();
    let at = usize::try_from(line).ok()?.checked_sub(1)?;
    let symbols = symbols::of_lines(&lines);
    let name = symbols.get(at)?.leaf().rsplit(['.', ':']).next()?;
    let is_name = name.chars().count() >= NAME_CHARS && name.chars().all(is_word);
    is_name.then(|| name.to_owned())
}

/// The lines that name a symbol without declaring it.
fn calls(text: &str, name: &str) -> Vec<u32> {
    // Most files do not have it at all.
    if !text.contains(name) {
        return Vec::new();
    }
    let lines: Vec<&str> = text.lines().collect();
    let symbols = symbols::of_lines(&lines);
    let declares = |at: usize| {
        let before = at.checked_sub(1).and_then(|before| symbols.get(before));
        symbols[at].leaf() == name && before != symbols.get(at)
    };
    let named = lines.iter().enumerate().filter(|(at, line)| {
        let whole = |(start, _): (usize, &str)| {
            let before = line[..start].chars().next_back();
            let behind = line[start + name.len()..].chars().next();
            !before.is_some_and(is_word) && !behind.is_some_and(is_word)
        };
        line.match_indices(name).any(whole) && !declares(*at)
    });
    named.map(|(at, _)| u32::try_from(at + 1).unwrap_or(u32::MAX)).collect()
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '$')
}
