//! The names by which a gate or a command is left out, or asked for alone.

use std::fmt;

use crate::domain::model::gate::Gate;
use crate::domain::policy::command_settings::CommandGate;
use crate::domain::policy::layers;

/// What stands before the name of a command.
pub const COMMAND: &str = "commands.";

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
    /// The nearest name that means something.
    pub nearest: Option<String>,
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
            Unknown { word: word.to_owned(), kind: "gate", nearest: nearest(word, &names) }
        })
    }
}

impl Unknown {
    /// A command that is none of these.
    pub fn command(name: &str, commands: &[CommandGate]) -> Self {
        let names: Vec<&str> = commands.iter().map(|command| command.name.as_str()).collect();
        let nearest = nearest(name, &names).map(|name| format!("{COMMAND}{name}"));
        Self { word: format!("{COMMAND}{name}"), kind: "command", nearest }
    }

    /// A variable that sets no key of the policy; `None` where it does.
    pub fn variable(name: &str) -> Option<Self> {
        let known = layers::variables();
        let names: Vec<&str> = known.iter().map(String::as_str).collect();
        let is_none = !names.contains(&name);
        is_none.then(|| Self {
            word: name.to_owned(),
            kind: "variable of a setting",
            nearest: nearest(name, &names),
        })
    }
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not a {}", self.word, self.kind)?;
        match &self.nearest {
            Some(nearest) => write!(f, "; did you mean `{nearest}`?"),
            None => Ok(()),
        }
    }
}

fn nearest(word: &str, names: &[&str]) -> Option<String> {
    let likeness = |name: &&&str| strsim::jaro_winkler(name, word);
    let alike = names.iter().filter(|name| likeness(name) > 0.7);
    alike.max_by(|a, b| likeness(a).total_cmp(&likeness(b))).map(|name| (*name).to_owned())
}
