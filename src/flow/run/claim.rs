//! Finds or begins the run of a spec, so that no two processes build one spec.

use anyhow::Result;

use crate::domain::development::message::REPORT_TRAILER;
use crate::domain::model::error::hinted;
use crate::domain::model::notice::{Progress, SpecRunStep};
use crate::domain::model::oid::Oid;
use crate::domain::model::terminal::printable;
use crate::domain::model::text::short_id;
use crate::domain::pipeline::spec_run::SpecRun;
use crate::domain::pipeline::spec_run::about::{RunMode, RunUntil, SpecAbout};
use crate::domain::pipeline::spec_run::stage::SpecStage;
use crate::domain::spec::belongs::SPEC_TRAILER;
use crate::flow::context::Context;
use crate::flow::review::claim::{lock_new_runs, resume};
use crate::flow::run::branch;
use crate::flow::run::branch::NamedBranch;
use crate::flow::run::prepare::Prepared;
use crate::platform::config::random;
use crate::platform::git::repo::Repo;
use crate::platform::store::runs;
use crate::platform::store::runs::RunFolder;

/// Continues the unfinished run of the spec, or begins one.
///
/// # Errors
///
/// Where another process builds the spec, where an unfinished run of it is of another version or base, and
/// where its branch is there already.
pub fn claim(context: Context<'_>, prepared: &Prepared) -> Result<(RunFolder, SpecRun)> {
    let state_dir = context.repo.state_dir();
    let about = &prepared.about;
    let _lock = lock_new_runs(&state_dir)?;
    for id in runs::list(&state_dir)? {
        let is_same = |spec: &String| spec.eq_ignore_ascii_case(&about.spec_id);
        let run = match runs::load_spec(&state_dir, &id) {
            Ok(Some(run)) => run,
            // A later program may go on with it: a second run would build the same.
            Err(error) if runs::spec_of_unread(&state_dir, &id).is_some_and(|it| is_same(&it)) => {
                return Err(error);
            }
            // What cannot be read at all cannot be continued, nor tell what it builds.
            Ok(None) | Err(_) => continue,
        };
        // Where file systems have no case these would be one file, and one branch.
        if !is_same(&run.about.spec_id) || run.has_ended() {
            continue;
        }
        let Some(folder) = RunFolder::try_take(&state_dir, &id)? else {
            let process = runs::holder(&state_dir, &id);
            let process = process.map_or_else(String::new, |it| format!(" (process {})", it.pid));
            return Err(hinted(
                format!(
                    "the run `{}` works on {} already{process}",
                    short_id(&id),
                    run.about.in_words()
                ),
                format!("`tribunal runs show {}` tells how far it is", short_id(&id)),
            ));
        };
        // It may have ended before its folder was taken.
        let Some(run) = runs::load_spec(&state_dir, &id)?.filter(|run| !run.has_ended()) else {
            continue;
        };
        refuse_other(&id, &run.about, about)?;
        let of = run.about.in_words();
        context.notify(Progress::SpecRun(SpecRunStep::Continued { run: id, of }));
        let onward = continued(run.clone(), about);
        if onward != run {
            folder.save_spec(&onward)?;
        }
        return Ok((folder, onward));
    }
    if about.is_published() {
        refuse_branch(context, about)?;
    }
    let id = random::id().to_string();
    let folder = RunFolder::create(&state_dir, &id)?;
    let run = SpecRun::new(id, about.clone());
    folder.save_spec(&run)?;
    context.notify(Progress::SpecRun(SpecRunStep::Begins {
        what: match (&about.report, &about.idea) {
            (Some(_), _) => format!("repairing {}", about.in_words()),
            (_, Some(_)) => format!("writing and building {}", about.in_words()),
            _ if about.is_research_only() => format!("research for {}", about.in_words()),
            _ => format!("building {}{}", about.in_words(), taken_away(about)),
        },
        base: format!("{} ({})", about.base_name, about.base.short()),
        branch: about.is_published().then(|| about.branch.clone()),
    }));
    Ok((folder, run))
}

/// Refuses to continue a run that was begun as something else than what is asked for.
fn refuse_other(id: &str, begun: &SpecAbout, about: &SpecAbout) -> Result<()> {
    if begun.spec_id != about.spec_id {
        let (id, this, that) = (short_id(id), &about.spec_id, &begun.spec_id);
        return Err(hinted(
            format!(
                "the run `{id}` of the spec `{that}` is not finished, and ids that differ in case alone (`{this}`, `{that}`) \
                 are one spec"
            ),
            format!(
                "`tribunal resume {id}` continues it, `tribunal abort {id}` ends it; give one of the specs another id where \
                 they are two"
            ),
        ));
    }
    // Nobody reviews in fast mode: what was begun there is another run.
    let is_fast = |about: &SpecAbout| about.mode == RunMode::Fast;
    if is_fast(begun) != is_fast(about) {
        let (id, mode) = (short_id(id), begun.mode.as_str());
        return Err(hinted(
            format!("the run `{id}` of this spec is not finished, and it is in mode `{mode}`"),
            format!("`tribunal resume {id}` continues it, `tribunal abort {id}` ends it"),
        ));
    }
    if about.is_research_only() != begun.is_research_only() {
        let (id, what) = (
            short_id(id),
            if about.is_research_only() { "more than research" } else { "research alone" },
        );
        return Err(hinted(
            format!("the run `{id}` of this spec is not finished, and it is {what}"),
            format!("`tribunal resume {id}` continues it, `tribunal abort {id}` ends it"),
        ));
    }
    if about.options.until < begun.options.until {
        let id = short_id(id);
        let more = if about.options.until == RunUntil::Plan { "planned" } else { "built" };
        return Err(hinted(
            format!("the run `{id}` of this spec is not finished, and it is more than {more}"),
            format!("`tribunal resume {id}` continues it, `tribunal abort {id}` ends it"),
        ));
    }
    if begun.asked != about.asked || begun.options.roles != about.options.roles {
        let id = short_id(id);
        return Err(hinted(
            format!(
                "the run `{id}` of {} is not finished, and the spec, its base, the policy or the executor changed since",
                about.in_words()
            ),
            format!(
                "`tribunal resume {id}` continues it as it began, `tribunal abort {id}` ends it"
            ),
        ));
    }
    Ok(())
}

/// An unfinished run of a spec, as it is continued for a person who asks for it in this way.
fn continued(run: SpecRun, about: &SpecAbout) -> SpecRun {
    // What was planned and is only to be planned is not built by asking again, and what was built not accepted.
    let is_there = match about.options.until {
        RunUntil::Plan => matches!(run.stage(), SpecStage::Planned(_)),
        RunUntil::Code => matches!(run.stage(), SpecStage::Built(_)),
        RunUntil::End => false,
    };
    let mut run = if is_there { run } else { run.resumed() };
    run.about.options.until = about.options.until;
    run.about.options.autopilot |= about.options.autopilot;
    run.in_mode(about.mode).committing(about.options.commits)
}

/// Refuses a name that no branch can have here.
fn refuse_branch(context: Context<'_>, about: &SpecAbout) -> Result<()> {
    let (repo, name) = (context.repo, &about.branch);
    if let Some(there) = NamedBranch::find(repo, name)? {
        let (tip, other) = (&there.tip, &there.name);
        if about.idea.is_some() && is_of(repo, SPEC_TRAILER, &about.spec_id, tip)? {
            return Err(hinted(
                format!(
                    "what this text asks for was built already, up to {} on the branch `{name}`",
                    tip.short()
                ),
                format!(
                    "`git merge {name}` takes it; say in the text what should be otherwise, or `git branch -D {name}` \
                     drops it and the same text is built again"
                ),
            ));
        }
        if about.report.is_some() && is_of(repo, REPORT_TRAILER, &about.spec_id, tip)? {
            return Err(hinted(
                format!(
                    "this report was repaired already, by {} on the branch `{name}`",
                    tip.short()
                ),
                format!(
                    "`git merge {name}` takes it; say in the report what is still wrong, or `git branch -D {name}` \
                     drops the repair and the same report is repaired again"
                ),
            ));
        }
        return Err(hinted(
            format!("{} is there already", there.in_words(name)),
            format!(
                "`git log {other}` shows what it has: merge it, or `git branch -m {other} NAME` renames it; then begin again with {}",
                about.command()
            ),
        ));
    }
    branch::refuse_below(repo, name)
}

/// Whether a commit names that id in such a trailer.
fn is_of(repo: &Repo, trailer: &str, id: &str, commit: &Oid) -> Result<bool> {
    let words = repo.trailers(std::slice::from_ref(commit), [trailer])?;
    Ok(words.iter().any(|[named]| named.iter().any(|named| named == id)))
}

/// Takes a run that nobody works on; waits for the end of a process that was killed at it.
pub fn take(context: Context<'_>, id: &str) -> Result<(RunFolder, SpecRun)> {
    let folder = resume(context, id)?;
    let Some(run) = runs::load_spec(&context.repo.state_dir(), id)? else {
        return Err(hinted(
            format!("there is no run of a spec `{}`", short_id(id)),
            "`tribunal runs` lists them",
        ));
    };
    Ok((folder, run))
}

/// What of the version that was built before is taken away, for people.
fn taken_away(about: &SpecAbout) -> String {
    let ids: Vec<String> = about.spec.dropped.iter().map(|one| printable(&one.id)).collect();
    match ids.as_slice() {
        [] => String::new(),
        ids => format!(" without what {} of the version before asked for", ids.join(", ")),
    }
}
