//! Moves and copies with edits, found by what the files have in common, as `git diff -M -C` finds them.

use std::collections::{BTreeMap, HashMap};

use bstr::{BStr, ByteSlice as _};

use crate::domain::model::change::FileMode;
use crate::domain::review::deliver::file::{Became, DeliveredFile, FileSide};

/// How much two files must have in common, in thousandths of the larger one: in general, and where one
/// file alone of that name went and one came.
const ALIKE: (u64, u64) = (500, 750);

/// The most pairs that are compared, as in git.
const PAIRS_MAX: usize = 1_000 * 1_000;

/// The most pieces of files that are compared, all pairs together: some tenths of a second.
const PIECES_MAX: usize = 64 << 20;

/// A piece of a file is a line, or so many bytes of a longer one.
const PIECE_BYTES: usize = 64;

/// The files, where an addition and a deletion are one move as one, and an addition that was made from
/// another file of the change as a copy of it. What was neither moved nor copied stays as it is.
pub fn paired(files: Vec<DeliveredFile>) -> Vec<DeliveredFile> {
    let targets: Vec<usize> = indices(&files, |file| file.became == Became::Added, |f| &f.new);
    let sources: Vec<usize> = indices(
        &files,
        |file| matches!(file.became, Became::Deleted | Became::Modified),
        |file| &file.old,
    );
    if targets.is_empty() || sources.is_empty() {
        return files;
    }
    let made_from = Pairs::new(&files).found(&targets, &sources);
    let moved: Vec<usize> =
        made_from.values().filter(|(_, how)| *how == How::Moved).map(|(from, _)| *from).collect();
    let mut paired = Vec::with_capacity(files.len());
    for (at, file) in files.iter().enumerate() {
        let from = made_from.get(&at).map(|(from, how)| (&files[*from], *how));
        match from {
            _ if moved.contains(&at) => {}
            None => paired.push(file.clone()),
            Some((source, how)) => {
                let from = source.path.clone();
                let became = match how {
                    How::Moved => Became::Renamed { from },
                    How::Copied => Became::Copied { from },
                };
                paired.push(DeliveredFile { became, old: source.old.clone(), ..file.clone() });
            }
        }
    }
    paired
}

/// The files that may be paired: an empty one is like every other empty one.
fn indices(
    files: &[DeliveredFile],
    is_wanted: impl Fn(&DeliveredFile) -> bool,
    side: impl Fn(&DeliveredFile) -> &Option<FileSide>,
) -> Vec<usize> {
    let has_content = |file: &DeliveredFile| {
        side(file).as_ref().is_some_and(|side| {
            matches!(side.mode, FileMode::File | FileMode::Executable) && !side.raw.is_empty()
        })
    };
    let all = files.iter().enumerate().filter(|(_, file)| is_wanted(file) && has_content(file));
    all.map(|(at, _)| at).collect()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    Moved,
    Copied,
}

/// What each addition was made from.
type MadeFrom = HashMap<usize, (usize, How)>;

struct Pairs<'a> {
    files: &'a [DeliveredFile],
    /// The pieces of each file that was looked at, by hash, with the bytes that each takes.
    pieces: HashMap<usize, Vec<(u64, u64)>>,
    /// How many pieces may still be compared.
    left: usize,
}

impl<'a> Pairs<'a> {
    fn new(files: &'a [DeliveredFile]) -> Self {
        Self { files, pieces: HashMap::new(), left: PIECES_MAX }
    }

    fn found(mut self, targets: &[usize], sources: &[usize]) -> MadeFrom {
        let mut made_from = self.by_name(targets, sources);
        let open: Vec<usize> =
            targets.iter().copied().filter(|target| !made_from.contains_key(target)).collect();
        if open.len().saturating_mul(sources.len()) > PAIRS_MAX {
            return made_from;
        }
        let mut scored = Vec::new();
        for target in open {
            for source in sources {
                let score = self.alike(*source, target, ALIKE.0);
                let other_name = self.name(*source) != self.name(target);
                scored.extend(score.map(|score| (score, other_name, *source, target)));
            }
        }
        scored.sort_by_key(|(score, other_name, source, target)| {
            (std::cmp::Reverse(*score), *other_name, *source, *target)
        });
        let mut gone: Vec<usize> = made_from.values().map(|(source, _)| *source).collect();
        for (.., source, target) in &scored {
            let is_deleted = self.files[*source].became == Became::Deleted;
            if is_deleted && !gone.contains(source) && !made_from.contains_key(target) {
                made_from.insert(*target, (*source, How::Moved));
                gone.push(*source);
            }
        }
        for (.., source, target) in &scored {
            made_from.entry(*target).or_insert((*source, How::Copied));
        }
        made_from
    }

    /// Moves to another folder, where one file alone of that name went and one came.
    fn by_name(&mut self, targets: &[usize], sources: &[usize]) -> MadeFrom {
        let mut by_name: BTreeMap<&BStr, (Vec<usize>, Vec<usize>)> = BTreeMap::new();
        for source in sources.iter().filter(|at| self.files[**at].became == Became::Deleted) {
            by_name.entry(self.name(*source)).or_default().0.push(*source);
        }
        for target in targets {
            by_name.entry(self.name(*target)).or_default().1.push(*target);
        }
        let mut moved = MadeFrom::new();
        for (went, came) in by_name.into_values() {
            if let ([source], [target]) = (went.as_slice(), came.as_slice())
                && self.alike(*source, *target, ALIKE.1).is_some()
            {
                moved.insert(*target, (*source, How::Moved));
            }
        }
        moved
    }

    fn name(&self, at: usize) -> &'a BStr {
        let path = self.files[at].path.as_bstr();
        path.rsplit_once_str("/").map_or(path, |(_, name)| name.as_bstr())
    }

    /// How much of the larger file the two have in common, in thousandths; `None` where it is less than
    /// that.
    fn alike(&mut self, source: usize, target: usize, least: u64) -> Option<u64> {
        let old = self.files[source].old.as_ref()?;
        let new = self.files[target].new.as_ref()?;
        let (small, large) = (old.raw.len().min(new.raw.len()), old.raw.len().max(new.raw.len()));
        if (small as u64) * 1_000 < (large as u64) * least {
            return None;
        }
        for (at, side) in [(source, old), (target, new)] {
            self.pieces.entry(at).or_insert_with(|| pieces(&side.raw));
        }
        let (old, new) = (&self.pieces[&source], &self.pieces[&target]);
        self.left = self.left.checked_sub(old.len() + new.len())?;
        let score = shared(old, new) * 1_000 / (large as u64).max(1);
        (score >= least).then_some(score)
    }
}

/// The pieces of a content by hash, each with the bytes that it takes in all.
fn pieces(content: &[u8]) -> Vec<(u64, u64)> {
    let mut pieces: HashMap<u64, u64> = HashMap::new();
    for line in content.lines_with_terminator() {
        for piece in line.chunks(PIECE_BYTES) {
            let text = piece.strip_suffix(b"\n").unwrap_or(piece);
            let hash = blake3::hash(text.strip_suffix(b"\r").unwrap_or(text));
            let hash = u64::from_le_bytes(hash.as_bytes()[..8].try_into().unwrap_or_default());
            *pieces.entry(hash).or_default() += piece.len() as u64;
        }
    }
    let mut pieces: Vec<(u64, u64)> = pieces.into_iter().collect();
    pieces.sort_unstable();
    pieces
}

/// How many bytes two lists of pieces have in common.
fn shared(one: &[(u64, u64)], other: &[(u64, u64)]) -> u64 {
    let mut others = other.iter().peekable();
    let mut bytes = 0;
    for (hash, count) in one {
        while others.next_if(|(known, _)| known < hash).is_some() {}
        if let Some((_, known)) = others.next_if(|(known, _)| known == hash) {
            bytes += count.min(known);
        }
    }
    bytes
}
