//! The commits that wait for a review: one file each, so that nothing is lost by a kill.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context as _, Result};
use fs2::FileExt as _;

use crate::domain::model::oid::Oid;
use crate::platform::store::file::{set_aside_when_full, write_atomic, write_new};
use crate::platform::store::share;

/// The most commits that wait; whoever imports a history does not want all of it reviewed.
const WAITING_MAX: usize = 50;

/// The proof that this process is the one that works the backlog off.
#[derive(Debug)]
pub struct Worker {
    _lock: File,
}

/// What is known of the review of a commit that has no receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Nobody asked for it.
    Unknown,
    /// It waits, or is under way.
    Waiting,
    /// It could not be made: why.
    Failed(String),
}

/// Has a commit reviewed, unless it waits already. `false` where too many wait.
pub fn want(state_dir: &Path, commit: &Oid) -> Result<bool> {
    if waiting(state_dir)?.len() >= WAITING_MAX {
        return Ok(false);
    }
    forget_failure(state_dir, commit)?;
    write_new(&folder(state_dir).join("waiting").join(commit.as_str()), b"")?;
    Ok(true)
}

/// The commits that wait, the oldest first.
pub fn waiting(state_dir: &Path) -> Result<Vec<Oid>> {
    let folder = folder(state_dir).join("waiting");
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error).context(format!("could not read `{}`", folder.display())),
    };
    let mut found: Vec<(SystemTime, Oid)> = entries
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let commit = Oid::parse(entry.file_name().to_str()?).ok()?;
            Some((entry.metadata().ok()?.modified().ok()?, commit))
        })
        .collect();
    found.sort();
    Ok(found.into_iter().map(|(_, commit)| commit).collect())
}

/// Takes a commit out, with the reason where its review could not be made.
pub fn done(state_dir: &Path, commit: &Oid, failure: Option<&str>) -> Result<()> {
    if let Some(why) = failure {
        let path = folder(state_dir).join("failed").join(commit.as_str());
        write_atomic(&path, why.as_bytes())?;
    }
    remove(&folder(state_dir).join("waiting").join(commit.as_str()))
}

pub fn state(state_dir: &Path, commit: &Oid) -> State {
    if folder(state_dir).join("waiting").join(commit.as_str()).exists() {
        return State::Waiting;
    }
    match fs::read_to_string(folder(state_dir).join("failed").join(commit.as_str())) {
        Ok(why) => State::Failed(why),
        Err(_) => State::Unknown,
    }
}

/// Becomes the worker; `None` where another process is it.
pub fn work(state_dir: &Path) -> Result<Option<Worker>> {
    let folder = folder(state_dir);
    let take = || -> io::Result<Option<File>> {
        let lock = share::open_append(&folder.join("lock"))?;
        match lock.try_lock_exclusive() {
            Ok(()) => Ok(Some(lock)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error),
        }
    };
    let lock = take().with_context(|| format!("could not lock `{}`", folder.display()))?;
    Ok(lock.map(|lock| Worker { _lock: lock }))
}

/// Whether somebody works the backlog off.
pub fn is_worked_off(state_dir: &Path) -> bool {
    let lock = File::open(folder(state_dir).join("lock"));
    lock.is_ok_and(|lock| fs2::FileExt::try_lock_shared(&lock).is_err())
}

/// The log of the worker, which is to stay small.
pub fn log(state_dir: &Path) -> Result<File> {
    let path = folder(state_dir).join("log");
    set_aside_when_full(&path);
    share::open_append(&path)
        .with_context(|| format!("could not open the log `{}`", path.display()))
}

fn forget_failure(state_dir: &Path, commit: &Oid) -> Result<()> {
    remove(&folder(state_dir).join("failed").join(commit.as_str()))
}

fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("could not remove `{}`", path.display()))
        }
        _ => Ok(()),
    }
}

fn folder(state_dir: &Path) -> PathBuf {
    state_dir.join("reviews")
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write as _;

    use super::{folder, log};

    #[test]
    fn the_workers_log_stays_small() {
        let state = tempfile::tempdir().unwrap();
        log(state.path()).unwrap().write_all(&vec![b'x'; 1024 * 1024]).unwrap();
        log(state.path()).unwrap().write_all(b"new").unwrap();
        let log_file = folder(state.path()).join("log");
        assert_eq!(fs::read(&log_file).unwrap(), b"new");
        assert_eq!(fs::metadata(log_file.with_extension("1")).unwrap().len(), 1024 * 1024);
    }
}
