//! Records what an evaluation found: what is known keeps its id, what is new gets one.

use std::collections::BTreeSet;

use rusqlite::{Connection, TransactionBehavior, params};

use crate::domain::model::finding::Finding;
use crate::domain::model::limits::FINDINGS_OF_PLACE_MAX;
use crate::domain::model::oid::Oid;
use crate::domain::model::report::Reported;
use crate::domain::model::stored_finding::FindingStatus;
use crate::platform::config::random;
use crate::platform::store::crash::save_point;
use crate::platform::store::ledger::Ledger;
use crate::platform::store::ledger::disposition::reopen;
use crate::platform::store::ledger::error::Error;
use crate::platform::store::ledger::keyed::LocatorKey;
use crate::platform::store::ledger::known::{FindingFingerprint, OnRecord};
use crate::platform::store::ledger::matching::StoredLocators;
use crate::platform::store::ledger::rows::{effect_word, kind_columns};
use crate::platform::store::ledger::scan::ScanContext;
use crate::platform::store::ledger::{known, marks};

/// The findings of an evaluation with their ids and statuses, in the same order.
#[derive(Debug, Default)]
pub struct Recorded {
    pub findings: Vec<Reported>,
    /// How many of them were not recorded: of their place [`FINDINGS_OF_PLACE_MAX`] are known already.
    pub left_out: usize,
}

impl Ledger {
    /// Records the findings of an evaluation in one transaction.
    ///
    /// What is known keeps its id and its status: `matching::assign` says what that is. A finding that
    /// was resolved and is seen again is reopened.
    pub fn record(
        &mut self,
        scan: &ScanContext,
        fingerprints: &[FindingFingerprint],
    ) -> Result<Recorded, Error> {
        save_point();
        let transaction =
            self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let (fingerprints, key) = known::with_key(&transaction, fingerprints)?;
        let mut reported: Vec<Option<Reported>> = vec![None; fingerprints.len()];
        let mut taken = BTreeSet::new();
        let mut left_out = 0;
        for indices in known::groups(&fingerprints) {
            let members: Vec<&FindingFingerprint> =
                indices.iter().map(|index| &fingerprints[*index]).collect();
            let kept = record_group(&transaction, scan, &members, &taken, key.as_ref())?;
            for (index, one) in indices.into_iter().zip(kept) {
                reported[index] = Some(if let Some(one) = one {
                    taken.extend(one.id.clone());
                    one
                } else {
                    left_out += 1;
                    Reported::unrecorded(fingerprints[index].finding.clone())
                });
            }
        }
        marks::clear(&transaction)?;
        save_point();
        transaction.commit()?;
        save_point();
        Ok(Recorded { findings: reported.into_iter().flatten().collect(), left_out })
    }
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
    let mut candidates = known::candidates(connection, scan, members, key)?;
    let mut places = FINDINGS_OF_PLACE_MAX.saturating_sub(candidates.len());
    candidates.retain(|candidate| !taken.contains(&candidate.id));
    let assigned = known::assigned(members, &candidates);
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
        if let Some(id) = &one.id {
            add_sighting(connection, scan, id, fingerprint)?;
        }
        reported.push(Some(one));
    }
    Ok(reported)
}

fn see_again(
    connection: &Connection,
    scan: &ScanContext,
    fingerprint: &FindingFingerprint,
    candidate: &OnRecord,
) -> Result<Reported, Error> {
    let finding = &fingerprint.finding;
    let content = fingerprint.content.as_ref().map(Oid::as_str);
    let mut status = candidate.status;
    if status.is_gone() {
        reopen(connection, &candidate.id, scan)?;
        status = FindingStatus::Open;
    }
    let seen = reported(&candidate.id, status, finding);
    let more = scan.counted(finding.gate);
    if candidate.finding == *finding && candidate.locators == fingerprint.locators {
        // Most of a file is as it was: what nothing was written to is in no index again.
        connection
            .prepare_cached(
                "UPDATE findings SET content = ?2, times = times + ?4,
                     last_seen = CASE WHEN last_seen > ?3 THEN last_seen ELSE ?3 END
                 WHERE id = ?1",
            )?
            .execute(params![candidate.id, content, scan.time.as_millisecond(), more])?;
        return Ok(seen);
    }
    let (_, name) = kind_columns(finding.place.as_ref());
    let (line, column, end_line) = lines_of(finding);
    connection
        .prepare_cached(
            "UPDATE findings SET class = ?2, severity = ?3, effect = ?4, name = ?5, line = ?6,
                 col = ?7, end_line = ?8, anchor = ?9, message = ?10, suggestion = ?11,
                 locators = ?12, content = ?13, times = times + ?15,
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
            more,
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
                 times = sightings.times + ?9",
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
            scan.counted(fingerprint.finding.gate),
        ])?;
    Ok(())
}

fn reported(id: &str, status: FindingStatus, finding: &Finding) -> Reported {
    Reported {
        id: Some(id.to_owned()),
        status: status.as_str().to_owned(),
        finding: finding.clone(),
    }
}

pub(super) fn lines_of(finding: &Finding) -> (u32, u32, u32) {
    finding.place.as_ref().map_or((0, 0, 0), |place| (place.line, place.column, place.end_line))
}

pub(super) fn locators_text(locators: &StoredLocators) -> String {
    serde_json::to_string(locators).unwrap_or_else(|_| "{}".to_owned())
}
