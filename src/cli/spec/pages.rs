//! The specs of the work tree, read and linted.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::domain::model::error::hinted;
use crate::domain::model::nearest::did_you_mean_or;
use crate::domain::spec::classify::{Classification, classify};
use crate::domain::spec::identity::{SpecIdentity, identity};
use crate::domain::spec::problem::{LintRule, ProblemLevel, SpecProblem};
use crate::domain::spec::read::read;
use crate::domain::spec::reading::SpecReading;
use crate::domain::spec::types::{SpecEntry, SpecPosition, SpecStatus};
use crate::flow::context::Context;
use crate::flow::evaluate::policy;
use crate::flow::intake::ingest::{READ_MAX, key};
use crate::flow::intake::redact;
use crate::flow::intake::spec_listing::{SpecGlobs, list};
use crate::platform::git::repo::Repo;
use crate::platform::store::folder::Folder;
use crate::platform::ui::out;

/// A spec's file, read and linted.
pub struct Page {
    /// As it is shown: from the top of the work tree, or as the person gave it.
    pub path: String,
    /// Without secrets.
    pub reading: SpecReading,
    pub identity: SpecIdentity,
    pub classification: Classification,
}

impl Page {
    pub fn of(path: String, bytes: &[u8]) -> Self {
        let reading = read(bytes, &path);
        let identity = identity(&path, &reading, bytes);
        let classification = classify(&reading);
        let reading = redact::reading(&reading, bytes, &path);
        Self { path, reading, identity, classification }
    }

    /// `ready`, `draft`, `done` or `errors`.
    pub fn state(&self) -> &'static str {
        match &self.reading.spec {
            _ if self.reading.errors() > 0 => "errors",
            Some(spec) => match spec.status {
                SpecStatus::Draft => "draft",
                SpecStatus::Ready => "ready",
                SpecStatus::Done => "done",
            },
            None => "errors",
        }
    }
}

/// The top of the work tree, in its canonical spelling.
pub fn top_of(repo: &Repo) -> Result<PathBuf> {
    let top = repo.work_tree.as_ref().ok_or_else(|| {
        hinted("this repository is bare: it has no specs", "run it in a clone with a work tree")
    })?;
    top.canonicalize().with_context(|| format!("could not read `{}`", top.display()))
}

pub fn opened(top: &Path) -> Result<Folder> {
    Folder::open(top).with_context(|| format!("could not open `{}`", top.display()))
}

/// Where specs are, as the settings say it.
pub fn globs(context: Context<'_>) -> Result<SpecGlobs> {
    let resolved = policy::work_tree_settings(context)?;
    SpecGlobs::new(&resolved.policy.watch.specs)
        .map_err(|bad| hinted(bad.to_string(), "the globs are `watch.specs` in tribunal.toml"))
}

/// Every spec of the work tree; a file that has another one's id says so.
pub fn pages(context: Context<'_>, top: &Path) -> Result<Vec<Page>> {
    let listing = list(top, &globs(context)?);
    for (path, reason) in &listing.unreadable {
        out::warn(&format!("`{}` cannot be read: {reason}", path.display()));
    }
    for (path, reason) in &listing.left_out {
        out::warn(&format!("`{}` is not looked at: {reason}", path.display()));
    }
    let mut pages = Vec::new();
    let folder = opened(top)?;
    for path in listing.files.keys() {
        match folder.read_start(path, READ_MAX) {
            Ok(bytes) => pages.push(Page::of(key(path), &bytes)),
            Err(error) => out::warn(&format!("`{}` cannot be read: {error}", path.display())),
        }
    }
    mark_duplicates(&mut pages);
    mark_unknown_bases(context.repo, &mut pages)?;
    Ok(pages)
}

/// Adds to each page whose `base` is no branch of the repository the problem that says so: a warning, since
/// another clone may have the branch.
pub fn mark_unknown_bases(repo: &Repo, pages: &mut [Page]) -> Result<()> {
    if pages.iter().all(|page| base_of(page).is_none()) {
        return Ok(());
    }
    let branches = repo.branch_names()?;
    for page in pages {
        let Some(base) = base_of(page) else { continue };
        if branches.contains(&base.text) {
            continue;
        }
        let near = branches.iter().map(String::as_str);
        let problem = SpecProblem {
            at: base.at,
            rule: LintRule::UnknownBranch,
            level: ProblemLevel::Warning,
            message: format!("no branch of this repository is named `{}`", base.text),
            hint: did_you_mean_or(&base.text, near, "`git branch --all` lists the branches"),
        };
        let after = page.reading.problems.partition_point(|other| other.at <= problem.at);
        page.reading.problems.insert(after, problem);
    }
    Ok(())
}

fn base_of(page: &Page) -> Option<&SpecEntry> {
    page.reading.spec.as_ref()?.base.as_ref()
}

/// Adds to each page that has the id of an earlier one the problem that says so.
pub fn mark_duplicates(pages: &mut [Page]) {
    let mut first = BTreeMap::new();
    for page in pages {
        let id = page.identity.id.to_ascii_lowercase();
        if let Some(holder) = first.get(&id) {
            let problem = SpecProblem {
                at: SpecPosition { line: 1, column: 1 },
                rule: LintRule::DuplicateId,
                level: ProblemLevel::Error,
                message: format!("`{holder}` has the id `{}` too", page.identity.id),
                hint: "give one of the two another `id`".to_owned(),
            };
            page.reading.problems.insert(0, problem);
        } else {
            first.insert(id, page.path.clone());
        }
    }
}

/// A spec for programs.
pub fn json_of(page: &Page) -> Value {
    let problems: Vec<_> = page.reading.problems.iter().map(json_problem).collect();
    json!({
        "path": page.path,
        "id": page.identity.id,
        "hash": page.identity.hash,
        "title": page.reading.spec.as_ref().map(|spec| &spec.title),
        "state": page.state(),
        "size": page.classification.size.as_str(),
        "signs": page.classification.signs,
        "problems": problems,
    })
}

fn json_problem(problem: &SpecProblem) -> Value {
    json!({
        "line": problem.at.line,
        "column": problem.at.column,
        "level": problem.level.as_str(),
        "rule": problem.rule.as_str(),
        "message": problem.message,
        "hint": problem.hint,
    })
}
