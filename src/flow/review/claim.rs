//! One run for one question: who asks what another process is asking already waits for that run.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::domain::model::error::hinted;
use crate::domain::pipeline::run::{Kind, Stage};
use crate::flow::review::run_record::RunRecord;
use crate::platform::process::Identity;
use crate::platform::store::lock;
use crate::platform::store::lock::{Held, Wait};
use crate::platform::store::runs;
use crate::platform::store::runs::RunFolder;

/// The longest list of runs that is looked through for one that was stopped half-way. One that a
/// process works on is found however many came after it.
const UNFINISHED_MAX: usize = 20;

/// How long another process may take to look for a run and to begin one.
const BEGINNING_MAX: Duration = Duration::from_mins(1);

/// What there is about a question already.
pub(super) enum ExistingRun {
    /// Nothing to go on with.
    Nothing,
    /// A run that was stopped half-way, by a used up budget too, or between its end and its closing.
    Stopped(RunFolder, Box<RunRecord>),
    /// Another process works on this run.
    Running(String),
}

/// Keeps every other process from beginning a run until it is dropped: between looking for one
/// about a question and beginning one there is no moment for a second.
pub(super) fn lock_new_runs(state_dir: &Path) -> Result<Held> {
    let path = state_dir.join("runs.lock");
    lock::take(&path, Wait::up_to(BEGINNING_MAX))
        .with_context(|| format!("could not lock `{}`", path.display()))?
        .with_context(|| format!("another process holds `{}` without an end", path.display()))
}

/// Looks for a run about a question. Who asks afresh is not given an end that was reached before.
pub(super) fn find_run(
    state_dir: &Path,
    question: &str,
    kind: Kind,
    fresh: bool,
) -> Result<ExistingRun> {
    for (number, id) in runs::list(state_dir)?.into_iter().enumerate() {
        if number >= UNFINISHED_MAX && !runs::is_held(state_dir, &id) {
            continue;
        }
        // What cannot be read is no run to go on with.
        let Ok(Some(record)) = runs::load::<RunRecord>(state_dir, &id) else { continue };
        let over = |record: &RunRecord| {
            let has_ended = matches!(record.run.stage, Stage::Ended(_));
            fresh && has_ended || record.closed && record.run.continued().is_none()
        };
        if over(&record) || record.question != question || record.run.kind != kind {
            continue;
        }
        let Some(folder) = RunFolder::try_take(state_dir, &id)? else {
            return Ok(ExistingRun::Running(id));
        };
        // It may have ended before we had it.
        let record = runs::load::<RunRecord>(state_dir, &id)?;
        if let Some(record) = record.filter(|record| !over(record)) {
            let record = record.continued().unwrap_or(record);
            return Ok(ExistingRun::Stopped(folder, Box::new(record)));
        }
    }
    Ok(ExistingRun::Nothing)
}

/// Waits until no other process works on a run, whatever it came to: its answer is the answer, and
/// if it was stopped it is gone on with. `None` where the run was removed meanwhile.
pub(super) fn await_run(
    state_dir: &Path,
    id: &str,
    longest: Duration,
    tell: &(dyn Fn(&str) + Sync),
) -> Result<Option<(RunFolder, RunRecord)>> {
    let wait = Wait { living: longest, ..Wait::FOR_ITS_END };
    let told = &mut |holder: Option<&Identity>| match holder.filter(|holder| holder.is_alive()) {
        Some(holder) => tell(&format!(
            "process {} reviews this already, in the run {id}: waiting for what it comes to",
            holder.pid
        )),
        None => tell(&dying(id)),
    };
    if let Some(folder) = RunFolder::take(state_dir, id, wait, told)? {
        let record = runs::load::<RunRecord>(state_dir, id)?;
        return Ok(record.map(|record| (folder, record)));
    }
    if !runs::exists(state_dir, id) {
        return Ok(None);
    }
    let who = who(state_dir, id);
    Err(hinted(
        format!("the run `{id}` reviews this already{who}"),
        "wait for it, or end the process that makes it",
    ))
}

/// Takes a run that was stopped; what is left of the process that was killed at it is waited for.
pub(super) fn resume(
    state_dir: &Path,
    id: &str,
    tell: &(dyn Fn(&str) + Sync),
) -> Result<RunFolder> {
    let told = &mut |holder: Option<&Identity>| {
        if holder.is_none_or(|holder| !holder.is_alive()) {
            tell(&dying(id));
        }
    };
    RunFolder::take(state_dir, id, Wait::FOR_ITS_END, told)?.ok_or_else(|| {
        let who = who(state_dir, id);
        hinted(
            format!("another process works on the run `{id}`{who}"),
            "wait for it, or end that process",
        )
    })
}

fn dying(id: &str) -> String {
    format!("what worked on the run {id} was killed: waiting for its end")
}

fn who(state_dir: &Path, id: &str) -> String {
    runs::holder(state_dir, id)
        .map_or_else(String::new, |holder| format!(" (process {})", holder.pid))
}
