//! Records what an evaluation found: what is known keeps its id, what is new gets one.

use std::collections::{BTreeMap, BTreeSet};

use bstr::BString;
use jiff::Timestamp;
use rusqlite::{Connection, TransactionBehavior, params};

use crate::domain::model::finding::Finding;
use crate::domain::model::gate::Gate;
use crate::domain::model::limits::FINDINGS_OF_PLACE_MAX;
use crate::domain::model::oid::Oid;
use crate::domain::model::report::Reported;
use crate::domain::model::stored_finding::FindingStatus;
use crate::platform::config::random;
use crate::platform::store::crash::save_point;
use crate::platform::store::ledger::Ledger;
use crate::platform::store::ledger::disposition::reopen;
use crate::platform::store::ledger::error::Error;
use crate::platform::store::ledger::keyed::{LocatorKey, needs_key};
use crate::platform::store::ledger::matching::{
    KnownFinding, StoredLocators, Terms, Trace, assign,
};
use crate::platform::store::ledger::rows::{
    KEPT_COLUMNS, KEPT_TABLES, effect_word, kept, kind_columns,
};

/// The evaluation in which findings were observed.
#[derive(Clone, Debug)]
pub struct ScanContext {
    /// The key under which changes are counted.
    pub change: String,
    pub commit: Option<Oid>,
    pub tree: Option<Oid>,
    pub branch: Option<String>,
    pub time: Timestamp,
}

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

/// The findings of an evaluation with their ids and statuses, in the same order.
#[derive(Debug, Default)]
pub struct Recorded {
    pub findings: Vec<Reported>,
    /// How many of them were not recorded: of their place [`FINDINGS_OF_PLACE_MAX`] are known already.
    pub left_out: usize,
}

/// Findings that can only be told apart by their place in one file, message or ref.
type Group<'a> = (&'static str, &'a str, &'static str, &'a [u8]);

struct Candidate {
    id: String,
    status: FindingStatus,
    finding: Finding,
    content: Option<String>,
    locators: StoredLocators,
}

impl Ledger {
    /// Records the findings of an evaluation in one transaction.
    ///
    /// What is known keeps its id and its status: see [`assign`] for what is known. A finding that
    /// was fixed and is seen again is reopened.
    pub fn record(
        &mut self,
        scan: &ScanContext,
        fingerprints: &[FindingFingerprint],
    ) -> Result<Recorded, Error> {
        save_point();
        let transaction =
            self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let any = fingerprints.iter().any(FindingFingerprint::needs_key);
        let key = any.then(|| LocatorKey::of(&transaction)).transpose()?;
        let keyed = key.as_ref().map(|key| keyed(fingerprints, key));
        let fingerprints = keyed.as_deref().unwrap_or(fingerprints);
        let mut groups: BTreeMap<_, Vec<usize>> = BTreeMap::new();
        for (index, fingerprint) in fingerprints.iter().enumerate() {
            groups.entry(group_of(fingerprint)).or_default().push(index);
        }
        let mut reported: Vec<Option<Reported>> = vec![None; fingerprints.len()];
        let mut taken = BTreeSet::new();
        let mut left_out = 0;
        for indices in groups.into_values() {
            let members: Vec<&FindingFingerprint> =
                indices.iter().map(|index| &fingerprints[*index]).collect();
            let kept = record_group(&transaction, scan, &members, &taken, key.as_ref())?;
            for (index, one) in indices.into_iter().zip(kept) {
                reported[index] = Some(if let Some(one) = one {
                    taken.insert(one.id.clone());
                    one
                } else {
                    left_out += 1;
                    Reported::unrecorded(fingerprints[index].finding.clone())
                });
            }
        }
        save_point();
        transaction.commit()?;
        save_point();
        Ok(Recorded { findings: reported.into_iter().flatten().collect(), left_out })
    }
}

impl FindingFingerprint {
    fn needs_key(&self) -> bool {
        needs_key(self.finding.gate.as_str(), &self.finding.rule)
    }
}

/// The same, with the key in the locators that need it.
fn keyed(fingerprints: &[FindingFingerprint], key: &LocatorKey) -> Vec<FindingFingerprint> {
    let mut all = fingerprints.to_vec();
    for one in all.iter_mut().filter(|one| one.needs_key()) {
        one.locators = key.keyed(&one.locators);
    }
    all
}

fn group_of(fingerprint: &FindingFingerprint) -> Group<'_> {
    let (kind, name) = kind_columns(fingerprint.finding.place.as_ref());
    (fingerprint.finding.gate.as_str(), &fingerprint.finding.rule, kind, name)
}

/// Keeps the members of one group; `None` for one for which there is no more place. What is taken was
/// met elsewhere in the same evaluation, as after a rename on one of two branches, and is not met twice.
fn record_group(
    connection: &Connection,
    scan: &ScanContext,
    members: &[&FindingFingerprint],
    taken: &BTreeSet<String>,
    key: Option<&LocatorKey>,
) -> Result<Vec<Option<Reported>>, Error> {
    let group = group_of(members[0]);
    let key = key.filter(|_| needs_key(group.0, group.1));
    let mut candidates = candidates(connection, scan, group, group.3)?;
    if let Some(from) = &members[0].moved_from {
        let before = self::candidates(connection, scan, group, from)?;
        let known: BTreeSet<String> = candidates.iter().map(|known| known.id.clone()).collect();
        candidates.extend(before.into_iter().filter(|candidate| !known.contains(&candidate.id)));
    }
    let mut places = FINDINGS_OF_PLACE_MAX.saturating_sub(candidates.len());
    candidates.retain(|candidate| !taken.contains(&candidate.id));
    if let Some(key) = key {
        // Those that an earlier version wrote have no key yet.
        for one in &mut candidates {
            one.locators = key.keyed(&one.locators);
        }
    }
    let seen: Vec<Trace> = members.iter().map(|fingerprint| trace_of(fingerprint)).collect();
    let known: Vec<KnownFinding> = candidates.iter().map(known_of).collect();
    let terms = Terms {
        in_file: group.2 == "file",
        by_message: matches!(members[0].finding.gate, Gate::Review | Gate::Person | Gate::Import),
    };
    let assigned = assign(&seen, &known, terms);
    let mut reported = Vec::with_capacity(members.len());
    for (fingerprint, candidate) in members.iter().zip(assigned) {
        save_point();
        let one = match candidate.map(|index| &candidates[index]) {
            Some(candidate) => see_again(connection, scan, fingerprint, candidate)?,
            None if places == 0 => {
                reported.push(None);
                continue;
            }
            None => {
                places -= 1;
                insert(connection, scan, fingerprint)?
            }
        };
        add_sighting(connection, scan, &one.id, fingerprint)?;
        reported.push(Some(one));
    }
    Ok(reported)
}

fn trace_of(fingerprint: &FindingFingerprint) -> Trace<'_> {
    let content = fingerprint.content.as_ref().map(Oid::as_str);
    trace(&fingerprint.finding, content, &fingerprint.locators)
}

fn known_of(candidate: &Candidate) -> KnownFinding<'_> {
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
/// branch; elsewhere, those of the same change.
fn candidates(
    connection: &Connection,
    scan: &ScanContext,
    (gate, rule, kind, _): Group<'_>,
    name: &[u8],
) -> Result<Vec<Candidate>, Error> {
    let scope = if kind == "file" {
        "(f.name = ?4 OR f.id IN (SELECT finding FROM sightings WHERE name = ?4)) AND ?5 = ?5"
    } else {
        "f.name = ?4 AND EXISTS (SELECT 1 FROM sightings WHERE finding = f.id AND change = ?5)"
    };
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {KEPT_COLUMNS}, f.content, f.locators FROM {KEPT_TABLES}
         WHERE f.gate = ?1 AND f.rule = ?2 AND f.spot = ?3 AND {scope} ORDER BY f.id"
    ))?;
    let mut rows = statement.query(params![gate, rule, kind, name, scan.change])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let kept = kept(row, scan.time)?;
        let locators: String = row.get(23)?;
        found.push(Candidate {
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

fn see_again(
    connection: &Connection,
    scan: &ScanContext,
    fingerprint: &FindingFingerprint,
    candidate: &Candidate,
) -> Result<Reported, Error> {
    let finding = &fingerprint.finding;
    let content = fingerprint.content.as_ref().map(Oid::as_str);
    let mut status = candidate.status;
    if status == FindingStatus::Fixed {
        reopen(connection, &candidate.id, &scan.change, scan.time)?;
        status = FindingStatus::Open;
    }
    let seen = reported(&candidate.id, status, finding);
    if candidate.finding == *finding && candidate.locators == fingerprint.locators {
        // Most of a file is as it was: what nothing was written to is in no index again.
        connection
            .prepare_cached(
                "UPDATE findings SET content = ?2, times = times + 1,
                     last_seen = CASE WHEN last_seen > ?3 THEN last_seen ELSE ?3 END
                 WHERE id = ?1",
            )?
            .execute(params![candidate.id, content, scan.time.as_millisecond()])?;
        return Ok(seen);
    }
    let (_, name) = kind_columns(finding.place.as_ref());
    let (line, column, end_line) = lines_of(finding);
    connection
        .prepare_cached(
            "UPDATE findings SET class = ?2, severity = ?3, effect = ?4, name = ?5, line = ?6,
                 col = ?7, end_line = ?8, anchor = ?9, message = ?10, suggestion = ?11,
                 locators = ?12, content = ?13, times = times + 1,
                 last_seen = CASE WHEN last_seen > ?14 THEN last_seen ELSE ?14 END
             WHERE id = ?1",
        )?
        .execute(params![
            candidate.id,
            finding.class.as_str(),
            finding.severity.as_str(),
            effect_word(finding.effect),
            name,
            line,
            column,
            end_line,
            finding.anchor,
            finding.message,
            finding.suggestion,
            locators_text(&fingerprint.locators),
            content,
            scan.time.as_millisecond(),
        ])?;
    Ok(seen)
}

fn insert(
    connection: &Connection,
    scan: &ScanContext,
    fingerprint: &FindingFingerprint,
) -> Result<Reported, Error> {
    let finding = &fingerprint.finding;
    let (kind, name) = kind_columns(finding.place.as_ref());
    let (line, column, end_line) = lines_of(finding);
    let id = random::id_at(scan.time).to_string();
    connection
        .prepare_cached(
            "INSERT INTO findings (id, gate, rule, class, severity, effect, spot, name, line, col,
                 end_line, anchor, message, suggestion, locators, content, first_seen, last_seen,
                 times)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17,
                 ?17, 1)",
        )?
        .execute(params![
            id,
            finding.gate.as_str(),
            finding.rule,
            finding.class.as_str(),
            finding.severity.as_str(),
            effect_word(finding.effect),
            kind,
            name,
            line,
            column,
            end_line,
            finding.anchor,
            finding.message,
            finding.suggestion,
            locators_text(&fingerprint.locators),
            fingerprint.content.as_ref().map(Oid::as_str),
            scan.time.as_millisecond(),
        ])?;
    Ok(reported(&id, FindingStatus::Open, finding))
}

/// A commit that was evaluated while it was being made has its name the next time.
fn add_sighting(
    connection: &Connection,
    scan: &ScanContext,
    id: &str,
    fingerprint: &FindingFingerprint,
) -> Result<(), Error> {
    let (_, name) = kind_columns(fingerprint.finding.place.as_ref());
    let (line, _, _) = lines_of(&fingerprint.finding);
    connection
        .prepare_cached(
            "INSERT INTO sightings (finding, change, name, line, commit_oid, tree_oid, branch,
                 first_seen, last_seen, times)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8, 1)
             ON CONFLICT (finding, change) DO UPDATE SET
                 name = excluded.name, line = excluded.line,
                 commit_oid = COALESCE(excluded.commit_oid, sightings.commit_oid),
                 tree_oid = COALESCE(excluded.tree_oid, sightings.tree_oid),
                 branch = COALESCE(excluded.branch, sightings.branch),
                 last_seen = CASE WHEN sightings.last_seen > excluded.last_seen
                     THEN sightings.last_seen ELSE excluded.last_seen END,
                 times = sightings.times + 1",
        )?
        .execute(params![
            id,
            scan.change,
            name,
            line,
            scan.commit.as_ref().map(Oid::as_str),
            scan.tree.as_ref().map(Oid::as_str),
            scan.branch,
            scan.time.as_millisecond(),
        ])?;
    Ok(())
}

fn reported(id: &str, status: FindingStatus, finding: &Finding) -> Reported {
    Reported { id: id.to_owned(), status: status.as_str().to_owned(), finding: finding.clone() }
}

fn lines_of(finding: &Finding) -> (u32, u32, u32) {
    finding.place.as_ref().map_or((0, 0, 0), |place| (place.line, place.column, place.end_line))
}

fn locators_text(locators: &StoredLocators) -> String {
    serde_json::to_string(locators).unwrap_or_else(|_| "{}".to_owned())
}
