//! What is wrong with a settings text, and where.

use crate::domain::policy::layers::layer::{Layer, SettingsSource};

/// What is wrong with a settings text, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}:{column}: {message}")]
pub struct SettingsProblem {
    pub file: String,
    /// From 1.
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

pub fn problem(file: &str, key: &str, message: &str, hint: &str) -> SettingsProblem {
    let message = if key.is_empty() { message.to_owned() } else { format!("`{key}`: {message}") };
    SettingsProblem {
        file: file.to_owned(),
        line: 1,
        column: 1,
        message,
        hint: hint.to_owned(),
        is_users_alone: false,
        spoils_file: false,
    }
}

pub fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

/// The problem of a text that is not UTF-8.
pub fn not_utf8(file: &str, content: &[u8]) -> SettingsProblem {
    let valid = content.utf8_chunks().next().map_or("", |chunk| chunk.valid());
    let layer = Layer { source: SettingsSource::Repository, file, text: valid };
    locate_file(&layer, valid.len(), "it is not UTF-8".to_owned(), "save it as UTF-8".to_owned())
}
