//! The names by which a gate or a command is left out, or asked for alone.

use std::fmt;

use crate::domain::model::gate::Gate;
use crate::domain::model::nearest::{did_you_mean, did_you_mean_below};
use crate::domain::policy::command_settings::CommandGate;
use crate::domain::policy::layers;

/// What stands before the name of a command.
pub const COMMAND: &str = "commands.";

/// How the variables begin that set a key.
const VARIABLE: &str = "TRIBUNAL_";

/// What a name means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Name {
    Gate(Gate),
    Command(String),
}

/// A name that means nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown {
    pub word: String,
    /// What it would have to name.
    kind: &'static str,
    /// Which names may have been meant.
    pub did_you_mean: Option<String>,
}

impl Name {
    /// Reads a gate's name, or `commands.NAME`.
    pub fn read(word: &str) -> Result<Self, Unknown> {
        if let Some(name) = word.strip_prefix(COMMAND).filter(|name| !name.is_empty()) {
            return Ok(Self::Command(name.to_owned()));
        }
        let gate = Gate::OF_CHANGES.into_iter().find(|gate| gate.as_str() == word);
        gate.map(Self::Gate).ok_or_else(|| {
            let names = Gate::OF_CHANGES.map(Gate::as_str);
            Unknown { word: word.to_owned(), kind: "gate", did_you_mean: did_you_mean(word, names) }
        })
    }
}

impl Unknown {
    /// A command that is none of these.
    pub fn command(name: &str, commands: &[CommandGate]) -> Self {
        let names = commands.iter().map(|command| command.name.as_str());
        let did_you_mean = did_you_mean_below(COMMAND, name, names);
        Self { word: format!("{COMMAND}{name}"), kind: "command", did_you_mean }
    }

    /// A variable that sets no key of the policy; `None` where it does.
    pub fn variable(name: &str) -> Option<Self> {
        let known = layers::variables();
        let names: Vec<&str> = known.iter().map(String::as_str).collect();
        let is_none = !names.contains(&name);
        is_none.then(|| Self {
            word: name.to_owned(),
            kind: "variable of a setting",
            did_you_mean: did_you_mean_below(
                VARIABLE,
                name.strip_prefix(VARIABLE).unwrap_or(name),
                names.iter().filter_map(|name| name.strip_prefix(VARIABLE)),
            ),
        })
    }
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not a {}", self.word, self.kind)?;
        match &self.did_you_mean {
            Some(question) => write!(f, "; {question}"),
            None => Ok(()),
        }
    }
}
