//! Assigns agents to the roles of a run, and determines the route.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use anyhow::Result;
use directories::ProjectDirs;

use crate::domain::model::agent::{Role, Route};
use crate::domain::model::error::hinted;
use crate::domain::policy::agent_settings::{RoleAgent, RouteChoice};
use crate::domain::policy::settings::Policy;
use crate::platform::agents::Agent;
use crate::platform::agents::env::{Around, Missing};
use crate::platform::config::env::Env;
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

/// The route of a run, and its reviewers.
#[derive(Clone, Debug)]
pub struct RoleAssignment {
    pub route: Route,
    /// `None` on route C.
    pub reviewers: Option<Reviewers>,
    /// What to report about the assignment.
    pub notes: Vec<String>,
}

#[derive(Clone, Debug)]
pub struct Reviewers {
    pub reviewer: AssignedAgent,
    pub arbiter: AssignedAgent,
}

/// The environment of every call for a repository.
pub fn around<'a>(repo: &'a Repo, env: &'a Env, home: &'a Path) -> Around<'a> {
    Around { env, repository: repo.work_tree.as_deref(), home }
}

/// The user's folder in which agents store what outlives a call; in the state folder where the cache
/// folder cannot be written.
pub fn agents_home(repo: &Repo) -> PathBuf {
    ProjectDirs::from("", "", "tribunal")
        .map(|dirs| dirs.cache_dir().join("agents"))
        .filter(|home| DirBuilder::new().recursive(true).mode(0o700).create(home).is_ok())
        .unwrap_or_else(|| repo.state_dir().join("agents"))
}

/// Assigns reviewer and arbiter. A reviewer of the executor's vendor is refused on route `A`, and
/// reported as not independent otherwise.
pub fn assign_reviewers(policy: &Policy, around: Around<'_>) -> Result<RoleAssignment> {
    let choice = policy.agents.route;
    if choice == RouteChoice::C {
        let notes = vec!["no model reviews: `agents.route` is `C`".to_owned()];
        return Ok(RoleAssignment { route: Route::C, reviewers: None, notes });
    }
    let mut notes = Vec::new();
    let own = find_agent(policy, Role::Executor, around);
    let reviewer = match find_agent(policy, Role::Reviewer, around) {
        Ok(reviewer) => reviewer,
        Err(missing) if choice == RouteChoice::A => {
            return Err(hinted(missing.message, missing.hint));
        }
        Err(missing) => match own.clone() {
            Ok(assigned) => {
                notes.push(format!(
                    "{}: `{}` reviews in its place (hint: {})",
                    missing.message, assigned.name, missing.hint
                ));
                assigned.in_role(Role::Reviewer, policy)
            }
            Err(other) => {
                notes.push(format!("{} (hint: {})", missing.message, missing.hint));
                if other.message != missing.message {
                    notes.push(format!("{} (hint: {})", other.message, other.hint));
                }
                return Ok(RoleAssignment { route: Route::C, reviewers: None, notes });
            }
        },
    };
    // The configured executor counts, installed or not: the code may have been written elsewhere.
    let of_executor = own.as_ref().map_or_else(
        |_| family_of(policy, &policy.agents.executor.agent),
        |assigned| Some(assigned.agent.family().to_owned()),
    );
    let route = if of_executor.as_deref() == Some(reviewer.agent.family()) {
        if choice == RouteChoice::A {
            return Err(hinted(
                format!(
                    "`{}` would review code of its own vendor, and `agents.route` is `A`",
                    reviewer.name
                ),
                "set `agents.reviewer.use` to another vendor's agent, or `agents.route` to `B`",
            ));
        }
        notes.push(format!(
            "not independent: executor and reviewer are both of {} (route B)",
            reviewer.agent.family()
        ));
        Route::B
    } else {
        Route::A
    };
    let arbiter = match find_agent(policy, Role::Arbiter, around) {
        Ok(arbiter) => arbiter,
        Err(missing) => {
            notes.push(format!(
                "{}: `{}` arbitrates its findings too",
                missing.message, reviewer.name
            ));
            reviewer.clone().in_role(Role::Arbiter, policy)
        }
    };
    Ok(RoleAssignment { route, reviewers: Some(Reviewers { reviewer, arbiter }), notes })
}

/// Finds the agent that the policy names for a role.
pub fn find_agent(
    policy: &Policy,
    role: Role,
    around: Around<'_>,
) -> Result<AssignedAgent, Missing> {
    let settings = policy.agents.for_role(role).clone();
    let agent = Agent::find(&settings.agent, policy, around)?;
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
    fn in_role(self, role: Role, policy: &Policy) -> Self {
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

fn family_of(policy: &Policy, name: &str) -> Option<String> {
    let own = policy.command_agent.iter().map(|agent| (&agent.name, &agent.family));
    let served = policy.http_agent.iter().map(|agent| (&agent.name, &agent.family));
    match name {
        "claude" => Some("anthropic".to_owned()),
        "codex" => Some("openai".to_owned()),
        _ => own.chain(served).find(|(n, _)| *n == name).map(|(_, family)| family.clone()),
    }
}
