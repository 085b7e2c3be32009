//! Layers of settings laid over each other: which value holds, and its source.

pub mod flags;
mod keys;
pub mod layer;
pub mod problem;
mod set;
#[cfg(test)]
mod tests;

use serde::Deserialize as _;
use toml::de::{DeTable, DeValue};
use toml::{Table, Value};

use crate::domain::model::agent::Role;
use crate::domain::policy::layers::flags::FlagSettings;
use crate::domain::policy::layers::keys::find_unknown;
use crate::domain::policy::layers::layer::{Layer, SettingsSource};
use crate::domain::policy::layers::problem::{SettingsProblem, first_line, locate, problem};
use crate::domain::policy::layers::set::TypedKey;
use crate::domain::policy::settings::Policy;

const DEFAULT: &str = include_str!("../default.toml");

/// The settings that hold, and for each key who gave it.
pub struct Resolved {
    pub policy: Policy,
    merged: Table,
    sources: Vec<(String, SettingsSource)>,
}

impl Resolved {
    /// Every dotted key with its value as TOML and who gave it, in the order of the keys.
    pub fn origins(&self) -> Vec<(String, String, SettingsSource)> {
        leaves(&self.merged, "")
            .into_iter()
            .map(|(key, value)| {
                let given = |(k, _): &&(String, SettingsSource)| covers(k, &key);
                let source = self.sources.iter().rev().find(given).map(|(_, s)| s.clone());
                (key, value.to_string(), source.unwrap_or(SettingsSource::Default))
            })
            .collect()
    }
}

/// Lays the layers over the defaults, weakest first, and the `TRIBUNAL_*` variables and the command
/// line's settings over them.
pub fn resolve(
    layers: &[Layer<'_>],
    variables: &[(&str, &str)],
    flags: &FlagSettings,
) -> Result<Resolved, SettingsProblem> {
    let mut merged = defaults()?;
    let known = merged.clone();
    let mut sources: Vec<(String, SettingsSource)> = Vec::new();
    let mut policy = None;
    for layer in layers {
        let table = read(layer, &known)?;
        lay_over(&mut merged, table, "", &layer.source, &mut sources);
        policy = Some(check_types(&merged, layer)?);
    }
    let from_layers = sources.len();
    for key in if variables.is_empty() { Vec::new() } else { variable_keys(&known) } {
        let name = variable_name(&key);
        if let Some((_, value)) = variables.iter().find(|(n, _)| *n == name) {
            for typed in TypedKey::read(&known, &key, value, &name)? {
                typed.lay_over(&mut merged);
                sources.push((typed.key, SettingsSource::Variable(name.clone())));
            }
        }
    }
    for typed in &flags.keys {
        typed.lay_over(&mut merged);
        sources.push((typed.key.clone(), SettingsSource::Flag));
    }
    let policy = match policy {
        Some(policy) if sources.len() == from_layers => policy,
        _ => overridden(&merged, &sources[from_layers..])?,
    };
    Ok(Resolved { policy, merged, sources })
}

/// Reads the command line's `key=value` words. What is wrong with them by themselves is an error here,
/// before any other layer is read.
pub fn read_flags(words: &[String]) -> Result<FlagSettings, SettingsProblem> {
    if words.is_empty() {
        return Ok(FlagSettings::default());
    }
    let known = defaults()?;
    let mut flags = FlagSettings { words: words.to_vec(), keys: Vec::new() };
    for word in words {
        let (key, value) = word.split_once('=').ok_or_else(|| {
            problem("--set", word, "it is not `key=value`", "for example `--set gates.scope=off`")
        })?;
        flags.keys.extend(TypedKey::read(&known, key, value, "--set")?);
    }
    resolve(&[], &[], &flags)?;
    Ok(flags)
}

/// Checks one text by itself, as `tribunal.toml` is checked before it becomes the policy.
pub fn check(file: &str, text: &str) -> Result<(), SettingsProblem> {
    let layer = Layer { source: SettingsSource::Repository, file, text };
    resolve(&[layer], &[], FlagSettings::none()).map(drop)
}

/// The variable that sets a key: `gates.large-files.max` is `TRIBUNAL_GATES_LARGE_FILES_MAX`; a
/// gate's level needs no `_LEVEL`.
pub fn variable_name(key: &str) -> String {
    let key = key.strip_suffix(".level").unwrap_or(key);
    format!("TRIBUNAL_{}", key.replace(['.', '-'], "_").to_ascii_uppercase())
}

/// The keys that have a variable. The prices have one together: a model's name fits into none.
fn variable_keys(known: &Table) -> Vec<String> {
    let keys = leaves(known, "").into_iter().map(|(key, _)| key);
    let named = keys.filter(|key| !key.starts_with("prices."));
    named.chain(["prices".to_owned()]).collect()
}

fn defaults() -> Result<Table, SettingsProblem> {
    DEFAULT.parse().map_err(|error: toml::de::Error| {
        problem("default.toml", "", &first_line(error.message()), "report this")
    })
}

/// Reads a layer and finds unknown keys.
fn read(layer: &Layer<'_>, known: &Table) -> Result<Table, SettingsProblem> {
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

/// Lays `above` on `base`. A gate may be given as its level alone. Spending limits are the user's,
/// or the default where the user set none; a repository can only lower them.
fn lay_over(
    base: &mut Table,
    above: Table,
    prefix: &str,
    source: &SettingsSource,
    sources: &mut Vec<(String, SettingsSource)>,
) {
    for (name, value) in above {
        let key = format!("{prefix}{name}");
        match (base.get_mut(&name), value) {
            // A price is given whole: a part of another model's price does not apply.
            (Some(Value::Table(inner)), Value::Table(more)) if prefix != "prices." => {
                lay_over(inner, more, &format!("{key}."), source, sources);
            }
            (Some(Value::Table(inner)), level @ Value::String(_)) if prefix == "gates." => {
                inner.insert("level".to_owned(), level);
                sources.push((format!("{key}.level"), source.clone()));
            }
            (Some(word), value) if raises_spending(&key, word, &value, source) => {}
            (_, value) => {
                base.insert(name, value);
                sources.push((key, source.clone()));
            }
        }
    }
}

/// Whether a repository's value would raise a spending limit: a repository cannot spend this user's
/// money, even where the user set no limit.
fn raises_spending(key: &str, word: &Value, value: &Value, source: &SettingsSource) -> bool {
    let role_of =
        |key: &str| key.strip_prefix("agents.")?.strip_suffix(".budget").map(Role::from_name);
    let spends = matches!(key, "budget.run" | "budget.day") || role_of(key).flatten().is_some();
    let dollars = |value: &Value| match value {
        #[expect(clippy::cast_precision_loss, reason = "no sum of money is that large")]
        Value::Integer(whole) => Some(*whole as f64),
        Value::Float(dollars) => Some(*dollars),
        _ => None,
    };
    *source == SettingsSource::Repository
        && spends
        && matches!((dollars(word), dollars(value)), (Some(word), Some(value)) if value > word)
}

/// Types are checked once a layer has been laid over, so that the message can name its file.
fn check_types(merged: &Table, layer: &Layer<'_>) -> Result<Policy, SettingsProblem> {
    const HINT: &str = "`tribunal config` shows every key with its default";
    let policy = Policy::deserialize(Value::Table(merged.clone())).map_err(|error| {
        let (key, message) = wrong_type(&error);
        let at = key.and_then(|key| find_key(layer.text, &key)).unwrap_or(0);
        locate(layer, at, message, HINT.to_owned())
    })?;
    match policy.name_taken() {
        Some((list, index, message)) => {
            let at = find_item(layer.text, list, index).unwrap_or(0);
            Err(locate(layer, at, message, "each agent needs a name of its own".to_owned()))
        }
        None => Ok(policy),
    }
}

/// The policy where variables or flags override the layers.
fn overridden(
    merged: &Table,
    given: &[(String, SettingsSource)],
) -> Result<Policy, SettingsProblem> {
    let source_of = |key: Option<&str>| {
        let of = |(given, _): &&(String, SettingsSource)| {
            key.is_some_and(|key| covers(given, key) || covers(key, given))
        };
        let source = given.iter().rev().find(of).map(|(_, source)| source.to_string());
        source.unwrap_or_else(|| "settings".to_owned())
    };
    let policy = Policy::deserialize(Value::Table(merged.clone())).map_err(|error| {
        let (key, message) = wrong_type(&error);
        problem(&source_of(key.as_deref()), "", &message, "see `tribunal config`")
    })?;
    match policy.name_taken() {
        Some((list, _, message)) => {
            Err(problem(&source_of(Some(list)), "", &message, "each agent needs a name of its own"))
        }
        None => Ok(policy),
    }
}

/// The key that has the wrong type, where it is known, and the message.
fn wrong_type(error: &toml::de::Error) -> (Option<String>, String) {
    let text = error.to_string();
    let key = text.lines().find_map(|line| line.strip_prefix("in `")?.strip_suffix('`'));
    let message = match key {
        Some(key) => format!("`{key}`: {}", first_line(&text)),
        None => first_line(&text),
    };
    (key.map(str::to_owned), message)
}

/// Where an item of a list of tables is written.
fn find_item(text: &str, list: &str, index: usize) -> Option<usize> {
    let table = DeTable::parse(text).ok()?.into_inner();
    let (_, value) = table.iter().find(|(key, _)| key.get_ref().as_ref() == list)?;
    let DeValue::Array(items) = value.get_ref() else { return None };
    Some(items.get(index)?.span().start)
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

/// The dotted keys of a table, with their values; arrays and empty tables are leaves.
fn leaves<'a>(table: &'a Table, prefix: &str) -> Vec<(String, &'a Value)> {
    let mut found = Vec::new();
    for (name, value) in table {
        match value {
            Value::Table(inner) if !inner.is_empty() => {
                found.extend(leaves(inner, &format!("{prefix}{name}.")));
            }
            _ => found.push((format!("{prefix}{name}"), value)),
        }
    }
    found
}

fn covers(given: &str, key: &str) -> bool {
    key == given || key.strip_prefix(given).is_some_and(|rest| rest.starts_with('.'))
}
