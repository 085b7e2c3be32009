//! Layers of settings laid over each other: which value holds, and its source.

pub mod commands;
pub mod flags;
mod keys;
mod prepare_steps;
pub mod layer;
pub mod problem;
mod reading;
mod set;
#[cfg(test)]
mod tests;
mod values;

use serde::Deserialize as _;
use toml::{Table, Value};

use crate::domain::model::agent::Role;
use crate::domain::model::toml_text;
use crate::domain::policy::layers::flags::FlagSettings;
use crate::domain::policy::layers::keys::defaults;
use crate::domain::policy::layers::layer::{Layer, SettingsSource};
use crate::domain::policy::layers::problem::{SettingsProblem, locate, problem};
use crate::domain::policy::layers::reading::{
    ReadLayer, find_item, read, type_problem, wrong_type,
};
use crate::domain::policy::layers::set::TypedKey;
use crate::domain::policy::sandbox_settings::SandboxSettings;
use crate::domain::policy::settings::Policy;
use crate::domain::policy::weaker::weaker_keys;

/// The settings that hold, and for each key who gave it.
pub struct Resolved {
    pub policy: Policy,
    /// What of the repository's layer cannot be used: the rest of it holds.
    pub problems: Vec<SettingsProblem>,
    /// The settings of the user's own file by which a guard lets more pass than by the default, for
    /// people: `gates.secrets.level in /home/me/.config/tribunal/config.toml`.
    pub weakened_by_user: Vec<String>,
    /// What the repository's layer allows of the sandbox beyond what this user's own settings do, one key or
    /// path each, as people read it: it holds once the person agreed.
    pub asked_of_sandbox: Vec<String>,
    merged: Table,
    sources: Vec<(String, SettingsSource)>,
}

impl Resolved {
    /// Every dotted key with its value and who gave it, in the order of the keys.
    pub fn origins(&self) -> Vec<(String, Value, SettingsSource)> {
        leaves(&self.merged, "")
            .into_iter()
            .map(|(key, value)| {
                let source = source_of(&self.sources, &key).cloned();
                (key, value.clone(), source.unwrap_or(SettingsSource::Default))
            })
            .collect()
    }
}

/// Who gave the value of a key that holds; `None` for the default.
fn source_of<'a>(sources: &'a [(String, SettingsSource)], key: &str) -> Option<&'a SettingsSource> {
    sources.iter().rev().find(|(given, _)| covers(given, key)).map(|(_, source)| source)
}

/// See [`Resolved::weakened_by_user`].
fn weakened_by_user(
    policy: &Policy,
    sources: &[(String, SettingsSource)],
) -> Result<Vec<String>, SettingsProblem> {
    let is_users = |(key, source): &(String, SettingsSource)| {
        matches!(source, SettingsSource::User(_))
            && (key.starts_with("gates") || key.starts_with("protect"))
    };
    if !sources.iter().any(is_users) {
        return Ok(Vec::new());
    }
    let keys = weaker_keys(policy, &overridden(&defaults()?, &[])?);
    let by_user = |key: String| match source_of(sources, &key) {
        Some(SettingsSource::User(path)) => Some(format!("{key} in {}", path.display())),
        _ => None,
    };
    Ok(keys.into_iter().filter_map(by_user).collect())
}

/// See [`Resolved::asked_of_sandbox`].
fn beyond(asked: &SandboxSettings, own: &SandboxSettings, merged: &Table) -> Vec<String> {
    let as_written = |key: &&'static str| merged.get("sandbox")?.get(*key).map(Value::to_string);
    let keys = asked.wider_keys(own);
    let keys = keys.iter().filter_map(|key| Some(format!("sandbox.{key} = {}", as_written(key)?)));
    let paths = asked.more_readable(own);
    keys.chain(paths.map(|path| format!("sandbox.readable = [{path:?}]"))).collect()
}

/// Lays the layers over the defaults, weakest first, and the `TRIBUNAL_*` variables and the command
/// line's settings over them. The first value that cannot be used is an error.
pub fn resolve(
    layers: &[Layer<'_>],
    variables: &[(&str, &str)],
    flags: &FlagSettings,
) -> Result<Resolved, SettingsProblem> {
    let mut resolved = resolve_usable(layers, variables, flags)?;
    if resolved.problems.is_empty() {
        return Ok(resolved);
    }
    Err(resolved.problems.swap_remove(0))
}

/// As [`resolve`], where what cannot be used of a repository's layer is left out and told: people who
/// did not write it must be able to mend it. Other layers are the user's own.
pub fn resolve_usable(
    layers: &[Layer<'_>],
    variables: &[(&str, &str)],
    flags: &FlagSettings,
) -> Result<Resolved, SettingsProblem> {
    let mut merged = defaults()?;
    let known = merged.clone();
    let mut sources: Vec<(String, SettingsSource)> = Vec::new();
    let mut problems = Vec::new();
    let mut policy = None;
    for layer in layers {
        let mut read = read(layer, &known);
        if layer.source != SettingsSource::Repository && !read.problems.is_empty() {
            return Err(read.problems.swap_remove(0));
        }
        policy = Some(lay_on(&mut merged, &mut sources, layer, &mut read)?);
        problems.append(&mut read.problems);
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
    let weakened_by_user = weakened_by_user(&policy, &sources)?;
    let asks = |(key, source): &(String, SettingsSource)| {
        *source == SettingsSource::Repository && (key == "sandbox" || key.starts_with("sandbox."))
    };
    let mut asked_of_sandbox = Vec::new();
    if sources.iter().any(asks) {
        let is_own = |layer: &&Layer<'_>| layer.source != SettingsSource::Repository;
        let own: Vec<Layer<'_>> = layers.iter().filter(is_own).cloned().collect();
        let own = resolve_usable(&own, variables, flags)?.policy.sandbox;
        asked_of_sandbox = beyond(&policy.sandbox, &own, &merged);
    }
    Ok(Resolved { policy, problems, weakened_by_user, asked_of_sandbox, merged, sources })
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

/// What is wrong with one text by itself, as `tribunal.toml` is checked before it becomes the policy.
pub fn check(file: &str, text: &str) -> Vec<SettingsProblem> {
    let layer = Layer { source: SettingsSource::Repository, file, text };
    match resolve_usable(&[layer], &[], FlagSettings::none()) {
        Ok(resolved) => resolved.problems,
        Err(problem) => vec![problem],
    }
}

/// Whether that key is a list of tables such as `[[commands]]`, which has no default.
pub fn is_list_of_tables(key: &str) -> bool {
    keys::LISTS.iter().any(|(list, _)| *list == key)
}

/// Whether there is a setting of that dotted key.
pub fn has_key(key: &str) -> bool {
    let Ok(mut value) = defaults().map(Value::Table) else { return false };
    for name in key.split('.') {
        let Some(inner) = value.get(name).cloned() else { return false };
        value = inner;
    }
    true
}

/// Whether a repository's settings let more pass than the defaults; true where they cannot be read.
pub fn weakens_defaults(file: &str, text: &str) -> bool {
    let layer = Layer { source: SettingsSource::Repository, file, text };
    let given = resolve_usable(&[layer], &[], FlagSettings::none());
    let default = defaults().and_then(|table| overridden(&table, &[]));
    match (given, default) {
        (Ok(given), Ok(default)) => !weaker_keys(&given.policy, &default).is_empty(),
        _ => true,
    }
}

/// The variable that sets a key: `gates.large-files.max` is `TRIBUNAL_GATES_LARGE_FILES_MAX`; a
/// gate's level needs no `_LEVEL`.
pub fn variable_name(key: &str) -> String {
    let key = key.strip_suffix(".level").unwrap_or(key);
    format!("TRIBUNAL_{}", key.replace(['.', '-'], "_").to_ascii_uppercase())
}

/// The variables that set a key.
pub fn variables() -> Vec<String> {
    // The defaults are tested; without them no policy can be read, which is said elsewhere.
    let known = defaults().unwrap_or_default();
    variable_keys(&known).iter().map(|key| variable_name(key)).collect()
}

/// The keys that have a variable. The prices have one together: a model's name fits into none.
fn variable_keys(known: &Table) -> Vec<String> {
    let keys = leaves(known, "").into_iter().map(|(key, _)| key);
    let named = keys.filter(|key| !key.starts_with("prices.") && key != "classes");
    named.chain(["prices".to_owned()]).collect()
}

/// Lays what was read of a layer on the settings below it. Types are checked once it is there: where
/// they are wrong in a repository's layer, the keys are taken out whose values they are.
fn lay_on(
    merged: &mut Table,
    sources: &mut Vec<(String, SettingsSource)>,
    layer: &Layer<'_>,
    read: &mut ReadLayer<'_>,
) -> Result<Policy, SettingsProblem> {
    let below = merged.clone();
    let given = sources.len();
    lay_over(merged, read.table.clone(), "", &layer.source, sources);
    let checked = check_types(merged, layer);
    if checked.is_ok() || layer.source != SettingsSource::Repository {
        return checked;
    }
    read.take_wrong_types(layer, &below, |merged, alone| {
        lay_over(merged, alone, "", &layer.source, &mut Vec::new());
    });
    merged.clone_from(&below);
    sources.truncate(given);
    lay_over(merged, read.table.clone(), "", &layer.source, sources);
    check_types(merged, layer).or_else(|problem| {
        read.problems.push(SettingsProblem { spoils_file: true, ..problem });
        *merged = below;
        sources.truncate(given);
        check_types(merged, layer)
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

/// Reads the settings as the policy. An error names the place in the layer that was laid over last.
fn check_types(merged: &Table, layer: &Layer<'_>) -> Result<Policy, SettingsProblem> {
    let spans = || toml_text::parse(layer.text).ok().map(toml::Spanned::into_inner);
    let policy = Policy::deserialize(Value::Table(merged.clone()))
        .map_err(|error| type_problem(layer, spans().as_ref(), &error))?;
    match policy.name_taken() {
        Some((list, index, message)) => {
            let at = spans().and_then(|spans| find_item(&spans, list, index)).unwrap_or(0);
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
