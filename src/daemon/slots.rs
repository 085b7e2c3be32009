//! A fair share for every repository of what can go on at once.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Places for work. What keeps its place for too long, as on a disk that hangs, loses it: the others go on.
pub struct Slots {
    width: usize,
    lease: Duration,
    taken: Vec<(PathBuf, Instant)>,
}

impl Slots {
    pub fn new(width: usize, lease: Duration) -> Self {
        Self { width, lease, taken: Vec::new() }
    }

    /// Takes a place; `false` where none is free or the owner has one.
    pub fn take(&mut self, owner: &Path, now: Instant) -> bool {
        let held = self.taken.iter().filter(|(_, since)| now < *since + self.lease).count();
        let is_free = held < self.width && !self.has(owner);
        if is_free {
            self.taken.push((owner.to_owned(), now));
        }
        is_free
    }

    pub fn give_back(&mut self, owner: &Path) {
        self.taken.retain(|(holder, _)| holder != owner);
    }

    pub fn has(&self, owner: &Path) -> bool {
        self.taken.iter().any(|(holder, _)| holder == owner)
    }

    /// When the next place is lost by who has it; `None` where all are free.
    pub fn next_lost(&self, now: Instant) -> Option<Instant> {
        let lost = self.taken.iter().map(|(_, since)| *since + self.lease);
        lost.filter(|at| *at > now).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_one_place_and_what_hangs_keeps_none_from_the_others() {
        let (begin, lease) = (Instant::now(), Duration::from_secs(1));
        let mut slots = Slots::new(2, lease);
        let [a, b, c] = ["a", "b", "c"].map(Path::new);
        assert!(slots.take(a, begin) && !slots.take(a, begin), "one each");
        assert!(slots.take(b, begin) && !slots.take(c, begin), "two in all");
        assert_eq!(slots.next_lost(begin), Some(begin + lease));
        slots.give_back(a);
        assert!(slots.take(c, begin));
        let later = begin + lease;
        assert!(!slots.take(b, later), "what hangs has its place still, and gets no second one");
        assert!(slots.take(a, later), "its place counts no more");
        assert_eq!(slots.next_lost(later), Some(later + lease));
    }
}
