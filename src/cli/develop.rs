//! `tribunal develop`: builds the tasks of a spec, or of a run that was planned, and nothing after them.

use anyhow::Result;

use crate::cli::build_source::BuildSource;
use crate::cli::invocation::Invocation;
use crate::cli::run::{autopilot, chosen_roles, ended};
use crate::domain::model::error::hinted;
use crate::domain::model::report::ExitStatus;
use crate::domain::pipeline::spec_run::about::{RunMode, RunOptions, RunUntil};
use crate::flow::call::nested_call;
use crate::flow::run;
use crate::platform::store::runs;

/// Shown below `--help`.
const EXAMPLES: &str = "\
Examples:
  tribunal develop docs/specs/sizes.md    plan that spec where it needs a plan, and build its tasks;
                                          `tribunal resume` accepts and publishes what was built
  tribunal develop 3EFCVP                 build the tasks of the run that `tribunal plan` made";

/// What is to be built.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    #[command(flatten)]
    source: BuildSource,
    /// Whether you are asked about the spec that is written, research, the plan and the tasks
    #[arg(long, value_name = "MODE", value_enum, default_value_t = DevelopMode::Auto)]
    mode: DevelopMode,
    /// Have that agent in a role, in this run alone: `executor=codex:gpt-5.5:high`; can be repeated
    #[arg(long = "role", value_name = "ROLE=AGENT[:MODEL[:EFFORT]]")]
    roles: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum DevelopMode {
    /// Nobody is asked but where nothing else helps
    Auto,
    /// You answer for a spec that is written of a text, research, the plan and the tasks
    Manual,
}

pub fn run(invocation: &Invocation, args: &Args) -> Result<ExitStatus> {
    let repo = invocation.repo()?;
    let context = invocation.context(&repo);
    nested_call::refuse(context.env, "no spec can be built", "build it once the call is over")?;
    let (mode, autopilot) = (args.mode, autopilot(context.env));
    if let Some(word) = args.source.as_run(context) {
        if mode != DevelopMode::Auto || !args.roles.is_empty() {
            return Err(hinted(
                format!("the run `{word}` has its mode and its roles already"),
                "leave `--mode` and `--role` out, or name the spec",
            ));
        }
        let id = runs::resolve(&repo.state_dir(), &word)?;
        return ended(context, &invocation.global, run::develop(context, &id, autopilot));
    }
    let mode = match mode {
        DevelopMode::Auto => RunMode::Auto,
        DevelopMode::Manual => RunMode::Manual,
    };
    let options = RunOptions {
        until: RunUntil::Code,
        roles: chosen_roles(&args.roles)?,
        autopilot,
        ..RunOptions::default()
    };
    ended(context, &invocation.global, args.source.run(context, mode, options))
}
