//! The settings that the command line gives.

use crate::domain::policy::layers::set::TypedKey;

/// What the `--set` words of one call of the program set. Read once, where the program is entered;
/// laid over every other layer wherever a policy is resolved.
#[derive(Clone, Debug, Default)]
pub struct FlagSettings {
    pub(super) words: Vec<String>,
    pub(super) keys: Vec<TypedKey>,
}

impl FlagSettings {
    /// No `--set`, as for a hook: git passes none on.
    pub fn none() -> &'static Self {
        static NONE: FlagSettings = FlagSettings { words: Vec::new(), keys: Vec::new() };
        &NONE
    }

    /// The words as they were typed, for a process that is to have the same settings.
    pub fn words(&self) -> &[String] {
        &self.words
    }
}
