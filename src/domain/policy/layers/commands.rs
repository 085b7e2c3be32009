//! The `[[commands]]` of a settings text: what of them can be used.

use std::collections::HashMap;

use serde::Deserialize as _;
use toml::{Table, Value};

use crate::domain::model::globs;
use crate::domain::model::path::is_shareable;
use crate::domain::policy::command_settings::CommandGate;
use crate::domain::policy::layers::problem::plain_type;
use crate::domain::policy::layers::values::wrong_globs;
use crate::domain::policy::report_format::FormatName;

/// The most commands of a repository: each is shown, trusted and asked about one by one.
const COMMANDS_MAX: usize = 200;
const NAME_CHARS_MAX: usize = 100;

/// What is wrong with a command.
pub struct WrongCommand {
    /// Its place in the list.
    pub index: usize,
    /// The key, with the place in its list; `None` for the command as a whole.
    pub key: Option<(&'static str, Option<usize>)>,
    pub message: String,
    pub hint: String,
}

/// Takes what cannot be used out of a list of commands, and tells what it was.
///
/// A command without a name or a line is left out. Without its `paths` a command runs for every change,
/// without its `format` only its exit code counts.
pub fn take_unusable(commands: &mut Vec<Value>) -> Vec<WrongCommand> {
    let mut wrong = Vec::new();
    let mut names: HashMap<String, usize> = HashMap::new();
    let mut usable = Vec::new();
    for (index, item) in std::mem::take(commands).into_iter().enumerate() {
        let mut reader = Reader { index, wrong: &mut wrong };
        if index >= COMMANDS_MAX {
            reader.say(None, format!("there are more than {COMMANDS_MAX} commands"), "merge some");
            break;
        }
        let Value::Table(mut table) = item else {
            reader.say(None, "it is not a table".to_owned(), "write `[[commands]]`");
            continue;
        };
        if !reader.clean(&mut table) {
            continue;
        }
        if let Some(Value::String(name)) = table.get("name") {
            if let Some(first) = names.get(name) {
                let message = format!("command {} has the name `{name}` already", first + 1);
                reader.say(Some(("name", None)), message, "give each command a name of its own");
            }
            names.entry(name.clone()).or_insert(index);
        }
        usable.push(Value::Table(table));
    }
    *commands = usable;
    wrong
}

struct Reader<'a> {
    index: usize,
    wrong: &'a mut Vec<WrongCommand>,
}

impl Reader<'_> {
    fn say(
        &mut self,
        key: Option<(&'static str, Option<usize>)>,
        message: String,
        hint: impl Into<String>,
    ) {
        let hint = hint.into();
        self.wrong.push(WrongCommand { index: self.index, key, message, hint });
    }

    /// Takes unusable keys out of a command; false where nothing is left that could run.
    fn clean(&mut self, table: &mut Table) -> bool {
        for key in CommandGate::KEYS {
            if let Some(value) = table.get(key)
                && let Some(message) = wrong_type(key, value)
            {
                self.say(
                    Some((key, None)),
                    message,
                    "for example `name = \"tests\"` and `run = \"cargo test\"`",
                );
                table.remove(key);
            }
        }
        for key in ["name", "run"] {
            let Some(text) = table.get(key).and_then(Value::as_str) else {
                // Where it has the wrong type, that was said.
                let was_said = self.wrong.last().is_some_and(|wrong| {
                    wrong.index == self.index && wrong.key == Some((key, None))
                });
                if !was_said {
                    let example = format!("for example `{key} = \"cargo test\"`");
                    self.say(None, format!("`{key}` is missing"), example);
                }
                return false;
            };
            if let Some((message, hint)) = wrong_text(key, text) {
                self.say(Some((key, None)), message, hint);
                return false;
            }
        }
        self.clean_lists(table);
        if let Some(Value::String(name)) = table.get("format")
            && let Err(error) = FormatName::parse(name)
        {
            self.say(Some(("format", None)), error.to_string(), error.hint());
            table.remove("format");
        }
        true
    }

    fn clean_lists(&mut self, table: &mut Table) {
        if table.get("on").and_then(Value::as_array).is_some_and(Vec::is_empty) {
            let hint = "`pre-commit`, `pre-push` or `run`";
            self.say(Some(("on", None)), "it would never run: `on` is empty".to_owned(), hint);
            table.remove("on");
        }
        let check = |glob: &str| {
            globs::check(glob.strip_prefix('!').unwrap_or(glob)).map_err(|error| error.reason)
        };
        if let Some(Value::Array(items)) = table.get("paths") {
            let wrong = wrong_globs(items, check);
            if !wrong.is_empty() {
                for wrong in wrong {
                    self.say(Some(("paths", wrong.item)), wrong.message, wrong.hint);
                }
                // The globs that are left could leave out what the wrong one named.
                table.remove("paths");
            }
        }
        let Some(Value::Array(items)) = table.get_mut("share") else { return };
        let mut at = 0;
        items.retain(|item| {
            let path = item.as_str().unwrap_or_default();
            let is_usable = is_shareable(path);
            if !is_usable {
                let message = format!("`{path}` is no path inside the work tree");
                let hint = "for example `node_modules`";
                self.say(Some(("share", Some(at))), message, hint);
            }
            at += 1;
            is_usable
        });
    }
}

/// What is wrong with the type of one key of a command.
fn wrong_type(key: &str, value: &Value) -> Option<String> {
    // It would be taken for a text.
    if value.is_datetime() {
        return Some(format!("`{key}`: it is a date"));
    }
    let mut alone = Table::new();
    for needed in ["name", "run"] {
        alone.insert(needed.to_owned(), Value::String("x".to_owned()));
    }
    alone.insert(key.to_owned(), value.clone());
    let error = CommandGate::deserialize(Value::Table(alone)).err()?;
    Some(format!("`{key}`: {}", plain_type(&error.to_string())))
}

fn wrong_text(key: &str, text: &str) -> Option<(String, &'static str)> {
    if text.trim().is_empty() {
        return Some((format!("`{key}` is empty"), "say which command it is, or take it out"));
    }
    let is_long = key == "name" && text.chars().count() > NAME_CHARS_MAX;
    let is_odd = text.contains('\0') || (key == "name" && text.contains(char::is_control));
    (is_long || is_odd).then(|| {
        (
            format!("`{key}` is no text for a command"),
            "a name is one line of at most 100 characters",
        )
    })
}
