//! The repository that a watcher works for.

use std::path::PathBuf;

use anyhow::Result;

use crate::domain::policy::layers;
use crate::domain::policy::layers::flags::FlagSettings;
use crate::flow::context::Context;
use crate::platform::config::env::Env;
use crate::platform::git::repo::Repo;
use crate::platform::store::ledger::scan::AskedBy;
use crate::platform::store::stop_mark::LastStop;
use crate::platform::store::user_state::Listed;
use crate::platform::ui::notice;

/// Where the watcher works and under which settings.
#[derive(Clone)]
pub struct WatchedRepo {
    pub common_dir: PathBuf,
    pub state_dir: PathBuf,
    pub env: Env,
    /// What `--set` gave when the watcher was started.
    pub settings: FlagSettings,
    /// The stop before this was begun: a later one ends it.
    pub last_stop: LastStop,
    /// The entry of the list that asks for it; `None` in the foreground.
    pub listed: Option<Listed>,
}

impl WatchedRepo {
    /// The repository of a context, to be kept beyond it.
    pub fn of(context: Context<'_>) -> Self {
        let Context { repo, env, settings, .. } = context;
        // One spelling, whichever work tree we were started from: events are compared by path.
        let common_dir = repo.common_dir.canonicalize().unwrap_or_else(|_| repo.common_dir.clone());
        let state_dir = common_dir.join("tribunal");
        let last_stop = LastStop::of(&state_dir);
        Self {
            common_dir,
            state_dir,
            env: env.clone(),
            settings: settings.clone(),
            last_stop,
            listed: None,
        }
    }

    /// A repository of the list, in the environment of the process that watches it. What was begun by an
    /// entry was begun before any stop.
    pub fn listed(listed: Listed, env: &Env) -> Result<Self> {
        let settings = layers::read_flags(&listed.settings)?;
        Ok(Self {
            common_dir: listed.common_dir.clone(),
            state_dir: listed.common_dir.join("tribunal"),
            env: env.with_own_variables(&listed.variables),
            settings,
            last_stop: LastStop::default(),
            listed: Some(listed),
        })
    }

    /// The entry of the list by which this repository is to be watched with these settings.
    pub fn to_list(&self) -> Listed {
        let names = layers::variables();
        let set =
            self.env.with_prefix("TRIBUNAL_").filter(|(name, _)| names.iter().any(|n| n == name));
        let set = set.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Listed::new(&self.common_dir, self.settings.words().to_vec(), set.collect())
    }

    /// The context of work in one of its work trees, which `repo` was opened from.
    pub fn context<'a>(&'a self, repo: &'a Repo) -> Context<'a> {
        let (env, settings) = (&self.env, &self.settings);
        Context { repo, env, settings, asked: AskedBy::Git, notices: &notice::log }
    }
}
