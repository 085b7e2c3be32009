//! `tribunal init`: what a repository needs to begin with.

use anyhow::Result;

use crate::cli::context::Context;
use crate::cli::hooks::install_hooks;
use crate::cli::trust::agree_to_named;
use crate::domain::model::report::ExitStatus;
use crate::domain::policy::switch::Switch;
use crate::flow::call::cast;
use crate::flow::evaluate::law;
use crate::flow::setup::{init, install};
use crate::platform::git::repo::Repo;
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
        out::result("all files exist, nothing to write");
    }
    if !args.no_hooks {
        install_hooks(context, &repo, &install::default_events(&repo), args.dry_run)?;
    }
    if !args.dry_run {
        agree_to_named(context, &repo)?;
    }
    if !args.no_hooks {
        announce_reviews(context, &repo)?;
    }
    if !plan.missing.is_empty() && !args.dry_run {
        out::hint(
            "review these files and commit them; settings take effect once they are committed",
        );
    }
    Ok(ExitStatus::Pass)
}

/// Says that new commits will be sent to models, and how to prevent it.
fn announce_reviews(context: &Context, repo: &Repo) -> Result<()> {
    let top = repo.work_tree.as_deref();
    let policy = law::of_work_tree(top, &context.env, &context.global.set)?.policy;
    if policy.review.background == Switch::Off {
        return Ok(());
    }
    let home = cast::home(repo);
    let cast = cast::judges(&policy, cast::around(repo, &context.env, &home))?;
    if let Some(judges) = cast.judges {
        let (reviewer, arbiter) = (&judges.reviewer.name, &judges.arbiter.name);
        out::talk(&format!(
            "`{reviewer}` and `{arbiter}` will review every new commit in the background (route {}): \
             your code is sent to their vendors, without the secrets that are found in it",
            cast.route
        ));
        out::hint("turn it off with `[review] background = \"off\"` in `tribunal.toml`");
    }
    Ok(())
}
