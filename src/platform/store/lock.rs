//! The one kind of lock between processes: the kernel's lock on a file, which also says who holds it.
//!
//! The kernel frees a lock with the last descriptor of its holder, so that none goes stale. A child
//! gets no copy (descriptors are closed when it starts its program), but between its fork and that
//! start it has one: a holder that was killed just then still holds the lock for a moment. Who takes
//! a lock whose recorded holder is gone therefore waits. The record, not the lock, is what probes
//! look at: a probe that took the lock, however briefly, would be met by who wants it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek as _, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::platform::process::Identity;
use crate::platform::store::permissions;
use crate::platform::store::regular;
use crate::platform::store::regular::LastLink;

/// How often a lock that is waited for is tried.
const EVERY: Duration = Duration::from_millis(10);

/// The largest record that is read, in bytes.
const RECORD_MAX: u64 = 64 * 1024;

/// How long a lock is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// While its holder lives.
    pub living: Duration,
    /// While its recorded holder is gone: what still has it is about to end.
    pub dying: Duration,
}

impl Wait {
    /// Not at all, for who does something else where it is held.
    pub const NONE: Self = Self { living: Duration::ZERO, dying: Duration::ZERO };

    /// For what a holder keeps for as long as it works: only its end is waited for, and who looks
    /// in for a moment to tidy up.
    pub const FOR_ITS_END: Self =
        Self { living: Duration::from_millis(500), dying: Duration::from_secs(10) };

    /// So long, whoever holds it.
    pub const fn up_to(time: Duration) -> Self {
        Self { living: time, dying: time }
    }
}

/// A lock, until it is dropped. The file stays: a new one would be a second lock.
#[derive(Debug)]
#[must_use = "the lock is given back when this is dropped"]
pub struct Held {
    path: PathBuf,
    file: File,
}

impl Held {
    /// Whether the lock's file is still the one that we hold; otherwise another process may hold the
    /// lock as well.
    pub fn is_ours(&self) -> bool {
        is_same(&self.file, &self.path)
    }

    /// Says in the lock's file who we are, with whatever else is of interest; the record must hold
    /// the fields of an `Identity`.
    pub fn write<T: Serialize>(&mut self, record: &T) -> io::Result<()> {
        let mut text = serde_json::to_vec(record)?;
        text.push(b'\n');
        self.file.rewind()?;
        // A reader may come between the two steps: what is too long then is white space.
        self.file.write_all(&text)?;
        self.file.set_len(text.len() as u64)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // So that nobody takes us for the next holder, in the moment before that one has written who
        // it is. What is left after a kill is told apart by its process being gone.
        drop(self.file.set_len(0));
        // In so many words: a child on its way to its program has a copy of the descriptor.
        drop(fs2::FileExt::unlock(&self.file));
    }
}

/// Takes a lock, whose folder is made where it is missing; `None` where another process has it.
pub fn take(path: &Path, wait: Wait) -> io::Result<Option<Held>> {
    take_telling(path, wait, &mut |_| {})
}

/// As `take`; `tell` is called once where it has to wait, with the last known holder.
pub fn take_telling(
    path: &Path,
    wait: Wait,
    tell: &mut dyn FnMut(Option<&Identity>),
) -> io::Result<Option<Held>> {
    let began = Instant::now();
    let mut told = false;
    loop {
        if let Some(held) = try_take(path)? {
            return Ok(Some(held));
        }
        let last: Option<Identity> = record(path);
        let is_gone = last.as_ref().is_some_and(|holder| !holder.is_alive());
        if began.elapsed() >= if is_gone { wait.dying } else { wait.living } {
            return Ok(None);
        }
        if !told {
            told = true;
            tell(last.as_ref());
        }
        thread::park_timeout(EVERY);
    }
}

fn try_take(path: &Path) -> io::Result<Option<Held>> {
    loop {
        let file = permissions::open(path, OpenOptions::new().read(true).write(true))?;
        // Named in full: the standard library has methods of the same name.
        match fs2::FileExt::try_lock_exclusive(&file) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
            Err(error) => return Err(error),
        }
        // Whoever had it may have removed it, with the folder that it guards.
        if is_same(&file, path) {
            let mut held = Held { path: path.to_owned(), file };
            // On a full disk the lock is held all the same; probes do not see that.
            drop(held.write(&Identity::own()));
            return Ok(Some(held));
        }
    }
}

fn is_same(file: &File, path: &Path) -> bool {
    match (file.metadata(), fs::metadata(path)) {
        (Ok(open), Ok(named)) => (open.dev(), open.ino()) == (named.dev(), named.ino()),
        _ => false,
    }
}

/// A lock that several processes hold at the same time, and none while another one has it alone.
#[derive(Debug)]
#[must_use = "the lock is given back when this is dropped"]
pub struct HeldWithOthers(File);

impl Drop for HeldWithOthers {
    fn drop(&mut self) {
        drop(fs2::FileExt::unlock(&self.0));
    }
}

/// Takes a lock together with others; `None` where a process has it alone, or it is gone by now.
pub fn take_with_others(path: &Path) -> io::Result<Option<HeldWithOthers>> {
    let file = permissions::open(path, OpenOptions::new().read(true).write(true))?;
    match fs2::FileExt::try_lock_shared(&file) {
        Ok(()) if is_same(&file, path) => Ok(Some(HeldWithOthers(file))),
        Ok(()) => Ok(None),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
        Err(error) => Err(error),
    }
}

/// A lock that every program which is started meanwhile has as well: it is given back once all of them have ended.
#[derive(Debug)]
#[must_use = "the lock is given back when this is dropped"]
pub struct InheritedLock(File);

impl Drop for InheritedLock {
    fn drop(&mut self) {
        drop(fs2::FileExt::unlock(&self.0));
    }
}

/// Takes such a lock; `None` where somebody has it.
pub fn take_for_children(path: &Path) -> io::Result<Option<InheritedLock>> {
    let file = permissions::open(path, OpenOptions::new().read(true).write(true))?;
    match fs2::FileExt::try_lock_exclusive(&file) {
        Ok(()) => {
            rustix::io::fcntl_setfd(&file, rustix::io::FdFlags::empty())?;
            Ok(Some(InheritedLock(file)))
        }
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether a living process holds the lock. Takes nothing and makes nothing.
pub fn is_held(path: &Path) -> bool {
    holder(path).is_some()
}

/// The living process that says that it holds the lock.
pub fn holder(path: &Path) -> Option<Identity> {
    record(path).filter(Identity::is_alive)
}

/// What the last holder wrote, whether or not it still holds the lock; `None` where it gave the lock
/// back.
pub fn record<T: DeserializeOwned>(path: &Path) -> Option<T> {
    let file = regular::open(path, LastLink::Refuse).ok()?;
    let text = regular::start_of(&file, RECORD_MAX).ok()?;
    serde_json::from_slice(&text).ok()
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    const MOMENT: Wait = Wait::up_to(Duration::from_millis(30));

    fn place() -> (TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sub/lock");
        (folder, path)
    }

    #[test]
    fn one_holds_it_and_a_probe_does_not() {
        let (_folder, path) = place();
        assert!(!is_held(&path) && !path.exists(), "a probe makes nothing");
        let held = take(&path, Wait::NONE).unwrap().unwrap();
        assert_eq!(holder(&path), Some(Identity::own()));
        assert!(take(&path, MOMENT).unwrap().is_none());
        drop(held);
        assert!(!is_held(&path));
        // Probed without a pause, it is never found to be held by who takes it.
        let done = std::sync::atomic::AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                while !done.load(std::sync::atomic::Ordering::SeqCst) {
                    is_held(&path);
                }
            });
            for _ in 0..500 {
                assert!(take(&path, Wait::NONE).unwrap().is_some());
            }
            done.store(true, std::sync::atomic::Ordering::SeqCst);
        });
    }

    #[test]
    fn those_who_share_it_keep_out_who_wants_it_alone() {
        let (_folder, path) = place();
        let alone = take(&path, Wait::NONE).unwrap().unwrap();
        assert!(take_with_others(&path).unwrap().is_none());
        drop(alone);
        let [one, other] = [(); 2].map(|()| take_with_others(&path).unwrap().unwrap());
        assert!(take(&path, MOMENT).unwrap().is_none());
        drop(one);
        assert!(take(&path, MOMENT).unwrap().is_none());
        drop(other);
        assert!(take(&path, MOMENT).unwrap().is_some());
    }

    #[test]
    fn what_a_holder_that_is_gone_still_has_is_waited_for() {
        let (_folder, path) = place();
        let mut held = take(&path, Wait::NONE).unwrap().unwrap();
        let gone = Identity { start: Some(1), ..Identity::own() };
        held.write(&gone).unwrap();
        assert!(!is_held(&path));
        let wait = Wait { living: Duration::ZERO, dying: Duration::from_secs(30) };
        let (tell, told) = std::sync::mpsc::channel();
        thread::scope(|scope| {
            let taken = scope.spawn(|| {
                let tell = tell;
                take_telling(&path, wait, &mut |holder| tell.send(holder.cloned()).unwrap())
            });
            assert_eq!(told.recv().unwrap(), Some(gone));
            drop(held);
            assert!(taken.join().unwrap().unwrap().is_some());
        });
    }

    #[test]
    fn in_a_shared_repository_its_group_can_take_it() {
        let repo = tempfile::tempdir().unwrap();
        fs::create_dir(repo.path().join("objects")).unwrap();
        File::create(repo.path().join("HEAD")).unwrap();
        let mut config = File::create(repo.path().join("config")).unwrap();
        config.write_all(b"[core]\n\tsharedRepository = group\n").unwrap();
        let path = repo.path().join("tribunal/sub/lock");
        let _held = take(&path, Wait::NONE).unwrap().unwrap();
        for (path, rights) in [(path.as_path(), 0o660), (path.parent().unwrap(), 0o770)] {
            let mode = fs::metadata(path).unwrap().mode();
            assert_eq!(mode & rights, rights, "{} {mode:o}", path.display());
        }
    }

    #[test]
    fn a_file_that_was_removed_is_not_taken_for_the_lock() {
        let (_folder, path) = place();
        let held = take(&path, Wait::NONE).unwrap().unwrap();
        assert!(held.is_ours());
        fs::remove_file(&path).unwrap();
        assert!(!held.is_ours());
        let other = take(&path, Wait::NONE).unwrap().unwrap();
        assert!(other.is_ours());
        drop(held);
        assert!(is_held(&path), "the first one's end says nothing of the second");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_process_is_told_from_a_later_one_with_its_number() {
        let own = Identity::own();
        assert!(own.is_alive());
        assert!(!Identity { start: own.start.map(|start| start + 1), ..own.clone() }.is_alive());
        assert!(!Identity { scope: Some("another boot".to_owned()), ..own }.is_alive());
        assert!(Identity { start: None, scope: None, ..own }.is_alive());
        // Process 1 is another user's for most who run this, and is there.
        assert!(Identity::of(1).is_alive());
        assert!(!Identity { pid: 0, start: None, scope: None }.is_alive());
    }
}
