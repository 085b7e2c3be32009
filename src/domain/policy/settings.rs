//! What holds: every setting, with its value.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;

use crate::domain::model::agent::{Money, Role};
use crate::domain::model::finding::Effect;
use crate::domain::model::gate::Gate;
use crate::domain::policy::unit;

/// The resolved policy. Every key has a value: where nobody gave one, `default.toml` did.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Policy {
    pub protect: Protect,
    pub gates: Gates,
    #[serde(default)]
    pub commands: Vec<CommandGate>,
    pub watch: Watch,
    pub learn: Learn,
    pub agents: Agents,
    pub budget: Spend,
    pub review: Review,
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

/// What a gate's findings do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    Off,
    Warn,
    Block,
}

impl Level {
    /// The effect of a finding of a gate at this level; `None` where the gate is off.
    pub fn effect(self) -> Option<Effect> {
        match self {
            Self::Off => None,
            Self::Warn => Some(Effect::Warn),
            Self::Block => Some(Effect::Block),
        }
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Gates {
    pub protected_branch: Plain,
    pub secrets: Secrets,
    pub sensitive_files: Plain,
    pub conflict_markers: Plain,
    pub large_files: LargeFiles,
    pub case_conflict: Plain,
    pub commit_message: CommitMessage,
    pub scope: Scope,
    pub constitution: Plain,
    pub governance: Plain,
    pub commands: Plain,
}

impl Gates {
    /// Switches a gate off, as `TRIBUNAL_SKIP` asks.
    pub fn switch_off(&mut self, gate: Gate) {
        let level = match gate {
            Gate::ProtectedBranch => &mut self.protected_branch.level,
            Gate::Secrets => &mut self.secrets.level,
            Gate::SensitiveFiles => &mut self.sensitive_files.level,
            Gate::ConflictMarkers => &mut self.conflict_markers.level,
            Gate::LargeFiles => &mut self.large_files.level,
            Gate::CaseConflict => &mut self.case_conflict.level,
            Gate::CommitMessage => &mut self.commit_message.level,
            Gate::Scope => &mut self.scope.level,
            Gate::Constitution => &mut self.constitution.level,
            Gate::Governance => &mut self.governance.level,
            Gate::Commands => &mut self.commands.level,
            Gate::Review | Gate::Person | Gate::Import => return,
        };
        *level = Level::Off;
    }
}

/// A gate with nothing to set but its level.
#[derive(Clone, Debug, Deserialize)]
pub struct Plain {
    pub level: Level,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Secrets {
    pub level: Level,
    /// For secrets known by a name and randomness alone, not by a provider's form.
    pub generic: Level,
    /// Globs of paths that may hold anything.
    pub allow_paths: Vec<String>,
    /// Fingerprints of secrets that are known and accepted.
    pub allow: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
pub struct LargeFiles {
    pub level: Level,
    /// In bytes.
    #[serde(deserialize_with = "unit::bytes")]
    pub max: u64,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct CommitMessage {
    pub level: Level,
    pub types: Vec<String>,
    /// In characters.
    pub subject_max: usize,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Scope {
    pub level: Level,
    pub files: usize,
    /// Added and removed lines together.
    pub lines: usize,
    /// Globs of paths that are counted apart: tests, lock files, generated files.
    pub exempt: Vec<String>,
}

/// A command that the repository wants to be run as a gate.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommandGate {
    pub name: String,
    /// A line for `sh -c`, at the top of a tree of the program's own.
    pub run: String,
    #[serde(default = "CommandGate::default_on")]
    pub on: Vec<Moment>,
    /// Globs; the command runs when one of the changed paths matches. Empty means always.
    #[serde(default)]
    pub paths: Vec<String>,
    #[serde(default = "CommandGate::default_timeout", deserialize_with = "unit::duration")]
    pub timeout: Duration,
    /// `sarif`, `cargo-json`, `rdjson`, or a regex with named groups; without it only the exit code
    /// counts.
    #[serde(default)]
    pub format: Option<String>,
    /// Untracked paths of the work tree that are lent to the tree of the program's own.
    #[serde(default)]
    pub share: Vec<String>,
}

/// When a command gate runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Moment {
    PreCommit,
    PrePush,
    Run,
}

impl CommandGate {
    /// The keys of a `[[commands]]` table, for the check of unknown ones.
    pub const KEYS: [&str; 7] = ["name", "run", "on", "paths", "timeout", "format", "share"];

    fn default_on() -> Vec<Moment> {
        vec![Moment::PrePush]
    }

    fn default_timeout() -> Duration {
        Duration::from_mins(10)
    }
}

#[derive(Clone, Debug, Deserialize)]
pub struct Watch {
    /// Globs of the specs.
    pub specs: Vec<String>,
    pub method: WatchMethod,
    #[serde(deserialize_with = "unit::duration")]
    pub settle: Duration,
    #[serde(deserialize_with = "unit::duration")]
    pub rescan: Duration,
    pub start: WatchStart,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WatchMethod {
    Auto,
    Native,
    Poll,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WatchStart {
    OnDemand,
    Manual,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Learn {
    pub after: After,
    pub start: RuleStart,
    /// Whether an agent is asked, without anybody asking for it, to draft what code cannot.
    pub draft: Switch,
    pub noise: usize,
    pub budget: Budget,
}

/// When a mistake has come back often enough to become a rule.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct After {
    pub findings: usize,
    pub changes: usize,
    pub days: u32,
    /// So many critical findings are enough by themselves.
    pub criticals: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RuleStart {
    Active,
    Shadow,
}

/// How large the constitution may grow.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Budget {
    pub rules: usize,
    #[serde(deserialize_with = "unit::bytes")]
    pub bytes: u64,
}

/// Who is asked for what.
#[derive(Clone, Debug, Deserialize)]
pub struct Agents {
    pub route: RouteChoice,
    pub researcher: RoleAgent,
    pub executor: RoleAgent,
    pub reviewer: RoleAgent,
    pub attacker: RoleAgent,
    pub arbiter: RoleAgent,
    /// Of a call that failed for a passing reason.
    pub retries: u32,
    /// The longest wait for a rate limit's reset.
    #[serde(deserialize_with = "unit::duration")]
    pub wait: Duration,
}

impl Agents {
    pub fn of(&self, role: Role) -> &RoleAgent {
        match role {
            Role::Researcher => &self.researcher,
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
    /// `claude`, `codex`, or the name of an agent in the user's settings.
    #[serde(rename = "use")]
    pub agent: String,
    /// Empty for the program's default.
    #[serde(deserialize_with = "unit::word")]
    pub model: String,
    /// Empty for the program's default.
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

/// What may be spent.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Spend {
    #[serde(deserialize_with = "unit::money")]
    pub run: Money,
    #[serde(deserialize_with = "unit::money")]
    pub day: Money,
}

/// How changes are reviewed.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Review {
    pub background: Switch,
    pub pre_push: PrePush,
    #[serde(deserialize_with = "unit::duration")]
    pub ratchet: Duration,
    pub on_failure: OnFailure,
    #[serde(deserialize_with = "unit::duration")]
    pub wait: Duration,
    #[serde(deserialize_with = "unit::bytes")]
    pub bytes: u64,
    pub calls: usize,
    pub context: usize,
    /// Globs of files that no model is shown: what programs write.
    pub leave_out: Vec<String>,
    pub highs: usize,
    pub rounds: Rounds,
    pub plan_rounds: u32,
    pub importants: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Switch {
    On,
    Off,
}

/// What a push does with the answer of a review.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PrePush {
    Off,
    /// The push waits for nothing; the answer is told when it is there.
    AskLater,
    Warn,
    Block,
    /// Warns for a time, then blocks.
    Ratchet,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnFailure {
    Warn,
    Block,
}

/// The most rounds of fix and review, by size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct Rounds {
    pub s: u32,
    pub m: u32,
    pub l: u32,
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
    /// The program and its words. `{model}`, `{effort}`, `{answer}` (a file to write the answer to),
    /// `{schema}` (a file with the schema) and `{dir}` are filled in. The prompt is on standard
    /// input.
    #[serde(deserialize_with = "unit::command")]
    pub run: Vec<String>,
    /// The words instead of `run` where it may write.
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

/// What a model server speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// `POST /chat/completions`
    Openai,
    /// `POST /messages`
    Anthropic,
}
