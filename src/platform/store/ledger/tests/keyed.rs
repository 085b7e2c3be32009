//! What the ledger keeps of a line with a value that could be guessed.

use super::{decision, fresh, located, scan, see, sight};
use crate::domain::model::gate::Gate;
use crate::domain::model::stored_finding::DispositionKind;
use crate::platform::store::ledger::Ledger;
use crate::platform::store::ledger::known::FindingFingerprint;

const HASHES: [(&str, &str); 3] = [("context1", "c1"), ("symbol", "s1"), ("line", "l1")];

fn password(line: u32, content: u64, locators: &[(&str, &str)]) -> FindingFingerprint {
    let mut one = located(sight("a.env", line, "PASSWORD=[redacted]", content), locators);
    one.finding.gate = Gate::Secrets;
    one.finding.rule = "generic-password".to_owned();
    one
}

fn stored(ledger: &Ledger) -> String {
    ledger.connection.query_row("SELECT locators FROM findings", [], |row| row.get(0)).unwrap()
}

#[test]
fn its_locators_are_keyed_and_still_find_it() {
    let (_folder, mut ledger) = fresh();
    let first = see(&mut ledger, &scan("1", 0), &[password(1, 1, &HASHES)]);
    let id = first[0].0.clone();
    let text = stored(&ledger);
    assert!(!text.contains("\"l1\"") && text.contains("keyed:"), "{text}");
    assert_eq!(ledger.locators(&id).unwrap(), None, "no line can be found by them");
    ledger.dispose(&id, &decision(DispositionKind::Dismissed, 1, None)).unwrap();
    // The line moved: the answer goes with it.
    let moved = see(&mut ledger, &scan("2", 2), &[password(7, 2, &HASHES)]);
    assert_eq!(moved, [(id.clone(), "dismissed".to_owned())]);
    // Another value on it, which reads alike: the answer does not cover it.
    let other = [HASHES[0], HASHES[1], ("line", "l2")];
    let seen = see(&mut ledger, &scan("3", 3), &[password(7, 3, &other)]);
    assert!(seen[0].0 != id && seen[0].1 == "open", "{seen:?}");
    // Two ledgers have two keys.
    let (_other_folder, mut second) = fresh();
    see(&mut second, &scan("1", 0), &[password(1, 1, &HASHES)]);
    assert_ne!(stored(&second), text);
}

#[test]
fn what_an_earlier_version_wrote_is_found_again() {
    let (_folder, mut ledger) = fresh();
    let mut old = password(1, 1, &HASHES);
    let print = "0123456789abcdef";
    old.finding.message = format!("a password (fingerprint {print})");
    let id = see(&mut ledger, &scan("1", 0), &[old]).remove(0).0;
    let plain = serde_json::json!({"context1": "c1", "symbol": "s1", "line": "l1"}).to_string();
    ledger.connection.execute("UPDATE findings SET locators = ?1", [plain]).unwrap();
    let kept = ledger.resolve(&id, super::time(1)).unwrap();
    assert_eq!(kept.finding.message, "a password");
    ledger.dispose(&id, &decision(DispositionKind::Dismissed, 1, None)).unwrap();
    let seen = see(&mut ledger, &scan("2", 2), &[password(3, 2, &HASHES)]);
    assert_eq!(seen, [(id, "dismissed".to_owned())]);
    assert!(stored(&ledger).contains("keyed:"));
}
