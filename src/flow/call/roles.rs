//! Finds the agent that the policy names for a role.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::domain::model::agent::Role;
use crate::domain::policy::agent_settings::RoleAgent;
use crate::domain::policy::settings::Policy;
use crate::platform::agents::Agent;
use crate::platform::agents::agent_env::{AgentEnv, AgentNotFound};
use crate::platform::config::env::{Env, cache_folder};
use crate::platform::git::repo::Repo;

/// An agent in a role.
#[derive(Clone, Debug)]
pub struct AssignedAgent {
    pub role: Role,
    pub agent: Agent,
    /// The name in the settings.
    pub name: String,
    pub settings: RoleAgent,
}

/// The environment of every call for a repository.
pub fn agent_env<'a>(repo: &'a Repo, env: &'a Env, home: &'a Path) -> AgentEnv<'a> {
    AgentEnv { env, repository: repo.work_tree.as_deref(), home }
}

/// The user's folder in which agents store what outlives a call; in the state folder where the cache
/// folder cannot be written.
pub fn agents_home(repo: &Repo) -> PathBuf {
    cache_folder()
        .map(|cache| cache.join("agents"))
        .filter(|home| DirBuilder::new().recursive(true).mode(0o700).create(home).is_ok())
        .unwrap_or_else(|| repo.state_dir().join("agents"))
}

/// Finds the agent that the policy names for a role.
pub fn find_agent(
    policy: &Policy,
    role: Role,
    agent_env: AgentEnv<'_>,
) -> Result<AssignedAgent, AgentNotFound> {
    let settings = policy.agents.for_role(role).clone();
    let agent = Agent::find(&settings.agent, policy, agent_env)?;
    Ok(AssignedAgent { role, agent, name: settings.agent.clone(), settings })
}

impl AssignedAgent {
    /// For people and for the receipt: `codex (gpt-5.5)`.
    pub fn label(&self) -> String {
        match self.settings.model.as_str() {
            "" => self.name.clone(),
            model => format!("{} ({model})", self.name),
        }
    }

    /// The same agent in another role: that role's limits, and no model of another vendor.
    pub(super) fn in_role(self, role: Role, policy: &Policy) -> Self {
        let limits = policy.agents.for_role(role).clone();
        let settings = RoleAgent {
            agent: self.name.clone(),
            model: self.settings.model.clone(),
            effort: self.settings.effort.clone(),
            ..limits
        };
        Self { role, settings, ..self }
    }
}
