//! Changes, built from what git has: the index, a commit, a range, a whole tree.

use std::collections::HashMap;

use anyhow::Result;
use bstr::{BStr, BString, ByteSlice as _};

use crate::domain::model::change::{Change, FileChange, FileChangeKind};
use crate::domain::model::limits::MERGED_MAX;
use crate::domain::model::oid::Oid;
use crate::platform::git::diff;
use crate::platform::git::diff::TooMuch;
use crate::platform::git::object::Commit;
use crate::platform::git::repo::Repo;

/// What `git commit` is about to commit: the index that git named, against the checked-out commit.
///
/// With `--amend` git does not say so to the hook: the change is then the amendment alone.
pub fn staged(repo: &Repo) -> Result<Change> {
    let tree = repo.staged_tree()?;
    let head = repo.head()?;
    let base_tree = head.as_ref().map(|head| repo.tree_of(head)).transpose()?;
    of_trees(repo, head.as_ref(), base_tree, tree)
}

/// What a tree that nobody committed has beyond another one, on top of a commit.
pub fn of_trees(
    repo: &Repo,
    head: Option<&Oid>,
    base_tree: Option<Oid>,
    tree: Oid,
) -> Result<Change> {
    let (files, unlisted) = list(repo, base_tree.as_ref(), &tree)?;
    Ok(Change {
        key: key(head),
        base_tree,
        tree,
        commit: None,
        message: None,
        files,
        unlisted,
        tip_tree: None,
    })
}

/// One commit against its first parent. Of a merge, only the files that differ from every parent:
/// the others were checked where they come from.
pub fn of_commit(repo: &Repo, commit: &Commit) -> Result<Change> {
    let mut trees = Vec::new();
    for parent in &commit.parents {
        // A shallow clone lacks the parents of its oldest commits: the whole tree is checked.
        if let Some(parent) = repo.objects.commit(parent)? {
            trees.push(parent.tree);
        }
    }
    let base_tree = trees.first().cloned();
    let (mut files, mut unlisted) = list(repo, base_tree.as_ref(), &commit.tree)?;
    for other in trees.iter().skip(1) {
        let (differs, why) = list(repo, Some(other), &commit.tree)?;
        unlisted = unlisted.or(why);
        keep_differing(&mut files, differs);
    }
    Ok(Change {
        key: key(commit.parents.first()),
        base_tree,
        tree: commit.tree.clone(),
        commit: Some(commit.oid.clone()),
        message: Some(commit.message.clone()),
        files,
        tip_tree: None,
        unlisted,
    })
}

/// Keeps the files that differ from those of another commit of the merge too: what differs there is
/// given. Of those that are kept that commit's content is noted.
pub fn keep_differing(files: &mut Vec<FileChange>, differs: Vec<FileChange>) {
    let mut differs: HashMap<BString, FileChange> =
        differs.into_iter().map(|file| (file.path.clone(), file)).collect();
    files.retain_mut(|file| match differs.remove(&file.path) {
        Some(other) if other.new == file.new => {
            file.merged.extend(other.old.filter(|_| file.merged.len() < MERGED_MAX));
            true
        }
        _ => false,
    });
}

/// Everything between two commits as one change.
pub fn between(repo: &Repo, from: &Oid, to: &Oid) -> Result<Change> {
    let base_tree = Some(repo.tree_of(from)?);
    let commit = repo.commit(to)?;
    let (files, unlisted) = list(repo, base_tree.as_ref(), &commit.tree)?;
    Ok(Change {
        key: key(Some(from)),
        base_tree,
        tree: commit.tree,
        commit: Some(to.clone()),
        message: None,
        files,
        tip_tree: None,
        unlisted,
    })
}

/// Everything that a commit has beyond several others, as one change: what is in any of them is not new.
/// The first one's tree is the base.
pub fn beyond(repo: &Repo, bases: &[Oid], to: &Oid) -> Result<Change> {
    let Some((first, others)) = bases.split_first() else {
        let commit = repo.commit(to)?;
        let (files, unlisted) = list(repo, None, &commit.tree)?;
        return Ok(Change {
            files,
            unlisted,
            key: key(None),
            ..Change::at(Some(to.clone()), commit.tree)
        });
    };
    let mut change = between(repo, first, to)?;
    for other in others {
        let (differs, unlisted) = list(repo, Some(&repo.tree_of(other)?), &change.tree)?;
        change.unlisted = change.unlisted.or(unlisted);
        keep_differing(&mut change.files, differs);
    }
    Ok(change)
}

/// Every file of a tree, as if all of it were new; the policy is still read from that tree.
pub fn whole_tree(repo: &Repo, tree: &Oid) -> Result<Change> {
    let (files, unlisted) = list(repo, None, tree)?;
    Ok(Change {
        key: format!("tree:{tree}"),
        base_tree: Some(tree.clone()),
        tree: tree.clone(),
        commit: None,
        message: None,
        files,
        tip_tree: None,
        unlisted,
    })
}

/// Keeps the files at or below the given paths.
pub fn narrow(change: &mut Change, paths: &[BString]) {
    if !paths.is_empty() {
        change.files.retain(|file| paths.iter().any(|path| is_at(file, path.as_bstr())));
    }
}

/// Whether a file is at or below a path, or was before it was renamed. The empty path is the top.
pub fn is_at(file: &FileChange, path: &BStr) -> bool {
    let below = |file: &BString| {
        let rest = file.strip_prefix(path.as_bytes());
        path.is_empty() || rest.is_some_and(|rest| rest.is_empty() || rest[0] == b'/')
    };
    below(&file.path) || matches!(&file.kind, FileChangeKind::Renamed { from } if below(from))
}

fn key(base: Option<&Oid>) -> String {
    base.map_or_else(|| Change::ROOT.to_owned(), Oid::to_string)
}

/// The files that differ, or why they are not listed.
fn list(repo: &Repo, old: Option<&Oid>, new: &Oid) -> Result<(Vec<FileChange>, Option<String>)> {
    match diff::trees(&repo.objects, old, Some(new)) {
        Ok(files) => Ok((files, None)),
        Err(error) => {
            let too_much = error.downcast::<TooMuch>()?;
            Ok((Vec::new(), Some(format!("{too_much}: bring it in parts"))))
        }
    }
}
