//! Reads one text of settings: what of it can be used, and what is wrong with the rest.

use serde::Deserialize as _;
use toml::de::{DeTable, DeValue};
use toml::{Table, Value};

use crate::domain::model::toml_text;
use crate::domain::policy::layers::commands;
use crate::domain::policy::layers::keys::take_unknown;
use crate::domain::policy::layers::layer::Layer;
use crate::domain::policy::layers::problem::{SettingsProblem, locate, locate_file, plain_type};
use crate::domain::policy::layers::values::wrong_values;
use crate::domain::policy::settings::Policy;

/// What a text of settings says.
pub struct ReadLayer<'a> {
    /// The keys that can be used.
    pub table: Table,
    /// What is wrong, in the order of the text.
    pub problems: Vec<SettingsProblem>,
    spans: Option<DeTable<'a>>,
}

/// Reads a text; `known` has every key that settings may have. Types are not checked yet, but for those
/// of commands.
pub fn read<'a>(layer: &Layer<'a>, known: &Table) -> ReadLayer<'a> {
    let unreadable = |error: &toml::de::Error| {
        let toml_text::Unparsed { at, message, hint } = toml_text::explain(layer.text, 0, error);
        let hint = hint.unwrap_or_else(|| "the file is not valid TOML".to_owned());
        let problem = locate_file(layer, at, message, hint);
        ReadLayer { table: Table::new(), problems: vec![problem], spans: None }
    };
    let spans = match toml_text::parse(layer.text) {
        Ok(spans) => spans.into_inner(),
        Err(error) => return unreadable(&error),
    };
    let mut table = match toml_text::table(layer.text) {
        Ok(table) => table,
        Err(error) => return unreadable(&error),
    };
    let mut problems = Vec::new();
    take_unknown(layer, &spans, &mut table, known, "", &mut problems);
    take_commands(layer, &spans, &mut table, &mut problems);
    take_values(layer, &spans, &mut table, "", &mut problems);
    problems.sort_by_key(|problem: &SettingsProblem| (problem.line, problem.column));
    ReadLayer { table, problems, spans: Some(spans) }
}

impl ReadLayer<'_> {
    /// Takes out every key whose value has the wrong type, each tried alone upon `below`: the settings
    /// that the text is laid over, with `lay_over`.
    pub fn take_wrong_types(
        &mut self,
        layer: &Layer<'_>,
        below: &Table,
        lay_over: impl Fn(&mut Table, Table),
    ) {
        for path in paths(&self.table, &[]) {
            let mut merged = below.clone();
            let Some(alone) = only(&self.table, &path) else { continue };
            lay_over(&mut merged, alone);
            let Err(error) = Policy::deserialize(Value::Table(merged)) else { continue };
            self.problems.push(type_problem(layer, self.spans.as_ref(), &error));
            remove(&mut self.table, &path);
        }
    }
}

/// The problem that an error of types tells of.
pub fn type_problem(
    layer: &Layer<'_>,
    spans: Option<&DeTable<'_>>,
    error: &toml::de::Error,
) -> SettingsProblem {
    const HINT: &str = "`tribunal config` shows every key with its default";
    let (key, message) = wrong_type(error);
    let at = key.zip(spans).and_then(|(key, spans)| find_key(spans, &key)).unwrap_or(0);
    locate(layer, at, message, HINT.to_owned())
}

/// The key that has the wrong type, where it is known, and the message.
pub fn wrong_type(error: &toml::de::Error) -> (Option<String>, String) {
    let text = error.to_string();
    let key = text.lines().find_map(|line| line.strip_prefix("in `")?.strip_suffix('`'));
    let message = match key {
        Some(key) => format!("`{key}`: {}", plain_type(&text)),
        None => plain_type(&text),
    };
    (key.map(str::to_owned), message)
}

/// Where an item of a list is written.
pub fn find_item(spans: &DeTable<'_>, list: &str, index: usize) -> Option<usize> {
    let (_, value) = spans.iter().find(|(key, _)| key.get_ref().as_ref() == list)?;
    let DeValue::Array(items) = value.get_ref() else { return None };
    Some(items.get(index)?.span().start)
}

fn take_commands(
    layer: &Layer<'_>,
    spans: &DeTable<'_>,
    table: &mut Table,
    problems: &mut Vec<SettingsProblem>,
) {
    let Some(Value::Array(items)) = table.get_mut("commands") else { return };
    let found = spans.iter().find(|(key, _)| key.get_ref().as_ref() == "commands");
    for wrong in commands::take_unusable(items) {
        let place = || {
            let DeValue::Array(spans) = found?.1.get_ref() else { return None };
            let command = spans.get(wrong.index)?;
            let (DeValue::Table(keys), Some((key, item))) = (command.get_ref(), wrong.key) else {
                return Some(command.span().start);
            };
            let (name, value) = keys.iter().find(|(name, _)| name.get_ref().as_ref() == key)?;
            let item = match (value.get_ref(), item) {
                (DeValue::Array(items), Some(item)) => items.get(item),
                _ => None,
            };
            Some(item.map_or(name.span().start, |item| item.span().start))
        };
        let message = format!("`commands`: {}", wrong.message);
        problems.push(locate(layer, place().unwrap_or(0), message, wrong.hint));
    }
}

/// Takes out the values that [`wrong_values`] finds; what is left of a list without its wrong items
/// holds, unless nothing is.
fn take_values(
    layer: &Layer<'_>,
    spans: &DeTable<'_>,
    table: &mut Table,
    prefix: &str,
    problems: &mut Vec<SettingsProblem>,
) {
    for (name, span) in spans {
        let name = name.get_ref().as_ref();
        let key = format!("{prefix}{name}");
        let Some(value) = table.get_mut(name) else { continue };
        if let (DeValue::Table(spans), Value::Table(inner)) = (span.get_ref(), &mut *value) {
            take_values(layer, spans, inner, &format!("{key}."), problems);
            continue;
        }
        let mut left_out = Vec::new();
        let mut is_spoilt = false;
        for wrong in wrong_values(&key, value) {
            let item = match (span.get_ref(), wrong.item) {
                (DeValue::Array(items), Some(item)) => items.get(item),
                _ => None,
            };
            let at = item.map_or(span.span().start, |item| item.span().start);
            problems.push(locate(layer, at, format!("`{key}`: {}", wrong.message), wrong.hint));
            is_spoilt |= wrong.item.is_none();
            left_out.extend(wrong.item.filter(|_| wrong.is_left_out));
        }
        if let Value::Array(items) = value {
            let mut at = 0;
            items.retain(|_| {
                at += 1;
                left_out.binary_search(&(at - 1)).is_err()
            });
            is_spoilt |= !left_out.is_empty() && items.is_empty();
        }
        if is_spoilt {
            table.remove(name);
        }
    }
}

/// Where the last part of a dotted key that the text holds is written.
fn find_key(spans: &DeTable<'_>, dotted: &str) -> Option<usize> {
    let mut table = spans;
    let mut at = None;
    for name in dotted.split('.') {
        let found = table.iter().find(|(key, _)| key.get_ref().as_ref() == name);
        let Some((key, value)) = found else { break };
        at = Some(key.span().start);
        match value.get_ref() {
            DeValue::Table(inner) => table = inner,
            _ => break,
        }
    }
    at
}

/// The paths of every value that is no table, or an empty one.
fn paths(table: &Table, above: &[String]) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for (name, value) in table {
        let mut path = above.to_vec();
        path.push(name.clone());
        match value {
            Value::Table(inner) if !inner.is_empty() => found.extend(paths(inner, &path)),
            _ => found.push(path),
        }
    }
    found
}

/// A table with one of the values alone.
fn only(table: &Table, path: &[String]) -> Option<Table> {
    let (first, rest) = path.split_first()?;
    let value = table.get(first)?;
    let value = match value {
        Value::Table(inner) if !rest.is_empty() => Value::Table(only(inner, rest)?),
        _ => value.clone(),
    };
    Some(Table::from_iter([(first.clone(), value)]))
}

fn remove(table: &mut Table, path: &[String]) {
    let Some((first, rest)) = path.split_first() else { return };
    match table.get_mut(first) {
        Some(Value::Table(inner)) if !rest.is_empty() => remove(inner, rest),
        _ => drop(table.remove(first)),
    }
}
