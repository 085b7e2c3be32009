//! One text of settings and its source.

use std::path::PathBuf;

/// Who gave a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SettingsSource {
    Default,
    /// The settings file of this user.
    User(PathBuf),
    /// `tribunal.toml` of the tree that gives the policy.
    Repository,
    /// A `TRIBUNAL_*` variable.
    Variable(String),
    /// `--set` on the command line.
    Flag,
}

impl std::fmt::Display for SettingsSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::User(path) => write!(f, "{}", path.display()),
            Self::Repository => f.write_str("tribunal.toml"),
            Self::Variable(name) => f.write_str(name),
            Self::Flag => f.write_str("--set"),
        }
    }
}

/// One text of settings.
#[derive(Clone)]
pub struct Layer<'a> {
    pub source: SettingsSource,
    /// The name used in messages.
    pub file: &'a str,
    pub text: &'a str,
}
