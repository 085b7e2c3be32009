//! `claude`: Claude Code, without a shell and with its files confined to one folder.

mod command_line;
mod reading;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::domain::policy::agent_settings::Program;
use crate::platform::agents::ask::{Outcome, ParsedOutput, Reply, Request};
use crate::platform::agents::call;
use crate::platform::agents::call::ProgramCall;
use crate::platform::agents::env::{Around, Missing};
use crate::platform::agents::facts;
use crate::platform::agents::facts::ProgramFacts;
use crate::platform::agents::probe::{Login, Probe, Sandbox};
use crate::platform::agents::{find, text};
use crate::platform::config::env::now;
use crate::platform::process::Interrupts;

const INSTALL: &str = "npm install -g @anthropic-ai/claude-code";

/// The variables that it can log in with, in its own order.
const CREDENTIALS: [&str; 3] =
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
    pub fn find(settings: &Program, around: Around<'_>) -> Result<Self, Missing> {
        let path = find::program("claude", &settings.path, INSTALL, around)?;
        Ok(Self { path, settings: settings.clone() })
    }

    pub fn ask(&self, request: &Request<'_>, around: Around<'_>, interrupts: Interrupts) -> Reply {
        Reply::to(request, "claude", "anthropic", |by| {
            let facts = self.facts(around)?;
            by.version.clone_from(&facts.version);
            self.answer(&facts, request, around, interrupts)
        })
    }

    fn answer(
        &self,
        facts: &ProgramFacts,
        request: &Request<'_>,
        around: Around<'_>,
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
        let mut vars = self.vars(around).map_err(could_not)?;
        let temporary = request.folder.join("tmp");
        vars.push(("CLAUDE_CODE_TMPDIR", temporary.into()));
        vars.extend(command_line::QUIET.map(|(name, value)| (name, value.into())));
        let secrets =
            CREDENTIALS.iter().filter_map(|name| Some(around.env.text(name)?.to_owned())).collect();
        let vars = call::owned_names(vars);
        let call = ProgramCall { program: self.path.clone(), words, vars, secrets };
        let ran = call.run(request, around, interrupts)?;
        Ok(reading::read(&ran, request.schema.is_some(), now(around.env)))
    }

    /// Where it connects to, what it logs in with and where it keeps its files. With a credential of
    /// the environment its home is ours; without one it is the person's own, where their login is.
    fn vars(&self, around: Around<'_>) -> Result<Vec<(&'static str, OsString)>, String> {
        let mut vars = Vec::new();
        let endpoint = Some(&self.settings.endpoint).filter(|endpoint| !endpoint.is_empty());
        if let Some(endpoint) =
            endpoint.map(String::as_str).or(around.env.text("ANTHROPIC_BASE_URL"))
        {
            vars.push(("ANTHROPIC_BASE_URL", endpoint.into()));
        }
        if credential(around).is_some() {
            for name in CREDENTIALS {
                vars.extend(around.env.get(name).map(|value| (name, value.to_owned())));
            }
            vars.extend(own_home(around)?);
        } else {
            for name in ["HOME", "CLAUDE_CONFIG_DIR"] {
                vars.extend(around.env.get(name).map(|value| (name, value.to_owned())));
            }
        }
        Ok(vars)
    }

    fn facts(&self, around: Around<'_>) -> Result<ProgramFacts, Outcome> {
        if let Some(facts) = facts::recall(&self.path, around) {
            return Ok(facts);
        }
        let facts = self.inspect(around).map_err(|why| {
            let why = text::reason_line(&why);
            Outcome::CouldNotStart { why }
        })?;
        facts::keep(&self.path, &facts, around);
        Ok(facts)
    }

    fn inspect(&self, around: Around<'_>) -> Result<ProgramFacts, String> {
        let vars = own_home(around)?;
        let version = facts::answer(&self.path, &["--version"], &vars, around)?;
        let help = facts::answer(&self.path, &["--help"], &vars, around)?;
        let version = version.split_whitespace().next().unwrap_or_default().to_owned();
        Ok(ProgramFacts { version, flags: ProgramFacts::flags_in(&help), sandbox: None })
    }

    pub fn probe(&self, around: Around<'_>) -> Probe {
        let mut hints = Vec::new();
        let login = self.login(around);
        if login == Login::Missing {
            hints.push("log in with `claude`, or set `ANTHROPIC_API_KEY`".to_owned());
        }
        let (version, sandbox) = match self.facts(around) {
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

    fn login(&self, around: Around<'_>) -> Login {
        if let Some(name) = credential(around) {
            return Login::By(name.to_owned());
        }
        let Ok(mut vars) = self.vars(around) else { return Login::Missing };
        vars.extend(command_line::QUIET.map(|(name, value)| (name, value.into())));
        let status = facts::question(&self.path, &["auth", "status"], &vars, around);
        let status =
            status.ok().and_then(|said| serde_json::from_slice::<Value>(&said.stdout).ok());
        let logged_in = match status.as_ref().and_then(|status| status["loggedIn"].as_bool()) {
            Some(logged_in) => logged_in,
            // A version that cannot be asked.
            None => own_folder(around).is_some_and(|own| own.join(".credentials.json").exists()),
        };
        if logged_in { Login::By("its own login".to_owned()) } else { Login::Missing }
    }
}

/// The variable that it will log in with.
fn credential(around: Around<'_>) -> Option<&'static str> {
    CREDENTIALS.into_iter().find(|name| around.env.get(name).is_some())
}

/// Where it keeps the person's login.
fn own_folder(around: Around<'_>) -> Option<PathBuf> {
    let home = || around.env.path("HOME").map(|home| home.join(".claude"));
    around.env.path("CLAUDE_CONFIG_DIR").or_else(home)
}

/// A home without settings.
fn own_home(around: Around<'_>) -> Result<[(&'static str, OsString); 2], String> {
    let top = around.home.join("claude");
    let folder = |path: &Path| {
        call::private(path)
            .map(PathBuf::into_os_string)
            .map_err(|error| format!("could not make the folder `{}`: {error}", path.display()))
    };
    Ok([("HOME", folder(&top.join("home"))?), ("CLAUDE_CONFIG_DIR", folder(&top.join("config"))?)])
}

#[cfg(test)]
mod tests;
