//! Leaves events of hooks in the inbox of the watcher, whether or not it runs.

use std::path::PathBuf;

use anyhow::Result;
use bstr::ByteSlice as _;

use crate::platform::git::repo::Repo;
use crate::platform::store::inbox;
use crate::platform::store::inbox::Event;

/// Leaves an event in the repository's inbox. Costs two small file operations and no sync.
pub fn drop_in(repo: &Repo, event: &Event) -> Result<()> {
    inbox::drop_in(&repo.state_dir(), event)
}

/// The most pairs of a rewrite that are handed on; an event is a small file.
const PAIRS_MAX: usize = 5_000;

/// The commit that was just made; `None` where there is none.
pub fn of_commit(repo: &Repo) -> Result<Option<Event>> {
    let Some(head) = repo.head()? else { return Ok(None) };
    let name = repo.symbolic("HEAD".into())?;
    let branch = name.as_ref().and_then(|name| name.strip_prefix(b"refs/heads/"));
    Ok(Some(Event::Commit {
        oid: head.to_string(),
        branch: branch.map(|branch| branch.to_str_lossy().into_owned()),
        worktree: place(repo),
    }))
}

/// What git writes to `post-rewrite`: `<old> <new>` and perhaps more, a line each.
pub fn of_rewrite(repo: &Repo, command: &str, input: &[u8]) -> Event {
    let pair = |line: &[u8]| {
        let mut words = line.to_str().ok()?.split(' ').map(str::to_owned);
        Some((words.next()?, words.next()?))
    };
    let pairs = input.lines().filter_map(pair).take(PAIRS_MAX).collect();
    Event::Rewrite { command: command.to_owned(), pairs, worktree: place(repo) }
}

/// Findings that a rule may be learned from came to the ledger.
pub fn of_findings(repo: &Repo) -> Event {
    Event::Findings { worktree: place(repo) }
}

fn place(repo: &Repo) -> PathBuf {
    repo.work_tree.as_ref().unwrap_or(&repo.git_dir).clone()
}
