//! What the log of a HEAD says of the commits that were made in a work tree. Pure.

use bstr::ByteSlice as _;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::model::oid::Oid;
use crate::platform::git::reflog::{Move, parse, whole};

/// A commit that is not older than this when a work tree is seen for the first time was made just
/// now: by the commit that started us.
pub const FRESH_SECONDS: i64 = 60;

/// How far a log was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogPosition {
    /// In bytes.
    size: usize,
    /// BLAKE3 of the last line: a log may be written anew.
    last: String,
}

/// A commit that was made, and where HEAD was before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    pub old: Option<Oid>,
    pub new: Oid,
}

impl LogPosition {
    /// The end of a log; `None` where nothing is in it.
    pub fn end_of(text: &[u8]) -> Option<Self> {
        let last = whole(text).lines().next_back()?;
        Some(Self { size: whole(text).len(), last: hash(last) })
    }

    /// Where this place is in a log; `None` where that is no longer known.
    fn find(&self, text: &[u8]) -> Option<usize> {
        let ends_so = |end: usize| {
            let before = text.get(..end)?;
            (hash(before.lines().next_back()?) == self.last).then_some(end)
        };
        let found = ends_so(self.size);
        found.or_else(|| {
            // Old lines expire, and are taken out at the front.
            let mut end = text.len();
            let mut lines = text.lines_with_terminator().rev();
            lines.find_map(|line| {
                let at = end;
                end -= line.len();
                (hash(line.trim_end_with(|c| c == '\n')) == self.last).then_some(at)
            })
        })
    }
}

/// Where HEAD is by its log.
pub fn last(text: &[u8]) -> Option<Oid> {
    Some(parse(whole(text).lines().next_back()?)?.new)
}

/// The commits that were made since a log was read up to that place or, where that is not known, since
/// HEAD was there. `None` where the log does not tell.
pub fn made_since(
    text: &[u8],
    place: Option<&LogPosition>,
    head: Option<&Oid>,
) -> Option<Vec<Made>> {
    let text = whole(text);
    let from_place = place.and_then(|place| place.find(text));
    let from_head = || {
        let Some(head) = head else { return Some(0) };
        let mut end = text.len();
        text.lines_with_terminator().rev().find_map(|line| {
            let at = end;
            end -= line.len();
            (parse(line)?.new == *head).then_some(at)
        })
    };
    if text.is_empty() {
        return None;
    }
    let start = from_place.or_else(from_head)?;
    Some(made(text[start..].lines().filter_map(parse)))
}

/// The commit that was made last, within the last minute. `None` where there is no log.
pub fn made_just_now(text: &[u8], now: Timestamp) -> Option<Vec<Made>> {
    let last = parse(whole(text).lines().next_back()?)?;
    let is_fresh = now.as_second().saturating_sub(last.seconds) <= FRESH_SECONDS;
    Some(made(Some(last).filter(|_| is_fresh).into_iter()))
}

fn made<'a>(lines: impl Iterator<Item = Move<'a>>) -> Vec<Made> {
    lines
        .filter(|line| makes_a_commit(line.message))
        .map(|line| Made { old: line.old, new: line.new })
        .collect()
}

/// Whether git says of a move of HEAD that a commit was made, and not only checked out, reset to,
/// fast-forwarded to or fetched: `commit (amend): …`, `cherry-pick: …`, `rebase -i (fixup): …`,
/// `pull --rebase origin main (pick): …`.
fn makes_a_commit(message: &[u8]) -> bool {
    const COMMANDS: [&[u8]; 4] = [b"commit", b"cherry-pick", b"revert", b"am"];
    const STEPS: [&[u8]; 6] =
        [b"(pick)", b"(reword)", b"(edit)", b"(squash)", b"(fixup)", b"(continue)"];
    let command = message.find(": ").map_or(message, |end| &message[..end]);
    let first = command.split_str(" ").next().unwrap_or_default();
    let last = command.rsplit_str(" ").next().unwrap_or_default();
    COMMANDS.contains(&first) || STEPS.contains(&last)
}

fn hash(line: &[u8]) -> String {
    blake3::hash(line).to_hex()[..32].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn oid(digit: char) -> String {
        digit.to_string().repeat(40)
    }

    fn line(old: char, new: char, message: &str) -> String {
        format!(
            "{} {} A Person <a@example.invalid> 1770000000 +0000\t{message}\n",
            oid(old),
            oid(new)
        )
    }

    fn news(made: Option<Vec<Made>>) -> String {
        made.unwrap().iter().map(|made| made.new.as_str().chars().next().unwrap()).collect()
    }

    #[test]
    fn what_is_checked_out_was_not_made() {
        let log = [
            line('0', '1', "commit (initial): one"),
            line('1', '2', "commit: a: b"),
            line('2', '3', "checkout: moving from main to other (pick)"),
            line('3', '4', "commit (amend): two"),
            line('4', '5', "pull: Fast-forward"),
            line('5', '6', "rebase (start): checkout origin/main"),
            line('6', '7', "rebase (pick): two"),
            line('7', '8', "pull --rebase origin main (fixup): two"),
            line('8', '9', "rebase (finish): returning to refs/heads/main"),
            line('9', 'a', "reset: moving to HEAD~1"),
            line('a', 'b', "cherry-pick: three"),
            line('b', 'c', "revert: three"),
            line('c', 'd', "merge other: Fast-forward"),
        ]
        .concat();
        let log = log.as_bytes();
        assert_eq!(news(made_since(log, None, None)), "12478bc");
        let at = Oid::parse(&oid('7')).unwrap();
        assert_eq!(news(made_since(log, None, Some(&at))), "8bc");
        assert_eq!(last(log).unwrap().as_str(), oid('d'));
        let now = Timestamp::from_second(1_770_000_030).unwrap();
        let later = Timestamp::from_second(1_770_000_090).unwrap();
        assert_eq!(news(made_just_now(log, now)), "", "the last move was a merge");
        let made = line('1', '2', "commit: two");
        assert_eq!(news(made_just_now(made.as_bytes(), now)), "2");
        assert_eq!(news(made_just_now(made.as_bytes(), later)), "");
    }

    #[test]
    fn a_log_is_read_on_from_where_it_was_left() {
        let first = line('0', '1', "commit (initial): one") + &line('1', '2', "commit: two");
        let place = LogPosition::end_of(first.as_bytes()).unwrap();
        let more = line('2', '3', "commit: three");
        let whole = first + &more;
        assert_eq!(news(made_since(whole.as_bytes(), Some(&place), None)), "3");
        // The oldest line expired.
        let shorter = line('1', '2', "commit: two") + &more;
        assert_eq!(news(made_since(shorter.as_bytes(), Some(&place), None)), "3");
        // A line that is being written counts when it is whole.
        let half = whole + &line('3', '4', "commit: four")[..90];
        assert_eq!(news(made_since(half.as_bytes(), Some(&place), None)), "3");
        // Nothing of it is known any more.
        let other = line('8', '9', "commit: nine");
        let head = Oid::parse(&oid('2')).unwrap();
        assert_eq!(made_since(other.as_bytes(), Some(&place), Some(&head)), None);
        assert_eq!(made_since(b"", Some(&place), Some(&head)), None);
    }
}
