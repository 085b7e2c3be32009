//! One watcher per repository, by an operating system's lock that cannot go stale.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The lock's file, in the state folder.
pub const FILE: &str = "daemon.lock";

/// How long a lock that is held is asked for again: whoever looks whether a daemon runs holds it
/// for an instant.
const ASK_AGAIN: Duration = Duration::from_millis(200);

/// Who holds the lock, as it stands in the lock's file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    pub pid: i32,
    pub version: String,
    pub since: Timestamp,
    pub mode: Mode,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// In the background.
    Daemon,
    /// `tribunal watch`.
    Foreground,
}

/// The lock, until it is dropped. The file stays: a new file would be a second lock.
#[must_use = "the lock is given back when this is dropped"]
pub struct Held {
    path: PathBuf,
    inode: u64,
    _file: File,
}

impl Held {
    /// Whether the lock's file is still the one that we hold; otherwise another daemon may run.
    pub fn is_ours(&self) -> bool {
        fs::metadata(&self.path).is_ok_and(|metadata| metadata.ino() == self.inode)
    }
}

fn path_of(state_dir: &Path) -> PathBuf {
    state_dir.join(FILE)
}

/// Takes the lock; `None` where another process has it.
pub fn take(state_dir: &Path, mode: Mode, now: Timestamp) -> Result<Option<Held>> {
    fs::create_dir_all(state_dir)
        .with_context(|| format!("could not create the folder `{}`", state_dir.display()))?;
    let path = path_of(state_dir);
    let failed = || format!("could not lock `{}`", path.display());
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .with_context(failed)?;
    let deadline = Instant::now() + ASK_AGAIN;
    // Named in full: the standard library has methods of the same name with another result.
    while let Err(error) = fs2::FileExt::try_lock_exclusive(&file) {
        if error.kind() != io::ErrorKind::WouldBlock {
            return Err(error).with_context(failed);
        }
        if Instant::now() >= deadline {
            return Ok(None);
        }
        thread::park_timeout(Duration::from_millis(10));
    }
    let pid = rustix::process::getpid().as_raw_nonzero().get();
    let version = env!("CARGO_PKG_VERSION").to_owned();
    let mut text = serde_json::to_vec(&Holder { pid, version, since: now, mode })?;
    text.push(b'\n');
    let mut write = || -> io::Result<u64> {
        file.rewind()?;
        file.write_all(&text)?;
        file.set_len(text.len() as u64)?;
        Ok(file.metadata()?.ino())
    };
    let inode = write().with_context(failed)?;
    Ok(Some(Held { path, inode, _file: file }))
}

/// Whether someone holds the lock. One open and one call; makes nothing.
pub fn is_held(state_dir: &Path) -> bool {
    File::open(path_of(state_dir)).is_ok_and(|file| held(&file))
}

/// Who holds the lock; `None` where nobody does.
pub fn holder(state_dir: &Path) -> Result<Option<Holder>> {
    let path = path_of(state_dir);
    let deadline = Instant::now() + ASK_AGAIN;
    loop {
        let mut file = match File::open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            other => other.with_context(|| format!("could not read `{}`", path.display()))?,
        };
        if !held(&file) {
            return Ok(None);
        }
        let mut text = Vec::new();
        file.read_to_end(&mut text)
            .with_context(|| format!("could not read `{}`", path.display()))?;
        match serde_json::from_slice(&text) {
            Ok(holder) => return Ok(Some(holder)),
            // The holder has not written yet who it is.
            Err(_) if Instant::now() < deadline => {
                thread::park_timeout(Duration::from_millis(5));
            }
            Err(error) => {
                return Err(error)
                    .with_context(|| format!("`{}` does not say who holds it", path.display()));
            }
        }
    }
}

fn held(file: &File) -> bool {
    // Shared, so that those who only look never keep each other out.
    fs2::FileExt::try_lock_shared(file)
        .is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
}
