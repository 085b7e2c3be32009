//! `tribunal demo`: the main job, run on a throw-away repository with plain git.
//!
//! Nothing here is scripted output: every line quoted is what git or tribunal answered, and a step
//! that does not do what the story says ends the demo with an error.

mod guard;
mod stage;

use anyhow::Result;

use crate::cli::demo::stage::{DemoStage, Pace, title};
use crate::domain::model::report::ExitStatus;
use crate::platform::ui::ask::can_ask;
use crate::platform::ui::out;

/// Shown below `--help`.
const EXAMPLES: &str = "\
Examples:
  tribunal demo                           step by step; Enter continues
  tribunal demo --fast --keep             without a pause; look at the repository afterwards";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Do not wait for Enter between the steps
    #[arg(long)]
    fast: bool,
    /// Keep the repository and print its path
    #[arg(long)]
    keep: bool,
}

pub fn run(args: &Args) -> Result<ExitStatus> {
    let root = tempfile::Builder::new().prefix("tribunal-demo-").tempdir()?;
    let pace = if args.fast || !can_ask() { Pace::Fast } else { Pace::Steps };
    let stage = DemoStage::set(root.path(), pace)?;
    let told = guard::narrate(&stage);
    stage.tribunal(&["daemon", "stop", "--all"])?;
    if args.keep {
        out::result(&format!("kept in {}", root.keep().display()));
    }
    told?;
    title("Done: every step did what it says");
    Ok(ExitStatus::Pass)
}
