//! Values that have the right type and still cannot be used: globs, names, words.

use std::path::{Component, Path};

use toml::Value;

use crate::domain::model::globs;
use crate::domain::policy::allow_entry;
use crate::domain::policy::layers::prepare_steps::wrong_steps;
use crate::domain::policy::review_settings::PathInstructions;

/// What is wrong with a value, or with one item of a list.
pub struct WrongValue {
    /// Its place in the list; `None` for the value as a whole.
    pub item: Option<usize>,
    pub message: String,
    pub hint: String,
    /// What is left of it is not used: else the item holds as the plain text that it is.
    pub is_left_out: bool,
}

/// The lists of globs.
const GLOBS: [&str; 6] = [
    "protect.branches",
    "gates.secrets.allow-paths",
    "gates.conflict-markers.allow-paths",
    "gates.scope.exempt",
    "watch.specs",
    "review.leave-out",
];

/// The most globs of one list, and the most bytes of them together: compiled they must fit into
/// what a list of globs may have.
const GLOBS_MAX: usize = 1_000;
const GLOB_LIST_BYTES_MAX: usize = 64 * 1024;

/// The shortest limit of a first line in which every type has room for a word.
const SUBJECT_MIN: i64 = 20;
const TYPE_CHARS_MAX: usize = 17;

/// What is wrong with the value of a dotted key. The types of values are checked elsewhere, but for
/// the items of the lists that are read here.
pub fn wrong_values(key: &str, value: &Value) -> Vec<WrongValue> {
    match (key, value) {
        ("gates.commit-message.types", Value::Array(items)) if items.is_empty() => {
            vec![whole(
                "no message could pass: it names no type",
                "for example `[\"feat\", \"fix\"]`",
            )]
        }
        ("gates.commit-message.types", Value::Array(items)) => wrong_items(items, commit_type),
        ("gates.commit-message.subject-max", Value::Integer(max)) if *max < SUBJECT_MIN => {
            vec![whole(&format!("`{max}` is too short for a first line"), "at least 20")]
        }
        ("gates.secrets.allow", Value::Array(items)) => wrong_items(items, known_secret),
        ("review.instructions", Value::Array(items)) => wrong_instructions(items),
        ("prepare", Value::Array(items)) => wrong_steps(items)
            .into_iter()
            .map(|(at, message, hint)| WrongValue {
                item: Some(at),
                message,
                hint,
                is_left_out: true,
            })
            .collect(),
        ("sandbox.readable", Value::Array(items)) => wrong_items(items, place),
        (key, Value::Array(items)) if GLOBS.contains(&key) => {
            let mut wrong = wrong_globs(items, |glob| globs_of(key, glob));
            // A branch of that very name stays protected.
            for wrong in &mut wrong {
                wrong.is_left_out = key != "protect.branches";
            }
            wrong
        }
        _ => Vec::new(),
    }
}

/// What is wrong with tables of instructions. Their keys and types are checked elsewhere.
fn wrong_instructions(items: &[Value]) -> Vec<WrongValue> {
    let mut wrong = Vec::new();
    for (at, item) in items.iter().enumerate() {
        let paths = item.get("paths").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let check = |glob: &str| globs::check(glob).map_err(|error| error.reason);
        for one in wrong_globs(paths, check) {
            wrong.push(WrongValue { item: Some(at), is_left_out: true, ..one });
        }
        let text = item.get("text").and_then(Value::as_str).unwrap_or_default();
        if text.len() > PathInstructions::BYTES_MAX {
            let message = format!("the text has more than {} bytes", PathInstructions::BYTES_MAX);
            let hint = "shorten it: reviewers are shown it with every change".to_owned();
            wrong.push(WrongValue { item: Some(at), message, hint, is_left_out: true });
        }
    }
    wrong
}

/// What is wrong with a list of globs, each of which `check` takes.
pub fn wrong_globs(items: &[Value], check: impl Fn(&str) -> Result<(), String>) -> Vec<WrongValue> {
    const HINT: &str = "as in `src/**/*.rs`; `[[]` and `[{]` stand for the signs themselves";
    let mut bytes = 0;
    let mut count = 0;
    wrong_items(items, |text| {
        check(text).map_err(|reason| (format!("`{text}` is not a glob: {reason}"), HINT))?;
        bytes += text.len();
        count += 1;
        if count > GLOBS_MAX || bytes > GLOB_LIST_BYTES_MAX {
            let message = format!(
                "the list is too long: at most {GLOBS_MAX} globs of {} KiB together",
                GLOB_LIST_BYTES_MAX / 1024
            );
            return Err((message, "shorten it: one glob may cover a folder"));
        }
        Ok(())
    })
}

fn globs_of(key: &str, glob: &str) -> Result<(), String> {
    let reason = |error: globs::GlobError| error.reason;
    match key {
        "watch.specs" => globs::check_below_top(glob).map(drop),
        "protect.branches" => {
            globs::check(glob.strip_prefix("refs/heads/").unwrap_or(glob)).map_err(reason)
        }
        _ => globs::check(glob).map_err(reason),
    }
}

fn wrong_items(
    items: &[Value],
    mut check: impl FnMut(&str) -> Result<(), (String, &'static str)>,
) -> Vec<WrongValue> {
    let mut wrong = Vec::new();
    for (at, item) in items.iter().enumerate() {
        let checked = match item {
            Value::String(text) => check(text),
            other => Err((format!("`{other}` is not a text"), "write it in quotes")),
        };
        if let Err((message, hint)) = checked {
            let hint = hint.to_owned();
            wrong.push(WrongValue { item: Some(at), message, hint, is_left_out: true });
        }
    }
    wrong
}

fn commit_type(word: &str) -> Result<(), (String, &'static str)> {
    let is_word = !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    if is_word && word.len() <= TYPE_CHARS_MAX {
        return Ok(());
    }
    Err((format!("`{word}` is not a type"), "one word of at most 17 letters, digits and `-`"))
}

fn known_secret(text: &str) -> Result<(), (String, &'static str)> {
    if allow_entry::is_fingerprint(text) || allow_entry::is_name(text) {
        return Ok(());
    }
    Err((
        format!("`{text}` names no secret"),
        "the 16 hexadecimal digits or the `name:` entry that a finding shows",
    ))
}

/// A file or folder of this machine.
fn place(text: &str) -> Result<(), (String, &'static str)> {
    let below_home = text.strip_prefix("~/").filter(|below| !below.is_empty());
    let is_plain = |part: Component<'_>| matches!(part, Component::Normal(_) | Component::RootDir);
    let is_place = below_home.is_some_and(|below| !below.starts_with('/')) || text.starts_with('/');
    let path = Path::new(below_home.unwrap_or(text));
    if is_place && !text.contains('\0') && path.components().all(is_plain) {
        return Ok(());
    }
    Err((
        format!("`{text}` names no file or folder of a machine"),
        "begin it with `/` or `~/`, without `..`",
    ))
}

fn whole(message: &str, hint: &str) -> WrongValue {
    WrongValue { item: None, message: message.to_owned(), hint: hint.to_owned(), is_left_out: true }
}
