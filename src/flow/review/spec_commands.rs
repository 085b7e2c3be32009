//! Runs the commands of a spec: those that show its criteria, and its own gate. Only what the person
//! agreed to is run.

use anyhow::Result;

use crate::domain::gates::policy::EffectivePolicy;
use crate::domain::gates::secrets::redact::redact_str;
use crate::domain::model::change::{Change, WrittenBy};
use crate::domain::model::report::{CommandResult, Skipped};
use crate::domain::model::text::one_line;
use crate::domain::policy::command_settings::CommandGate;
use crate::domain::policy::settings::Policy;
use crate::domain::spec::types::Spec;
use crate::flow::context::Context;
use crate::flow::evaluate::command_selection::CommandRequest;
use crate::flow::evaluate::commands::run_commands;

/// The most of a command's output that is told, in characters: its end.
const OUTPUT_CHARS_MAX: usize = 600;

/// What came of a spec's commands.
#[derive(Debug, Default)]
pub struct SpecCommandOutcome {
    /// The criteria whose command failed, with what it printed.
    pub unmet: Vec<(String, String)>,
    /// What of the spec's own gate failed, with what it printed.
    pub failures: Vec<String>,
    /// What was not run, with the reason.
    pub skipped: Vec<Skipped>,
    /// Why what an agent wrote could not be run to its end.
    pub unasked: Vec<String>,
    /// The signal that interrupted a command.
    pub interrupted: Option<i32>,
}

/// A command of a spec, and what it is for.
#[derive(Debug)]
pub struct SpecCommand {
    pub gate: CommandGate,
    /// The criteria that it shows.
    pub criteria: Vec<String>,
    /// Whether it is one of the spec's gate.
    pub is_gate: bool,
}

/// The commands of a spec, each once. One that the policy has too is that one: who agreed to it there
/// agreed to it here.
pub fn commands_of(spec: &Spec, policy: &Policy) -> Vec<SpecCommand> {
    let verify = spec.verify_commands().into_iter().map(|(id, run)| (Some(id.to_owned()), run));
    let gates = spec.gate.iter().map(|run| (None, run.as_str()));
    let mut commands: Vec<SpecCommand> = Vec::new();
    for (criterion, run) in verify.chain(gates) {
        let at = commands.iter().position(|known| known.gate.run == run).unwrap_or_else(|| {
            let gate = command_gate(run, policy);
            commands.push(SpecCommand { gate, criteria: Vec::new(), is_gate: false });
            commands.len() - 1
        });
        let command = &mut commands[at];
        match criterion {
            Some(id) => command.criteria.push(id),
            None => command.is_gate = true,
        }
    }
    commands
}

fn command_gate(run: &str, policy: &Policy) -> CommandGate {
    let known = policy.commands.iter().find(|known| known.run == run);
    let own = || CommandGate::plain(format!("spec: {}", one_line(run)), run.to_owned());
    CommandGate { paths: Vec::new(), ..known.cloned().unwrap_or_else(own) }
}

/// Runs the commands of a spec on a change.
pub fn run_spec_commands(
    context: Context<'_>,
    spec: &Spec,
    effective: &EffectivePolicy,
    change: &Change,
    written_by: WrittenBy,
) -> Result<SpecCommandOutcome> {
    let commands = commands_of(spec, &effective.policy);
    if commands.is_empty() {
        return Ok(SpecCommandOutcome::default());
    }
    let gates: Vec<CommandGate> = commands.iter().map(|command| command.gate.clone()).collect();
    let policy = Policy { commands: gates, ..effective.policy.clone() };
    let effective = EffectivePolicy { policy, ..effective.clone() };
    let request = CommandRequest::of_review(written_by);
    let ran = run_commands(context, &effective, change, request)?;
    let mut outcome = SpecCommandOutcome { interrupted: ran.interrupted, ..Default::default() };
    if written_by == WrittenBy::Agent && ran.inconclusive {
        let why = |skipped: &Skipped| format!("{}: {}", skipped.gate, skipped.reason);
        outcome.unasked = ran.report.skipped.iter().map(why).collect();
    }
    for command in &commands {
        let name = &command.gate.name;
        let about = about(command);
        outcome.skipped.extend(
            ran.report.skipped.iter().filter(|skipped| skipped.gate == *name).map(|skipped| {
                Skipped {
                    gate: about.clone(),
                    reason: of_spec(&skipped.reason),
                    has_run: skipped.has_run,
                }
            }),
        );
        let failed = ran.ran.iter().any(|run| {
            run.name == *name
                && matches!(run.result, CommandResult::Failed | CommandResult::TimedOut)
        });
        if !failed {
            continue;
        }
        let tail = ran.tails.iter().find(|tail| tail.command == *name);
        let printed = tail.map(|tail| one_line(&tail.lines.join("\n"))).unwrap_or_default();
        let from = printed.chars().count().saturating_sub(OUTPUT_CHARS_MAX);
        let printed: String = redact_str(&printed).chars().skip(from).collect();
        let why = format!("`{}` failed: {printed}", one_line(&command.gate.run));
        outcome.unmet.extend(command.criteria.iter().map(|id| (id.clone(), why.clone())));
        if command.is_gate {
            outcome.failures.push(format!("the gate of the spec: {why}"));
        }
    }
    Ok(outcome)
}

/// The reason why a command was not run, with the command that trusts one of a spec.
fn of_spec(reason: &str) -> String {
    reason.replace("`tribunal trust` shows", "`tribunal trust --spec FILE` shows")
}

/// What a command is for, for people: `AC-1, AC-2: cargo test`.
pub fn about(command: &SpecCommand) -> String {
    let mut what = command.criteria.clone();
    what.extend(command.is_gate.then(|| "the gate of the spec".to_owned()));
    format!("{}: {}", what.join(", "), one_line(&command.gate.run))
}
