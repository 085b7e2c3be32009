//! Every agent that the policy names, with what is known of it without asking a model.

use anyhow::Result;
use jiff::Timestamp;

use crate::domain::model::agent::{AgentIdentity, Role};
use crate::domain::policy::settings::Policy;
use crate::flow::call::roles::AssignedAgent;
use crate::flow::context::Context;
use crate::platform::agents::Agent;
use crate::platform::agents::agent_env::{AgentEnv, AgentNotFound};
use crate::platform::config::env::now;
use crate::platform::store::ledger;
use crate::platform::store::ledger::Ledger;
use crate::platform::store::ledger::error::Error as LedgerError;
use crate::platform::store::ledger::wait::AgentWait;

/// An agent that the policy names for some roles.
pub struct ListedAgent {
    pub name: String,
    pub roles: Vec<AgentRole>,
    pub found: Result<Agent, AgentNotFound>,
    /// Its limit that is not over, with the account that it is asked with now.
    pub wait: Option<AgentWait>,
}

/// A role of an agent, and how it is asked in that.
#[derive(Clone, Debug)]
pub struct AgentRole {
    pub role: Role,
    /// `None` for its own default.
    pub model: Option<String>,
    /// `None` for its own default.
    pub effort: Option<String>,
}

impl AgentRole {
    /// `reviewer (gpt-5.5, effort high)`
    pub fn in_words(&self) -> String {
        let effort = self.effort.as_ref().map(|effort| format!("effort {effort}"));
        let said: Vec<String> = self.model.clone().into_iter().chain(effort).collect();
        if said.is_empty() {
            return self.role.to_string();
        }
        format!("{} ({})", self.role, said.join(", "))
    }
}

impl ListedAgent {
    /// Who it is, for which its program may be started; `None` where it is not here.
    pub fn identity(&self, agent_env: AgentEnv<'_>) -> Option<AgentIdentity> {
        let agent = self.found.as_ref().ok()?;
        agent.look(agent_env);
        Some(agent.identity(agent_env))
    }
}

/// The agents by the order of roles. `ledger` has their limits, where there is one.
pub fn list(
    policy: &Policy,
    agent_env: AgentEnv<'_>,
    ledger: Option<&Ledger>,
    time: Timestamp,
) -> Result<Vec<ListedAgent>> {
    let mut agents: Vec<ListedAgent> = Vec::new();
    for role in Role::ALL {
        let settings = policy.agents.for_role(role);
        for (place, name) in settings.agents.iter().enumerate() {
            let known = agents.iter().position(|agent| agent.name == *name);
            let at = known.unwrap_or(agents.len());
            if known.is_none() {
                let found = Agent::find(name, policy, agent_env);
                let wait = match (&found, ledger) {
                    (Ok(agent), Some(ledger)) => ledger
                        .wait(name, &agent.account(agent_env).by, time)
                        .map_err(LedgerError::hinted)?,
                    _ => None,
                };
                let (name, roles) = (name.clone(), Vec::new());
                agents.push(ListedAgent { name, roles, found, wait });
            }
            let listed = &mut agents[at];
            let how = listed.found.as_ref().ok().map(|agent| {
                let settings = settings.alone(place);
                AssignedAgent::alone(role, agent.clone(), settings)
            });
            let word = |word: Option<&str>| word.map(str::to_owned);
            listed.roles.push(AgentRole {
                role,
                model: how.as_ref().and_then(|how| word(how.model())),
                effort: how.as_ref().and_then(|how| word(how.effort())),
            });
        }
    }
    Ok(agents)
}

/// Has agents asked though their limits are not over. Where one still holds it is kept again.
pub fn ask_anyway(context: Context<'_>, agents: &[&AssignedAgent]) -> Result<()> {
    let state_dir = context.repo.state_dir();
    if !ledger::exists(&state_dir) {
        return Ok(());
    }
    let mut ledger = Ledger::open(&state_dir).map_err(LedgerError::hinted)?;
    for agent in agents.iter().flat_map(|agent| agent.all()) {
        let time = now(context.env);
        ledger.clear_waits(Some(&agent.name), time).map_err(LedgerError::hinted)?;
    }
    Ok(())
}

/// Whether an agent and all that could be asked in its place are at a limit at that time.
pub fn is_held_up(
    to: &AssignedAgent,
    agent_env: AgentEnv<'_>,
    ledger: &Ledger,
    then: Timestamp,
) -> Result<bool> {
    for agent in to.all() {
        let account = agent.agent.account(agent_env);
        if ledger.wait(&agent.name, &account.by, then).map_err(LedgerError::hinted)?.is_none() {
            return Ok(false);
        }
    }
    Ok(true)
}
