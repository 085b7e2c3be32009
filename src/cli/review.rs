//! `tribunal review`: a model of another vendor attacks a change, an arbiter compares what
//! it found with the spec, and code decides.

use std::path::PathBuf;

use anyhow::Result;

use crate::cli::check::{commit as named, start};
use crate::cli::invocation::{Global, Invocation};
use crate::cli::run as spec_run;
use crate::domain::model::error::hinted;
use crate::domain::model::oid::Oid;
use crate::domain::model::report::ExitStatus;
use crate::domain::pipeline::result::ReviewResult;
use crate::flow::call::{nested_call, roles};
use crate::flow::context::Context;
use crate::flow::evaluate::{recording, uncommitted};
use crate::flow::review;
use crate::flow::review::announce;
use crate::flow::review::background;
use crate::flow::review::request::Stopped;
use crate::flow::review::target;
use crate::flow::review::target::{ReviewRange, ReviewRequest};
use crate::platform::git::repo::Repo;
use crate::platform::store::runs;
use crate::platform::store::stop_mark::LastStop;
use crate::platform::ui::out;
use crate::platform::ui::report::{OutputFormat, render, render_answered};
use crate::platform::ui::review_findings::Detail;
use crate::platform::ui::{review_findings, review_hints, review_result};

/// Shown below `--help`.
const EXAMPLES: &str = "\
Examples:
  tribunal review                         review what is new on this branch
  tribunal review --worktree              review all that is not committed
  tribunal review --commit HEAD           review one commit
  tribunal review --base main             review the branch, from where it left `main`
  tribunal review --fix                   have the findings fixed as well
  tribunal review --fix 3EFCVP            have that finding of the last review fixed";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub struct Args {
    /// Review what is staged
    #[arg(long, group = "range")]
    staged: bool,
    /// Review what is not staged; new files too, unless git ignores them
    #[arg(long, group = "range")]
    unstaged: bool,
    /// Review all that is not committed, staged or not; new files too, unless git ignores them
    #[arg(long, visible_alias = "uncommitted", group = "range")]
    worktree: bool,
    /// Review one commit, compared with its first parent
    #[arg(long, value_name = "REV", group = "range")]
    commit: Option<String>,
    /// Review what this branch has beyond another one, from where it left it
    #[arg(long, value_name = "BRANCH", group = "range")]
    base: Option<String>,
    /// Review everything after this commit, or from where the branch left it
    #[arg(long, value_name = "REV", group = "range")]
    from: Option<String>,
    /// Review up to this commit
    #[arg(long, value_name = "REV", requires = "from", default_value = "HEAD",
        conflicts_with_all = ["staged", "unstaged", "worktree", "commit", "base"])]
    to: String,
    /// Read what the change must do from this spec, a file or an id, not from the one that it belongs to
    #[arg(long, value_name = "FILE")]
    spec: Option<PathBuf>,
    /// Have an agent fix the findings on a separate branch until a review passes; with ids only those
    /// findings of the last review of this change
    #[arg(long, num_args = 0.., value_name = "ID")]
    fix: Option<Vec<String>>,
    /// Ask again, even if the same review was made before
    #[arg(long)]
    fresh: bool,
    /// Also write `docs/review/<id>.md`
    #[arg(long)]
    report: bool,
    /// Show what does not count as well, with the reason: what was refuted, out of scope, a duplicate
    #[arg(long)]
    all: bool,
    /// Tell the reviewer what to mind in this review
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    note: String,
    /// Review the commits that are waiting for a review
    #[arg(long, hide = true, group = "range", conflicts_with = "fix")]
    waiting: bool,
    /// The stop before this was begun in the background
    #[arg(long, hide = true, requires = "waiting")]
    last_stop: Option<String>,
}

/// Shown below `--help`.
const RESUME_EXAMPLES: &str = "\
Examples:
  tribunal resume 3EFCVP                  continue that review or run; `tribunal runs` lists them. What is typed
                                          into the page of a run that waits for you is its answer";

/// The run to resume.
#[derive(Debug, clap::Args)]
#[command(after_help = RESUME_EXAMPLES)]
pub struct ResumeArgs {
    /// The id of the run, as `tribunal runs` lists it, or enough of its end
    run: String,
}

pub fn run(invocation: &Invocation, args: &Args) -> Result<ExitStatus> {
    let repo = invocation.repo()?;
    let context = invocation.context(&repo);
    let Context { repo, env, .. } = context;
    let later = "the change is reviewed once the call is over";
    nested_call::refuse(env, "a review cannot be asked for", later)?;
    if args.waiting {
        let begun = args.last_stop.as_deref();
        let last_stop = begun.map_or_else(|| LastStop::of(&repo.state_dir()), LastStop::named);
        let worked =
            background::drain(context, &last_stop, |commit| review::in_background(context, commit));
        return match worked {
            Err(error) if error.is::<Stopped>() => Ok(ExitStatus::Interrupted),
            worked => worked.map(|()| ExitStatus::Pass),
        };
    }
    let request = ReviewRequest {
        range: range(repo, args)?,
        spec: args.spec.as_ref().map(|path| env.current_dir.join(path)),
        fix: args.fix.is_some(),
        chosen: args.fix.clone().unwrap_or_default(),
        fresh: args.fresh,
        note: note(&args.note)?,
        of_task: None,
    };
    // Git looks at every file for it: beside what is done before it is told.
    let listing = announce::begin_listing(repo, &request.range)?;
    uncommitted::tell(context);
    let reviewed = review::review(context, &request, listing);
    let wanted = if args.all { Detail::All } else { Detail::Counted };
    ended(context, &invocation.global, reviewed, (args.report, wanted))
}

/// `tribunal resume RUN`: resumes a run that was stopped.
pub fn resume(invocation: &Invocation, args: &ResumeArgs) -> Result<ExitStatus> {
    let repo = invocation.repo()?;
    let context = invocation.context(&repo);
    nested_call::refuse(context.env, "no run can be resumed", "resume it once the call is over")?;
    let id = runs::resolve(&repo.state_dir(), &args.run)?;
    if let Some(of_spec) = runs::spec_run_of(&repo.state_dir(), &id)? {
        return spec_run::resume(context, &invocation.global, &of_spec);
    }
    let reviewed = review::resume(context, &id);
    ended(context, &invocation.global, reviewed, (false, Detail::Counted))
}

/// Says what a review came to, or that it was stopped.
fn ended(
    context: Context<'_>,
    global: &Global,
    reviewed: Result<ReviewResult>,
    (report, detail): (bool, Detail),
) -> Result<ExitStatus> {
    let reviewed = match reviewed {
        Ok(reviewed) => reviewed,
        Err(error) => return spec_run::stopped(error),
    };
    if report {
        let path = review::report::write(context, &reviewed)?;
        if !global.quiet {
            out::talk(&format!("the report is in `{}`", path.display()));
        }
    }
    show(context, global, &reviewed, detail)?;
    Ok(reviewed.report.verdict.into())
}

/// Prints what a review came to.
fn show(
    context: Context<'_>,
    global: &Global,
    reviewed: &ReviewResult,
    detail: Detail,
) -> Result<()> {
    let format = global.format;
    let text = match format {
        OutputFormat::Json => {
            out::json(&review_result::json(reviewed));
            return Ok(());
        }
        OutputFormat::Human => review_findings::human(reviewed, detail),
        OutputFormat::Github => render(&review_findings::told(reviewed, detail), format),
        OutputFormat::Sarif => {
            let answers = recording::answers(context, &reviewed.report.findings)?;
            render_answered(&reviewed.report, &answers, format)
        }
    };
    if !text.is_empty() {
        out::result(text);
    }
    if format == OutputFormat::Human && !global.quiet {
        out::talk(review_result::last_line(reviewed));
        let executor = roles::executor(context)?;
        for hint in review_hints::hints(reviewed, executor.as_deref()) {
            out::hint(&hint);
        }
    }
    Ok(())
}

/// The longest note, in bytes.
const NOTE_BYTES_MAX: usize = 4 * 1024;

fn note(text: &str) -> Result<String> {
    if text.len() <= NOTE_BYTES_MAX {
        return Ok(text.trim().to_owned());
    }
    Err(hinted(
        format!("the note has {} bytes, and {NOTE_BYTES_MAX} is the most", text.len()),
        "shorten it; `--spec FILE` takes more",
    ))
}

/// A range is no name of a commit.
fn no_range(name: &str) -> Result<()> {
    let Some((from, to)) = name.split_once("..").filter(|(from, _)| !from.is_empty()) else {
        return Ok(());
    };
    let to = Some(to.trim_start_matches('.')).filter(|to| !to.is_empty()).unwrap_or("HEAD");
    let hint = format!("`tribunal review --from {from} --to {to}` reviews the range");
    Err(hinted(format!("`{name}` is a range and names no commit"), hint))
}

fn range(repo: &Repo, args: &Args) -> Result<ReviewRange> {
    Ok(match (&args.commit, &args.from, &args.base) {
        _ if args.staged => ReviewRange::Staged,
        _ if args.unstaged => ReviewRange::Unstaged,
        _ if args.worktree => ReviewRange::WorkTree,
        (Some(commit), ..) => {
            no_range(commit)?;
            ReviewRange::Commit(named(repo, commit)?)
        }
        (None, Some(from), _) => from_commit(repo, from, &args.to)?,
        (None, None, Some(base)) => where_it_left(repo, base)?,
        (None, None, None) => ReviewRange::Auto,
    })
}

/// Everything after a commit, or from where the branch left it.
pub fn from_commit(repo: &Repo, from: &str, to: &str) -> Result<ReviewRange> {
    no_range(from)?;
    let to = named(repo, to)?;
    let bases = target::bases(repo, &[start(repo, from, &to)?], &to, from)?;
    Ok(ReviewRange::Beyond { bases, to })
}

/// What the branch has beyond another one, from where it left it.
pub fn where_it_left(repo: &Repo, base: &str) -> Result<ReviewRange> {
    let to = named(repo, "HEAD")?;
    let bases = target::bases(repo, &branch_tips(repo, base)?, &to, base)?;
    Ok(ReviewRange::Beyond { bases, to })
}

/// The tips of a branch here and where it comes from: the branch here may be behind.
fn branch_tips(repo: &Repo, base: &str) -> Result<Vec<Oid>> {
    let mut tips = Vec::new();
    for name in [format!("{base}@{{upstream}}"), format!("refs/remotes/origin/{base}")] {
        tips.extend(repo.resolve(&name).unwrap_or_default());
    }
    let own = named(repo, base);
    match own {
        Err(error) if tips.is_empty() => return Err(error),
        own => tips.extend(own.ok()),
    }
    tips.sort();
    tips.dedup();
    Ok(tips)
}
