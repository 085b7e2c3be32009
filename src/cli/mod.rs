//! The doors for people and for git: one file a command.

pub mod check;
pub mod completions;
pub mod config;
pub mod constitution;
pub mod context;
pub mod cost;
pub mod demo;
pub mod daemon;
pub mod doctor;
pub mod findings;
pub mod hook;
pub mod init;
pub mod paths;
pub mod review;
pub mod runs;
pub mod status;
pub mod trust;
pub mod hooks;
pub mod spec;
pub mod times;
pub mod watch;

use anyhow::Result;
use clap::{CommandFactory as _, Parser, Subcommand};

use crate::cli::context::{Color, Context, Global};
use crate::domain::model::report::ExitStatus;
use crate::platform::config::env::Env;
use crate::platform::ui::{log, out};

/// Judges every commit and push, watches specs, and turns recurring mistakes into rules.
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
    /// Write what a repository needs to begin with, and install the hooks
    Init(init::Args),
    /// Judge a change by hand or in CI
    Check(check::Args),
    /// Have a model of another vendor review a change
    Review(review::Args),
    /// The reviews that were made, and those that were stopped
    Runs(runs::Args),
    /// Go on with a run that was stopped
    Resume(review::ResumeArgs),
    /// What was found and what was decided about it
    Findings(findings::Args),
    /// Show the whole of it on a throw-away repository
    Demo(demo::Args),
    /// Watch for specs and events in the foreground
    Watch,
    /// Watch in the background
    Daemon(daemon::Args),
    /// Write, check and list specs
    Spec(spec::Args),
    /// The rules that were learned or written, and learning
    Constitution(constitution::Args),
    /// Show every setting, its value and who gave it
    Config(config::Args),
    /// What the calls to agents cost, by run, role and model
    Cost(cost::Args),
    /// Agree to run the commands that this repository names
    Trust(trust::Args),
    /// Install the hooks, take them away, or tell how they stand
    Hooks(hooks::Args),
    /// Show how this repository stands: hooks, watcher, findings, bypasses
    Status,
    /// Whether the agents that the policy names work here, and what to do
    Doctor,
    /// Print what a shell needs to complete commands
    Completions(completions::Args),
    /// Called by the installed hooks
    #[command(hide = true)]
    Hook(hook::Args),
}

/// Runs a command that was read from the command line.
pub fn run(cli: Cli, env: Env) -> Result<ExitStatus> {
    out::choose_color(match cli.global.color {
        Color::Auto => anstream::ColorChoice::Auto,
        Color::Always => anstream::ColorChoice::Always,
        Color::Never => anstream::ColorChoice::Never,
    });
    let context = Context { env, global: cli.global };
    // The daemon logs to a file of its own.
    if !matches!(&cli.command, Command::Daemon(args) if args.is_serve()) {
        log::to_stderr(context.env.text("RUST_LOG"), context.global.verbose);
    }
    match cli.command {
        Command::Init(args) => init::run(&context, &args),
        Command::Check(args) => check::run(&context, &args),
        Command::Review(args) => review::run(&context, &args),
        Command::Runs(args) => runs::run(&context, &args),
        Command::Resume(args) => review::resume(&context, &args),
        Command::Findings(args) => findings::run(&context, &args),
        Command::Demo(args) => demo::run(&context, &args),
        Command::Watch => watch::run_command(&context),
        Command::Daemon(args) => daemon::run(&context, &args),
        Command::Spec(args) => spec::run(&context, &args),
        Command::Constitution(args) => constitution::run(&context, &args),
        Command::Config(args) => config::run(&context, &args),
        Command::Cost(args) => cost::run(&context, &args),
        Command::Trust(args) => trust::run(&context, &args),
        Command::Hooks(args) => hooks::run(&context, &args),
        Command::Status => status::run(&context),
        Command::Doctor => doctor::run(&context),
        Command::Completions(args) => Ok(completions::run(&args, Cli::command())),
        Command::Hook(args) => hook::run(&context.env, &args.name, &args.args),
    }
}
