//! `tribunal daemon`: the watcher in the background.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::json;

use crate::cli::invocation::Invocation;
use crate::daemon::control::{Start, Stop, log_path};
use crate::daemon::lock;
use crate::daemon::lock::{Holder, Mode};
use crate::daemon::watched_repo::WatchedRepo;
use crate::daemon::{control, learner};
use crate::domain::model::error::hinted;
use crate::domain::model::report::ExitStatus;
use crate::domain::model::terminal::printable;
use crate::domain::model::text::counted;
use crate::domain::policy::consent::ConsentAnswer;
use crate::flow::setup::consent;
use crate::flow::setup::install::guard;
use crate::platform::git::repo::Repo;
use crate::platform::store::file;
use crate::platform::store::known_specs::{KnownSpecs, Version};
use crate::platform::store::stop_mark::LastStop;
use crate::platform::store::{inbox, spec_queue};
use crate::platform::ui::out;
use crate::platform::ui::report::OutputFormat;
use crate::platform::ui::time::local;

/// How many of the last records `status` shows.
const RECORDS: usize = 5;

/// How much of the log is shown at first, in bytes.
const LOG_SHOWN: u64 = 16 * 1024;

/// Shown below `--help`.
const EXAMPLES: &str = "\
Examples:
  tribunal daemon start
  tribunal daemon status
  tribunal daemon log --follow";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Start the watcher in the background, unless it runs already
    Start,
    /// Stop the watcher and what reviews in the background, until `daemon start`
    Stop,
    /// Show whether the watcher runs, what it watches and what is queued
    Status,
    /// Show the end of the watcher's log
    Log {
        /// Keep printing new lines
        #[arg(long, short)]
        follow: bool,
    },
    /// Run the watcher process itself
    #[command(hide = true)]
    Serve {
        /// The stop before this was begun
        #[arg(long)]
        last_stop: Option<String>,
    },
    /// What a process does that learns for the watcher
    #[command(hide = true)]
    Learn,
}

impl Args {
    /// Whether this is the daemon itself.
    pub fn is_serve(&self) -> bool {
        matches!(self.command, Command::Serve { .. })
    }
}

pub fn run(invocation: &Invocation, args: &Args) -> Result<ExitStatus> {
    let repo = invocation.repo()?;
    let mut place = WatchedRepo::of(invocation.context(&repo));
    match &args.command {
        Command::Start => start(invocation, &repo, &place),
        Command::Stop => stop(invocation, &place),
        Command::Status => status(invocation, &place),
        Command::Log { follow } => log(&place, *follow),
        Command::Learn => learn(invocation, &place),
        Command::Serve { last_stop } => {
            if let Some(begun) = last_stop {
                place.last_stop = LastStop::named(begun);
            }
            control::serve(place, invocation.global.verbose)?;
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

fn start(invocation: &Invocation, repo: &Repo, place: &WatchedRepo) -> Result<ExitStatus> {
    let mut agreed = consent::load(repo, &invocation.env)?;
    if agreed.watcher != ConsentAnswer::Yes {
        // Who starts it wants it until it is stopped.
        agreed.watcher = ConsentAnswer::Yes;
        consent::save(repo, &agreed)?;
    }
    let (word, holder) = match control::start(place, invocation.global.verbose)? {
        Start::Started(holder) => ("started", holder),
        Start::AlreadyRunning(holder) => ("already running", holder),
        Start::Stopped => {
            return Err(hinted(
                "the daemon was stopped while it was being started",
                "run `tribunal daemon start` again",
            ));
        }
        Start::Failed { log } => {
            return Err(hinted(
                format!("the daemon did not start\n{}", log.trim_end()),
                "`tribunal watch` runs it in the foreground and shows why",
            ));
        }
    };
    if invocation.global.format == OutputFormat::Json {
        out::json(&json!({"version": 1, "outcome": word, "daemon": holder}));
    } else if !invocation.global.quiet {
        out::result(&format!("{word}: process {}", holder.pid()));
        if let Some(drift) = drift(&holder) {
            out::warn(&drift);
            out::hint(
                "run `tribunal daemon stop`, then `tribunal daemon start`, to use this version",
            );
        }
    }
    Ok(ExitStatus::Pass)
}

fn stop(invocation: &Invocation, place: &WatchedRepo) -> Result<ExitStatus> {
    let word = match control::stop(place)? {
        Stop::Stopped => "stopped",
        Stop::NotRunning => "not running",
        Stop::StillRunning { pid } => {
            return Err(hinted(
                format!("process {pid} did not stop within 10 s"),
                format!("`kill -9 {pid}` stops it; no work is lost"),
            ));
        }
    };
    if invocation.global.format == OutputFormat::Json {
        out::json(&json!({"version": 1, "outcome": word}));
    } else if !invocation.global.quiet {
        out::result(word);
    }
    Ok(ExitStatus::Pass)
}

fn status(invocation: &Invocation, place: &WatchedRepo) -> Result<ExitStatus> {
    let holder = lock::holder(&place.state_dir);
    let watched = holder.as_ref().and_then(|holder| control::watched(place, holder));
    let known = KnownSpecs::load(&place.state_dir, None)?.known;
    let records = last_records(&known);
    let queue = spec_queue::list(&place.state_dir)?;
    let events = inbox::waiting(&place.state_dir);
    let unguarded = guard::unguarded(&place.common_dir, &place.env)?;
    if invocation.global.format == OutputFormat::Json {
        let records: Vec<_> =
            records.iter().map(|(id, version)| json!({"id": id, "version": version})).collect();
        out::json(&json!({
            "version": 1,
            "running": holder.is_some(),
            "stopped": place.last_stop.holds(),
            "daemon": holder,
            "drift": holder.as_ref().is_some_and(|holder| drift(holder).is_some()),
            "folders": watched.as_ref().map(|watched| &watched.folders),
            "worktrees": watched.as_ref().map(|watched| &watched.worktrees),
            "method": watched.as_ref().map(|watched| &watched.method),
            "queue": queue.len(),
            "events": events,
            "records": records,
            "unguarded": unguarded,
        }));
        return Ok(ExitStatus::Pass);
    }
    match &holder {
        None if place.last_stop.holds() => {
            out::result("not running: it was stopped; start it with `tribunal daemon start`");
        }
        None => out::result("not running; start it with `tribunal daemon start`"),
        Some(holder) => {
            let mode = match holder.mode {
                Mode::Daemon => "running in the background",
                Mode::Foreground => "running as `tribunal watch`",
            };
            let (pid, since) = (holder.pid(), local(holder.since));
            out::result(&format!("{mode}: process {pid}, since {since}"));
            if let Some(drift) = drift(holder) {
                out::warn(&drift);
            }
        }
    }
    for line in &unguarded {
        out::warn(&printable(line));
    }
    for folder in watched.iter().flat_map(|watched| &watched.folders) {
        out::result(&format!("watching {}", printable(folder)));
    }
    if watched.as_ref().is_some_and(|watched| watched.folders.is_empty()) {
        out::result("waiting for a folder of specs");
    }
    out::result(&format!(
        "{} in the queue, {} waiting",
        counted(queue.len(), "spec"),
        counted(events, "event")
    ));
    print_records(&records);
    Ok(ExitStatus::Pass)
}

fn print_records(records: &[(&str, &Version)]) {
    for (id, version) in records {
        let outcome = match (version.accepted, version.errors) {
            (true, _) => format!("queued, {}", version.size),
            (false, 0) => "draft".to_owned(),
            (false, errors) => counted(errors, "error"),
        };
        out::result(&format!(
            "{} {}: {outcome} ({})",
            local(version.time),
            printable(id),
            printable(&version.path)
        ));
    }
}

fn drift(holder: &Holder) -> Option<String> {
    let own = env!("CARGO_PKG_VERSION");
    (holder.version != own)
        .then(|| format!("the watcher is tribunal {}, this is {own}", holder.version))
}

fn last_records(known: &KnownSpecs) -> Vec<(&str, &Version)> {
    let mut records: Vec<(&str, &Version)> = known
        .specs
        .iter()
        .filter_map(|(id, versions)| Some((id.as_str(), versions.last()?)))
        .collect();
    records.sort_by_key(|(id, version)| (std::cmp::Reverse(version.time), *id));
    records.truncate(RECORDS);
    records
}

fn log(place: &WatchedRepo, follow: bool) -> Result<ExitStatus> {
    let path = log_path(place);
    let failed = || format!("could not read `{}`", path.display());
    let mut file = match file::open(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(hinted(
                "there is no log yet",
                "`tribunal daemon start` starts the watcher, which writes one",
            ));
        }
        other => other.with_context(failed)?,
    };
    let size = file.metadata().with_context(failed)?.len();
    let skipped = size.saturating_sub(LOG_SHOWN);
    file.seek(SeekFrom::Start(skipped)).with_context(failed)?;
    let mut text = Vec::new();
    file.read_to_end(&mut text).with_context(failed)?;
    // From the first whole line on.
    let begin = if skipped == 0 { 0 } else { memchr::memchr(b'\n', &text).map_or(0, |at| at + 1) };
    out::result_part(&String::from_utf8_lossy(&text[begin..]));
    if !follow {
        return Ok(ExitStatus::Pass);
    }
    // Until Ctrl-C, or until the reader has gone.
    while !out::reader_left(Some(Duration::from_millis(250))) {
        text.clear();
        file.read_to_end(&mut text).with_context(failed)?;
        out::result_part(&String::from_utf8_lossy(&text));
        // The log was put aside: the new one goes on from its beginning.
        if was_replaced(&file, &path)
            && let Ok(new) = file::open(&path)
        {
            file = new;
        }
    }
    Ok(ExitStatus::Pass)
}

fn was_replaced(file: &File, path: &Path) -> bool {
    match (file.metadata(), path.metadata()) {
        (Ok(open), Ok(named)) => open.ino() != named.ino(),
        _ => false,
    }
}
