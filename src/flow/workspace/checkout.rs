//! Checkouts of the program's own, in which commands run: made from git objects, kept between runs.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Seek as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use bstr::{BStr, ByteSlice as _};
use rustix::process::getuid;

use crate::domain::model::change::WrittenBy;
use crate::domain::model::oid::Oid;
use crate::domain::model::path::git_pattern;
use crate::flow::workspace::private_repo;
use crate::platform::config::env::cache_folder;
use crate::platform::git::repo::Repo;
use crate::platform::process::{Cmd, ExitOutcome, Interrupts, code_of};
use crate::platform::store::file;
use crate::platform::store::lock;
use crate::platform::store::lock::{Held, Wait};

/// The most workspaces of a kind in use at once; each is a whole checkout on disk.
const POOL: usize = 3;

/// How long to wait for a workspace when all are in use.
const WAIT: Duration = Duration::from_mins(1);

/// How long a checkout may take before it is given up.
pub(super) const CHECKOUT_TIME: Duration = Duration::from_mins(5);

/// The lock of one workspace, in its folder.
const LOCK: &str = "lock";

/// Names, in a repository's folder of workspaces, its common git directory.
const OWNER: &str = "repository";

/// Names, beside it, the device that the repository was on.
const DEVICE: &str = "device";

/// How long the workspaces of a repository that is gone are kept.
const ABANDONED_AFTER: Duration = Duration::from_hours(30 * 24);

/// Why there is no workspace to run in.
#[derive(Debug, thiserror::Error)]
pub enum Unavailable {
    #[error("all {POOL} workspaces are in use by other runs")]
    Busy,
    #[error("interrupted")]
    Interrupted(i32),
}

/// The signal that an error tells of.
pub fn signal_of(error: &anyhow::Error) -> Option<i32> {
    match error.downcast_ref() {
        Some(Unavailable::Interrupted(signal)) => Some(*signal),
        _ => None,
    }
}

/// What becomes of ignored files that earlier uses of a workspace left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ignored {
    Stay,
    Go,
}

/// A checkout that no other process uses while this is held.
pub struct Workspace {
    pub(super) folder: PathBuf,
    /// Copies in it of what was prepared, they stay, and are no part of what it holds.
    pub(super) copies: Vec<String>,
    _lock: Held,
}

/// Where a repository's workspaces are: in the user's cache, so that no part of their path is called
/// `.git`, below which Jest and other tools that look at whole paths find nothing. A user without
/// a home that can be written to, as on a server, has them beside the rest of the state, apart from
/// those of other users: what git checks out follows no `core.sharedRepository`.
pub fn root(repo: &Repo) -> PathBuf {
    let common_dir = canonical(&repo.home_dir);
    cached(&common_dir)
        .filter(|folder| claim_folder(folder, &common_dir).is_ok())
        .unwrap_or_else(|| repo.state_dir().join(format!("trees/user-{}", getuid().as_raw())))
}

/// The folder of a repository's workspaces in the user's cache, whether or not it is there; `None` for a
/// user without a cache.
pub fn cached_root(repo: &Repo) -> Option<PathBuf> {
    cached(&canonical(&repo.home_dir))
}

fn cached(common_dir: &Path) -> Option<PathBuf> {
    let name = blake3::hash(common_dir.as_os_str().as_encoded_bytes()).to_hex();
    cache_folder().map(|cache| cache.join("trees").join(&name[..16]))
}

fn canonical(common_dir: &Path) -> PathBuf {
    fs::canonicalize(common_dir).unwrap_or_else(|_| common_dir.to_owned())
}

/// Makes a repository's folder among those of all repositories, readable by its user alone, and
/// removes the folders of repositories that are gone.
fn claim_folder(folder: &Path, place: &Path) -> io::Result<()> {
    if folder.join(OWNER).exists() && folder.join(DEVICE).exists() {
        return Ok(());
    }
    let mut private = DirBuilder::new();
    private.recursive(true).mode(0o700).create(folder)?;
    for entry in file::entries(folder.parent().unwrap_or(folder))? {
        let other = entry?.path();
        if is_abandoned(&other) {
            // Another user of the cache may be doing the same.
            drop(fs::remove_dir_all(&other));
        }
    }
    let device = fs::metadata(place)?.dev().to_string();
    file::write_atomic(&folder.join(DEVICE), device.as_bytes()).map_err(io::Error::other)?;
    let owner = place.as_os_str().as_encoded_bytes();
    file::write_atomic(&folder.join(OWNER), owner).map_err(io::Error::other)
}

/// Whether the workspaces in a folder are those of a repository that is gone for good, and nobody works
/// in them.
///
/// That its path is not there proves nothing: its drive may not be mounted. So the nearest folder
/// above it that is there must be on the device on which the repository was (below an unmounted
/// drive it is another one), and the workspaces must have lain unused for a month (another drive may have
/// come to the same place under the same number). Where the device is not known, as in caches of
/// earlier versions, the workspaces stay until their repository is used again, which notes it.
fn is_abandoned(workspaces: &Path) -> bool {
    let owner = file::read(&workspaces.join(OWNER)).unwrap_or_default();
    let device = file::read_text(&workspaces.join(DEVICE)).ok();
    let device = device.and_then(|text| text.parse::<u64>().ok());
    let (Some(device), false) = (device, owner.is_empty()) else { return false };
    let owner = owner.to_path_lossy();
    let is_missing = matches!(fs::metadata(&owner),
        Err(error) if error.kind() == io::ErrorKind::NotFound);
    let above = owner.ancestors().skip(1).find_map(|folder| fs::metadata(folder).ok());
    if !is_missing || above.is_none_or(|above| above.dev() != device) {
        return false;
    }
    let Ok(entries) = file::entries(workspaces) else { return false };
    let mut locks = entries.filter_map(|entry| Some(entry.ok()?.path().join(LOCK)));
    locks.all(|lock| {
        let used = fs::metadata(&lock).and_then(|lock| lock.modified());
        let is_unused =
            used.map_or(true, |used| used.elapsed().is_ok_and(|since| since >= ABANDONED_AFTER));
        is_unused && !lock::is_held(&lock)
    })
}

impl Workspace {
    /// Acquires a free workspace, best the one with `wanted` checked out, and waits a while for one. What a
    /// build of an agent's code left must not be run with the person's: that has workspaces of its own.
    pub fn acquire(root: &Path, wanted: &Oid, written_by: WrittenBy) -> Result<Self> {
        let prefix = match written_by {
            WrittenBy::Person => "",
            WrittenBy::Agent => "agent-",
        };
        let deadline = Instant::now() + WAIT;
        loop {
            let mut free = Vec::new();
            for number in 0..POOL {
                let folder = root.join(format!("{prefix}{number}"));
                free.extend(Self::try_acquire(&folder, Wait::NONE)?);
            }
            let checked_out =
                |tree: &Self| tree.checked_out().is_some_and(|at| at == wanted.as_str());
            let best = free.iter().position(checked_out).unwrap_or(0);
            if !free.is_empty() {
                return Ok(free.swap_remove(best));
            }
            if Instant::now() >= deadline {
                return Err(Unavailable::Busy.into());
            }
            thread::park_timeout(Duration::from_millis(50));
        }
    }

    /// The workspace in that folder, beside those that are shared; `None` where another process has it.
    pub fn try_acquire(folder: &Path, wait: Wait) -> Result<Option<Self>> {
        let lock = lock::take(&folder.join(LOCK), wait)
            .with_context(|| format!("could not lock `{}`", folder.display()))?;
        Ok(lock.map(|lock| Self { folder: folder.to_owned(), copies: Vec::new(), _lock: lock }))
    }

    /// Where the commands run.
    pub fn work(&self) -> PathBuf {
        self.folder.join("work")
    }

    /// A file for what a command prints; no other process writes there.
    pub fn output(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// An empty folder beside the work folder.
    pub fn empty_folder(&self, name: &str) -> Result<PathBuf> {
        let folder = self.folder.join(name);
        let make = || -> io::Result<()> {
            file::remove_if_there(&folder)?;
            fs::create_dir_all(&folder)
        };
        make().with_context(|| format!("could not empty `{}`", folder.display()))?;
        Ok(folder)
    }

    /// Where git stops to look for a repository, should the workspace's own be removed.
    pub fn ceiling(&self) -> &Path {
        &self.folder
    }

    /// Checks `tree` out, and nothing else but for ignored files that earlier runs left,
    /// where they may stay: build caches are among them. Files that do not differ are not written, so that their times
    /// stay. `head` is what HEAD is in there.
    pub fn checkout(
        &self,
        repo: &Repo,
        tree: &Oid,
        head: Option<&Oid>,
        ignored: Ignored,
        interrupts: Interrupts,
    ) -> Result<()> {
        let work = self.work();
        let was_checked_out = self.checked_out().is_some();
        if !was_checked_out {
            self.wipe()?;
        }
        self.invalidate()?;
        self.unlink()?;
        private_repo::remove(&work)?;
        let index = self.index();
        let git = || repo.git_into(&work, &index);
        // `--reset`: what a command changed or removed is put right as well.
        let read = || {
            fs::create_dir_all(&work)
                .with_context(|| format!("could not create `{}`", work.display()))?;
            self.run(git().args(["read-tree", "--reset", "-u", tree.as_str()]), interrupts)
        };
        if let Err(error) = read() {
            // A loss of power may have damaged what was there.
            if !was_checked_out || error.is::<Unavailable>() {
                return Err(error);
            }
            self.wipe()?;
            read()?;
        }
        if was_checked_out {
            let flags = match ignored {
                Ignored::Stay => "-ffdq",
                Ignored::Go => "-ffdxq",
            };
            let copies = self.copies.iter().map(|path| format!("--exclude=/{}", git_pattern(path)));
            self.run(git().args(["clean", flags]).args(copies), interrupts)?;
        }
        private_repo::create(repo, &work, &index, tree, head)?;
        file::write_unsynced(&self.ready_file(), format!("{tree}\n").as_bytes())
    }

    /// Removes the links of an earlier run.
    fn unlink(&self) -> Result<()> {
        let list = match file::read(&self.linked()) {
            Ok(list) => list,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error).context("could not read which paths are linked"),
        };
        for path in list.split_str("\0").filter(|path| !path.is_empty()) {
            let here = self.work().join(path.to_path_lossy());
            if fs::symlink_metadata(&here).is_ok_and(|data| data.is_symlink()) {
                fs::remove_file(&here)
                    .with_context(|| format!("could not remove `{}`", here.display()))?;
            }
        }
        file::remove_if_there(&self.linked()).context("could not note which paths are linked")
    }

    pub(super) fn run(&self, command: Cmd, interrupts: Interrupts) -> Result<()> {
        let path = self.output("checkout.log");
        let mut log = create(&path)?;
        match command.deadline(CHECKOUT_TIME).supervise(&log, &log, interrupts)? {
            ExitOutcome::Exited(status) if status.success() => Ok(()),
            ExitOutcome::Interrupted(signal) => Err(Unavailable::Interrupted(signal).into()),
            ExitOutcome::TimedOut | ExitOutcome::Idle => {
                bail!("the checkout took more than {} s", CHECKOUT_TIME.as_secs())
            }
            ExitOutcome::TooLong => bail!("the checkout printed without end"),
            ExitOutcome::Overused(what) => bail!("the checkout used too much {what}"),
            ExitOutcome::Exited(status) => {
                let mut said = Vec::new();
                log.rewind()?;
                log.read_to_end(&mut said)?;
                let said = said.trim().as_bstr().to_string();
                bail!("the checkout failed ({}): {said}", code_of(status))
            }
        }
    }

    /// The tree that is checked out; `None` after a checkout that did not end, or a loss of power.
    pub(super) fn checked_out(&self) -> Option<String> {
        let text = file::read_text(&self.ready_file()).ok()?;
        Some(text.trim().to_owned()).filter(|tree| !tree.is_empty())
    }

    pub(super) fn invalidate(&self) -> Result<()> {
        file::remove_if_there(&self.ready_file())
            .with_context(|| format!("could not change `{}`", self.folder.display()))
    }

    /// Empties the workspace. What may still be written to by an orphan is moved aside first.
    pub(super) fn wipe(&self) -> Result<()> {
        let aside = self.folder.join("gone");
        let wipe = || -> io::Result<()> {
            file::remove_if_there(&aside)?;
            fs::create_dir_all(&aside)?;
            for name in ["work", "index", "index.lock"] {
                match fs::rename(self.folder.join(name), aside.join(name)) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                    _ => {}
                }
            }
            file::remove_if_there(&aside)
        };
        wipe().with_context(|| format!("could not empty `{}`", self.folder.display()))
    }

    pub(super) fn index(&self) -> PathBuf {
        self.folder.join("index")
    }

    pub(super) fn ready_file(&self) -> PathBuf {
        self.folder.join("ready")
    }

    pub(super) fn linked(&self) -> PathBuf {
        self.folder.join("lent")
    }
}

/// Whether a tree has submodules, whose folders are empty in a tree of ours.
pub fn has_submodules(repo: &Repo, tree: &Oid) -> Result<bool> {
    Ok(repo.objects.entry(tree, BStr::new(".gitmodules"))?.is_some())
}

/// An empty file to write to and to read from.
pub fn create(path: &Path) -> Result<File> {
    OpenOptions::new()
        .create(true)
        .truncate(true)
        .read(true)
        .write(true)
        .open(path)
        .with_context(|| format!("could not write `{}`", path.display()))
}
