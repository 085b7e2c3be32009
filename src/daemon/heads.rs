//! The commits that are made in the work trees, seen without any hook.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;
use bstr::ByteSlice as _;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::model::oid::Oid;
use crate::platform::git::repo::Repo;
use crate::platform::store::file::write_atomic;
use crate::platform::store::known::Stamp;

/// The most commits that one move of HEAD counts for: a rebase of more is not reviewed anew.
const COMMITS_MAX: usize = 20;

/// A commit that is not older than this when a work tree is seen for the first time was made just
/// now: by the commit that started us.
const FRESH_SECONDS: i64 = 60;

/// How often a HEAD that has not moved although its log has is looked at again: git writes the log
/// first.
const LOOKS_MAX: u32 = 100;

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
}

/// What a look at a work tree's HEAD came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Moved {
    No,
    /// Its log was written and it has not moved yet.
    Soon,
    /// These commits are new, the oldest first.
    To(Vec<Oid>),
}

impl Heads {
    pub fn load(state_dir: &Path) -> Self {
        let read = || serde_json::from_slice(&fs::read(file(state_dir)).ok()?).ok();
        Self { seen: read().unwrap_or_default(), looks: BTreeMap::new() }
    }

    pub fn save(&self, state_dir: &Path) -> Result<()> {
        write_atomic(&file(state_dir), &serde_json::to_vec(&self.seen)?)
    }

    /// Forgets the work trees that are gone.
    pub fn retain(&mut self, is_there: impl Fn(&str) -> bool) {
        self.seen.retain(|top, _| is_there(top));
    }

    /// Looks at a work tree's HEAD; costs one `stat` while nothing happens.
    pub fn look(&mut self, top: &Path, common_dir: &Path, now: Timestamp) -> Result<Moved> {
        let key = top.to_string_lossy().into_owned();
        let log = log_of(top, common_dir);
        let stamp = Stamp::at(&log);
        let before = self.seen.get(&key);
        if before.is_some_and(|seen| seen.stamp == stamp && stamp.is_some()) {
            return Ok(Moved::No);
        }
        let repo = Repo::discover(top, None)?;
        let head = repo.head()?;
        let since = match before {
            Some(seen) => seen.head.clone(),
            None => match last_move(&log, now) {
                LastMove::CommitJustNow { before } => before,
                LastMove::Other => head.clone(),
            },
        };
        if since == head && before.is_some_and(|seen| seen.stamp.is_some()) && stamp.is_some() {
            let looks = self.looks.entry(key.clone()).or_default();
            *looks += 1;
            if *looks < LOOKS_MAX {
                return Ok(Moved::Soon);
            }
        }
        self.looks.remove(&key);
        self.seen.insert(key, Seen { stamp, head: head.clone() });
        let Some(head) = head.filter(|head| since.as_ref() != Some(head)) else {
            return Ok(Moved::No);
        };
        // What a remote has is somebody else's affair, and merges bring nothing of their own.
        let not = since.map(|since| format!("^{since}"));
        let count = format!("--max-count={COMMITS_MAX}");
        let mut words = vec!["--no-merges", &count, head.as_str()];
        words.extend(not.as_deref());
        words.extend(["--not", "--remotes"]);
        let new = repo.rev_list(&words)?;
        Ok(if new.is_empty() { Moved::No } else { Moved::To(new) })
    }
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
    let named = fs::read(top.join(".git")).ok().and_then(|text| {
        let path = text.strip_prefix(b"gitdir: ")?.trim_end().to_path().ok()?.to_owned();
        Some(top.join(path))
    });
    named.unwrap_or_else(|| common_dir.to_owned())
}

/// How a HEAD that is seen for the first time came to be where it is.
enum LastMove {
    /// By a commit, just now; where it was before, or `None` where that was the first one.
    CommitJustNow {
        before: Option<Oid>,
    },
    Other,
}

fn last_move(log: &Path, now: Timestamp) -> LastMove {
    let read = || -> Option<LastMove> {
        let text = fs::read(log).ok()?;
        let last = text.trim_end().lines().next_back()?;
        let tab = last.find_byte(b'\t')?;
        let (who, what) = (&last[..tab], &last[tab + 1..]);
        let old = Oid::parse(who.split_str(" ").next()?.to_str().ok()?).ok()?;
        let mut words = who.rsplit(|byte| *byte == b' ');
        let seconds: i64 = words.nth(1)?.to_str().ok()?.parse().ok()?;
        let just_now = now.as_second().saturating_sub(seconds) <= FRESH_SECONDS;
        (just_now && what.starts_with(b"commit"))
            .then(|| LastMove::CommitJustNow { before: (!old.is_zero()).then_some(old) })
    };
    read().unwrap_or(LastMove::Other)
}

fn file(state_dir: &Path) -> PathBuf {
    state_dir.join("heads.json")
}
