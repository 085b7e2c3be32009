//! Ledgers of released versions must load for ever.

use rusqlite::Connection;

use crate::domain::model::finding::{Effect, Location, LocationKind};
use crate::domain::model::gate::Gate;
use crate::domain::model::severity::Severity;
use crate::domain::model::stored_finding::{DispositionKind, FindingStatus};
use crate::platform::store::ledger::query::Filter;
use crate::platform::store::ledger::tests::{scan, see, sight, time};
use crate::platform::store::ledger::{Ledger, schema};

/// Version 1 as it was released: copied, never generated, so that it shows every change.
const V1: &str = include_str!("ledger-v1.sql");

#[test]
fn version_1_loads() {
    let folder = tempfile::tempdir().unwrap();
    let old = Connection::open(folder.path().join("ledger.db")).unwrap();
    old.execute_batch(V1).unwrap();
    drop(old);
    let mut ledger = Ledger::open(folder.path()).unwrap();
    let now = time(0);
    let listing = ledger.list(&Filter::default(), now).unwrap();
    assert_eq!(listing.total, 5);
    let get = |id: &str| ledger.resolve(id, now).unwrap();
    let secret = get("01HF7YAT00AAAAAAAAAAAAAAAA");
    assert_eq!(secret.status, FindingStatus::Dismissed);
    assert_eq!((secret.finding.gate, secret.finding.severity), (Gate::Secrets, Severity::Critical));
    assert_eq!((secret.finding.effect, secret.times), (Effect::Block, 3));
    let place =
        Location { kind: LocationKind::File(b"d/\xff".into()), line: 3, column: 5, end_line: 3 };
    assert_eq!(secret.finding.place, Some(place));
    let history = ledger.history(&secret.id).unwrap();
    let decisions: Vec<_> = history.dispositions.iter().map(|d| d.decision).collect();
    assert_eq!(
        decisions,
        [DispositionKind::Accepted, DispositionKind::Reopened, DispositionKind::Dismissed]
    );
    assert_eq!(history.sightings.len(), 2);
    assert_eq!(get("01HF7YAT00BBBBBBBBBBBBBBBB").finding.place, None);
    let kind = |id: &str| get(id).finding.place.unwrap().kind;
    assert_eq!(kind("01HF7YAT00CCCCCCCCCCCCCCCC"), LocationKind::CommitMessage);
    assert_eq!(kind("01HF7YAT00DDDDDDDDDDDDDDDD"), LocationKind::TagMessage("v1".into()));
    assert_eq!(kind("01HF7YAT00EEEEEEEEEEEEEEEE"), LocationKind::Ref("refs/heads/main".into()));
    see(&mut ledger, &scan("c", 0), &[sight("a", 1, "x", 1)]);
    assert_eq!(ledger.list(&Filter::default(), now).unwrap().total, 6);
}

#[test]
fn a_new_ledger_has_the_tables_of_the_frozen_one() {
    let tables = |connection: &Connection| -> Vec<(String, String)> {
        let mut statement = connection
            .prepare("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name")
            .unwrap();
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        rows.map(Result::unwrap).collect()
    };
    let mut frozen = Connection::open_in_memory().unwrap();
    frozen.execute_batch(V1).unwrap();
    schema::migrate(&mut frozen).unwrap();
    let mut fresh = Connection::open_in_memory().unwrap();
    schema::migrate(&mut fresh).unwrap();
    assert_eq!(tables(&fresh), tables(&frozen));
}
