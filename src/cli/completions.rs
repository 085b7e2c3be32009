//! `tribunal completions`: what a shell needs to complete commands.

use clap_complete::{Shell, generate};

use crate::domain::model::report::ExitStatus;
use crate::platform::ui::out;

#[derive(Debug, clap::Args)]
pub struct Args {
    shell: Shell,
}

/// Prints the script for `program`, as it reads its command line.
pub fn run(args: &Args, mut program: clap::Command) -> ExitStatus {
    let mut script = Vec::new();
    generate(args.shell, &mut program, "tribunal", &mut script);
    out::result_raw(&script);
    ExitStatus::Pass
}
