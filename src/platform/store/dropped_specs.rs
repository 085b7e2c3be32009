//! What was done by itself about specs that were saved, and who works on them.
//!
//! Who changes the mark of a spec holds the spec's lock. A process that builds a spec holds it, and a place
//! among those that may run at once, to its end: the kernel frees both.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::domain::model::error::hinted;
use crate::domain::pipeline::dropped::{ChangeMark, DropMark, VERSION};
use crate::platform::process::Identity;
use crate::platform::store::file;
use crate::platform::store::file::{set_aside_when_full, write_atomic};
use crate::platform::store::lock;
use crate::platform::store::lock::{Held, Wait};
use crate::platform::store::permissions;

const LOCK: &str = "lock-";
const WORKER: &str = "worker-";

/// A spec that nobody else works on as long as this is held.
#[derive(Debug)]
pub struct HeldSpec {
    state_dir: PathBuf,
    id: String,
    _lock: Held,
}

impl HeldSpec {
    /// Takes it; `None` where another process has it.
    pub fn take(state_dir: &Path, id: &str, wait: Wait) -> Result<Option<Self>> {
        let path = path_of(state_dir, LOCK, id, "");
        let lock = lock::take(&path, wait)
            .with_context(|| format!("could not lock `{}`", path.display()))?;
        let (state_dir, id) = (state_dir.to_owned(), id.to_owned());
        Ok(lock.map(|lock| Self { state_dir, id, _lock: lock }))
    }

    /// Keeps what was done about it.
    pub fn put(&self, mark: &DropMark) -> Result<()> {
        let path = path_of(&self.state_dir, "mark-", &self.id, ".json");
        write_atomic(&path, &serde_json::to_vec(mark)?)
    }
}

/// What was done about a spec.
pub fn mark(state_dir: &Path, id: &str) -> Result<Option<DropMark>> {
    read(&path_of(state_dir, "mark-", id, ".json"), |mark: &DropMark| mark.version)
}

/// What was done about its change during a run.
pub fn change(state_dir: &Path, id: &str) -> Result<Option<ChangeMark>> {
    read(&path_of(state_dir, "change-", id, ".json"), |change: &ChangeMark| change.version)
}

/// Keeps what was done about its change during a run. The watcher alone does.
pub fn put_change(state_dir: &Path, id: &str, change: &ChangeMark) -> Result<()> {
    write_new_content(&path_of(state_dir, "change-", id, ".json"), change)
}

/// Keeps which process works on a spec: the lock tells only who holds it, which the watcher does for moments.
pub fn put_worker(state_dir: &Path, id: &str, worker: &Identity) -> Result<()> {
    write_new_content(&path_of(state_dir, WORKER, id, ".json"), worker)
}

fn write_new_content<T: Serialize>(path: &Path, content: &T) -> Result<()> {
    write_atomic(path, &serde_json::to_vec(content)?)
}

/// A damaged file is as none: what it said is found out again.
fn read<T: DeserializeOwned>(path: &Path, version: impl Fn(&T) -> u32) -> Result<Option<T>> {
    let text = match file::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).context(format!("could not read `{}`", path.display())),
    };
    let read: Option<T> = serde_json::from_slice(&text).ok();
    if read.as_ref().is_some_and(|read| version(read) > VERSION) {
        return Err(hinted(
            format!("`{}` was written by a newer tribunal", path.display()),
            "install the newer tribunal; nothing is started by itself meanwhile",
        ));
    }
    Ok(read)
}

/// The process that works on a spec, or was just started to.
pub fn worker(state_dir: &Path, id: &str) -> Option<Identity> {
    let text = file::read(&path_of(state_dir, WORKER, id, ".json")).ok()?;
    serde_json::from_slice(&text).ok().filter(Identity::is_alive)
}

/// Every process that works on a spec.
pub fn workers(state_dir: &Path) -> Vec<Identity> {
    let entries = file::entries(&folder(state_dir)).into_iter().flatten();
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let of = |name: String| worker(state_dir, name.strip_prefix(WORKER)?.strip_suffix(".json")?);
    names.filter_map(of).collect()
}

/// A place among those that may run at once, until it is dropped; `None` where none of so many is free.
pub fn take_place(state_dir: &Path, places: usize) -> Result<Option<Held>> {
    for place in 0..places {
        let path = place_of(state_dir, place);
        let held = lock::take(&path, Wait::NONE)
            .with_context(|| format!("could not lock `{}`", path.display()))?;
        if held.is_some() {
            return Ok(held);
        }
    }
    Ok(None)
}

/// How many of so many places are free.
pub fn free_places(state_dir: &Path, places: usize) -> usize {
    (0..places).filter(|place| !lock::is_held(&place_of(state_dir, *place))).count()
}

fn place_of(state_dir: &Path, place: usize) -> PathBuf {
    folder(state_dir).join("places").join(place.to_string())
}

/// The log of the processes, which is to stay small.
pub fn log(state_dir: &Path) -> Result<File> {
    let path = folder(state_dir).join("log");
    set_aside_when_full(&path);
    permissions::open_append(&path)
        .with_context(|| format!("could not open the log `{}`", path.display()))
}

/// Where all of it is; the watcher looks at it.
pub fn folder(state_dir: &Path) -> PathBuf {
    state_dir.join("dropped")
}

/// Ids that differ in case alone are one id.
fn path_of(state_dir: &Path, kind: &str, id: &str, ending: &str) -> PathBuf {
    folder(state_dir).join(format!("{kind}{}{ending}", id.to_ascii_lowercase()))
}
