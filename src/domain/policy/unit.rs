//! Sizes and durations as people write them.

use std::time::Duration;

use serde::{Deserialize as _, Deserializer, de};
use toml::Value;

use crate::domain::model::agent::Money;

/// Ten years. What is added to the time of now must still be a time.
const DURATION_MAX: Duration = Duration::from_hours(3650 * 24);

/// A size such as `1 MiB`, `500 KB` or `1024` (bytes).
pub fn bytes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse_bytes(&text).ok_or_else(|| {
        de::Error::custom(format!("`{text}` is not a size such as `1 MiB` or `500 KB`"))
    })
}

/// A duration such as `150ms`, `30s`, `10m` or `2h`.
pub fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    let duration = parse_duration(&text).ok_or_else(|| {
        de::Error::custom(format!("`{text}` is not a duration such as `150ms`, `30s` or `10m`"))
    })?;
    if duration > DURATION_MAX {
        return Err(de::Error::custom(format!("`{text}` is too long: at most `3650d`")));
    }
    Ok(duration)
}

/// US dollars: `2` or `0.5`.
pub fn money<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Money, D::Error> {
    let dollars = f64::deserialize(deserializer)?;
    Money::from_dollars(dollars)
        .ok_or_else(|| de::Error::custom(format!("`{dollars}` is not a sum of US dollars")))
}

/// As [`money`], for a key that may be missing.
pub fn some_money<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Money>, D::Error> {
    money(deserializer).map(Some)
}

/// The most calls of one run at once: a repository's policy is not to fill the machine with agents.
const PARALLEL_MAX: usize = 8;

/// A number of calls that are made side by side.
pub fn parallel<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    up_to(PARALLEL_MAX, deserializer)
}

/// The most tasks that are built side by side: so many workspaces there are in which tests run.
const TASKS_AT_ONCE_MAX: usize = 3;

/// A number of tasks that are built side by side.
pub fn tasks_at_once<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    up_to(TASKS_AT_ONCE_MAX, deserializer)
}

fn up_to<'de, D: Deserializer<'de>>(most: usize, deserializer: D) -> Result<usize, D::Error> {
    let number = i64::deserialize(deserializer)?;
    usize::try_from(number)
        .ok()
        .filter(|number| (1..=most).contains(number))
        .ok_or_else(|| de::Error::custom(format!("`{number}` is not a number from 1 to {most}")))
}

/// The most tasks of a spec: a larger number asks nobody and is a mistake.
const TASKS_MAX: usize = 160;

/// A number of tasks; 0 is one as well.
pub fn tasks<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    let number = i64::deserialize(deserializer)?;
    usize::try_from(number).ok().filter(|number| *number <= TASKS_MAX).ok_or_else(|| {
        de::Error::custom(format!("`{number}` is not a number from 0 to {TASKS_MAX}"))
    })
}

/// One argument of a program: it is no option and has no white space. It may be empty.
pub fn word<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    if is_word(&text) { Ok(text) } else { Err(de::Error::custom(no_name(&text))) }
}

fn is_word(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._:/@+-".contains(c);
    text.chars().all(plain) && !text.starts_with('-')
}

fn is_name(text: &str) -> bool {
    is_word(text) && !text.is_empty()
}

fn no_name(text: &str) -> String {
    if text.is_empty() {
        return "a name is not empty".to_owned();
    }
    format!(
        "`{}` is not a name: letters, digits and `._:/@+-`, none of them `-` at its beginning",
        text.escape_debug()
    )
}

/// A [`word`] that is not empty.
pub fn name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let name = word(deserializer)?;
    if name.is_empty() { Err(de::Error::custom("a name is not empty")) } else { Ok(name) }
}

/// One name, or several of which each is there once.
pub fn names<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    const NEITHER: &str = "it is neither a name nor a list of names";
    let items = match Value::deserialize(deserializer)? {
        Value::Array(items) => items,
        one => vec![one],
    };
    let mut names: Vec<String> = Vec::new();
    for item in items {
        let Value::String(text) = item else { return Err(de::Error::custom(NEITHER)) };
        match is_name(&text) {
            true if names.contains(&text) => {
                return Err(de::Error::custom(format!("`{text}` is in the list twice")));
            }
            true => names.push(text),
            false => return Err(de::Error::custom(no_name(&text))),
        }
    }
    if names.is_empty() { Err(de::Error::custom("the list is empty")) } else { Ok(names) }
}

/// A program with its arguments.
pub fn command<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let words = Vec::<String>::deserialize(deserializer)?;
    match words.first() {
        Some(program) if !program.is_empty() => Ok(words),
        _ => Err(de::Error::custom("it names no program")),
    }
}

fn parse_bytes(text: &str) -> Option<u64> {
    let (number, unit) = split(text)?;
    let factor = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "kb" => 1000,
        "kib" | "k" => 1024,
        "mb" => 1_000_000,
        "mib" | "m" => 1024 * 1024,
        "gb" => 1_000_000_000,
        "gib" | "g" => 1024 * 1024 * 1024,
        _ => return None,
    };
    number.checked_mul(factor)
}

fn parse_duration(text: &str) -> Option<Duration> {
    let (number, unit) = split(text)?;
    match unit {
        "ms" => Some(Duration::from_millis(number)),
        "s" => Some(Duration::from_secs(number)),
        "m" | "min" => Some(Duration::from_secs(number.checked_mul(60)?)),
        "h" => Some(Duration::from_secs(number.checked_mul(3600)?)),
        "d" => Some(Duration::from_secs(number.checked_mul(86_400)?)),
        _ => None,
    }
}

fn split(text: &str) -> Option<(u64, &str)> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    Some((text[..digits].parse().ok()?, text[digits..].trim()))
}
