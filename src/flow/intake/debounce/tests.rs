//! When a file counts as complete.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use crate::flow::intake::debounce::{ChangedFile, Debouncer};
use crate::platform::store::known_specs::Stamp;

const STILL: Duration = Duration::from_millis(100);

fn stamp(len: u64, modified_ns: i64) -> Stamp {
    Stamp { len, modified_ns, changed_ns: modified_ns, inode: 1 }
}

fn changed(stamp: Stamp) -> Vec<ChangedFile<&'static str>> {
    vec![ChangedFile { key: "a", stamp, still_for: STILL }]
}

#[test]
fn a_file_is_complete_once_it_was_still() {
    let (start, mut debouncer) = (Instant::now(), Debouncer::new());
    let first = debouncer.observe(changed(stamp(3, 1)), start);
    assert!(first.complete.is_empty());
    assert_eq!(first.look_again, Some(start + STILL));
    let grown = debouncer.observe(changed(stamp(4, 2)), start + STILL);
    assert!(grown.complete.is_empty());
    assert_eq!(grown.look_again, Some(start + STILL * 2));
    assert_eq!(debouncer.observe(changed(stamp(4, 2)), start + STILL * 2).complete.len(), 1);
}

#[test]
fn an_empty_file_is_awaited_without_a_clock() {
    let (start, mut debouncer) = (Instant::now(), Debouncer::new());
    for step in 0..5 {
        let observed = debouncer.observe(changed(stamp(0, 1)), start + STILL * step);
        assert!(observed.complete.is_empty() && observed.look_again.is_none());
    }
    assert!(!debouncer.is_waiting());
}

#[test]
fn a_file_that_vanished_begins_anew() {
    let (start, mut debouncer) = (Instant::now(), Debouncer::new());
    drop(debouncer.observe(changed(stamp(3, 1)), start));
    drop(debouncer.observe(Vec::new(), start + STILL / 2));
    assert!(!debouncer.is_waiting());
    assert!(debouncer.observe(changed(stamp(3, 1)), start + STILL).complete.is_empty());
}

proptest! {
    /// Whatever the writer and the looks do, nothing is given that changed within the last while,
    /// and everything that is still is given in the end.
    #[test]
    fn only_what_is_still_is_complete(steps in proptest::collection::vec((0u64..80, any::<bool>()), 1..60)) {
        let (start, mut debouncer) = (Instant::now(), Debouncer::new());
        let (mut at, mut now, mut last_change) = (1i64, start, start);
        for (wait_ms, writes) in steps {
            now += Duration::from_millis(wait_ms);
            if writes {
                at += 1;
                last_change = now;
            }
            let observed = debouncer.observe(changed(stamp(1, at)), now);
            if !observed.complete.is_empty() {
                prop_assert!(now - last_change >= STILL);
            }
        }
        drop(debouncer.observe(changed(stamp(1, at)), now + STILL));
        prop_assert_eq!(debouncer.observe(changed(stamp(1, at)), now + STILL * 2).complete.len(), 1);
    }
}
