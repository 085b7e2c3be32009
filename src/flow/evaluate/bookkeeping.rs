//! What is written down beside a verdict: where that cannot be done, the verdict stands.

use std::sync::Once;

use anyhow::Result;

use crate::platform::git::repo::Repo;
use crate::platform::ui::out;

/// A hook says it once: one cause is behind all that cannot be written.
static SAID: Once = Once::new();

/// Says that something could not be written down, unless that was said already.
pub fn tell(repo: &Repo, done: Result<()>) {
    if let Err(error) = done {
        SAID.call_once(|| {
            out::warn(&format!("{error:#}; the verdict stands (hint: {})", hint(repo)));
        });
    }
}

/// What to do about it.
pub fn hint(repo: &Repo) -> String {
    format!("check owner, rights and free space of `{}`", repo.state_dir().display())
}

/// Notes that it was said in other words.
pub fn is_said() {
    SAID.call_once(|| {});
}
