//! Keys of a settings text that are unknown, and keys that a repository cannot set.

use toml::de::{DeTable, DeValue};
use toml::{Spanned, Table, Value};

use crate::domain::model::nearest::{did_you_mean, did_you_mean_below};
use crate::domain::policy::agent_settings::{CommandAgent, HttpAgent, Price};
use crate::domain::policy::command_settings::CommandGate;
use crate::domain::policy::layers::layer::{Layer, SettingsSource};
use crate::domain::policy::layers::problem::{SettingsProblem, first_line, locate, problem};
use crate::domain::policy::own_classes;
use crate::domain::policy::own_classes::{CLASSES_MAX, DEMAND_CHARS_MAX};
use crate::domain::policy::prepare_settings::PrepareStep;
use crate::domain::policy::review_settings::PathInstructions;

const DEFAULT: &str = include_str!("../default.toml");

/// The lists of tables, with the keys that each table may have.
pub const LISTS: [(&str, &[&str]); 5] = [
    ("commands", &CommandGate::KEYS),
    ("prepare", &PrepareStep::KEYS),
    ("command-agent", &CommandAgent::KEYS),
    ("http-agent", &HttpAgent::KEYS),
    ("review.instructions", &PathInstructions::KEYS),
];

/// What a repository cannot set: it could take over which program is started, where a key is
/// sent, what a call is said to have cost, have files written into a person's checkout, windows opened, or more
/// runs paid for.
const OWN: [&str; 7] = [
    "programs",
    "command-agent",
    "http-agent",
    "prices",
    "runs",
    "watch.progress",
    "review.notify",
];

/// The settings that hold where nothing else is said; they have every key.
pub fn defaults() -> Result<Table, SettingsProblem> {
    DEFAULT.parse().map_err(|error: toml::de::Error| {
        problem("default.toml", "", &first_line(error.message()), "report this")
    })
}

/// Takes every key out of a layer that the defaults do not have or that is not its to set. `spans` is
/// the layer's text with the places of its keys, `table` what is taken from.
pub fn take_unknown(
    layer: &Layer<'_>,
    spans: &DeTable<'_>,
    table: &mut Table,
    known: &Table,
    prefix: &str,
    problems: &mut Vec<SettingsProblem>,
) {
    for (key, value) in spans {
        let name = key.get_ref().as_ref();
        let at = key.span().start;
        let full = format!("{prefix}{name}");
        if layer.source == SettingsSource::Repository && OWN.contains(&full.as_str()) {
            problems.push(not_yours(layer, at, &full));
            table.remove(name);
            continue;
        }
        let Some(inner) = table.get_mut(name) else { continue };
        let list = LISTS.iter().find(|(list, _)| *list == full);
        if let Some((_, keys)) = list {
            if !take_from_list(layer, &full, value, inner, keys, problems) {
                table.remove(name);
            }
            continue;
        }
        if prefix.is_empty() && name == "prices" {
            take_from_prices(layer, value, inner, problems);
            continue;
        }
        if prefix.is_empty() && name == "classes" {
            take_from_classes(layer, value, inner, problems);
            continue;
        }
        let Some(default) = known.get(name) else {
            let mut keys: Vec<&str> = known.keys().map(String::as_str).collect();
            if prefix.is_empty() {
                keys.extend(LISTS.iter().map(|(list, _)| *list).filter(|list| !list.contains('.')));
            }
            add_unknown(layer, at, (prefix, name), &keys, problems);
            table.remove(name);
            continue;
        };
        if let (DeValue::Table(spans), Value::Table(inner), Value::Table(known)) =
            (value.get_ref(), inner, default)
        {
            take_unknown(layer, spans, inner, known, &format!("{prefix}{name}."), problems);
        }
    }
}

fn not_yours(layer: &Layer<'_>, at: usize, name: &str) -> SettingsProblem {
    let message = format!("`{name}` can only be set in your own settings");
    let hint = "move it to your own settings file".to_owned();
    SettingsProblem { is_users_alone: true, ..locate(layer, at, message, hint) }
}

/// Takes unknown keys out of the tables of a list; false where it is no list.
fn take_from_list(
    layer: &Layer<'_>,
    list: &str,
    spans: &Spanned<DeValue<'_>>,
    value: &mut Value,
    keys: &[&str],
    problems: &mut Vec<SettingsProblem>,
) -> bool {
    let (DeValue::Array(spans), Value::Array(tables)) = (spans.get_ref(), value) else {
        let message = format!("`{list}` is not a list of tables");
        let hint = format!("write `[[{list}]]` with double brackets");
        problems.push(locate(layer, spans.span().start, message, hint));
        return false;
    };
    for (span, table) in spans.iter().zip(tables) {
        let (DeValue::Table(span), Value::Table(table)) = (span.get_ref(), table) else { continue };
        take_keys(layer, &format!("{list}."), span, table, keys, problems);
    }
    true
}

/// Any model may have a price; what a price consists of is known.
fn take_from_prices(
    layer: &Layer<'_>,
    spans: &Spanned<DeValue<'_>>,
    value: &mut Value,
    problems: &mut Vec<SettingsProblem>,
) {
    let (DeValue::Table(models), Value::Table(prices)) = (spans.get_ref(), value) else { return };
    for (model, price) in models {
        let DeValue::Table(span) = price.get_ref() else { continue };
        let Some(Value::Table(table)) = prices.get_mut(model.get_ref().as_ref()) else { continue };
        let prefix = format!("prices.{}.", model.get_ref());
        take_keys(layer, &prefix, span, table, &Price::KEYS, problems);
    }
}

/// Any class may be added that has the form of one and is not in the list.
fn take_from_classes(
    layer: &Layer<'_>,
    spans: &Spanned<DeValue<'_>>,
    value: &mut Value,
    problems: &mut Vec<SettingsProblem>,
) {
    let (DeValue::Table(spans), Value::Table(classes)) = (spans.get_ref(), value) else { return };
    for (count, (key, says)) in spans.iter().enumerate() {
        let (name, at) = (key.get_ref().as_ref(), key.span().start);
        let length = says.get_ref().as_str().map(|says| says.trim().chars().count());
        let wrong = match (own_classes::wrong_name(name), length) {
            _ if count >= CLASSES_MAX => {
                let message = format!("there are more than {CLASSES_MAX} classes");
                (message, "take some out".to_owned())
            }
            (Some((wrong, hint)), _) => (format!("`{name}` {wrong}"), hint.to_owned()),
            // Of the wrong type: that is said elsewhere.
            (None, None) => continue,
            (None, Some(length)) if (1..=DEMAND_CHARS_MAX).contains(&length) => continue,
            (None, Some(_)) => {
                let hint = format!("say what it asks for, in 1 to {DEMAND_CHARS_MAX} characters");
                (format!("what is said of the class `{name}` cannot be used"), hint)
            }
        };
        problems.push(locate(layer, at, wrong.0, wrong.1));
        classes.remove(name);
    }
}

fn take_keys(
    layer: &Layer<'_>,
    prefix: &str,
    spans: &DeTable<'_>,
    table: &mut Table,
    known: &[&str],
    problems: &mut Vec<SettingsProblem>,
) {
    for key in spans.keys().filter(|key| !known.contains(&key.get_ref().as_ref())) {
        add_unknown(layer, key.span().start, (prefix, key.get_ref()), known, problems);
        table.remove(key.get_ref().as_ref());
    }
}

/// Adds the problem of an unknown key, with what may have been meant.
fn add_unknown(
    layer: &Layer<'_>,
    at: usize,
    (prefix, name): (&str, &str),
    known: &[&str],
    problems: &mut Vec<SettingsProblem>,
) {
    /// Who mistyped that many keys has another file in mind; each search takes time.
    const SEARCHED_MAX: usize = 20;
    let key = format!("{prefix}{name}");
    let search = || {
        did_you_mean_below(prefix, name, known.iter().copied()).or_else(|| did_you_mean_key(&key))
    };
    let near = if problems.len() < SEARCHED_MAX { search() } else { None };
    let hint = near.unwrap_or_else(|| format!("known keys: {}", known.join(", ")));
    problems.push(locate(layer, at, format!("unknown key `{key}`"), hint));
}

/// Asks whether one of the settings was meant, wherever it stands.
pub fn did_you_mean_key(key: &str) -> Option<String> {
    let mut all = Vec::new();
    keys_of(&defaults().ok()?, "", &mut all);
    did_you_mean(key, all.iter().map(String::as_str))
}

/// Every dotted key, and that of each table.
fn keys_of(table: &Table, prefix: &str, all: &mut Vec<String>) {
    for (name, value) in table {
        let key = format!("{prefix}{name}");
        if let Value::Table(inner) = value {
            keys_of(inner, &format!("{key}."), all);
        }
        all.push(key);
    }
}
