//! What a run asks its person: the page with its facts, the file in which they may answer, and the answer.

use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::domain::gates::secrets::redact::redact_str;
use crate::domain::model::agent::Spent;
use crate::domain::model::error::hinted;
use crate::domain::model::terminal::printable;
use crate::domain::model::text::{counted, short_id};
use crate::domain::pipeline::spec_run::SpecRun;
use crate::domain::pipeline::spec_run::apply;
use crate::domain::pipeline::spec_run::checkpoint_file;
use crate::domain::pipeline::spec_run::checkpoint_file::FileAnswer;
use crate::domain::pipeline::spec_run::outcome::CheckpointAnswer;
use crate::domain::pipeline::spec_run::pages;
use crate::domain::pipeline::spec_run::progress::PageFacts;
use crate::domain::pipeline::spec_run::stage::{Checkpoint, SpecStage};
use crate::flow::context::Context;
use crate::flow::review::calls;
use crate::flow::run::base;
use crate::platform::config::env::now;
use crate::platform::store::file;
use crate::platform::store::runs;
use crate::platform::store::runs::RunFolder;

/// The file of the page, in the folder of the run.
pub fn path(folder: &Path) -> PathBuf {
    folder.join("checkpoint.md")
}

/// What a run and its reviews cost.
pub fn spent(context: Context<'_>, run: &SpecRun) -> Result<Spent> {
    let mut all = Vec::new();
    for id in std::iter::once(run.id.clone()).chain(run.progress().all_reviews()) {
        all.extend(calls::calls(context, &id)?);
    }
    Ok(calls::spent(&all))
}

/// What a page tells beside what was planned and built.
pub fn facts(context: Context<'_>, run: &SpecRun) -> Result<PageFacts> {
    Ok(PageFacts {
        spent: spent(context, run)?,
        base_tip: context.repo.tip(&run.about.base_ref)?,
        base_beyond: base::moved_by(context.repo, &run.about).unwrap_or(0),
    })
}

/// The run, whose page tells how things stand where it does not yet.
pub fn with_facts(context: Context<'_>, folder: &RunFolder, mut run: SpecRun) -> Result<SpecRun> {
    if run.stage().shows_page() && run.progress().shown.is_none() {
        run.machine.spec.shown = Some(facts(context, &run)?);
        folder.save_spec(&run)?;
    }
    Ok(run)
}

/// Writes the page as a file, unless it is there already, maybe with an answer in it.
pub fn write(folder: &RunFolder, run: &SpecRun) -> Result<()> {
    let SpecStage::Waiting(checkpoint) = run.stage() else { return Ok(()) };
    let page = run.page().unwrap_or_default();
    let written = checkpoint_file::text(&run.id, checkpoint, &page);
    let there = read_file(folder.path())?;
    let is_there = there.is_some_and(|there| {
        checkpoint_file::read(&there, &written, &pages::hash(&page)) != FileAnswer::Outdated
    });
    if is_there {
        return Ok(());
    }
    file::write_atomic(&path(folder.path()), written.as_bytes())
}

/// Names what was typed into the file of a run; `None` where nothing was.
pub fn typed(state_dir: &Path, run: &SpecRun) -> Option<String> {
    let text = read_file(&runs::folder(state_dir, &run.id)).ok().flatten()?;
    let is_typed = !checkpoint_file::given(&text).is_empty();
    is_typed.then(|| format!("answer-{}", &pages::hash(&text)[..16]))
}

/// The run after its person's answer: the one that is given, else that of the file, else yes where nobody is to be
/// asked any more. Without an answer it waits on.
///
/// # Errors
///
/// Where the answer is to another page than the one that the run waits at, as it is now; where it says nothing, or
/// something else than the one in the file.
pub fn answered(
    context: Context<'_>,
    folder: &RunFolder,
    run: SpecRun,
    given: Option<CheckpointAnswer>,
    keep: impl FnOnce(&SpecRun) -> Result<()>,
) -> Result<SpecRun> {
    let SpecStage::Waiting(checkpoint) = run.stage() else { return Ok(run) };
    let autopilot = run.about.options.autopilot;
    let of_file = || match of_file(folder, &run, checkpoint) {
        Ok(None) if autopilot => Ok(Some(CheckpointAnswer::Approve)),
        answer => answer,
    };
    let answer = match given {
        Some(answer) => {
            refuse_contradiction(folder, &run, checkpoint, &answer)?;
            Some(answer)
        }
        None => of_file()?,
    };
    let Some(answer) = answer else { return Ok(run) };
    refuse_empty(&run, checkpoint, &answer)?;
    if !autopilot {
        refuse_moved_base(context, folder, &run)?;
    }
    let answered = apply::answer(run, answer, now(context.env));
    let answered = answered.context("the run waits for no answer")?;
    if answered.has_ended() {
        keep(&answered)?;
    }
    // First: what it says is no answer to the next page.
    file::remove_if_there(&path(folder.path()))?;
    folder.save_spec(&answered)?;
    Ok(answered)
}

fn read_file(folder: &Path) -> Result<Option<String>> {
    let path = path(folder);
    match file::read(&path) {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("could not read `{}`", path.display())),
    }
}

fn of_file(
    folder: &RunFolder,
    run: &SpecRun,
    checkpoint: &Checkpoint,
) -> Result<Option<CheckpointAnswer>> {
    let Some(text) = read_file(folder.path())? else { return Ok(None) };
    let page = run.page().unwrap_or_default();
    let written = checkpoint_file::text(&run.id, checkpoint, &page);
    match checkpoint_file::read(&text, &written, &pages::hash(&page)) {
        FileAnswer::Open | FileAnswer::Outdated => Ok(None),
        FileAnswer::Given(CheckpointAnswer::Reject(note)) => {
            Ok(Some(CheckpointAnswer::Reject(redact_str(&note))))
        }
        FileAnswer::Given(answer) => Ok(Some(answer)),
        FileAnswer::Wrong(why) => {
            let (path, id) = (path(folder.path()), short_id(&run.id));
            Err(hinted(
                format!("`{}` is no answer: {why}", path.display()),
                format!(
                    "answer with `tribunal approve {id}` or `tribunal reject {id} --note TEXT`; without the file \
                     `tribunal resume {id}` writes it again"
                ),
            ))
        }
    }
}

/// Refuses a no without a reason where something is to be made again: it would come out as it was.
fn refuse_empty(run: &SpecRun, checkpoint: &Checkpoint, answer: &CheckpointAnswer) -> Result<()> {
    let says_nothing = matches!(answer, CheckpointAnswer::Reject(note) if note.is_empty());
    if !checkpoint.at.is_made_again() || !says_nothing {
        return Ok(());
    }
    let (id, at) = (short_id(&run.id), checkpoint.at.as_str());
    Err(hinted(
        format!("{at} would be made again as it was: say what should be otherwise"),
        format!("`tribunal reject {id} --note TEXT` says it, `tribunal abort {id}` ends the run"),
    ))
}

/// Refuses an answer beside another one in the file: nobody knows which of them counts.
fn refuse_contradiction(
    folder: &RunFolder,
    run: &SpecRun,
    checkpoint: &Checkpoint,
    answer: &CheckpointAnswer,
) -> Result<()> {
    // A file that is no answer says nothing against it.
    let Ok(Some(other)) = of_file(folder, run, checkpoint) else { return Ok(()) };
    if other == *answer {
        return Ok(());
    }
    let typed = read_file(folder.path())?.unwrap_or_default();
    let typed = printable(&redact_str(checkpoint_file::given(&typed)));
    let (path, id) = (path(folder.path()), short_id(&run.id));
    Err(hinted(
        format!("`{}` has another answer: `{typed}`", path.display()),
        format!(
            "take it out of the file and answer again, or `tribunal resume {id}` has that one count"
        ),
    ))
}

/// Refuses an answer to a page of another base: the page is written again, with what there is now.
fn refuse_moved_base(context: Context<'_>, folder: &RunFolder, run: &SpecRun) -> Result<()> {
    // A run of an earlier version of the program has no facts.
    let Some(shown) = &run.progress().shown else { return Ok(()) };
    let now = facts(context, run)?;
    if now.base_tip == shown.base_tip {
        return Ok(());
    }
    let (name, id) = (&run.about.base_name, short_id(&run.id));
    let beyond = match now.base_beyond {
        0 => "it is not what it was".to_owned(),
        commits => {
            format!("it has {} beyond the one that is built on", counted(commits, "commit"))
        }
    };
    let again = apply::ask_again(run.clone(), now);
    file::remove_if_there(&path(folder.path()))?;
    folder.save_spec(&again)?;
    write(folder, &again)?;
    Err(hinted(
        format!("`{name}` moved since the page was written: {beyond}"),
        format!(
            "the page says so now: look at it with `tribunal runs show {id}` and answer again, or end the run with \
             `tribunal abort {id}`"
        ),
    ))
}
