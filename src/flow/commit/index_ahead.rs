//! The person's index around a commit that is put together in another one. It has what is committed before git commits: so no
//! kill leaves an index that takes the commit back. Where there is no commit it is put back as it was.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use bstr::BString;
use serde::{Deserialize, Serialize};

use crate::domain::model::change::{FileChange, FileChangeKind};
use crate::domain::model::error::hinted;
use crate::domain::model::oid::Oid;
use crate::flow::commit::PreparedCommit;
use crate::platform::git::diff;
use crate::platform::git::own_index::{IndexEntry, OwnIndex};
use crate::platform::git::repo::Repo;
use crate::platform::git::unstaged::list_files;
use crate::platform::store::crash::save_point;
use crate::platform::store::file;
use crate::platform::store::lock;
use crate::platform::store::lock::InheritedLock;
use crate::platform::store::permissions;

/// What is known of the index while git commits, for who comes after a kill.
#[derive(Debug, Serialize, Deserialize)]
struct IndexRecord {
    /// What was checked out before the commit, and its tree; `None` before the first one.
    head: Option<Oid>,
    base_tree: Option<Oid>,
    /// What the index stood for when what is committed was chosen, what before git commits, and what meanwhile.
    seen: Oid,
    before: Oid,
    after: Oid,
    /// What it lists meanwhile, with its marks, as one number.
    listed: String,
    /// Whether there was an index.
    was_there: bool,
}

/// An index that has what is about to be committed.
pub(super) struct IndexAhead<'r> {
    repo: &'r Repo,
    record: IndexRecord,
    folder: PathBuf,
    _lock: InheritedLock,
}

/// What a command did to the index for one that was killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecoveredIndex {
    /// Git had not committed: it is as it was before.
    AsBefore,
    /// Git had committed: it has that.
    AsCommitted,
}

/// Each work tree has an index of its own.
fn folder(repo: &Repo) -> PathBuf {
    let of = blake3::hash(repo.git_dir.as_os_str().as_encoded_bytes()).to_hex();
    repo.state_dir().join("commit").join(&of[..16])
}

impl<'r> IndexAhead<'r> {
    /// Has the person's index hold what is to be committed, beside what else is staged.
    pub fn begin(repo: &'r Repo, prepared: &PreparedCommit<'_>) -> Result<Self> {
        let folder = folder(repo);
        permissions::make_dir(&folder)
            .with_context(|| format!("could not make `{}`", folder.display()))?;
        let place = folder.join("lock");
        let Some(lock) = lock::take_for_children(&place)? else {
            return Err(hinted(
                "another `tribunal commit` is at work here, or what it started",
                format!(
                    "wait until it ends, and run it again; where a hook started what stays, as a server, remove `{}`",
                    place.display()
                ),
            ));
        };
        let (head, base_tree) = (prepared.head.clone(), prepared.base_tree.clone());
        let own = OwnIndex::copy(repo)?;
        let copy = folder.join("index");
        file::remove_if_there(&copy)?;
        let was_there = own.keep(&copy)?;
        let (seen, before) = (prepared.index_tree.clone(), own.tree()?);
        let committed = places(&between(repo, base_tree.as_ref(), &prepared.tree)?);
        let since = places(&between(repo, Some(&seen), &before)?);
        let is_ours = |path: &BString| committed.contains(path) && !since.contains(path);
        let entries = entries(repo, &before, &prepared.tree, is_ours)?;
        own.set(&entries, &prepared.tree)?;
        let (after, listed) = (own.tree()?, own.listed()?);
        let record = IndexRecord { head, base_tree, seen, before, after, listed, was_there };
        file::write_atomic(&folder.join("record"), &serde_json::to_vec(&record)?)?;
        save_point();
        let ahead = Self { repo, record, folder, _lock: lock };
        if let Err(error) = repo.set_in_index(&entries, &prepared.tree) {
            ahead.put_back()?;
            return Err(error);
        }
        save_point();
        Ok(ahead)
    }

    /// Has it hold what was committed, where a hook changed that, and leaves what else is staged, and what was staged meanwhile.
    /// Where that fails, as while another git command holds it, the next command of the program does it.
    pub fn committed(self, commit: &Oid) -> Result<()> {
        save_point();
        take_over(self.repo, &self.record, commit)?;
        forget(&self.folder)
    }

    /// Has it as it was before, apart from what was staged meanwhile; where that fails, as [`Self::committed`].
    pub fn put_back(self) -> Result<()> {
        restore(self.repo, &self.record, &self.folder)?;
        forget(&self.folder)
    }
}

/// Brings the index into line with what became of a commit whose program was killed; `None` where there was none, or what it
/// started is still at work.
pub fn recover(repo: &Repo) -> Result<Option<RecoveredIndex>> {
    let folder = folder(repo);
    if !folder.join("record").exists() || repo.index_lock().symlink_metadata().is_ok() {
        return Ok(None);
    }
    let Some(_lock) = lock::take_for_children(&folder.join("lock"))? else { return Ok(None) };
    // Another command may have done it by now.
    let Ok(text) = file::read(&folder.join("record")) else { return Ok(None) };
    let Ok(record) = serde_json::from_slice::<IndexRecord>(&text) else {
        forget(&folder)?;
        return Ok(None);
    };
    // Whoever staged something else since is not met by this, nor who has conflicts by now.
    let has_conflicts = !list_files(repo.git(), &["--unmerged"])?.is_empty();
    let is_as_left = !has_conflicts && repo.staged_tree()? == record.after;
    let head = repo.head()?;
    let is_next = match &head {
        Some(head) if record.head != Some(head.clone()) => {
            repo.commit(head)?.parents.first() == record.head.as_ref()
        }
        _ => false,
    };
    let came = match head {
        Some(commit) if is_as_left && is_next => {
            take_over(repo, &record, &commit)?;
            Some(RecoveredIndex::AsCommitted)
        }
        head if is_as_left && head == record.head => {
            restore(repo, &record, &folder)?;
            Some(RecoveredIndex::AsBefore)
        }
        _ => None,
    };
    forget(&folder)?;
    Ok(came)
}

fn forget(folder: &Path) -> Result<()> {
    for name in ["record", "index"] {
        file::remove_if_there(&folder.join(name))?;
    }
    Ok(())
}

fn take_over(repo: &Repo, record: &IndexRecord, commit: &Oid) -> Result<()> {
    let tree = repo.tree_of(commit)?;
    let committed = places(&between(repo, record.base_tree.as_ref(), &tree)?);
    let now = repo.staged_tree()?;
    let mut meanwhile = places(&between(repo, Some(&record.seen), &record.before)?);
    meanwhile.extend(places(&between(repo, Some(&record.after), &now)?));
    let is_ours = |path: &BString| committed.contains(path) && !meanwhile.contains(path);
    repo.set_in_index(&entries(repo, &now, &tree, is_ours)?, &tree)
}

fn restore(repo: &Repo, record: &IndexRecord, folder: &Path) -> Result<()> {
    let now = repo.staged_tree()?;
    if now == record.before {
        return Ok(());
    }
    // Marks and files that are to be added are part of no tree.
    if now == record.after && repo.index_listed()? == record.listed {
        let copy = Some(folder.join("index")).filter(|_| record.was_there);
        return repo.replace_index(copy.as_deref());
    }
    let ours = places(&between(repo, Some(&record.before), &record.after)?);
    let meanwhile = places(&between(repo, Some(&record.after), &now)?);
    let is_ours = |path: &BString| ours.contains(path) && !meanwhile.contains(path);
    repo.set_in_index(&entries(repo, &now, &record.before, is_ours)?, &now)
}

fn between(repo: &Repo, old: Option<&Oid>, new: &Oid) -> Result<Vec<FileChange>> {
    diff::trees(&repo.objects, old, Some(new))
}

/// What makes an index that stands for one tree stand for the other, at some paths.
fn entries(
    repo: &Repo,
    from: &Oid,
    to: &Oid,
    is_wanted: impl Fn(&BString) -> bool,
) -> Result<Vec<IndexEntry>> {
    let differs = between(repo, Some(from), to)?;
    Ok(differs.into_iter().flat_map(after).filter(|(path, _)| is_wanted(path)).collect())
}

/// The paths of a change, those that it moves files from as well.
fn places(files: &[FileChange]) -> HashSet<BString> {
    files.iter().flat_map(|file| after(file.clone())).map(|(path, _)| path).collect()
}

fn after(file: FileChange) -> Vec<IndexEntry> {
    let gone = match file.kind {
        FileChangeKind::Renamed { from } => Some((from, None)),
        FileChangeKind::Added | FileChangeKind::Modified | FileChangeKind::Deleted => None,
    };
    gone.into_iter().chain([(file.path, file.new)]).collect()
}
