//! `tribunal init`: what a repository needs to begin with.

use anyhow::Result;

use crate::cli::hooks::install_hooks;
use crate::cli::invocation::Invocation;
use crate::cli::trust;
use crate::domain::model::report::ExitStatus;
use crate::flow::setup::{init, install};
use crate::platform::ui::out;

/// Shown below `--help`.
const EXAMPLES: &str = "\
Examples:
  tribunal init --dry-run                 show what would be written
  tribunal init";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Write the files without installing hooks
    #[arg(long)]
    no_hooks: bool,
    /// Print what would be done, change nothing
    #[arg(long)]
    dry_run: bool,
}

pub fn run(invocation: &Invocation, args: &Args) -> Result<ExitStatus> {
    let repo = invocation.repo()?;
    let context = invocation.context(&repo);
    let plan = init::plan(&repo)?;
    let verb = if args.dry_run { "would write" } else { "wrote" };
    if !args.dry_run {
        init::write(&repo, &plan)?;
    }
    for file in &plan.missing {
        out::result(&format!("{verb} {}", file.path));
    }
    for (path, why) in &plan.left_out {
        out::warn(&format!("`{path}` is not written: {why}"));
    }
    for chosen in &plan.chosen {
        out::result(&format!("  {chosen}"));
    }
    if plan.missing.is_empty() && plan.left_out.is_empty() {
        out::result("all files exist, nothing to write");
    }
    if !args.no_hooks {
        install_hooks(invocation, &repo, &install::default_events(&repo), args.dry_run)?;
    }
    if !args.dry_run {
        trust::offer(context)?;
    }
    if !plan.missing.is_empty() && !args.dry_run {
        out::hint(
            "review these files and commit them; settings take effect once they are committed",
        );
    }
    Ok(ExitStatus::Pass)
}
