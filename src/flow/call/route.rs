//! Determines the route of a run: whether a model of another vendor reviews (A), one of the same
//! vendor (B) or none (C), and which agents review and arbitrate.

use anyhow::Result;

use crate::domain::model::agent::{Role, Route, is_same_family};
use crate::domain::model::error::hinted;
use crate::domain::policy::agent_settings::{RoleAgent, RouteChoice};
use crate::domain::policy::settings::Policy;
use crate::flow::call::roles::{AssignedAgent, find_agent};
use crate::platform::agents::Agent;
use crate::platform::agents::agent_env::{AgentEnv, AgentNotFound};

/// The route of a run, and its reviewers.
#[derive(Clone, Debug)]
pub struct RoleAssignment {
    pub route: Route,
    /// `None` on route C.
    pub reviewers: Option<Reviewers>,
    /// The vendor that a reviewer is not to be of, so as to be independent.
    pub against: String,
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
/// reported as not independent otherwise. What counts is who is here, whatever the settings name.
pub fn assign_reviewers(policy: &Policy, agent_env: AgentEnv<'_>) -> Result<RoleAssignment> {
    let choice = policy.agents.route;
    if choice == RouteChoice::C {
        let notes = vec!["no model reviews: `agents.route` is `C`".to_owned()];
        return Ok(RoleAssignment::without_reviewers(notes));
    }
    let mut notes = Vec::new();
    let own = find_agent(policy, Role::Executor, agent_env);
    let mut reviewer = match find_agent(policy, Role::Reviewer, agent_env) {
        Ok(reviewer) => reviewer,
        Err(missing) if choice == RouteChoice::A => {
            return Err(hinted(missing.message, missing.hint));
        }
        Err(missing) => match own.clone() {
            Ok(assigned) => {
                notes.push(in_its_place(&missing, &assigned.name, "reviews"));
                assigned.in_role(Role::Reviewer, policy)
            }
            Err(other) => {
                notes.push(format!("{} (hint: {})", missing.message, missing.hint));
                if other.message != missing.message {
                    notes.push(format!("{} (hint: {})", other.message, other.hint));
                }
                return Ok(RoleAssignment::without_reviewers(notes));
            }
        },
    };
    notes.extend(reviewer.missing.iter().map(|it| in_its_place(it, &reviewer.name, "reviews")));
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
    notes.extend(arbiter.missing.iter().map(|it| in_its_place(it, &arbiter.name, "arbitrates")));
    // Where no executor is here, the arbiter is who else looks at the code.
    let (second, what) = match &own {
        Ok(executor) => (executor, "executor and reviewer"),
        Err(_) => (&arbiter, "reviewer and arbiter"),
    };
    let against = second.agent.family().to_owned();
    if choice == RouteChoice::A {
        reviewer.others.retain(|other| !is_same_family(other.agent.family(), &against));
    }
    let route = if is_same_family(&against, reviewer.agent.family()) {
        if choice == RouteChoice::A {
            return Err(refused(&reviewer, own.as_ref().err()));
        }
        notes.push(format!(
            "not independent: {what} are both of {} (route B){}",
            reviewer.agent.family(),
            own.as_ref()
                .err()
                .map_or_else(String::new, |missing| format!(", as {}", missing.message)),
        ));
        Route::B
    } else {
        Route::A
    };
    let second = looks_again(&arbiter, [Some(&reviewer), own.as_ref().ok()], policy, agent_env);
    let reviewers = Some(Reviewers { reviewer, arbiter, second });
    Ok(RoleAssignment { route, reviewers, against, notes })
}

/// Who looks again at what the arbiter dismisses: the first of the agents that is of another vendor and
/// logged in, else the arbiter's own, as another process.
fn looks_again(
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
                agents: vec![name.to_owned()],
                model: String::new(),
                effort: String::new(),
                ..policy.agents.for_role(Role::Arbiter).clone()
            };
            let agent = Agent::find(name, policy, agent_env).ok()?;
            let found = AssignedAgent {
                role: Role::Arbiter,
                agent,
                name: name.to_owned(),
                settings,
                others: Vec::new(),
                missing: Vec::new(),
            };
            Some(found).filter(|found| is_other(&found))
        })
    };
    match assigned.or_else(installed) {
        Some(other) => other.in_role(Role::Arbiter, policy),
        None => arbiter.clone(),
    }
}

fn in_its_place(missing: &AgentNotFound, name: &str, does: &str) -> String {
    format!("{}: `{name}` {does} in its place (hint: {})", missing.message, missing.hint)
}

fn refused(reviewer: &AssignedAgent, missing: Option<&AgentNotFound>) -> anyhow::Error {
    match missing {
        Some(missing) => hinted(
            format!(
                "`agents.route` is `A`, and `{}` is the only vendor's agent here: {}",
                reviewer.name, missing.message
            ),
            missing.hint.clone(),
        ),
        None => hinted(
            format!(
                "`{}` would review code of its own vendor, and `agents.route` is `A`",
                reviewer.name
            ),
            "set `agents.reviewer.use` to another vendor's agent, or `agents.route` to `B`",
        ),
    }
}

impl RoleAssignment {
    fn without_reviewers(notes: Vec<String>) -> Self {
        Self { route: Route::C, reviewers: None, against: String::new(), notes }
    }

    /// The route of a review that agents of these vendors made: one that was asked in another's place
    /// may be of the vendor that wrote the code.
    pub fn route_by<'f>(&self, mut families: impl Iterator<Item = &'f str>) -> Route {
        match self.route {
            Route::A if families.any(|family| is_same_family(family, &self.against)) => Route::B,
            route => route,
        }
    }
}
