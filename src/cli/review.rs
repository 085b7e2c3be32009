//! `tribunal review`: a model of another vendor attacks a change, a third voice weighs what it
//! found, and code decides.

use std::path::PathBuf;

use anyhow::Result;

use crate::cli::check::{commit as named, start};
use crate::cli::context::Context;
use crate::domain::model::report::ExitStatus;
use crate::flow::call::inside;
use crate::flow::evaluate::recording;
use crate::flow::review;
use crate::flow::review::background;
use crate::flow::review::outcome::ReviewOutcome;
use crate::flow::review::session::Stopped;
use crate::flow::review::target::{ReviewRange, ReviewRequest};
use crate::platform::git::repo::Repo;
use crate::platform::ui::out;
use crate::platform::ui::report::{Format, render, render_answered};

#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub struct Args {
    /// What is staged
    #[arg(long, conflicts_with_all = ["from", "commit"])]
    staged: bool,
    /// One commit, against its first parent
    #[arg(long, value_name = "REV", conflicts_with = "from")]
    commit: Option<String>,
    /// The commit that the change stands on
    #[arg(long, value_name = "REV")]
    from: Option<String>,
    /// The last commit of the change
    #[arg(long, value_name = "REV", requires = "from", default_value = "HEAD")]
    to: String,
    /// What the change is meant to do
    #[arg(long, value_name = "FILE")]
    spec: Option<PathBuf>,
    /// Have what is found fixed, on a branch of the program's own, until it holds
    #[arg(long)]
    fix: bool,
    /// Ask again, though the same question was answered before
    #[arg(long)]
    fresh: bool,
    /// Write `docs/review/<id>.md` too
    #[arg(long)]
    report: bool,
    /// Work off the commits that wait for a review
    #[arg(long, hide = true, conflicts_with_all = ["staged", "commit", "from", "fix"])]
    waiting: bool,
}

/// The run to go on with.
#[derive(Debug, clap::Args)]
pub struct ResumeArgs {
    /// As `tribunal runs` lists it
    run: String,
}

pub fn run(context: &Context, args: &Args) -> Result<ExitStatus> {
    let repo = context.repo()?;
    let (env, flags) = (&context.env, &context.global.set);
    let later = "the change is reviewed once the call is over";
    inside::refuse(env, "a review cannot be asked for", later)?;
    let quiet = context.global.quiet;
    if args.waiting {
        let worked =
            background::drain(&repo, |commit| review::in_background(&repo, env, flags, commit));
        return match worked {
            Err(error) if error.is::<Stopped>() => Ok(ExitStatus::Interrupted),
            worked => worked.map(|()| ExitStatus::Pass),
        };
    }
    let tell = |line: &str| {
        if !quiet {
            out::talk(line);
        }
    };
    let request = ReviewRequest {
        range: range(&repo, args)?,
        spec: args.spec.as_ref().map(|path| env.current_dir.join(path)),
        fix: args.fix,
        fresh: args.fresh,
    };
    ended(context, review::review(&repo, env, flags, &request, &tell), args.report)
}

/// `tribunal resume RUN`: goes on with a run that was stopped.
pub fn resume(context: &Context, args: &ResumeArgs) -> Result<ExitStatus> {
    let repo = context.repo()?;
    inside::refuse(&context.env, "no run can be gone on with", "resume it once the call is over")?;
    let quiet = context.global.quiet;
    let tell = |line: &str| {
        if !quiet {
            out::talk(line);
        }
    };
    let reviewed = review::resume(&repo, &context.env, &context.global.set, &args.run, &tell);
    ended(context, reviewed, false)
}

/// Says what a review came to, or that it was stopped.
fn ended(context: &Context, reviewed: Result<ReviewOutcome>, report: bool) -> Result<ExitStatus> {
    let reviewed = match reviewed {
        Ok(reviewed) => reviewed,
        Err(error) => {
            let Some(stopped) = error.downcast_ref::<Stopped>() else { return Err(error) };
            out::talk(&format!("{stopped} by signal {}", stopped.signal));
            out::hint(&format!("`tribunal resume {}` goes on with it", stopped.run));
            return Ok(ExitStatus::Interrupted);
        }
    };
    if report {
        let repo = context.repo()?;
        let path = review::report::write(&repo, &context.env, &reviewed)?;
        if !context.global.quiet {
            out::talk(&format!("the report is in `{}`", path.display()));
        }
    }
    show(context, &reviewed)?;
    Ok(reviewed.status())
}

/// Prints what a review came to.
fn show(context: &Context, reviewed: &ReviewOutcome) -> Result<()> {
    let format = context.global.format;
    let text = match format {
        Format::Json => reviewed.json().to_string(),
        Format::Human => reviewed.human(),
        Format::Github => render(&reviewed.report, format),
        Format::Sarif => {
            let findings = &reviewed.report.findings;
            let answers = recording::answers(&context.repo()?, &context.env, findings)?;
            render_answered(&reviewed.report, &answers, format)
        }
    };
    if !text.is_empty() {
        out::result(&text);
    }
    if format == Format::Human && !context.global.quiet {
        out::talk(&reviewed.last_line());
        for hint in reviewed.hints() {
            out::hint(&hint);
        }
    }
    Ok(())
}

fn range(repo: &Repo, args: &Args) -> Result<ReviewRange> {
    Ok(match (&args.commit, &args.from) {
        _ if args.staged => ReviewRange::Staged,
        (Some(commit), _) => ReviewRange::Commit(named(repo, commit)?),
        (None, Some(from)) => {
            let to = named(repo, &args.to)?;
            ReviewRange::Between(start(repo, from, &to)?, to)
        }
        (None, None) => ReviewRange::Auto,
    })
}
