//! The places that are asked for a finding: HEAD, index and work tree of every work tree, and local
//! branches.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::Result;
use bstr::{BStr, BString, ByteSlice as _};
use jiff::Timestamp;

use crate::domain::gates::secrets::redact::mask_path;
use crate::domain::model::limits::BLOB_BYTES_MAX;
use crate::domain::model::oid::Oid;
use crate::platform::git::repo::Repo;
use crate::platform::git::unstaged;
use crate::platform::git::unstaged::{ScratchObjects, UnstagedFile, UnstagedListing};
use crate::platform::git::worktrees;

/// The most other work trees that are looked at.
const WORK_TREES_MAX: usize = 20;

/// How many files that are not staged are looked at in a work tree beside those that findings name, and
/// how much of them, in bytes.
const UNSTAGED_MAX: usize = 2_000;
const UNSTAGED_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// A tree that may have a finding.
#[derive(Clone, Debug)]
pub struct AskedPlace {
    pub kind: PlaceKind,
    /// For people: `HEAD`, ``branch `x` ``.
    pub name: String,
    pub tree: Oid,
    /// The tree whose policy holds there.
    pub policy: Option<Oid>,
    /// The commit whose tree it is; of an index and a work tree, the one that it stands on.
    pub commit: Option<Oid>,
    /// The files of a work tree that cannot be read.
    pub unread: BTreeSet<BString>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlaceKind {
    Head,
    Index,
    /// What is not staged: the tree that there would be once it is.
    WorkTree,
    Branch,
}

impl PlaceKind {
    /// Whether the tree is that of the place's commit.
    pub fn is_commit(self) -> bool {
        matches!(self, Self::Head | Self::Branch)
    }
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
    unstaged: Vec<UnstagedFile>,
}

/// What is checked out.
pub struct CheckedOut {
    /// HEAD, index and work tree of each, the entered one first.
    pub places: Vec<AskedPlace>,
    /// Whether something could not be read, as the index while a merge has conflicts.
    pub unread: bool,
}

impl AskedPlaces {
    /// Looks at what costs little: no content is read. `unstaged` is the list of what is not staged in the entered
    /// work tree, where it was begun.
    pub fn read(repo: &Repo, unstaged: Option<UnstagedListing>) -> Result<Self> {
        let mut work_trees = vec![WorkTree::of(repo, None, unstaged)?];
        let own = repo.work_tree.as_ref().and_then(|top| top.canonicalize().ok());
        let others = worktrees::list(&repo.common_dir);
        let others = others.into_iter().filter(|top| Some(top) != own.as_ref());
        for top in others.take(WORK_TREES_MAX) {
            // One that is damaged or gone has nothing.
            if let Some(other) = opened(repo, &top) {
                work_trees.extend(WorkTree::of(&other, Some(top), None));
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
            for file in &one.unstaged {
                let UnstagedFile { path, size, modified } = file;
                hasher.update(format!("\n{path:?} {size} {modified:?}").as_bytes());
            }
        }
        for (name, tip) in &self.branches {
            hasher.update(format!("\n{name} {tip}").as_bytes());
        }
        hasher.finalize().to_hex()[..32].to_owned()
    }

    /// Whether something is not staged: its objects need a place.
    pub fn has_unstaged(&self) -> bool {
        self.work_trees.iter().any(|one| !one.unstaged.is_empty())
    }

    /// HEAD, index and work tree of every work tree. `named` are the files that findings are about, which
    /// are looked at however much is not staged.
    pub fn checked_out(
        &self,
        repo: &Repo,
        scratch: Option<&ScratchObjects>,
        named: &BTreeSet<BString>,
    ) -> Result<CheckedOut> {
        let mut found = CheckedOut { places: Vec::new(), unread: false };
        for one in &self.work_trees {
            let other = one.top.as_deref().map(|top| (top, opened(repo, top)));
            let (of, opened) = match &other {
                None => (String::new(), repo),
                Some((top, Some(other))) => (format!(" of `{}`", top.display()), other),
                Some((_, None)) => continue,
            };
            let head = one.head.as_ref().map(|head| repo.tree_of(head)).transpose()?;
            let place = |kind, name: &str, tree: Oid| AskedPlace {
                kind,
                name: format!("{name}{of}"),
                tree,
                policy: head.clone(),
                commit: one.head.clone(),
                unread: BTreeSet::new(),
            };
            found.places.extend(head.clone().map(|tree| place(PlaceKind::Head, "HEAD", tree)));
            if opened.work_tree.is_none() {
                continue;
            }
            let Ok(tree) = opened.staged_tree() else {
                found.unread = true;
                continue;
            };
            found.places.push(place(PlaceKind::Index, "the index", tree));
            let (paths, unread) = one.worth_reading(opened, named);
            if let (Some(scratch), false) = (scratch, paths.is_empty() && unread.is_empty()) {
                // A filter of the person's may fail, as where its program is not there.
                match scratch.tree_with(opened, &paths) {
                    Ok(tree) => {
                        let place = place(PlaceKind::WorkTree, "the work tree", tree);
                        found.places.push(AskedPlace { unread, ..place });
                    }
                    Err(_) => found.unread = true,
                }
            }
        }
        Ok(found)
    }
}

impl WorkTree {
    fn of(repo: &Repo, top: Option<PathBuf>, unstaged: Option<UnstagedListing>) -> Result<Self> {
        let index = std::fs::metadata(repo.git_dir.join("index")).ok();
        let index = index.and_then(|file| Some((file.len(), file.modified().ok()?)));
        let (head, branch) = (repo.head()?, repo.branch().unwrap_or_default());
        let unstaged = unstaged.map_or_else(|| unstaged::list(repo), |begun| begun.end(repo))?;
        Ok(Self { top, head, branch, index, unstaged })
    }

    /// The files to look at of what is not staged, and those that cannot be read.
    fn worth_reading(
        &self,
        repo: &Repo,
        named: &BTreeSet<BString>,
    ) -> (Vec<&BStr>, BTreeSet<BString>) {
        // On record the secret of a name is masked.
        let is_named =
            |file: &&UnstagedFile| named.contains(&file.path) || mask_path(&file.path) != file.path;
        let (mut chosen, rest): (Vec<_>, Vec<_>) = self.unstaged.iter().partition(is_named);
        let mut left = UNSTAGED_BYTES_MAX;
        chosen.extend(rest.into_iter().take(UNSTAGED_MAX).take_while(|file| {
            let fits = left.checked_sub(file.size);
            left = fits.unwrap_or_default();
            fits.is_some()
        }));
        let (open, closed): (Vec<_>, Vec<_>) = chosen
            .into_iter()
            .partition(|file| file.size <= BLOB_BYTES_MAX && file.is_readable(repo));
        let paths = open.into_iter().map(|file| file.path.as_bstr()).collect();
        (paths, closed.into_iter().map(|file| file.path.clone()).collect())
    }
}

/// Another work tree of the same repository.
fn opened(repo: &Repo, top: &Path) -> Option<Repo> {
    let other = Repo::discover(top, None).ok()?;
    let real = |path: &Path| path.canonicalize().ok();
    (real(&other.common_dir) == real(&repo.common_dir)).then_some(other)
}
