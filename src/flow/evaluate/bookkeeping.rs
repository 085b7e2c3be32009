//! Warns where records beside a verdict cannot be written; the verdict stands.

use std::sync::Once;

use anyhow::Result;

use crate::platform::git::repo::Repo;
use crate::platform::ui::out;

/// A hook warns once: one cause is behind all that cannot be written.
static WARNED: Once = Once::new();

/// Warns that a record could not be written, unless a warning was printed before.
pub fn warn_once(repo: &Repo, done: Result<()>) {
    if let Err(error) = done {
        WARNED.call_once(|| {
            out::warn(&format!("{error:#}; the verdict stands (hint: {})", hint(repo)));
        });
    }
}

/// The hint that goes with the warning.
pub fn hint(repo: &Repo) -> String {
    format!("check owner, rights and free space of `{}`", repo.state_dir().display())
}

/// Marks the warning as printed: another message said the same.
pub fn mark_warned() {
    WARNED.call_once(|| {});
}
