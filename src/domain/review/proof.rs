//! The proof of reading: whether an answer shows that every section was read.

use std::collections::HashMap;

use crate::domain::review::answer::{Attested, ReviewAnswer};
use crate::domain::review::deliver::{ChangeSection, Chunk};
use crate::domain::review::finding::Completeness;

/// By how many lines a count may be wrong.
const LINES_OFF: usize = 2;

/// By which part of the lines a count may be wrong: one in twenty.
const SHARE_OFF: usize = 20;

/// Holds an answer against what was delivered: each section's nonce once, a line that it adds, and
/// how many it adds. It shows that the text was before the model to its end, not that the model
/// was diligent.
pub fn check(part: &Chunk, answer: &ReviewAnswer) -> Completeness {
    let mut by_nonce: HashMap<&str, Vec<&Attested>> = HashMap::new();
    for attested in &answer.attestation {
        by_nonce.entry(attested.nonce.as_str()).or_default().push(attested);
    }
    let mut unread = Vec::new();
    for section in &part.sections {
        let why = match by_nonce.remove(section.nonce.as_str()).as_deref() {
            None => Some("its nonce does not come back".to_owned()),
            Some([attested]) => what_is_wrong(section, attested),
            Some(_) => Some("its nonce comes back more than once".to_owned()),
        };
        unread.extend(why.map(|why| (named(section), why)));
    }
    let strange = |attested: &&Attested| by_nonce.contains_key(attested.nonce.as_str());
    for attested in answer.attestation.iter().filter(strange) {
        let why = "the answer names a nonce that was not given".to_owned();
        unread.push((attested.path.clone(), why));
    }
    for (path, reason) in &answer.unscanned {
        unread.push((path.clone(), format!("the reviewer did not read it: {reason}")));
    }
    if unread.is_empty() { Completeness::Complete } else { Completeness::Incomplete(unread) }
}

/// The completeness of several calls, with what was not even delivered.
pub fn all(each: impl IntoIterator<Item = Completeness>) -> Completeness {
    let unread = each.into_iter().flat_map(|one| match one {
        Completeness::Complete => Vec::new(),
        Completeness::Incomplete(unread) => unread,
    });
    let unread: Vec<_> = unread.collect();
    if unread.is_empty() { Completeness::Complete } else { Completeness::Incomplete(unread) }
}

fn named(section: &ChangeSection) -> String {
    match section.piece {
        (_, 1) => section.path.clone(),
        (k, n) => format!("{} (section {k} of {n})", section.path),
    }
}

fn what_is_wrong(section: &ChangeSection, attested: &Attested) -> Option<String> {
    if attested.path.trim() != section.path.trim() {
        return Some("its nonce comes back under another name".to_owned());
    }
    let (counted, are) = (attested.added_lines, section.added.len());
    let off = usize::try_from(counted).unwrap_or(usize::MAX).abs_diff(are);
    if off > LINES_OFF.max(are / SHARE_OFF) {
        return Some(format!("it adds {are} lines, the answer counts {counted}"));
    }
    let quote = attested.quote.trim();
    let mut telling = section.added.iter().map(|line| line.trim()).filter(|line| !line.is_empty());
    // Blank lines alone ask for no quote.
    let first = telling.next()?;
    let others = telling.any(|line| line != first);
    if quote.is_empty() || !section.added.iter().any(|line| line.trim() == quote) {
        Some("the quote is no line that it adds".to_owned())
    } else if others && quote == first {
        Some("the quote is the first line that it adds, another was asked for".to_owned())
    } else {
        None
    }
}
