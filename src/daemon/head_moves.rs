//! The commits that are made in the work trees, seen without any hook.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use bstr::ByteSlice as _;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::daemon::reflog;
use crate::daemon::reflog::{LogPosition, Made};
use crate::domain::model::oid::Oid;
use crate::platform::git::repo::Repo;
use crate::platform::git::worktrees;
use crate::platform::store;
use crate::platform::store::file::write_atomic;
use crate::platform::store::known_specs::Stamp;
use crate::platform::store::regular;
use crate::platform::store::regular::{LastLink, STATE};

/// The most commits that one move of HEAD counts for: a rebase of more is not reviewed anew.
const COMMITS_MAX: usize = 20;

/// How often a HEAD that has not moved although its log has is looked at again: git writes the log
/// first.
const LOOKS_MAX: u32 = 100;

/// The most commits among which those are looked for that were made.
const LISTED_MAX: usize = 10_000;

/// Where HEAD was in each work tree, and what has been done about it.
#[derive(Debug, Default)]
pub struct Heads {
    seen: BTreeMap<String, Seen>,
    looks: BTreeMap<String, u32>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Seen {
    /// Of the log of HEAD.
    #[serde(skip)]
    stamp: Option<Stamp>,
    head: Option<Oid>,
    /// How far the log of HEAD was read; `None` where there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    log: Option<LogPosition>,
}

/// What a look at a work tree's HEAD came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Moved {
    No,
    /// Its log was written and it has not moved yet.
    Soon,
    /// It moved. To be given to `settle` once everything is done about it.
    To(HeadMove),
}

/// A move of a HEAD.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeadMove {
    tree: String,
    seen: Seen,
    /// The commits that were made here, the oldest first.
    pub commits: Vec<Oid>,
    /// Older ones that were made here and are too many.
    pub left_out: Vec<Oid>,
}

impl Heads {
    pub fn load(state_dir: &Path) -> Self {
        let read = || serde_json::from_slice(&store::file::read(&file(state_dir)).ok()?).ok();
        Self { seen: read().unwrap_or_default(), looks: BTreeMap::new() }
    }

    pub fn save(&self, state_dir: &Path) -> Result<()> {
        write_atomic(&file(state_dir), &serde_json::to_vec(&self.seen)?)
    }

    /// Forgets the work trees that are gone.
    pub fn retain(&mut self, is_there: impl Fn(&str) -> bool) {
        self.seen.retain(|top, _| is_there(top));
    }

    /// Looks at a work tree's HEAD; costs one `stat` while nothing happens. Until `settle` the next
    /// look sees the same: what goes wrong in between loses no commit.
    pub fn look(&mut self, top: &Path, common_dir: &Path, now: Timestamp) -> Result<Moved> {
        let tree = top.to_string_lossy().into_owned();
        let log = log_of(top, common_dir);
        let stamp = Stamp::at(&log);
        let before = self.seen.get(&tree);
        if before.is_some_and(|seen| seen.stamp == stamp && stamp.is_some()) {
            return Ok(Moved::No);
        }
        let was_unborn = before.is_some_and(|seen| seen.head.is_none());
        if was_unborn && stamp.is_none() && is_unborn(&git_dir(top, common_dir), common_dir) {
            return Ok(Moved::No);
        }
        let text = match regular::read(&log, LastLink::Follow, STATE) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            other => other.with_context(|| format!("could not read `{}`", log.display()))?,
        };
        let repo = Repo::discover(top, None)?;
        let head = repo.head()?;
        if reflog::last(&text).is_some_and(|last| head.as_ref() != Some(&last)) {
            let looks = self.looks.entry(tree.clone()).or_default();
            *looks += 1;
            if *looks < LOOKS_MAX {
                return Ok(Moved::Soon);
            }
        }
        let seen = Seen { stamp, head: head.clone(), log: LogPosition::end_of(&text) };
        let made = match before {
            None => reflog::made_just_now(&text, now),
            Some(before) => reflog::made_since(&text, before.log.as_ref(), before.head.as_ref()),
        };
        let new = match (made, before) {
            (Some(made), _) => made_here(&repo, &made)?,
            // Without a log nothing tells what was made from what was checked out, but the time.
            (None, Some(before)) if before.head != head => young(&repo, before, head, now)?,
            (None, _) => Vec::new(),
        };
        let surplus = new.len().saturating_sub(COMMITS_MAX);
        let (left_out, commits) = new.split_at(surplus);
        let (left_out, commits) = (left_out.to_vec(), commits.to_vec());
        Ok(Moved::To(HeadMove { tree, seen, commits, left_out }))
    }

    /// Takes note of a move about which everything is done. Says whether it is worth keeping.
    pub fn settle(&mut self, moved: HeadMove) -> bool {
        self.looks.remove(&moved.tree);
        let before = self.seen.insert(moved.tree, moved.seen.clone());
        before.is_none_or(|before| (before.head, before.log) != (moved.seen.head, moved.seen.log))
    }
}

/// Those of the commits that were made here which are still on a branch or checked out, and which no
/// remote has: one that was amended is gone, and what a remote has is somebody else's affair. Merges
/// bring nothing of their own.
fn made_here(repo: &Repo, made: &[Made]) -> Result<Vec<Oid>> {
    if made.is_empty() {
        return Ok(Vec::new());
    }
    let is_made = |oid: &Oid| made.iter().any(|made| made.new == *oid);
    let older = made.iter().filter_map(|made| made.old.as_ref()).filter(|old| !is_made(old));
    let mut words = vec![
        "--no-merges".to_owned(),
        "--ignore-missing".to_owned(),
        format!("--max-count={LISTED_MAX}"),
        "HEAD".to_owned(),
        "--branches".to_owned(),
    ];
    words.extend(older.map(|old| format!("^{old}")));
    words.extend(["--not".to_owned(), "--remotes".to_owned()]);
    let mut there = repo.rev_list(&words)?;
    there.retain(is_made);
    Ok(there)
}

/// The commits that a HEAD without a log came to have and that are not older than its last look.
fn young(repo: &Repo, before: &Seen, head: Option<Oid>, now: Timestamp) -> Result<Vec<Oid>> {
    let Some(head) = head else { return Ok(Vec::new()) };
    let since = now.as_second().saturating_sub(reflog::FRESH_SECONDS);
    let mut words = vec!["--no-merges".to_owned(), format!("--since={since}"), head.to_string()];
    words.extend(before.head.as_ref().map(|since| format!("^{since}")));
    words.extend(["--not".to_owned(), "--remotes".to_owned()]);
    repo.rev_list(&words)
}

/// The folder in which git writes when HEAD moves.
pub fn log_folder(top: &Path, common_dir: &Path) -> PathBuf {
    git_dir(top, common_dir).join("logs")
}

/// The log of a work tree's HEAD.
pub fn log_of(top: &Path, common_dir: &Path) -> PathBuf {
    log_folder(top, common_dir).join("HEAD")
}

/// A linked work tree's `.git` is a file that names its own git directory.
fn git_dir(top: &Path, common_dir: &Path) -> PathBuf {
    let named = worktrees::dot_git(top).filter(|named| *named != top.join(".git"));
    named.unwrap_or_else(|| common_dir.to_owned())
}

/// Whether HEAD names a branch that has no commit, as far as that shows without opening the repository.
fn is_unborn(git_dir: &Path, common_dir: &Path) -> bool {
    let head = regular::read(&git_dir.join("HEAD"), LastLink::Follow, STATE).unwrap_or_default();
    let Some(branch) = head.strip_prefix(b"ref: ") else { return false };
    let Ok(branch) = branch.trim().to_path() else { return false };
    let places = [branch, Path::new("packed-refs"), Path::new("reftable")];
    places.iter().all(|place| !common_dir.join(place).exists())
}

fn file(state_dir: &Path) -> PathBuf {
    state_dir.join("heads.json")
}
