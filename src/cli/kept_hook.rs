//! Runs the hook that was there before ours was installed.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::domain::model::report::ExitStatus;
use crate::flow::setup::install::kept_name;
use crate::platform::process::Cmd;

/// A hook that was installed before, and is still run.
pub struct KeptHook<'a> {
    pub path: PathBuf,
    /// What git gave to ours, passed on as it is.
    pub args: &'a [OsString],
    /// The folder that git started ours in.
    pub folder: &'a Path,
}

impl KeptHook<'_> {
    /// Runs it with what git wrote to ours, in the terminal of git; whatever it says but yes blocks.
    pub fn run(&self, input: &[u8]) -> Result<ExitStatus> {
        let path = kept_name::path_to_run(&self.path);
        let mut command = Cmd::kept_hook(&path, self.folder).args(self.args);
        if !input.is_empty() {
            command = command.stdin(input);
        }
        let status = command
            .inherit()
            .with_context(|| format!("the hook `{}` could not be run", self.path.display()))?;
        Ok(if status.success() { ExitStatus::Pass } else { ExitStatus::Blocked })
    }
}
