//! Runs a spec: from its file to a reviewed commit on a branch of its own.
//!
//! Nothing of the person's is written but that branch, at the end: everything before it is in a repository
//! of the run's own, which borrows the person's objects.

pub mod at_work;
pub mod base;
mod branch;
mod bug;
mod checkpoint;
mod chosen;
mod claim;
mod code;
mod commit;
mod document_paths;
mod documents;
mod earlier;
mod removal;
mod proposals;
mod fast;
mod fast_needs;
pub mod idea;
mod join;
mod kept;
mod left_out;
mod planning;
pub mod prepare;
mod publish;
mod rebase;
mod research;
mod research_asked;
mod session;
mod side_by_side;
mod specify;
mod suite;
mod task_review;
pub mod wanted;

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::domain::model::error::hinted;
use crate::domain::model::notice::{Progress, SpecRunStep};
use crate::domain::model::text::short_id;
use crate::domain::pipeline::spec_run::SpecRun;
use crate::domain::pipeline::spec_run::about::{RunMode, RunOptions, RunUntil};
use crate::domain::pipeline::spec_run::apply;
use crate::domain::pipeline::spec_run::chosen_role::ChosenRole;
use crate::domain::pipeline::spec_run::outcome::CheckpointAnswer;
use crate::domain::pipeline::spec_run::pages;
use crate::domain::pipeline::spec_run::result::SpecRunResult;
use crate::domain::pipeline::spec_run::stage::SpecStage;
use crate::domain::pipeline::spec_run::stop::{SpecEnd, SpecStop};
use crate::flow::call::cleanup::end_surviving_agents;
use crate::flow::context::Context;
use crate::flow::review::cleanup::clean_up;
use crate::flow::review::fix;
use crate::flow::run::prepare::Prepared;
use crate::flow::run::session::SpecSession;
use crate::flow::run::wanted::{BugReport, WantedText};
use crate::flow::workspace::{checkout, disk, private_repo};
use crate::platform::config::env::now;
use crate::platform::git::repo::Repo;
use crate::platform::store::runs;
use crate::platform::store::runs::RunFolder;

/// Builds the spec of a file, or continues an unfinished run of it.
///
/// # Errors
///
/// Where it cannot begin, before anything is paid; where a signal stops it; where a file cannot be written.
pub fn run(
    context: Context<'_>,
    spec: &Path,
    mode: RunMode,
    options: RunOptions,
) -> Result<SpecRunResult> {
    let settings = chosen::settings(context, &options.roles)?;
    let context = Context { settings: &settings, ..context };
    let prepared = prepare::prepare(context, spec, mode, options)?;
    clean_up(context)?;
    let (folder, run) = claim::claim(context, &prepared)?;
    go_on(context, &prepared, &folder, run, None)
}

/// Has a spec written of an idea and builds it, or continues an unfinished run of that idea.
///
/// # Errors
///
/// As for [`run`].
pub fn run_text(
    context: Context<'_>,
    request: WantedText,
    mode: RunMode,
    options: RunOptions,
) -> Result<SpecRunResult> {
    let settings = chosen::settings(context, &options.roles)?;
    let context = Context { settings: &settings, ..context };
    let prepared = wanted::prepare_text(context, request, mode, options)?;
    clean_up(context)?;
    let (folder, run) = claim::claim(context, &prepared)?;
    go_on(context, &prepared, &folder, run, None)
}

/// Repairs a bug that somebody reports, or continues an unfinished run of that report.
///
/// # Errors
///
/// As for [`run`].
pub fn fix(context: Context<'_>, request: &BugReport) -> Result<SpecRunResult> {
    let prepared = wanted::prepare_fix(context, request)?;
    clean_up(context)?;
    let (folder, run) = claim::claim(context, &prepared)?;
    go_on(context, &prepared, &folder, run, None)
}

/// Looks into what is known of what a spec asks for, and builds nothing.
///
/// # Errors
///
/// As for [`run`].
pub fn research(
    context: Context<'_>,
    spec: &Path,
    roles: Vec<ChosenRole>,
) -> Result<SpecRunResult> {
    let settings = chosen::settings(context, &roles)?;
    let context = Context { settings: &settings, ..context };
    let prepared = prepare::prepare_research(context, spec, roles)?;
    clean_up(context)?;
    let (folder, run) = claim::claim(context, &prepared)?;
    go_on(context, &prepared, &folder, run, None)
}

/// Builds the tasks of a run that was planned, or continues with them, and nothing after them.
///
/// # Errors
///
/// Where it has ended, or all of its tasks are built and it is further than that; else as for [`run`].
pub fn develop(context: Context<'_>, id: &str, autopilot: bool) -> Result<SpecRunResult> {
    let (folder, run) = claim::take(context, id)?;
    let short = short_id(id);
    if matches!(run.stage(), SpecStage::Built(_)) {
        return of(context, run);
    }
    let has_tasks = run.progress().built.is_empty() || run.progress().part().is_some();
    if run.has_ended() || !has_tasks || run.about.is_research_only() {
        let why = if run.has_ended() { "it has ended" } else { "it is further than that" };
        return Err(hinted(
            format!("nothing of the run `{short}` is left to build: {why}"),
            format!("`tribunal runs show {short}` tells how far it is"),
        ));
    }
    base::refuse_gone(context.repo, &run)?;
    let settings = chosen::settings(context, &run.about.options.roles)?;
    let context = Context { settings: &settings, ..context };
    let mut run = run.resumed();
    run.about.options.autopilot |= autopilot;
    run.about.options.until = RunUntil::Code;
    // Where it waits for an answer, that goes on with it.
    folder.save_spec(&run)?;
    let prepared = prepare::again(context, &run)?;
    let of = run.about.in_words();
    context.notify(Progress::SpecRun(SpecRunStep::Continued { run: run.id.clone(), of }));
    go_on(context, &prepared, &folder, run, None)
}

/// Continues a run that was stopped or paused, or that waits for an answer that stands in its file; tells what one
/// came to that has ended. With `autopilot` it asks nobody from now on.
pub fn resume(context: Context<'_>, id: &str, autopilot: bool) -> Result<SpecRunResult> {
    let (folder, mut run) = claim::take(context, id)?;
    if run.has_ended() {
        return of(context, run);
    }
    base::refuse_gone(context.repo, &run)?;
    let settings = chosen::settings(context, &run.about.options.roles)?;
    let context = Context { settings: &settings, ..context };
    run.about.options.autopilot |= autopilot;
    let prepared = prepare::again(context, &run)?;
    let of = run.about.in_words();
    context.notify(Progress::SpecRun(SpecRunStep::Continued { run: run.id.clone(), of }));
    go_on(context, &prepared, &folder, run.resumed(), None)
}

/// Answers what a run waits for, and goes on with it; with `autopilot` it asks nobody from then on.
///
/// # Errors
///
/// Where it waits for no answer, or shows another page than `page`, or another one than it did when this began: the
/// answer is to what the person saw; or where the base moved since.
pub fn answer(
    context: Context<'_>,
    id: &str,
    answer: CheckpointAnswer,
    page: Option<&str>,
    autopilot: bool,
) -> Result<SpecRunResult> {
    // What is there before another process may have to be waited for.
    let before = runs::load_spec(&context.repo.state_dir(), id)?;
    let seen = before.as_ref().map(answerable).transpose()?;
    let (folder, mut run) = claim::take(context, id)?;
    let now = answerable(&run)?;
    if let Some(word) = page.filter(|word| word.len() < pages::SHOWN) {
        return Err(hinted(
            format!("`{word}` is too short to name a page"),
            format!("`--page` takes at least {} characters of it", pages::SHOWN),
        ));
    }
    if seen.is_some_and(|seen| seen != now) || page.is_some_and(|page| !pages::names(page, &now)) {
        return Err(hinted(
            format!("the run `{}` shows another page by now", short_id(id)),
            format!("`tribunal runs show {}` shows it, and how it is answered", short_id(id)),
        ));
    }
    let settings = chosen::settings(context, &run.about.options.roles)?;
    let context = Context { settings: &settings, ..context };
    run.about.options.autopilot |= autopilot;
    let prepared = prepare::again(context, &run)?;
    go_on(context, &prepared, &folder, run, Some(answer))
}

/// Performs a run, once what it waits for is answered.
fn go_on(
    context: Context<'_>,
    prepared: &Prepared,
    folder: &RunFolder,
    run: SpecRun,
    answer: Option<CheckpointAnswer>,
) -> Result<SpecRunResult> {
    let run = checkpoint::with_facts(context, folder, run)?;
    let keep = |ended: &SpecRun| kept::keep_built(&repository(context.repo, folder, ended)?, ended);
    let run = checkpoint::answered(context, folder, run, answer, keep)?;
    let result = perform(context, prepared, folder, run)?;
    checkpoint::write(folder, &result.run)?;
    Ok(SpecRunResult { checkpoint: checkpoint_of(context, &result.run), ..result })
}

fn checkpoint_of(context: Context<'_>, run: &SpecRun) -> Option<PathBuf> {
    let folder = runs::folder(&context.repo.state_dir(), &run.id);
    let is_waiting = matches!(run.stage(), SpecStage::Waiting(_));
    is_waiting.then(|| checkpoint::path(&folder)).filter(|file| file.exists())
}

/// Names what was typed into the file of the page that a run waits at; `None` where nothing was.
pub fn typed_answer(state_dir: &Path, run: &SpecRun) -> Option<String> {
    checkpoint::typed(state_dir, run)
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
    for review in run.progress().all_reviews() {
        if let Some(folder) = RunFolder::try_take(&context.repo.state_dir(), &review)? {
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
    let run = apply::begin_ahead(run.interrupted(now(context.env)));
    disk::trim(&checkout::root(context.repo), prepared.effective.policy.runs.disk);
    let private = repository(context.repo, folder, &run)?;
    let session = SpecSession::new(context, &private, prepared, folder, run)?;
    let before = session.run.clone();
    let run = session.perform().map_err(|error| base::explain(context.repo, &before, error))?;
    if matches!(run.stage(), SpecStage::Built(_)) {
        kept::keep_built(&private, &run)?;
    }
    if run.has_ended() {
        fix::release(context.repo, &run.id)?;
    }
    of(context, run)
}

/// How many commits what a run is built on has beyond what it was built on; `None` for none.
pub fn base_moved_by(repo: &Repo, run: &SpecRun) -> Option<usize> {
    base::moved_by(repo, &run.about).filter(|_| !run.has_ended())
}

/// The repository of a run's own, to look at; `None` where it is gone, or not there yet.
pub fn repository_of(repo: &Repo, id: &str) -> Option<Repo> {
    let git_dir = runs::folder(&repo.state_dir(), id).join(kept::REPOSITORY);
    git_dir.join("HEAD").exists().then(|| repo.private(&git_dir).ok())?
}

/// The repository of a run's own.
fn repository(repo: &Repo, folder: &RunFolder, run: &SpecRun) -> Result<Repo> {
    private_repo::of_run(repo, &folder.path().join(kept::REPOSITORY), &run.about.base)
}

/// What a run came to, or how far it came, without what git would have to be asked for.
pub fn brief(context: Context<'_>, run: SpecRun) -> Result<SpecRunResult> {
    let spent = checkpoint::spent(context, &run)?;
    let folder = runs::folder(&context.repo.state_dir(), &run.id);
    let research = Some(research::file_of(&folder)).filter(|file| file.exists());
    let escalation = Some(kept::escalation(&folder)).filter(|file| file.exists());
    let spec_file = Some(specify::spec_file(&folder)).filter(|file| file.exists());
    Ok(SpecRunResult {
        repository: folder.join(kept::REPOSITORY),
        spent,
        base_moved_by: None,
        files: Vec::new(),
        take_with: kept::command(context.repo, &run),
        escalation,
        research,
        spec_file,
        checkpoint: checkpoint_of(context, &run),
        at_work: at_work::tasks(&context.repo.state_dir(), &run),
        run,
    })
}

fn of(context: Context<'_>, run: SpecRun) -> Result<SpecRunResult> {
    let (repo, about) = (context.repo, &run.about);
    let base_moved_by = base::moved_by(repo, about);
    // The branch and the base may be gone by now, and their commits with them.
    let files = match run.stage() {
        SpecStage::Ended(SpecEnd::Done { commit }) => repo
            .objects
            .commit(commit)?
            .and_then(|commit| base::files_between(repo, &about.base_tree, &commit.tree).ok()),
        SpecStage::Ended(SpecEnd::Kept { .. }) | SpecStage::Built(_) => kept::files(repo, &run),
        _ => None,
    };
    let files = files.unwrap_or_default();
    Ok(SpecRunResult { base_moved_by, files, ..brief(context, run)? })
}
