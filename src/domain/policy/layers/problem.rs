//! What is wrong with a settings text, and where.

use crate::domain::policy::layers::layer::{Layer, SettingsSource};

/// What is wrong with a settings text, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingsProblem {
    /// Or what else gave the settings: `--set`, a variable.
    pub file: String,
    /// From 1; 0 where there is no file.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    pub message: String,
    /// What to do about it.
    pub hint: String,
    /// The key is taken from the user's own settings alone: where those are can be added to the hint.
    pub is_users_alone: bool,
    /// Nothing of the file can be used, not only a part of it.
    pub spoils_file: bool,
}

impl std::error::Error for SettingsProblem {}

impl std::fmt::Display for SettingsProblem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { file, line, column, message, .. } = self;
        match line {
            0 => write!(f, "{file}: {message}"),
            _ => write!(f, "{file}:{line}:{column}: {message}"),
        }
    }
}

pub fn locate(layer: &Layer<'_>, at: usize, message: String, hint: String) -> SettingsProblem {
    let before = layer.text.get(..at).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    SettingsProblem {
        file: layer.file.to_owned(),
        line,
        column,
        message,
        hint,
        is_users_alone: false,
        spoils_file: false,
    }
}

/// As [`locate`], where nothing of the file can be used.
pub fn locate_file(layer: &Layer<'_>, at: usize, message: String, hint: String) -> SettingsProblem {
    SettingsProblem { spoils_file: true, ..locate(layer, at, message, hint) }
}

/// A problem of what was typed, which has no place in a file.
pub fn problem(file: &str, key: &str, message: &str, hint: &str) -> SettingsProblem {
    let message = if key.is_empty() { message.to_owned() } else { format!("`{key}`: {message}") };
    SettingsProblem {
        file: file.to_owned(),
        line: 0,
        column: 0,
        message,
        hint: hint.to_owned(),
        is_users_alone: false,
        spoils_file: false,
    }
}

pub fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

/// What a value should have been and was, in the words of a settings file: what reads it speaks of
/// the types of its own language.
pub fn plain_type(text: &str) -> String {
    let text = first_line(text);
    if let Some(name) = text.strip_prefix("missing field ") {
        return format!("{name} is missing");
    }
    if let Some((word, words)) =
        text.strip_prefix("unknown variant ").and_then(|rest| rest.split_once(", expected "))
    {
        return format!("{word} is not known here; write {words}");
    }
    let Some((found, wanted)) = text
        .strip_prefix("invalid type: ")
        .or_else(|| text.strip_prefix("invalid value: "))
        .and_then(|rest| rest.split_once(", expected "))
    else {
        return text;
    };
    let found = match found.split_once(' ') {
        Some(("string", value)) => format!("the text {value}"),
        Some(("integer" | "boolean", value)) => value.trim_matches('`').to_owned(),
        Some(("floating", _)) => found.trim_start_matches("floating point ").replace('`', ""),
        _ if found == "sequence" => "a list".to_owned(),
        _ if found == "map" => "a table".to_owned(),
        _ => found.to_owned(),
    };
    let is_whole = |word: &str| {
        let bits = word.strip_prefix(['u', 'i']);
        bits.is_some_and(|bits| bits == "size" || bits.parse::<u32>().is_ok())
    };
    let wanted = match wanted {
        word if is_whole(word) => "a whole number, 0 or more",
        "f32" | "f64" => "a number",
        "a boolean" => "true or false",
        "a sequence" => "a list",
        "a string" | "string" => "a text in quotes",
        "a map" | "map" => "a table",
        word if word.starts_with("struct ") || word.starts_with("internally") => "a table",
        "string or map" | "string or table" | "enum" => "a word in quotes",
        other if other.starts_with("enum ") => "a word in quotes",
        other => other,
    };
    format!("it is {found} and must be {wanted}")
}

/// The problem of a text that is not UTF-8.
pub fn not_utf8(file: &str, content: &[u8]) -> SettingsProblem {
    let valid = content.utf8_chunks().next().map_or("", |chunk| chunk.valid());
    let layer = Layer { source: SettingsSource::Repository, file, text: valid };
    locate_file(&layer, valid.len(), "it is not UTF-8".to_owned(), "save it as UTF-8".to_owned())
}
