//! Which of the findings on record those are that an evaluation meets.

use std::collections::{BTreeMap, BTreeSet};

use bstr::BString;
use rusqlite::{Connection, params};

use crate::domain::model::finding::Finding;
use crate::domain::model::gate::Gate;
use crate::domain::model::oid::Oid;
use crate::domain::model::stored_finding::FindingStatus;
use crate::platform::store::ledger::error::Error;
use crate::platform::store::ledger::keyed::{LocatorKey, needs_key};
use crate::platform::store::ledger::matching::{
    KnownFinding, StoredLocators, Terms, Trace, assign,
};
use crate::platform::store::ledger::rows::{KEPT_COLUMNS, KEPT_TABLES, kept, kind_columns};
use crate::platform::store::ledger::scan::ScanContext;

/// A finding with the fingerprint by which it is recognised later.
#[derive(Clone, Debug)]
pub struct FindingFingerprint {
    pub finding: Finding,
    /// Empty where there are none.
    pub locators: StoredLocators,
    /// The blob that the finding is in; of a ref, the commit that it was to point to.
    pub content: Option<Oid>,
    /// The path that the file had in the base, where it was renamed.
    pub moved_from: Option<BString>,
}

/// Findings that can only be told apart by their place in one file, message or ref.
type Group<'a> = (&'static str, &'a str, &'static str, &'a [u8]);

/// A finding on record that may be one that is met.
pub struct OnRecord {
    pub id: String,
    pub status: FindingStatus,
    pub finding: Finding,
    pub content: Option<String>,
    pub locators: StoredLocators,
}

impl FindingFingerprint {
    fn needs_key(&self) -> bool {
        needs_key(self.finding.gate.as_str(), &self.finding.rule)
    }
}

/// The same, with the ledger's key in the locators that need it; and the key, where any does.
pub fn with_key(
    connection: &Connection,
    fingerprints: &[FindingFingerprint],
) -> Result<(Vec<FindingFingerprint>, Option<LocatorKey>), Error> {
    let mut all = fingerprints.to_vec();
    if !all.iter().any(FindingFingerprint::needs_key) {
        return Ok((all, None));
    }
    let key = LocatorKey::of(connection)?;
    for one in all.iter_mut().filter(|one| one.needs_key()) {
        one.locators = key.keyed(&one.locators);
    }
    Ok((all, Some(key)))
}

/// The fingerprints by group: the place of each in the list.
pub fn groups(fingerprints: &[FindingFingerprint]) -> Vec<Vec<usize>> {
    let mut groups: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for (index, fingerprint) in fingerprints.iter().enumerate() {
        groups.entry(group_of(fingerprint)).or_default().push(index);
    }
    groups.into_values().collect()
}

fn group_of(fingerprint: &FindingFingerprint) -> Group<'_> {
    let (kind, name) = kind_columns(fingerprint.finding.place.as_ref());
    (fingerprint.finding.gate.as_str(), &fingerprint.finding.rule, kind, name)
}

/// What the members of one group may be, also from before their file was renamed.
pub fn candidates(
    connection: &Connection,
    scan: &ScanContext,
    members: &[&FindingFingerprint],
    key: Option<&LocatorKey>,
) -> Result<Vec<OnRecord>, Error> {
    let group = group_of(members[0]);
    let mut candidates = named(connection, scan, group, group.3)?;
    if let Some(from) = &members[0].moved_from {
        let before = named(connection, scan, group, from)?;
        let known: BTreeSet<String> = candidates.iter().map(|known| known.id.clone()).collect();
        candidates.extend(before.into_iter().filter(|candidate| !known.contains(&candidate.id)));
    }
    if let Some(key) = key.filter(|_| needs_key(group.0, group.1)) {
        // Those that an earlier version wrote have no key yet.
        for one in &mut candidates {
            one.locators = key.keyed(&one.locators);
        }
    }
    Ok(candidates)
}

/// For each member of a group, which of the candidates it is.
pub fn assigned(members: &[&FindingFingerprint], candidates: &[OnRecord]) -> Vec<Option<usize>> {
    let seen: Vec<Trace> = members.iter().map(|fingerprint| trace_of(fingerprint)).collect();
    let known: Vec<KnownFinding> = candidates.iter().map(known_of).collect();
    let terms = Terms {
        in_file: group_of(members[0]).2 == "file",
        by_message: is_told_by_message(members[0].finding.gate),
    };
    assign(&seen, &known, terms)
}

/// Whether the message tells two findings of one rule and place apart. The rule of an attack is its clause.
fn is_told_by_message(gate: Gate) -> bool {
    Gate::BROUGHT_IN.contains(&gate) && gate != Gate::Attack
}

fn trace_of(fingerprint: &FindingFingerprint) -> Trace<'_> {
    let content = fingerprint.content.as_ref().map(Oid::as_str);
    trace(&fingerprint.finding, content, &fingerprint.locators)
}

fn known_of(candidate: &OnRecord) -> KnownFinding<'_> {
    let trace = trace(&candidate.finding, candidate.content.as_deref(), &candidate.locators);
    KnownFinding { trace, answered: candidate.status.is_answered() }
}

fn trace<'a>(
    finding: &'a Finding,
    content: Option<&'a str>,
    locators: &'a StoredLocators,
) -> Trace<'a> {
    let place = finding.place.as_ref();
    Trace {
        line: place.map_or(0, |place| place.line),
        column: place.map_or(0, |place| place.column),
        anchor: &finding.anchor,
        message: &finding.message,
        content,
        locators,
    }
}

/// The known findings of a group: in a file, all that were ever seen under that path, whatever the
/// branch; elsewhere, those of the same change, and what a command said of the same tree.
fn named(
    connection: &Connection,
    scan: &ScanContext,
    (gate, rule, kind, _): Group<'_>,
    name: &[u8],
) -> Result<Vec<OnRecord>, Error> {
    let scope = if kind == "file" {
        "(f.name = ?4 OR f.id IN (SELECT finding FROM sightings WHERE name = ?4))
         AND ?5 = ?5 AND ?6 IS ?6"
    } else {
        "f.name = ?4 AND EXISTS (SELECT 1 FROM sightings WHERE finding = f.id
             AND (change = ?5
                 OR f.gate = 'commands' AND f.spot = 'change' AND tree_oid = ?6))"
    };
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {KEPT_COLUMNS}, f.content, f.locators FROM {KEPT_TABLES}
         WHERE f.gate = ?1 AND f.rule = ?2 AND f.spot = ?3 AND {scope} ORDER BY f.id"
    ))?;
    let tree = scan.tree.as_ref().map(Oid::as_str);
    let mut rows = statement.query(params![gate, rule, kind, name, scan.change, tree])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let kept = kept(row, scan.time)?;
        let locators: String = row.get(23)?;
        found.push(OnRecord {
            id: kept.id,
            status: kept.status,
            finding: kept.finding,
            content: row.get(22)?,
            // What cannot be read cannot agree.
            locators: serde_json::from_str(&locators).unwrap_or_default(),
        });
    }
    Ok(found)
}
