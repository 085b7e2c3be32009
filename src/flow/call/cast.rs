//! Who plays which part in a run, and how independent the judges are.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use anyhow::Result;
use directories::ProjectDirs;

use crate::domain::model::agent::{Role, Route};
use crate::domain::model::error::hinted;
use crate::domain::policy::agents::{RoleAgent, RouteChoice};
use crate::domain::policy::settings::Policy;
use crate::platform::agents::Agent;
use crate::platform::agents::env::{Around, Missing};
use crate::platform::config::env::Env;
use crate::platform::git::repo::Repo;

/// An agent in a role.
#[derive(Clone, Debug)]
pub struct Player {
    pub role: Role,
    pub agent: Agent,
    /// The name in the settings.
    pub name: String,
    pub settings: RoleAgent,
}

/// The parts of a run.
#[derive(Clone, Debug)]
pub struct Cast {
    pub route: Route,
    /// `None` on route C.
    pub judges: Option<Judges>,
    /// What the person should know of the choice.
    pub notes: Vec<String>,
}

#[derive(Clone, Debug)]
pub struct Judges {
    pub reviewer: Player,
    pub arbiter: Player,
}

/// What surrounds every call that is made for a repository.
pub fn around<'a>(repo: &'a Repo, env: &'a Env, home: &'a Path) -> Around<'a> {
    Around { env, repository: repo.work_tree.as_deref(), home }
}

/// Where agents keep what outlives a call, for this user; a user without a home that can be written
/// to has it beside the rest of the state.
pub fn home(repo: &Repo) -> PathBuf {
    ProjectDirs::from("", "", "tribunal")
        .map(|dirs| dirs.cache_dir().join("agents"))
        .filter(|home| DirBuilder::new().recursive(true).mode(0o700).create(home).is_ok())
        .unwrap_or_else(|| repo.state_dir().join("agents"))
}

/// Chooses the judges. A reviewer of the executor's own vendor is refused where the policy asks for
/// two vendors, and said where it does not.
pub fn judges(policy: &Policy, around: Around<'_>) -> Result<Cast> {
    let choice = policy.agents.route;
    if choice == RouteChoice::C {
        let notes = vec!["no model judges: `agents.route` is `C`".to_owned()];
        return Ok(Cast { route: Route::C, judges: None, notes });
    }
    let mut notes = Vec::new();
    let own = find(policy, Role::Executor, around);
    let reviewer = match find(policy, Role::Reviewer, around) {
        Ok(reviewer) => reviewer,
        Err(missing) if choice == RouteChoice::A => {
            return Err(hinted(missing.message, missing.hint));
        }
        Err(missing) => match own.clone() {
            Ok(player) => {
                notes.push(format!(
                    "{}: `{}` reviews in its place (hint: {})",
                    missing.message, player.name, missing.hint
                ));
                player.plays(Role::Reviewer, policy)
            }
            Err(other) => {
                notes.push(format!("{} (hint: {})", missing.message, missing.hint));
                if other.message != missing.message {
                    notes.push(format!("{} (hint: {})", other.message, other.hint));
                }
                return Ok(Cast { route: Route::C, judges: None, notes });
            }
        },
    };
    // What is configured counts: code may come from an executor that is not installed here.
    let of_executor = own.as_ref().map_or_else(
        |_| family_of(policy, &policy.agents.executor.agent),
        |player| Some(player.agent.family().to_owned()),
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
    let arbiter = match find(policy, Role::Arbiter, around) {
        Ok(arbiter) => arbiter,
        Err(missing) => {
            notes.push(format!("{}: `{}` weighs its findings too", missing.message, reviewer.name));
            reviewer.clone().plays(Role::Arbiter, policy)
        }
    };
    Ok(Cast { route, judges: Some(Judges { reviewer, arbiter }), notes })
}

/// The agent that the policy names for a role.
pub fn find(policy: &Policy, role: Role, around: Around<'_>) -> Result<Player, Missing> {
    let settings = policy.agents.of(role).clone();
    let agent = Agent::find(&settings.agent, policy, around)?;
    Ok(Player { role, agent, name: settings.agent.clone(), settings })
}

impl Player {
    /// For people and for the receipt: `codex (gpt-5.5)`.
    pub fn shown(&self) -> String {
        match self.settings.model.as_str() {
            "" => self.name.clone(),
            model => format!("{} ({model})", self.name),
        }
    }

    /// The same agent in another role: that role's limits, and no model of another vendor.
    fn plays(self, role: Role, policy: &Policy) -> Self {
        let limits = policy.agents.of(role).clone();
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
