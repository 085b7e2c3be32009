//! Layers of settings laid over each other: which value holds, and who said so.

use std::path::PathBuf;

use serde::Deserialize as _;
use toml::de::{DeTable, DeValue};
use toml::{Spanned, Table, Value};

use crate::config::env::Env;
use crate::config::policy::{CommandGate, Policy};

const DEFAULT: &str = include_str!("default.toml");

/// Who gave a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    Default,
    /// The settings file of this user.
    User(PathBuf),
    /// `tribunal.toml` of the tree that gives the law.
    Repository,
    /// A `TRIBUNAL_*` variable.
    Variable(String),
    /// `--set` on the command line.
    Flag,
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::User(path) => write!(f, "{}", path.display()),
            Self::Repository => f.write_str("tribunal.toml"),
            Self::Variable(name) => f.write_str(name),
            Self::Flag => f.write_str("--set"),
        }
    }
}

/// What is wrong with a settings text, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}:{column}: {message}")]
pub struct Problem {
    pub file: String,
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    pub message: String,
    /// What to do about it.
    pub hint: String,
}

/// One text of settings.
pub struct Layer<'a> {
    pub source: Source,
    /// The name used in messages.
    pub file: &'a str,
    pub text: &'a str,
}

/// The settings that hold, and for each key who gave it.
pub struct Resolved {
    pub policy: Policy,
    merged: Table,
    sources: Vec<(String, Source)>,
}

impl Resolved {
    /// Every dotted key with its value as TOML and who gave it, in the order of the keys.
    pub fn origins(&self) -> Vec<(String, String, Source)> {
        leaves(&self.merged, "")
            .into_iter()
            .map(|(key, value)| {
                let given = |(k, _): &&(String, Source)| covers(k, &key);
                let source = self.sources.iter().rev().find(given).map(|(_, s)| s.clone());
                (key, value.to_string(), source.unwrap_or(Source::Default))
            })
            .collect()
    }
}

/// Lays the layers over the defaults, weakest first, and the environment's `TRIBUNAL_*` and the
/// command line's `key=value` over them.
pub fn resolve(layers: &[Layer<'_>], env: &Env, flags: &[String]) -> Result<Resolved, Problem> {
    let mut merged = defaults()?;
    let known = merged.clone();
    let mut sources: Vec<(String, Source)> = Vec::new();
    for layer in layers {
        let table = read(layer, &known)?;
        lay_over(&mut merged, table, "", &layer.source, &mut sources);
        check_types(&merged, layer)?;
    }
    let variables: Vec<(&str, &str)> = env.with_prefix("TRIBUNAL_").collect();
    for (key, _) in if variables.is_empty() { Vec::new() } else { leaves(&known, "") } {
        let name = variable_name(&key);
        if let Some((_, value)) = variables.iter().find(|(n, _)| *n == name) {
            let source = Source::Variable(name.clone());
            set(&mut merged, &known, &key, value, &name)?;
            sources.push((key, source));
        }
    }
    for flag in flags {
        let (key, value) = flag.split_once('=').ok_or_else(|| {
            problem("--set", flag, "it is not `key=value`", "for example `--set gates.scope=off`")
        })?;
        set(&mut merged, &known, key, value, "--set")?;
        sources.push((key.to_owned(), Source::Flag));
    }
    let policy = Policy::deserialize(Value::Table(merged.clone())).map_err(|error| {
        problem("settings", "", &first_line(&error.to_string()), "see `tribunal config`")
    })?;
    Ok(Resolved { policy, merged, sources })
}

/// Checks one text by itself, as `tribunal.toml` is checked before it becomes law.
pub fn check(file: &str, text: &str) -> Result<(), Problem> {
    resolve(&[Layer { source: Source::Repository, file, text }], &Env::default(), &[]).map(drop)
}

/// The variable that sets a key: `gates.large-files.max` is `TRIBUNAL_GATES_LARGE_FILES_MAX`; a
/// gate's level needs no `_LEVEL`.
pub fn variable_name(key: &str) -> String {
    let key = key.strip_suffix(".level").unwrap_or(key);
    format!("TRIBUNAL_{}", key.replace(['.', '-'], "_").to_ascii_uppercase())
}

fn defaults() -> Result<Table, Problem> {
    DEFAULT.parse().map_err(|error: toml::de::Error| {
        problem("default.toml", "", &first_line(error.message()), "report this")
    })
}

/// Reads a layer and finds keys that nobody knows.
fn read(layer: &Layer<'_>, known: &Table) -> Result<Table, Problem> {
    let spanned = DeTable::parse(layer.text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        let message = first_line(error.message());
        locate(layer, at, message, "the file is not valid TOML".to_owned())
    })?;
    find_unknown(layer, spanned.get_ref(), known, "")?;
    layer.text.parse().map_err(|error: toml::de::Error| {
        let at = error.span().map_or(0, |span| span.start);
        locate(layer, at, first_line(error.message()), String::new())
    })
}

fn find_unknown(
    layer: &Layer<'_>,
    table: &DeTable<'_>,
    known: &Table,
    prefix: &str,
) -> Result<(), Problem> {
    for (key, value) in table {
        let name = key.get_ref().as_ref();
        if prefix.is_empty() && name == "commands" {
            check_commands(layer, value)?;
            continue;
        }
        let Some(default) = known.get(name) else {
            let mut keys: Vec<&str> = known.keys().map(String::as_str).collect();
            if prefix.is_empty() {
                keys.push("commands");
            }
            return Err(unknown(layer, key.span().start, prefix, name, &keys));
        };
        if let (DeValue::Table(inner), Value::Table(known)) = (value.get_ref(), default) {
            find_unknown(layer, inner, known, &format!("{prefix}{name}."))?;
        }
    }
    Ok(())
}

fn check_commands(layer: &Layer<'_>, value: &Spanned<DeValue<'_>>) -> Result<(), Problem> {
    let DeValue::Array(tables) = value.get_ref() else {
        let message = "`commands` is not a list of tables".to_owned();
        let hint = "write `[[commands]]` with double brackets".to_owned();
        return Err(locate(layer, value.span().start, message, hint));
    };
    for item in tables {
        let DeValue::Table(table) = item.get_ref() else { continue };
        for (key, _) in table {
            let name = key.get_ref().as_ref();
            if !CommandGate::KEYS.contains(&name) {
                let at = key.span().start;
                return Err(unknown(layer, at, "commands.", name, &CommandGate::KEYS));
            }
        }
    }
    Ok(())
}

fn unknown(layer: &Layer<'_>, at: usize, prefix: &str, name: &str, known: &[&str]) -> Problem {
    let near = known
        .iter()
        .map(|key| (strsim::jaro_winkler(key, name), key))
        .filter(|(likeness, _)| *likeness > 0.7)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    let hint = match near {
        Some((_, key)) => format!("did you mean `{prefix}{key}`?"),
        None => format!("known here: {}", known.join(", ")),
    };
    locate(layer, at, format!("unknown key `{prefix}{name}`"), hint)
}

/// Lays `over` on `base`. A gate may be given as its level alone.
fn lay_over(
    base: &mut Table,
    above: Table,
    prefix: &str,
    source: &Source,
    sources: &mut Vec<(String, Source)>,
) {
    for (name, value) in above {
        let key = format!("{prefix}{name}");
        match (base.get_mut(&name), value) {
            (Some(Value::Table(inner)), Value::Table(more)) => {
                lay_over(inner, more, &format!("{key}."), source, sources);
            }
            (Some(Value::Table(inner)), level @ Value::String(_)) if prefix == "gates." => {
                inner.insert("level".to_owned(), level);
                sources.push((format!("{key}.level"), source.clone()));
            }
            (_, value) => {
                base.insert(name, value);
                sources.push((key, source.clone()));
            }
        }
    }
}

/// Types are checked once a layer has been laid over, so that the message can name its file.
fn check_types(merged: &Table, layer: &Layer<'_>) -> Result<(), Problem> {
    let Err(error) = Policy::deserialize(Value::Table(merged.clone())) else { return Ok(()) };
    let text = error.to_string();
    let key = text.lines().find_map(|line| line.strip_prefix("in `")?.strip_suffix('`'));
    let at = key.and_then(|key| find_key(layer.text, key)).unwrap_or(0);
    let message = match key {
        Some(key) => format!("`{key}`: {}", first_line(&text)),
        None => first_line(&text),
    };
    Err(locate(layer, at, message, "`tribunal config` shows every key with its default".into()))
}

/// Where the last part of a dotted key that the text holds is written.
fn find_key(text: &str, dotted: &str) -> Option<usize> {
    let mut table = DeTable::parse(text).ok()?.into_inner();
    let mut at = None;
    for name in dotted.split('.') {
        let found = table.iter().find(|(key, _)| key.get_ref().as_ref() == name);
        let Some((key, value)) = found else { break };
        at = Some(key.span().start);
        match value.get_ref() {
            DeValue::Table(inner) => {
                let inner = inner.clone();
                table = inner;
            }
            _ => break,
        }
    }
    at
}

fn set(
    merged: &mut Table,
    known: &Table,
    key: &str,
    value: &str,
    giver: &str,
) -> Result<(), Problem> {
    // A bare word is a string: `--set gates.scope=off` needs no quotes.
    let parsed = format!("v = {value}").parse::<Table>().ok().and_then(|mut t| t.remove("v"));
    let value = parsed.unwrap_or_else(|| Value::String(value.to_owned()));
    let mut names: Vec<&str> = key.split('.').collect();
    if names.len() == 2 && names[0] == "gates" {
        names.push("level");
    }
    let Some((last, path)) = names.split_last() else { return Ok(()) };
    let (mut table, mut known) = (merged, known);
    for name in path {
        match (table.get_mut(*name), known.get(*name)) {
            (Some(Value::Table(inner)), Some(Value::Table(inner_known))) => {
                (table, known) = (inner, inner_known);
            }
            _ => return Err(problem(giver, key, "unknown key", "see `tribunal config`")),
        }
    }
    let Some(default) = known.get(*last) else {
        return Err(problem(giver, key, "unknown key", "see `tribunal config`"));
    };
    if !default.same_type(&value) {
        let wanted = format!("`{value}` is not a {}", default.type_str());
        return Err(problem(giver, key, &wanted, "see `tribunal config`"));
    }
    table.insert((*last).to_owned(), value);
    Ok(())
}

/// The dotted keys of a table, with their values; arrays are leaves.
fn leaves<'a>(table: &'a Table, prefix: &str) -> Vec<(String, &'a Value)> {
    let mut found = Vec::new();
    for (name, value) in table {
        match value {
            Value::Table(inner) => found.extend(leaves(inner, &format!("{prefix}{name}."))),
            _ => found.push((format!("{prefix}{name}"), value)),
        }
    }
    found
}

fn covers(given: &str, key: &str) -> bool {
    key == given || key.strip_prefix(given).is_some_and(|rest| rest.starts_with('.'))
}

fn locate(layer: &Layer<'_>, at: usize, message: String, hint: String) -> Problem {
    let before = layer.text.get(..at).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    Problem { file: layer.file.to_owned(), line, column, message, hint }
}

fn problem(file: &str, key: &str, message: &str, hint: &str) -> Problem {
    let message = if key.is_empty() { message.to_owned() } else { format!("`{key}`: {message}") };
    Problem { file: file.to_owned(), line: 1, column: 1, message, hint: hint.to_owned() }
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

/// The problem of a text that is not UTF-8.
pub fn not_utf8(file: &str, content: &[u8]) -> Problem {
    let valid = content.utf8_chunks().next().map_or("", |chunk| chunk.valid());
    let layer = Layer { source: Source::Repository, file, text: valid };
    locate(&layer, valid.len(), "it is not UTF-8".to_owned(), "save it as UTF-8".to_owned())
}
