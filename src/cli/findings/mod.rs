//! `tribunal findings`: what was found, and what is decided about it.

mod allow;
mod classes;
mod decide;
mod ledger;
mod printed;
mod values;

use std::ffi::OsString;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde_json::json;

use crate::cli::constitution;
use crate::cli::findings::classes::own_classes;
use crate::cli::findings::ledger::{finding, with_ledger};
use crate::cli::findings::values::{
    class_of, gate_of, path_of, severity_of, split_place, status_of,
};
use crate::cli::invocation::Invocation;
use crate::cli::times::since_of;
use crate::domain::locate::index::LineLocators;
use crate::domain::model::class::Class;
use crate::domain::model::error::hinted;
use crate::domain::model::gate::Gate;
use crate::domain::model::report::ExitStatus;
use crate::domain::model::stored_finding::{DispositionKind, FindingStatus};
use crate::domain::model::terminal::printable;
use crate::domain::model::text::{counted, short_id};
use crate::flow::context::Context;
use crate::flow::evaluate::manual_finding::ManualFinding;
use crate::flow::evaluate::relocate;
use crate::flow::evaluate::relocate::Relocation;
use crate::flow::evaluate::seen_on::BranchLookup;
use crate::flow::evaluate::{import, manual_finding, recording, standing};
use crate::flow::learn;
use crate::flow::review::chosen;
use crate::flow::workspace::work_tree::read_named;
use crate::platform::config::env::now;
use crate::platform::store;
use crate::platform::store::ledger::error::Error as LedgerError;
use crate::platform::store::ledger::query::{Filter, Listing};
use crate::platform::store::regular::{REPORT, Unfit};
use crate::platform::ui::findings::{StatusColumn, details, json_details, place_text, table};
use crate::platform::ui::out;
use crate::platform::ui::report::{OutputFormat, json_finding};

/// Shown below `--help`.
const EXAMPLES: &str = "\
Examples:
  tribunal findings
  tribunal findings show 3EFCVP
  tribunal findings show 3EFCVP --patch | git apply
  tribunal findings dismiss 3EFCVP -r \"only in tests\"
  tribunal findings allow 3EFCVP -r \"a key of the documentation\"
  tribunal findings import report.sarif

A finding of a gate closes by itself: it is resolved once nothing that counts has it any more,
or withdrawn where it never was committed. `accept` and `dismiss` hold on this machine and in
this repository alone: a clone and CI find it still. `allow` lets it pass for everyone.";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// List findings, last seen first (the default)
    List(ListArgs),
    /// Show everything about one finding
    Show {
        /// The id, or enough of its beginning or end
        id: String,
        /// Print the fix that resolved it, as a patch that `git apply` takes
        #[arg(long)]
        patch: bool,
    },
    /// Add a finding of your own
    Add(AddArgs),
    /// Import another tool's report: SARIF, cargo JSON, rdjson, a Codex review, or plain lines
    Import(ImportArgs),
    /// Accept a finding on this machine alone: it is right, but may stay; it counts towards a rule
    Accept(decide::Args),
    /// Dismiss a finding on this machine alone: it is wrong or does not matter; it counts against its rule
    Dismiss(decide::Args),
    /// Let a finding pass for everyone: write it to `tribunal.toml`, which holds once committed
    Allow(allow::Args),
    /// Reopen a finding: withdraw an earlier decision
    Reopen(decide::Args),
    /// List the classes that a finding or a rule may have
    Classes(classes::Args),
}

#[derive(Debug, Default, clap::Args)]
struct ListArgs {
    /// Only this status: open, accepted, dismissed, resolved, withdrawn or all
    #[arg(long, default_value = "open")]
    status: String,
    /// Only this class
    #[arg(long)]
    class: Option<String>,
    /// Only this gate
    #[arg(long)]
    gate: Option<String>,
    /// Only in this file or below this folder
    #[arg(long)]
    path: Option<PathBuf>,
    /// Only seen since a date (2026-01-31), a time, or a number of days (30d)
    #[arg(long)]
    since: Option<String>,
    /// Show at most this many [default: 50; all with JSON, 25,000 with SARIF]
    #[arg(long)]
    limit: Option<usize>,
}

#[derive(Debug, clap::Args)]
struct AddArgs {
    /// The class of mistake, as in `error-handling/unchecked-result`
    #[arg(long)]
    class: String,
    /// The place; the path is relative to the current directory
    #[arg(long, value_name = "PATH:LINE")]
    at: OsString,
    /// What is wrong, and why
    #[arg(long, short)]
    message: String,
    /// The severity: critical, high, medium or low
    #[arg(long, default_value = "medium")]
    severity: String,
}

#[derive(Debug, clap::Args)]
struct ImportArgs {
    /// The report; `-` reads standard input
    file: PathBuf,
    /// The format: sarif, cargo-json, rdjson, codex, or a regular expression with the groups `path`,
    /// `line`, `message` and others [default: detected]
    #[arg(long = "as", value_name = "FORMAT")]
    written_as: Option<String>,
}

/// The most lines of a table, unless more are asked for.
const LINES_MAX: usize = 50;

/// The most results for other programs, unless more are asked for: GitHub takes no more of one run.
const RESULTS_MAX: usize = 25_000;

pub fn run(invocation: &Invocation, args: &Args) -> Result<ExitStatus> {
    match &args.command {
        None => list(invocation, &ListArgs { status: "open".to_owned(), ..ListArgs::default() }),
        Some(Command::List(args)) => list(invocation, args),
        Some(Command::Show { id, patch: true }) => patch(invocation, id),
        Some(Command::Show { id, patch: false }) => show(invocation, id),
        Some(Command::Add(args)) => add(invocation, args),
        Some(Command::Import(args)) => import(invocation, args),
        Some(Command::Accept(args)) => decide::run(invocation, args, DispositionKind::Accepted),
        Some(Command::Dismiss(args)) => decide::run(invocation, args, DispositionKind::Dismissed),
        Some(Command::Reopen(args)) => decide::run(invocation, args, DispositionKind::Reopened),
        Some(Command::Allow(args)) => allow::run(invocation, args),
        Some(Command::Classes(args)) => classes::run(invocation, args),
    }
}

/// Prints the patch of a finding's fix as it is: it is for programs.
fn patch(invocation: &Invocation, id: &str) -> Result<ExitStatus> {
    let repo = invocation.repo()?;
    let context = invocation.context(&repo);
    let found = with_ledger(context, |ledger| ledger.resolve(id, now(context.env)))?;
    out::patch(&chosen::patch(context, &found.id)?);
    Ok(ExitStatus::Pass)
}

fn list(invocation: &Invocation, args: &ListArgs) -> Result<ExitStatus> {
    let repo = invocation.repo()?;
    let context = invocation.context(&repo);
    let now = now(context.env);
    let format = invocation.global.format;
    let filter = Filter {
        status: status_of(&args.status)?,
        class: args.class.as_deref().map(Class::named),
        gate: args.gate.as_deref().map(gate_of).transpose()?,
        path: args.path.as_deref().map(|path| path_of(context, path)).transpose()?,
        since: args.since.as_deref().map(|since| since_of(since, now)).transpose()?,
        limit: args.limit.or(match format {
            OutputFormat::Human => Some(LINES_MAX),
            OutputFormat::Sarif | OutputFormat::Github => Some(RESULTS_MAX),
            OutputFormat::Json => None,
        }),
    };
    standing::refresh(context)?;
    if format == OutputFormat::Json {
        // A damaged ledger is set aside now, and not when a part is printed.
        let total = if store::ledger::exists(&repo.state_dir()) {
            with_ledger(context, |ledger| ledger.count(&filter, now))?
        } else {
            0
        };
        return printed::json(context, &filter, now, total);
    }
    let listing = if store::ledger::exists(&repo.state_dir()) {
        with_ledger(context, |ledger| ledger.list(&filter, now))?
    } else {
        Listing { findings: Vec::new(), total: 0 }
    };
    match format {
        OutputFormat::Json => {}
        OutputFormat::Sarif | OutputFormat::Github => printed::report(context, &listing, format)?,
        OutputFormat::Human => {
            let status = match filter.status {
                Some(FindingStatus::Open) => StatusColumn::LeftOut,
                _ => StatusColumn::Shown,
            };
            let mut branches = BranchLookup::new(&repo)?;
            let mut seen_on = Vec::new();
            for kept in &listing.findings {
                let history = with_ledger(context, |ledger| ledger.history(&kept.id))?;
                seen_on.push(branches.of(kept, history));
            }
            let total = listing.total;
            let text = table(&listing.findings, &seen_on, total, status, out::width());
            if !text.is_empty() {
                out::result(text);
            } else if !invocation.global.quiet {
                out::talk(match filter.status {
                    Some(FindingStatus::Open) if filter.is_wide() => "no open findings",
                    _ => "no findings match",
                });
            }
        }
    }
    Ok(ExitStatus::Pass)
}

fn show(invocation: &Invocation, id: &str) -> Result<ExitStatus> {
    let repo = invocation.repo()?;
    let context = invocation.context(&repo);
    let now = now(context.env);
    standing::refresh(context)?;
    let kept = finding(context, id, now)?;
    let (history, locators) =
        with_ledger(context, |ledger| Ok((ledger.history(&kept.id)?, ledger.locators(&kept.id)?)))?;
    let locators: Option<LineLocators> = locators.and_then(|text| serde_json::from_str(&text).ok());
    let today = relocate::relocate(&repo, &kept, &history, locators.as_ref())?;
    if invocation.global.format == OutputFormat::Json {
        let mut finding = json_details(&kept, &history);
        finding["now"] = match today {
            Relocation::At(line) => json!({"line": line}),
            Relocation::Edited => json!("edited"),
            Relocation::Gone => json!("gone"),
            Relocation::Unknown => json!(null),
        };
        out::json(&json!({"finding": finding}));
    } else {
        out::result(details(&kept, &history, now));
        // Of a gate's the state says it: open is what is somewhere. So it does of what is closed.
        let is_closed = matches!(kept.status, FindingStatus::Resolved | FindingStatus::Withdrawn);
        let says_more = !is_closed && !Gate::OF_CHANGES.contains(&kept.finding.gate);
        if kept.status == FindingStatus::Open && !matches!(today, Relocation::At(_)) {
            let held = standing::holders(context, std::slice::from_ref(&kept.id), None)?;
            for place in held.values() {
                out::result(&format!("{} has it", printable(place)));
            }
        }
        match today {
            Relocation::At(line) => out::result(&format!("in HEAD: line {line}")),
            Relocation::Edited if says_more => {
                out::result(
                    "in HEAD: the line was edited; `tribunal review` asks whether it still holds",
                );
            }
            Relocation::Gone if says_more => out::result("in HEAD: gone"),
            Relocation::Edited | Relocation::Gone | Relocation::Unknown => {}
        }
    }
    Ok(ExitStatus::Pass)
}

fn add(invocation: &Invocation, args: &AddArgs) -> Result<ExitStatus> {
    let repo = invocation.repo()?;
    let context = invocation.context(&repo);
    let (path, line) = split_place(&args.at)?;
    let path = path_of(context, path)?;
    if args.message.trim().is_empty() {
        return Err(hinted("a finding needs a message", "give one with `--message`"));
    }
    let class = class_of(&args.class, &own_classes(context)?)?;
    let severity = severity_of(&args.severity)?;
    let manual = ManualFinding { class, severity, path, line, message: args.message.trim() };
    let (change, finding) = manual_finding::to_finding(&repo, &manual)?;
    let kept =
        recording::try_record(context, &[(&change, vec![finding])]).map_err(LedgerError::hinted)?;
    for skipped in &kept.skipped {
        out::warn(&skipped.reason);
    }
    for reported in &kept.findings {
        if invocation.global.format == OutputFormat::Json {
            let finding = json_finding(reported);
            out::json(&json!({"finding": finding}));
            continue;
        }
        let place = reported.finding.place.as_ref().map(place_text).unwrap_or_default();
        let anchor = printable(reported.finding.anchor.trim());
        let id = reported.id.as_deref().map_or("", short_id);
        out::result(&format!("{id} {place}: {anchor}"));
    }
    learn_from_it(context);
    Ok(ExitStatus::Pass)
}

fn import(invocation: &Invocation, args: &ImportArgs) -> Result<ExitStatus> {
    let repo = invocation.repo()?;
    let context = invocation.context(&repo);
    let failed = || format!("could not read `{}`", args.file.display());
    let report = if args.file == Path::new("-") {
        let mut report = Vec::new();
        io::stdin().lock().read_to_end(&mut report).with_context(failed)?;
        report
    } else {
        let report = read_named(context, &args.file, REPORT.bytes + 1).with_context(failed)?;
        if report.len() as u64 > REPORT.bytes {
            return Err(Unfit::TooLarge(REPORT)).with_context(failed);
        }
        report
    };
    let imported = import::read(&repo, &report, args.written_as.as_deref(), &args.file)?;
    let count = imported.findings.len();
    let kept = recording::try_record(context, &[(&imported.change, imported.findings)])
        .map_err(LedgerError::hinted)?;
    for skipped in &kept.skipped {
        out::warn(&skipped.reason);
    }
    if imported.elsewhere > 0 {
        let elsewhere = imported.elsewhere;
        out::warn(&format!("{elsewhere} of them are in files that are not in the last commit"));
    }
    if invocation.global.format == OutputFormat::Json {
        let findings: Vec<_> = kept.findings.iter().map(json_finding).collect();
        out::json(&json!({"findings": findings, "total": count}));
    } else if !invocation.global.quiet {
        out::result(&format!(
            "imported {}; `tribunal findings` lists the open ones",
            counted(count, "finding")
        ));
    }
    learn_from_it(context);
    Ok(ExitStatus::Pass)
}

/// Learns a rule where the new findings recur often enough. The findings are kept in any case.
fn learn_from_it(context: Context<'_>) {
    match learn::learn_automatically(context) {
        Ok(session) => constitution::print_session(&session),
        Err(error) => out::warn(&format!("no rule was learned: {error:#}")),
    }
}
