//! The one constructor of a git command, and what it printed.

use std::path::Path;

use anyhow::{Result, bail};
use bstr::ByteSlice as _;

use crate::platform::process::{Cmd, Output};

/// A git command that reads, in `dir`, tied to no repository by variables.
///
/// Takes the directory only: add `--git-dir` or the index variable where a hook's own repository is
/// meant.
pub fn git(dir: &Path) -> Cmd {
    Cmd::new("git", dir)
        // Messages that we compare or show beside ours are in one language.
        .env("LC_ALL", "C")
        // Never take a lock for a mere refresh: the person's own command may be waiting for it.
        .env("GIT_OPTIONAL_LOCKS", "0")
        // A hook never goes to the network, whatever a partial clone lacks.
        .env("GIT_NO_LAZY_FETCH", "1")
        // History is read as it is, not as `git replace` or a grafts file shows it.
        .env("GIT_NO_REPLACE_OBJECTS", "1")
        .env("GIT_GRAFT_FILE", "/dev/null")
        .env("GIT_TERMINAL_PROMPT", "0")
        // Paths come as bytes, and no monitor program is started on our behalf.
        .args(["-c", "core.quotePath=false", "-c", "core.fsmonitor=false"])
        // Of the grafts file above git would say that it is a thing of the past.
        .args(["-c", "advice.graftFileDeprecated=false"])
}

/// The standard output of a git command that must have succeeded.
pub fn succeeded<'a>(output: &'a Output, what: &str) -> Result<&'a [u8]> {
    if !output.status.success() {
        bail!("{what} failed: {}", output.stderr.trim().as_bstr());
    }
    Ok(&output.stdout)
}
