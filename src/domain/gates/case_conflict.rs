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

/// The names of a folder.
struct Folder {
    /// By what is left of them without case.
    alike: BTreeMap<Vec<u8>, Vec<BString>>,
    folders: BTreeMap<BString, Oid>,
}

impl Folder {
    fn read(objects: &dyn ReadObjects, tree: &Oid) -> Result<Self> {
        let mut folder = Self { alike: BTreeMap::new(), folders: BTreeMap::new() };
        for item in objects.tree(tree)? {
            let name = item.name().to_owned();
            folder.alike.entry(name.to_lowercase()).or_default().push(name.clone());
            if let TreeItem::Tree { oid, .. } = item {
                folder.folders.insert(name, oid);
            }
        }
        Ok(folder)
    }
}

/// Finds new names that collide with another name in the same folder when case does not count.
/// Reads the folders that the change adds to, and no others.
pub fn check(change: &Change, objects: &dyn ReadObjects, effect: Effect) -> Result<Vec<Finding>> {
    // Each folder is read once, from the one that it stands in.
    let mut folders: BTreeMap<BString, Folder> = BTreeMap::new();
    let mut reported = BTreeSet::new();
    let mut findings = Vec::new();
    for file in &change.files {
        if !matches!(file.kind, FileChangeKind::Added | FileChangeKind::Renamed { .. }) {
            continue;
        }
        if folders.is_empty() {
            folders.insert(BString::default(), Folder::read(objects, &change.tree)?);
        }
        // Each folder on the way down is a name of its own.
        let ends = file.path.find_iter(b"/").chain([file.path.len()]);
        for end in ends {
            let path = file.path[..end].as_bstr();
            let (folder, name) = match path.rfind_byte(b'/') {
                Some(at) => (path[..at].as_bstr(), path[at + 1..].as_bstr()),
                None => (b"".as_bstr(), path),
            };
            let Some(names) = folders.get(folder) else { break };
            let alike = names.alike.get(&name.to_lowercase());
            let below = names.folders.get(name);
            let twin = alike.into_iter().flatten().find(|other| *other != name);
            if let Some(twin) = twin
                && reported.insert(path.to_lowercase())
            {
                findings.push(finding(path.to_owned(), twin.as_bstr(), effect));
            }
            if let Some(below) = below
                && !folders.contains_key(path)
            {
                let below = Folder::read(objects, below)?;
                folders.insert(path.to_owned(), below);
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
