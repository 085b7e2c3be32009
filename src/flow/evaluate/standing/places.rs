//! The places that are asked for a finding: HEAD and index of every work tree, and local branches.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::Result;
use jiff::Timestamp;

use crate::domain::gates::secrets::redact::mask_path;
use crate::domain::model::oid::Oid;
use crate::platform::git::repo::Repo;
use crate::platform::git::worktrees;

/// The most other work trees that are looked at.
const WORK_TREES_MAX: usize = 20;

/// A tree that may have a finding.
#[derive(Clone, Debug)]
pub struct AskedPlace {
    pub kind: PlaceKind,
    /// For people: `HEAD`, ``branch `x` ``.
    pub name: String,
    pub tree: Oid,
    /// The tree whose policy holds there.
    pub policy: Option<Oid>,
    /// The commit whose tree it is; of an index, the one that it stands on.
    pub commit: Option<Oid>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlaceKind {
    Head,
    Index,
    Branch,
}

/// What is checked out and staged, and where branches are.
pub struct AskedPlaces {
    work_trees: Vec<WorkTree>,
    /// By name, without `refs/heads/`.
    pub branches: BTreeMap<String, Oid>,
}

/// A work tree; of a bare repository what its HEAD names.
struct WorkTree {
    /// `None` for the one that was entered.
    top: Option<PathBuf>,
    head: Option<Oid>,
    branch: Option<String>,
    index: Option<(u64, SystemTime)>,
}

impl AskedPlaces {
    /// Looks at what costs little: no index is read.
    pub fn read(repo: &Repo) -> Result<Self> {
        let mut work_trees = vec![WorkTree::of(repo, None)?];
        let own = repo.work_tree.as_ref().and_then(|top| top.canonicalize().ok());
        let others = worktrees::list(&repo.common_dir);
        let others = others.into_iter().filter(|top| Some(top) != own.as_ref());
        for top in others.take(WORK_TREES_MAX) {
            // One that is damaged or gone has nothing.
            if let Some(other) = opened(repo, &top) {
                work_trees.extend(WorkTree::of(&other, Some(top)));
            }
        }
        let branches = repo.refs("refs/heads/")?.into_iter().filter_map(|(name, tip)| {
            // As the ledger names them.
            Some((mask_path(name.strip_prefix(b"refs/heads/")?).to_string(), tip))
        });
        Ok(Self { work_trees, branches: branches.collect() })
    }

    /// Equal where nothing moved, under the same policy, on the same day: an answer may end with a day.
    pub fn mark(&self, policy: &str, now: Timestamp) -> String {
        let mut hasher = blake3::Hasher::new();
        hasher.update(format!("{policy} {}", now.strftime("%F")).as_bytes());
        for one in &self.work_trees {
            hasher.update(
                format!("\n{:?} {:?} {:?} {:?}", one.top, one.head, one.branch, one.index)
                    .as_bytes(),
            );
        }
        for (name, tip) in &self.branches {
            hasher.update(format!("\n{name} {tip}").as_bytes());
        }
        hasher.finalize().to_hex()[..32].to_owned()
    }

    /// HEAD and index of every work tree, the entered one first; and whether an index could not be read,
    /// as while a merge has conflicts.
    pub fn checked_out(&self, repo: &Repo) -> Result<(Vec<AskedPlace>, bool)> {
        let (mut places, mut unread) = (Vec::new(), false);
        for one in &self.work_trees {
            let other = one.top.as_deref().map(|top| (top, opened(repo, top)));
            let (of, opened) = match &other {
                None => (String::new(), repo),
                Some((top, Some(other))) => (format!(" of `{}`", top.display()), other),
                Some((_, None)) => continue,
            };
            let head = one.head.as_ref().map(|head| repo.tree_of(head)).transpose()?;
            let index = opened.work_tree.as_ref().map(|_| opened.staged_tree());
            if let (Some(tree), Some(commit)) = (&head, &one.head) {
                places.push(AskedPlace {
                    kind: PlaceKind::Head,
                    name: format!("HEAD{of}"),
                    tree: tree.clone(),
                    policy: head.clone(),
                    commit: Some(commit.clone()),
                });
            }
            match index {
                Some(Ok(tree)) => places.push(AskedPlace {
                    kind: PlaceKind::Index,
                    name: format!("the index{of}"),
                    tree,
                    policy: head,
                    commit: one.head.clone(),
                }),
                Some(Err(_)) => unread = true,
                None => {}
            }
        }
        Ok((places, unread))
    }
}

impl WorkTree {
    fn of(repo: &Repo, top: Option<PathBuf>) -> Result<Self> {
        let index = std::fs::metadata(repo.git_dir.join("index")).ok();
        let index = index.and_then(|file| Some((file.len(), file.modified().ok()?)));
        Ok(Self { top, head: repo.head()?, branch: repo.branch().unwrap_or_default(), index })
    }
}

/// Another work tree of the same repository.
fn opened(repo: &Repo, top: &Path) -> Option<Repo> {
    let other = Repo::discover(top, None).ok()?;
    let real = |path: &Path| path.canonicalize().ok();
    (real(&other.common_dir) == real(&repo.common_dir)).then_some(other)
}
