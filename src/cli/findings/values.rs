//! Reads what is typed for a finding: a place, a class, a status, a gate, a severity.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use anyhow::Result;
use bstr::{BStr, BString, ByteSlice as _};

use crate::cli::paths::in_repo;
use crate::domain::model::class::{Class, LISTED};
use crate::domain::model::error::hinted;
use crate::domain::model::gate::Gate;
use crate::domain::model::severity::{Foreign, Severity};
use crate::domain::model::stored_finding::FindingStatus;
use crate::flow::context::Context;

/// Where a typed path is: in the last commit or the index, else as it is written, because findings
/// outlive their files.
pub fn path_of(context: Context<'_>, path: &Path) -> Result<BString> {
    let repo = context.repo;
    let head = repo.head()?.map(|head| repo.tree_of(&head)).transpose()?;
    let known = |path: &BStr| {
        Ok(match &head {
            Some(tree) if repo.objects.has(tree, path)? => true,
            _ => repo
                .staged_tree()
                .is_ok_and(|tree| repo.objects.has(&tree, path).unwrap_or_default()),
        })
    };
    Ok(in_repo(repo, &context.env.current_dir, path, known)?.path)
}

pub fn split_place(at: &OsStr) -> Result<(&Path, u32)> {
    let read = || {
        let (path, line) = at.as_bytes().rsplit_once_str(":")?;
        Some((path, line.to_str().ok()?.parse().ok()?))
    };
    match read() {
        Some((path, line)) if !path.is_empty() && line > 0 => {
            Ok((Path::new(OsStr::from_bytes(path)), line))
        }
        _ => {
            let message = format!("`{}` is not a path with a line", at.display());
            Err(hinted(message, "write it as in `--at src/main.rs:12`"))
        }
    }
}

pub fn status_of(word: &str) -> Result<Option<FindingStatus>> {
    if word == "all" {
        return Ok(None);
    }
    let status = FindingStatus::ALL.into_iter().find(|status| status.as_str() == word);
    match status {
        Some(status) => Ok(Some(status)),
        None => Err(hinted(
            format!("unknown status `{word}`"),
            "it is one of open, accepted, dismissed, resolved, withdrawn, all",
        )),
    }
}

pub fn gate_of(name: &str) -> Result<Gate> {
    Gate::from_name(name).ok_or_else(|| {
        let names: Vec<_> = Gate::OF_CHANGES
            .into_iter()
            .chain([Gate::Review, Gate::Person, Gate::Import])
            .map(Gate::as_str)
            .collect();
        hinted(format!("unknown gate `{name}`"), format!("it is one of {}", names.join(", ")))
    })
}

/// A class of the list, one that the repository added, or an `other/<slug>` that was meant as one: a slip
/// of the pen would keep the finding apart from its like for ever.
pub fn class_of(text: &str, own: &BTreeMap<String, String>) -> Result<Class> {
    let class = Class::named(text);
    let is_other = class.is_other() && text.trim().to_lowercase().starts_with("other/");
    if is_other || class.demand().is_some() || own.contains_key(class.as_str()) {
        return Ok(class);
    }
    let likeness = |name: &str| strsim::jaro_winkler(text, name);
    let listed = LISTED.iter().map(|(name, _)| *name).chain(own.keys().map(String::as_str));
    let nearest = listed
        .map(|name| (likeness(name), name))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| format!("did you mean `{name}`? "))
        .unwrap_or_default();
    let other = Class::new(text);
    Err(hinted(
        format!("unknown class `{text}`"),
        format!("{nearest}`tribunal findings classes` lists them; if none fits, use `{other}`"),
    ))
}

pub fn severity_of(word: &str) -> Result<Severity> {
    match Severity::from_foreign(word) {
        Some(Foreign::Severity(severity)) => Ok(severity),
        Some(Foreign::Noise) | None => Err(hinted(
            format!("unknown severity `{word}`"),
            "it is one of critical, high, medium, low",
        )),
    }
}
