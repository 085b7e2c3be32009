//! One watcher per repository, by an operating system's lock that cannot go stale.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use jiff::Timestamp;
use rustix::process::{Pid, test_kill_process};
use serde::{Deserialize, Serialize};

use crate::platform::store::share;

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
    /// Whether it got as far as watching; what is in the way shows before that.
    pub ready: bool,
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
    file: File,
    holder: Holder,
}

impl Held {
    /// Says that the watcher watches.
    pub fn ready(&mut self) -> Result<()> {
        self.holder.ready = true;
        write(&mut self.file, &self.holder)
            .with_context(|| format!("could not write `{}`", self.path.display()))
    }

    /// Whether the lock's file is still the one that we hold; otherwise another daemon may run.
    pub fn is_ours(&self) -> bool {
        fs::metadata(&self.path).is_ok_and(|metadata| metadata.ino() == self.inode)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // So that nobody takes us for the next holder, in the moment before that one has written
        // who it is. What is left after a kill is told apart by its process being gone.
        drop(self.file.set_len(0));
    }
}

fn path_of(state_dir: &Path) -> PathBuf {
    state_dir.join(FILE)
}

/// Takes the lock; `None` where another process has it.
pub fn take(state_dir: &Path, mode: Mode, now: Timestamp) -> Result<Option<Held>> {
    let path = path_of(state_dir);
    let failed = || format!("could not lock `{}`", path.display());
    let mut file =
        share::open(&path, OpenOptions::new().read(true).write(true)).with_context(failed)?;
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
    let holder = Holder { pid, version, since: now, mode, ready: false };
    write(&mut file, &holder).with_context(failed)?;
    let inode = file.metadata().with_context(failed)?.ino();
    Ok(Some(Held { path, inode, file, holder }))
}

/// A reader may come between the two steps: what is too long then is white space.
fn write(file: &mut File, holder: &Holder) -> io::Result<()> {
    let mut text = serde_json::to_vec(holder)?;
    text.push(b'\n');
    file.rewind()?;
    file.write_all(&text)?;
    file.set_len(text.len() as u64)
}

/// Whether someone holds the lock. One open and one call; makes nothing.
pub fn is_held(state_dir: &Path) -> bool {
    File::open(path_of(state_dir)).is_ok_and(|file| held(&file))
}

/// Who wrote last that it holds the lock, whether or not it still does.
pub fn last_holder(state_dir: &Path) -> Option<Holder> {
    serde_json::from_slice(&fs::read(path_of(state_dir)).ok()?).ok()
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
        match serde_json::from_slice::<Holder>(&text) {
            Ok(holder) if is_alive(holder.pid) => return Ok(Some(holder)),
            // The holder has not written yet who it is; the one before may have been killed.
            _ if Instant::now() < deadline => {
                thread::park_timeout(Duration::from_millis(5));
            }
            _ => bail!("`{}` is held and does not say by whom", path.display()),
        }
    }
}

fn is_alive(pid: i32) -> bool {
    // Another user's process may not be signalled, and is alive.
    Pid::from_raw(pid)
        .is_some_and(|pid| !matches!(test_kill_process(pid), Err(rustix::io::Errno::SRCH)))
}

fn held(file: &File) -> bool {
    // Shared, so that those who only look never keep each other out.
    fs2::FileExt::try_lock_shared(file)
        .is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
}
