//! Whether what an evaluation finds is a finding that is already known.

use std::collections::BTreeMap;

/// From a locator's name to its hash. `context…` stands for a line with its neighbours, `symbol`
/// for the line and what encloses it, and `line` for the line with all that is on it: the others
/// may leave out a comment, and two secrets can stand in one.
pub type StoredLocators = BTreeMap<String, String>;

/// What there is to recognise a finding by, beside its gate, rule and file.
pub struct Trace<'a> {
    pub line: u32,
    pub column: u32,
    pub anchor: &'a str,
    pub message: &'a str,
    /// The object it stands in.
    pub content: Option<&'a str>,
    pub locators: &'a StoredLocators,
}

/// What kind of findings are compared.
#[derive(Clone, Copy)]
pub struct Terms {
    /// In a file; otherwise the findings are of one and the same change.
    pub in_file: bool,
    /// Two with different messages are never the same: what people and other tools write has no
    /// rule that tells two remarks on one line apart.
    pub by_message: bool,
}

/// A known finding.
pub struct KnownFinding<'a> {
    pub trace: Trace<'a>,
    /// Whether somebody said that a change may pass with it. That must not silence another one.
    pub answered: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Evidence {
    /// It reads alike: enough to keep the id, not enough to keep an answer.
    Alike,
    /// So many locators agree: a context, and beside it the symbol and the whole line, which do not
    /// follow from it.
    Located(usize),
    /// The very same place of the very same content.
    Same,
}

/// For each thing seen, which known finding it is. One known finding is given once.
///
/// The best evidence wins; where it is equal, an open finding goes before an answered one, so that
/// an answer never moves to a twin while there is a choice, and then the nearest line.
pub fn assign(seen: &[Trace], known: &[KnownFinding], terms: Terms) -> Vec<Option<usize>> {
    let mut pairs = Vec::new();
    for (s, trace) in seen.iter().enumerate() {
        for (k, old) in known.iter().enumerate() {
            let Some(evidence) = compare(trace, &old.trace, terms) else { continue };
            if old.answered && evidence == Evidence::Alike {
                continue;
            }
            let lines = trace.line.abs_diff(old.trace.line);
            let columns = trace.column.abs_diff(old.trace.column);
            pairs.push((std::cmp::Reverse(evidence), old.answered, lines, columns, s, k));
        }
    }
    pairs.sort_unstable();
    let mut given = vec![None; seen.len()];
    let mut taken = vec![false; known.len()];
    for (_, _, _, _, s, k) in pairs {
        if given[s].is_none() && !taken[k] {
            given[s] = Some(k);
            taken[k] = true;
        }
    }
    given
}

fn compare(new: &Trace, old: &Trace, terms: Terms) -> Option<Evidence> {
    let same_message = new.message == old.message;
    if terms.by_message && !same_message {
        return None;
    }
    if !terms.in_file {
        let same = same_message && new.anchor == old.anchor && new.content == old.content;
        return Some(if same { Evidence::Same } else { Evidence::Alike });
    }
    let place = |trace: &Trace| (trace.line, trace.column);
    let same_content = new.content.is_some() && new.content == old.content;
    if same_content && place(new) == place(old) && new.anchor == old.anchor {
        return Some(Evidence::Same);
    }
    if let Some(count) = agreement(new.locators, old.locators) {
        return Some(Evidence::Located(count));
    }
    let says_nothing = new.line > 0 && new.anchor.trim().is_empty();
    let alike = new.anchor.split_whitespace().eq(old.anchor.split_whitespace());
    (alike && (same_message || !says_nothing)).then_some(Evidence::Alike)
}

/// How many locators agree, where they are enough to carry an answer over.
fn agreement(new: &StoredLocators, old: &StoredLocators) -> Option<usize> {
    let agrees = |name: &String| old.contains_key(name) && old.get(name) == new.get(name);
    let agreeing: Vec<&String> = new.keys().filter(|name| agrees(name)).collect();
    let has = |wanted: &str| agreeing.iter().any(|name| *name == wanted);
    let context = agreeing.iter().any(|name| name.starts_with("context"));
    (context && has("symbol") && has("line")).then_some(agreeing.len())
}
