//! Which lines differ between two contents, with a bound on the work and not on the time: the same
//! contents give the same answer on every machine.

use std::collections::HashMap;
use std::ops::Range;

use bstr::ByteSlice as _;
use similar::{Algorithm, DiffTag, capture_diff_slices};

/// The work that one comparison may cost; above it the answer becomes coarse: it then names more
/// lines as different, never fewer. To compare two texts line by line costs at most the square of
/// the number of their lines, here some tenths of a second for 8,000 lines that have nothing in
/// common.
const WORK_MAX: u64 = 8_000 * 8_000;

/// The most lines that are held in memory for a comparison; what has more differs whole.
const LINES_MAX: usize = 4_000_000;

/// Lines that differ: those that stood there, and those that stand there now, counted from 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangedRange {
    pub old: Range<usize>,
    pub new: Range<usize>,
}

/// Added and removed lines between two contents.
pub fn changed_lines(old: &[u8], new: &[u8]) -> usize {
    changes(old, new).iter().map(|change| change.old.len() + change.new.len()).sum()
}

/// The differences, in order.
pub fn changes(old: &[u8], new: &[u8]) -> Vec<ChangedRange> {
    let (before, now) = (old.lines().count(), new.lines().count());
    if before.max(now) > LINES_MAX && old != new {
        return vec![ChangedRange { old: 0..before, new: 0..now }];
    }
    let old: Vec<&[u8]> = old.lines().collect();
    let new: Vec<&[u8]> = new.lines().collect();
    changes_of(&old, &new)
}

/// The same, of texts that were taken apart already.
pub fn changes_of(old: &[&[u8]], new: &[&[u8]]) -> Vec<ChangedRange> {
    let mut comparison = Comparison { old, new, left: WORK_MAX, found: Vec::new() };
    let whole = comparison.trimmed(0..old.len(), 0..new.len());
    if costs(&whole) <= comparison.left {
        comparison.compare(whole);
    } else {
        comparison.compare_in_parts(&whole);
    }
    comparison.found
}

struct Comparison<'a> {
    old: &'a [&'a [u8]],
    new: &'a [&'a [u8]],
    /// The work that may still be done.
    left: u64,
    found: Vec<ChangedRange>,
}

impl Comparison<'_> {
    /// The same ranges without the lines that they begin and end with alike.
    fn trimmed(&self, mut old: Range<usize>, mut new: Range<usize>) -> ChangedRange {
        while !old.is_empty() && !new.is_empty() && self.old[old.start] == self.new[new.start] {
            old.start += 1;
            new.start += 1;
        }
        while !old.is_empty() && !new.is_empty() && self.old[old.end - 1] == self.new[new.end - 1] {
            old.end -= 1;
            new.end -= 1;
        }
        ChangedRange { old, new }
    }

    /// Compares two ranges line by line where there is work left for it; else they differ whole.
    fn compare(&mut self, part: ChangedRange) {
        if part.old.is_empty() && part.new.is_empty() {
            return;
        }
        let Some(left) = self.left.checked_sub(costs(&part)) else {
            self.found.push(part);
            return;
        };
        self.left = left;
        let (old, new) = (&self.old[part.old.clone()], &self.new[part.new.clone()]);
        let ops = capture_diff_slices(Algorithm::Myers, old, new);
        let moved = |range: Range<usize>, by: usize| range.start + by..range.end + by;
        let differing = ops.iter().filter(|op| op.tag() != DiffTag::Equal).map(|op| ChangedRange {
            old: moved(op.old_range(), part.old.start),
            new: moved(op.new_range(), part.new.start),
        });
        self.found.extend(differing);
    }

    /// Compares what lies between the lines that stand once in each and in the same order: nearly
    /// all of a large file that was edited here and there.
    fn compare_in_parts(&mut self, whole: &ChangedRange) {
        let (mut old, mut new) = (whole.old.start, whole.new.start);
        for (anchor_old, anchor_new) in self.anchors(whole) {
            self.compare(self.trimmed(old..anchor_old, new..anchor_new));
            (old, new) = (anchor_old + 1, anchor_new + 1);
        }
        self.compare(self.trimmed(old..whole.old.end, new..whole.new.end));
    }

    /// The longest row of lines that stand once in each range and in the same order in both.
    fn anchors(&self, whole: &ChangedRange) -> Vec<(usize, usize)> {
        let (before, now) = (places(self.old, &whole.old), places(self.new, &whole.new));
        let once = whole.old.clone().filter_map(|at| {
            let line = self.old[at];
            Some((before.get(line).copied()??, now.get(line).copied()??))
        });
        longest_rising(&once.collect::<Vec<_>>())
    }
}

/// What comparing two ranges line by line can cost.
fn costs(part: &ChangedRange) -> u64 {
    if part.old.is_empty() || part.new.is_empty() {
        return 0;
    }
    let lines = (part.old.len() + part.new.len()) as u64;
    lines.saturating_mul(lines)
}

/// Where each line of a range stands; `None` for one that stands there more than once.
fn places<'a>(lines: &[&'a [u8]], range: &Range<usize>) -> HashMap<&'a [u8], Option<usize>> {
    let mut places = HashMap::new();
    for at in range.clone() {
        places.entry(lines[at]).and_modify(|place| *place = None).or_insert(Some(at));
    }
    places
}

/// The longest row of pairs whose second numbers rise, of pairs whose first numbers do.
fn longest_rising(pairs: &[(usize, usize)]) -> Vec<(usize, usize)> {
    // Of the rows of each length, where the one ends that ends lowest; and for each pair the one
    // before it in its row.
    let mut ends: Vec<usize> = Vec::new();
    let mut before: Vec<Option<usize>> = Vec::with_capacity(pairs.len());
    for (at, (_, second)) in pairs.iter().enumerate() {
        let length = ends.partition_point(|end| pairs[*end].1 < *second);
        before.push(length.checked_sub(1).map(|shorter| ends[shorter]));
        match ends.get_mut(length) {
            Some(end) => *end = at,
            None => ends.push(at),
        }
    }
    let mut row: Vec<(usize, usize)> =
        std::iter::successors(ends.last().copied(), |at| before[*at]).map(|at| pairs[at]).collect();
    row.reverse();
    row
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(lines: impl IntoIterator<Item = String>) -> Vec<u8> {
        lines.into_iter().flat_map(|line| (line + "\n").into_bytes()).collect()
    }

    fn numbers(lines: Range<usize>) -> Vec<String> {
        lines.map(|n| format!("line {n}")).collect()
    }

    /// What stands in none of the differences is the same in both.
    fn is_right(old: &[u8], new: &[u8], found: &[ChangedRange]) -> bool {
        let old: Vec<&[u8]> = old.lines().collect();
        let new: Vec<&[u8]> = new.lines().collect();
        let (mut o, mut n) = (0, 0);
        let end = ChangedRange { old: old.len()..old.len(), new: new.len()..new.len() };
        for change in found.iter().chain([&end]) {
            if change.old.start < o || change.new.start < n {
                return false;
            }
            if old[o..change.old.start] != new[n..change.new.start] {
                return false;
            }
            (o, n) = (change.old.end, change.new.end);
        }
        true
    }

    #[test]
    fn small_texts_are_compared_as_before() {
        let words = ["a", "b", "c", "", "}"];
        let mut seed = 7_u64;
        let mut draw = |most: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            usize::try_from((seed >> 33) % most).unwrap()
        };
        for _ in 0..300 {
            let mut make = || {
                let count = draw(12);
                text((0..count).map(|_| words[draw(5)].to_owned()))
            };
            let (old, new) = (make(), make());
            let found = changes(&old, &new);
            assert!(is_right(&old, &new, &found), "{old:?} {new:?} {found:?}");
            let (a, b): (Vec<&[u8]>, Vec<&[u8]>) = (old.lines().collect(), new.lines().collect());
            let least: usize = capture_diff_slices(Algorithm::Myers, &a, &b)
                .iter()
                .filter(|op| op.tag() != DiffTag::Equal)
                .map(|op| op.old_range().len() + op.new_range().len())
                .sum();
            assert_eq!(changed_lines(&old, &new), least, "{old:?} {new:?}");
        }
    }

    #[test]
    fn a_large_file_that_was_edited_here_and_there_is_told_to_the_line() {
        let old = numbers(0..100_000);
        let mut new = old.clone();
        new[0] = "first".to_owned();
        new[50_000] = "middle".to_owned();
        new.insert(70_000, "one more".to_owned());
        new.remove(90_000);
        let last = new.len() - 1;
        new[last] = "last".to_owned();
        let (old, new) = (text(old), text(new));
        let found = changes(&old, &new);
        assert!(is_right(&old, &new, &found));
        assert_eq!(found.len(), 5, "{found:?}");
        assert_eq!(changed_lines(&old, &new), 2 + 2 + 1 + 1 + 2);
    }

    #[test]
    fn what_costs_too_much_differs_whole() {
        // No line stands once: nothing to hold on to, and too many to compare each with each.
        let pattern = |period: usize| text((0..200_000).map(|n| format!("{}", n % period)));
        let (old, new) = (pattern(7), pattern(11));
        let found = changes(&old, &new);
        assert!(is_right(&old, &new, &found));
        // Both begin with the same seven lines, and that is all that is looked for.
        assert_eq!(found.len(), 1, "{}", found.len());
        assert_eq!(found[0].new.start, 7);
        assert_eq!(changes(&old, &new), found);
        // The lines around what was inserted are still the old ones.
        let mut grown = old.clone();
        grown.extend(&new);
        assert_eq!(changed_lines(&old, &grown), 200_000);
    }

    #[test]
    fn the_longest_rising_row_is_found() {
        let pairs = [(0, 4), (1, 0), (2, 1), (3, 5), (4, 2), (5, 3)];
        assert_eq!(longest_rising(&pairs), [(1, 0), (2, 1), (4, 2), (5, 3)]);
        assert_eq!(longest_rising(&[]), []);
    }
}
