//! The case-conflict gate: names that differ in case alone, of which macOS and Windows lose one.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use bstr::{BStr, BString, ByteSlice as _};

use crate::domain::model::change::{Change, FileChangeKind};
use crate::domain::model::class::Class;
use crate::domain::model::finding::{Effect, Finding, Location};
use crate::domain::model::gate::Gate;
use crate::domain::model::objects::{ReadObjects, TreeItem};
use crate::domain::model::oid::Oid;
use crate::domain::model::severity::Severity;

/// Finds new names that collide with another name in the same folder when case does not count.
/// Reads the folders that the change adds to, and no others.
pub fn check(change: &Change, objects: &dyn ReadObjects, effect: Effect) -> Result<Vec<Finding>> {
    // Each folder is read once, its names by what is left of them without case.
    let mut folders: BTreeMap<BString, BTreeMap<Vec<u8>, Vec<BString>>> = BTreeMap::new();
    let mut reported = BTreeSet::new();
    let mut findings = Vec::new();
    for file in &change.files {
        if !matches!(file.kind, FileChangeKind::Added | FileChangeKind::Renamed { .. }) {
            continue;
        }
        // Each folder on the way down is a name of its own.
        let ends = file.path.find_iter(b"/").chain([file.path.len()]);
        for end in ends {
            let path = file.path[..end].as_bstr();
            let (folder, name) = match path.rfind_byte(b'/') {
                Some(at) => (path[..at].as_bstr(), path[at + 1..].as_bstr()),
                None => (b"".as_bstr(), path),
            };
            if !folders.contains_key(folder) {
                let mut names: BTreeMap<Vec<u8>, Vec<BString>> = BTreeMap::new();
                for item in list(objects, &change.tree, folder)? {
                    names.entry(item.name().to_lowercase()).or_default().push(item.name().into());
                }
                folders.insert(folder.to_owned(), names);
            }
            let alike = folders.get(folder).and_then(|names| names.get(&name.to_lowercase()));
            let twin = alike.into_iter().flatten().find(|other| *other != name);
            if let Some(twin) = twin
                && reported.insert(path.to_lowercase())
            {
                findings.push(finding(path.to_owned(), twin.as_bstr(), effect));
            }
        }
    }
    Ok(findings)
}

fn finding(path: BString, twin: &BStr, effect: Effect) -> Finding {
    Finding {
        gate: Gate::CaseConflict,
        rule: "case-conflict".to_owned(),
        class: Class::new("repository/case-conflict"),
        severity: Severity::Medium,
        effect,
        place: Some(Location::file(path)),
        anchor: String::new(),
        message: format!("its name differs from `{twin}` in the same folder only in case"),
        suggestion: "rename one of them: file systems that ignore case can hold only one"
            .to_owned(),
    }
}

fn list(objects: &dyn ReadObjects, tree: &Oid, folder: &BStr) -> Result<Vec<TreeItem>> {
    let mut at = tree.clone();
    for name in folder.split_str("/").filter(|name| !name.is_empty()) {
        let below = objects.tree(&at)?.into_iter().find_map(|item| match item {
            TreeItem::Tree { name: n, oid } if n == name => Some(oid),
            _ => None,
        });
        let Some(below) = below else { return Ok(Vec::new()) };
        at = below;
    }
    objects.tree(&at)
}
