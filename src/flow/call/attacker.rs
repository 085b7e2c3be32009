//! Who attacks a change, and who weighs what breaks.

use anyhow::Result;

use crate::domain::model::agent::{Role, is_same_family};
use crate::domain::model::error::hinted;
use crate::domain::policy::agent_settings::RouteChoice;
use crate::domain::policy::settings::Policy;
use crate::flow::call::roles::{AssignedAgent, find_agent};
use crate::flow::call::route::{Reviewers, RoleAssignment};
use crate::platform::agents::agent_env::AgentEnv;

/// The agents of an attack.
#[derive(Clone, Debug)]
pub struct AttackRoles {
    pub attacker: AssignedAgent,
    pub arbiter: AssignedAgent,
    /// Looks again at what the arbiter dismisses.
    pub second: AssignedAgent,
    /// What is to be said of it.
    pub notes: Vec<String>,
}

/// Assigns them: an attacker of another vendor than the executor where one can be had, an arbiter that is not the
/// attacker. Where the route is `A`, an attacker of the executor's vendor is refused.
pub fn assign_attacker(
    policy: &Policy,
    agent_env: AgentEnv<'_>,
    assignment: &RoleAssignment,
    reviewers: &Reviewers,
) -> Result<AttackRoles> {
    let is_strict = policy.agents.route == RouteChoice::A;
    let is_own = |agent: &AssignedAgent| is_same_family(agent.agent.family(), &assignment.against);
    let mut notes = Vec::new();
    let mut attacker = match find_agent(policy, Role::Attacker, agent_env) {
        Ok(attacker) => attacker,
        Err(missing) if is_strict => return Err(hinted(missing.message, missing.hint)),
        Err(missing) => {
            let name = &reviewers.reviewer.name;
            notes.push(format!(
                "{}: `{name}` attacks in its place (hint: {})",
                missing.message, missing.hint
            ));
            reviewers.reviewer.clone().in_role(Role::Attacker, policy)
        }
    };
    if is_strict {
        attacker.others.retain(|other| !is_own(other));
    }
    if is_own(&attacker) && is_strict {
        return Err(hinted(
            format!(
                "`{}` would attack code of its own vendor, and `agents.route` is `A`",
                attacker.name
            ),
            "set `agents.attacker.use` to another vendor's agent, or `agents.route` to `B`",
        ));
    }
    if is_own(&attacker) {
        let family = attacker.agent.family();
        notes
            .push(format!("not independent: executor and attacker are both of {family} (route B)"));
    }
    let arbiters = [&reviewers.arbiter, &reviewers.second];
    let arbiter = arbiters.into_iter().find(|one| one.name != attacker.name);
    if arbiter.is_none() {
        let name = &attacker.name;
        notes.push(format!(
            "`{name}` decides about its own attack, as another process: no other agent is here"
        ));
    }
    let arbiter = arbiter.unwrap_or(&reviewers.arbiter).clone();
    let second = arbiters.into_iter().find(|one| one.name != arbiter.name);
    let second = second.unwrap_or(&arbiter).clone();
    Ok(AttackRoles { attacker, arbiter, second, notes })
}
