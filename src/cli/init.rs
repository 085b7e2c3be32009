//! `tribunal init`: what a repository needs to begin with.

use anyhow::Result;

use crate::cli::Context;
use crate::cli::hooks::install_hooks;
use crate::cli::trust::agree_to_named;
use crate::driver::{init, install};
use crate::model::report::ExitStatus;
use crate::ui::out;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Write the files and leave the hooks alone
    #[arg(long)]
    no_hooks: bool,
    /// Say what would be done and do nothing
    #[arg(long)]
    dry_run: bool,
}

pub fn run(context: &Context, args: &Args) -> Result<ExitStatus> {
    let repo = context.repo()?;
    let plan = init::plan(&repo)?;
    let verb = if args.dry_run { "would write" } else { "wrote" };
    if !args.dry_run {
        init::write(&plan)?;
    }
    for file in &plan.missing {
        out::result(&format!("{verb} {}", file.path));
    }
    for chosen in &plan.chosen {
        out::result(&format!("  {chosen}"));
    }
    if plan.missing.is_empty() {
        out::result("every file is there: nothing to write");
    }
    if !args.no_hooks {
        install_hooks(context, &repo, &install::default_events(&repo), args.dry_run)?;
    }
    if !args.dry_run {
        agree_to_named(context, &repo)?;
    }
    if !plan.missing.is_empty() && !args.dry_run {
        out::hint(
            "read the files, fill in what only you know, and commit them: law is what is committed",
        );
    }
    Ok(ExitStatus::Pass)
}
