//! Finds commits and pushes that no hook saw: with `--no-verify`, by another program, with another
//! hooks folder.

use std::path::{Path, PathBuf};

use anyhow::Result;
use bstr::ByteSlice as _;

use crate::domain::model::notice::{Unseen, Warning};
use crate::domain::model::oid::Oid;
use crate::domain::model::push::{Receiver, Update};
use crate::flow::context::Context;
use crate::flow::evaluate::bypass;
use crate::flow::evaluate::passed_trees;
use crate::flow::evaluate::passed_trees::PassedCommits;
use crate::platform::git::reflog;
use crate::platform::git::reflog::Move;
use crate::platform::git::repo::Repo;
use crate::platform::store::file;

/// How much of a log is read: what is older was told before, or never will be.
const LOG_MAX: u64 = 16 * 1024;

/// How many commits one line names.
const NAMED_MAX: usize = 3;

/// Lines of `<commit> <git directory>`: where HEAD of each work tree was when a hook first ran there.
/// What is older was made before there were hooks.
const BEGINNINGS: &str = "hooked";

/// What a record names in place of a hook.
const COMMIT: &str = "commit";
const PUSH: &str = "push";

/// A commit that was made, or a tip that was pushed, past the hooks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastHooks {
    pub commit: Oid,
    /// For people: the commit, and where it is.
    pub place: String,
}

/// Tells which commits of this work tree went past the hooks since the last one that did not, and
/// records them; the first call in a work tree takes note of where it begins.
pub fn tell_commits(context: Context<'_>) -> Result<()> {
    let repo = context.repo;
    if beginning(repo)? == Beginning::Unknown {
        let head = repo.head()?.map_or_else(|| "-".to_owned(), |head| head.to_string());
        let line = format!("{head} {}", repo.git_dir.display());
        return file::append_line_bounded(&repo.state_dir().join(BEGINNINGS), &line);
    }
    let found = commits(repo)?;
    tell(context, Unseen::Commits, &found)
}

/// Tells which pushes to the refs that are pushed now went past the hooks, and records them.
pub fn tell_pushes(context: Context<'_>, receiver: &Receiver, updates: &[Update]) -> Result<()> {
    let Receiver::Remote(remote) = receiver else { return Ok(()) };
    let logs = updates.iter().filter_map(|update| {
        let branch = update.target.strip_prefix(b"refs/heads/")?;
        let name = format!("refs/remotes/{remote}/");
        Some(Path::new(&name).join(branch.to_path().ok()?))
    });
    let found = pushes(context.repo, logs)?;
    tell(context, Unseen::Pushes, &found)
}

/// The commits of this work tree that went past the hooks, newest first.
pub fn commits(repo: &Repo) -> Result<Vec<PastHooks>> {
    let beginning = match beginning(repo)? {
        Beginning::Unknown => return Ok(Vec::new()),
        Beginning::Unborn => None,
        Beginning::At(commit) => Some(commit),
    };
    let log = reflog::tail(&repo.git_dir.join("logs/HEAD"), LOG_MAX)?;
    let mut found = Vec::new();
    let mut known = None;
    for made in log.lines().rev().filter_map(reflog::parse) {
        if beginning.as_ref() == Some(&made.new) {
            break;
        }
        let Some(commit) = repo.objects.commit(&made.new)? else { continue };
        if !runs_hooks(&made, commit.parents.len()) {
            continue;
        }
        if passed_trees::holds(repo, &commit.tree) {
            break;
        }
        let known = known.get_or_insert_with(|| {
            (bypass::commits_of(repo, &[COMMIT]), bypass::commits_of(repo, &HOOKS_OF_COMMITS))
        });
        if known.0.contains(made.new.as_str()) {
            break;
        }
        // What was let through by a variable was recorded then, by the commit that it stands on.
        let base = made.old.as_ref().map_or("-", Oid::as_str);
        if !known.1.contains(base) {
            let subject = commit.message.lines().next().unwrap_or_default().to_str_lossy();
            let place = format!("{} `{subject}`", made.new.short());
            found.push(PastHooks { commit: made.new.clone(), place });
        }
    }
    Ok(found)
}

/// The hooks that see what is committed.
const HOOKS_OF_COMMITS: [&str; 2] = ["pre-commit", "pre-merge-commit"];

/// The pushes that last moved these tracking refs, where they went past the hooks.
fn pushes(repo: &Repo, refs: impl Iterator<Item = PathBuf>) -> Result<Vec<PastHooks>> {
    let mut found = Vec::new();
    let mut known = None;
    for name in refs {
        let log = reflog::tail(&repo.common_dir.join("logs").join(&name), LOG_MAX)?;
        let Some(last) = log.lines().next_back().and_then(reflog::parse) else { continue };
        if last.message != b"update by push" {
            continue;
        }
        let (passed, recorded) = known.get_or_insert_with(|| {
            (PassedCommits::load(repo), bypass::commits_of(repo, &[PUSH, "pre-push"]))
        });
        // Without a record of any push nothing is known of the pushes before.
        let is_known = passed.holds_tip(&last.new) || recorded.contains(last.new.as_str());
        if passed.has_tips() && !is_known {
            let place = format!("{} to {}", last.new.short(), name.display());
            found.push(PastHooks { commit: last.new.clone(), place });
        }
    }
    Ok(found)
}

/// Whether git runs `pre-commit` or `pre-merge-commit` for that move of HEAD: it does for neither a
/// rebase nor a cherry-pick.
fn runs_hooks(made: &Move<'_>, parents: usize) -> bool {
    let is_merge = made.message.starts_with(b"merge ") || made.message.starts_with(b"pull");
    made.message.starts_with(b"commit") || (is_merge && parents > 1)
}

/// Where HEAD of a work tree was when a hook first ran in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Beginning {
    /// No hook ran yet.
    Unknown,
    /// There was no commit.
    Unborn,
    At(Oid),
}

/// Where HEAD of this work tree was when a hook first ran in it.
pub fn beginning(repo: &Repo) -> Result<Beginning> {
    let text = match file::read_text(&repo.state_dir().join(BEGINNINGS)) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Ok(Beginning::Unknown);
        }
        text => text?,
    };
    let own = repo.git_dir.display().to_string();
    let of_tree = |line: &str| {
        let (commit, git_dir) = line.split_once(' ')?;
        (git_dir == own).then(|| Oid::parse(commit).map_or(Beginning::Unborn, Beginning::At))
    };
    Ok(text.lines().rev().find_map(of_tree).unwrap_or(Beginning::Unknown))
}

fn tell(context: Context<'_>, what: Unseen, found: &[PastHooks]) -> Result<()> {
    if found.is_empty() {
        return Ok(());
    }
    let named = found.iter().take(NAMED_MAX).map(|past| past.place.clone());
    let places: Vec<String> = named.collect();
    let more = found.len() - places.len();
    let all = format!("past the hooks: {}", places.join(", "));
    context.notify(Warning::PastHooks { what, places, more });
    let commits: Vec<Oid> = found.iter().map(|past| past.commit.clone()).collect();
    let kind = match what {
        Unseen::Commits => COMMIT,
        Unseen::Pushes => PUSH,
    };
    bypass::record(context, kind, &all, &commits)
}
