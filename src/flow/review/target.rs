//! The request for a review, and its target: the change that a range names.

use std::path::PathBuf;

use anyhow::{Result, bail};

use crate::domain::gates::secrets::redact;
use crate::domain::model::change::Change;
use crate::domain::model::error::hinted;
use crate::domain::model::fence::visible_path;
use crate::domain::model::oid::Oid;
use crate::domain::pipeline::run::Run;
use crate::platform::git::change;
use crate::platform::git::diff;
use crate::platform::git::repo::Repo;

/// The request for a review.
#[derive(Clone, Debug)]
pub struct ReviewRequest {
    pub range: ReviewRange,
    /// The file that says what the change must do.
    pub spec: Option<PathBuf>,
    /// Fix the findings.
    pub fix: bool,
    /// Ask again, also where the same question was answered before.
    pub fresh: bool,
}

impl ReviewRequest {
    /// Whether a stored receipt may answer.
    pub(super) fn takes_receipts(&self) -> bool {
        !self.fresh && !self.fix
    }
}

/// The range that the person named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReviewRange {
    /// None: the staged change, else what a push would bring, else the last commit.
    Auto,
    Staged,
    /// A commit against its first parent.
    Commit(Oid),
    Between(Oid, Oid),
}

/// The change under review.
#[derive(Clone, Debug)]
pub struct ReviewTarget {
    pub change: Change,
    /// The commit that a fix builds on; of a staged change, HEAD.
    pub parent: Option<Oid>,
    /// For people: `what is staged`, `commit 0123456789`.
    pub title: String,
}

impl ReviewTarget {
    /// The paths of the change, as shown to people and models.
    pub fn paths(&self) -> Vec<String> {
        self.change.files.iter().map(|file| visible_path(&redact::mask_path(&file.path))).collect()
    }
}

/// The change that a run reviews.
pub fn of_run(repo: &Repo, run: &Run) -> Result<ReviewTarget> {
    let (review, first) = (run.review_loop(), run.first_attempt());
    let base = review.base.as_ref();
    let change = Change {
        key: run.about.change_key.clone(),
        base_tree: base.cloned(),
        tree: first.tree.clone(),
        commit: first.commit.clone(),
        message: None,
        files: diff::trees(&repo.objects, base, Some(&first.tree))?,
        tip_tree: None,
        unlisted: None,
    };
    Ok(ReviewTarget { change, parent: review.head.clone(), title: run.about.title.clone() })
}

/// Reads the change that a range names.
pub fn resolve(repo: &Repo, range: &ReviewRange) -> Result<ReviewTarget> {
    let target = match range {
        ReviewRange::Staged => staged(repo),
        ReviewRange::Commit(commit) => of_commit(repo, commit),
        ReviewRange::Between(from, to) => between(repo, from, to),
        ReviewRange::Auto => auto(repo),
    }?;
    match &target.change.unlisted {
        Some(reason) => bail!("the change cannot be reviewed: {reason}"),
        None => Ok(target),
    }
}

fn auto(repo: &Repo) -> Result<ReviewTarget> {
    if repo.work_tree.is_some() {
        let target = staged(repo)?;
        if !target.change.files.is_empty() {
            return Ok(target);
        }
    }
    let head = repo.head()?.ok_or_else(|| {
        hinted("there is no commit yet, and nothing is staged", "`git add` what is to be reviewed")
    })?;
    for theirs in ["@{upstream}", "refs/remotes/origin/HEAD"] {
        let Some(theirs) = repo.resolve(theirs).unwrap_or_default() else {
            continue;
        };
        if let Some(base) = repo.merge_base(&theirs, &head)?.filter(|base| *base != head) {
            return between(repo, &base, &head);
        }
    }
    of_commit(repo, &head)
}

fn staged(repo: &Repo) -> Result<ReviewTarget> {
    let change = change::staged(repo)?;
    Ok(ReviewTarget { change, parent: repo.head()?, title: "what is staged".to_owned() })
}

fn of_commit(repo: &Repo, commit: &Oid) -> Result<ReviewTarget> {
    let change = change::of_commit(repo, &repo.commit(commit)?)?;
    let title = format!("commit {}", commit.short());
    Ok(ReviewTarget { change, parent: Some(commit.clone()), title })
}

fn between(repo: &Repo, from: &Oid, to: &Oid) -> Result<ReviewTarget> {
    let change = change::between(repo, from, to)?;
    let title = format!("{}..{}", from.short(), to.short());
    Ok(ReviewTarget { change, parent: Some(to.clone()), title })
}
