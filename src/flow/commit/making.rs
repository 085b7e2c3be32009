//! Has the person's own git make a commit, with their hooks.

use std::collections::HashSet;

use anyhow::{Context as _, Result};
use bstr::{BString, ByteSlice as _};

use crate::domain::committing::result::CommitEnd;
use crate::domain::model::change::{FileChange, FileChangeKind};
use crate::domain::model::error::hinted;
use crate::domain::model::oid::Oid;
use crate::flow::commit::{PreparedCommit, refuse_locked};
use crate::flow::context::Context;
use crate::flow::review::request::Stopped;
use crate::platform::git::diff;
use crate::platform::git::own_index::IndexEntry;
use crate::platform::git::repo::Repo;
use crate::platform::process::Interrupts;

/// The message of a commit.
#[derive(Clone, Copy, Debug)]
pub enum CommitText<'a> {
    Given(&'a str),
    /// Git has it already.
    OfGit,
}

/// Makes the commit.
///
/// # Errors
///
/// Where what is staged, or what is checked out, is not what it was when it was looked at.
pub fn make(
    context: Context<'_>,
    prepared: &PreparedCommit<'_>,
    text: CommitText<'_>,
) -> Result<CommitEnd> {
    let repo = context.repo;
    let is_as_it_was = repo.head()? == prepared.head
        && (prepared.own.is_some() || repo.staged_tree()? == prepared.tree);
    if !is_as_it_was {
        return Err(hinted(
            "what is to be committed changed while it was looked at",
            "look at `git status`, and run it again",
        ));
    }
    refuse_locked(repo)?;
    let interrupts = Interrupts::listen().context("could not listen for signals")?;
    // Between the commit and the index nothing may end this: the next commit would take back what this one has.
    let signals = interrupts.defer();
    let mut git = repo.git_of_person().args(["commit", "--quiet"]);
    if let Some(own) = &prepared.own {
        git = git.env("GIT_INDEX_FILE", own.path());
    }
    let git = match text {
        CommitText::Given(text) => git.args(["-F", "-"]).stdin(text),
        // As an editor would leave it.
        CommitText::OfGit => git.args(["--no-edit", "--cleanup=strip"]),
    };
    let output = git.inherit_errors()?;
    let made = repo.head()?.filter(|head| prepared.head.as_ref() != Some(head));
    let Some(commit) = made else {
        if let Some(signal) = interrupts.received() {
            return Err(Stopped { run: String::new(), signal }.into());
        }
        return Ok(CommitEnd::Refused { said: output.stdout.trim().to_str_lossy().into_owned() });
    };
    let stale_index = match prepared.own {
        Some(_) => take_over(repo, prepared, &commit).err().map(|error| format!("{error:#}")),
        None => None,
    };
    drop(signals);
    Ok(CommitEnd::Made { commit, stale_index })
}

/// Has the person's index hold what was committed, and leaves what else is staged, and what was staged meanwhile.
fn take_over(repo: &Repo, prepared: &PreparedCommit<'_>, commit: &Oid) -> Result<()> {
    let tree = repo.tree_of(commit)?;
    let between = |old: Option<&Oid>, new: &Oid| diff::trees(&repo.objects, old, Some(new));
    let committed = places(&between(prepared.base_tree.as_ref(), &tree)?);
    let now = repo.staged_tree()?;
    let meanwhile = places(&between(Some(&prepared.index_tree), &now)?);
    let differs = between(Some(&now), &tree)?;
    let entries = differs.into_iter().flat_map(after);
    let entries: Vec<IndexEntry> =
        entries.filter(|(path, _)| committed.contains(path) && !meanwhile.contains(path)).collect();
    repo.set_in_index(&entries, &tree)
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
