//! Keys of a settings text that are unknown, and keys that a repository cannot set.

use toml::de::{DeTable, DeValue};
use toml::{Spanned, Table, Value};

use crate::domain::policy::agent_settings::{CommandAgent, HttpAgent, Price};
use crate::domain::policy::command_settings::CommandGate;
use crate::domain::policy::layers::layer::{Layer, SettingsSource};
use crate::domain::policy::layers::problem::{SettingsProblem, locate};

/// The lists of tables, with the keys that each table may have.
const LISTS: [(&str, &[&str]); 3] = [
    ("commands", &CommandGate::KEYS),
    ("command-agent", &CommandAgent::KEYS),
    ("http-agent", &HttpAgent::KEYS),
];

/// What a repository cannot set: it could take over which program is started, where a key is
/// sent, or what a call is said to have cost.
const OWN: [&str; 4] = ["programs", "command-agent", "http-agent", "prices"];

/// Finds the first key of a layer that the defaults do not have or that is not its to set.
pub fn find_unknown(
    layer: &Layer<'_>,
    table: &DeTable<'_>,
    known: &Table,
    prefix: &str,
) -> Result<(), SettingsProblem> {
    for (key, value) in table {
        let name = key.get_ref().as_ref();
        if prefix.is_empty() && layer.source == SettingsSource::Repository && OWN.contains(&name) {
            return Err(not_yours(layer, key.span().start, name));
        }
        let list = LISTS.iter().find(|(list, _)| prefix.is_empty() && *list == name);
        if let Some((_, keys)) = list {
            check_list(layer, name, value, keys)?;
            continue;
        }
        if prefix.is_empty() && name == "prices" {
            check_prices(layer, value)?;
            continue;
        }
        let Some(default) = known.get(name) else {
            let mut keys: Vec<&str> = known.keys().map(String::as_str).collect();
            if prefix.is_empty() {
                keys.extend(LISTS.iter().map(|(list, _)| *list));
            }
            return Err(unknown(layer, key.span().start, prefix, name, &keys));
        };
        if let (DeValue::Table(inner), Value::Table(known)) = (value.get_ref(), default) {
            find_unknown(layer, inner, known, &format!("{prefix}{name}."))?;
        }
    }
    Ok(())
}

fn not_yours(layer: &Layer<'_>, at: usize, name: &str) -> SettingsProblem {
    let message = format!("`{name}` can only be set in your own settings");
    let hint = "move it to your own settings file".to_owned();
    SettingsProblem { is_users_alone: true, ..locate(layer, at, message, hint) }
}

fn check_list(
    layer: &Layer<'_>,
    list: &str,
    value: &Spanned<DeValue<'_>>,
    keys: &[&str],
) -> Result<(), SettingsProblem> {
    let DeValue::Array(tables) = value.get_ref() else {
        let message = format!("`{list}` is not a list of tables");
        let hint = format!("write `[[{list}]]` with double brackets");
        return Err(locate(layer, value.span().start, message, hint));
    };
    for item in tables {
        let DeValue::Table(table) = item.get_ref() else { continue };
        check_keys(layer, &format!("{list}."), table, keys)?;
    }
    Ok(())
}

/// Any model may have a price; what a price consists of is known.
fn check_prices(layer: &Layer<'_>, value: &Spanned<DeValue<'_>>) -> Result<(), SettingsProblem> {
    let DeValue::Table(models) = value.get_ref() else { return Ok(()) };
    for (model, price) in models {
        let DeValue::Table(table) = price.get_ref() else { continue };
        check_keys(layer, &format!("prices.{}.", model.get_ref()), table, &Price::KEYS)?;
    }
    Ok(())
}

fn check_keys(
    layer: &Layer<'_>,
    prefix: &str,
    table: &DeTable<'_>,
    known: &[&str],
) -> Result<(), SettingsProblem> {
    let stranger = table.keys().find(|key| !known.contains(&key.get_ref().as_ref()));
    stranger
        .map_or(Ok(()), |key| Err(unknown(layer, key.span().start, prefix, key.get_ref(), known)))
}

fn unknown(
    layer: &Layer<'_>,
    at: usize,
    prefix: &str,
    name: &str,
    known: &[&str],
) -> SettingsProblem {
    let near = known
        .iter()
        .map(|key| (strsim::jaro_winkler(key, name), key))
        .filter(|(likeness, _)| *likeness > 0.7)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    let hint = match near {
        Some((_, key)) => format!("did you mean `{prefix}{key}`?"),
        None => format!("known keys: {}", known.join(", ")),
    };
    locate(layer, at, format!("unknown key `{prefix}{name}`"), hint)
}
