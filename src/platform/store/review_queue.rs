//! The commits that wait for a review: one file each, so that nothing is lost by a kill.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, Result};

use crate::domain::model::oid::Oid;
use crate::domain::model::text::one_line;
use crate::platform::process::Identity;
use crate::platform::store::file;
use crate::platform::store::file::{set_aside_when_full, write_atomic, write_new};
use crate::platform::store::lock;
use crate::platform::store::lock::{Held, Wait};
use crate::platform::store::permissions;

/// The most commits that wait; after the import of a history not all of it is to be reviewed.
pub const PENDING_MAX: usize = 50;

/// How often a review that ends the program is begun.
const TRIES_MAX: u32 = 3;

/// For how long `status` tells of a commit that was left out.
const LEFT_OUT_TOLD: Duration = Duration::from_hours(14 * 24);

/// So many commits are remembered that failed, were left out, or were set aside.
const NOTED_MAX: usize = 500;

/// The proof that this process is the one that drains the queue.
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
    Pending,
    /// It could not be made, or is not tried any more: why.
    Failed(String),
}

/// What became of a request for a review.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Enqueued {
    Queued,
    /// Too many wait; it is named in `status` as one that was left out.
    LeftOut,
    /// It was tried too often; only a person asks for it.
    SetAside,
}

/// Puts a commit into the queue, unless it is there already.
pub fn enqueue(state_dir: &Path, commit: &Oid) -> Result<Enqueued> {
    if path_of(state_dir, "aside", commit).exists() {
        return Ok(Enqueued::SetAside);
    }
    let pending = pending(state_dir)?;
    if pending.contains(commit) {
        return Ok(Enqueued::Queued);
    }
    if pending.len() >= PENDING_MAX {
        leave_out(state_dir, commit)?;
        return Ok(Enqueued::LeftOut);
    }
    for part in ["failed", "left-out"] {
        file::remove_file(&path_of(state_dir, part, commit))?;
    }
    write_new(&path_of(state_dir, "waiting", commit), b"")?;
    Ok(Enqueued::Queued)
}

/// Notes a commit that is not reviewed because there are too many.
pub fn leave_out(state_dir: &Path, commit: &Oid) -> Result<()> {
    write_new(&path_of(state_dir, "left-out", commit), b"")?;
    prune(state_dir, "left-out")
}

/// The commits that were left out of late, the oldest first.
pub fn left_out(state_dir: &Path) -> Result<Vec<Oid>> {
    let mut noted = listed(state_dir, "left-out")?;
    noted.retain(|commit| {
        let time =
            fs::metadata(path_of(state_dir, "left-out", commit)).and_then(|at| at.modified());
        time.is_ok_and(|time| time.elapsed().map_or(true, |since| since < LEFT_OUT_TOLD))
    });
    Ok(noted)
}

/// The commits that are not tried any more, with the reason.
pub fn set_aside(state_dir: &Path) -> Result<Vec<(Oid, String)>> {
    let why = |commit: &Oid| file::read_text(&path_of(state_dir, "aside", commit));
    let listed = listed(state_dir, "aside")?;
    Ok(listed.into_iter().filter_map(|commit| Some((commit.clone(), why(&commit).ok()?))).collect())
}

/// The commits whose review could not be made, with the reason.
pub fn failed(state_dir: &Path) -> Result<Vec<(Oid, String)>> {
    let why = |commit: &Oid| file::read_text(&path_of(state_dir, "failed", commit));
    let listed = listed(state_dir, "failed")?;
    Ok(listed.into_iter().filter_map(|commit| Some((commit.clone(), why(&commit).ok()?))).collect())
}

/// Keeps a line that the person is told at the next commit or push.
pub fn keep_to_tell(state_dir: &Path, line: &str) -> Result<()> {
    file::append_line_bounded(&to_tell(state_dir), &one_line(line))
}

/// The lines that the person is to be told, the oldest first; each is given once. Where there are none
/// no file is there to be read.
pub fn take_to_tell(state_dir: &Path) -> Result<Vec<String>> {
    let path = to_tell(state_dir);
    let text = match file::read_text(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error).context(format!("could not read `{}`", path.display())),
    };
    file::remove_file(&path)?;
    Ok(text.lines().map(str::to_owned).collect())
}

fn to_tell(state_dir: &Path) -> PathBuf {
    folder(state_dir).join("to-tell")
}

/// What is next in the queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// A commit to review.
    Begun(Oid),
    /// One that was tried too often, and why it is not tried any more.
    SetAside(Oid, String),
}

/// The next commit in the queue, whose try counts from now on: a review that ends this process has been
/// tried all the same.
pub fn begin_next(state_dir: &Path) -> Result<Option<Next>> {
    let Some(commit) = pending(state_dir)?.into_iter().next() else { return Ok(None) };
    let tries = path_of(state_dir, "tries", &commit);
    let before = count(&tries);
    if before < TRIES_MAX {
        write_atomic(&tries, format!("{}\n", before + 1).as_bytes())?;
        return Ok(Some(Next::Begun(commit)));
    }
    let why = format!("its review was begun {before} times and ended the program each time");
    write_atomic(&path_of(state_dir, "aside", &commit), why.as_bytes())?;
    prune(state_dir, "aside")?;
    file::remove_file(&path_of(state_dir, "waiting", &commit))?;
    file::remove_file(&tries)?;
    Ok(Some(Next::SetAside(commit, why)))
}

/// Takes back a try that was stopped from outside: the commit waits on, and it does not count.
pub fn put_back(state_dir: &Path, commit: &Oid) -> Result<()> {
    let tries = path_of(state_dir, "tries", commit);
    match count(&tries) {
        0 | 1 => file::remove_file(&tries),
        more => write_atomic(&tries, format!("{}\n", more - 1).as_bytes()),
    }
}

fn count(tries: &Path) -> u32 {
    file::read_text(tries).ok().and_then(|text| text.trim().parse().ok()).unwrap_or(0)
}

/// The commits that wait, the oldest first.
pub fn pending(state_dir: &Path) -> Result<Vec<Oid>> {
    listed(state_dir, "waiting")
}

fn listed(state_dir: &Path, part: &str) -> Result<Vec<Oid>> {
    let folder = folder(state_dir).join(part);
    let entries = match file::entries(&folder) {
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
pub fn complete(state_dir: &Path, commit: &Oid, failure: Option<&str>) -> Result<()> {
    if let Some(why) = failure {
        write_atomic(&path_of(state_dir, "failed", commit), why.as_bytes())?;
        prune(state_dir, "failed")?;
    }
    file::remove_file(&path_of(state_dir, "waiting", commit))?;
    file::remove_file(&path_of(state_dir, "tries", commit))
}

/// Forgets that a commit failed, was left out or set aside: it has an answer now.
pub fn forget_failures(state_dir: &Path, commit: &Oid) -> Result<()> {
    ["failed", "left-out", "aside"]
        .iter()
        .try_for_each(|part| file::remove_file(&path_of(state_dir, part, commit)))
}

pub fn state(state_dir: &Path, commit: &Oid) -> State {
    if path_of(state_dir, "waiting", commit).exists() {
        return State::Pending;
    }
    ["aside", "failed"]
        .iter()
        .find_map(|part| file::read_text(&path_of(state_dir, part, commit)).ok())
        .map_or(State::Unknown, State::Failed)
}

/// Becomes the worker; `None` where another process is it.
pub fn become_worker(state_dir: &Path) -> Result<Option<Worker>> {
    let path = lock_of(state_dir);
    let lock = lock::take(&path, Wait::FOR_ITS_END)
        .with_context(|| format!("could not lock `{}`", path.display()))?;
    Ok(lock.map(|lock| Worker { _lock: lock }))
}

/// Whether a process drains the queue.
pub fn has_worker(state_dir: &Path) -> bool {
    worker(state_dir).is_some()
}

/// The process that drains the queue.
pub fn worker(state_dir: &Path) -> Option<Identity> {
    lock::holder(&lock_of(state_dir))
}

fn lock_of(state_dir: &Path) -> PathBuf {
    folder(state_dir).join("lock")
}

/// The log of the worker, which is to stay small.
pub fn log(state_dir: &Path) -> Result<File> {
    let path = folder(state_dir).join("log");
    set_aside_when_full(&path);
    permissions::open_append(&path)
        .with_context(|| format!("could not open the log `{}`", path.display()))
}

/// Forgets the oldest notes of a kind: they are for people, who read so many at most.
fn prune(state_dir: &Path, part: &str) -> Result<()> {
    let noted = listed(state_dir, part)?;
    let surplus = noted.len().saturating_sub(NOTED_MAX);
    noted[..surplus]
        .iter()
        .try_for_each(|commit| file::remove_file(&path_of(state_dir, part, commit)))
}

fn path_of(state_dir: &Path, part: &str, commit: &Oid) -> PathBuf {
    folder(state_dir).join(part).join(commit.as_str())
}

fn folder(state_dir: &Path) -> PathBuf {
    state_dir.join("reviews")
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests look at what was written")]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn oid(number: usize) -> Oid {
        Oid::parse(&format!("{number:040x}")).unwrap()
    }

    #[test]
    fn what_does_not_fit_is_remembered() {
        let folder = tempfile::tempdir().unwrap();
        let state_dir = folder.path();
        for number in 1..=PENDING_MAX {
            assert_eq!(enqueue(state_dir, &oid(number)).unwrap(), Enqueued::Queued);
        }
        let last = oid(PENDING_MAX + 1);
        assert_eq!(enqueue(state_dir, &last).unwrap(), Enqueued::LeftOut);
        assert_eq!(enqueue(state_dir, &oid(1)).unwrap(), Enqueued::Queued, "it waits already");
        assert_eq!(left_out(state_dir).unwrap(), std::slice::from_ref(&last));
        complete(state_dir, &oid(1), None).unwrap();
        assert_eq!(enqueue(state_dir, &last).unwrap(), Enqueued::Queued);
        assert_eq!(left_out(state_dir).unwrap(), []);
    }

    #[test]
    fn a_commit_is_tried_three_times_and_then_set_aside() {
        let folder = tempfile::tempdir().unwrap();
        let state_dir = folder.path();
        let commit = oid(1);
        enqueue(state_dir, &commit).unwrap();
        // One that is stopped from outside does not count.
        for _ in 0..5 {
            assert_eq!(begin_next(state_dir).unwrap(), Some(Next::Begun(commit.clone())));
            put_back(state_dir, &commit).unwrap();
        }
        for _ in 0..TRIES_MAX {
            assert_eq!(begin_next(state_dir).unwrap(), Some(Next::Begun(commit.clone())));
            put_back(state_dir, &commit).unwrap();
            assert_eq!(begin_next(state_dir).unwrap(), Some(Next::Begun(commit.clone())));
        }
        let next = begin_next(state_dir).unwrap();
        assert!(matches!(next, Some(Next::SetAside(of, _)) if of == commit));
        assert_eq!(begin_next(state_dir).unwrap(), None);
        assert_eq!(pending(state_dir).unwrap(), []);
        assert_eq!(set_aside(state_dir).unwrap()[0].0, commit);
        assert_eq!(enqueue(state_dir, &commit).unwrap(), Enqueued::SetAside);
        forget_failures(state_dir, &commit).unwrap();
        assert_eq!(enqueue(state_dir, &commit).unwrap(), Enqueued::Queued);
    }

    #[test]
    fn what_is_to_be_told_is_told_once() {
        let state = tempfile::tempdir().unwrap();
        assert_eq!(take_to_tell(state.path()).unwrap(), Vec::<String>::new());
        keep_to_tell(state.path(), "one\nline").unwrap();
        keep_to_tell(state.path(), "another").unwrap();
        assert_eq!(take_to_tell(state.path()).unwrap(), ["one line", "another"]);
        assert_eq!(take_to_tell(state.path()).unwrap(), Vec::<String>::new());
        assert!(!to_tell(state.path()).exists());
    }

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
