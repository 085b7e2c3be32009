//! What is kept of findings of reviews.

use std::collections::BTreeSet;
use std::thread;

use crate::domain::model::class::Class;
use crate::domain::model::severity::Severity;
use crate::domain::review::coverage::Parts;
use crate::domain::review::finding::{Anchored, FindingOrigin, ReviewFinding};
use crate::domain::review::record::FindingRecord;
use crate::platform::store::ledger::Ledger;
use crate::platform::store::ledger::reviewed::KeptReviewFinding;
use crate::platform::store::ledger::tests::{fresh, scan, see, sight, time};

fn record() -> FindingRecord {
    let text = String::new;
    FindingRecord {
        original: ReviewFinding {
            id: text(),
            class: Class::new("correctness/wrong-value"),
            severity: Severity::High,
            basis: text(),
            title: text(),
            path: text(),
            anchor: text(),
            failure: text(),
            evidence: Vec::new(),
            fix: text(),
            search_pattern: text(),
            same_as: None,
            anchored: Anchored::Exact { line: 1, end_line: 1 },
            origin: FindingOrigin::Change,
        },
        path: None,
        decision: None,
        second: None,
        lines: Vec::new(),
        verifications: Vec::new(),
        spec: None,
        demand: None,
    }
}

/// The record with one more line.
fn told(id: &str, known: Vec<KeptReviewFinding>, line: String) -> Vec<(String, FindingRecord)> {
    let mut record = known.into_iter().next().map_or_else(record, |known| known.record);
    record.lines.push(line);
    vec![(id.to_owned(), record)]
}

#[test]
fn of_two_reviews_at_a_time_neither_loses_what_the_other_said() {
    let (folder, mut ledger) = fresh();
    let id = see(&mut ledger, &scan("c1", 0), &[sight("a", 4, "x", 1)])[0].0.clone();
    thread::scope(|scope| {
        for writer in 0..2 {
            let (folder, id) = (folder.path(), id.as_str());
            scope.spawn(move || {
                let mut ledger = Ledger::open(folder).unwrap();
                for number in 0..20 {
                    let line = format!("{writer} {number}");
                    let add = |known| Ok::<_, String>(told(id, known, line));
                    ledger
                        .keep_outcomes((&Parts::new(), &BTreeSet::new()), time(1), add)
                        .unwrap()
                        .unwrap();
                }
            });
        }
    });
    let lines =
        |ledger: &Ledger| ledger.review_findings(time(1)).unwrap().known[0].record.lines.len();
    assert_eq!(lines(&ledger), 40);
    let fails = |_| Err("it cannot be told");
    let failed = ledger.keep_outcomes((&Parts::new(), &BTreeSet::new()), time(1), fails).unwrap();
    assert_eq!((failed, lines(&ledger)), (Err("it cannot be told"), 40));
}
