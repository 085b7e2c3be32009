//! The one constructor of a git command.

use std::path::Path;

use crate::platform::process::Cmd;

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
        // History is judged as it is, not as `git replace` or a grafts file shows it.
        .env("GIT_NO_REPLACE_OBJECTS", "1")
        .env("GIT_GRAFT_FILE", "/dev/null")
        .env("GIT_TERMINAL_PROMPT", "0")
        // Paths come as bytes, and no monitor program is started on our behalf.
        .args(["-c", "core.quotePath=false", "-c", "core.fsmonitor=false"])
}
