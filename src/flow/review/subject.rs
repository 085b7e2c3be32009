//! What a review is of.

use anyhow::{Context as _, Result};

use crate::domain::gates::secrets::redact;
use crate::domain::model::change::Change;
use crate::domain::model::fence::visible_path;
use crate::domain::model::oid::Oid;
use crate::platform::git::change;
use crate::platform::git::repo::Repo;

/// What the person named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Range {
    /// Nothing: what is staged, else what a push would bring, else the last commit.
    Unsaid,
    Staged,
    /// Against its first parent.
    Commit(Oid),
    Between(Oid, Oid),
}

/// The change that is meant.
#[derive(Clone, Debug)]
pub struct Subject {
    pub change: Change,
    /// The commit that a fix builds on; of a staged change, the one that it stands on.
    pub on: Option<Oid>,
    /// For people: `what is staged`, `commit 0123456789`.
    pub title: String,
}

impl Subject {
    /// The paths of the change, as shown to people and models.
    pub fn paths(&self) -> Vec<String> {
        self.change.files.iter().map(|file| visible_path(&redact::mask_path(&file.path))).collect()
    }
}

/// Reads the change that a range names.
pub fn of(repo: &Repo, range: &Range) -> Result<Subject> {
    match range {
        Range::Staged => staged(repo),
        Range::Commit(commit) => of_commit(repo, commit),
        Range::Between(from, to) => between(repo, from, to),
        Range::Unsaid => unsaid(repo),
    }
}

fn unsaid(repo: &Repo) -> Result<Subject> {
    if repo.work_tree.is_some() {
        let subject = staged(repo)?;
        if !subject.change.files.is_empty() {
            return Ok(subject);
        }
    }
    let head = repo.head()?.context("there is no commit yet, and nothing is staged")?;
    for theirs in ["@{upstream}", "refs/remotes/origin/HEAD"] {
        let Some(theirs) = repo.resolve(&format!("{theirs}^{{commit}}")).unwrap_or_default() else {
            continue;
        };
        if let Some(base) = repo.merge_base(&theirs, &head)?.filter(|base| *base != head) {
            return between(repo, &base, &head);
        }
    }
    of_commit(repo, &head)
}

fn staged(repo: &Repo) -> Result<Subject> {
    let change = change::staged(repo)?;
    Ok(Subject { change, on: repo.head()?, title: "what is staged".to_owned() })
}

fn of_commit(repo: &Repo, commit: &Oid) -> Result<Subject> {
    let change = change::of_commit(repo, &repo.commit(commit)?)?;
    let title = format!("commit {}", commit.short());
    Ok(Subject { change, on: Some(commit.clone()), title })
}

fn between(repo: &Repo, from: &Oid, to: &Oid) -> Result<Subject> {
    let change = change::between(repo, from, to)?;
    let title = format!("{}..{}", from.short(), to.short());
    Ok(Subject { change, on: Some(to.clone()), title })
}
