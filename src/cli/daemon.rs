//! `tribunal daemon`: the watcher in the background.

use std::path::PathBuf;

use anyhow::Result;
use serde_json::json;

use crate::cli::daemon_log;
use crate::cli::daemon_status;
use crate::cli::invocation::Invocation;
use crate::cli::run as spec_run;
use crate::daemon::control::{Start, Stop};
use crate::daemon::watched_repo::WatchedRepo;
use crate::daemon::{control, learner, process};
use crate::domain::model::error::hinted;
use crate::domain::model::report::ExitStatus;
use crate::domain::policy::consent::ConsentAnswer;
use crate::flow::dropped::work::{BuildDeed, BuildOrder, work};
use crate::flow::setup::consent;
use crate::platform::store::stop_mark::LastStop;
use crate::platform::ui::out;
use crate::platform::ui::report::OutputFormat;

/// Shown below `--help`.
const EXAMPLES: &str = "\
Examples:
  tribunal daemon start
  tribunal daemon status --all
  tribunal daemon log --follow";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Have this repository watched in the background, also from now on
    Start,
    /// Stop watching it and what reviews and builds in the background, until `daemon start`
    Stop {
        /// Stop all repositories, and end the watcher
        #[arg(long)]
        all: bool,
    },
    /// Show whether this repository is watched, what is watched and what was recorded
    Status {
        /// Show every repository that the watcher watches
        #[arg(long)]
        all: bool,
    },
    /// Show what the watcher did for this repository
    Log {
        /// Keep printing new lines
        #[arg(long, short)]
        follow: bool,
        /// Show all repositories
        #[arg(long)]
        all: bool,
    },
    /// Run the watcher process itself
    #[command(hide = true)]
    Serve,
    /// What a process does that learns for the watcher
    #[command(hide = true)]
    Learn,
    /// What a process does that builds a spec for the watcher
    #[command(hide = true)]
    Build {
        /// The spec's own id
        #[arg(long)]
        spec: String,
        /// The stop before this was begun
        #[arg(long)]
        last_stop: String,
        /// The spec's file
        #[arg(long, required_unless_present = "resume")]
        file: Option<PathBuf>,
        /// End this run of it first
        #[arg(long, requires = "file")]
        instead_of: Option<String>,
        /// Continue this run of it
        #[arg(long, conflicts_with = "file")]
        resume: Option<String>,
    },
}

impl Args {
    /// Whether this is the daemon itself.
    pub fn is_serve(&self) -> bool {
        matches!(self.command, Command::Serve)
    }
}

pub fn run(invocation: &Invocation, args: &Args) -> Result<ExitStatus> {
    let place =
        || -> Result<WatchedRepo> { Ok(WatchedRepo::of(invocation.context(&invocation.repo()?))) };
    match &args.command {
        Command::Start => start(invocation),
        Command::Stop { all: false } => told_stop(invocation, control::stop(&place()?)?),
        Command::Stop { all: true } => told_stop(invocation, control::stop_all()?),
        Command::Status { all: false } => daemon_status::of_one(invocation, &place()?),
        Command::Status { all: true } => daemon_status::of_all(invocation),
        Command::Log { follow, all: false } => {
            daemon_log::show(invocation, Some(&place()?), *follow)
        }
        Command::Log { follow, all: true } => daemon_log::show(invocation, None, *follow),
        Command::Learn => learn(invocation, &place()?),
        Command::Build { spec, last_stop, file, instead_of, resume } => {
            let deed = match (file, resume) {
                (Some(file), None) => {
                    BuildDeed::Begin { file: file.clone(), instead_of: instead_of.clone() }
                }
                (_, resume) => BuildDeed::Resume(resume.clone().unwrap_or_default()),
            };
            build(invocation, &LastStop::named(last_stop), &BuildOrder { id: spec.clone(), deed })
        }
        Command::Serve => {
            process::serve(&invocation.env, invocation.global.verbose)?;
            Ok(ExitStatus::Pass)
        }
    }
}

/// Learns in the work tree that `--repo` names, and prints a line of JSON for each rule.
fn learn(invocation: &Invocation, place: &WatchedRepo) -> Result<ExitStatus> {
    let worktree = invocation.global.repo.as_deref().unwrap_or(&invocation.env.current_dir);
    for rule in learner::work(place, worktree)? {
        out::json(&rule);
    }
    Ok(ExitStatus::Pass)
}

/// Builds a spec, or goes on with its run, in the work tree that `--repo` names.
fn build(invocation: &Invocation, last_stop: &LastStop, order: &BuildOrder) -> Result<ExitStatus> {
    let repo = invocation.repo()?;
    match work(invocation.context(&repo), last_stop, order) {
        Err(error) => spec_run::stopped(error),
        Ok(()) => Ok(ExitStatus::Pass),
    }
}

fn start(invocation: &Invocation) -> Result<ExitStatus> {
    let repo = invocation.repo()?;
    let place = WatchedRepo::of(invocation.context(&repo));
    let mut agreed = consent::load(&repo, &invocation.env)?;
    if agreed.watcher != ConsentAnswer::Yes {
        // Who starts it wants it until it is stopped.
        agreed.watcher = ConsentAnswer::Yes;
        consent::save(&repo, &agreed)?;
    }
    let (word, holder) = match control::start(&place, invocation.global.verbose)? {
        Start::Started(holder) => ("started", holder),
        Start::AlreadyRunning(holder) => ("already running", holder),
        Start::Stopped => {
            return Err(hinted(
                "the watcher was stopped while it was being started",
                "run `tribunal daemon start` again",
            ));
        }
        Start::Failed { why } => {
            return Err(hinted(
                format!("this repository is not watched\n{}", why.trim_end()),
                "`tribunal watch` watches it in the foreground and shows more",
            ));
        }
    };
    if invocation.global.format == OutputFormat::Json {
        out::json(&json!({"outcome": word, "daemon": holder}));
    } else if !invocation.global.quiet {
        out::result(&format!("{word}: process {}", holder.pid()));
        if let Some(drift) = daemon_status::drift(&holder) {
            out::warn(&drift);
            out::hint("run `tribunal daemon stop --all` and start it again to use this version");
        }
    }
    Ok(ExitStatus::Pass)
}

fn told_stop(invocation: &Invocation, stop: Stop) -> Result<ExitStatus> {
    let word = match stop {
        Stop::Stopped => "stopped",
        Stop::NotRunning => "not running",
        Stop::StillRunning { pid } => {
            return Err(hinted(
                format!("process {pid} did not stop its work within 10 s"),
                format!("`kill -9 {pid}` ends it; no work is lost"),
            ));
        }
    };
    if invocation.global.format == OutputFormat::Json {
        out::json(&json!({"outcome": word}));
    } else if !invocation.global.quiet {
        out::result(word);
    }
    Ok(ExitStatus::Pass)
}
