//! What the ledger keeps of a review's finding, and where that finding is in a tree.
//!
//! A finding is at a place of the code. What a review said of that place holds wherever the place
//! reads the same: on another branch, after a rebase, in a squashed commit, under another name. Where
//! it reads differently nothing is known until a review was shown the finding and the code as it is.

use bstr::BString;
use serde::{Deserialize, Serialize};

use crate::domain::locate::index::normalised;
use crate::domain::locate::symbols;
use crate::domain::review::arbiter_decision::{ArbiterDecision, ArbiterVerdict, SecondLook};
use crate::domain::review::demand::UnmetDemand;
use crate::domain::review::finding::{Anchored, ReviewFinding};
use crate::domain::review::tracked::TrackedFinding;

/// How many contents of its place a finding remembers, the newest.
const VERIFICATIONS_MAX: usize = 64;

/// The fewest characters, white space apart, of a text that is looked for in another file.
const MOVED_CHARS_MIN: usize = 12;

/// What is kept of a review's finding beside what the ledger keeps of every finding.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FindingRecord {
    /// As the reviewer reported it.
    pub original: ReviewFinding,
    /// The file that it is in, as git has it; `None` where its name holds a secret.
    pub path: Option<BString>,
    /// The arbiter's; `None` where it could not be asked.
    pub decision: Option<ArbiterDecision>,
    /// What a second process said of a dismissal.
    pub second: Option<SecondLook>,
    /// The lines that it was found at, as they are in the tree, without secrets; of removed code the
    /// removed lines.
    pub lines: Vec<String>,
    /// What reviews said of its place, the newest last; at least one.
    pub verifications: Vec<Verification>,
    /// The id of the spec that it was found by; `None` without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spec: Option<String>,
    /// Of a criterion that is not met, in the place of lines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub demand: Option<UnmetDemand>,
}

/// What a review said of a finding's place as it read then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verification {
    /// The hash of the place; see [`Place::region`].
    pub region: String,
    pub resolved: bool,
    /// What shows it, for people; empty where nothing was quoted.
    pub evidence: String,
}

/// Where a finding is in a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FindingState {
    /// As a review saw it and found it open. The lines, from 1, the end included.
    Open { lines: (u32, u32) },
    /// The place changed since; `lines` where its text is still there.
    Unverified { lines: Option<(u32, u32)> },
    /// A review found it resolved in this place.
    Resolved { evidence: String },
    /// Its file is gone, or the code whose removal it is about is back.
    Gone,
}

impl FindingState {
    /// Whether it counts against the tree.
    pub fn holds(&self) -> bool {
        matches!(self, Self::Open { .. } | Self::Unverified { .. })
    }

    /// The lines where its text is.
    pub fn lines(&self) -> Option<(u32, u32)> {
        match self {
            Self::Open { lines } => Some(*lines),
            Self::Unverified { lines } => *lines,
            Self::Resolved { .. } | Self::Gone => None,
        }
    }
}

/// The place of a finding in a text.
struct Place {
    /// `None` where its text is not there.
    lines: Option<(u32, u32)>,
    /// The hash of the code around it: of the symbol that encloses it, else of the whole file; white
    /// space and comments apart.
    region: String,
}

impl FindingRecord {
    /// A finding that a review just reported in a text.
    ///
    /// `text` is the file in the reviewed tree, `None` where it is gone; `removed` are the lines that
    /// the change removes from it, without their numbers.
    pub fn new(
        tracked: &TrackedFinding,
        path: Option<BString>,
        text: Option<&str>,
        removed: &[&str],
    ) -> Self {
        let original = tracked.original.clone();
        let lines = match original.anchored {
            Anchored::Removed { .. } => anchored_in(&original.anchor, removed),
            _ => lines_at(original.anchored.lines(), text.unwrap_or_default()),
        };
        let decision = tracked.decision.clone();
        Self {
            original,
            path,
            decision,
            second: tracked.second.clone(),
            lines,
            verifications: Vec::new(),
            spec: None,
            demand: None,
        }
    }

    /// Takes over what the same finding says when it is reported again with evidence.
    pub fn gain(&mut self, again: &Self) {
        self.original.clone_from(&again.original);
        self.lines.clone_from(&again.lines);
    }

    /// As a review by this spec sees it: a criterion of another spec is named with that one's id.
    pub fn seen_by(&mut self, spec: Option<&str>) {
        let Some(own) = self.spec.as_deref().filter(|own| Some(*own) != spec) else { return };
        if let Some(id) = self.original.basis.strip_prefix("spec:") {
            self.original.basis = format!("spec:{}", id_elsewhere(own, id));
        }
        let criterion = self.decision.as_mut().and_then(|decision| decision.criterion.as_mut());
        if let Some(id) = criterion {
            *id = id_elsewhere(own, id);
        }
    }

    /// Whether the arbiter found it right.
    pub fn is_upheld(&self) -> bool {
        self.decision.as_ref().is_some_and(|one| one.verdict == ArbiterVerdict::Upheld)
    }

    /// Whether it was dropped: refuted, out of scope or a duplicate.
    pub fn is_dismissed(&self) -> bool {
        let tracked = TrackedFinding::new(self.original.clone(), 0, false);
        let (decision, second) = (self.decision.clone(), self.second.clone());
        TrackedFinding { decision, second, ..tracked }.is_dismissed()
    }

    /// Whether it is about code that the change removed.
    pub fn is_about_removed(&self) -> bool {
        matches!(self.original.anchored, Anchored::Removed { .. })
    }

    /// Notes what a complete review said of it. `text` is its file then, `None` where it is gone; `read`
    /// gives the files that its evidence quotes.
    pub fn verify(
        &mut self,
        text: Option<&str>,
        read: &dyn Fn(&str) -> Option<String>,
        resolved: bool,
        evidence: String,
    ) {
        let region = self.place(text.unwrap_or_default(), read).region;
        let is_open = |known: &Verification| known.region == region && !known.resolved;
        // What was open resolves by a change of its code alone, never by another opinion.
        if resolved && self.verifications.iter().any(is_open) {
            return;
        }
        self.verifications.retain(|known| known.region != region);
        self.verifications.push(Verification { region, resolved, evidence });
        let over = self.verifications.len().saturating_sub(VERIFICATIONS_MAX);
        self.verifications.drain(..over);
    }

    /// Its state in a tree in which its file has this text; `None` where there is no such file. `read`
    /// gives the other files of that tree.
    pub fn state(&self, text: Option<&str>, read: &dyn Fn(&str) -> Option<String>) -> FindingState {
        let Some(text) = text else {
            return if self.is_about_removed() { self.known("", read) } else { FindingState::Gone };
        };
        if self.is_about_removed() && !self.lines.is_empty() && is_in(&self.lines, text) {
            return FindingState::Gone;
        }
        self.known(text, read)
    }

    fn known(&self, text: &str, read: &dyn Fn(&str) -> Option<String>) -> FindingState {
        let Place { lines, region } = self.place(text, read);
        let newest = self.verifications.iter().rev().find(|known| known.region == region);
        match newest {
            Some(known) if known.resolved => {
                FindingState::Resolved { evidence: known.evidence.clone() }
            }
            Some(_) => FindingState::Open { lines: lines.unwrap_or((1, 1)) },
            None => FindingState::Unverified { lines },
        }
    }

    /// Whether its text is in a text of its file.
    pub fn is_where(&self, text: &str) -> bool {
        let all: Vec<&str> = text.lines().collect();
        find(&self.lines, &all).is_some()
    }

    /// The hash of its place in a text of its file.
    pub fn region(&self, text: &str, read: &dyn Fn(&str) -> Option<String>) -> String {
        self.place(text, read).region
    }

    /// Whether its code is in a file of another name: its text, enough of it to tell it from others,
    /// within code that reads as a review saw it.
    pub fn moved_to(&self, text: &str, read: &dyn Fn(&str) -> Option<String>) -> bool {
        self.is_quoted_in(text)
            && !matches!(self.known(text, read), FindingState::Unverified { .. })
    }

    /// Whether its text is in another one, enough of it to tell it from others.
    pub fn is_quoted_in(&self, text: &str) -> bool {
        let size: usize = self.lines.iter().map(|line| squeezed(line).len()).sum();
        size >= MOVED_CHARS_MIN && is_in(&self.lines, text)
    }

    fn place(&self, text: &str, read: &dyn Fn(&str) -> Option<String>) -> Place {
        let all: Vec<&str> = text.lines().collect();
        let lines = if self.is_about_removed() { None } else { find(&self.lines, &all) };
        let mut hasher = blake3::Hasher::new();
        feed(&mut hasher, &all, lines);
        // A change of what it rests on may resolve it as well.
        for quote in self.original.evidence.iter().filter(|one| one.path != self.original.path) {
            let text = read(&quote.path).unwrap_or_default();
            let all: Vec<&str> = text.lines().collect();
            let quoted: Vec<String> = quote.text.lines().map(str::to_owned).collect();
            feed(&mut hasher, &all, find(&quoted, &all));
        }
        let number = |at: usize| u32::try_from(at + 1).unwrap_or(u32::MAX);
        Place {
            lines: lines.map(|(first, last)| (number(first), number(last))),
            region: hasher.finalize().to_hex()[..32].to_owned(),
        }
    }
}

/// The id of a criterion where another spec, or several, are spoken of.
pub fn id_elsewhere(spec: &str, criterion: &str) -> String {
    format!("{spec}/{criterion}")
}

/// Hashes the code around those lines; all of it where they are not known.
fn feed(hasher: &mut blake3::Hasher, all: &[&str], lines: Option<(usize, usize)>) {
    let whole = 0..all.len();
    let range = match lines {
        Some((first, last)) => symbol_around(all, first, last).unwrap_or(whole),
        None => whole,
    };
    for line in all[range].iter().filter(|line| !is_comment(line)) {
        hasher.update(squeezed(&normalised(line)).as_bytes());
    }
    hasher.update(&[0]);
}

/// The lines of the symbol that encloses those lines; `None` outside of every symbol.
fn symbol_around(all: &[&str], first: usize, last: usize) -> Option<std::ops::Range<usize>> {
    let paths = symbols::of_lines(all);
    let name = paths[first].join();
    if name.is_empty() || paths[last].join() != name {
        return None;
    }
    // Symbols within it belong to it.
    let inside = |at: &usize| {
        let rest = paths[*at].join();
        rest.strip_prefix(&name).is_some_and(|rest| rest.is_empty() || rest.starts_with('\n'))
    };
    let start = (0..=first).rev().take_while(inside).last()?;
    let end = (last..all.len()).take_while(inside).last()?;
    Some(start..end + 1)
}

/// Where the lines are in a text, from 0, the end included; wrapped in another way they are found too.
fn find(lines: &[String], all: &[&str]) -> Option<(usize, usize)> {
    let wanted: String = lines.iter().map(|line| squeezed(&normalised(line))).collect();
    if wanted.is_empty() {
        return None;
    }
    let mut text = String::new();
    let mut starts = Vec::with_capacity(all.len());
    for line in all {
        starts.push(text.len());
        text.push_str(&squeezed(&normalised(line)));
    }
    let line_of = |at: usize| starts.partition_point(|start| *start <= at).saturating_sub(1);
    let found = |at: usize| (line_of(at), line_of(at + wanted.len() - 1));
    let mut places = text.match_indices(&wanted).map(|(at, _)| at);
    // Whole lines go before a part of one.
    let whole = |at: &usize| {
        let end = at + wanted.len();
        starts.binary_search(at).is_ok()
            && (end == text.len() || starts.binary_search(&end).is_ok())
    };
    let first = places.next()?;
    let best = std::iter::once(first).chain(places).find(whole).unwrap_or(first);
    Some(found(best))
}

fn is_in(lines: &[String], text: &str) -> bool {
    find(lines, &text.lines().collect::<Vec<_>>()).is_some()
}

/// Those of the lines that an anchor quotes; all of them where none is recognised.
fn anchored_in(anchor: &str, lines: &[&str]) -> Vec<String> {
    let quoted: Vec<String> = anchor.lines().map(squeezed).collect();
    let is_quoted = |line: &&&str| {
        let line = squeezed(line);
        !line.is_empty() && quoted.iter().any(|quoted| quoted.contains(&line))
    };
    let found: Vec<String> =
        lines.iter().filter(is_quoted).map(|line| (*line).to_owned()).collect();
    if found.is_empty() { lines.iter().map(|line| (*line).to_owned()).collect() } else { found }
}

fn lines_at(lines: Option<(u32, u32)>, text: &str) -> Vec<String> {
    let Some((first, last)) = lines else { return Vec::new() };
    let numbered = (1..).zip(text.lines());
    let inside = numbered.filter(|(number, _)| (first..=last).contains(number));
    inside.map(|(_, line)| line.to_owned()).collect()
}

fn squeezed(text: &str) -> String {
    text.split_whitespace().collect()
}

/// Whether a line is nothing but a comment, in the usual languages.
fn is_comment(line: &str) -> bool {
    let line = line.trim();
    line == "#" || ["//", "# ", "/*", "* ", "*/", "-- ", "<!--"].iter().any(|m| line.starts_with(m))
}

#[cfg(test)]
mod tests {
    use super::{FindingRecord, FindingState};
    use crate::domain::model::class::Class;
    use crate::domain::model::severity::Severity;
    use crate::domain::review::finding::{Anchored, FindingOrigin, ReviewFinding};
    use crate::domain::review::tracked::TrackedFinding;

    const BAD: &str = "\
import db

def other(x):
    return x + 1

def first(db):
    rows = db.all()
    return rows[0]

def last():
    return None
";

    fn raised(anchor: &str, anchored: Anchored) -> TrackedFinding {
        let original = ReviewFinding {
            id: "F-1".to_owned(),
            class: Class::new("correctness/off-by-one"),
            severity: Severity::Critical,
            basis: "invariant".to_owned(),
            title: "an empty list fails".to_owned(),
            path: "q.py".to_owned(),
            anchor: anchor.to_owned(),
            failure: "an empty list has no first row".to_owned(),
            evidence: Vec::new(),
            same_as: None,
            origin: FindingOrigin::Change,
            fix: String::new(),
            search_pattern: String::new(),
            anchored,
        };
        TrackedFinding::new(original, 0, false)
    }

    fn record() -> FindingRecord {
        let tracked = raised("return rows[0]", Anchored::Exact { line: 8, end_line: 8 });
        let mut record = FindingRecord::new(&tracked, Some("q.py".into()), Some(BAD), &[]);
        record.verify(Some(BAD), &|_| None, false, String::new());
        record
    }

    #[test]
    fn what_reads_the_same_is_open_wherever_it_is() {
        let record = record();
        let open = |line| FindingState::Open { lines: (line, line) };
        assert_eq!(record.state(Some(BAD), &|_| None), open(8));
        for (text, line) in [
            (BAD.replace("import db\n", "import db\nimport os\n"), 9),
            (BAD.replace("return x + 1", "return x + 2"), 8),
            (BAD.replace("    return rows[0]", "    # the first\n    return  rows[0]  # one"), 9),
            (BAD.replace("return None", "return 3"), 8),
        ] {
            assert_eq!(record.state(Some(&text), &|_| None), open(line), "{text}");
        }
        let wrapped = BAD.replace("return rows[0]", "return rows[\n        0]");
        assert_eq!(record.state(Some(&wrapped), &|_| None), FindingState::Open { lines: (8, 9) });
        assert!(record.moved_to(BAD, &|_| None));
        let other = BAD.replace("def first(db)", "def second(db)");
        assert!(!record.moved_to(&other, &|_| None));
    }

    #[test]
    fn a_place_that_changed_is_unverified_until_a_review_says_more() {
        let mut record = record();
        let guarded = BAD.replace(
            "    return rows[0]",
            "    if not rows:\n        return None\n    return rows[0]",
        );
        let unverified = FindingState::Unverified { lines: Some((10, 10)) };
        assert_eq!(record.state(Some(&guarded), &|_| None), unverified);
        record.verify(Some(&guarded), &|_| None, true, "guarded".to_owned());
        let resolved = FindingState::Resolved { evidence: "guarded".to_owned() };
        assert_eq!(record.state(Some(&guarded), &|_| None), resolved);
        // On a branch without the repair, and where it is taken back, the finding holds.
        assert_eq!(record.state(Some(BAD), &|_| None), FindingState::Open { lines: (8, 8) });
        let rewritten = BAD.replace("    return rows[0]", "    return next(iter(rows), None)");
        assert_eq!(
            record.state(Some(&rewritten), &|_| None),
            FindingState::Unverified { lines: None }
        );
        assert_eq!(record.state(None, &|_| None), FindingState::Gone);
    }

    #[test]
    fn removed_code_holds_until_it_is_back() {
        let now = "def p(u):\n    send(u)\n";
        let tracked = raised("check_access(u)", Anchored::Removed { line: 2, end_line: 2 });
        let mut record = FindingRecord::new(&tracked, None, Some(now), &["    check_access(u)"]);
        record.verify(Some(now), &|_| None, false, String::new());
        assert!(record.state(Some(now), &|_| None).holds());
        let back = "def p(u):\n    check_access(u)\n    send(u)\n";
        assert_eq!(record.state(Some(back), &|_| None), FindingState::Gone);
        let moved = "def p(u):\n    log(u)\n    send(u)\n";
        assert_eq!(record.state(Some(moved), &|_| None), FindingState::Unverified { lines: None });
        record.verify(None, &|_| None, false, String::new());
        assert!(record.state(None, &|_| None).holds());
    }
}
