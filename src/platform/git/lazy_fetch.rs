//! Fetches what a partial or a shallow clone left out.

use anyhow::{Context as _, Result};
use bstr::ByteSlice as _;

use crate::domain::model::oid::Oid;
use crate::domain::model::text::counted;
use crate::platform::git::command::succeeded;
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

/// Has git fetch at once all files of a tree that a partial clone left out: what borrows its objects has no
/// remote to fetch from. How many there were; 0 in a hook, and in a whole clone.
pub fn fetch_tree(repo: &Repo, tree: &Oid) -> Result<usize> {
    if repo.is_hook {
        return Ok(0);
    }
    let Some(remote) = promisor(repo)? else { return Ok(0) };
    // Trees may have been left out as well; what is below one is known once it is here.
    let mut fetched = 0;
    loop {
        let words = ["rev-list", "--objects", "--missing=print", "--no-object-names"];
        let listed = repo.git().args(words).arg(tree.as_str()).capture()?;
        let listed = succeeded(&listed, "git rev-list")?;
        let missing: Vec<&[u8]> =
            listed.lines().filter_map(|line| line.strip_prefix(b"?")).collect();
        if missing.is_empty() {
            return Ok(fetched);
        }
        let fetch = repo
            .git()
            .args(["-c", "fetch.negotiationAlgorithm=noop", "-c", "core.hooksPath=/dev/null"])
            .args(["fetch", "--quiet", "--no-tags", "--no-write-fetch-head"])
            .args(["--recurse-submodules=no", "--filter=blob:none", "--stdin"])
            .arg(&remote);
        let output = fetch.stdin(bstr::join("\n", &missing)).capture()?;
        succeeded(&output, "git fetch")
            .with_context(|| format!("{} could not be had", counted(missing.len(), "object")))?;
        fetched += missing.len();
    }
}

/// The remote that has what a partial clone left out.
fn promisor(repo: &Repo) -> Result<Option<String>> {
    if let Some(name) = repo.config("extensions.partialClone")? {
        return Ok(Some(name.to_string()));
    }
    let words = ["config", "-z", "--get-regexp", r"^remote\..*\.promisor$"];
    let output = repo.git().args(words).capture()?;
    let keys = output.stdout.split_str("\0").filter_map(|one| one.split_str("\n").next());
    let mut names = keys.filter_map(|key| {
        let name = key.strip_prefix(b"remote.")?.strip_suffix(b".promisor")?;
        Some(name.to_str_lossy().into_owned())
    });
    Ok(names.next())
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
