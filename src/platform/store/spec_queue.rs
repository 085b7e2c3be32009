//! The specs that wait for a run: one file each, so that a new version takes the old one's place.

use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::model::error::hinted;
use crate::platform::store::file;
use crate::platform::store::file::write_atomic;

/// The format that this program writes.
const VERSION: u32 = 1;

/// A spec that waits for a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Queued {
    pub version: u32,
    pub id: String,
    /// BLAKE3 of the content that was accepted: a run must find the same.
    pub hash: String,
    /// From the top of the work tree.
    #[serde(with = "crate::domain::model::path")]
    pub path: PathBuf,
    #[serde(with = "crate::domain::model::path")]
    pub worktree: PathBuf,
    /// `S`, `M` or `L`.
    pub size: String,
    pub since: Timestamp,
}

impl Queued {
    pub fn new(
        id: &str,
        hash: &str,
        path: &Path,
        worktree: &Path,
        size: &str,
        since: Timestamp,
    ) -> Self {
        Self {
            version: VERSION,
            id: id.to_owned(),
            hash: hash.to_owned(),
            path: path.to_owned(),
            worktree: worktree.to_owned(),
            size: size.to_owned(),
            since,
        }
    }
}

/// Queues a spec in the place of any other version of it. Again: changes nothing. An entry that a newer
/// program wrote is an error and stays as it is.
pub fn put(state_dir: &Path, queued: &Queued) -> Result<()> {
    let path = file_of(state_dir, &queued.id);
    refuse_newer(&path)?;
    if get(state_dir, &queued.id)
        .is_some_and(|there| there.hash == queued.hash && there.path == queued.path)
    {
        return Ok(());
    }
    write_atomic(&path, &serde_json::to_vec(queued)?)
}

/// What waits under that id, whatever its case; `None` also where it cannot be read.
pub fn get(state_dir: &Path, id: &str) -> Option<Queued> {
    read(&file_of(state_dir, id)).ok()
}

/// Takes a spec out of the queue; one that is not in it is no error.
pub fn remove(state_dir: &Path, id: &str) -> Result<()> {
    let path = file_of(state_dir, id);
    refuse_newer(&path)?;
    file::remove_file(&path)
}

/// All that waits, by id. A file that cannot be read is left where it is and left out.
pub fn list(state_dir: &Path) -> Result<Vec<Queued>> {
    let folder = folder(state_dir);
    let entries = match file::entries(&folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => {
            other.with_context(|| format!("could not read the folder `{}`", folder.display()))?
        }
    };
    // What a writer has beside an entry until it takes that one's place would be a second one.
    let is_entry = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "json");
    let paths = entries.filter_map(Result::ok).map(|entry| entry.path()).filter(is_entry);
    let mut list: Vec<Queued> = paths.filter_map(|path| read(&path).ok()).collect();
    list.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(list)
}

/// An error where a newer program wrote the entry.
fn refuse_newer(path: &Path) -> Result<()> {
    #[derive(Deserialize)]
    struct Format {
        version: u32,
    }
    let format =
        file::read(path).ok().and_then(|text| serde_json::from_slice::<Format>(&text).ok());
    if format.is_some_and(|format| format.version > VERSION) {
        return Err(hinted(
            format!("a newer tribunal queued `{}`", path.display()),
            "install the newer tribunal; the entry is as it was",
        ));
    }
    Ok(())
}

fn read(path: &Path) -> Result<Queued> {
    let queued: Queued = serde_json::from_slice(&file::read(path)?)?;
    anyhow::ensure!(queued.version <= VERSION, "a newer program wrote `{}`", path.display());
    Ok(queued)
}

fn folder(state_dir: &Path) -> PathBuf {
    state_dir.join("queue")
}

/// Ids that differ in case alone are one id: some file systems could not keep them apart.
fn file_of(state_dir: &Path, id: &str) -> PathBuf {
    folder(state_dir).join(format!("{}.json", id.to_ascii_lowercase()))
}
