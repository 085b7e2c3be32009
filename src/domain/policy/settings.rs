//! The policy: every setting, with its value.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::domain::policy::agent_settings::{
    AgentSettings, CommandAgent, HttpAgent, Price, Programs, Spend,
};
use crate::domain::policy::command_settings::CommandGate;
use crate::domain::policy::gate_settings::GateSettings;
use crate::domain::policy::learn_settings::LearnSettings;
use crate::domain::policy::prepare_settings::PrepareStep;
use crate::domain::policy::review_settings::ReviewSettings;
use crate::domain::policy::run_settings::{PlanningSettings, RunSettings};
use crate::domain::policy::sandbox_settings::SandboxSettings;
use crate::domain::policy::watch_settings::WatchSettings;

/// The resolved policy. Every key has a value: its own, or that of `default.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Policy {
    pub protect: Protect,
    pub gates: GateSettings,
    #[serde(default)]
    pub commands: Vec<CommandGate>,
    #[serde(default)]
    pub prepare: Vec<PrepareStep>,
    /// Classes that the repository adds to the list, with what each asks for.
    pub classes: BTreeMap<String, String>,
    pub watch: WatchSettings,
    pub learn: LearnSettings,
    pub agents: AgentSettings,
    pub budget: Spend,
    pub review: ReviewSettings,
    /// The user's own: a repository cannot set it.
    pub runs: RunSettings,
    pub planning: PlanningSettings,
    pub sandbox: SandboxSettings,
    /// By model. The user's own: a repository cannot set it.
    pub prices: BTreeMap<String, Price>,
    /// The user's own: a repository cannot set it.
    pub programs: Programs,
    /// The user's own: a repository cannot set it.
    pub command_agent: Vec<CommandAgent>,
    /// The user's own: a repository cannot set it.
    pub http_agent: Vec<HttpAgent>,
}

impl Policy {
    /// The agent of the user's own that has a taken name: its list, its place there and a message.
    pub fn name_taken(&self) -> Option<(&'static str, usize, String)> {
        let commands = self.command_agent.iter().map(|agent| &agent.name).enumerate();
        let models = self.http_agent.iter().map(|agent| &agent.name).enumerate();
        let all = commands
            .map(|(at, name)| ("command-agent", at, name))
            .chain(models.map(|(at, name)| ("http-agent", at, name)));
        let mut taken = vec!["claude", "codex"];
        for (list, at, name) in all {
            if taken.contains(&name.as_str()) {
                return Some((list, at, format!("there is another agent `{name}`")));
            }
            taken.push(name);
        }
        None
    }
}

#[derive(Clone, Debug, Deserialize)]
pub struct Protect {
    /// Globs of branch names, without `refs/heads/`; beside the remote's default branch.
    pub branches: Vec<String>,
}
