//! `tribunal trust`: trusts the commands that a repository configures.

use std::io::{self, IsTerminal as _};

use anyhow::Result;
use serde_json::json;

use crate::cli::invocation::Invocation;
use crate::domain::model::error::hinted;
use crate::domain::model::report::ExitStatus;
use crate::domain::model::terminal::printable;
use crate::domain::policy::command_settings::CommandGate;
use crate::flow::context::Context;
use crate::flow::evaluate::policy;
use crate::flow::evaluate::policy::RuleSelection;
use crate::flow::evaluate::trust;
use crate::flow::evaluate::trust::Trusted;
use crate::platform::config::env;
use crate::platform::ui::out;
use crate::platform::ui::report::OutputFormat;

/// Shown below `--help`.
const EXAMPLES: &str = "\
Examples:
  tribunal trust                          show the commands and ask
  tribunal trust --list
  tribunal trust --revoke test";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// List the trusted commands
    #[arg(long, conflicts_with_all = ["revoke", "yes"])]
    list: bool,
    /// Revoke the trust in these commands, or in all
    #[arg(long, num_args = 0.., value_name = "NAME", conflicts_with = "yes")]
    revoke: Option<Vec<String>>,
    /// Trust without asking
    #[arg(long)]
    yes: bool,
}

pub fn run(invocation: &Invocation, args: &Args) -> Result<ExitStatus> {
    let repo = invocation.repo()?;
    if let Some(names) = &args.revoke {
        for name in trust::revoke(&repo, names)? {
            out::talk(&format!("`{}` is no longer trusted", printable(&name)));
        }
        return Ok(ExitStatus::Pass);
    }
    if args.list {
        list(invocation, &Trusted::load(&repo)?);
        return Ok(ExitStatus::Pass);
    }
    let trusted = Trusted::load(&repo)?;
    let mut open = named_commands(invocation.context(&repo))?;
    open.retain(|command| !trusted.holds(command));
    if open.is_empty() {
        out::talk("there is no command to agree to");
        return Ok(ExitStatus::Pass);
    }
    for command in &open {
        out::talk(&describe(command, trusted.knows_name(command)));
    }
    let agreed = args.yes
        || asked()?.ok_or_else(|| {
            hinted("not a terminal, cannot ask", "read the above and rerun with `--yes`")
        })?;
    if !agreed {
        out::talk("nothing changed");
        return Ok(ExitStatus::Pass);
    }
    agree(invocation.context(&repo), &open)?;
    Ok(ExitStatus::Pass)
}

/// Asks whether the commands that the repository configures may run, as a part of setting tribunal
/// up. A clone's author wrote them: without a terminal to ask on the answer is no.
pub fn offer(context: Context<'_>) -> Result<()> {
    let trusted = Trusted::load(context.repo)?;
    let mut open = named_commands(context)?;
    open.retain(|command| !trusted.holds(command));
    if open.is_empty() {
        return Ok(());
    }
    for command in &open {
        out::talk(&describe(command, trusted.knows_name(command)));
    }
    if asked()? == Some(true) {
        return agree(context, &open);
    }
    out::talk("not trusted: nothing of this runs");
    out::hint(
        "`tribunal trust` shows it again and asks; without a terminal `tribunal trust --yes`",
    );
    Ok(())
}

fn agree(context: Context<'_>, commands: &[CommandGate]) -> Result<()> {
    trust::agree(context.repo, commands, env::now(context.env))?;
    out::talk(&format!("{} trusted; undo with `tribunal trust --revoke`", count(commands)));
    Ok(())
}

/// The commands that hold now and those that will once the work tree's settings are committed.
pub fn named_commands(context: Context<'_>) -> Result<Vec<CommandGate>> {
    let repo = context.repo;
    let mut commands = Vec::new();
    if let Some(head) = repo.head()? {
        let tree = repo.tree_of(&head)?;
        commands = policy::read_policy(context, Some(&tree), RuleSelection::None)?.policy.commands;
    }
    if repo.work_tree.is_some() {
        let settings = policy::work_tree_settings(context)?;
        for command in settings.policy.commands {
            if !commands.contains(&command) {
                commands.push(command);
            }
        }
    }
    Ok(commands)
}

/// A command as a person reads it before trusting it.
pub fn describe(command: &CommandGate, changed: bool) -> String {
    let mut lines = vec![printable(&command.name)];
    if changed {
        lines.push("  it changed since you trusted it".to_owned());
    }
    lines.push(format!("  runs    {}", printable(&command.run)));
    if !command.share.is_empty() {
        lines.push(format!("  shares  {}", printable(&command.share.join(", "))));
    }
    if let Some(format) = &command.format {
        lines.push(format!("  prints  {}", printable(format)));
    }
    lines.join("\n")
}

/// Asks the person on the terminal; `None` where there is none.
fn asked() -> Result<Option<bool>> {
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return Ok(None);
    }
    out::talk("Allow tribunal to run these commands on this machine? [y/N]");
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(Some(matches!(answer.trim(), "y" | "Y" | "yes")))
}

fn list(invocation: &Invocation, trusted: &Trusted) {
    if invocation.global.format == OutputFormat::Json {
        let all: Vec<_> = trusted
            .all()
            .map(|(print, agreed)| json!({"name": agreed.name, "at": agreed.at, "fingerprint": print}))
            .collect();
        out::json(&json!({"version": 1, "trusted": all}));
        return;
    }
    for (print, agreed) in trusted.all() {
        out::result(&format!(
            "{}  {}  {}",
            print.chars().take(12).collect::<String>(),
            agreed.at,
            printable(&agreed.name)
        ));
    }
}

fn count(commands: &[CommandGate]) -> String {
    match commands.len() {
        1 => "1 command is".to_owned(),
        more => format!("{more} commands are"),
    }
}
