//! The repository that a watcher works for.

use std::path::PathBuf;

use crate::domain::policy::layers::flags::FlagSettings;
use crate::flow::context::Context;
use crate::platform::config::env::Env;
use crate::platform::git::repo::Repo;
use crate::platform::store::ledger::scan::AskedBy;
use crate::platform::store::stop_mark::LastStop;
use crate::platform::ui::notice;

/// Where the watcher works and under which settings.
pub struct WatchedRepo {
    pub common_dir: PathBuf,
    pub state_dir: PathBuf,
    pub env: Env,
    /// What `--set` gave when the watcher was started.
    pub settings: FlagSettings,
    /// The stop before this was begun: a later one ends it.
    pub last_stop: LastStop,
}

impl WatchedRepo {
    /// The repository of a context, to be kept beyond it.
    pub fn of(context: Context<'_>) -> Self {
        let Context { repo, env, settings, .. } = context;
        // One spelling, whichever work tree we were started from: events are compared by path.
        let common_dir = repo.common_dir.canonicalize().unwrap_or_else(|_| repo.common_dir.clone());
        let state_dir = common_dir.join("tribunal");
        let last_stop = LastStop::of(&state_dir);
        Self { common_dir, state_dir, env: env.clone(), settings: settings.clone(), last_stop }
    }

    /// The context of work in one of its work trees, which `repo` was opened from.
    pub fn context<'a>(&'a self, repo: &'a Repo) -> Context<'a> {
        let (env, settings) = (&self.env, &self.settings);
        Context { repo, env, settings, asked: AskedBy::Git, notices: &notice::log }
    }
}
