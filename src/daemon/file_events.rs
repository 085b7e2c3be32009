//! File events of the watched folders: what the kernel reports is only a reason to look.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use notify::event::{AccessKind, AccessMode, ModifyKind};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::mpsc;

/// The most file events that wait for the next look. What comes on top is not lost: everything is looked
/// at then.
const FS_EVENTS_MAX: usize = 4096;

/// What the kernel reported, as far as it matters.
#[derive(Debug)]
pub enum FsEvent {
    /// Events were lost, or the watch failed: anything may have changed.
    Lost,
    At {
        path: PathBuf,
        what: FsEventKind,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FsEventKind {
    /// Bytes were written; the writer may not be done.
    Wrote,
    /// A writer closed the file.
    Closed,
    /// Removed or renamed: a watch on it is dead, or reports under a wrong name.
    Gone,
    Other,
}

/// The file events that have come in, about one repository.
pub struct FsEvents {
    repository: PathBuf,
    receiver: mpsc::Receiver<FsEvent>,
    overflowed: Arc<AtomicBool>,
}

impl FsEvents {
    /// Waits for the next file event, with the repository that it is about; `None` once nothing watches any
    /// more.
    pub async fn next(&mut self) -> Option<(PathBuf, FsEvent)> {
        let fs_event = self.receiver.recv().await;
        let overflowed = self.overflowed.swap(false, Ordering::AcqRel);
        let fs_event = if overflowed { Some(FsEvent::Lost) } else { fs_event };
        Some((self.repository.clone(), fs_event?))
    }
}

/// The watched folders.
pub struct WatchSet {
    watcher: RecommendedWatcher,
    watched: BTreeSet<PathBuf>,
}

/// What arming came to.
#[derive(Debug, Default)]
pub struct WatchResult {
    /// Whether a folder is newly watched: what happened in it before is only seen by looking again.
    pub any_new: bool,
    /// Folders that cannot be watched, and why.
    pub failed: Vec<(PathBuf, String)>,
}

impl WatchSet {
    /// Nothing is watched at first. `repository` is the one that the file events are about.
    pub fn new(repository: &Path) -> notify::Result<(Self, FsEvents)> {
        let (sender, receiver) = mpsc::channel(FS_EVENTS_MAX);
        let overflowed = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&overflowed);
        // This runs on the watcher's thread and must not keep it: while it is busy the kernel's
        // queue fills.
        let watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            for fs_event in fs_events_of(event) {
                if sender.try_send(fs_event).is_err() {
                    flag.store(true, Ordering::Release);
                }
            }
        })?;
        let repository = repository.to_owned();
        let fs_events = FsEvents { repository, receiver, overflowed };
        Ok((Self { watcher, watched: BTreeSet::new() }, fs_events))
    }

    /// Makes the watched folders those that are wanted, as far as that can be.
    pub fn want(&mut self, wanted: &BTreeSet<PathBuf>) -> WatchResult {
        let surplus: Vec<PathBuf> = self.watched.difference(wanted).cloned().collect();
        for folder in surplus {
            self.unwatch(&folder);
        }
        let mut result = WatchResult::default();
        for folder in wanted {
            if self.watched.contains(folder) {
                continue;
            }
            match self.watcher.watch(folder, RecursiveMode::NonRecursive) {
                Ok(()) => {
                    self.watched.insert(folder.clone());
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
    /// Inodes are not compared to tell whether a folder is still the one that was watched: ext4 gives
    /// the number of a removed folder to the next one.
    pub fn unwatch_below(&mut self, path: &Path) -> bool {
        let below: Vec<PathBuf> =
            self.watched.iter().filter(|watched| watched.starts_with(path)).cloned().collect();
        for folder in &below {
            self.unwatch(folder);
        }
        !below.is_empty()
    }

    fn unwatch(&mut self, folder: &Path) {
        // The watcher may have noticed by itself that the folder is gone.
        drop(self.watcher.unwatch(folder));
        self.watched.remove(folder);
    }
}

fn fs_events_of(event: notify::Result<Event>) -> Vec<FsEvent> {
    let Ok(event) = event else { return vec![FsEvent::Lost] };
    // It comes without a path.
    if event.need_rescan() {
        return vec![FsEvent::Lost];
    }
    let what = match event.kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => FsEventKind::Closed,
        // Reading wakes too: our own looks would wake us for ever.
        EventKind::Access(_) => return Vec::new(),
        EventKind::Modify(ModifyKind::Data(_)) => FsEventKind::Wrote,
        EventKind::Modify(ModifyKind::Name(_)) | EventKind::Remove(_) => FsEventKind::Gone,
        _ => FsEventKind::Other,
    };
    event.paths.into_iter().map(|path| FsEvent::At { path, what }).collect()
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
