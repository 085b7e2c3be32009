//! Fetches what a partial or a shallow clone left out.

use anyhow::Result;
use bstr::ByteSlice as _;

use crate::domain::model::oid::Oid;
use crate::platform::git::push::is_shallow;
use crate::platform::git::repo::Repo;

/// Has git fetch objects that a partial clone left out; false in a hook, which never does, and where
/// one of them could not be had.
pub fn fetch_missing(repo: &Repo, oids: &[Oid]) -> Result<bool> {
    if repo.is_hook {
        return Ok(false);
    }
    let mut input = oids.iter().map(Oid::as_str).collect::<Vec<_>>().join("\n");
    input.push('\n');
    let command = repo.git().env("GIT_NO_LAZY_FETCH", "0").args(["cat-file", "--batch-check"]);
    let output = command.stdin(input).capture()?;
    Ok(output.status.success() && output.stdout.find(b" missing\n").is_none())
}

/// Has git fetch one more generation of a shallow clone's history; false in a hook, which fetches
/// nothing, and where it could not be had.
pub fn deepen(repo: &Repo) -> Result<bool> {
    if repo.is_hook || !is_shallow(repo) {
        return Ok(false);
    }
    let fetched = repo.git().args(["fetch", "--quiet", "--no-tags", "--deepen=1"]).capture()?;
    Ok(fetched.status.success())
}
