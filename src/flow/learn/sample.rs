//! Samples the files of a tree on which a new check must not match too often.

use std::collections::BTreeSet;

use anyhow::Result;
use bstr::ByteSlice as _;

use crate::domain::constitution::incident::Incident;
use crate::domain::model::change::TreeEntry;
use crate::domain::model::limits::PATH_BYTES_MAX;
use crate::domain::model::objects::TreeItem;
use crate::domain::model::oid::Oid;
use crate::platform::git::object::{ObjectKind, Objects};

/// The most that is read: files evenly taken, each of at most so many bytes, and all of them.
const FILES_MAX: usize = 3_000;
const FILE_BYTES_MAX: u64 = 512 * 1024;
const BYTES_MAX: u64 = 32 * 1024 * 1024;

/// How many entries of the tree are looked at.
const ENTRIES_MAX: usize = 200_000;

/// Reads files of the component that have the extensions of the incidents.
pub fn of(
    objects: &Objects,
    tree: &Oid,
    component: &str,
    cases: &[Incident],
) -> Result<Vec<(String, String)>> {
    let kinds: BTreeSet<Option<&str>> =
        cases.iter().map(|case| extension(&case.occurrence.path)).collect();
    let files = files_in(objects, tree, component, &kinds)?;
    let step = files.len().div_ceil(FILES_MAX).max(1);
    let mut bytes = 0;
    let mut texts = Vec::new();
    for (path, entry) in files.into_iter().step_by(step) {
        let Some((ObjectKind::Blob, size)) = objects.header(&entry.oid)? else { continue };
        if size > FILE_BYTES_MAX {
            continue;
        }
        bytes += size;
        if bytes > BYTES_MAX {
            break;
        }
        if let Some(Ok(text)) = objects.blob(&entry.oid)?.map(String::from_utf8) {
            texts.push((path, text));
        }
    }
    Ok(texts)
}

fn extension(path: &str) -> Option<&str> {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.rsplit_once('.').map(|(_, extension)| extension)
}

/// The files of the component, as far as a bounded number of names goes.
fn files_in(
    objects: &Objects,
    tree: &Oid,
    component: &str,
    kinds: &BTreeSet<Option<&str>>,
) -> Result<Vec<(String, TreeEntry)>> {
    let mut files = Vec::new();
    let mut left = ENTRIES_MAX;
    let mut open = vec![(String::new(), tree.clone())];
    while let Some((folder, oid)) = open.pop() {
        let items = objects.tree(&oid)?;
        left = left.saturating_sub(items.len());
        if left == 0 || folder.len() > PATH_BYTES_MAX {
            break;
        }
        // What is put last is taken first.
        for item in items.into_iter().rev() {
            let Ok(name) = item.name().to_str() else { continue };
            let path = format!("{folder}{name}");
            match item {
                TreeItem::Tree { oid, .. } if leads(&path, component) => {
                    open.push((format!("{path}/"), oid));
                }
                TreeItem::File { entry, .. }
                    if entry.is_regular()
                        && is_below(&path, component)
                        && kinds.contains(&extension(&path)) =>
                {
                    files.push((path, entry));
                }
                TreeItem::Tree { .. } | TreeItem::File { .. } => {}
            }
        }
    }
    files.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(files)
}

fn is_below(path: &str, component: &str) -> bool {
    component.is_empty() || path.strip_prefix(component).is_some_and(|rest| rest.starts_with('/'))
}

/// Whether a folder is in the component or on the way to it.
fn leads(folder: &str, component: &str) -> bool {
    folder == component
        || is_below(folder, component)
        || component.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}
