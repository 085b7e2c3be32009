//! Known findings are found again as if each were held against each.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use proptest::prelude::{Strategy, any, prop_assert_eq, proptest};
use proptest::{collection, option};

use crate::platform::store::ledger::matching::{
    KnownFinding, StoredLocators, Terms, Trace, assign, evidence,
};

/// A finding of few words, so that many read alike.
#[derive(Clone, Debug)]
struct Drawn {
    line: u32,
    column: u32,
    anchor: &'static str,
    message: &'static str,
    content: Option<&'static str>,
    locators: StoredLocators,
    answered: bool,
}

impl Drawn {
    fn trace(&self) -> Trace<'_> {
        Trace {
            line: self.line,
            column: self.column,
            anchor: self.anchor,
            message: self.message,
            content: self.content,
            locators: &self.locators,
        }
    }

    fn known(&self) -> KnownFinding<'_> {
        KnownFinding { trace: self.trace(), answered: self.answered }
    }
}

fn drawn() -> impl Strategy<Value = Drawn> {
    let locators = collection::btree_map(
        proptest::sample::select(vec!["context1", "context3", "symbol", "line", "leaf"]),
        proptest::sample::select(vec!["x", "y"]),
        0..6,
    );
    let words = |words: [&'static str; 3]| proptest::sample::select(words.to_vec());
    (
        (0u32..6, 0u32..3, words(["a b", " a  b", ""]), words(["m", "n", "m"])),
        (option::of(words(["c", "d", "c"])), locators, any::<bool>()),
    )
        .prop_map(|((line, column, anchor, message), (content, locators, answered))| {
            let text = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
            let locators = locators.into_iter().map(text).collect();
            Drawn { line, column, anchor, message, content, locators, answered }
        })
}

/// What [`assign`] says, plainly: each held against each.
fn plain(seen: &[Trace], known: &[KnownFinding], terms: Terms) -> Vec<Option<usize>> {
    let mut pairs = Vec::new();
    for (s, trace) in seen.iter().enumerate() {
        for (k, old) in known.iter().enumerate() {
            let Some(evidence) = evidence(trace, old, terms) else { continue };
            let lines = trace.line.abs_diff(old.trace.line);
            let columns = trace.column.abs_diff(old.trace.column);
            pairs.push((Reverse(evidence), old.answered, lines, columns, s, k));
        }
    }
    pairs.sort_unstable();
    let mut given = vec![None; seen.len()];
    let mut taken = BTreeSet::new();
    for (_, _, _, _, s, k) in pairs {
        if given[s].is_none() && taken.insert(k) {
            given[s] = Some(k);
        }
    }
    given
}

proptest! {
    #[test]
    fn what_is_looked_up_is_what_comparing_all_with_all_finds(
        seen in collection::vec(drawn(), 0..12),
        known in collection::vec(drawn(), 0..12),
        in_file in any::<bool>(),
        by_message in any::<bool>(),
    ) {
        let terms = Terms { in_file, by_message };
        let seen: Vec<_> = seen.iter().map(Drawn::trace).collect();
        let known: Vec<_> = known.iter().map(Drawn::known).collect();
        prop_assert_eq!(assign(&seen, &known, terms), plain(&seen, &known, terms));
    }
}

/// Comparing all with all would be 400 million comparisons.
#[test]
fn thousands_that_read_alike_are_given_in_the_order_of_lines() {
    let count = 20_000;
    let locators: StoredLocators = [("context1", "c"), ("symbol", "s"), ("line", "l")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    let at = |line: u32, answered: bool, anchor: &'static str| Drawn {
        line,
        column: 1,
        anchor,
        message: "m",
        content: None,
        locators: locators.clone(),
        answered,
    };
    for (anchor, in_file) in [("one line", true), ("", true), ("", false)] {
        let known: Vec<_> = (0..count).map(|line| at(line, false, anchor)).collect();
        let seen: Vec<_> = (0..count).map(|line| at(line + 7, true, anchor)).collect();
        let seen: Vec<_> = seen.iter().map(Drawn::trace).collect();
        let known: Vec<_> = known.iter().map(Drawn::known).collect();
        let started = Instant::now();
        let given = assign(&seen, &known, Terms { in_file, by_message: false });
        assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
        let each: BTreeSet<usize> = given.iter().copied().flatten().collect();
        assert_eq!(each.len(), given.len(), "each is known, and none is given twice");
    }
    // One that is answered stays with its line.
    let known: Vec<_> = (0..count).map(|line| at(line, line == 500, "one line")).collect();
    let seen: Vec<_> = (0..count).map(|line| at(line, false, "one line")).collect();
    let seen: Vec<_> = seen.iter().map(Drawn::trace).collect();
    let known: Vec<_> = known.iter().map(Drawn::known).collect();
    let given = assign(&seen, &known, Terms { in_file: true, by_message: false });
    let answered = given.iter().position(|given| *given == Some(500));
    assert_eq!(answered, Some(500), "no other line has nothing else");
}
