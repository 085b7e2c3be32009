//! Runs a spec: from its file to a reviewed commit on a branch of its own.
//!
//! Nothing of the person's is written but that branch, at the end: everything before it is in a repository
//! of the run's own, which borrows the person's objects.

mod base;
mod bug;
mod claim;
mod code;
mod commit;
mod document_paths;
mod documents;
mod left_out;
mod planning;
pub mod prepare;
mod publish;
mod session;
mod suite;
mod task_review;

use std::path::Path;

use anyhow::{Context as _, Result};

use crate::domain::model::error::hinted;
use crate::domain::model::text::short_id;
use crate::domain::pipeline::spec_run::SpecRun;
use crate::domain::pipeline::spec_run::about::RunMode;
use crate::domain::pipeline::spec_run::apply;
use crate::domain::pipeline::spec_run::outcome::CheckpointAnswer;
use crate::domain::pipeline::spec_run::pages;
use crate::domain::pipeline::spec_run::result::SpecRunResult;
use crate::domain::pipeline::spec_run::stage::{Checkpoint, CheckpointKind, SpecStage};
use crate::domain::pipeline::spec_run::stop::{SpecEnd, SpecStop};
use crate::flow::call::cleanup::end_surviving_agents;
use crate::flow::context::Context;
use crate::flow::review::calls;
use crate::flow::review::cleanup::clean_up;
use crate::flow::review::fix;
use crate::flow::run::prepare::{BugReport, Prepared};
use crate::flow::run::session::SpecSession;
use crate::flow::workspace::private_repo;
use crate::platform::config::env::now;
use crate::platform::git::repo::Repo;
use crate::platform::store::runs;
use crate::platform::store::runs::RunFolder;

/// The folder of a run's own repository, in that of the run.
const REPOSITORY: &str = "repository";

/// Builds the spec of a file, or continues an unfinished run of it.
///
/// # Errors
///
/// Where it cannot begin, before anything is paid; where a signal stops it; where a file cannot be written.
pub fn run(context: Context<'_>, spec: &Path, mode: RunMode) -> Result<SpecRunResult> {
    let prepared = prepare::prepare(context, spec, mode)?;
    clean_up(context)?;
    let (folder, run) = claim::claim(context, &prepared)?;
    perform(context, &prepared, &folder, run)
}

/// Repairs a bug that somebody reports, or continues an unfinished run of that report.
///
/// # Errors
///
/// As for [`run`].
pub fn fix(context: Context<'_>, request: &BugReport) -> Result<SpecRunResult> {
    let prepared = prepare::prepare_fix(context, request)?;
    clean_up(context)?;
    let (folder, run) = claim::claim(context, &prepared)?;
    perform(context, &prepared, &folder, run)
}

/// Continues a run that was stopped or paused; tells what one came to that has ended.
pub fn resume(context: Context<'_>, id: &str) -> Result<SpecRunResult> {
    let (folder, run) = claim::take(context, id)?;
    if run.has_ended() {
        return of(context, run);
    }
    base::refuse_gone(context.repo, &run)?;
    let prepared = prepare::again(context, &run)?;
    perform(context, &prepared, &folder, run.resumed())
}

/// Answers what a run waits for, and goes on with it.
///
/// # Errors
///
/// Where it waits for no answer, or shows another page than `page`, or another one than it did when this began: the
/// answer is to what the person saw.
pub fn answer(
    context: Context<'_>,
    id: &str,
    answer: CheckpointAnswer,
    page: Option<&str>,
) -> Result<SpecRunResult> {
    // What is there before another process may have to be waited for.
    let before = runs::load_spec(&context.repo.state_dir(), id)?;
    let seen = before.as_ref().map(answerable).transpose()?;
    let (folder, run) = claim::take(context, id)?;
    let now = answerable(&run)?;
    if seen.is_some_and(|seen| seen != now) || page.is_some_and(|page| !pages::names(page, &now)) {
        return Err(hinted(
            format!("the run `{}` shows another page by now", short_id(id)),
            format!("`tribunal runs show {}` shows it, and how it is answered", short_id(id)),
        ));
    }
    refuse_empty(&run, &answer)?;
    let prepared = prepare::again(context, &run)?;
    let answered = apply::answer(run, answer).context("the run waits for no answer")?;
    folder.save_spec(&answered)?;
    perform(context, &prepared, &folder, answered)
}

/// The hash of the page that a run waits at.
fn answerable(run: &SpecRun) -> Result<String> {
    let id = short_id(&run.id);
    run.page().map(|page| pages::hash(&page)).ok_or_else(|| {
        hinted(
            format!("the run `{id}` waits for no answer: it is {}", run.stage().as_str()),
            format!("`tribunal runs show {id}` tells how far it is"),
        )
    })
}

/// Refuses a no without a reason where something is to be made again: it would come out as it was.
fn refuse_empty(run: &SpecRun, answer: &CheckpointAnswer) -> Result<()> {
    let SpecStage::Waiting(Checkpoint { at, .. }) = run.stage() else { return Ok(()) };
    let says_nothing = matches!(answer, CheckpointAnswer::Reject(note) if note.is_empty());
    if *at == CheckpointKind::Acceptance || !says_nothing {
        return Ok(());
    }
    let id = short_id(&run.id);
    Err(hinted(
        format!("{} would be made again as it was: say what should be otherwise", at.as_str()),
        format!("`tribunal reject {id} --note TEXT` says it, `tribunal abort {id}` ends the run"),
    ))
}

/// Ends a run that nobody works on; what it built stays in its folder.
pub fn abort(context: Context<'_>, id: &str) -> Result<SpecRunResult> {
    let (folder, mut run) = claim::take(context, id)?;
    if run.has_ended() {
        return Err(hinted(
            format!("the run `{}` has ended already", short_id(id)),
            format!("`tribunal runs show {}` tells how", short_id(id)),
        ));
    }
    end_surviving_agents(folder.path())?;
    for review in &run.machine.spec.reviews {
        if let Some(folder) = RunFolder::try_take(&context.repo.state_dir(), review)? {
            end_surviving_agents(folder.path())?;
        }
    }
    run.machine.spec.stage = SpecStage::Ended(SpecEnd::Stopped(SpecStop::Aborted));
    folder.save_spec(&run)?;
    fix::release(context.repo, &run.id)?;
    of(context, run)
}

/// What a run came to, or how far it came. Nothing is changed.
pub fn look_at(context: Context<'_>, id: &str) -> Result<Option<SpecRunResult>> {
    let run = runs::load_spec(&context.repo.state_dir(), id)?;
    run.map(|run| of(context, run)).transpose()
}

fn perform(
    context: Context<'_>,
    prepared: &Prepared,
    folder: &RunFolder,
    run: SpecRun,
) -> Result<SpecRunResult> {
    end_surviving_agents(folder.path())?;
    base::refuse_incomplete(context.repo, &run)?;
    let run = run.interrupted(now(context.env));
    let private = repository(context.repo, folder, &run)?;
    let session = SpecSession::new(context, &private, prepared, folder, run)?;
    let before = session.run.clone();
    let run = session.perform().map_err(|error| base::explain(context.repo, &before, error))?;
    if run.has_ended() {
        fix::release(context.repo, &run.id)?;
    }
    of(context, run)
}

/// The repository of a run's own.
fn repository(repo: &Repo, folder: &RunFolder, run: &SpecRun) -> Result<Repo> {
    private_repo::of_run(repo, &folder.path().join(REPOSITORY), &run.about.base)
}

/// What a run came to, or how far it came, without what git would have to be asked for.
pub fn brief(context: Context<'_>, run: SpecRun) -> Result<SpecRunResult> {
    let mut all = Vec::new();
    for id in std::iter::once(&run.id).chain(&run.machine.spec.reviews) {
        all.extend(calls::calls(context, id)?);
    }
    let spent = calls::spent(&all);
    let repository = runs::folder(&context.repo.state_dir(), &run.id).join(REPOSITORY);
    Ok(SpecRunResult { run, spent, base_moved_by: None, files: Vec::new(), repository })
}

fn of(context: Context<'_>, run: SpecRun) -> Result<SpecRunResult> {
    let (repo, about) = (context.repo, &run.about);
    let base_moved_by = base::moved_by(repo, about);
    let commit = match run.stage() {
        SpecStage::Ended(SpecEnd::Done { commit }) => repo.objects.commit(commit)?,
        _ => None,
    };
    // The branch and the base may be gone by now, and their commits with them.
    let files = commit.map(|commit| base::files_between(repo, &about.base_tree, &commit.tree));
    let files = files.and_then(Result::ok).unwrap_or_default();
    Ok(SpecRunResult { base_moved_by, files, ..brief(context, run)? })
}
