//! `tribunal research`: looks into what is known of what a spec asks for, and builds nothing.

use std::path::PathBuf;

use anyhow::Result;

use crate::cli::invocation::Invocation;
use crate::cli::run::ended;
use crate::domain::model::report::ExitStatus;
use crate::domain::pipeline::spec_run::chosen_role::ChosenRole;
use crate::flow::call::nested_call;
use crate::flow::run;

/// Shown below `--help`.
const EXAMPLES: &str = "\
Examples:
  tribunal research docs/specs/sizes.md   look into the problem, solutions and the code, and print where
                                          the result is; a run of that spec takes it
  tribunal research sizes --role researcher=claude:opus
                                          have that model search";

/// What is to be looked into.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The spec's file, or its id; it may be a draft
    #[arg(value_name = "SPEC")]
    spec: PathBuf,
    /// Have that agent do it: `researcher=claude:opus:high`; can be repeated
    #[arg(long = "role", value_name = "ROLE=AGENT[:MODEL[:EFFORT]]")]
    roles: Vec<String>,
}

pub fn run(invocation: &Invocation, args: &Args) -> Result<ExitStatus> {
    let repo = invocation.repo()?;
    let context = invocation.context(&repo);
    nested_call::refuse(context.env, "nothing can be looked into", "do it once the call is over")?;
    let spec = context.env.current_dir.join(&args.spec);
    let roles = args.roles.iter().map(|text| ChosenRole::read(text)).collect::<Result<_>>()?;
    ended(context, &invocation.global, run::research(context, &spec, roles))
}
