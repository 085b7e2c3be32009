//! `tribunal completions`: what a shell needs to complete commands.

use clap_complete::{Shell, generate};

use crate::domain::model::report::ExitStatus;
use crate::platform::ui::out;

/// Shown below `--help`.
const EXAMPLES: &str = "\
Examples:
  tribunal completions bash > ~/.local/share/bash-completion/completions/tribunal
  tribunal completions zsh > ~/.zfunc/_tribunal
  tribunal completions fish > ~/.config/fish/completions/tribunal.fish";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The shell
    shell: Shell,
}

/// Prints the script for `program`, as it reads its command line.
pub fn run(args: &Args, mut program: clap::Command) -> ExitStatus {
    let mut script = Vec::new();
    generate(args.shell, &mut program, "tribunal", &mut script);
    out::result_part(&String::from_utf8_lossy(&script));
    ExitStatus::Pass
}
