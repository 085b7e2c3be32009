//! `tribunal uninstall`: takes tribunal out of a repository.

use anyhow::Result;

use crate::cli::hooks::{SharedScripts, uninstall_hooks};
use crate::cli::invocation::Invocation;
use crate::daemon::control;
use crate::daemon::control::Stop;
use crate::daemon::lock;
use crate::daemon::watched_repo::WatchedRepo;
use crate::domain::gates::policy_files::POLICY_FILE;
use crate::domain::model::error::hinted;
use crate::domain::model::report::ExitStatus;
use crate::domain::model::terminal::printable;
use crate::domain::model::text::counted;
use crate::flow::setup::purge::PurgePlan;
use crate::flow::setup::{install, purge};
use crate::platform::ui::ask::{OnEnter, can_ask, yes_or_no};
use crate::platform::ui::out;

/// Shown below `--help`.
const EXAMPLES: &str = "\
Examples:
  tribunal uninstall                      remove the hooks, stop the watcher; keep findings and answers
  tribunal uninstall --purge --dry-run    show what would be removed
  tribunal uninstall --purge              leave nothing";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Remove findings, runs, workspaces and your answers too; files that are committed stay
    #[arg(long)]
    purge: bool,
    /// Print what would be done, change nothing
    #[arg(long)]
    dry_run: bool,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

pub fn run(invocation: &Invocation, args: &Args) -> Result<ExitStatus> {
    let repo = invocation.repo()?;
    let plan = args.purge.then(|| purge::plan(&repo)).transpose()?;
    if args.dry_run {
        uninstall_hooks(invocation, &repo, &install::EVENTS, SharedScripts::Show)?;
        if lock::is_held(&repo.state_dir()) {
            out::talk("would stop the watcher of this repository");
        }
        if let Some(plan) = &plan {
            describe(plan, "would remove");
        }
        return Ok(ExitStatus::Pass);
    }
    let asks = |plan: &&PurgePlan| !args.yes && !plan.is_empty() && can_ask();
    if let Some(plan) = plan.as_ref().filter(asks) {
        describe(plan, "removes");
        let question =
            "Findings, decisions and runs of this repository are gone for good then. Continue?";
        if yes_or_no(question, OnEnter::No)? == Some(false) {
            out::talk("nothing changed");
            return Ok(ExitStatus::Pass);
        }
    }
    let shared = if args.yes { SharedScripts::Change } else { SharedScripts::Ask };
    let done = uninstall_hooks(invocation, &repo, &install::EVENTS, shared)?;
    if repo.state_dir().exists() {
        stop_watcher(&WatchedRepo::of(invocation.context(&repo)))?;
    }
    if let Some(plan) = plan {
        describe(&purge::perform(&repo, plan)?, "removed");
        if let Some(folder) = control::remove_user_state()? {
            out::talk(&format!("removed {}", printable(&folder.to_string_lossy())));
        }
    }
    if repo.work_tree.as_ref().is_some_and(|top| top.join(POLICY_FILE).exists()) {
        out::hint(&format!(
            "`{POLICY_FILE}` stays: `git rm {POLICY_FILE}` takes the policy away too"
        ));
    }
    Ok(done)
}

fn stop_watcher(place: &WatchedRepo) -> Result<()> {
    match control::stop(place)? {
        Stop::StillRunning { pid } => Err(hinted(
            format!("process {pid}, which watches this repository, did not stop within 10 s"),
            format!("`kill -9 {pid}` stops it; run this again then"),
        )),
        Stop::Stopped => {
            out::talk("the watcher was stopped");
            Ok(())
        }
        Stop::NotRunning => Ok(()),
    }
}

fn describe(plan: &PurgePlan, verb: &str) {
    for path in &plan.kept {
        out::talk(&format!("{verb} {}", printable(&path.to_string_lossy())));
    }
    for path in &plan.written {
        out::talk(&format!("{verb} {} (as `init` wrote it, and not committed)", printable(path)));
    }
    for answers in &plan.gone {
        let (file, repository) = (answers.file.to_string_lossy(), answers.repository.display());
        let why = printable(&format!("{file} (your answers about `{repository}`, which is gone)"));
        out::talk(&format!("{verb} {why}"));
    }
    if plan.attempts > 0 {
        out::talk(&format!("{verb} the refs of {} of runs", counted(plan.attempts, "commit")));
    }
}
