//! What there is to recognise a finding by, read from the object it stands in.

use std::collections::BTreeMap;

use bstr::{BStr, BString, ByteSlice as _};

use crate::git::object::Objects;
use crate::model::change::{Change, FileChange, Kind};
use crate::model::finding::{Finding, Place, Spot};
use crate::model::oid::Oid;
use crate::store::ledger::matching::Locators;
use crate::store::ledger::record::Sight;

/// The findings of a change, each with the object it is in and the way its file came.
///
/// What cannot be read is left out: a finding is then known again by its text alone, which carries
/// no answer over.
pub fn of(objects: &Objects, change: &Change, findings: &[Finding]) -> Vec<Sight> {
    let files: BTreeMap<&BStr, &FileChange> =
        change.files.iter().map(|file| (file.path.as_bstr(), file)).collect();
    findings
        .iter()
        .map(|finding| {
            let path = finding.place.as_ref().and_then(Place::path);
            let file = path.and_then(|path| files.get(path.as_bstr()).copied());
            let content = content_of(objects, change, finding, file);
            let moved_from = file.and_then(moved_from);
            Sight { finding: finding.clone(), locators: Locators::new(), content, moved_from }
        })
        .collect()
}

fn content_of(
    objects: &Objects,
    change: &Change,
    finding: &Finding,
    file: Option<&FileChange>,
) -> Option<Oid> {
    match (&finding.place.as_ref()?.spot, file) {
        (Spot::File(_), Some(file)) => file.new.as_ref().map(|entry| entry.oid.clone()),
        (Spot::File(path), None) => {
            objects.entry(&change.tree, path.as_bstr()).ok()?.map(|entry| entry.oid)
        }
        (Spot::Ref(_), _) => change.commit.clone(),
        (Spot::CommitMessage | Spot::TagMessage(_), _) => None,
    }
}

fn moved_from(file: &FileChange) -> Option<BString> {
    match &file.kind {
        Kind::Renamed { from } => Some(from.clone()),
        Kind::Added | Kind::Modified | Kind::Deleted => None,
    }
}
