//! Puts away what earlier runs left: the folders that judges read in, trees, and old runs.

use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};
use jiff::Timestamp;

use crate::config::env::{Env, now};
use crate::driver::call::clean_up;
use crate::driver::review::docket::Docket;
use crate::driver::review::{fix, room};
use crate::driver::tree;
use crate::git::repo::Repo;
use crate::pipeline::run::Stage;
use crate::store::runs::{self, RunFolder};

/// So many runs are kept.
const KEPT: usize = 100;

/// A run that has not ended is kept for so long, however many came after it.
const UNENDED_KEPT: Duration = Duration::from_hours(14 * 24);

/// Cleans up after runs that nobody works on. The attempts of a run stay: they are commits.
pub fn put_away(repo: &Repo, env: &Env) -> Result<()> {
    let state_dir = repo.state_dir();
    clean_up(&state_dir, env)?;
    let long_ago = now(env).checked_sub(UNENDED_KEPT).unwrap_or(Timestamp::MIN);
    for id in runs::list(&state_dir)?.into_iter().skip(KEPT) {
        let is_old = runs::began(&id).is_some_and(|began| began < long_ago);
        if (is_old || is_over(&state_dir, &id))
            && let Some(folder) = RunFolder::try_take(&state_dir, &id)?
        {
            folder.remove()?;
        }
    }
    trees(repo, &state_dir)
}

/// Removes what only a run at work needs. The tree of one that was stopped may hold what an executor
/// wrote.
fn trees(repo: &Repo, state_dir: &Path) -> Result<()> {
    let root = tree::root(repo);
    let entries = match fs::read_dir(&root) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries.with_context(|| format!("could not read `{}`", root.display()))?,
    };
    for entry in entries {
        let name = entry.with_context(|| format!("could not read `{}`", root.display()))?;
        let Some(name) = name.file_name().to_str().map(str::to_owned) else { continue };
        let (id, is_room) = match (name.strip_prefix("room-"), name.strip_prefix("run-")) {
            (Some(id), _) => (id, true),
            (None, Some(id)) => (id, false),
            (None, None) => continue,
        };
        // The folder of a run is made before its tree and locked from then on, so that one which
        // began while we look is not taken for one that is gone. It is asked for here, not listed
        // before: a list would be older than the tree.
        let held = RunFolder::try_take(state_dir, id)?;
        let is_known = held.is_some() || runs::exists(state_dir, id);
        if is_known && (held.is_none() || !is_room && !is_over(state_dir, id)) {
            continue;
        }
        if is_room {
            room::clear(&room::folder(repo, id));
        } else {
            fix::clear(repo, id)?;
        }
        drop(held);
    }
    Ok(())
}

/// Notes that the run of a receipt is closed: a kill may have come between the two.
pub fn note_closed(repo: &Repo, id: &str) -> Result<()> {
    let state_dir = repo.state_dir();
    let open = |docket: &Docket| !docket.closed && matches!(docket.run.stage, Stage::Ended(_));
    let load = || runs::load::<Docket>(&state_dir, id).unwrap_or_default().filter(open);
    if load().is_some()
        && let Some(folder) = RunFolder::try_take(&state_dir, id)?
        && let Some(docket) = load()
    {
        folder.save(&Docket { closed: true, ..docket })?;
    }
    Ok(())
}

/// Whether nothing is left to do for a run.
fn is_over(state_dir: &Path, id: &str) -> bool {
    matches!(runs::load::<Docket>(state_dir, id), Ok(Some(docket)) if docket.closed)
}
