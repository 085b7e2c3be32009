//! `tribunal agents`: the agents that the policy names, what is known of each, and their limits.

use anyhow::Result;
use clap::Subcommand;
use serde_json::{Value, json};

use crate::cli::invocation::Invocation;
use crate::domain::model::agent::{AgentIdentity, Role};
use crate::domain::model::error::hinted;
use crate::domain::model::report::ExitStatus;
use crate::domain::model::terminal::printable;
use crate::domain::model::text::counted;
use crate::flow::call::listing::{AgentRole, ListedAgent, list};
use crate::flow::call::roles;
use crate::flow::context::Context;
use crate::flow::evaluate::policy;
use crate::platform::agents::Agent;
use crate::platform::agents::agent_env::AgentEnv;
use crate::platform::config::env::now;
use crate::platform::store::ledger;
use crate::platform::store::ledger::Ledger;
use crate::platform::store::ledger::error::Error as LedgerError;
use crate::platform::store::ledger::wait::AgentWait;
use crate::platform::ui::out;
use crate::platform::ui::report::OutputFormat;
use crate::platform::ui::time::local;

/// Shown below `--help`.
const EXAMPLES: &str = "\
Examples:
  tribunal agents                         see who reviews, how, and who is at a limit
  tribunal agents clear codex             ask codex again, though its limit is not over";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Forget the limit of an agent, or of all of them, so that it is asked again
    #[command(after_help = "Examples:\n  tribunal agents clear codex\n  tribunal agents clear")]
    Clear {
        /// The agent, as `tribunal agents` lists it [default: all]
        name: Option<String>,
    },
}

pub fn run(invocation: &Invocation, args: &Args) -> Result<ExitStatus> {
    let repo = invocation.repo()?;
    let context = invocation.context(&repo);
    match &args.action {
        Some(Action::Clear { name }) => clear(context, invocation, name.as_deref()),
        None => show(context, invocation),
    }
}

fn show(context: Context<'_>, invocation: &Invocation) -> Result<ExitStatus> {
    let policy = policy::settings_of_head(context)?.policy;
    let home = roles::agents_home(context.repo);
    let agent_env = roles::agent_env(context.repo, context.env, &home);
    let ledger = ledger_of(context)?;
    let time = now(context.env);
    let agents = list(&policy, agent_env, ledger.as_ref(), time)?;
    if invocation.global.format == OutputFormat::Json {
        let agents: Vec<Value> = agents.iter().map(|agent| json_of(agent, agent_env)).collect();
        out::json(&json!({"version": 1, "agents": agents}));
        return Ok(ExitStatus::Pass);
    }
    for agent in &agents {
        print(agent, agent_env);
    }
    let waits = ledger.map(|ledger| ledger.waits(time)).transpose().map_err(LedgerError::hinted)?;
    let is_shown = |wait: &AgentWait| agents.iter().any(|agent| agent.wait.as_ref() == Some(wait));
    for wait in waits.iter().flatten().filter(|wait| !is_shown(wait)) {
        let said = format!("{}, with another key or address", limit(wait));
        out::result(&format!("{:<9} {said}", printable(&wait.agent)));
    }
    Ok(ExitStatus::Pass)
}

fn clear(context: Context<'_>, invocation: &Invocation, name: Option<&str>) -> Result<ExitStatus> {
    let time = now(context.env);
    if let Some(name) = name {
        let policy = policy::settings_of_head(context)?.policy;
        let named = |role: Role| policy.agents.for_role(role).agents.iter().any(|it| it == name);
        let waits = ledger_of(context)?.map(|ledger| ledger.waits(time));
        let waits = waits.transpose().map_err(LedgerError::hinted)?.unwrap_or_default();
        if !Role::ALL.into_iter().any(named) && !waits.iter().any(|wait| wait.agent == name) {
            let hint = "`tribunal agents` lists them";
            return Err(hinted(
                format!("no role is given to an agent `{}`", printable(name)),
                hint,
            ));
        }
    }
    let cleared = match ledger_of(context)? {
        Some(mut ledger) => ledger.clear_waits(name, time).map_err(LedgerError::hinted)?,
        None => 0,
    };
    if invocation.global.format == OutputFormat::Json {
        out::json(&json!({"version": 1, "cleared": cleared}));
    } else if !invocation.global.quiet {
        out::result(&match cleared {
            0 => "no limit was kept".to_owned(),
            cleared => format!("{} cleared", counted(cleared, "limit")),
        });
    }
    Ok(ExitStatus::Pass)
}

fn ledger_of(context: Context<'_>) -> Result<Option<Ledger>> {
    let state_dir = context.repo.state_dir();
    let ledger = ledger::exists(&state_dir).then(|| Ledger::open(&state_dir)).transpose();
    ledger.map_err(LedgerError::hinted)
}

fn print(agent: &ListedAgent, agent_env: AgentEnv<'_>) {
    let line = |name: &str, text: &str| out::result(&format!("{name:<9} {}", printable(text)));
    match (&agent.found, agent.identity(agent_env)) {
        (Ok(found), Some(AgentIdentity { version, endpoint, .. })) => {
            let known = [version, format!("by {}", found.family()), found.place()];
            let known: Vec<&str> =
                known.iter().map(String::as_str).filter(|known| !known.is_empty()).collect();
            line(&agent.name, &known.join(", "));
            line("", &format!("for       {}", roles_of(agent)));
            if !endpoint.is_empty() {
                line("", &format!("address   {endpoint}"));
            }
        }
        (Err(missing), _) => {
            line(&agent.name, &format!("not here: {}", missing.message));
            line("", &format!("for       {}", roles_of(agent)));
        }
        (Ok(_), None) => {}
    }
    if let Some(wait) = &agent.wait {
        line("", &limit(wait));
        line(
            "",
            &format!("hint: `tribunal agents clear {}` asks it again before that", wait.agent),
        );
    }
}

/// The roles of an agent, and how it is asked in each.
pub fn roles_of(agent: &ListedAgent) -> String {
    agent.roles.iter().map(AgentRole::in_words).collect::<Vec<_>>().join(", ")
}

/// A limit, for people.
pub fn limit(wait: &AgentWait) -> String {
    let until = local(wait.until);
    let why = if wait.why.is_empty() { String::new() } else { format!(": {}", wait.why) };
    printable(&format!("at its limit until {until}{why}"))
}

/// When and why an agent is at its limit; `null` where it is not.
pub fn json_of_wait(wait: Option<&AgentWait>) -> Value {
    let Some(wait) = wait else { return Value::Null };
    json!({
        "until": wait.until.to_string(), "since": wait.since.to_string(), "reason": wait.why,
    })
}

fn json_of(agent: &ListedAgent, agent_env: AgentEnv<'_>) -> Value {
    let identity = agent.identity(agent_env);
    let roles = agent.roles.iter().map(
        |role| json!({"role": role.role.as_str(), "model": role.model, "effort": role.effort}),
    );
    json!({
        "name": agent.name,
        "found": agent.found.is_ok(),
        "problem": agent.found.as_ref().err().map(|missing| missing.message.clone()),
        "family": agent.found.as_ref().ok().map(|found| found.family().to_owned()),
        "program": agent.found.as_ref().ok().map(Agent::place),
        "version": identity.as_ref().map(|identity| identity.version.clone()),
        "endpoint": identity.as_ref().map(|identity| identity.endpoint.clone()),
        "roles": roles.collect::<Vec<_>>(),
        "limit": json_of_wait(agent.wait.as_ref()),
    })
}
