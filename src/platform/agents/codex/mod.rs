//! `codex`: its own sandbox holds what the model runs; without one that works it is not started.

mod command_line;
mod native;
mod reading;

use std::ffi::OsString;
use std::path::PathBuf;

use crate::domain::model::agent::AgentIdentity;
use crate::domain::policy::agent_settings::Program;
use crate::platform::agents::agent_env::{AgentEnv, AgentNotFound};
use crate::platform::agents::ask::{Outcome, ParsedOutput, Reply, Request};
use crate::platform::agents::call;
use crate::platform::agents::call::ProgramCall;
use crate::platform::agents::facts;
use crate::platform::agents::facts::{ProgramFacts, SandboxLevel};
use crate::platform::agents::probe::{Login, Probe, Sandbox};
use crate::platform::agents::{find, text};
use crate::platform::config::env::now;
use crate::platform::process::Interrupts;

const INSTALL: &str = "npm install -g @openai/codex";

/// The variables that it can log in with, in our order. It reads the first alone.
pub const CREDENTIALS: [&str; 2] = ["CODEX_API_KEY", "OPENAI_API_KEY"];

/// The longest prompt that it reads, in characters.
const PROMPT_MAX: usize = 1 << 20;

/// What to do where its sandbox does not work.
const SANDBOX_HINT: &str = "its sandbox needs user namespaces: on Ubuntu `sudo sysctl \
    kernel.apparmor_restrict_unprivileged_userns=0`, in a container allow `unshare`; or use \
    another agent for the role";

/// The program, found.
#[derive(Clone, Debug)]
pub struct Codex {
    path: PathBuf,
    pub settings: Program,
}

impl Codex {
    pub fn find(settings: &Program, agent_env: AgentEnv<'_>) -> Result<Self, AgentNotFound> {
        let path = find::program("codex", &settings.path, INSTALL, agent_env)?;
        let path =
            native::beside(&path).filter(|path| find::is_foreign(path, agent_env)).unwrap_or(path);
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
            self.answer(&facts, request, agent_env, interrupts)
        })
    }

    /// What is known of it; its version where it was looked at since it last changed.
    pub fn identity(&self, agent_env: AgentEnv<'_>) -> AgentIdentity {
        AgentIdentity {
            agent: "codex".to_owned(),
            family: "openai".to_owned(),
            version: facts::recall(&self.path, agent_env).unwrap_or_default().version,
            endpoint: text::without_login(&self.settings.endpoint),
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
        drop(self.version(agent_env));
    }

    /// The variable that it logs in with, and its value; `None` with its own login.
    pub fn credential(agent_env: AgentEnv<'_>) -> Option<(&'static str, &std::ffi::OsStr)> {
        CREDENTIALS.into_iter().find_map(|name| Some((name, agent_env.env.get(name)?)))
    }

    fn answer(
        &self,
        facts: &ProgramFacts,
        request: &Request<'_>,
        agent_env: AgentEnv<'_>,
        interrupts: Interrupts,
    ) -> Result<ParsedOutput, Outcome> {
        let length = request.prompt.chars().count();
        if length > PROMPT_MAX {
            let why = format!("the prompt has {length} characters; `codex` reads {PROMPT_MAX}");
            return Err(Outcome::ContextTooLong { why });
        }
        if self.login(agent_env) == Login::Missing {
            // It would go on trying for minutes.
            let why = "there is no key in the environment and no login of its own".to_owned();
            return Err(Outcome::NotLoggedIn { why });
        }
        let could_not = |why| Outcome::CouldNotStart { why };
        let vars = self.vars(agent_env).map_err(could_not)?;
        if let Some(schema) = request.schema {
            let path = request.folder.join(command_line::SCHEMA);
            let kept = call::keep(&path, schema.to_string().as_bytes());
            kept.map_err(|error| could_not(format!("could not write the schema: {error}")))?;
        }
        let words = command_line::words(&self.command_line(facts, agent_env), request);
        let secrets = CREDENTIALS
            .iter()
            .filter_map(|name| Some(agent_env.env.text(name)?.to_owned()))
            .collect();
        let (words, vars) = (words.map_err(could_not)?, call::owned_names(vars));
        let call = ProgramCall { program: self.path.clone(), words, vars, secrets };
        let ran = call.run(request, agent_env, interrupts)?;
        let answer = request.folder.join(command_line::ANSWER);
        // Where there is no file, the stream holds the answer.
        let answer = match call.answer(&ran, &answer) {
            Ok(answer) => answer,
            Err(unfit) => return Ok(ParsedOutput::without_cost(unfit)),
        };
        Ok(reading::read(&ran, &answer, request.schema.is_some(), now(agent_env.env)))
    }

    fn command_line<'a>(
        &'a self,
        facts: &'a ProgramFacts,
        agent_env: AgentEnv<'_>,
    ) -> command_line::CodexSetup<'a> {
        command_line::CodexSetup {
            program: &self.path,
            endpoint: &self.settings.endpoint,
            key: Self::credential(agent_env).is_some(),
            held: facts.sandbox,
        }
    }

    /// What it logs in with and where it keeps its files. With a key of the environment, or a server
    /// of the person's own, its home is ours; else it is theirs, where their login is.
    fn vars(&self, agent_env: AgentEnv<'_>) -> Result<Vec<(&'static str, OsString)>, String> {
        // It tells times of day without a zone, and of a model that thinks only in its log.
        let mut vars = vec![("TZ", "UTC".into()), ("RUST_LOG", command_line::LOG.into())];
        let key = Self::credential(agent_env).map(|(_, key)| key);
        if key.is_some() || !self.settings.endpoint.is_empty() {
            vars.extend(own_home(agent_env)?);
            vars.extend(key.map(|key| (command_line::KEY, key.to_owned())));
            return Ok(vars);
        }
        for name in ["HOME", "CODEX_HOME"] {
            vars.extend(agent_env.env.get(name).map(|value| (name, value.to_owned())));
        }
        Ok(vars)
    }

    fn facts(&self, agent_env: AgentEnv<'_>) -> Result<ProgramFacts, Outcome> {
        let could_not = |why: String| Outcome::CouldNotStart { why: text::reason_line(&why) };
        let mut facts = self.version(agent_env).map_err(could_not)?;
        if facts.sandbox.is_none() {
            facts.sandbox = Some(self.try_sandbox(agent_env).map_err(could_not)?);
            facts::keep(&self.path, &facts, agent_env);
        }
        Ok(facts)
    }

    /// What is known of this version; of its sandbox only what was seen before.
    fn version(&self, agent_env: AgentEnv<'_>) -> Result<ProgramFacts, String> {
        if let Some(facts) = facts::recall(&self.path, agent_env) {
            return Ok(facts);
        }
        let facts = self.inspect(agent_env)?;
        facts::keep(&self.path, &facts, agent_env);
        Ok(facts)
    }

    fn inspect(&self, agent_env: AgentEnv<'_>) -> Result<ProgramFacts, String> {
        let vars = own_home(agent_env)?;
        let version = facts::answer(&self.path, &["--version"], &vars, agent_env)?;
        let help = facts::answer(&self.path, &["exec", "--help"], &vars, agent_env)?;
        let version = version.split_whitespace().last().unwrap_or_default().to_owned();
        let facts = ProgramFacts { version, flags: ProgramFacts::flags_in(&help), sandbox: None };
        command_line::missing(&facts).map_or(Ok(facts), Err)
    }

    /// Tries the sandbox on a command that does nothing: with reading confined where the version can
    /// do that, else with the whole disk to be read.
    fn try_sandbox(&self, agent_env: AgentEnv<'_>) -> Result<SandboxLevel, String> {
        let vars = own_home(agent_env)?;
        let dir = call::private(&agent_env.home.join("codex").join("trial"));
        let dir = dir.map_err(|error| format!("could not make a folder to try it in: {error}"))?;
        let mut said = String::new();
        for held in [SandboxLevel::Confined, SandboxLevel::ReadsDisk] {
            let words = command_line::sandbox_trial(&self.path, &dir, held)?;
            let words: Vec<_> = words.iter().map(String::as_str).collect();
            let output = facts::question(&self.path, &words, &vars, agent_env)?;
            if output.code() == 0 {
                return Ok(held);
            }
            said = text::last_line(&output.stderr);
        }
        Err(format!("its sandbox does not work here: {said}; {SANDBOX_HINT}"))
    }

    pub fn probe(&self, agent_env: AgentEnv<'_>) -> Probe {
        let mut hints = Vec::new();
        let login = self.login(agent_env);
        if login == Login::Missing {
            hints.push("log in with `codex login`, or set `CODEX_API_KEY`".to_owned());
        }
        let (version, sandbox) = match self.version(agent_env) {
            Ok(facts) => (facts.version, self.try_sandbox(agent_env)),
            Err(why) => {
                hints.push(format!("bring it up to date: `{INSTALL}`"));
                (String::new(), Err(why))
            }
        };
        let sandbox = match sandbox {
            Ok(SandboxLevel::Confined) => Sandbox::Works,
            Ok(SandboxLevel::ReadsDisk) => Sandbox::Instead(
                "it holds writing and the net; the whole disk can be read".to_owned(),
            ),
            Err(why) => Sandbox::Broken(text::reason_line(&why)),
        };
        Probe { place: self.path.display().to_string(), version, login, sandbox, hints }
    }

    fn login(&self, agent_env: AgentEnv<'_>) -> Login {
        if let Some((name, _)) = Self::credential(agent_env) {
            return Login::By(name.to_owned());
        }
        if !self.settings.endpoint.is_empty() {
            return Login::NotNeeded;
        }
        let Ok(vars) = self.vars(agent_env) else { return Login::Missing };
        match facts::question(&self.path, &["login", "status"], &vars, agent_env) {
            Ok(status) if status.code() == 0 => Login::By("its own login".to_owned()),
            _ => Login::Missing,
        }
    }
}

/// A home without settings.
fn own_home(agent_env: AgentEnv<'_>) -> Result<[(&'static str, OsString); 2], String> {
    let top = agent_env.home.join("codex");
    let folder = |name: &str| {
        let path = top.join(name);
        call::private(&path)
            .map(PathBuf::into_os_string)
            .map_err(|error| format!("could not make the folder `{}`: {error}", path.display()))
    };
    Ok([("HOME", folder("home")?), ("CODEX_HOME", folder("config")?)])
}

#[cfg(test)]
mod tests;
