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
pub mod find;
pub mod http;
pub mod known;
pub mod text;

use std::path::Path;

use crate::domain::policy::settings::Policy;
use crate::platform::agents::ask::{Reply, Request};
use crate::platform::config::env::Env;
use crate::platform::process::Interrupts;

/// An agent that can be asked. The set is closed: any other program is a `[[command-agent]]`.
#[derive(Clone, Debug)]
pub enum Agent {
    Claude(claude::Claude),
    Codex(codex::Codex),
    Command(command::Command),
    Http(http::Http),
}

/// What surrounds every call.
#[derive(Clone, Copy, Debug)]
pub struct Around<'a> {
    pub env: &'a Env,
    /// The top of the person's work tree: no program is taken from below it.
    pub repository: Option<&'a Path>,
    /// A folder that outlives calls, private to this user: for what a program must keep.
    pub home: &'a Path,
}

/// Why there is no such agent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Missing {
    pub message: String,
    pub hint: String,
}

/// What is known of an agent without asking a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// Where it was found, or the address.
    pub place: String,
    /// Empty where it has none.
    pub version: String,
    pub login: Login,
    pub sandbox: Sandbox,
    /// What to do, one line each; empty where all is well.
    pub hints: Vec<String>,
}

/// Whether a program can identify itself to its service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Login {
    /// By that: a variable's name, or the program's own login.
    By(String),
    /// It needs none, as far as can be known.
    NotNeeded,
    Missing,
}

/// Whether what the model runs is held in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sandbox {
    Works,
    /// The program has none, or does not need one: what holds instead.
    Instead(String),
    Broken(String),
}

impl Agent {
    /// The agent of that name, as the settings describe it; the program is looked up, not started.
    pub fn find(name: &str, policy: &Policy, around: Around<'_>) -> Result<Self, Missing> {
        if let Some(own) = policy.command_agent.iter().find(|agent| agent.name == name) {
            return command::Command::find(own, around).map(Self::Command);
        }
        if let Some(own) = policy.http_agent.iter().find(|agent| agent.name == name) {
            return Ok(Self::Http(http::Http::new(own)));
        }
        match name {
            "claude" => claude::Claude::find(&policy.programs.claude, around).map(Self::Claude),
            "codex" => codex::Codex::find(&policy.programs.codex, around).map(Self::Codex),
            _ => Err(Missing {
                message: format!("there is no agent `{name}`"),
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

    /// Asks once: no second try, no wait. Whatever goes wrong is an outcome.
    pub fn ask(&self, request: &Request<'_>, around: Around<'_>, interrupts: Interrupts) -> Reply {
        match self {
            Self::Claude(agent) => agent.ask(request, around, interrupts),
            Self::Codex(agent) => agent.ask(request, around, interrupts),
            Self::Command(agent) => agent.ask(request, around, interrupts),
            Self::Http(agent) => agent.ask(request, around),
        }
    }

    /// Finds out what can be known without asking a model.
    pub fn probe(&self, around: Around<'_>) -> Probe {
        match self {
            Self::Claude(agent) => agent.probe(around),
            Self::Codex(agent) => agent.probe(around),
            Self::Command(agent) => agent.probe(around),
            Self::Http(agent) => agent.probe(around),
        }
    }
}
