//! The versions of specs that were taken in, each once.

use std::path::Path;

use jiff::Timestamp;
use rusqlite::params;

use crate::platform::store::crash::save_point;
use crate::platform::store::ledger::Ledger;
use crate::platform::store::ledger::error::Error;

/// One version of a spec, with what was found in it.
#[derive(Clone, Copy, Debug)]
pub struct SpecVersion<'a> {
    pub id: &'a str,
    /// BLAKE3 of the content.
    pub hash: &'a str,
    /// From the top of the work tree.
    pub path: &'a str,
    pub worktree: &'a Path,
    /// `S`, `M` or `L`.
    pub size: &'a str,
    /// Whether it was fit for a run.
    pub accepted: bool,
    /// A JSON array; without secrets.
    pub problems: &'a str,
    pub time: Timestamp,
}

impl Ledger {
    /// Keeps a version. One that is there already stays as it is.
    pub fn keep_spec(&mut self, version: &SpecVersion<'_>) -> Result<(), Error> {
        use std::os::unix::ffi::OsStrExt as _;
        save_point();
        self.connection.execute(
            "INSERT INTO specs (id, hash, path, worktree, size, accepted, problems, time)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (id, hash) DO NOTHING",
            params![
                version.id,
                version.hash,
                version.path,
                version.worktree.as_os_str().as_bytes(),
                version.size,
                i64::from(version.accepted),
                version.problems,
                version.time.as_millisecond(),
            ],
        )?;
        save_point();
        Ok(())
    }
}
