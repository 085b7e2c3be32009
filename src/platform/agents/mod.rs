//! The AI programs, behind one interface.
//!
//! Each call is a fresh process (or request) that shares nothing with the one before. Where a
//! program is, where it connects to and what it logs in with comes from the user's settings and
//! environment alone.

pub mod ask;
pub mod call;
pub mod claude;
pub mod codex;
pub mod command;
pub mod agent_env;
pub mod facts;
pub mod find;
pub mod http;
pub mod probe;
pub mod reset_time;
pub mod text;

use crate::domain::model::agent::AgentIdentity;
use crate::domain::policy::settings::Policy;
use crate::platform::agents::agent_env::{AgentEnv, AgentNotFound};
use crate::platform::agents::ask::{Reply, Request};
use crate::platform::agents::probe::Probe;
use crate::platform::process::Interrupts;

/// The variables of the person's environment that calls are made with, `PATH` apart.
pub const VARIABLES: [&[&str]; 4] = [
    &call::BASE_VARS,
    &claude::CREDENTIALS,
    &codex::CREDENTIALS,
    &["ANTHROPIC_BASE_URL", "CLAUDE_CONFIG_DIR", "CODEX_HOME"],
];

/// An agent that can be asked. The set is closed: any other program is a `[[command-agent]]`.
#[derive(Clone, Debug)]
pub enum Agent {
    Claude(claude::Claude),
    Codex(codex::Codex),
    Command(command::CommandLineAgent),
    Http(http::Http),
}

/// Who asks where, for comparing; see [`Agent::account`].
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    pub by: Vec<u8>,
}

impl std::fmt::Debug for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Account(…)")
    }
}

impl Agent {
    /// The agent of that name, as the settings describe it; the program is looked up, not started.
    pub fn find(
        name: &str,
        policy: &Policy,
        agent_env: AgentEnv<'_>,
    ) -> Result<Self, AgentNotFound> {
        if let Some(own) = policy.command_agent.iter().find(|agent| agent.name == name) {
            return command::CommandLineAgent::find(own, agent_env).map(Self::Command);
        }
        if let Some(own) = policy.http_agent.iter().find(|agent| agent.name == name) {
            return Ok(Self::Http(http::Http::new(own)));
        }
        match name {
            "claude" => claude::Claude::find(&policy.programs.claude, agent_env).map(Self::Claude),
            "codex" => codex::Codex::find(&policy.programs.codex, agent_env).map(Self::Codex),
            _ => Err(AgentNotFound {
                message: format!("no agent `{name}`"),
                hint: "`claude`, `codex`, or a `[[command-agent]]` of your own settings".to_owned(),
            }),
        }
    }

    /// Who made its model: two agents of one family do not count as two vendors.
    pub fn family(&self) -> &str {
        match self {
            Self::Claude(_) => "anthropic",
            Self::Codex(_) => "openai",
            Self::Command(agent) => &agent.settings.family,
            Self::Http(agent) => &agent.settings.family,
        }
    }

    /// What is known of it before a call, model and effort apart. Nothing is started: the version of a
    /// program is known where it was looked at since it last changed.
    pub fn identity(&self, agent_env: AgentEnv<'_>) -> AgentIdentity {
        match self {
            Self::Claude(agent) => agent.identity(agent_env),
            Self::Codex(agent) => agent.identity(agent_env),
            Self::Command(agent) => agent.identity(),
            Self::Http(agent) => agent.identity(),
        }
    }

    /// Has the version of its program known, which is started where it was not looked at since it changed.
    pub fn look(&self, agent_env: AgentEnv<'_>) {
        match self {
            Self::Claude(agent) => agent.look(agent_env),
            Self::Codex(agent) => agent.look(agent_env),
            Self::Command(_) | Self::Http(_) => {}
        }
    }

    /// Whether it can be told how hard to think where nobody said so: a model server may refuse a
    /// question with a word that it does not know.
    pub fn takes_effort(&self) -> bool {
        match self {
            Self::Claude(_) | Self::Codex(_) => true,
            Self::Command(agent) => agent.takes_effort(),
            Self::Http(_) => false,
        }
    }

    /// Where its program is; empty for a model behind an address.
    pub fn place(&self) -> String {
        match self {
            Self::Claude(agent) => agent.place(),
            Self::Codex(agent) => agent.place(),
            Self::Command(agent) => agent.place(),
            Self::Http(_) => String::new(),
        }
    }

    /// Whether it can be an executor.
    pub fn can_write(&self) -> bool {
        match self {
            Self::Claude(_) | Self::Codex(_) => true,
            Self::Command(agent) => !agent.settings.run_writing.is_empty(),
            Self::Http(_) => false,
        }
    }

    /// Whether it can search the web.
    pub fn can_search(&self) -> bool {
        match self {
            Self::Claude(_) | Self::Codex(_) => true,
            Self::Command(_) | Self::Http(_) => false,
        }
    }

    /// Whether it is kept from writing where it only reads.
    pub fn is_confined(&self) -> bool {
        !matches!(self, Self::Command(_))
    }

    /// What a limit is about: an address, and who asks there. It has the credential in it: it is for
    /// comparing, and is kept nowhere as it is.
    pub fn account(&self, agent_env: AgentEnv<'_>) -> Account {
        let credential = match self {
            Self::Claude(_) => claude::Claude::credential(agent_env),
            Self::Codex(_) => codex::Codex::credential(agent_env),
            Self::Http(agent) => agent.credential(agent_env),
            Self::Command(agent) => {
                let named = agent.settings.env.iter();
                named.into_iter().find_map(|name| Some((name.as_str(), agent_env.env.get(name)?)))
            }
        };
        let endpoint = match self {
            // Its version is not asked for.
            Self::Claude(agent) => agent.endpoint(agent_env).unwrap_or_default().to_owned(),
            Self::Codex(agent) => agent.settings.endpoint.clone(),
            Self::Http(agent) => agent.settings.endpoint.clone(),
            Self::Command(_) => String::new(),
        };
        let key = credential.map(|(_, key)| key.as_encoded_bytes().to_vec()).unwrap_or_default();
        Account { by: [endpoint.as_bytes(), b"\0", &key].concat() }
    }

    /// Asks once: no second try, no wait. Whatever goes wrong is an outcome.
    pub fn ask(
        &self,
        request: &Request<'_>,
        agent_env: AgentEnv<'_>,
        interrupts: Interrupts,
    ) -> Reply {
        match self {
            Self::Claude(agent) => agent.ask(request, agent_env, interrupts),
            Self::Codex(agent) => agent.ask(request, agent_env, interrupts),
            Self::Command(agent) => agent.ask(request, agent_env, interrupts),
            Self::Http(agent) => agent.ask(request, agent_env, interrupts),
        }
    }

    /// Finds out what can be known without asking a model.
    pub fn probe(&self, agent_env: AgentEnv<'_>) -> Probe {
        match self {
            Self::Claude(agent) => agent.probe(agent_env),
            Self::Codex(agent) => agent.probe(agent_env),
            Self::Command(agent) => agent.probe(agent_env),
            Self::Http(agent) => agent.probe(agent_env),
        }
    }
}
