//! The ledger: every finding ever kept, where it was seen, and what was decided about it.
//!
//! One `SQLite` database for all work trees of a repository. Hooks, commands and the daemon write to
//! it at once; a killed writer leaves the last whole transaction behind.

pub mod call;
pub mod disposition;
pub mod error;
pub mod gate_findings;
mod keyed;
pub mod known;
mod marks;
pub mod matching;
pub mod query;
pub mod receipt;
pub mod record;
pub mod reviewed;
mod rows;
pub mod scan;
mod schema;
pub mod wait;
#[cfg(test)]
mod tests;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::platform::process::Identity;
use crate::platform::store::crash::save_point;
use crate::platform::store::ledger::error::{Error, is_busy};
use crate::platform::store::lock;
use crate::platform::store::lock::Wait;
use crate::platform::store::permissions;
use crate::platform::store::regular;

/// How long a writer waits for the others. Eight writers at once waited 82 ms at most.
const WAIT_MAX: Duration = Duration::from_secs(10);

/// How long another process may take to see whether a ledger is damaged and to set it aside.
const SET_ASIDE_WAIT: Wait = Wait::up_to(Duration::from_mins(5));

const FILE: &str = "ledger.db";

/// Held while a ledger is begun, or looked at and set aside.
const LOCK: &str = "ledger.lock";

/// How long it takes at most until a ledger that is begun is made.
const BEGINNING_MAX: Duration = Duration::from_secs(10);

/// An open ledger.
pub struct Ledger {
    connection: Connection,
}

/// The outcome of some work, and where a damaged ledger went that was in its way.
#[derive(Debug)]
#[must_use = "that a ledger was set aside must be said"]
pub struct Done<T> {
    pub value: T,
    pub set_aside: Option<PathBuf>,
}

/// Does some work with the ledger in `state_dir`.
///
/// A damaged ledger is renamed to `ledger.damaged-<time>.db` and a new one begun, with which the
/// work is done from its beginning. An error means that nothing of the last transaction was kept.
pub fn with<T>(
    state_dir: &Path,
    now: Timestamp,
    mut work: impl FnMut(&mut Ledger) -> Result<T, Error>,
) -> Result<Done<T>, Error> {
    match Ledger::open(state_dir).and_then(|mut ledger| work(&mut ledger)) {
        Ok(value) => Ok(Done { value, set_aside: None }),
        Err(Error::Damaged(_) | Error::Emptied) => {
            let set_aside = set_aside(state_dir, now)?;
            let value = Ledger::open(state_dir).and_then(|mut ledger| work(&mut ledger))?;
            Ok(Done { value, set_aside })
        }
        Err(error) => Err(error),
    }
}

/// Whether there is a ledger, so that a reader need not make one.
pub fn exists(state_dir: &Path) -> bool {
    state_dir.join(FILE).exists()
}

impl Ledger {
    /// Opens the ledger, or begins one.
    ///
    /// [`Error::Damaged`], [`Error::Emptied`] and [`Error::Newer`] leave the file as it is.
    pub fn open(state_dir: &Path) -> Result<Self, Error> {
        permissions::make_dir(state_dir)
            .map_err(|source| Error::Folder { path: state_dir.to_owned(), source })?;
        let file = state_dir.join(FILE);
        // SQLite follows a link and waits for a pipe.
        for path in ["", "-journal", "-wal", "-shm"].map(|suffix| with_suffix(&file, suffix)) {
            // Looked at and not opened: closing it would give up the locks of this process on it.
            let looked = fs::symlink_metadata(&path);
            if let Err(source) = looked.map_or(Ok(()), |data| regular::of_metadata(&data)) {
                return Err(Error::Folder { path, source });
            }
        }
        // SQLite takes an empty file for one that is to be filled. Nobody sees it empty while it is
        // begun: that is done under the lock.
        let _lock = if fs::metadata(&file).is_ok_and(|file| file.len() > 0) {
            None
        } else {
            let lock_path = state_dir.join(LOCK);
            // Before the lock is ours, and its file says so.
            let was_killed = was_killed_beginning(&file, &lock_path);
            let lock = lock::take(&lock_path, SET_ASIDE_WAIT).ok().flatten();
            let is_empty = fs::metadata(&file).is_ok_and(|file| file.len() == 0);
            if lock.is_some() && is_empty && !was_killed {
                return Err(Error::Emptied);
            }
            // Made here, not by SQLite: its log and shared memory take the rights of this file. What
            // is in the way of that, SQLite says better.
            drop(permissions::open_append(&file));
            lock
        };
        let deadline = Instant::now() + WAIT_MAX;
        loop {
            // The wait for a lock does not cover the switch to the write-ahead log, nor the moment
            // in which the last user of the log removes it.
            match Self::open_once(&file) {
                Err(error) if is_busy(&error) && Instant::now() < deadline => {
                    thread::park_timeout(Duration::from_millis(3));
                }
                other => return other,
            }
        }
    }

    fn open_once(path: &Path) -> Result<Self, Error> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(WAIT_MAX)?;
        if let Err(error) = schema::version(&connection) {
            // Closing would otherwise move a newer program's log into its database.
            connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
            return Err(error);
        }
        let folder = path.parent().unwrap_or(path);
        let journal = if is_shared_drive(folder) { "DELETE" } else { "WAL" };
        connection
            .query_row(&format!("PRAGMA journal_mode = {journal}"), [], |row| row.get(0))
            .map(|_: String| ())?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "foreign_keys", true)?;
        schema::migrate(&mut connection)?;
        Ok(Self { connection })
    }
}

/// Whether an empty ledger is one that a killed process had just begun, and nothing was ever in it: that process
/// stands in the lock's file still, where it came a moment before the ledger was made.
fn was_killed_beginning(file: &Path, lock: &Path) -> bool {
    let written = |path: &Path| fs::metadata(path).and_then(|data| data.modified()).ok();
    let (Some(made), Some(locked)) = (written(file), written(lock)) else { return false };
    // Made before that: the next process, which went on with it, was killed as well.
    let is_of_then = made.duration_since(locked).map_or(true, |after| after <= BEGINNING_MAX);
    is_of_then && lock::record::<Identity>(lock).is_some()
}

/// Renames a damaged ledger; `None` where it is sound, because another process was faster.
fn set_aside(state_dir: &Path, now: Timestamp) -> Result<Option<PathBuf>, Error> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source: io::Error| Error::SetAside { path, source }
    };
    let lock_path = state_dir.join(LOCK);
    let lock = lock::take(&lock_path, SET_ASIDE_WAIT).map_err(failed(&lock_path))?;
    let Some(_lock) = lock else {
        let busy = io::Error::new(io::ErrorKind::TimedOut, "another process looks at it");
        return Err(failed(&lock_path)(busy));
    };
    let database = state_dir.join(FILE);
    if is_sound(&database)? {
        return Ok(None);
    }
    let stamp = now.strftime("%Y%m%dT%H%M%SZ").to_string();
    let mut aside = state_dir.join(format!("ledger.damaged-{stamp}.db"));
    let mut count = 1;
    while aside.exists() {
        count += 1;
        aside = state_dir.join(format!("ledger.damaged-{stamp}-{count}.db"));
    }
    // The log goes first: left alone it would be taken for the new database's.
    for suffix in ["-wal", "-shm", ""] {
        save_point();
        let (from, to) = (with_suffix(&database, suffix), with_suffix(&aside, suffix));
        match fs::rename(&from, &to) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            other => other.map_err(failed(&to))?,
        }
    }
    save_point();
    Ok(Some(aside))
}

fn is_sound(database: &Path) -> Result<bool, Error> {
    let check = || -> Result<bool, Error> {
        if fs::metadata(database).is_ok_and(|file| file.len() == 0) {
            return Ok(false);
        }
        let connection = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        connection.busy_timeout(WAIT_MAX)?;
        let answer: String =
            connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
        Ok(answer == "ok" && schema::is_whole(&connection)?)
    };
    match check() {
        Err(Error::Damaged(_)) => Ok(false),
        // Another process set it aside and did not begin a new one.
        Err(_) if !database.exists() => Ok(true),
        other => other,
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Whether the folder is on a drive of another machine, where the write-ahead log's shared memory
/// does not work (<https://sqlite.org/wal.html>). The numbers are Linux's: NFS, SMB, CIFS, SMB2.
fn is_shared_drive(folder: &Path) -> bool {
    #[cfg(target_os = "linux")]
    {
        const DRIVES: [u32; 4] = [0x6969, 0x517b, 0xff53_4d42, 0xfe53_4d42];
        let kind = rustix::fs::statfs(folder).ok().and_then(|s| u32::try_from(s.f_type).ok());
        kind.is_some_and(|kind| DRIVES.contains(&kind))
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = folder;
        false
    }
}
