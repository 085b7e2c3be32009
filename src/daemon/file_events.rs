//! File events of the watched folders: what the kernel reports is only a reason to look.
//!
//! All repositories share one watcher of the system, of which a user may have few. Each has a queue of its
//! own: a flood in one fills no other's.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use notify::event::{AccessKind, AccessMode, ModifyKind};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::mpsc;

/// The most file events of a repository that wait for the next look. What comes on top is not lost:
/// everything is looked at then.
const FS_EVENTS_MAX: usize = 4096;

/// What the kernel reported, as far as it matters.
#[derive(Clone, Debug, PartialEq, Eq)]
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

/// Whose folders are watched: a git directory, or the folder of the list of repositories.
pub type Owner = PathBuf;

/// The one watcher of the system.
#[derive(Clone)]
pub struct FileWatcher {
    /// Taken before `watched`. While it is held the watcher's thread is waited for.
    watcher: Arc<Mutex<RecommendedWatcher>>,
    watched: Arc<Mutex<WatchedFolders>>,
}

/// What is watched for whom, and what happened in it. Held for moments alone: the watcher's thread takes it
/// for each event.
struct WatchedFolders {
    owners: BTreeMap<PathBuf, BTreeSet<Owner>>,
    waiting: BTreeMap<Owner, Vec<FsEvent>>,
    /// Gets the owner whose queue was empty before.
    wake: mpsc::UnboundedSender<Owner>,
}

impl WatchedFolders {
    fn put(&mut self, owner: &Owner, fs_event: &FsEvent) {
        let waiting = self.waiting.entry(owner.clone()).or_default();
        if waiting.is_empty() {
            // Nobody listens any more where the loop has ended.
            drop(self.wake.send(owner.clone()));
        }
        if *fs_event == FsEvent::Lost || waiting.len() >= FS_EVENTS_MAX {
            *waiting = vec![FsEvent::Lost];
        } else if waiting.last() != Some(fs_event) && waiting.first() != Some(&FsEvent::Lost) {
            waiting.push(fs_event.clone());
        }
    }

    fn dispatch(&mut self, fs_event: &FsEvent) {
        let owners: BTreeSet<Owner> = match fs_event {
            FsEvent::Lost => self.owners.values().flatten().cloned().collect(),
            FsEvent::At { path, what } => {
                let mut owners = self.owners.get(path).cloned().unwrap_or_default();
                owners.extend(
                    path.parent().and_then(|at| self.owners.get(at)).into_iter().flatten().cloned(),
                );
                if *what == FsEventKind::Gone {
                    // The watches below are dead as well, whoever asked for them.
                    let below = self.owners.range(path.clone()..);
                    let below: Vec<PathBuf> = below
                        .take_while(|(folder, _)| folder.starts_with(path))
                        .map(|(folder, _)| folder.clone())
                        .collect();
                    for folder in below {
                        owners.extend(self.owners.remove(&folder).into_iter().flatten());
                    }
                }
                owners
            }
        };
        for owner in &owners {
            self.put(owner, fs_event);
        }
    }
}

impl FileWatcher {
    /// Nothing is watched at first. Beside it: where the owners come out whose queue has something in it.
    pub fn new() -> notify::Result<(Self, mpsc::UnboundedReceiver<Owner>)> {
        let (wake, woken) = mpsc::unbounded_channel();
        let folders = WatchedFolders { owners: BTreeMap::new(), waiting: BTreeMap::new(), wake };
        let folders = Arc::new(Mutex::new(folders));
        let shared = Arc::clone(&folders);
        // This runs on the watcher's thread and must not keep it: while it is busy the kernel's
        // queue fills.
        let watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            let mut watched = lock(&shared);
            for fs_event in fs_events_of(event) {
                watched.dispatch(&fs_event);
            }
        })?;
        Ok((Self { watcher: Arc::new(Mutex::new(watcher)), watched: folders }, woken))
    }

    /// What happened in the folders of an owner, once.
    pub fn take(&self, owner: &Path) -> Vec<FsEvent> {
        lock(&self.watched).waiting.remove(owner).unwrap_or_default()
    }

    /// Watches a folder for an owner too.
    fn watch(&self, folder: &Path, owner: &Owner) -> notify::Result<()> {
        let mut system = lock(&self.watcher);
        let is_first = {
            let mut watched = lock(&self.watched);
            let owners = watched.owners.entry(folder.to_owned()).or_default();
            owners.insert(owner.clone());
            owners.len() == 1
        };
        let armed =
            if is_first { system.watch(folder, RecursiveMode::NonRecursive) } else { Ok(()) };
        if armed.is_err() {
            lock(&self.watched).forget(folder, owner);
        }
        armed
    }

    fn unwatch(&self, folder: &Path, owner: &Owner) {
        let mut system = lock(&self.watcher);
        if lock(&self.watched).forget(folder, owner) {
            // The watcher may have noticed by itself that the folder is gone.
            drop(system.unwatch(folder));
        }
    }
}

impl WatchedFolders {
    /// Takes an owner of a folder away; says whether nobody watches it any more.
    fn forget(&mut self, folder: &Path, owner: &Owner) -> bool {
        let Some(owners) = self.owners.get_mut(folder) else { return true };
        owners.remove(owner);
        let is_unwatched = owners.is_empty();
        if is_unwatched {
            self.owners.remove(folder);
        }
        is_unwatched
    }
}

/// The watched folders of one owner, until it is dropped.
pub struct WatchSet {
    watcher: FileWatcher,
    owner: Owner,
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
    /// Nothing is watched at first.
    pub fn new(watcher: FileWatcher, owner: Owner) -> Self {
        Self { watcher, owner, watched: BTreeSet::new() }
    }

    /// What happened since the last call.
    pub fn take(&self) -> Vec<FsEvent> {
        self.watcher.take(&self.owner)
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
            match self.watcher.watch(folder, &self.owner) {
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

    /// Whether a folder is watched that is that path or lies below it.
    pub fn watches_below(&self, path: &Path) -> bool {
        let mut from = self.watched.range(path.to_owned()..);
        from.next().is_some_and(|watched| watched.starts_with(path))
    }

    /// Forgets a folder and all below it.
    ///
    /// Inodes are not compared to tell whether a folder is still the one that was watched: ext4 gives
    /// the number of a removed folder to the next one.
    pub fn unwatch_below(&mut self, path: &Path) {
        let below: Vec<PathBuf> =
            self.watched.iter().filter(|watched| watched.starts_with(path)).cloned().collect();
        for folder in &below {
            self.unwatch(folder);
        }
    }

    fn unwatch(&mut self, folder: &Path) {
        self.watcher.unwatch(folder, &self.owner);
        self.watched.remove(folder);
    }
}

impl Drop for WatchSet {
    fn drop(&mut self) {
        self.unwatch_below(Path::new("/"));
        drop(self.take());
    }
}

/// What is behind a lock, also after a panic of whoever held it: each change is made in one step.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
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
