//! Calls that belong to no run: stored as those of one are, though `tribunal runs` does not list them.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use anyhow::{Context as _, Result};

use crate::domain::policy::settings::Policy;
use crate::flow::call::cleanup::{clean_up_calls, end_surviving_agents};
use crate::flow::call::client::AgentClient;
use crate::flow::context::{Context, Notify};
use crate::platform::agents::agent_env::AgentEnv;
use crate::platform::config::env::now;
use crate::platform::config::random;
use crate::platform::process::Interrupts;
use crate::platform::store::file;
use crate::platform::store::permissions;
use crate::platform::store::runs;
use crate::platform::store::runs::RunFolder;

/// The file with the question that its calls are for, while that is open.
const QUESTION: &str = "question";

/// The folder of such calls, which is this process's.
pub struct CallsApart {
    /// The id under which they are kept. It is no run: it has no state.
    id: String,
    folder: RunFolder,
}

impl CallsApart {
    /// Makes the folder, after what is to be cleaned up of calls that were killed: no other command may run here.
    pub fn begin(context: Context<'_>) -> Result<Self> {
        let state_dir = context.repo.state_dir();
        clean_up_calls(&state_dir, context.env, context.notices)?;
        runs::remove_stateless(&state_dir, runs::long_ago(now(context.env)))?;
        let id = random::id().to_string();
        let folder = RunFolder::create(&state_dir, &id)?;
        Ok(Self { id, folder })
    }

    /// Takes the folder in which calls for that question were stopped, or makes one: what was answered is not asked again.
    /// Until [`Self::settle`] is called the next one that asks the same goes on there.
    pub fn of_question(context: Context<'_>, question: &str) -> Result<Self> {
        let state_dir = context.repo.state_dir();
        clean_up_calls(&state_dir, context.env, context.notices)?;
        for id in runs::folders(&state_dir)? {
            let mark = runs::folder(&state_dir, &id).join(QUESTION);
            let is_same = file::read_text(&mark).is_ok_and(|known| known == question);
            if is_same && let Some(folder) = RunFolder::try_take(&state_dir, &id)? {
                end_surviving_agents(folder.path())?;
                return Ok(Self { id, folder });
            }
        }
        let calls = Self::begin(context)?;
        file::write_atomic(&calls.folder.path().join(QUESTION), question.as_bytes())?;
        Ok(calls)
    }

    /// The question is answered: who asks it again makes new calls.
    pub fn settle(&self) -> Result<()> {
        let mark = self.folder.path().join(QUESTION);
        file::remove_if_there(&mark)
            .with_context(|| format!("could not remove `{}`", mark.display()))
    }

    pub fn id(&self) -> &str {
        &self.id
    }

    /// Its place.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// An empty folder to work in, for agents that have all that they need in their prompt.
    pub fn room(&self) -> Result<PathBuf> {
        let room = self.folder.path().join("room");
        permissions::make_dir(&room)
            .with_context(|| format!("could not make `{}`", room.display()))?;
        Ok(room)
    }

    /// Makes the calls.
    pub fn client<'a>(
        &self,
        context: Context<'a>,
        policy: &'a Policy,
        agent_env: AgentEnv<'a>,
        notices: &'a Notify<'a>,
    ) -> Result<AgentClient<'a>> {
        Ok(AgentClient {
            env: context.env,
            policy,
            agent_env,
            state_dir: context.repo.state_dir(),
            run: self.id.clone(),
            shares_with: Box::new(|| Ok(Vec::new())),
            folder: self.folder.path().to_owned(),
            interrupts: Interrupts::listen().context("could not listen for signals")?,
            ledger: Mutex::default(),
            unusable: Mutex::default(),
            notices,
        })
    }
}
