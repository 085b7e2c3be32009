//! What the watcher has taken in, so that a restart takes nothing in twice.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::model::error::hinted;
use crate::platform::store::file;
use crate::platform::store::file::write_atomic;

/// The format that this program writes; a newer one is never written over.
const VERSION: u32 = 1;

/// The most versions of one spec that are remembered.
const VERSIONS_MAX: usize = 100;

const FILE: &str = "specs.json";

/// By what a file on disk is recognised as unchanged without being read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    /// In bytes.
    pub len: u64,
    pub modified_ns: i64,
    pub changed_ns: i64,
    pub inode: u64,
}

impl Stamp {
    /// The stamp of a file that may not be there.
    pub fn at(path: &Path) -> Option<Self> {
        fs::metadata(path).ok().map(|metadata| Self::of(&metadata))
    }

    pub fn of(metadata: &fs::Metadata) -> Self {
        let ns =
            |seconds: i64, rest: i64| seconds.saturating_mul(1_000_000_000).saturating_add(rest);
        Self {
            len: metadata.len(),
            modified_ns: ns(metadata.mtime(), metadata.mtime_nsec()),
            changed_ns: ns(metadata.ctime(), metadata.ctime_nsec()),
            inode: metadata.ino(),
        }
    }
}

/// A file as it was when it was last taken in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownFile {
    pub stamp: Stamp,
    pub id: String,
    pub hash: String,
    /// Whether another file of the same work tree had the id already.
    #[serde(default)]
    pub duplicate: bool,
}

/// One version of a spec.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    pub hash: String,
    /// From the top of the work tree.
    pub path: String,
    #[serde(with = "crate::domain::model::path")]
    pub worktree: PathBuf,
    /// `S`, `M` or `L`.
    pub size: String,
    pub errors: usize,
    pub warnings: usize,
    /// Whether it was fit for a run.
    pub accepted: bool,
    /// Whether the file itself says that it is ready; not known of those that an earlier version took in.
    #[serde(default)]
    pub says_ready: bool,
    pub time: Timestamp,
}

/// Everything that was taken in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownSpecs {
    version: u32,
    /// By the top of the work tree, then by path from there.
    pub files: BTreeMap<String, BTreeMap<String, KnownFile>>,
    /// By id in lower case; the newest version last.
    pub specs: BTreeMap<String, Vec<Version>>,
}

/// The little that is read before the rest, so that a newer format is recognised.
#[derive(Deserialize)]
struct Head {
    version: u32,
}

/// What was read, and where a damaged file went that was in its place.
#[must_use = "that a file was set aside must be said"]
pub struct Loaded {
    pub known: KnownSpecs,
    pub set_aside: Option<PathBuf>,
}

impl KnownSpecs {
    /// Reads what was taken in; nothing where there is no file yet.
    ///
    /// A newer program's file is an error. With `repair`, a damaged one is renamed and said so;
    /// without, it is an error too.
    pub fn load(state_dir: &Path, repair: Option<Timestamp>) -> Result<Loaded> {
        let path = state_dir.join(FILE);
        let empty = |set_aside| Loaded { known: Self::default(), set_aside };
        let text = match file::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(empty(None)),
            other => other.with_context(|| format!("could not read `{}`", path.display()))?,
        };
        if let Ok(head) = serde_json::from_slice::<Head>(&text)
            && head.version > VERSION
        {
            return Err(hinted(
                format!("`{}` was written by a newer tribunal", path.display()),
                "use that program; this one would lose what it does not know",
            ));
        }
        match serde_json::from_slice(&text) {
            Ok(known) => Ok(Loaded { known, set_aside: None }),
            Err(error) => {
                let Some(now) = repair else {
                    return Err(error).with_context(|| format!("`{}` is damaged", path.display()));
                };
                let stamp = now.strftime("%Y%m%dT%H%M%SZ");
                let aside = state_dir.join(format!("specs.damaged-{stamp}.json"));
                fs::rename(&path, &aside)
                    .with_context(|| format!("could not set `{}` aside", path.display()))?;
                Ok(empty(Some(aside)))
            }
        }
    }

    /// Writes it in one step.
    pub fn save(&mut self, state_dir: &Path) -> Result<()> {
        self.version = VERSION;
        write_atomic(&state_dir.join(FILE), &serde_json::to_vec(self)?)
    }

    pub fn file(&self, tree: &str, path: &str) -> Option<&KnownFile> {
        self.files.get(tree)?.get(path)
    }

    /// Remembers a file as it is now.
    pub fn put_file(&mut self, tree: &str, path: &str, file: KnownFile) {
        self.files.entry(tree.to_owned()).or_default().insert(path.to_owned(), file);
    }

    /// The versions of a spec, the newest last; the id's case does not count.
    pub fn versions(&self, id: &str) -> &[Version] {
        self.specs.get(&id.to_ascii_lowercase()).map_or(&[], Vec::as_slice)
    }

    /// Remembers a version as the newest of its spec.
    pub fn put_version(&mut self, id: &str, version: Version) {
        let versions = self.specs.entry(id.to_ascii_lowercase()).or_default();
        versions.retain(|v| v.hash != version.hash);
        versions.push(version);
        let surplus = versions.len().saturating_sub(VERSIONS_MAX);
        versions.drain(..surplus);
    }
}
