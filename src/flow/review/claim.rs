//! Finds the run of a question, so that two processes never ask the same one at once.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::domain::model::error::hinted;
use crate::domain::model::notice::Progress;
use crate::domain::model::text::short_id;
use crate::domain::pipeline::review_loop::{RunKind, Stage};
use crate::domain::pipeline::run::Run;
use crate::flow::context::Context;
use crate::flow::review::progress;
use crate::flow::review::progress::Whose;
use crate::platform::process::Identity;
use crate::platform::store::lock;
use crate::platform::store::lock::{Held, Wait};
use crate::platform::store::runs;
use crate::platform::store::runs::RunFolder;

/// How many of the newest runs are searched for an unfinished one. A run that a process works on is
/// always found.
const UNFINISHED_MAX: usize = 20;

/// How long another process may take to find or begin a run.
const BEGINNING_MAX: Duration = Duration::from_mins(1);

/// The existing run of a question.
pub(super) enum ExistingRun {
    /// No run can be continued.
    Nothing,
    /// A run that was stopped, or paused because an agent could not be called.
    Stopped(RunFolder, Box<Run>),
    /// Another process works on this run.
    Running(String),
}

/// Takes the lock under which runs are found and begun, so that no two processes begin one for the
/// same question.
pub fn lock_new_runs(state_dir: &Path) -> Result<Held> {
    let path = state_dir.join("runs.lock");
    lock::take(&path, Wait::up_to(BEGINNING_MAX))
        .with_context(|| format!("could not lock `{}`", path.display()))?
        .with_context(|| format!("another process holds `{}` without an end", path.display()))
}

/// Finds the run of a question. With `fresh` an ended run does not count.
pub(super) fn find_run(
    state_dir: &Path,
    question: &str,
    kind: RunKind,
    fresh: bool,
) -> Result<ExistingRun> {
    for (number, id) in runs::list(state_dir)?.into_iter().enumerate() {
        if number >= UNFINISHED_MAX && !runs::is_held(state_dir, &id) {
            continue;
        }
        // A run that cannot be read cannot be continued.
        let Ok(Some(run)) = runs::load_of_question(state_dir, &id, question) else { continue };
        let over = |run: &Run| match run.review_loop().stage {
            Stage::Ended(_) => true,
            Stage::Closing(_) | Stage::Paused(_) => fresh,
            _ => false,
        };
        let is_of_chosen = run.review_loop().chosen.is_some();
        if over(&run) || run.review_loop().kind != kind || is_of_chosen {
            continue;
        }
        let Some(folder) = RunFolder::try_take(state_dir, &id)? else {
            return Ok(ExistingRun::Running(id));
        };
        // It may have ended before its folder was taken.
        if let Some(run) = runs::load(state_dir, &id)?.filter(|run| !over(run)) {
            return Ok(ExistingRun::Stopped(folder, Box::new(run.resumed())));
        }
    }
    Ok(ExistingRun::Nothing)
}

/// Waits until no other process works on a run, then takes it. `None` where it was removed meanwhile.
pub(super) fn await_run(
    context: Context<'_>,
    id: &str,
    longest: Duration,
) -> Result<Option<(RunFolder, Run)>> {
    let wait = Wait { living: longest, ..Wait::FOR_ITS_END };
    let state_dir = &context.repo.state_dir();
    let told = &mut |holder: Option<&Identity>| {
        let process = holder.filter(|holder| holder.is_alive()).map(|holder| holder.pid);
        context.notify(Progress::WaitingForRun { run: id.to_owned(), process });
    };
    let taken =
        progress::telling(context, id, Whose::Other, || RunFolder::take(state_dir, id, wait, told));
    if let Some(folder) = taken? {
        return Ok(runs::load(state_dir, id)?.map(|run| (folder, run)));
    }
    if !runs::exists(state_dir, id) {
        return Ok(None);
    }
    let who = who(state_dir, id);
    Err(hinted(
        format!("the run `{}` reviews this already{who}", short_id(id)),
        "wait for it, or end the process that makes it",
    ))
}

/// Takes a stopped run; waits for the end of a process that was killed at it.
pub fn resume(context: Context<'_>, id: &str) -> Result<RunFolder> {
    let state_dir = &context.repo.state_dir();
    let told = &mut |holder: Option<&Identity>| {
        if holder.is_none_or(|holder| !holder.is_alive()) {
            context.notify(Progress::WaitingForRun { run: id.to_owned(), process: None });
        }
    };
    RunFolder::take(state_dir, id, Wait::FOR_ITS_END, told)?.ok_or_else(|| {
        let who = who(state_dir, id);
        hinted(
            format!("another process works on the run `{}`{who}", short_id(id)),
            "wait for it, or end that process",
        )
    })
}

fn who(state_dir: &Path, id: &str) -> String {
    runs::holder(state_dir, id)
        .map_or_else(String::new, |holder| format!(" (process {})", holder.pid))
}
