//! `claude`: Claude Code, without a shell and with its files confined to one folder.

mod command_line;
mod reading;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::domain::model::agent::AgentIdentity;
use crate::domain::policy::agent_settings::Program;
use crate::platform::agents::agent_env::{AgentEnv, AgentNotFound};
use crate::platform::agents::ask::{Outcome, ParsedOutput, Reply, Request};
use crate::platform::agents::call;
use crate::platform::agents::call::ProgramCall;
use crate::platform::agents::facts;
use crate::platform::agents::facts::ProgramFacts;
use crate::platform::agents::probe::{Login, Probe, Sandbox};
use crate::platform::agents::{find, text};
use crate::platform::config::env::now;
use crate::platform::process::Interrupts;

const INSTALL: &str = "npm install -g @anthropic-ai/claude-code";

/// The variables that it can log in with, in its own order.
pub const CREDENTIALS: [&str; 3] =
    ["ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_API_KEY", "CLAUDE_CODE_OAUTH_TOKEN"];

/// The longest prompt that it reads, in bytes.
const PROMPT_MAX: usize = 10 * 1000 * 1000;

/// The program, found.
#[derive(Clone, Debug)]
pub struct Claude {
    path: PathBuf,
    settings: Program,
}

impl Claude {
    pub fn find(settings: &Program, agent_env: AgentEnv<'_>) -> Result<Self, AgentNotFound> {
        let path = find::program("claude", &settings.path, INSTALL, agent_env)?;
        Ok(Self { path, settings: settings.clone() })
    }

    pub fn ask(
        &self,
        request: &Request<'_>,
        agent_env: AgentEnv<'_>,
        interrupts: Interrupts,
    ) -> Reply {
        Reply::to(request, self.identity(agent_env), |by| {
            let facts = self.facts(agent_env)?;
            by.version.clone_from(&facts.version);
            if !facts.understands(command_line::EFFORT) {
                by.effort.clear();
            }
            self.answer(&facts, request, agent_env, interrupts)
        })
    }

    /// What is known of it; its version where it was looked at since it last changed.
    pub fn identity(&self, agent_env: AgentEnv<'_>) -> AgentIdentity {
        AgentIdentity {
            agent: "claude".to_owned(),
            family: "anthropic".to_owned(),
            version: facts::recall(&self.path, agent_env).unwrap_or_default().version,
            endpoint: text::without_login(self.endpoint(agent_env).unwrap_or_default()),
            ..AgentIdentity::default()
        }
    }

    /// Where the program is.
    pub fn place(&self) -> String {
        self.path.display().to_string()
    }

    /// Has its version known.
    pub fn look(&self, agent_env: AgentEnv<'_>) {
        // Where that fails, a call says why.
        drop(self.facts(agent_env));
    }

    /// The variable that it logs in with, and its value; `None` with its own login.
    pub fn credential(agent_env: AgentEnv<'_>) -> Option<(&'static str, &std::ffi::OsStr)> {
        let name = credential(agent_env)?;
        Some((name, agent_env.env.get(name)?))
    }

    /// The address of the person's own, where they have one.
    pub fn endpoint<'a>(&'a self, agent_env: AgentEnv<'a>) -> Option<&'a str> {
        let set = Some(self.settings.endpoint.as_str()).filter(|endpoint| !endpoint.is_empty());
        set.or_else(|| agent_env.env.text("ANTHROPIC_BASE_URL"))
    }

    fn answer(
        &self,
        facts: &ProgramFacts,
        request: &Request<'_>,
        agent_env: AgentEnv<'_>,
        interrupts: Interrupts,
    ) -> Result<ParsedOutput, Outcome> {
        if request.prompt.len() > PROMPT_MAX {
            let why = format!(
                "the prompt has {} bytes; `claude` reads {PROMPT_MAX}",
                request.prompt.len()
            );
            return Err(Outcome::ContextTooLong { why });
        }
        let could_not = |why| Outcome::CouldNotStart { why };
        let words = command_line::words(facts, request).map_err(could_not)?;
        let mut vars = self.vars(agent_env).map_err(could_not)?;
        let temporary = request.folder.join("tmp");
        vars.push(("CLAUDE_CODE_TMPDIR", temporary.into()));
        vars.extend(command_line::QUIET.map(|(name, value)| (name, value.into())));
        let secrets = CREDENTIALS
            .iter()
            .filter_map(|name| Some(agent_env.env.text(name)?.to_owned()))
            .collect();
        let vars = call::owned_names(vars);
        let call = ProgramCall { program: self.path.clone(), words, vars, secrets };
        let ran = call.run(request, agent_env, interrupts)?;
        Ok(reading::read(&ran, request.schema.is_some(), now(agent_env.env)))
    }

    /// Where it connects to, what it logs in with and where it keeps its files. With a credential of
    /// the environment its home is ours; without one it is the person's own, where their login is.
    fn vars(&self, agent_env: AgentEnv<'_>) -> Result<Vec<(&'static str, OsString)>, String> {
        let mut vars = Vec::new();
        if let Some(endpoint) = self.endpoint(agent_env) {
            vars.push(("ANTHROPIC_BASE_URL", endpoint.into()));
        }
        if credential(agent_env).is_some() {
            for name in CREDENTIALS {
                vars.extend(agent_env.env.get(name).map(|value| (name, value.to_owned())));
            }
            vars.extend(own_home(agent_env)?);
        } else {
            for name in ["HOME", "CLAUDE_CONFIG_DIR"] {
                vars.extend(agent_env.env.get(name).map(|value| (name, value.to_owned())));
            }
        }
        Ok(vars)
    }

    fn facts(&self, agent_env: AgentEnv<'_>) -> Result<ProgramFacts, Outcome> {
        if let Some(facts) = facts::recall(&self.path, agent_env) {
            return Ok(facts);
        }
        let facts = self.inspect(agent_env).map_err(|why| {
            let why = text::reason_line(&why);
            Outcome::CouldNotStart { why }
        })?;
        facts::keep(&self.path, &facts, agent_env);
        Ok(facts)
    }

    fn inspect(&self, agent_env: AgentEnv<'_>) -> Result<ProgramFacts, String> {
        let vars = own_home(agent_env)?;
        let version = facts::answer(&self.path, &["--version"], &vars, agent_env)?;
        let help = facts::answer(&self.path, &["--help"], &vars, agent_env)?;
        let version = version.split_whitespace().next().unwrap_or_default().to_owned();
        Ok(ProgramFacts { version, flags: ProgramFacts::flags_in(&help), sandbox: None })
    }

    pub fn probe(&self, agent_env: AgentEnv<'_>) -> Probe {
        let mut hints = Vec::new();
        let login = self.login(agent_env);
        if login == Login::Missing {
            hints.push("log in with `claude`, or set `ANTHROPIC_API_KEY`".to_owned());
        }
        let (version, sandbox) = match self.facts(agent_env) {
            Ok(facts) => {
                let sandbox = command_line::missing(&facts).map_or_else(
                    || {
                        Sandbox::Instead(
                            "no shell; its files are confined to one folder".to_owned(),
                        )
                    },
                    Sandbox::Broken,
                );
                (facts.version, sandbox)
            }
            Err(outcome) => (String::new(), Sandbox::Broken(outcome.why().to_owned())),
        };
        if matches!(sandbox, Sandbox::Broken(_)) {
            hints.push(format!("bring it up to date: `{INSTALL}`"));
        }
        Probe { place: self.path.display().to_string(), version, login, sandbox, hints }
    }

    fn login(&self, agent_env: AgentEnv<'_>) -> Login {
        if let Some(name) = credential(agent_env) {
            return Login::By(name.to_owned());
        }
        let Ok(mut vars) = self.vars(agent_env) else { return Login::Missing };
        vars.extend(command_line::QUIET.map(|(name, value)| (name, value.into())));
        let status = facts::question(&self.path, &["auth", "status"], &vars, agent_env);
        let status =
            status.ok().and_then(|said| serde_json::from_slice::<Value>(&said.stdout).ok());
        let logged_in = match status.as_ref().and_then(|status| status["loggedIn"].as_bool()) {
            Some(logged_in) => logged_in,
            // A version that cannot be asked.
            None => own_folder(agent_env).is_some_and(|own| own.join(".credentials.json").exists()),
        };
        if logged_in { Login::By("its own login".to_owned()) } else { Login::Missing }
    }
}

/// The variable that it will log in with.
fn credential(agent_env: AgentEnv<'_>) -> Option<&'static str> {
    CREDENTIALS.into_iter().find(|name| agent_env.env.get(name).is_some())
}

/// Where it keeps the person's login.
fn own_folder(agent_env: AgentEnv<'_>) -> Option<PathBuf> {
    let home = || agent_env.env.path("HOME").map(|home| home.join(".claude"));
    agent_env.env.path("CLAUDE_CONFIG_DIR").or_else(home)
}

/// A home without settings.
fn own_home(agent_env: AgentEnv<'_>) -> Result<[(&'static str, OsString); 2], String> {
    let top = agent_env.home.join("claude");
    let folder = |path: &Path| {
        call::private(path)
            .map(PathBuf::into_os_string)
            .map_err(|error| format!("could not make the folder `{}`: {error}", path.display()))
    };
    Ok([("HOME", folder(&top.join("home"))?), ("CLAUDE_CONFIG_DIR", folder(&top.join("config"))?)])
}

#[cfg(test)]
mod tests;
