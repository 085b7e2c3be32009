//! Hands events of hooks to the daemon, whether or not it runs.

use anyhow::Result;

use crate::git::repo::Repo;
use crate::store::inbox::{self, Event};

/// Leaves an event in the repository's inbox. Costs two small file operations and no sync.
pub fn drop_in(repo: &Repo, event: &Event) -> Result<()> {
    inbox::drop_in(&repo.state_dir(), event)
}
