//! Entry points for people and for git: one file a command.

pub mod agents;
pub mod check;
mod commit;
pub mod completions;
pub mod config;
pub mod constitution;
pub mod invocation;
mod kept_hook;
mod unchecked;
pub mod cost;
pub mod demo;
pub mod daemon;
pub mod daemon_log;
pub mod daemon_status;
pub mod doctor;
pub mod findings;
mod build_source;
mod develop;
mod elsewhere;
mod fix;
mod formats;
mod given_text;
mod help;
pub mod hook;
pub mod init;
pub mod paths;
mod push;
mod push_reviews;
mod research;
mod attack;
pub mod review;
pub mod run;
mod run_row;
pub mod runs;
mod logs;
mod spec_progress;
mod spec_runs;
mod sandbox;
mod selection;
pub mod status;
pub mod trust;
pub mod uninstall;
mod consent_answers;
mod consent_questions;
pub mod hook_report;
mod hooks;
mod hooks_status;
pub mod spec;
pub mod times;
pub mod watch;
#[cfg(test)]
mod tests;

use std::ffi::OsString;

use anyhow::Result;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use crate::cli::invocation::{Color, Global, Invocation};
use crate::domain::model::report::ExitStatus;
use crate::domain::model::terminal::printable;
use crate::platform::config::env::Env;
use crate::platform::ui::report::OutputFormat;
use crate::platform::ui::{log, out};

/// Check every commit and push, watch specs, and turn recurring mistakes into rules
#[derive(Debug, Parser)]
#[command(name = "tribunal", version, max_term_width = 100)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Set up this repository: write the starting files and install the git hooks
    Init(init::Args),
    /// Run the gates on a change, by hand or in CI
    Check(check::Args),
    /// Have AI models review a change; this sends code to them and may cost money
    Review(review::Args),
    /// Have a model attack a change with tests, by its spec; this sends code to models and may cost money
    Attack(attack::Args),
    /// Build a spec: tests that fail, code, review, a commit on a branch of its own; this sends code to AI
    /// models and may cost money
    Run(run::Args),
    /// Plan a spec and list its tasks, without building them; this sends code to AI models and may cost money
    Plan(run::PlanArgs),
    /// Build the tasks of a spec or of a planned run, without accepting and publishing them; this sends code to AI models
    /// and may cost money
    Develop(develop::Args),
    /// Repair a bug: its cause, a test that fails, the smallest repair, review, a commit on a branch of its own;
    /// this sends code to AI models and may cost money
    Fix(fix::Args),
    /// Commit without secrets and sensitive files, with a message in the form; without `-m` this sends the change to an
    /// AI model, and may cost money
    Commit(commit::Args),
    /// Push a branch after the checks of a push, by your own git; never by force
    Push(push::Args),
    /// Look into what is known of what a spec asks for, on the web and in the code, and build nothing; this sends
    /// the spec to AI models and to web searches, and may cost money
    Research(research::Args),
    /// List the reviews and the runs of specs that were made or stopped, or show one
    Runs(runs::Args),
    /// Show how a run went, step by step: who did what, what it cost and what came of it
    Logs(logs::Args),
    /// Continue a review or the run of a spec that was stopped
    Resume(review::ResumeArgs),
    /// Say yes to what the run of a spec shows you, so that it continues
    Approve(run::ApproveArgs),
    /// Have what the run of a spec shows you made again, or end it
    Reject(run::RejectArgs),
    /// End the run of a spec that was stopped, or that the watcher began
    Abort(run::AbortArgs),
    /// List findings, decide about them, add and import more
    Findings(findings::Args),
    /// Show what tribunal does, step by step, in a temporary repository
    Demo(demo::Args),
    /// Run the watcher in the foreground
    #[command(after_help = watch::EXAMPLES)]
    Watch,
    /// Start and stop the watcher in the background
    Daemon(daemon::Args),
    /// Write, check and list specs
    Spec(spec::Args),
    /// List, test, learn and remove rules
    Constitution(constitution::Args),
    /// Show every setting, its value and where it comes from
    Config(config::Args),
    /// Show what calls to agents cost, by run, role and model
    Cost(cost::Args),
    /// Show the AI agents, how they are asked and their limits, and clear a limit
    Agents(agents::Args),
    /// Show and change what tribunal may do by itself in this repository
    Trust(trust::Args),
    /// Install, remove or inspect the git hooks
    Hooks(hooks::Args),
    /// Take tribunal out of this repository
    Uninstall(uninstall::Args),
    /// Show the state of this repository: hooks, watcher, findings, bypasses
    #[command(after_help = status::EXAMPLES)]
    Status,
    /// Check git, the hooks and the AI agents, and say what to do
    #[command(after_help = doctor::EXAMPLES)]
    Doctor,
    /// Run a command without your home folder, network or secrets
    Sandbox(sandbox::Args),
    /// Print a completion script for a shell
    Completions(completions::Args),
    /// Called by the installed hooks
    #[command(hide = true)]
    Hook(hook::Args),
}

/// The command line of the program.
fn command_line() -> clap::Command {
    help::grouped(Cli::command())
}

impl Cli {
    /// Reads the command line. For `--help` and for errors in it everything is said, and how the
    /// program ends is returned.
    pub fn read() -> Result<Self, ExitStatus> {
        Self::parsed(std::env::args_os()).map_err(|error| {
            match error.kind() {
                // Words of our own alone.
                ErrorKind::DisplayHelp
                | ErrorKind::DisplayVersion
                | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => drop(error.print()),
                _ => out::usage_error(&error.render().to_string()),
            }
            if error.use_stderr() { ExitStatus::Error } else { ExitStatus::Pass }
        })
    }

    fn parsed(words: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        let matches = command_line().try_get_matches_from(words);
        let read = matches.and_then(|matches| {
            formats::check(&matches)?;
            Self::from_arg_matches(&matches)
        });
        read.map_err(|mut error| {
            quote_on_one_line(&mut error);
            name_no_hidden_command(&mut error);
            error
        })
    }
}

/// What was typed is shown as it is: escapes would be left out, and line ends would make lines that
/// read like ours.
fn quote_on_one_line(error: &mut clap::Error) {
    let typed: Vec<_> = error
        .context()
        .filter_map(|(kind, value)| match value {
            ContextValue::String(text) => Some((kind, ContextValue::String(printable(text)))),
            _ => None,
        })
        .collect();
    for (kind, value) in typed {
        error.insert(kind, value);
    }
}

/// Commands that only other programs call are no help to a person who named none.
fn name_no_hidden_command(error: &mut clap::Error) {
    let Some(ContextValue::Strings(names)) = error.get(ContextKind::ValidSubcommand) else {
        return;
    };
    let Some(ContextValue::String(typed)) = error.get(ContextKind::InvalidSubcommand) else {
        return;
    };
    let program = command_line();
    let mut words = typed.split_whitespace().skip(1);
    let Some(parent) = words.try_fold(&program, |at, word| at.find_subcommand(word)) else {
        return;
    };
    let is_hidden =
        |name: &String| parent.find_subcommand(name).is_some_and(clap::Command::is_hide_set);
    let shown = names.iter().filter(|name| !is_hidden(name)).cloned().collect();
    error.insert(ContextKind::ValidSubcommand, ContextValue::Strings(shown));
}

/// Runs a command that was read from the command line.
pub fn run(cli: Cli, env: Env) -> Result<ExitStatus> {
    out::choose_color(match cli.global.color {
        Color::Auto => None,
        Color::Always => Some(true),
        Color::Never => Some(false),
    });
    let format = cli.global.format;
    let outcome = Invocation::new(env, cli.global).and_then(|it| dispatch(&it, cli.command));
    if let (OutputFormat::Json, Err(error)) = (format, &outcome) {
        out::json_error(error);
    }
    outcome
}

fn dispatch(invocation: &Invocation, command: Command) -> Result<ExitStatus> {
    // The daemon logs to a file of its own.
    if !matches!(&command, Command::Daemon(args) if args.is_serve()) {
        log::to_stderr(invocation.env.text("RUST_LOG"), invocation.global.verbose);
    }
    match command {
        Command::Init(args) => init::run(invocation, &args),
        Command::Check(args) => check::run(invocation, &args),
        Command::Review(args) => review::run(invocation, &args),
        Command::Attack(args) => attack::run(invocation, &args),
        Command::Run(args) => run::run(invocation, &args),
        Command::Plan(args) => run::plan(invocation, &args),
        Command::Develop(args) => develop::run(invocation, &args),
        Command::Fix(args) => fix::run(invocation, &args),
        Command::Commit(args) => commit::run(invocation, &args),
        Command::Push(args) => push::run(invocation, &args),
        Command::Research(args) => research::run(invocation, &args),
        Command::Runs(args) => runs::run(invocation, &args),
        Command::Logs(args) => logs::run(invocation, &args),
        Command::Approve(args) => run::approve(invocation, &args),
        Command::Reject(args) => run::reject(invocation, &args),
        Command::Abort(args) => run::abort(invocation, &args),
        Command::Resume(args) => review::resume(invocation, &args),
        Command::Findings(args) => findings::run(invocation, &args),
        Command::Demo(args) => demo::run(invocation, &args),
        Command::Watch => watch::run_command(invocation),
        Command::Daemon(args) => daemon::run(invocation, &args),
        Command::Spec(args) => spec::run(invocation, &args),
        Command::Constitution(args) => constitution::run(invocation, &args),
        Command::Config(args) => config::run(invocation, &args),
        Command::Cost(args) => cost::run(invocation, &args),
        Command::Agents(args) => agents::run(invocation, &args),
        Command::Trust(args) => trust::run(invocation, &args),
        Command::Hooks(args) => hooks::run(invocation, &args),
        Command::Uninstall(args) => uninstall::run(invocation, &args),
        Command::Status => status::run(invocation),
        Command::Doctor => doctor::run(invocation),
        Command::Sandbox(args) => Ok(sandbox::run(invocation, &args)),
        Command::Completions(args) => Ok(completions::run(&args, command_line())),
        Command::Hook(args) => hook::run(&invocation.env, &args.name, &args.args),
    }
}
