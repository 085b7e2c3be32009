//! `tribunal completions`: what a shell needs to complete commands.

use clap::CommandFactory as _;
use clap_complete::{Shell, generate};

use crate::cli::Cli;
use crate::domain::model::report::ExitStatus;
use crate::platform::ui::out;

#[derive(Debug, clap::Args)]
pub struct Args {
    shell: Shell,
}

pub fn run(args: &Args) -> ExitStatus {
    let mut script = Vec::new();
    generate(args.shell, &mut Cli::command(), "tribunal", &mut script);
    out::result_raw(&script);
    ExitStatus::Pass
}
