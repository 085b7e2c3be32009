//! Finds the agent that the policy names for a role.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::domain::model::agent::{AgentIdentity, Role};
use crate::domain::policy::agent_settings::{RoleAgent, RouteChoice};
use crate::domain::policy::settings::Policy;
use crate::flow::context::Context;
use crate::flow::evaluate::policy;
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
    /// Who is asked in its place where it cannot be asked, best first.
    pub others: Vec<Self>,
    /// Those that stand before it in the settings and are not here.
    pub missing: Vec<AgentNotFound>,
}

/// The environment of every call for a repository.
pub fn agent_env<'a>(repo: &'a Repo, env: &'a Env, home: &'a Path) -> AgentEnv<'a> {
    AgentEnv { env, repository: repo.home_tree.as_deref(), home }
}

/// The user's folder in which agents store what outlives a call; in the state folder where the cache
/// folder cannot be written.
pub fn agents_home(repo: &Repo) -> PathBuf {
    cache_folder()
        .map(|cache| cache.join("agents"))
        .filter(|home| DirBuilder::new().recursive(true).mode(0o700).create(home).is_ok())
        .unwrap_or_else(|| repo.state_dir().join("agents"))
}

/// The agent that could fix something by the policy of HEAD; `None` where there is none, or it cannot write.
pub fn executor(context: Context<'_>) -> Result<Option<String>> {
    let policy = policy::settings_of_head(context)?.policy;
    if policy.agents.route == RouteChoice::C {
        return Ok(None);
    }
    let home = agents_home(context.repo);
    let agent_env = agent_env(context.repo, context.env, &home);
    let found = find_agent(&policy, Role::Executor, agent_env).ok();
    Ok(found.filter(|executor| executor.agent.can_write()).map(|executor| executor.name))
}

/// Finds the agents that the policy names for a role: the first that is here, with the others.
pub fn find_agent(
    policy: &Policy,
    role: Role,
    agent_env: AgentEnv<'_>,
) -> Result<AssignedAgent, AgentNotFound> {
    let settings = policy.agents.for_role(role);
    let (mut found, mut missing): (Vec<AssignedAgent>, Vec<AgentNotFound>) = Default::default();
    for (place, name) in settings.agents.iter().enumerate() {
        let agent = match Agent::find(name, policy, agent_env) {
            Ok(agent) => agent,
            Err(not_found) => {
                missing.extend(found.is_empty().then_some(not_found));
                continue;
            }
        };
        found.push(AssignedAgent::alone(role, agent, settings.alone(place)));
    }
    if found.is_empty() {
        let nobody =
            || AgentNotFound { message: "no agent is named".to_owned(), hint: String::new() };
        return Err(missing.into_iter().next().unwrap_or_else(nobody));
    }
    let first = found.remove(0);
    Ok(AssignedAgent { others: found, missing, ..first })
}

impl AssignedAgent {
    /// An agent with its settings, in whose place no other is asked.
    pub fn alone(role: Role, agent: Agent, settings: RoleAgent) -> Self {
        let name = settings.agents.first().cloned().unwrap_or_default();
        Self { role, agent, name, settings, others: Vec::new(), missing: Vec::new() }
    }

    /// It and those that are asked in its place.
    pub fn all(&self) -> impl Iterator<Item = &Self> {
        std::iter::once(self).chain(&self.others)
    }

    /// The model that is asked for; `None` for the program's default.
    pub fn model(&self) -> Option<&str> {
        Some(self.settings.model.as_str()).filter(|model| !model.is_empty())
    }

    /// How hard it is to think; `None` for the program's default.
    pub fn effort(&self) -> Option<&str> {
        match self.settings.effort.as_str() {
            "" if self.agent.takes_effort() => self.role.default_effort(),
            "" | "default" => None,
            effort => Some(effort),
        }
    }

    /// Who it is, as far as that is known before a call.
    pub fn identity(&self, agent_env: AgentEnv<'_>) -> AgentIdentity {
        let known = self.agent.identity(agent_env);
        AgentIdentity {
            model: self.model().map_or(known.model, str::to_owned),
            effort: self.effort().unwrap_or_default().to_owned(),
            ..known
        }
    }

    /// The same agents in another role: that role's limits, and no model of another vendor.
    pub fn in_role(self, role: Role, policy: &Policy) -> Self {
        let limits = policy.agents.for_role(role).clone();
        let settings = RoleAgent {
            agents: vec![self.name.clone()],
            model: self.settings.model.clone(),
            effort: self.settings.effort.clone(),
            ..limits
        };
        let others = self.others.into_iter().map(|other| other.in_role(role, policy)).collect();
        Self { role, settings, others, ..self }
    }
}
