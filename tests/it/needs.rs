//! What some tests need of a machine: the one list.
//!
//! Where it is missing a line says which test is skipped and why, and the test passes. In CI (where
//! `CI` is set) nothing is skipped but what no package can mend: the test fails.

use std::io::{self, Write as _};

/// Something that a machine may lack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// `claude` and `codex`, which npm installs.
    Agents,
    /// husky, lefthook and simple-git-hooks, which npm installs, pre-commit and prek, which pip installs.
    HookManagers,
    /// pytest and TypeScript, which pip (in a virtual environment) and npm install.
    Toolchains,
    /// User namespaces, for the sandbox of codex.
    UserNamespaces,
    /// `setpriv` and the right to become another user.
    OtherUser,
    /// The right to mount a file system.
    Mount,
    /// `flock`.
    Flock,
    /// `bwrap`, and user namespaces for it.
    Bubblewrap,
}

impl Need {
    /// No package brings it: a machine has it or not.
    fn may_be_missing_in_ci(self) -> bool {
        match self {
            Self::UserNamespaces | Self::Bubblewrap => true,
            Self::Agents
            | Self::HookManagers
            | Self::Toolchains
            | Self::OtherUser
            | Self::Mount
            | Self::Flock => false,
        }
    }
}

/// Says that a test is skipped; fails it in CI.
#[track_caller]
pub fn skip(test: &str, need: Need, why: &str) {
    let in_ci = std::env::var_os("CI").is_some();
    assert!(!in_ci || need.may_be_missing_in_ci(), "{test} needs {need:?}: {why}");
    // Past the test harness, which keeps what a passing test prints to itself.
    writeln!(io::stderr().lock(), "skipped: {test}: {why}").unwrap();
}
