//! Determines the route of a run: whether a model of another vendor reviews (A), one of the same
//! vendor (B) or none (C), and which agents review and arbitrate.

use anyhow::Result;

use crate::domain::model::agent::{Role, Route};
use crate::domain::model::error::hinted;
use crate::domain::policy::agent_settings::{RoleAgent, RouteChoice};
use crate::domain::policy::settings::Policy;
use crate::flow::call::roles::{AssignedAgent, find_agent};
use crate::platform::agents::Agent;
use crate::platform::agents::agent_env::AgentEnv;

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
    /// Looks again at what the arbiter dismisses: of another vendor where one can be had.
    pub second: AssignedAgent,
}

/// Assigns reviewer and arbiter. A reviewer of the executor's vendor is refused on route `A`, and
/// reported as not independent otherwise.
pub fn assign_reviewers(policy: &Policy, agent_env: AgentEnv<'_>) -> Result<RoleAssignment> {
    let choice = policy.agents.route;
    if choice == RouteChoice::C {
        let notes = vec!["no model reviews: `agents.route` is `C`".to_owned()];
        return Ok(RoleAssignment { route: Route::C, reviewers: None, notes });
    }
    let mut notes = Vec::new();
    let own = find_agent(policy, Role::Executor, agent_env);
    let reviewer = match find_agent(policy, Role::Reviewer, agent_env) {
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
    let arbiter = match find_agent(policy, Role::Arbiter, agent_env) {
        Ok(arbiter) => arbiter,
        Err(missing) => {
            notes.push(format!(
                "{}: `{}` arbitrates its findings too",
                missing.message, reviewer.name
            ));
            reviewer.clone().in_role(Role::Arbiter, policy)
        }
    };
    let second = second(&arbiter, [Some(&reviewer), own.as_ref().ok()], policy, agent_env);
    Ok(RoleAssignment { route, reviewers: Some(Reviewers { reviewer, arbiter, second }), notes })
}

/// Who looks again at what the arbiter dismisses: the first of the agents that is of another vendor and
/// logged in, else the arbiter's own, as another process.
fn second(
    arbiter: &AssignedAgent,
    others: [Option<&AssignedAgent>; 2],
    policy: &Policy,
    agent_env: AgentEnv<'_>,
) -> AssignedAgent {
    let family = arbiter.agent.family();
    let is_other = |agent: &&AssignedAgent| !agent.agent.family().eq_ignore_ascii_case(family);
    let assigned = others.into_iter().flatten().find(is_other).cloned();
    let installed = || {
        ["claude", "codex"].into_iter().find_map(|name| {
            let settings = RoleAgent {
                agent: name.to_owned(),
                model: String::new(),
                effort: String::new(),
                ..policy.agents.for_role(Role::Arbiter).clone()
            };
            let agent = Agent::find(name, policy, agent_env).ok()?;
            let found =
                AssignedAgent { role: Role::Arbiter, agent, name: name.to_owned(), settings };
            Some(found).filter(|found| is_other(&found))
        })
    };
    match assigned.or_else(installed) {
        Some(other) => other.in_role(Role::Arbiter, policy),
        None => arbiter.clone(),
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
