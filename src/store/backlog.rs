//! The commits that wait for a review: one file each, so that nothing is lost by a kill.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context as _, Result};

use crate::model::oid::Oid;
use crate::store::file::{write_atomic, write_new};
use crate::store::lock::{self, Held, Wait};

/// The most commits that wait; whoever imports a history does not want all of it reviewed.
const WAITING_MAX: usize = 50;

/// The proof that this process is the one that works the backlog off.
#[derive(Debug)]
pub struct Worker {
    _lock: Held,
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
    let path = lock_of(state_dir);
    let lock = lock::take(&path, Wait::FOR_ITS_END)
        .with_context(|| format!("could not lock `{}`", path.display()))?;
    Ok(lock.map(|lock| Worker { _lock: lock }))
}

/// Whether somebody works the backlog off.
pub fn is_worked_off(state_dir: &Path) -> bool {
    lock::is_held(&lock_of(state_dir))
}

fn lock_of(state_dir: &Path) -> PathBuf {
    folder(state_dir).join("lock")
}

/// The log of the worker.
pub fn log(state_dir: &Path) -> Result<File> {
    let folder = folder(state_dir);
    fs::create_dir_all(&folder)
        .and_then(|()| OpenOptions::new().create(true).append(true).open(folder.join("log")))
        .with_context(|| format!("could not open the log in `{}`", folder.display()))
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
