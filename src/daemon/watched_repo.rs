//! The repository that a watcher works for.

use std::path::PathBuf;

use crate::platform::config::env::Env;
use crate::platform::git::repo::Repo;
use crate::platform::store::stopped::LastStop;

/// Where the watcher works and under which settings.
pub struct WatchedRepo {
    pub common_dir: PathBuf,
    pub state_dir: PathBuf,
    pub env: Env,
    /// `--set` of the command line.
    pub flags: Vec<String>,
    /// The stop before this was begun: a later one ends it.
    pub last_stop: LastStop,
}

impl WatchedRepo {
    pub fn of(repo: &Repo, env: &Env, flags: &[String]) -> Self {
        // One spelling, whichever work tree we were started from: events are compared by path.
        let common_dir = repo.common_dir.canonicalize().unwrap_or_else(|_| repo.common_dir.clone());
        let state_dir = common_dir.join("tribunal");
        let last_stop = LastStop::of(&state_dir);
        Self { common_dir, state_dir, env: env.clone(), flags: flags.to_vec(), last_stop }
    }
}
