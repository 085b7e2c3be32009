//! The repository that a watcher works for.

use std::path::PathBuf;

use crate::domain::policy::layers::flags::FlagSettings;
use crate::platform::config::env::Env;
use crate::platform::git::repo::Repo;

/// Where the watcher works and under which settings.
pub struct WatchedRepo {
    pub common_dir: PathBuf,
    pub state_dir: PathBuf,
    pub env: Env,
    /// `--set` of the command line.
    pub flags: FlagSettings,
}

impl WatchedRepo {
    pub fn of(repo: &Repo, env: &Env, flags: &FlagSettings) -> Self {
        // One spelling, whichever work tree we were started from: events are compared by path.
        let common_dir = repo.common_dir.canonicalize().unwrap_or_else(|_| repo.common_dir.clone());
        let state_dir = common_dir.join("tribunal");
        Self { common_dir, state_dir, env: env.clone(), flags: flags.clone() }
    }
}
