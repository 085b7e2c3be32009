//! `tribunal init`: what a repository begins with.

use std::path::Path;

use anyhow::Result;

use crate::cli::consent_questions::{Activity, Question, open_questions};
use crate::cli::hooks;
use crate::cli::hooks::{InstallPlan, SharedScripts};
use crate::cli::invocation::Invocation;
use crate::cli::trust;
use crate::domain::gates::policy_files::BASELINE_FILE;
use crate::domain::model::error::Hinted;
use crate::domain::model::report::ExitStatus;
use crate::domain::model::terminal::printable;
use crate::domain::model::text::counted;
use crate::flow::context::Context;
use crate::flow::evaluate::policy;
use crate::flow::setup::consent;
use crate::flow::setup::init;
use crate::flow::setup::init::{Extra, InitRequest, Plan};
use crate::flow::setup::install;
use crate::flow::setup::install::InstallMethod;
use crate::flow::setup::install::plan::InstallStep;
use crate::flow::setup::install::status;
use crate::flow::setup::install::status::EventStatus;
use crate::flow::setup::propose::CommandsAs;
use crate::platform::git::repo::Repo;
use crate::platform::ui::ask::{OnEnter, can_ask, yes_or_no};
use crate::platform::ui::out;

/// Shown below `--help`.
const EXAMPLES: &str = "\
Examples:
  tribunal init --dry-run                 show what would be written and installed
  tribunal init
  tribunal init --agents-md --commands    also tell agents, and switch the tests on";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub struct Args {
    /// Write the files without installing hooks
    #[arg(long)]
    no_hooks: bool,
    /// Print what would be done, change nothing
    #[arg(long)]
    dry_run: bool,
    /// Do it without asking
    #[arg(long)]
    yes: bool,
    /// Switch the proposed commands on instead of writing them as comments
    #[arg(long)]
    commands: bool,
    /// Also write `docs/`: pages to begin with, and a place for specs
    #[arg(long)]
    docs: bool,
    /// Also write `.ai/constitution.md`, how rules are written, and `.ai/context/project.md`
    #[arg(long)]
    constitution: bool,
    /// Also write `AGENTS.md`, what agents that work here are told
    #[arg(long)]
    agents_md: bool,
}

impl Args {
    fn request(&self) -> InitRequest {
        let asked = [
            (self.constitution, Extra::Constitution),
            (self.agents_md, Extra::AgentsMd),
            (self.docs, Extra::Docs),
        ];
        let extras = asked.into_iter().filter(|(is_asked, _)| *is_asked).map(|(_, extra)| extra);
        let commands_as = if self.commands { CommandsAs::Settings } else { CommandsAs::Comments };
        InitRequest { extras: extras.collect(), commands_as }
    }
}

/// What is to be done about the hooks.
enum HooksPlan {
    NotAsked,
    InPlace,
    Install(InstallPlan),
    /// Lines in scripts that others share, about which the person is asked apart.
    Shared(InstallPlan),
    /// Why they cannot be installed.
    Refused(anyhow::Error),
}

pub fn run(invocation: &Invocation, args: &Args) -> Result<ExitStatus> {
    let repo = invocation.repo()?;
    let context = invocation.context(&repo);
    // Settings that cannot be read are told before anything is written.
    policy::work_tree_settings(context)?;
    let plan = init::plan(context, &args.request())?;
    let hooks = if args.no_hooks { HooksPlan::NotAsked } else { plan_hooks(invocation, &repo) };
    let does_nothing = plan.missing.is_empty()
        && plan.left_out.is_empty()
        && matches!(hooks, HooksPlan::NotAsked | HooksPlan::InPlace);
    if does_nothing {
        let hooks = if args.no_hooks { "" } else { " and the hooks are in place" };
        out::result(&format!("nothing to do: the files are there{hooks}"));
    } else {
        show(&repo, &plan, &hooks, args)?;
    }
    if args.dry_run {
        show_agreements(context, &plan)?;
        return Ok(ExitStatus::Pass);
    }
    // Where nobody can be asked, who called the command wants what it does: it runs nothing, sends nothing
    // and starts nothing.
    let is_agreed =
        does_nothing || args.yes || yes_or_no("Do this?", OnEnter::Yes)?.unwrap_or(true);
    if !is_agreed {
        out::result("nothing was written and no hook was installed");
        return Ok(ExitStatus::Pass);
    }
    let is_done = carry_out(invocation, args, &plan, &hooks)?;
    if is_done && !plan.missing.is_empty() {
        tell_next(&plan, args);
    }
    offer(context, does_nothing)?;
    Ok(if is_done { ExitStatus::Pass } else { ExitStatus::Error })
}

fn plan_hooks(invocation: &Invocation, repo: &Repo) -> HooksPlan {
    let events = install::default_events(repo);
    match hooks::plan_install(invocation, repo, &events) {
        Ok(plan) if plan.steps.is_empty() => HooksPlan::InPlace,
        Ok(plan) if plan.shared_scripts().is_empty() => HooksPlan::Install(plan),
        Ok(plan) => HooksPlan::Shared(plan),
        Err(refusal) => {
            // Scripts that another program runs may call each of them already.
            let events = install::method(repo).and_then(|method| status::status(repo, &method.0));
            let is_called = |event: &EventStatus| event.installed || !event.wanted;
            match events {
                Ok(events) if events.iter().all(is_called) => HooksPlan::InPlace,
                _ => HooksPlan::Refused(refusal),
            }
        }
    }
}

/// Shows on one screen what is to be done.
fn show(repo: &Repo, plan: &Plan, hooks: &HooksPlan, args: &Args) -> Result<()> {
    let dry_run = args.dry_run;
    let verb = |word: &str| format!("{} {word}", if dry_run { "would" } else { "will" });
    if !plan.missing.is_empty() {
        out::result(&verb("write"));
    }
    for file in &plan.missing {
        out::result(&format!("  {}", file.path));
        for line in &file.says {
            out::result(&format!("      {}", printable(line)));
        }
    }
    if let HooksPlan::Shared(plan) = hooks {
        let scripts = plan.shared_scripts().join(", ");
        let what = if args.yes { "put lines into" } else { "ask whether lines may be put into" };
        out::result(&format!("{} {scripts}, which others share through git", verb(what)));
    }
    if let HooksPlan::Install(InstallPlan { steps, .. }) = hooks {
        let place = match install::method(repo)?.0 {
            Ok(InstallMethod::Folder(folder)) => format!("in {}", shown(repo, &folder)),
            Ok(InstallMethod::Config) => "in git's settings of this repository".to_owned(),
            Ok(InstallMethod::Scripts(_)) | Err(_) => String::new(),
        };
        out::result(&format!("{} {place}", verb("install the hooks")));
        out::result(&format!("  {}", install::default_events(repo).join(", ")));
        for step in steps {
            if let InstallStep::Keep { hook, .. } = step {
                let name = hook.file_name().unwrap_or_default().to_string_lossy();
                out::result(&format!(
                    "      your own `{}` {} and still run",
                    printable(&name),
                    verb("be kept")
                ));
            }
        }
    }
    for note in &plan.notes {
        out::result(&printable(note));
    }
    for same in plan.left_out.chunk_by(|(_, one), (_, other)| one == other) {
        let paths: Vec<String> = same.iter().map(|(path, _)| format!("`{path}`")).collect();
        let not = match (dry_run, paths.len()) {
            (true, _) => "would not be",
            (false, 1) => "is not",
            (false, _) => "are not",
        };
        out::warn(&format!("{} {not} written: {}", paths.join(", "), same[0].1));
    }
    if let (HooksPlan::Refused(refusal), true) = (hooks, dry_run) {
        warn_with_hint("the hooks would not be installed", refusal);
    }
    Ok(())
}

/// A path from the top of the work tree, where it is below it.
fn shown(repo: &Repo, path: &Path) -> String {
    let top = repo.work_tree.as_deref().map(install::real);
    let below = top.as_deref().and_then(|top| path.strip_prefix(top).ok());
    printable(&below.unwrap_or(path).display().to_string())
}

/// Shows what the person would be asked to agree to.
fn show_agreements(context: Context<'_>, plan: &Plan) -> Result<()> {
    let known = consent::load(context.repo, context.env)?;
    let mut commands = plan.commands();
    for question in open_questions(context, &known, &Activity::ALL, false)? {
        match question {
            Question::Commands { open, steps, asked } => {
                for step in steps {
                    let run = printable(&step.run);
                    out::result(&format!("would ask whether it may run `{run}` with the network"));
                }
                commands.extend(open.into_iter().map(|(command, _)| command));
                for asked in asked {
                    let asked = printable(&asked);
                    out::result(&format!("would ask whether the sandbox may have `{asked}`"));
                }
            }
            Question::Watcher => {
                out::result("would ask whether the watcher may stay in the background");
            }
            Question::Reviews { .. } => {
                out::result("would ask whether new commits may be sent to models for a review");
            }
            Question::Runs { .. } => {
                out::result("would ask whether specs may be built that are saved as ready");
            }
        }
    }
    for command in commands {
        out::result(&format!("would ask whether it may run `{}`", printable(&command.run)));
    }
    Ok(())
}

/// Asks what is not agreed to yet. Where nothing was to do and nobody can be asked, only commands that the
/// repository came with are told again.
fn offer(context: Context<'_>, does_nothing: bool) -> Result<()> {
    if does_nothing && !can_ask() {
        let known = consent::load(context.repo, context.env)?;
        if open_questions(context, &known, &[Activity::Commands], false)?.is_empty() {
            return Ok(());
        }
    }
    trust::offer(context)
}

/// Does all that can be done, and says what could not; false where that is anything.
fn carry_out(invocation: &Invocation, args: &Args, plan: &Plan, hooks: &HooksPlan) -> Result<bool> {
    let repo = &invocation.repo()?;
    let (mut written, mut is_done) = (Vec::new(), true);
    for (path, outcome) in plan.write(repo) {
        match outcome {
            Ok(()) => written.push(path),
            Err(error) => {
                is_done = false;
                warn_with_hint("not written", &error);
            }
        }
    }
    if !written.is_empty() {
        out::result(&format!("wrote {}", written.join(", ")));
    }
    match hooks {
        HooksPlan::NotAsked | HooksPlan::InPlace => {}
        HooksPlan::Shared(_) => {
            let events = install::default_events(repo);
            let shared = if args.yes { SharedScripts::Change } else { SharedScripts::Ask };
            let done = hooks::install_hooks(invocation, repo, &events, shared)?;
            is_done &= done == ExitStatus::Pass;
        }
        HooksPlan::Install(plan) => match init::install(repo, &plan.steps) {
            Ok(()) => {
                hooks::after_install(invocation, repo, plan, &install::default_events(repo))?;
                let count = counted(install::default_events(repo).len(), "hook");
                out::result(&format!("installed {count}"));
            }
            Err(error) => {
                is_done = false;
                warn_with_hint("not all hooks are installed", &error);
            }
        },
        HooksPlan::Refused(refusal) => {
            is_done = false;
            warn_with_hint("the hooks are not installed", refusal);
        }
    }
    if !is_done {
        out::hint("then run `tribunal init` again: it does what is still missing");
    }
    Ok(is_done)
}

fn warn_with_hint(what: &str, error: &anyhow::Error) {
    out::warn(&format!("{what}: {error:#}"));
    if let Some(hinted) = error.downcast_ref::<Hinted>() {
        out::hint(&hinted.hint);
    }
}

fn tell_next(plan: &Plan, args: &Args) {
    let has_baseline = plan.missing.iter().any(|file| file.path == BASELINE_FILE);
    let baseline = if has_baseline {
        "; until then `tribunal check --all` blocks on what the baseline names"
    } else {
        ""
    };
    out::hint(&format!(
        "look at what was written and commit it: it takes effect once it is committed{baseline}"
    ));
    if !(args.docs || args.constitution || args.agents_md) {
        out::hint(
            "on request it writes more: `--agents-md`, `--constitution` and `--docs` (see `tribunal init \
             --help`)",
        );
    }
}
