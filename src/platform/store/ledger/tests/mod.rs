//! The ledger against a simple model, and its corners.

mod answers;
mod calls;
mod frozen;
mod keyed;
mod matching;
mod model;
mod reviews;

use jiff::Timestamp;

use crate::domain::model::class::Class;
use crate::domain::model::finding::{Effect, Finding, Location};
use crate::domain::model::gate::Gate;
use crate::domain::model::oid::Oid;
use crate::domain::model::severity::Severity;
use crate::domain::model::stored_finding::{Disposition, DispositionKind};
use crate::platform::store::ledger::Ledger;
use crate::platform::store::ledger::known::FindingFingerprint;
use crate::platform::store::ledger::matching::StoredLocators;
use crate::platform::store::ledger::scan::{AskedBy, ScanContext};

fn time(second: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + second).unwrap()
}

fn oid(number: u64) -> Oid {
    Oid::parse(&format!("{number:040x}")).unwrap()
}

fn scan(change: &str, second: i64) -> ScanContext {
    let change = change.to_owned();
    let (tree, time) = (Some(oid(7)), time(second));
    ScanContext { change, commit: None, tree, branch: None, time, asked: AskedBy::Git }
}

fn sight(path: &str, line: u32, anchor: &str, content: u64) -> FindingFingerprint {
    FindingFingerprint {
        finding: Finding {
            gate: Gate::Commands,
            rule: "clippy::unwrap_used".to_owned(),
            class: Class::new("error-handling/panic"),
            severity: Severity::High,
            effect: Effect::Block,
            place: Some(Location::line(path, line)),
            anchor: anchor.to_owned(),
            message: "m".to_owned(),
            suggestion: String::new(),
        },
        locators: StoredLocators::new(),
        content: Some(oid(content)),
        moved_from: None,
    }
}

fn located(mut sight: FindingFingerprint, locators: &[(&str, &str)]) -> FindingFingerprint {
    sight.locators =
        locators.iter().map(|(name, hash)| ((*name).to_owned(), (*hash).to_owned())).collect();
    sight
}

fn decision(decision: DispositionKind, second: i64, until: Option<i64>) -> Disposition {
    Disposition {
        decision,
        actor: "a".to_owned(),
        reason: "r".to_owned(),
        time: time(second),
        until: until.map(time),
        commit: None,
    }
}

fn fresh() -> (tempfile::TempDir, Ledger) {
    let folder = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(folder.path()).unwrap();
    (folder, ledger)
}

/// Records some fingerprints and gives their ids with their statuses.
fn see(
    ledger: &mut Ledger,
    scan: &ScanContext,
    fingerprints: &[FindingFingerprint],
) -> Vec<(String, String)> {
    let reported = ledger.record(scan, fingerprints).unwrap().findings;
    assert_eq!(reported.len(), fingerprints.len());
    reported.into_iter().map(|reported| (reported.id.unwrap(), reported.status)).collect()
}
