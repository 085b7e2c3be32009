//! Reads which gates the environment bypasses, finds what went past the hooks, and records both.

pub mod names;
pub mod past_hooks;

use std::collections::HashSet;

use anyhow::Result;
use bstr::ByteSlice as _;

use crate::domain::model::gate::Gate;
use crate::domain::model::oid::Oid;
use crate::domain::policy::command_settings::CommandGate;
use crate::domain::policy::settings::Policy;
use crate::flow::context::Context;
use crate::flow::evaluate::bypass::names::{COMMAND, Name, Unknown};
use crate::flow::evaluate::inside_command;
use crate::flow::evaluate::inside_command::Place;
use crate::platform::config::env;
use crate::platform::config::env::Env;
use crate::platform::git::repo::Repo;
use crate::platform::store::file;

#[cfg(test)]
mod tests;

/// The gates and commands that `TRIBUNAL`, `TRIBUNAL_SKIP` and policy variables bypass.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bypass {
    /// `TRIBUNAL=0`: no gate at all.
    pub all: bool,
    /// The gates named in `TRIBUNAL_SKIP`.
    pub gates: Vec<Gate>,
    /// The commands named there, as `commands.NAME`.
    pub commands: Vec<String>,
    /// Words in `TRIBUNAL_SKIP` that name nothing.
    pub unknown: Vec<Unknown>,
    /// Variables that set what the gates do, such as `TRIBUNAL_GATES_SECRETS`, or that keep commands
    /// from running.
    pub variables: Vec<String>,
    /// Variables that look like those and set nothing.
    pub unknown_variables: Vec<Unknown>,
}

impl Bypass {
    /// Reads the bypasses from the environment.
    pub fn from_env(env: &Env) -> Self {
        let words = env.text("TRIBUNAL_SKIP").unwrap_or_default().split([',', ' ']);
        let mut bypass = Self::of_names(words.filter(|word| !word.is_empty()));
        bypass.all = env.text("TRIBUNAL") == Some("0");
        for prefix in ["TRIBUNAL_GATES_", "TRIBUNAL_PROTECT_"] {
            for (name, _) in env.with_prefix(prefix) {
                match Unknown::variable(name) {
                    None => bypass.variables.push(name.to_owned()),
                    Some(unknown) => bypass.unknown_variables.push(unknown),
                }
            }
        }
        if let Place::Claimed(_) = inside_command::place(env) {
            bypass.variables.push(inside_command::VARIABLE.to_owned());
        }
        bypass
    }

    /// Leaves out the gates and commands of these names.
    pub fn of_names<'w>(words: impl IntoIterator<Item = &'w str>) -> Self {
        let mut bypass = Self::default();
        for word in words {
            match Name::read(word) {
                Ok(Name::Gate(gate)) => bypass.gates.push(gate),
                Ok(Name::Command(name)) => bypass.commands.push(name),
                Err(unknown) => bypass.unknown.push(unknown),
            }
        }
        bypass
    }

    /// Leaves out everything but the gates and commands of these names.
    pub fn all_but<'w>(words: impl IntoIterator<Item = &'w str>, commands: &[CommandGate]) -> Self {
        let asked = Self::of_names(words);
        let mut bypass = Self { unknown: asked.unknown, ..Self::default() };
        let wants_commands = asked.gates.contains(&Gate::Commands) || !asked.commands.is_empty();
        let is_wanted = |gate: &Gate| match gate {
            Gate::Commands => wants_commands,
            gate => asked.gates.contains(gate),
        };
        bypass.gates = Gate::OF_CHANGES.into_iter().filter(|gate| !is_wanted(gate)).collect();
        if !asked.commands.is_empty() {
            let names = commands.iter().map(|command| command.name.clone());
            bypass.commands = names.filter(|name| !asked.commands.contains(name)).collect();
            let none = names_of_none(&asked.commands, commands);
            bypass.unknown.extend(none.map(|name| Unknown::command(&name, commands)));
        }
        bypass
    }

    /// Takes out the names of commands that a policy does not have: they name nothing.
    pub fn keep_known(&mut self, commands: &[CommandGate]) {
        let none: Vec<String> = names_of_none(&self.commands, commands).collect();
        self.commands.retain(|name| !none.contains(name));
        self.unknown.extend(none.iter().map(|name| Unknown::command(name, commands)));
    }

    /// Whether any gate is bypassed.
    pub fn is_any(&self) -> bool {
        self.all
            || !self.gates.is_empty()
            || !self.commands.is_empty()
            || !self.variables.is_empty()
    }

    /// The bypasses as the person wrote them; empty for none.
    pub fn describe(&self) -> String {
        let mut parts = Vec::new();
        if self.all {
            parts.push("TRIBUNAL=0".to_owned());
        }
        let gates = self.gates.iter().map(|gate| gate.as_str().to_owned());
        let commands = self.commands.iter().map(|name| format!("{COMMAND}{name}"));
        let names: Vec<String> = gates.chain(commands).collect();
        if !names.is_empty() {
            parts.push(format!("TRIBUNAL_SKIP={}", names.join(",")));
        }
        parts.extend(self.variables.iter().cloned());
        parts.join(" ")
    }

    /// Switches the skipped gates off, and takes the skipped commands out.
    pub fn apply(&self, policy: &mut Policy) {
        for gate in &self.gates {
            policy.gates.switch_off(*gate);
        }
        policy.commands.retain(|command| !self.commands.contains(&command.name));
    }
}

fn names_of_none<'a>(
    names: &'a [String],
    commands: &'a [CommandGate],
) -> impl Iterator<Item = String> + 'a {
    let is_none = |name: &&String| !commands.iter().any(|command| command.name == **name);
    names.iter().filter(is_none).cloned()
}

/// Records that a hook was bypassed, in part or as a whole: time, hook, what was done, person, branch,
/// and the commits that it is about.
pub fn record(context: Context<'_>, hook: &str, what: &str, commits: &[Oid]) -> Result<()> {
    let Context { repo, env, .. } = context;
    let name = repo.config("user.name").ok().flatten().map(|name| name.to_string());
    let who = env
        .text("GIT_AUTHOR_NAME")
        .map(str::to_owned)
        .or(name)
        .or_else(|| env.text("USER").map(str::to_owned))
        .unwrap_or_else(|| "unknown".to_owned());
    let branch = match repo.symbolic("HEAD".into()) {
        Ok(Some(name)) => name.strip_prefix(b"refs/heads/").unwrap_or(&name).to_str_lossy().into(),
        _ => "(no branch)".to_owned(),
    };
    let commits: Vec<&str> = commits.iter().take(COMMITS_MAX).map(Oid::as_str).collect();
    let now = env::now(env).to_string();
    let fields = [now, hook.to_owned(), what.to_owned(), who, branch, commits.join(",")];
    let line = fields.map(|field| field.replace(char::is_control, " ")).join("\t");
    file::append_line_bounded(&repo.state_dir().join(LOG), &line)
}

/// The most commits that one record names.
const COMMITS_MAX: usize = 20;

/// The recorded bypasses, oldest first: the first five fields of each.
pub fn recorded(repo: &Repo) -> Vec<String> {
    let shown = |line: &String| line.splitn(6, '\t').take(5).collect::<Vec<_>>().join("\t");
    lines(repo).iter().map(shown).collect()
}

/// The commits that the records of a hook are about.
fn commits_of(repo: &Repo, hooks: &[&str]) -> HashSet<String> {
    let of_hook = |line: &String| {
        let mut fields = line.splitn(6, '\t').skip(1);
        fields.next().filter(|hook| hooks.contains(hook))?;
        fields.nth(3).map(str::to_owned)
    };
    let named = lines(repo).iter().filter_map(of_hook).collect::<Vec<_>>();
    named.iter().flat_map(|commits| commits.split(',')).map(str::to_owned).collect()
}

const LOG: &str = "bypass.log";

fn lines(repo: &Repo) -> Vec<String> {
    [&format!("{LOG}.1"), LOG]
        .iter()
        .filter_map(|name| file::read_text(&repo.state_dir().join(name)).ok())
        .flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>())
        .collect()
}
