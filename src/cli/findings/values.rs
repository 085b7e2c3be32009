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
use crate::domain::model::nearest::did_you_mean_or;
use crate::domain::model::severity::{Foreign, Severity};
use crate::domain::model::stored_finding::FindingStatus;
use crate::domain::model::terminal::printable;
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
    if status.is_some() {
        return Ok(status);
    }
    let names = FindingStatus::ALL.map(FindingStatus::as_str).into_iter().chain(["all"]);
    let hint = "it is one of open, accepted, dismissed, resolved, withdrawn, all";
    let message = format!("unknown status `{}`", printable(word));
    Err(hinted(message, did_you_mean_or(word, names, hint)))
}

pub fn gate_of(name: &str) -> Result<Gate> {
    Gate::from_name(name).ok_or_else(|| {
        let names: Vec<_> =
            Gate::OF_CHANGES.into_iter().chain(Gate::BROUGHT_IN).map(Gate::as_str).collect();
        let hint = format!("it is one of {}", names.join(", "));
        hinted(format!("unknown gate `{}`", printable(name)), did_you_mean_or(name, names, &hint))
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
    let listed = LISTED.iter().map(|(name, _)| *name).chain(own.keys().map(String::as_str));
    let other = Class::new(text);
    let lists = format!("`tribunal findings classes` lists them; if none fits, use `{other}`");
    Err(hinted(
        format!("unknown class `{}`", printable(text)),
        did_you_mean_or(text, listed, &lists),
    ))
}

pub fn severity_of(word: &str) -> Result<Severity> {
    match Severity::from_foreign(word) {
        Some(Foreign::Severity(severity)) => Ok(severity),
        Some(Foreign::Noise) | None => {
            let names = ["critical", "high", "medium", "low"];
            let hint = format!("it is one of {}", names.join(", "));
            let message = format!("unknown severity `{}`", printable(word));
            Err(hinted(message, did_you_mean_or(word, names, &hint)))
        }
    }
}
