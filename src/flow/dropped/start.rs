//! Does what is to be done about a spec: starts and ends the processes that work, and takes note of ends.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use rustix::process::Pid;

use crate::domain::model::text::counted;
use crate::domain::pipeline::dropped::{
    Dealt, DropMark, DropRest, DropStep, VERSION, asks_about_change, change_to_note,
};
use crate::flow::context::Context;
use crate::flow::dropped::{DropCache, Dropped, DroppedSpec, budget_key, origin, telling};
use crate::flow::run;
use crate::platform::git::repo::Repo;
use crate::platform::process::{Cmd, Identity, ask_to_end, own_path};
use crate::platform::store::dropped_specs;
use crate::platform::store::dropped_specs::HeldSpec;
use crate::platform::store::lock::Wait;
use crate::platform::store::spec_queue;
use crate::platform::store::stop_mark::LastStop;

/// What was done about a spec.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DropDeed {
    Nothing,
    /// A process was started that begins a run of it.
    Began,
    /// A process was started that goes on with its run.
    WentOn,
    /// Its person was told, or the process that works on it asked to end.
    Noted,
}

/// Does it. `last_stop` is the stop before the watcher was begun.
pub fn act(
    context: Context<'_>,
    last_stop: &LastStop,
    dropped: &Dropped,
    spec: &DroppedSpec,
    step: &DropStep,
    cache: &mut DropCache,
) -> Result<DropDeed> {
    let state_dir = &context.repo.state_dir();
    let facts = dropped.facts(spec);
    if let Some(change) = change_to_note(&facts) {
        dropped_specs::put_change(state_dir, &spec.id, &change)?;
        if asks_about_change(&facts) && !matches!(step, DropStep::EndWorker | DropStep::Replace) {
            telling::of_change(context, spec);
        }
    }
    match step {
        DropStep::Begin | DropStep::Resume | DropStep::Replace => {
            start(context, last_stop, dropped, spec, step)
        }
        DropStep::EndWorker => {
            let worker = dropped_specs::worker(state_dir, &spec.id);
            let Some(worker) = worker.filter(|worker| !cache.asked.contains(worker)) else {
                return Ok(DropDeed::Nothing);
            };
            cache.asked.retain(Identity::is_alive);
            if let Some(pid) = Pid::from_raw(worker.pid) {
                ask_to_end(pid);
            }
            cache.asked.push(worker);
            Ok(DropDeed::Noted)
        }
        DropStep::Settle => {
            take_note(context, spec)?;
            Ok(DropDeed::Noted)
        }
        DropStep::GiveUp => {
            give_up(context, dropped, spec)?;
            Ok(DropDeed::Noted)
        }
        DropStep::Rest(DropRest::OverBudget) => {
            note_budget(state_dir, dropped, spec)?;
            Ok(DropDeed::Nothing)
        }
        DropStep::Rest(_) | DropStep::Until(_) => Ok(DropDeed::Nothing),
    }
}

/// Starts a process, once it is on record that it was started.
fn start(
    context: Context<'_>,
    last_stop: &LastStop,
    dropped: &Dropped,
    spec: &DroppedSpec,
    step: &DropStep,
) -> Result<DropDeed> {
    let state_dir = context.repo.state_dir();
    let Some(held) = HeldSpec::take(&state_dir, &spec.id, Wait::NONE)? else {
        return Ok(DropDeed::Nothing);
    };
    let mut mark = mark_of(dropped, spec, step);
    let path = path_of(&state_dir, spec, &mark.hash);
    let is_begin = *step == DropStep::Begin;
    if is_begin
        && let (Some(agreed), false) = (dropped.agreed, spec.worktree.as_os_str().is_empty())
    {
        let repo = Repo::discover(&spec.worktree, None)?;
        if origin::is_foreign(&repo, &path, &mark.hash, agreed)? {
            mark.dealt = Dealt::Foreign;
            held.put(&mark)?;
            return Ok(DropDeed::Nothing);
        }
    }
    held.put(&mark)?;
    drop(held);
    let own = context.repo.work_tree.as_ref().unwrap_or(&context.repo.git_dir);
    let place = if spec.worktree.is_dir() { &spec.worktree } else { own };
    let program = own_path().context("could not tell where this program is")?;
    let mut command = Cmd::new(program, Path::new("/"))
        .args(["daemon", "build", "--repo"])
        .arg(place)
        .args(["--spec", &spec.id, "--last-stop", last_stop.name()])
        .args(context.settings.words().iter().flat_map(|flag| ["--set", flag]));
    let run = spec.run.as_ref().map(|run| run.id.as_str()).unwrap_or_default();
    command = match step {
        DropStep::Resume => command.args(["--resume", run]),
        DropStep::Replace => command.args(["--instead-of", run, "--file"]),
        _ => command.arg("--file"),
    };
    if *step != DropStep::Resume {
        command = command.arg(spec.worktree.join(&path));
    }
    let pid = command.in_background(context.env).detach(&dropped_specs::log(&state_dir)?)?;
    dropped_specs::put_worker(&state_dir, &spec.id, &Identity::of(i32::try_from(pid)?))?;
    Ok(if is_begin { DropDeed::Began } else { DropDeed::WentOn })
}

/// The path of a spec's file from the top of its work tree. What is known of specs has it for people, in which a
/// name that is no UTF-8 is another one.
fn path_of(state_dir: &Path, spec: &DroppedSpec, hash: &str) -> PathBuf {
    let queued = spec_queue::get(state_dir, &spec.id);
    let queued = queued.filter(|queued| queued.hash == hash && queued.worktree == spec.worktree);
    queued.map_or_else(|| PathBuf::from(&spec.path), |queued| queued.path)
}

/// What is kept of a step before it is done.
fn mark_of(dropped: &Dropped, spec: &DroppedSpec, step: &DropStep) -> DropMark {
    let facts = dropped.facts(spec);
    let (hash, job) = step.about(&facts);
    let of_same = spec.mark.as_ref().filter(|mark| mark.hash == hash);
    DropMark {
        version: VERSION,
        id: spec.id.clone(),
        hash: hash.to_owned(),
        saved: spec.file.as_ref().map_or(dropped.now, |file| file.saved),
        job: job.to_owned(),
        tries: step.tries(&facts),
        at: dropped.now,
        budget: dropped.budget_key.clone(),
        dealt: Dealt::Begun,
        told: of_same.map(|mark| mark.told.clone()).unwrap_or_default(),
    }
}

/// Takes note of a run that ended while nobody could.
fn take_note(context: Context<'_>, spec: &DroppedSpec) -> Result<()> {
    let state_dir = context.repo.state_dir();
    let Some(held) = HeldSpec::take(&state_dir, &spec.id, Wait::NONE)? else { return Ok(()) };
    let ended = spec.run.as_ref().map(|run| run::look_at(context, &run.id)).transpose()?.flatten();
    let (Some(mut mark), Some(result)) = (dropped_specs::mark(&state_dir, &spec.id)?, ended) else {
        return Ok(());
    };
    if mark.dealt != Dealt::Begun {
        return Ok(());
    }
    mark.dealt = Dealt::Built;
    // What is told twice is better than what is never told.
    telling::of_result(context, &mut mark, &result);
    held.put(&mark)
}

/// Tries no more, and says so.
fn give_up(context: Context<'_>, dropped: &Dropped, spec: &DroppedSpec) -> Result<()> {
    let state_dir = context.repo.state_dir();
    let Some(held) = HeldSpec::take(&state_dir, &spec.id, Wait::NONE)? else { return Ok(()) };
    let mut mark = mark_of(dropped, spec, &DropStep::GiveUp);
    let times = spec.mark.as_ref().map_or(0, |mark| mark.tries);
    let log = dropped_specs::folder(&state_dir).join("log");
    let often = counted(times, "time");
    let why = format!("its process ended {often} in a row; `{}` tells more", log.display());
    mark.dealt = Dealt::Refused(why.clone());
    mark.tries = times;
    telling::of_refusal(context, &mut mark, spec.run.as_ref().map(|run| run.id.as_str()), &why);
    held.put(&mark)
}

/// Keeps the budget that a run waits for, where nobody did: it goes on with another one.
fn note_budget(state_dir: &Path, dropped: &Dropped, spec: &DroppedSpec) -> Result<()> {
    let Some(run) = &spec.run else { return Ok(()) };
    if spec.mark.as_ref().is_some_and(|mark| mark.hash == run.hash) {
        return Ok(());
    }
    let Some(held) = HeldSpec::take(state_dir, &spec.id, Wait::NONE)? else { return Ok(()) };
    let mark = mark_of(dropped, spec, &DropStep::Resume);
    held.put(&DropMark { tries: 0, budget: budget_key(dropped.budget, run.last), ..mark })
}
