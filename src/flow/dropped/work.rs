//! What a process does that builds a spec by itself, or goes on with its run.

use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use rustix::process::Pid;

use crate::domain::model::error::{Hinted, hinted};
use crate::domain::model::text::short_id;
use crate::domain::pipeline::dropped::{Dealt, DropMark};
use crate::domain::pipeline::spec_run::SpecRun;
use crate::domain::pipeline::spec_run::about::{RunMode, RunOptions};
use crate::domain::pipeline::spec_run::result::SpecRunResult;
use crate::domain::spec::identity;
use crate::flow::context::Context;
use crate::flow::dropped::{budget_key, telling};
use crate::flow::evaluate::policy;
use crate::flow::review::request::Stopped;
use crate::flow::run;
use crate::platform::config::env::now;
use crate::platform::process::{Identity, ask_to_end};
use crate::platform::store::dropped_specs;
use crate::platform::store::dropped_specs::HeldSpec;
use crate::platform::store::lock::Wait;
use crate::platform::store::stop_mark::LastStop;
use crate::platform::store::{runs, spec_queue};

/// How long the end of a process is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a process is to do about a spec.
pub struct BuildOrder {
    /// The spec's own id.
    pub id: String,
    pub deed: BuildDeed,
}

pub enum BuildDeed {
    /// Builds the spec of this file, once the unfinished run of it is ended, if one is named.
    Begin { file: PathBuf, instead_of: Option<String> },
    /// Goes on with that run.
    Resume(String),
}

/// Does it, unless another process works on the spec, as many as may be are at work, or it was stopped since
/// `last_stop`.
///
/// # Errors
///
/// Where a signal stops it; where the state cannot be read or written.
pub fn work(context: Context<'_>, last_stop: &LastStop, order: &BuildOrder) -> Result<()> {
    // It fails where this process leads a session already.
    let _ = rustix::process::setsid();
    let state_dir = context.repo.state_dir();
    let Some(held) = HeldSpec::take(&state_dir, &order.id, Wait::FOR_ITS_END)? else {
        return Ok(());
    };
    // Before the stop is looked for: who stops us leaves that first, and looks for us then.
    dropped_specs::put_worker(&state_dir, &order.id, &Identity::own())?;
    if last_stop.is_outdated(&state_dir) {
        return Ok(());
    }
    let mut mark = dropped_specs::mark(&state_dir, &order.id)?
        .with_context(|| format!("nothing is known of the spec `{}`", order.id))?;
    let settings = policy::policy_of_head(context)?.policy;
    let Some(_place) = dropped_specs::take_place(&state_dir, settings.runs.at_once)? else {
        mark.tries = mark.tries.saturating_sub(1);
        return held.put(&mark);
    };
    let came = perform(context, &order.deed);
    if let Ok(result) = &came {
        mark.budget = budget_key(settings.budget, now(context.env));
        note_run(&state_dir, &mut mark, &result.run)?;
        telling::of_result(context, &mut mark, result);
        return held.put(&mark);
    }
    came.map(drop).or_else(|error| {
        if error.is::<Stopped>() { Err(error) } else { refused(context, &held, mark, &error) }
    })
}

fn perform(context: Context<'_>, deed: &BuildDeed) -> Result<SpecRunResult> {
    match deed {
        BuildDeed::Resume(run) => run::resume(context, run, false),
        BuildDeed::Begin { file, instead_of } => {
            if let Some(before) = instead_of {
                run::abort(context, before)?;
            }
            run::run(context, file, RunMode::Auto, RunOptions::default())
        }
    }
}

/// Keeps how far a run is.
fn note_run(state_dir: &Path, mark: &mut DropMark, run: &SpecRun) -> Result<()> {
    let text = identity::hash(run.about.spec.text.as_bytes());
    // It may have been saved once more before the run read it.
    if run.about.spec.hash != mark.hash && text != mark.hash {
        mark.hash = text;
    }
    if run.has_ended() {
        mark.dealt = Dealt::Built;
    }
    let waiting = spec_queue::get(state_dir, &mark.id);
    if waiting.is_some_and(|waiting| waiting.hash == mark.hash) {
        spec_queue::remove(state_dir, &mark.id)?;
    }
    Ok(())
}

/// Takes note of an error: what a person can do something about is told; what may pass is tried again.
fn refused(
    context: Context<'_>,
    held: &HeldSpec,
    mut mark: DropMark,
    error: &anyhow::Error,
) -> Result<()> {
    let state_dir = context.repo.state_dir();
    tracing::warn!("{error:#}");
    let unfinished = unfinished_run(&state_dir, &mark.id)?;
    if unfinished.as_ref().is_some_and(|run| runs::is_held(&state_dir, run)) {
        // A person works on it.
        mark.tries = mark.tries.saturating_sub(1);
        return held.put(&mark);
    }
    if unfinished.is_some() && !error.is::<Hinted>() {
        return Ok(());
    }
    let why = telling::words(error);
    mark.dealt = Dealt::Refused(why.clone());
    telling::of_refusal(context, &mut mark, unfinished.as_deref(), &why);
    held.put(&mark)
}

fn unfinished_run(state_dir: &Path, spec: &str) -> Result<Option<String>> {
    for id in runs::list(state_dir)? {
        if let Ok(Some(run)) = runs::load_spec(state_dir, &id)
            && run.about.spec_id.eq_ignore_ascii_case(spec)
            && !run.has_ended()
        {
            return Ok(Some(id));
        }
    }
    Ok(None)
}

/// Asks every process that builds a spec by itself to end, with the agents that it called; their runs can be
/// gone on with. Which processes these are.
pub fn end_workers(state_dir: &Path) -> Vec<Identity> {
    let workers = dropped_specs::workers(state_dir);
    for pid in workers.iter().filter_map(|worker| Pid::from_raw(worker.pid)) {
        ask_to_end(pid);
    }
    workers
}

/// Ends a run, also one on which a process works that was started by itself.
pub fn abort(context: Context<'_>, id: &str) -> Result<SpecRunResult> {
    let state_dir = context.repo.state_dir();
    let Some(run) = runs::load_spec(&state_dir, id)? else { return run::abort(context, id) };
    let spec = &run.about.spec_id;
    let deadline = Instant::now() + PATIENCE;
    let mut asked = None;
    loop {
        // While this is held nobody goes on with the run.
        if let Some(_held) = HeldSpec::take(&state_dir, spec, Wait::NONE)? {
            return run::abort(context, id);
        }
        let worker = dropped_specs::worker(&state_dir, spec);
        // Once: a second signal would cut its end short.
        if asked != worker
            && let Some(pid) = worker.as_ref().and_then(|worker| Pid::from_raw(worker.pid))
        {
            ask_to_end(pid);
            asked.clone_from(&worker);
        }
        if Instant::now() >= deadline {
            let process =
                worker.map_or_else(String::new, |worker| format!(" (process {})", worker.pid));
            return Err(hinted(
                format!("what works on the run `{}`{process} does not end", short_id(id)),
                "end that process, and run this again",
            ));
        }
        thread::park_timeout(Duration::from_millis(20));
    }
}
