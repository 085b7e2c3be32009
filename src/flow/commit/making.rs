//! Has the person's own git make a commit, with their hooks.

use anyhow::{Context as _, Result};
use bstr::ByteSlice as _;

use crate::domain::committing::result::CommitEnd;
use crate::domain::model::error::hinted;
use crate::domain::model::oid::Oid;
use crate::flow::commit::index_ahead::IndexAhead;
use crate::flow::commit::{PreparedCommit, refuse_locked};
use crate::flow::context::Context;
use crate::flow::review::request::Stopped;
use crate::platform::git::repo::Repo;
use crate::platform::process::Interrupts;

/// The message of a commit.
#[derive(Clone, Copy, Debug)]
pub enum CommitText<'a> {
    Given(&'a str),
    /// Git has it already.
    OfGit,
}

/// What to do where the index could not be written once git had ended.
pub const STAGES_LATER: &str =
    "`tribunal status` brings what is staged into line, once no other git command is at work";

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
    // What is begun with the index is brought to its end.
    let signals = interrupts.defer();
    let ahead = match &prepared.own {
        Some(_) => Some(IndexAhead::begin(repo, prepared)?),
        None => None,
    };
    let mut git = repo.git_of_person().args(["commit", "--quiet"]);
    if let Some(own) = &prepared.own {
        git = git.env("GIT_INDEX_FILE", own.path());
    }
    let git = match text {
        CommitText::Given(text) => git.args(["-F", "-"]).stdin(text),
        // As an editor would leave it.
        CommitText::OfGit => git.args(["--no-edit", "--cleanup=strip"]),
    };
    let output = git.inherit_errors();
    let Some(commit) = made(repo, prepared, output.as_ref().is_ok_and(|done| done.code() == 0))?
    else {
        let put_back = ahead.map_or(Ok(()), IndexAhead::put_back);
        let output = output?;
        put_back.map_err(|error| {
            let why =
                format!("nothing was committed, and what was to be is still staged: {error:#}");
            hinted(why, STAGES_LATER)
        })?;
        if let Some(signal) = interrupts.received() {
            return Err(Stopped { run: String::new(), signal }.into());
        }
        return Ok(CommitEnd::Refused { said: output.stdout.trim().to_str_lossy().into_owned() });
    };
    let taken = ahead.map_or(Ok(()), |ahead| ahead.committed(&commit));
    let stale_index = taken.err().map(|error| format!("{error:#}"));
    drop(signals);
    Ok(CommitEnd::Made { commit, stale_index })
}

/// The commit that git made, on which a hook may have made more. Where a hook before it replaced what was checked out, git has
/// refused.
fn made(repo: &Repo, prepared: &PreparedCommit<'_>, has_succeeded: bool) -> Result<Option<Oid>> {
    let Some(head) = repo.head()?.filter(|head| prepared.head.as_ref() != Some(head)) else {
        return Ok(None);
    };
    let is_next = repo.commit(&head)?.parents.first() == prepared.head.as_ref();
    Ok(Some(head).filter(|_| has_succeeded || is_next))
}
