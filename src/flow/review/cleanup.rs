//! Removes what earlier runs left: reading copies, workspaces, attempts, old runs.

use std::io;
use std::path::Path;

use anyhow::{Context as _, Result};
use bstr::BString;

use crate::domain::model::oid::Oid;
use crate::domain::pipeline::format::StoredRun;
use crate::domain::pipeline::review_loop::Stage;
use crate::domain::pipeline::run::Run;
use crate::domain::pipeline::spec_run::stage::SpecStage;
use crate::domain::pipeline::spec_run::stop::SpecEnd;
use crate::flow::call::cleanup::clean_up_calls;
use crate::flow::context::Context;
use crate::flow::review::{fix, written};
use crate::flow::workspace::checkout;
use crate::flow::workspace::{attempt, reading_copy};
use crate::platform::config::env::now;
use crate::platform::git::repo::Repo;
use crate::platform::store::file;
use crate::platform::store::runs;
use crate::platform::store::runs::RunFolder;

/// How many runs are kept.
const KEPT: usize = 100;

/// Cleans up after runs that no process works on. The attempts of a run stay as long as the run.
pub fn clean_up(context: Context<'_>) -> Result<()> {
    let state_dir = context.repo.state_dir();
    clean_up_calls(&state_dir, context.env, context.notices)?;
    let long_ago = runs::long_ago(now(context.env));
    let is_old = |id: &str| runs::began(id).is_some_and(|began| began < long_ago);
    // Before the runs are listed: one that begins meanwhile is in neither list.
    let attempts = attempt::by_run(context.repo)?;
    let ids = runs::list(&state_dir)?;
    for id in ids.iter().skip(KEPT) {
        if (is_old(id) || is_over(&state_dir, id))
            && !is_needed(&state_dir, id)
            && let Some(folder) = RunFolder::try_take(&state_dir, id)?
        {
            // First: attempts whose run is gone are found by their age alone.
            forget(context.repo, attempts.get(id));
            folder.remove()?;
        }
    }
    runs::remove_stateless(&state_dir, long_ago)?;
    written::clean_up(&state_dir, &ids, |id| is_over(&state_dir, id))?;
    // A run whose folder is gone cannot be continued.
    for (id, of_run) in &attempts {
        if is_old(id) && !ids.contains(id) {
            forget(context.repo, Some(of_run));
        }
    }
    remove_workspaces(context.repo, &state_dir)
}

/// Deletes the attempts of a run. Those that cannot be deleted are tried again later, by their age.
fn forget(repo: &Repo, attempts: Option<&Vec<(BString, Oid)>>) {
    if let Some(attempts) = attempts
        && let Err(error) = attempt::delete(repo, attempts)
    {
        tracing::warn!("old attempts stay: {error:#}");
    }
}

/// Removes reading copies and workspaces. The workspace of a stopped run stays: it may contain an
/// executor's work.
fn remove_workspaces(repo: &Repo, state_dir: &Path) -> Result<()> {
    let root = checkout::root(repo);
    let entries = match file::entries(&root) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries.with_context(|| format!("could not read `{}`", root.display()))?,
    };
    for entry in entries {
        let name = entry.with_context(|| format!("could not read `{}`", root.display()))?;
        let Some(name) = name.file_name().to_str().map(str::to_owned) else { continue };
        let (id, is_copy) = match (reading_copy::run_of(&name), name.strip_prefix("run-")) {
            (Some(id), _) => (id, true),
            // A task that is built beside another one has a workspace of its own.
            (None, Some(id)) => (id.split_once('-').map_or(id, |(run, _)| run), false),
            (None, None) => continue,
        };
        // The folder of a run is made before its tree and locked from then on, so that one which
        // began meanwhile is not taken for one that is gone. It is checked here, not listed before: a
        // list would be older than the tree.
        let held = RunFolder::try_take(state_dir, id)?;
        let is_known = held.is_some() || runs::exists(state_dir, id);
        if is_known && (held.is_none() || !is_copy && !is_over(state_dir, id)) {
            continue;
        }
        if is_copy {
            reading_copy::remove(repo, id);
        } else {
            fix::release(repo, id)?;
        }
        drop(held);
    }
    Ok(())
}

/// Closes the run of a receipt: a kill may have come between the two.
pub fn note_closed(repo: &Repo, id: &str) -> Result<()> {
    let state_dir = repo.state_dir();
    let closing = |run: &Run| matches!(run.review_loop().stage, Stage::Closing(_));
    let load = || runs::load(&state_dir, id).unwrap_or_default().filter(closing);
    if load().is_some()
        && let Some(folder) = RunFolder::try_take(&state_dir, id)?
        && let Some(run) = load()
    {
        folder.save(&run.closed())?;
    }
    Ok(())
}

/// Whether a run has what is nowhere else: what was built of a spec and not published; or the review of a run
/// that has not ended.
fn is_needed(state_dir: &Path, id: &str) -> bool {
    match runs::load_any(state_dir, id) {
        Ok(Some(StoredRun::Spec(run))) => {
            let is_published = matches!(run.stage(), SpecStage::Ended(SpecEnd::Done { .. }));
            let attempts = runs::folder(state_dir, id).join("repository/refs/tribunal");
            !is_published && attempts.exists()
        }
        Ok(Some(StoredRun::Review(run))) => {
            let parent = run.about.parent.as_deref();
            let parent = parent.and_then(|id| runs::load_spec(state_dir, id).ok().flatten());
            parent.is_some_and(|parent| !parent.has_ended())
        }
        Ok(None) | Err(_) => false,
    }
}

/// Whether a run is closed.
fn is_over(state_dir: &Path, id: &str) -> bool {
    match runs::load_any(state_dir, id) {
        Ok(Some(StoredRun::Review(run))) => matches!(run.review_loop().stage, Stage::Ended(_)),
        Ok(Some(StoredRun::Spec(run))) => run.has_ended(),
        Ok(None) | Err(_) => false,
    }
}
