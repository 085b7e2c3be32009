//! Warns where records beside a verdict cannot be written; the verdict stands.

use std::sync::Once;

use anyhow::Result;

use crate::domain::model::notice::Warning;
use crate::flow::context::Context;

/// A hook warns once: one cause is behind all that cannot be written.
static WARNED: Once = Once::new();

/// Warns that a record could not be written, unless a warning was given before.
pub fn warn_once(context: Context<'_>, done: Result<()>) {
    if let Err(error) = done {
        let (error, folder) = (format!("{error:#}"), context.repo.state_dir());
        WARNED.call_once(|| context.notify(Warning::RecordNotWritten { error, folder }));
    }
}

/// Marks the warning as given: another message said the same.
pub fn mark_warned() {
    WARNED.call_once(|| {});
}
