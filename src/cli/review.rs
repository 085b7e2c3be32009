//! `tribunal review`: a model of another vendor attacks a change, a third voice weighs what it
//! found, and code decides.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context as _, Result};

use crate::cli::Context;
use crate::driver::review::{self, Range, Request, background};
use crate::git::repo::Repo;
use crate::model::oid::Oid;
use crate::model::report::ExitStatus;
use crate::ui::out;

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

pub fn run(context: &Context, args: &Args) -> Result<ExitStatus> {
    let repo = context.repo()?;
    let (env, flags) = (&context.env, &context.global.set);
    if env.get("TRIBUNAL_AGENT").is_some() {
        return Err(out::hinted(
            "a review cannot be asked for from inside an agent's call",
            "the change is reviewed once the call is over",
        ));
    }
    let quiet = context.global.quiet;
    let mut tell = |line: &str| {
        if !quiet {
            out::talk(line);
        }
    };
    if args.waiting {
        background::work_off(&repo, |commit| {
            review::in_background(&repo, env, flags, commit, &mut tell)
        })?;
        return Ok(ExitStatus::Pass);
    }
    let request = Request {
        range: range(&repo, args)?,
        spec: args.spec.as_ref().map(|path| env.current_dir.join(path)),
        fix: args.fix,
        fresh: args.fresh,
    };
    let reviewed = review::review(&repo, env, flags, &request, &mut tell)?;
    if args.report {
        let path = review::report::write(&repo, &reviewed)?;
        tell(&format!("the report is in `{}`", path.display()));
    }
    show(context, &reviewed);
    Ok(reviewed.status())
}

/// Prints what a review came to.
pub fn show(context: &Context, reviewed: &Reviewed) {
    let format = context.global.format;
    let text = match format {
        Format::Json => reviewed.json().to_string(),
        Format::Human => reviewed.human(),
        Format::Sarif | Format::Github => render(&reviewed.report, format),
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
}

fn range(repo: &Repo, args: &Args) -> Result<Range> {
    Ok(match (&args.commit, &args.from) {
        _ if args.staged => Range::Staged,
        (Some(commit), _) => Range::Commit(named(repo, commit)?),
        (None, Some(from)) => Range::Between(named(repo, from)?, named(repo, &args.to)?),
        (None, None) => Range::Unsaid,
    })
}
