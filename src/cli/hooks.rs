//! `tribunal hooks`: installs, removes and inspects the hooks of a repository.

use anyhow::Result;

use crate::cli::hooks_status;
use crate::cli::invocation::{Global, Invocation};
use crate::cli::trust;
use crate::daemon::control;
use crate::daemon::watched_repo::WatchedRepo;
use crate::domain::model::report::ExitStatus;
use crate::domain::model::terminal::printable;
use crate::flow::setup::install;
use crate::flow::setup::install::InstallMethod;
use crate::flow::setup::install::answer::{HookAnswer, answer};
use crate::flow::setup::install::guard;
use crate::flow::setup::install::plan;
use crate::flow::setup::install::plan::InstallStep;
use crate::flow::setup::install::record;
use crate::flow::setup::install::script_lines;
use crate::flow::setup::install::scripts;
use crate::platform::git::hooks_dir;
use crate::platform::git::hooks_dir::HooksPath;
use crate::platform::git::repo::Repo;
use crate::platform::process;
use crate::platform::ui::ask::{OnEnter, yes_or_no};
use crate::platform::ui::out;

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
    /// Change scripts that are shared through git without asking
    #[arg(long)]
    yes: bool,
    /// Only these hooks, by their git names
    #[arg(value_name = "EVENT")]
    events: Vec<String>,
}

/// What is done about scripts of the work tree, which others share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SharedScripts {
    /// Only what would be done is shown, of all the rest, too.
    Show,
    Ask,
    Change,
}

impl Choice {
    fn shared(&self) -> SharedScripts {
        match (self.dry_run, self.yes) {
            (true, _) => SharedScripts::Show,
            (false, true) => SharedScripts::Change,
            (false, false) => SharedScripts::Ask,
        }
    }
}

pub fn run(invocation: &Invocation, args: &Args) -> Result<ExitStatus> {
    let (repo, global) = (invocation.repo()?, &invocation.global);
    match &args.action {
        Action::Install(choice) => {
            let events = events(choice, || install::default_events(&repo))?;
            let done = install_hooks(invocation, &repo, &events, choice.shared())?;
            // Who receives pushes runs nothing for those who push.
            if !choice.dry_run && repo.work_tree.is_some() {
                trust::offer(invocation.context(&repo))?;
            }
            Ok(done)
        }
        Action::Uninstall(choice) => {
            let events = events(choice, || install::EVENTS.to_vec())?;
            let status = uninstall_hooks(invocation, &repo, &events, choice.shared())?;
            if !choice.dry_run && choice.events.is_empty() {
                end_watcher(invocation, &repo)?;
            }
            Ok(status)
        }
        Action::Status => hooks_status::show(global, &repo),
    }
}

/// Without hooks nobody expects that the repository is still watched.
fn end_watcher(invocation: &Invocation, repo: &Repo) -> Result<()> {
    let place = WatchedRepo::of(invocation.context(repo));
    if control::end_watching(&place)? && !invocation.global.quiet {
        out::talk("this repository is not watched any more");
    }
    Ok(())
}

fn events(choice: &Choice, default: impl Fn() -> Vec<&'static str>) -> Result<Vec<&'static str>> {
    if choice.events.is_empty() {
        return Ok(default());
    }
    choice.events.iter().map(|name| install::event(name)).collect()
}

/// What must be done to put hooks in place.
pub struct InstallPlan {
    method: InstallMethod,
    setting: Option<HooksPath>,
    pub steps: Vec<InstallStep>,
}

impl InstallPlan {
    /// The scripts that would be changed and that others share.
    pub fn shared_scripts(&self) -> Vec<String> {
        shared_scripts(&self.steps)
    }
}

/// Plans to put the hooks of these events in place; an error says why that cannot be done here.
pub fn plan_install(
    invocation: &Invocation,
    repo: &Repo,
    events: &[&'static str],
) -> Result<InstallPlan> {
    let (method, setting) = install::method(repo)?;
    let method = method.map_err(|refusal| install::refused(&refusal, setting.as_ref()))?;
    let env = &invocation.env;
    let path = env.text("PATH").unwrap_or_default();
    let program = process::lasting_path(&env.current_dir, path.as_ref())?;
    let steps = plan::plan_install(repo, &method, events, &program)?;
    Ok(InstallPlan { method, setting, steps })
}

/// Puts the hooks of these events in place. Where the person would have to agree and does not, or is not
/// there, nothing is changed and the result is no pass.
pub fn install_hooks(
    invocation: &Invocation,
    repo: &Repo,
    events: &[&'static str],
    shared: SharedScripts,
) -> Result<ExitStatus> {
    let plan = plan_install(invocation, repo, events)?;
    let (steps, setting) = (&plan.steps, plan.setting.as_ref());
    let scripts = plan.shared_scripts();
    if !scripts.is_empty() && shared == SharedScripts::Ask {
        describe_lines(steps, setting);
        let command = "tribunal hooks install --yes";
        match yes_or_no("Write these lines into the scripts?", OnEnter::No)? {
            Some(true) => {}
            Some(false) => {
                out::talk("nothing was installed");
                out::hint(&format!("`{command}` writes the lines"));
                return Ok(ExitStatus::Pass);
            }
            None => {
                out::warn("no hook was installed: not a terminal, cannot ask");
                out::hint(&format!("`{command}` writes the lines"));
                return Ok(ExitStatus::Error);
            }
        }
    }
    carry_out(&invocation.global, repo, steps, shared)?;
    if shared != SharedScripts::Show {
        after_install(invocation, repo, &plan, events)?;
        if !scripts.is_empty() && !invocation.global.quiet {
            out::hint("commit the scripts: the lines hold where they are checked out");
        }
    }
    Ok(ExitStatus::Pass)
}

/// Takes note of what was installed, and says what is about to displace it.
pub fn after_install(
    invocation: &Invocation,
    repo: &Repo,
    plan: &InstallPlan,
    events: &[&'static str],
) -> Result<()> {
    take_note(repo, &plan.method, events)?;
    if matches!(plan.method, InstallMethod::Folder(_))
        && let Some(line) = guard::about_to_be_displaced(repo).filter(|_| !invocation.global.quiet)
    {
        out::hint(&line);
    }
    Ok(())
}

/// Takes note of what is installed. Whether git comes to a script that has lines is for the program to see to
/// whose folder leads there, and it may not know each hook.
fn take_note(repo: &Repo, method: &InstallMethod, events: &[&'static str]) -> Result<()> {
    let InstallMethod::Scripts(scripts) = method else { return record::record(repo, events) };
    let mut folders = record::script_folders(repo);
    folders.push(scripts::from_top(repo, scripts)?);
    folders.sort();
    folders.dedup();
    record::set_script_folders(repo, &folders)?;
    let folder = hooks_dir::folder(repo)?;
    let (mut found, mut rest) = (Vec::new(), Vec::new());
    for event in events {
        match answer(&folder, repo.work_tree.as_deref(), event)? {
            it if it.is_ours() => found.push(*event),
            HookAnswer::NotExecutable(hook) if install::CHECKING_EVENTS.contains(event) => {
                let name = hook.display();
                out::warn(&printable(&format!("git passes over `{name}`: it is not executable")));
                out::hint(&printable(&format!("`chmod +x {name}`")));
                found.push(*event);
            }
            _ => rest.push(*event),
        }
    }
    if found.is_empty() && install::real(&folder) != *scripts {
        out::hint(&format!(
            "set the hook manager of `{}` up: git finds no hooks in `{}`, which runs the scripts",
            scripts.display(),
            folder.display()
        ));
    }
    record::forget(repo, &rest)?;
    record::record(repo, &found)
}

/// Takes the hooks away. Lines in scripts that others share are theirs, too: they stay where the person does
/// not say yes. `tribunal uninstall` does it, too.
pub fn uninstall_hooks(
    invocation: &Invocation,
    repo: &Repo,
    events: &[&'static str],
    shared: SharedScripts,
) -> Result<ExitStatus> {
    let mut steps = plan::plan_uninstall(repo, events)?;
    let scripts = shared_scripts(&steps);
    let mut done = ExitStatus::Pass;
    if !scripts.is_empty() && shared == SharedScripts::Ask {
        out::talk(&format!(
            "lines that call tribunal are in {}. They are shared through git: whoever gets the change is \
             not checked by them any more",
            scripts.join(", ")
        ));
        let answer = yes_or_no("Take the lines out?", OnEnter::No)?;
        if answer != Some(true) {
            steps.retain(|step| step.shared_script().is_none());
            out::talk("the lines stay");
            out::hint("`tribunal hooks uninstall --yes` takes them out");
        }
        if answer.is_none() {
            done = ExitStatus::Error;
        }
    }
    carry_out(&invocation.global, repo, &steps, shared)?;
    if shared != SharedScripts::Show {
        record::forget(repo, events)?;
        forget_scripts(&invocation.global, repo, events)?;
    }
    Ok(done)
}

/// Takes note of the folders in which no script has lines any more, and says where a person's own are left.
fn forget_scripts(global: &Global, repo: &Repo, events: &[&'static str]) -> Result<()> {
    let mut left = plan::find_lines(repo, &install::EVENTS)?;
    let mut folders = record::script_folders(repo);
    folders.retain(|folder| {
        left.written.iter().any(|(script, _)| script.parent() == Some(folder.as_path()))
    });
    record::set_script_folders(repo, &folders)?;
    left.by_hand.retain(|script| events.iter().any(|event| script.ends_with(event)));
    if !left.by_hand.is_empty() && !global.quiet {
        let names = left.by_hand.iter().map(|script| format!("`{}`", script.display()));
        let names: Vec<String> = names.collect();
        out::hint(&printable(&format!(
            "lines that a person wrote or changed still call tribunal: take them out of {}",
            names.join(", ")
        )));
    }
    Ok(())
}

fn shared_scripts(steps: &[InstallStep]) -> Vec<String> {
    let scripts = steps.iter().filter_map(InstallStep::shared_script);
    let mut names: Vec<String> =
        scripts.map(|script| printable(&format!("`{}`", script.display()))).collect();
    // One that gets lines may lack the right to be run, too.
    names.dedup();
    names
}

/// Shows the lines that would be written, each with its script.
fn describe_lines(steps: &[InstallStep], setting: Option<&HooksPath>) {
    let why = setting.map(|setting| format!(" ({})", setting.described())).unwrap_or_default();
    out::talk(&printable(&format!(
        "git runs scripts of this work tree as hooks{why}, and they are shared through git with everybody \
         who works on it. These lines would be put into them; where tribunal is not installed they do \
         nothing:",
    )));
    for step in steps {
        let Some(script) = step.shared_script() else { continue };
        let name = printable(&script.display().to_string());
        if matches!(step, InstallStep::MakeExecutable { .. }) {
            out::talk(&format!(
                "\n`{name}` is not executable, so git passes over it: it would be made executable, and all \
                 of it runs from then on"
            ));
            continue;
        }
        let event = script.file_name().unwrap_or_default().to_string_lossy();
        // As they are, to be copied: the last one of a here-document may not be set in.
        let lines = script_lines::lines(&event);
        out::talk(&format!("\n`{name}`\n{lines}"));
    }
}

fn carry_out(
    global: &Global,
    repo: &Repo,
    steps: &[InstallStep],
    shared: SharedScripts,
) -> Result<()> {
    if shared != SharedScripts::Show {
        plan::perform(repo, steps)?;
    }
    if global.quiet {
        return Ok(());
    }
    if steps.is_empty() {
        out::talk("nothing to change");
    }
    for step in steps {
        let [would, did] = step.describe();
        out::talk(&printable(if shared == SharedScripts::Show { &would } else { &did }));
    }
    Ok(())
}
