//! Which parts of a change a reviewer was shown. A part is a line that a change adds or removes, or the
//! lines on both sides of a place that it touches; each has a key, and a change is covered where
//! complete reviews were shown every part of it.
//!
//! A line counts as shown where it was shown as added or removed, and its surroundings, as they are
//! at the tip, may have been shown by another review: so two commits that edit neighbouring lines are
//! covered by a review of each.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::ops::Range;

use bstr::{BString, ByteSlice as _};

use crate::domain::locate::lines::changes_of;
use crate::domain::model::change::{FileChange, FileChangeKind, FileMode, TreeEntry};
use crate::domain::review::deliver::file::{Became, DeliveredFile, FileSide};

/// How many lines on each side of a touched place belong to it.
const REACH: usize = 3;

/// The fewest letters and digits of a line that tells one change from another.
const TELLING_LETTERS: usize = 8;

/// The key of one part: 128 bits of BLAKE3, so that nobody can write a line that has another's key.
pub type PartKey = [u8; 16];

/// The parts of a file that a change touches, or that a review showed.
pub type Parts = BTreeSet<PartKey>;

/// The parts that a review of a file shows.
///
/// `regime` says what the answer of a review depends on besides the text: reviewer, prompts, rules.
/// `context` is how many lines around each hunk are shown at least.
fn shown(file: &DeliveredFile, regime: &str, context: usize) -> Parts {
    let keys = Keys { regime, path: &file.path, reach: REACH.min(context) };
    let (old, new) = (lines_of(file.old.as_ref()), lines_of(file.new.as_ref()));
    let mut parts = keys.of_file(file);
    let mut visible: Vec<Range<usize>> = Vec::new();
    for change in changes_of(&old, &new) {
        parts.extend(old[change.old.clone()].iter().map(|line| keys.of_line(b"-", line)));
        parts.extend(new[change.new.clone()].iter().map(|line| keys.of_line(b"+", line)));
        let start = change.new.start.saturating_sub(context);
        let end = (change.new.end + context).min(new.len());
        match visible.last_mut() {
            Some(last) if last.end >= start => last.end = last.end.max(end),
            _ => visible.push(start..end),
        }
    }
    for range in visible {
        let whole = |gap: &usize| {
            let around = keys.around(*gap, new.len());
            range.start <= around.start && around.end <= range.end
        };
        parts.extend((range.start..=range.end).filter(whole).map(|gap| keys.of_gap(&new, gap)));
    }
    parts
}

/// The key of the change of a file as a whole, by its objects: where a review was shown all of it, the
/// same change of the same file need not be read to know that. `None` where that does not follow.
pub fn whole(change: &FileChange, regime: &str, context: usize) -> Option<PartKey> {
    let from = match &change.kind {
        FileChangeKind::Renamed { from } => from.as_slice(),
        FileChangeKind::Added | FileChangeKind::Modified | FileChangeKind::Deleted => b"",
    };
    let side = |entry: &Option<TreeEntry>| match entry {
        Some(entry) => [mode_word(Some(entry.mode)), entry.oid.as_str().as_bytes()].concat(),
        None => Vec::new(),
    };
    let (old, new) = (side(&change.old), side(&change.new));
    let keys = Keys { regime, path: &change.path, reach: REACH.min(context) };
    let context = (context as u64).to_le_bytes();
    (old != new).then(|| keys.key(b"whole", &[from, &old, &new, &context]))
}

/// The parts of a file and its key as a whole, where the review showed all that its change brings.
/// A file that was paired with another one was shown beside that alone, so it has no such key.
pub fn shown_of(file: &DeliveredFile, change: &FileChange, regime: &str, context: usize) -> Parts {
    let mut parts = shown(file, regime, context);
    let is_itself = match (&file.became, &change.kind) {
        (Became::Added, FileChangeKind::Added)
        | (Became::Modified, FileChangeKind::Modified)
        | (Became::Deleted, FileChangeKind::Deleted)
        | (Became::Renamed { .. }, FileChangeKind::Renamed { .. }) => true,
        (
            Became::Added
            | Became::Modified
            | Became::Deleted
            | Became::Renamed { .. }
            | Became::Copied { .. },
            _,
        ) => false,
    };
    let wanted = wanted(file, &[], &[], regime, context);
    if is_itself && wanted.iter().all(|part| parts.contains(&part.key)) {
        parts.extend(whole(change, regime, context));
    }
    parts
}

/// The keys of the lines that a change adds to a file or removes from it, whatever the file's name and the
/// regime; of those that say enough to tell one change from another.
pub fn telling_lines(file: &DeliveredFile) -> BTreeSet<String> {
    let (old, new) = (lines_of(file.old.as_ref()), lines_of(file.new.as_ref()));
    let mut keys = BTreeSet::new();
    for change in changes_of(&old, &new) {
        for line in old[change.old.clone()].iter().chain(&new[change.new.clone()]) {
            let letters = line.chars().filter(|c| c.is_alphanumeric()).count();
            if letters >= TELLING_LETTERS {
                keys.insert(blake3::hash(line.trim()).to_hex()[..16].to_owned());
            }
        }
    }
    keys
}

/// A part that a change brings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WantedPart {
    pub key: PartKey,
    /// Its keys under the file's other names: a review of it there counts as well.
    pub elsewhere: Vec<PartKey>,
}

impl WantedPart {
    pub fn is_among(&self, is_shown: impl Fn(&PartKey) -> bool) -> bool {
        is_shown(&self.key) || self.elsewhere.iter().any(is_shown)
    }
}

/// A move of a file that a complete review was shown.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ShownMove {
    pub from: BString,
    pub to: BString,
}

impl ShownMove {
    /// The key of the part that tells of it.
    pub fn part(&self, regime: &str) -> PartKey {
        Keys { regime, path: &self.to, reach: 0 }.of_move(&self.from)
    }
}

/// The parts of a file that a change brings. `others` are its contents in the other commits of a
/// merge, `None` where it was not there: what is equal in one of them is not new. `names` are those that
/// the file had for a while, by moves that a review was shown under the same regime.
pub fn wanted(
    file: &DeliveredFile,
    others: &[Option<FileSide>],
    names: &[BString],
    regime: &str,
    context: usize,
) -> Vec<WantedPart> {
    let reach = REACH.min(context);
    let keys = Keys { regime, path: &file.path, reach };
    let from = match &file.became {
        Became::Renamed { from } => Some(from),
        Became::Added | Became::Modified | Became::Deleted | Became::Copied { .. } => None,
    };
    let unmoved = from.filter(|from| !names.contains(from));
    let elsewhere: Vec<Keys<'_>> =
        unmoved.into_iter().chain(names).map(|path| Keys { regime, path, reach }).collect();
    let new = lines_of(file.new.as_ref());
    let mut touched: Option<Touched<'_>> = None;
    for old in std::iter::once(file.old.as_ref()).chain(others.iter().map(Option::as_ref)) {
        let one = Touched::between(&lines_of(old), &new);
        touched = Some(match touched {
            None => one,
            Some(known) => known.and(&one),
        });
    }
    let touched = touched.unwrap_or_default();
    let part = |make: &dyn Fn(&Keys<'_>) -> PartKey| WantedPart {
        key: make(&keys),
        elsewhere: elsewhere.iter().map(make).collect(),
    };
    let removed = touched.removed.iter().map(|line| part(&|keys| keys.of_line(b"-", line)));
    let added = touched.added.iter().map(|at| part(&|keys| keys.of_line(b"+", new[*at])));
    let gaps = touched.gaps.iter().map(|gap| part(&|keys| keys.of_gap(&new, *gap)));
    let mut parts: Vec<WantedPart> = removed.chain(added).chain(gaps).collect();
    if others.is_empty() {
        if file.mode_changes() {
            parts.push(part(&|keys| keys.of_mode(file)));
        }
        // Where the moves on the way were shown, so was this one.
        let key = unmoved.map(|from| keys.of_move(from));
        parts.extend(key.map(|key| WantedPart { key, elsewhere: Vec::new() }));
    }
    parts
}

/// What a change touches in a file.
#[derive(Default)]
struct Touched<'a> {
    /// The places of the added lines, from 0.
    added: BTreeSet<usize>,
    /// The places between lines beside what is added and where something was removed.
    gaps: BTreeSet<usize>,
    removed: BTreeSet<&'a [u8]>,
}

impl<'a> Touched<'a> {
    fn between(old: &[&'a [u8]], new: &[&'a [u8]]) -> Self {
        let mut touched = Self::default();
        for change in changes_of(old, new) {
            touched.removed.extend(&old[change.old.clone()]);
            touched.gaps.extend(change.new.start..=change.new.end);
            touched.added.extend(change.new);
        }
        touched
    }

    /// What is touched with regard to both.
    fn and(mut self, other: &Self) -> Self {
        self.added.retain(|at| other.added.contains(at));
        self.gaps.retain(|gap| other.gaps.contains(gap));
        self.removed.retain(|line| other.removed.contains(line));
        self
    }
}

/// The lines of a side without secrets, with their ends; none where there is no such side.
fn lines_of(side: Option<&FileSide>) -> Vec<&[u8]> {
    side.map(|side| side.masked.lines_with_terminator().collect()).unwrap_or_default()
}

/// Makes the keys of one file.
struct Keys<'a> {
    regime: &'a str,
    path: &'a BString,
    reach: usize,
}

impl Keys<'_> {
    fn of_line(&self, kind: &[u8], line: &[u8]) -> PartKey {
        self.key(kind, &[line])
    }

    /// The lines around the place before line `gap`, counted from 0.
    fn around(&self, gap: usize, lines: usize) -> Range<usize> {
        gap.saturating_sub(self.reach)..(gap + self.reach).min(lines)
    }

    fn of_gap(&self, lines: &[&[u8]], gap: usize) -> PartKey {
        let around = self.around(gap, lines.len());
        // How many lines come before tells a file's beginning from its middle.
        let before = [u8::try_from(gap - around.start).unwrap_or(u8::MAX)];
        let mut fields: Vec<&[u8]> = vec![&before];
        fields.extend(&lines[around]);
        self.key(b"around", &fields)
    }

    /// What changes about the file besides its lines: its mode, that it is new, gone or moved.
    fn of_file(&self, file: &DeliveredFile) -> Parts {
        let mut parts = Parts::new();
        if file.mode_changes() {
            parts.insert(self.of_mode(file));
        }
        if let Became::Renamed { from } = &file.became {
            parts.insert(self.of_move(from));
        }
        parts
    }

    fn of_mode(&self, file: &DeliveredFile) -> PartKey {
        self.key(b"mode", &[mode_word(file.new.as_ref().map(|side| side.mode))])
    }

    fn of_move(&self, from: &BString) -> PartKey {
        self.key(b"from", &[from])
    }

    fn key(&self, kind: &[u8], fields: &[&[u8]]) -> PartKey {
        let mut hasher = blake3::Hasher::new();
        for field in [self.regime.as_bytes(), self.path, kind].iter().chain(fields) {
            hasher.update(&(field.len() as u64).to_le_bytes()).update(field);
        }
        let mut key = PartKey::default();
        key.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
        key
    }
}

fn mode_word(mode: Option<FileMode>) -> &'static [u8] {
    match mode {
        None => b"gone",
        Some(FileMode::File) => b"file",
        Some(FileMode::Executable) => b"executable",
        Some(FileMode::Symlink) => b"symlink",
        Some(FileMode::Submodule) => b"submodule",
    }
}
