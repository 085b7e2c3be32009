//! The settings of the agents: which one has which role, where they are, what they may cost.

use std::time::Duration;

use serde::Deserialize;

use crate::domain::model::agent::{Money, Role};
use crate::domain::policy::unit;

/// The agent of each role, and the limits of their calls.
#[derive(Clone, Debug, Deserialize)]
pub struct AgentSettings {
    pub route: RouteChoice,
    pub researcher: RoleAgent,
    pub planner: RoleAgent,
    pub executor: RoleAgent,
    pub reviewer: RoleAgent,
    pub attacker: RoleAgent,
    pub arbiter: RoleAgent,
    /// Of a call that failed for a passing reason.
    pub retries: u32,
    /// The longest wait for a rate limit's reset.
    #[serde(deserialize_with = "unit::duration")]
    pub wait: Duration,
    /// How many calls of one run are made side by side.
    #[serde(deserialize_with = "unit::parallel")]
    pub parallel: usize,
}

impl AgentSettings {
    pub fn for_role(&self, role: Role) -> &RoleAgent {
        match role {
            Role::Researcher => &self.researcher,
            Role::Planner => &self.planner,
            Role::Executor => &self.executor,
            Role::Reviewer => &self.reviewer,
            Role::Attacker => &self.attacker,
            Role::Arbiter => &self.arbiter,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum RouteChoice {
    /// The best that the agents found allow.
    #[serde(rename = "auto")]
    Auto,
    A,
    B,
    C,
}

/// The agent of a role.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct RoleAgent {
    /// `claude`, `codex`, or the name of an agent in the user's settings; of several the first that can be
    /// asked.
    #[serde(rename = "use", deserialize_with = "unit::names")]
    pub agents: Vec<String>,
    /// Of the first of them; empty for the program's default.
    #[serde(deserialize_with = "unit::word")]
    pub model: String,
    /// Empty for the role's own, `default` for the program's.
    #[serde(deserialize_with = "unit::word")]
    pub effort: String,
    #[serde(deserialize_with = "unit::duration")]
    pub timeout: Duration,
    #[serde(deserialize_with = "unit::duration")]
    pub idle: Duration,
    /// Of one call.
    #[serde(deserialize_with = "unit::money")]
    pub budget: Money,
}

impl RoleAgent {
    /// The settings of the agent at that place of the list alone. The model is one of the first one's
    /// vendor.
    pub fn alone(&self, place: usize) -> Self {
        let agents = self.agents.get(place).cloned().into_iter().collect();
        let model = if place == 0 { self.model.clone() } else { String::new() };
        Self { agents, model, ..self.clone() }
    }
}

/// What may be spent.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Spend {
    #[serde(deserialize_with = "unit::money")]
    pub run: Money,
    #[serde(deserialize_with = "unit::money")]
    pub day: Money,
}

/// US dollars for a million tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    #[serde(deserialize_with = "unit::money")]
    pub input: Money,
    /// Input that came from a cache; as dear as other input where nothing is said.
    #[serde(default, deserialize_with = "unit::some_money")]
    pub cached: Option<Money>,
    #[serde(deserialize_with = "unit::money")]
    pub output: Money,
}

impl Price {
    /// The keys of a price, for the check of unknown ones.
    pub const KEYS: [&str; 3] = ["input", "cached", "output"];

    /// Whether it costs nothing, however much is used.
    pub fn is_free(self) -> bool {
        [Some(self.input), self.cached, Some(self.output)]
            .iter()
            .flatten()
            .all(|it| *it == Money(0))
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Programs {
    pub claude: Program,
    pub codex: Program,
}

/// Where a program is and what it talks to.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Program {
    /// Empty: looked up in `PATH`, outside of the repository.
    pub path: String,
    /// Empty: the program's own.
    pub endpoint: String,
}

/// Any program that reads a prompt and writes an answer.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct CommandAgent {
    #[serde(deserialize_with = "unit::name")]
    pub name: String,
    /// Who made the model: two agents of one family do not count as two vendors.
    #[serde(deserialize_with = "unit::name")]
    pub family: String,
    /// The program and its arguments. `{model}`, `{effort}`, `{answer}` (a file to write the answer
    /// to), `{schema}` (a file with the schema) and `{dir}` are filled in. The prompt is on standard
    /// input.
    #[serde(deserialize_with = "unit::command")]
    pub run: Vec<String>,
    /// The arguments instead of `run` where it may write.
    #[serde(default)]
    pub run_writing: Vec<String>,
    /// Names of the variables that it needs, credentials among them.
    #[serde(default)]
    pub env: Vec<String>,
}

impl CommandAgent {
    /// The keys of a `[[command-agent]]` table, for the check of unknown ones.
    pub const KEYS: [&str; 5] = ["name", "family", "run", "run-writing", "env"];
}

/// A model behind an address.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct HttpAgent {
    #[serde(deserialize_with = "unit::name")]
    pub name: String,
    #[serde(deserialize_with = "unit::name")]
    pub family: String,
    /// Up to and with the version: `http://127.0.0.1:11434/v1`.
    pub endpoint: String,
    pub protocol: Protocol,
    pub model: String,
    /// The variable that holds the key; none where empty.
    #[serde(default)]
    pub key: String,
}

impl HttpAgent {
    /// The keys of an `[[http-agent]]` table, for the check of unknown ones.
    pub const KEYS: [&str; 6] = ["name", "family", "endpoint", "protocol", "model", "key"];
}

/// The protocol of a model server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// `POST /chat/completions`
    Openai,
    /// `POST /messages`
    Anthropic,
}
