//! What a work tree has, as objects in the folder of the run that reviews it: neither git nor anybody else
//! sees them, they are there when the run is continued, and go with it.

use std::cell::RefCell;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::domain::model::change::{Change, ChangePlace};
use crate::domain::model::error::hinted;
use crate::domain::model::notice::{Progress, Warning};
use crate::domain::model::oid::Oid;
use crate::domain::pipeline::result::ChangeNow;
use crate::domain::pipeline::run::Run;
use crate::flow::context::Context;
use crate::flow::evaluate::shown_text::shown_path;
use crate::flow::review::target::UNSTAGED;
use crate::platform::config::random;
use crate::platform::git::diff;
use crate::platform::git::object::Objects;
use crate::platform::git::repo::Repo;
use crate::platform::git::unstaged::ScratchObjects;
use crate::platform::git::work_tree;
use crate::platform::git::work_tree::WorkTreeTrees;
use crate::platform::store::file;
use crate::platform::store::runs;
use crate::platform::store::runs::RunFolder;

/// The folder of objects in that of a run.
const OBJECTS: &str = "objects";

/// How much the objects of runs that ended may take together, in bytes. They are kept to tell again what a
/// run was about: those of the newest.
const KEPT_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// What a work tree has, written for a review.
pub(super) struct WrittenWorkTree {
    /// The repository with the objects.
    pub repo: Repo,
    pub trees: WorkTreeTrees,
    id: String,
    /// The folder of the run that will be, until there is one: without one it goes.
    folder: RefCell<Option<RunFolder>>,
}

impl WrittenWorkTree {
    /// Writes what the work tree has at this moment.
    pub fn write(context: Context<'_>) -> Result<Self> {
        let repo = context.repo;
        if repo.work_tree.is_none() {
            return Err(hinted(
                "this repository is bare: it has no work tree",
                "run it in a clone with a work tree",
            ));
        }
        let id = random::id().to_string();
        let folder = RunFolder::create(&repo.state_dir(), &id)?;
        let objects = folder.path().join(OBJECTS);
        let written = work_tree::write_trees(repo, &objects)
            .and_then(|trees| Ok((trees, repo.with_objects(&objects)?)));
        let (trees, repo) = match written {
            Ok(written) => written,
            Err(error) => return folder.remove().and(Err(error)),
        };
        if !trees.said.is_empty() {
            context.notify(Warning::GitSaid { line: trees.said.join("; ") });
        }
        Ok(Self { repo, trees, id, folder: RefCell::new(Some(folder)) })
    }

    /// The id and the folder of the run that reviews it, for the first who asks.
    pub fn take(&self) -> Option<(String, RunFolder)> {
        Some((self.id.clone(), self.folder.take()?))
    }
}

impl Drop for WrittenWorkTree {
    fn drop(&mut self) {
        if let Some(Err(error)) = self.folder.take().map(RunFolder::remove) {
            tracing::warn!("{error:#}");
        }
    }
}

/// The repository with the objects of a run's own; `None` where the run has none.
pub(super) fn repo_of(repo: &Repo, run: &str) -> Result<Option<Repo>> {
    let objects = folder_of(&runs::folder(&repo.state_dir(), run));
    objects.map(|objects| repo.with_objects(&objects)).transpose()
}

/// Copies what a tree has of the objects of a run into the repository, where a ref will lead to it.
pub(super) fn adopt(repo: &Repo, run: &RunFolder, tree: &Oid) -> Result<()> {
    match folder_of(run.path()) {
        Some(objects) => work_tree::adopt(repo, &objects, tree),
        None => Ok(()),
    }
}

fn folder_of(run: &Path) -> Option<PathBuf> {
    Some(run.join(OBJECTS)).filter(|objects| objects.is_dir())
}

/// Removes what a killed process wrote for a run that never began, and the objects of all but the newest
/// runs, of those that nobody can continue: `is_over` tells.
pub(super) fn clean_up(
    state_dir: &Path,
    newest_first: &[String],
    is_over: impl Fn(&str) -> bool,
) -> Result<()> {
    for id in runs::folders(state_dir)? {
        // Whoever writes objects holds the folder until the run has a state.
        if folder_of(&runs::folder(state_dir, &id)).is_some()
            && !newest_first.contains(&id)
            && let Some(folder) = RunFolder::try_take(state_dir, &id)?
            && !folder.has_state()
        {
            folder.remove()?;
        }
    }
    let mut left = KEPT_BYTES_MAX;
    for id in newest_first {
        let Some(objects) = folder_of(&runs::folder(state_dir, id)) else { continue };
        let size = bytes_in(&objects)
            .with_context(|| format!("could not read `{}`", objects.display()))?;
        if let Some(rest) = left.checked_sub(size) {
            left = rest;
        } else if is_over(id)
            && let Some(_held) = RunFolder::try_take(state_dir, id)?
        {
            fs::remove_dir_all(&objects)
                .with_context(|| format!("could not remove `{}`", objects.display()))?;
        }
    }
    Ok(())
}

fn bytes_in(folder: &Path) -> io::Result<u64> {
    let mut bytes = 0;
    for entry in file::entries(folder)? {
        let entry = entry?;
        bytes += match entry.metadata()? {
            data if data.is_dir() => bytes_in(&entry.path())?,
            data => data.len(),
        };
    }
    Ok(bytes)
}

/// Tells which files of a change that nobody committed are not any more as a run reviewed them. Where a
/// commit was made meanwhile nothing is told: they are in it, or not.
pub(super) fn tell_changed_since(context: Context<'_>, run: &Run) {
    match changed_since(context.repo, run) {
        Ok(files) if files.is_empty() => {}
        Ok(files) => context.notify(Progress::ChangedSince { files }),
        Err(error) => tracing::warn!("{error:#}"),
    }
}

fn changed_since(repo: &Repo, run: &Run) -> Result<Vec<String>> {
    let head = repo.head()?;
    if head.as_ref().map_or(Change::ROOT, Oid::as_str) != run.about.change_key {
        return Ok(Vec::new());
    }
    let reviewed = &run.first_attempt().tree;
    match run.about.place {
        ChangePlace::Commits => Ok(Vec::new()),
        ChangePlace::Index => differing(&repo.objects, reviewed, &repo.staged_tree()?),
        ChangePlace::WorkTree => {
            let scratch = ScratchObjects::beside(repo)?;
            let trees = work_tree::write_trees(repo, &scratch.folder())?;
            differing(&scratch.objects, reviewed, &trees.tree)
        }
    }
}

/// How many commits are looked at for one that has what a run reviewed.
const COMMITS_MAX: usize = 200;

/// Where that is now which a run reviewed before it was committed.
pub(super) fn now_of(repo: &Repo, run: &Run) -> Result<ChangeNow> {
    if run.about.place == ChangePlace::Commits {
        return Ok(ChangeNow::AsReviewed);
    }
    let base = run.about.change_key.as_str();
    let key = |commit: Option<&Oid>| commit.map_or(Change::ROOT, Oid::as_str).to_owned();
    let mut next = repo.head()?;
    if key(next.as_ref()) == base {
        // What was not staged may be by now.
        let is_base = run.about.title != UNSTAGED
            || run.review_loop().base.as_ref() == Some(&repo.staged_tree()?);
        let is_same = is_base && changed_since(repo, run)?.is_empty();
        return Ok(if is_same { ChangeNow::AsReviewed } else { ChangeNow::Changed });
    }
    for _ in 0..COMMITS_MAX {
        let Some(oid) = next.filter(|oid| oid.as_str() != base) else { break };
        let commit = repo.commit(&oid)?;
        next = commit.parents.first().cloned();
        if commit.tree == run.first_attempt().tree && key(next.as_ref()) == base {
            return Ok(ChangeNow::Committed(oid));
        }
    }
    Ok(ChangeNow::Changed)
}

fn differing(objects: &Objects, reviewed: &Oid, now: &Oid) -> Result<Vec<String>> {
    let files = diff::trees(objects, Some(reviewed), Some(now))?;
    Ok(files.iter().map(|file| shown_path(&file.path)).collect())
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};

    use super::{KEPT_BYTES_MAX, OBJECTS, clean_up, folder_of};
    use crate::platform::store::runs;

    #[test]
    fn the_objects_of_the_newest_runs_are_kept_and_those_of_unfinished_ones() {
        let state = tempfile::tempdir().unwrap();
        let ids = ["e", "d", "c", "b", "a"].map(str::to_owned);
        for id in ids.iter().map(String::as_str).chain(["killed"]) {
            let objects = runs::folder(state.path(), id).join(OBJECTS);
            fs::create_dir_all(objects.join("12")).unwrap();
            let file = File::create(objects.join("12/34")).unwrap();
            file.set_len(KEPT_BYTES_MAX * 2 / 5).unwrap();
        }
        clean_up(state.path(), &ids, |id| id != "b").unwrap();
        let has = |id: &String| folder_of(&runs::folder(state.path(), id)).is_some();
        assert_eq!(ids.each_ref().map(has), [true, true, false, true, false]);
        assert!(runs::exists(state.path(), "a"), "the run itself stays");
        assert!(!runs::exists(state.path(), "killed"), "it never began");
    }
}
