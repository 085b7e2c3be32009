//! The request for a review, and its target: the change that a range names.

use std::collections::HashSet;
use std::path::PathBuf;

use anyhow::{Result, bail};

use crate::domain::gates::secrets::redact;
use crate::domain::model::change::{Change, ChangePlace, FileMode};
use crate::domain::model::error::hinted;
use crate::domain::model::fence::visible_path;
use crate::domain::model::oid::Oid;
use crate::domain::model::text::counted;
use crate::domain::pipeline::run::{Run, SpecCopy};
use crate::platform::git::change;
use crate::platform::git::diff;
use crate::platform::git::lazy_fetch::{deepen, fetch_missing};
use crate::platform::git::object::Commit;
use crate::platform::git::push::history;
use crate::platform::git::push::history::{KnownHistory, KnownRefs, new_commits};
use crate::platform::git::push::is_shallow;
use crate::platform::git::repo::Repo;
use crate::platform::git::work_tree::WorkTreeTrees;

/// The title of what the work tree has beyond what is staged.
pub(super) const UNSTAGED: &str = "what is not staged";

/// Where the default branch of a repository is looked for, the likeliest first.
pub const DEFAULT_BRANCHES: [&str; 5] = [
    "refs/remotes/origin/HEAD",
    "refs/remotes/origin/main",
    "refs/remotes/origin/master",
    "refs/heads/main",
    "refs/heads/master",
];

/// The request for a review.
#[derive(Clone, Debug)]
pub struct ReviewRequest {
    pub range: ReviewRange,
    /// The file that says what the change must do.
    pub spec: Option<PathBuf>,
    /// Fix the findings.
    pub fix: bool,
    /// The ids of those that are to be fixed; empty for all that stop the change.
    pub chosen: Vec<String>,
    /// Ask again, also where the same question was answered before.
    pub fresh: bool,
    /// What the reviewer is to mind beside; empty where nothing.
    pub note: String,
    /// Where the run of a spec asks for it.
    pub of_task: Option<TaskReviewRequest>,
}

/// The review of what the run of a spec built.
#[derive(Clone, Debug)]
pub struct TaskReviewRequest {
    /// The id that the review's run gets: after a kill it is found by it.
    pub id: String,
    /// The id of the spec's run, with which it shares a budget.
    pub parent: String,
    pub spec: SpecCopy,
    /// Whether what is found is fixed.
    pub fix: bool,
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
    /// What the work tree has beyond what is staged.
    Unstaged,
    /// What the work tree has beyond HEAD.
    WorkTree,
    /// A commit against its first parent.
    Commit(Oid),
    /// What a commit has beyond these.
    Beyond {
        bases: Vec<Oid>,
        to: Oid,
    },
}

/// The change under review.
#[derive(Clone, Debug)]
pub struct ReviewTarget {
    pub change: Change,
    /// The commit that a fix builds on; of a staged change, HEAD.
    pub parent: Option<Oid>,
    /// What it is compared with, where that is commits.
    pub bases: Vec<Oid>,
    /// For people: `what is staged`, `commit 0123456789`.
    pub title: String,
    pub place: ChangePlace,
}

impl ReviewTarget {
    /// The paths of the change, as shown to people and models.
    pub fn paths(&self) -> Vec<String> {
        self.change.files.iter().map(|file| visible_path(&redact::mask_path(&file.path))).collect()
    }
}

/// The change that a run reviews.
pub fn of_run(repo: &Repo, run: &Run) -> Result<ReviewTarget> {
    let review = run.review_loop();
    let change = change_of_attempt(repo, run, review.base.as_ref(), 0)?;
    Ok(ReviewTarget {
        change,
        parent: review.head.clone(),
        bases: Vec::new(),
        title: run.about.title.clone(),
        place: run.about.place,
    })
}

/// The change from a tree to an attempt of a run.
pub fn change_of_attempt(
    repo: &Repo,
    run: &Run,
    from: Option<&Oid>,
    attempt: usize,
) -> Result<Change> {
    let attempt = &run.review_loop().attempts[attempt];
    Ok(Change {
        key: run.about.change_key.clone(),
        base_tree: from.cloned(),
        tree: attempt.tree.clone(),
        commit: attempt.commit.clone(),
        message: None,
        files: diff::trees(&repo.objects, from, Some(&attempt.tree))?,
        tip_tree: None,
        unlisted: None,
    })
}

/// Reads the change that a range names. The content of its files is here then.
pub fn resolve(repo: &Repo, range: &ReviewRange) -> Result<ReviewTarget> {
    let target = list(repo, range)?;
    fetch_contents(repo, &target.change)?;
    Ok(target)
}

/// Lists the change that a range names.
pub fn list(repo: &Repo, range: &ReviewRange) -> Result<ReviewTarget> {
    let target = match range {
        ReviewRange::Staged => staged(repo),
        ReviewRange::Commit(commit) => of_commit(repo, commit),
        ReviewRange::Beyond { bases, to } => beyond(repo, bases, to),
        ReviewRange::Auto => auto(repo),
        ReviewRange::Unstaged | ReviewRange::WorkTree => {
            bail!("nothing wrote what the work tree has")
        }
    }?;
    listed(target)
}

/// What a work tree has, as it was written, beyond what is staged or beyond HEAD.
pub fn of_work_tree(
    repo: &Repo,
    range: &ReviewRange,
    trees: &WorkTreeTrees,
) -> Result<ReviewTarget> {
    let head = repo.head()?;
    let (base, title) = match range {
        ReviewRange::Unstaged => {
            let Some(staged) = &trees.staged else {
                let named = trees.conflicts.iter().map(|path| visible_path(path));
                return Err(hinted(
                    format!(
                        "`{}` has unresolved conflicts",
                        named.collect::<Vec<_>>().join("`, `")
                    ),
                    "`tribunal review --worktree` reviews it as it is in the work tree",
                ));
            };
            (Some(staged.clone()), UNSTAGED)
        }
        _ => (head.as_ref().map(|head| repo.tree_of(head)).transpose()?, "what is not committed"),
    };
    let change = change::of_trees(repo, head.as_ref(), base, trees.tree.clone())?;
    let (title, place) = (title.to_owned(), ChangePlace::WorkTree);
    fetch_contents(repo, &change)?;
    listed(ReviewTarget { change, parent: head, bases: Vec::new(), title, place })
}

/// A change whose files are listed: of another one nothing is known.
fn listed(target: ReviewTarget) -> Result<ReviewTarget> {
    if let Some(reason) = &target.change.unlisted {
        bail!("the change cannot be reviewed: {reason}");
    }
    Ok(target)
}

fn auto(repo: &Repo) -> Result<ReviewTarget> {
    if repo.work_tree.is_some() {
        let target = staged(repo)?;
        if !target.change.files.is_empty() {
            return Ok(target);
        }
    }
    let head = repo.head()?.ok_or_else(|| {
        let hint =
            "`git add` what is to be reviewed, or review all with `tribunal review --worktree`";
        hinted("there is no commit yet, and nothing is staged", hint)
    })?;
    let bases = unpublished_from(repo, &head)?;
    if bases.is_empty() { of_commit(repo, &head) } else { beyond(repo, &bases, &head) }
}

/// What a branch stands on: what any remote has; where that is all of it, or there is no remote, where
/// it left the default branch. Empty where that tells nothing new.
fn unpublished_from(repo: &Repo, head: &Oid) -> Result<Vec<Oid>> {
    let tips = repo.remote_tips()?;
    if !tips.is_empty() {
        let refs = KnownRefs::Remotes(tips);
        let known = KnownHistory { commits: HashSet::new(), refs };
        let new = new_commits(repo, std::slice::from_ref(head), &known)?;
        if !new.is_empty() {
            return history::bases(repo, &new);
        }
    }
    for name in DEFAULT_BRANCHES {
        if let Some(tip) = repo.tip(name)?
            && let Some(base) = repo.merge_base(&tip, head)?.filter(|base| base != head)
        {
            return Ok(vec![base]);
        }
    }
    Ok(Vec::new())
}

/// Where a commit left the histories of others: the newest of the commits that it shares with each.
/// `name` is the person's word for them.
pub fn bases(repo: &Repo, others: &[Oid], to: &Oid, name: &str) -> Result<Vec<Oid>> {
    let mut found = Vec::new();
    for other in others {
        found.extend(repo.merge_base(other, to)?);
    }
    if !found.is_empty() {
        return history::newest(repo, &found);
    }
    let reason = format!("`{name}` and `{}` have no history in common here", to.short());
    Err(if is_shallow(repo) {
        hinted(reason, "this clone is shallow: `git fetch --unshallow` fetches the rest")
    } else {
        hinted(reason, "`--commit` reviews one commit")
    })
}

/// Why it cannot be told what commits bring: the history below them is not here.
pub fn missing_history(repo: &Repo, bases: &[Oid], new: &[Oid]) -> Result<Option<String>> {
    let mut missing = false;
    for base in bases {
        missing = missing || repo.objects.header(base)?.is_none();
    }
    let has_root = || -> Result<bool> {
        let Some(oldest) = new.first() else { return Ok(false) };
        Ok(repo.commit(oldest)?.parents.is_empty())
    };
    if !missing && (!bases.is_empty() || has_root()?) {
        return Ok(None);
    }
    Ok(Some(
        "the history below the new commits is not in this clone (hint: `git fetch --unshallow`)"
            .to_owned(),
    ))
}

fn staged(repo: &Repo) -> Result<ReviewTarget> {
    let change = change::staged(repo)?;
    let title = "what is staged".to_owned();
    let (parent, place) = (repo.head()?, ChangePlace::Index);
    Ok(ReviewTarget { change, parent, bases: Vec::new(), title, place })
}

fn of_commit(repo: &Repo, commit: &Oid) -> Result<ReviewTarget> {
    let found = repo.commit(commit)?;
    let is_here = has_parents(repo, &found)? || (deepen(repo)? && has_parents(repo, &found)?);
    if !is_here {
        // Without its parent all of the tree would count as the change.
        return Err(hinted(
            format!("what commit {} was made from is not in this clone", commit.short()),
            "it is shallow: `git fetch --unshallow` fetches the rest",
        ));
    }
    let change = change::of_commit(repo, &found)?;
    let title = format!("commit {}", commit.short());
    let (parent, place) = (Some(commit.clone()), ChangePlace::Commits);
    Ok(ReviewTarget { change, parent, bases: Vec::new(), title, place })
}

fn has_parents(repo: &Repo, commit: &Commit) -> Result<bool> {
    for parent in &commit.parents {
        if repo.objects.header(parent)?.is_none() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Fetches the contents of a change that a partial clone left out; none in a hook.
pub fn fetch_contents(repo: &Repo, change: &Change) -> Result<()> {
    let mut missing = Vec::new();
    for file in &change.files {
        for entry in file.old.iter().chain(&file.new).chain(&file.merged) {
            if entry.mode != FileMode::Submodule && repo.objects.header(&entry.oid)?.is_none() {
                missing.push(entry.oid.clone());
            }
        }
    }
    if !missing.is_empty() && !fetch_missing(repo, &missing)? {
        return Err(hinted(
            format!(
                "{} of the change are not in this partial clone",
                counted(missing.len(), "file")
            ),
            "`git fetch --refetch --filter=blob:limit=10m` fetches them; or review where all is here",
        ));
    }
    Ok(())
}

fn beyond(repo: &Repo, bases: &[Oid], to: &Oid) -> Result<ReviewTarget> {
    let change = change::beyond(repo, bases, to)?;
    let from: Vec<&str> = bases.iter().map(Oid::short).collect();
    let title = format!("{}..{}", from.join(","), to.short());
    let (parent, place) = (Some(to.clone()), ChangePlace::Commits);
    Ok(ReviewTarget { change, parent, bases: bases.to_vec(), title, place })
}
