//! Watches on folders: what the kernel reports is only a reason to look.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use notify::event::{AccessKind, AccessMode, ModifyKind};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::mpsc;

/// The most hints that wait for the next look. What comes on top is not lost: everything is looked
/// at then.
const HINTS_MAX: usize = 4096;

/// What the kernel reported, as far as it matters.
#[derive(Debug)]
pub enum Hint {
    /// Events were lost, or the watch failed: anything may have changed.
    Lost,
    At {
        path: PathBuf,
        what: What,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Bytes were written; the writer may not be done.
    Wrote,
    /// A writer closed the file.
    Closed,
    /// Removed or renamed: a watch on it is dead, or reports under a wrong name.
    Gone,
    Other,
}

/// The hints that have come in, about one repository.
pub struct Hints {
    repository: PathBuf,
    receiver: mpsc::Receiver<Hint>,
    overflowed: Arc<AtomicBool>,
}

impl Hints {
    /// Waits for the next hint, with the repository that it is about; `None` once nothing watches any
    /// more.
    pub async fn next(&mut self) -> Option<(PathBuf, Hint)> {
        let hint = self.receiver.recv().await;
        let overflowed = self.overflowed.swap(false, Ordering::AcqRel);
        let hint = if overflowed { Some(Hint::Lost) } else { hint };
        Some((self.repository.clone(), hint?))
    }
}

/// The watched folders.
pub struct Arms {
    watcher: RecommendedWatcher,
    armed: BTreeSet<PathBuf>,
}

/// What arming came to.
#[derive(Debug, Default)]
pub struct Armed {
    /// Whether a folder is newly watched: what happened in it before is only seen by looking again.
    pub any_new: bool,
    /// Folders that cannot be watched, and why.
    pub failed: Vec<(PathBuf, String)>,
}

impl Arms {
    /// Nothing is watched at first. `repository` is the one that the hints are about.
    pub fn new(repository: &Path) -> notify::Result<(Self, Hints)> {
        let (sender, receiver) = mpsc::channel(HINTS_MAX);
        let overflowed = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&overflowed);
        // This runs on the watcher's thread and must not keep it: while it is busy the kernel's
        // queue fills.
        let watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            for hint in hints_of(event) {
                if sender.try_send(hint).is_err() {
                    flag.store(true, Ordering::Release);
                }
            }
        })?;
        let repository = repository.to_owned();
        let hints = Hints { repository, receiver, overflowed };
        Ok((Self { watcher, armed: BTreeSet::new() }, hints))
    }

    /// Makes the watched folders those that are wanted, as far as that can be.
    pub fn want(&mut self, wanted: &BTreeSet<PathBuf>) -> Armed {
        let surplus: Vec<PathBuf> = self.armed.difference(wanted).cloned().collect();
        for folder in surplus {
            self.disarm(&folder);
        }
        let mut result = Armed::default();
        for folder in wanted {
            if self.armed.contains(folder) {
                continue;
            }
            match self.watcher.watch(folder, RecursiveMode::NonRecursive) {
                Ok(()) => {
                    self.armed.insert(folder.clone());
                    result.any_new = true;
                }
                // Gone again: the next look does not want it any more.
                Err(_) if !folder.exists() => {}
                Err(error) => result.failed.push((folder.clone(), reason(&error))),
            }
        }
        result
    }

    /// Forgets a folder and all below it; says whether any was watched.
    ///
    /// Inodes are not compared to tell whether a folder is still the one that was armed: ext4 gives
    /// the number of a removed folder to the next one.
    pub fn disarm_below(&mut self, path: &Path) -> bool {
        let below: Vec<PathBuf> =
            self.armed.iter().filter(|armed| armed.starts_with(path)).cloned().collect();
        for folder in &below {
            self.disarm(folder);
        }
        !below.is_empty()
    }

    fn disarm(&mut self, folder: &Path) {
        // The watcher may have noticed by itself that the folder is gone.
        drop(self.watcher.unwatch(folder));
        self.armed.remove(folder);
    }
}

fn hints_of(event: notify::Result<Event>) -> Vec<Hint> {
    let Ok(event) = event else { return vec![Hint::Lost] };
    // It comes without a path.
    if event.need_rescan() {
        return vec![Hint::Lost];
    }
    let what = match event.kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => What::Closed,
        // Reading wakes too: our own looks would wake us for ever.
        EventKind::Access(_) => return Vec::new(),
        EventKind::Modify(ModifyKind::Data(_)) => What::Wrote,
        EventKind::Modify(ModifyKind::Name(_)) | EventKind::Remove(_) => What::Gone,
        _ => What::Other,
    };
    event.paths.into_iter().map(|path| Hint::At { path, what }).collect()
}

/// Why a folder cannot be watched, with the limit that is usually in the way.
fn reason(error: &notify::Error) -> String {
    match error.kind {
        notify::ErrorKind::MaxFilesWatch => {
            "the system's limit of watches is reached (fs.inotify.max_user_watches)".to_owned()
        }
        _ => error.to_string(),
    }
}

/// Why no watcher could be had, with the limit that is usually in the way.
pub fn no_watcher(error: &notify::Error) -> String {
    match &error.kind {
        // EMFILE: the message of the system does not name the limit.
        notify::ErrorKind::Io(io) if io.raw_os_error() == Some(24) => {
            "the system's limit of watchers is reached (fs.inotify.max_user_instances)".to_owned()
        }
        _ => reason(error),
    }
}

/// Whether a folder is on a file system whose changes may not be reported: another machine's, or
/// one that a program of the user provides. The numbers are Linux's (statfs(2)): 9p as in WSL, AFS,
/// Ceph, CIFS, SMB, SMB2, FUSE, NFS, and `VirtualBox`'s shared folders.
pub fn may_be_silent(folder: &Path) -> bool {
    #[cfg(target_os = "linux")]
    {
        const SILENT: [u32; 9] = [
            0x0102_1997,
            0x5346_414f,
            0x00c3_6400,
            0xff53_4d42,
            0x517b,
            0xfe53_4d42,
            0x6573_5546,
            0x6969,
            0x786f_4256,
        ];
        let kind = rustix::fs::statfs(folder).ok().and_then(|s| u32::try_from(s.f_type).ok());
        kind.is_some_and(|kind| SILENT.contains(&kind))
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = folder;
        false
    }
}
