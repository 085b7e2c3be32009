//! `tribunal hooks`: installs, removes and inspects the hooks of a repository.

use std::path::Path;

use anyhow::Result;
use serde_json::json;

use crate::cli::invocation::{Global, Invocation};
use crate::cli::trust;
use crate::domain::model::report::ExitStatus;
use crate::domain::model::terminal::printable;
use crate::domain::model::text::counted;
use crate::flow::evaluate::bypass;
use crate::flow::setup::install;
use crate::flow::setup::install::plan;
use crate::flow::setup::install::plan::InstallStep;
use crate::flow::setup::install::status;
use crate::flow::setup::install::status::EventStatus;
use crate::flow::setup::install::{InstallMethod, Refusal};
use crate::platform::git::repo::Repo;
use crate::platform::process;
use crate::platform::ui::out;
use crate::platform::ui::report::OutputFormat;
use crate::platform::ui::time::local_line;

/// The bypasses that `status` shows; the rest is counted.
const BYPASSES_SHOWN: usize = 5;

/// Shown below `--help`.
const EXAMPLES: &str = "\
Examples:
  tribunal hooks install
  tribunal hooks status
  tribunal hooks uninstall --dry-run";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Install the hooks; existing hooks are kept and still run
    Install(Choice),
    /// Remove the hooks and restore the previous ones
    Uninstall(Choice),
    /// Show the state of each hook; exit with 1 if one is missing or broken
    Status,
}

#[derive(Debug, clap::Args)]
struct Choice {
    /// Print what would be done, change nothing
    #[arg(long)]
    dry_run: bool,
    /// Only these hooks, by their git names
    #[arg(value_name = "EVENT")]
    events: Vec<String>,
}

pub fn run(invocation: &Invocation, args: &Args) -> Result<ExitStatus> {
    let (repo, global) = (invocation.repo()?, &invocation.global);
    match &args.action {
        Action::Install(choice) => {
            let events = events(choice, || install::default_events(&repo))?;
            let steps = plan_install(invocation, &repo, &events)?;
            carry_out(global, &repo, &steps, choice.dry_run)?;
            // Who receives pushes runs nothing for those who push.
            if !choice.dry_run && repo.work_tree.is_some() {
                trust::offer(invocation.context(&repo))?;
            }
            Ok(ExitStatus::Pass)
        }
        Action::Uninstall(choice) => {
            let events = events(choice, || install::EVENTS.to_vec())?;
            uninstall_hooks(invocation, &repo, &events, choice.dry_run)
        }
        Action::Status => show_status(global, &repo),
    }
}

fn events(choice: &Choice, default: impl Fn() -> Vec<&'static str>) -> Result<Vec<&'static str>> {
    if choice.events.is_empty() {
        return Ok(default());
    }
    choice.events.iter().map(|name| install::event(name)).collect()
}

/// What must be done to put the hooks of these events in place; an error says why that cannot be done here.
pub fn plan_install(
    invocation: &Invocation,
    repo: &Repo,
    events: &[&'static str],
) -> Result<Vec<InstallStep>> {
    let (method, setting) = install::method(repo)?;
    let method = method.map_err(|refusal| install::refused(&refusal, setting.as_ref()))?;
    let env = &invocation.env;
    let path = env.text("PATH").unwrap_or_default();
    let program = process::lasting_path(&env.current_dir, path.as_ref())?;
    plan::plan_install(repo, &method, events, &program)
}

/// Takes the hooks of these events away; `tribunal uninstall` does it, too.
pub fn uninstall_hooks(
    invocation: &Invocation,
    repo: &Repo,
    events: &[&'static str],
    dry_run: bool,
) -> Result<ExitStatus> {
    let steps = plan::plan_uninstall(repo, events)?;
    carry_out(&invocation.global, repo, &steps, dry_run)
}

fn carry_out(
    global: &Global,
    repo: &Repo,
    steps: &[InstallStep],
    dry_run: bool,
) -> Result<ExitStatus> {
    if !dry_run {
        plan::perform(repo, steps)?;
    }
    if global.quiet {
        return Ok(ExitStatus::Pass);
    }
    if steps.is_empty() {
        out::talk("nothing to change");
    }
    for step in steps {
        let would = if dry_run { "would " } else { "" };
        out::talk(&format!("{would}{}", printable(&step.describe())));
    }
    Ok(ExitStatus::Pass)
}

fn show_status(global: &Global, repo: &Repo) -> Result<ExitStatus> {
    let (method, setting) = install::method(repo)?;
    let events = status::status(repo, &method)?;
    let refusal = method
        .as_ref()
        .err()
        .map(|refusal| install::refused(refusal, setting.as_ref()).to_string());
    let bypasses = bypass::recorded(repo);
    let unguarded = status::unguarded_work_trees(repo)?;
    let good = events.iter().all(|event| event.problems.is_empty()) && unguarded.is_empty();
    if global.format == OutputFormat::Json {
        let hooks: Vec<_> = events.iter().map(json_of).collect();
        out::result(
            &json!({
                "version": 1, "method": json_method(&method), "refused": refusal,
                "hooks": hooks, "unguarded": unguarded, "bypasses": bypasses,
            })
            .to_string(),
        );
    } else {
        print_status(&events, refusal.as_deref(), &bypasses);
        print_unguarded(&unguarded);
    }
    Ok(if good { ExitStatus::Pass } else { ExitStatus::Blocked })
}

/// How hooks are installed, or why they are not, with the folder where there is one.
fn json_method(method: &Result<InstallMethod, Refusal>) -> serde_json::Value {
    let at =
        |word: &str, folder: &Path| json!({"is": word, "folder": folder.display().to_string()});
    match method {
        Ok(InstallMethod::Folder(folder)) => at("folder", folder),
        Ok(InstallMethod::Config) => json!({"is": "config"}),
        Err(Refusal::Empty) => json!({"is": "empty"}),
        Err(Refusal::WorkTree(folder)) => at("work-tree", folder),
        Err(Refusal::Outside(folder)) => at("outside", folder),
    }
}

fn json_of(status: &EventStatus) -> serde_json::Value {
    json!({
        "event": status.event,
        "installed": status.installed,
        "wanted": status.wanted,
        "problems": status.problems,
        "notes": status.notes,
    })
}

fn print_unguarded(work_trees: &[String]) {
    for line in work_trees {
        out::warn(&printable(line));
    }
    if !work_trees.is_empty() {
        out::hint(
            "give all of them one folder: `git config core.hooksPath \"$(git rev-parse \
             --path-format=absolute --git-common-dir)/hooks\"`",
        );
    }
}

fn print_status(events: &[EventStatus], refusal: Option<&str>, bypasses: &[String]) {
    if let Some(refusal) = refusal {
        out::warn(&printable(refusal));
    }
    for status in events {
        if !status.installed && !status.wanted && status.notes.is_empty() {
            continue;
        }
        let word = if status.installed { "installed" } else { "not installed" };
        let texts = status.problems.iter().chain(&status.notes).map(|text| printable(text));
        let line: Vec<String> =
            [format!("{:<17} {word}", status.event)].into_iter().chain(texts).collect();
        out::result(&line.join("; "));
    }
    if events.iter().any(|event| !event.problems.is_empty()) && refusal.is_none() {
        out::hint("`tribunal hooks install` repairs what it can");
    }
    if !bypasses.is_empty() {
        let times = counted(bypasses.len(), "time");
        out::result(&format!("bypassed {times}; the last of them:"));
    }
    for line in bypasses.iter().skip(bypasses.len().saturating_sub(BYPASSES_SHOWN)) {
        out::result(&format!("  {}", printable(&local_line(line))));
    }
}
