//! Runs command gates: selects those of a change, runs them in a workspace, reads their reports.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::domain::gates::GateReport;
use crate::domain::gates::formats::ReportFormat;
use crate::domain::gates::policy::EffectivePolicy;
use crate::domain::model::change::Change;
use crate::domain::model::class::Class;
use crate::domain::model::finding::{Effect, Finding};
use crate::domain::model::gate::Gate;
use crate::domain::model::report::{Report, Skipped, Verdict};
use crate::domain::model::severity::Severity;
use crate::domain::policy::command_settings::{CommandGate, Moment};
use crate::domain::policy::consent::Consent;
use crate::domain::policy::gate_settings::GateLevel;
use crate::flow::context::Context;
use crate::flow::evaluate::bookkeeping;
use crate::flow::evaluate::command_cache::CommandCache;
use crate::flow::evaluate::command_output::{keep_log, printed, tail};
use crate::flow::evaluate::command_selection::select;
use crate::flow::evaluate::inside_command;
use crate::flow::evaluate::inside_command::Place;
use crate::flow::evaluate::tool_report;
use crate::flow::evaluate::tool_report::FINDINGS_MAX;
use crate::flow::setup::consent;
use crate::flow::workspace::checkout;
use crate::flow::workspace::checkout::{Ignored, Unavailable, Workspace};
use crate::platform::process::{Cmd, ExitOutcome, Interrupts, code_of};
use crate::platform::store::regular;
use crate::platform::store::regular::{LastLink, REPORT};

/// Which commands to run.
#[derive(Clone, Copy)]
pub struct CommandRequest {
    /// The hook that they run at; `None` selects every command.
    pub moment: Option<Moment>,
    /// Whether a command that passed on this very tree before need not run again.
    pub reuse: bool,
}

/// The findings of the commands, and whether they could be run.
#[derive(Debug, Default)]
pub struct CommandOutcome {
    pub report: GateReport,
    /// A command of level `block` could not be run: neither pass nor block.
    pub inconclusive: bool,
    /// The signal that interrupted the commands.
    pub interrupted: Option<i32>,
    /// The last lines of each command that failed.
    pub tails: Vec<Tail>,
}

/// The last lines that a command printed.
#[derive(Debug)]
pub struct Tail {
    pub command: String,
    pub lines: Vec<String>,
}

/// Runs the commands that the change selects, in a workspace.
pub fn run_commands(
    context: Context<'_>,
    effective: &EffectivePolicy,
    change: &Change,
    request: CommandRequest,
) -> Result<CommandOutcome> {
    let mut outcome = CommandOutcome::default();
    let level = effective.policy.gates.commands.level;
    let Some(effect) = level.effect() else { return Ok(outcome) };
    let mut wanted = select(&effective.policy, change, request.moment);
    if wanted.is_empty() {
        return Ok(outcome);
    }
    let outer = match inside_command::place(context.env) {
        Place::Outside => None,
        Place::Inside(outer) => Some(format!("it is called from inside the command `{outer}`")),
        // A command that left a process behind must not start itself again and again.
        Place::Claimed(_) => Some(format!("`{}` is set", inside_command::VARIABLE)),
    };
    if let Some(reason) = outer {
        outcome.skip(&wanted, &reason);
        return Ok(outcome);
    }
    let agreed = consent::load(context.repo, context.env)?;
    let cache = CommandCache::load(context);
    wanted.retain(|command| {
        if !consent::trusts(&agreed, command) {
            outcome.skip(&[*command], &untrusted(&agreed, command));
            return false;
        }
        !(request.reuse && cache.holds(command, &change.tree))
    });
    if wanted.is_empty() {
        return Ok(outcome);
    }
    let interrupts = Interrupts::listen().context("could not listen for signals")?;
    let run = CommandRunner { context, change, level, effect, interrupts, cache };
    run.all(&wanted, &mut outcome)?;
    Ok(outcome)
}

/// Lists the commands that are not run because another gate blocks the change.
pub fn skip_commands(
    effective: &EffectivePolicy,
    change: &Change,
    request: CommandRequest,
) -> Vec<Skipped> {
    let mut outcome = CommandOutcome::default();
    let wanted = select(&effective.policy, change, request.moment);
    outcome.skip(&wanted, "it was not run: the change is stopped without it");
    outcome.report.skipped
}

/// Turns a pass into `inconclusive` where a command was not run to its end.
pub fn mark_inconclusive(report: &mut Report, inconclusive: bool) {
    if inconclusive && report.verdict == Verdict::Pass {
        report.verdict = Verdict::Inconclusive;
    }
}

impl CommandOutcome {
    fn skip(&mut self, commands: &[&CommandGate], reason: &str) {
        self.report.skipped.extend(
            commands
                .iter()
                .map(|command| Skipped { gate: command.name.clone(), reason: reason.to_owned() }),
        );
    }

    fn fail_to_run(&mut self, level: GateLevel, name: &str, reason: &str) {
        self.inconclusive |= level == GateLevel::Block;
        self.report.skipped.push(Skipped {
            gate: name.to_owned(),
            reason: format!("it could not be run: {reason}"),
        });
    }
}

struct CommandRunner<'a> {
    context: Context<'a>,
    change: &'a Change,
    level: GateLevel,
    effect: Effect,
    interrupts: Interrupts,
    cache: CommandCache,
}

impl CommandRunner<'_> {
    fn all(&self, commands: &[&CommandGate], outcome: &mut CommandOutcome) -> Result<()> {
        let workspace =
            match Workspace::acquire(&checkout::root(self.context.repo), &self.change.tree) {
                Ok(workspace) => workspace,
                Err(error) => {
                    self.give_up(commands, &error, outcome);
                    return Ok(());
                }
            };
        let head = match &self.change.commit {
            Some(commit) => Some(commit.clone()),
            None => self.context.repo.head()?,
        };
        if checkout::has_submodules(self.context.repo, &self.change.tree)? {
            outcome.skip(commands, "submodules are empty folders in the tree that it runs in");
        }
        for (at, command) in commands.iter().enumerate() {
            // Anew for each: one command does not see what another left.
            let checked_out = workspace
                .checkout(
                    self.context.repo,
                    &self.change.tree,
                    head.as_ref(),
                    Ignored::Stay,
                    self.interrupts,
                )
                .and_then(|()| workspace.link(self.context.repo, &command.share));
            let ended =
                checked_out.and_then(|absent| self.one(&workspace, command, &absent, outcome));
            match ended {
                Ok(true) => {}
                Ok(false) => {
                    let rest = commands.get(at + 1..).unwrap_or_default();
                    outcome.skip(rest, "it was not run: interrupted");
                    break;
                }
                Err(error) => self.give_up(&[*command], &error, outcome),
            }
            if outcome.interrupted.is_some() {
                break;
            }
        }
        Ok(())
    }

    fn give_up(
        &self,
        commands: &[&CommandGate],
        error: &anyhow::Error,
        outcome: &mut CommandOutcome,
    ) {
        if let Some(Unavailable::Interrupted(signal)) = error.downcast_ref() {
            outcome.interrupted = Some(*signal);
        }
        for command in commands {
            outcome.fail_to_run(self.level, &command.name, &format!("{error:#}"));
        }
    }

    /// Runs one command; false where a signal interrupted it.
    fn one(
        &self,
        workspace: &Workspace,
        command: &CommandGate,
        absent: &[&str],
        outcome: &mut CommandOutcome,
    ) -> Result<bool> {
        let format = tool_report::format_of(command)?;
        let stdout_alone = format.as_ref().is_some_and(tool_report::reads_stdout_alone);
        let log = workspace.output("output.log");
        let report = if stdout_alone { workspace.output("report.out") } else { log.clone() };
        let (to_log, to_report) = (checkout::create(&log)?, checkout::create(&report)?);
        let to_report = if stdout_alone { &to_report } else { &to_log };
        let ended =
            self.shell(workspace, command).supervise(to_report, &to_log, self.interrupts)?;
        let printed = printed(&log, stdout_alone.then_some(&report))?;
        let kept = keep_log(self.context, &command.name, &printed);
        if let ExitOutcome::Interrupted(signal) = ended {
            outcome.skip(&[command], "it was stopped: interrupted");
            outcome.interrupted = Some(signal);
            return Ok(false);
        }
        let failure = match ended {
            ExitOutcome::Exited(status) if status.success() => None,
            ExitOutcome::Exited(status) if matches!(status.code(), Some(126 | 127)) => {
                let reason = self.not_executable(command, absent);
                outcome.fail_to_run(self.level, &command.name, &reason);
                outcome.tails.push(Tail { command: command.name.clone(), lines: tail(&printed) });
                return Ok(true);
            }
            ExitOutcome::Exited(status) => Some(format!("failed ({})", code_of(status))),
            ExitOutcome::TimedOut => {
                Some(format!("did not end within {}", for_people(command.timeout)))
            }
            ExitOutcome::TooLong | ExitOutcome::Idle | ExitOutcome::Interrupted(_) => {
                Some("printed without end".to_owned())
            }
        };
        let mut read = Some(Vec::new());
        if let (Some(format), ExitOutcome::Exited(_)) = (&format, ended) {
            read = self.read(workspace, command, format, &report, failure.is_some(), outcome)?;
        }
        let unread = read.is_none();
        let mut found = read.unwrap_or_default();
        match failure {
            None if found.is_empty() && !unread => {
                bookkeeping::warn_once(self.context, self.cache.add(command, &self.change.tree));
            }
            // What stops the change is said with its place: the failure as such says nothing more.
            Some(what) if found.iter().all(|finding| finding.severity < Severity::High) => {
                found.push(self.finding(command, &what, kept.as_deref(), absent));
                outcome.tails.push(Tail { command: command.name.clone(), lines: tail(&printed) });
            }
            _ => {}
        }
        outcome.report.findings.extend(found);
        Ok(true)
    }

    fn shell(&self, workspace: &Workspace, command: &CommandGate) -> Cmd {
        let shell = Cmd::new("/bin/sh", &workspace.work())
            .args(["-c", &command.run])
            .env("GIT_CEILING_DIRECTORIES", workspace.ceiling())
            .deadline(command.timeout);
        inside_command::environment(shell, self.context, &command.name)
    }

    /// Reads a command's report. `None` is one that cannot be read: no pass, and named as skipped.
    fn read(
        &self,
        workspace: &Workspace,
        command: &CommandGate,
        format: &ReportFormat,
        report: &Path,
        failed: bool,
        outcome: &mut CommandOutcome,
    ) -> Result<Option<Vec<Finding>>> {
        let printed = regular::read(report, LastLink::Refuse, REPORT)
            .with_context(|| format!("could not read `{}`", report.display()))?;
        let failed = failed.then_some(self.effect);
        match tool_report::read(format, command, &printed, &workspace.work(), failed) {
            Ok(mut findings) => {
                let more = findings.len().saturating_sub(FINDINGS_MAX);
                findings.truncate(FINDINGS_MAX);
                if more > 0 {
                    let reason = format!("{more} more of its findings were not taken in");
                    outcome.skip(&[command], &reason);
                }
                tool_report::quote(&mut findings, &self.context.repo.objects, &self.change.tree)?;
                Ok(Some(findings))
            }
            Err(error) => {
                let reason = format!("its report could not be read: {error:#}");
                outcome.inconclusive |= failed.is_none() && self.level == GateLevel::Block;
                outcome.skip(&[command], &reason);
                Ok(None)
            }
        }
    }

    fn not_executable(&self, command: &CommandGate, absent: &[&str]) -> String {
        let path = self.context.env.text("PATH").unwrap_or_default();
        let reason = format!(
            "`{}` names a program that is not there or cannot be executed, looked for in `PATH={path}`, \
             which is that of the program that called git",
            command.run
        );
        if absent.is_empty() { reason } else { format!("{reason}; {}", not_shared(absent)) }
    }

    fn finding(
        &self,
        command: &CommandGate,
        what: &str,
        log: Option<&Path>,
        absent: &[&str],
    ) -> Finding {
        let see = log.map(|log| format!("what it printed is in `{}`", log.display()));
        let without = (!absent.is_empty()).then(|| not_shared(absent));
        let suggestion: Vec<String> = without.into_iter().chain(see).collect();
        Finding {
            gate: Gate::Commands,
            rule: command.name.clone(),
            class: Class::new("build/command-failed"),
            severity: Severity::High,
            effect: self.effect,
            place: None,
            anchor: String::new(),
            message: format!("`{}` {what}", command.run),
            suggestion: suggestion.join("; "),
        }
    }
}

/// Says which paths of `share` the command had to do without.
fn not_shared(absent: &[&str]) -> String {
    let names: Vec<String> = absent.iter().map(|path| format!("`{path}`")).collect();
    format!("of `share` {} is not in this work tree", names.join(", "))
}

fn untrusted(agreed: &Consent, command: &CommandGate) -> String {
    let why = if consent::knows_name(agreed, command) {
        "it changed since you trusted it"
    } else {
        "it is not trusted"
    };
    format!("{why}; `tribunal trust` shows it and asks")
}

fn for_people(time: Duration) -> String {
    match time.as_secs() {
        0 => format!("{} ms", time.as_millis()),
        seconds if seconds % 60 == 0 => format!("{} min", seconds / 60),
        seconds => format!("{seconds} s"),
    }
}
