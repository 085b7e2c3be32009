//! Runs command gates: selects those of a change, runs them in a workspace, reads their reports.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use crate::domain::gates::formats::ReportFormat;
use crate::domain::gates::policy::EffectivePolicy;
use crate::domain::model::change::{Change, WrittenBy};
use crate::domain::model::finding::{Effect, Finding};
use crate::domain::model::notice::Progress;
use crate::domain::model::report::{CommandResult, Skipped};
use crate::domain::model::severity::Severity;
use crate::domain::policy::command_settings::CommandGate;
use crate::domain::policy::gate_settings::GateLevel;
use crate::flow::context::Context;
use crate::flow::evaluate::bookkeeping;
use crate::flow::evaluate::command_cache::CommandCache;
use crate::flow::evaluate::command_findings;
use crate::flow::evaluate::command_findings::{failed, failure_of, not_started, untrusted};
use crate::flow::evaluate::command_outcome::{CommandOutcome, CommandTests, Tail};
use crate::flow::evaluate::command_output::{excerpt, keep_log, printed, tail};
use crate::flow::evaluate::command_progress::CommandProgress;
use crate::flow::evaluate::command_selection::{
    CommandRequest, RequestedBy, Selected, test_commands,
};
use crate::flow::evaluate::command_shell::{CommandExtras, CommandHold, shell};
use crate::flow::evaluate::inside_command;
use crate::flow::evaluate::preparing;
use crate::flow::evaluate::preparing::Preparation;
use crate::flow::evaluate::tool_report;
use crate::flow::evaluate::tool_report::{CommandReport, FINDINGS_MAX, ReportPlace};
use crate::flow::setup::consent;
use crate::flow::workspace::changed::changed_files;
use crate::flow::workspace::checkout;
use crate::flow::workspace::checkout::{Ignored, Workspace};
use crate::platform::process::{ExitOutcome, Interrupts};
use crate::platform::store::regular;
use crate::platform::store::regular::{LastLink, REPORT};

/// What a command prints, in its workspace.
const LOG: &str = "output.log";

/// Runs the commands that the change selects, in a workspace.
pub fn run_commands(
    context: Context<'_>,
    effective: &EffectivePolicy,
    change: &Change,
    request: CommandRequest,
) -> Result<CommandOutcome> {
    let Selected { wanted, elsewhere } = request.select(effective, change);
    let mut outcome = run_selected(context, effective, change, request, wanted)?;
    if request.requested_by == RequestedBy::Person {
        outcome.skip(&elsewhere, "nothing of its `paths` changed");
    }
    Ok(outcome)
}

/// Runs every command that tells which tests ran, on an agent's code, whatever the change touches, and whether
/// or not it passed before: its report is wanted. `ignored` says what becomes of files that earlier commands
/// left.
pub fn run_tests(
    context: Context<'_>,
    effective: &EffectivePolicy,
    change: &Change,
    ignored: Ignored,
) -> Result<CommandOutcome> {
    let (requested_by, written_by) = (RequestedBy::Name, WrittenBy::Agent);
    let request = CommandRequest { moment: None, requested_by, written_by, ignored };
    run_selected(context, effective, change, request, test_commands(&effective.policy))
}

fn run_selected(
    context: Context<'_>,
    effective: &EffectivePolicy,
    change: &Change,
    request: CommandRequest,
    mut wanted: Vec<&CommandGate>,
) -> Result<CommandOutcome> {
    let mut outcome = CommandOutcome::default();
    let level = effective.policy.gates.commands.level;
    let Some(effect) = level.effect().filter(|_| !wanted.is_empty()) else { return Ok(outcome) };
    if let Some(reason) = inside_command::refusal(context.env) {
        outcome.skip(&wanted, &reason);
        return Ok(outcome);
    }
    let agreed = consent::load(context.repo, context.env)?;
    let within = match request.written_by {
        WrittenBy::Person => None,
        WrittenBy::Agent => Some(&effective.policy.sandbox),
    };
    let cache = CommandCache::load(context, within);
    wanted.retain(|command| {
        if !consent::trusts(&agreed, command) {
            outcome.skip(&[*command], &untrusted(&agreed, command));
            return false;
        }
        let passed_before =
            request.requested_by == RequestedBy::Hook && cache.holds(command, &change.tree);
        if passed_before {
            outcome.end(context, &command.name, CommandResult::PassedBefore, Duration::ZERO);
        }
        !passed_before
    });
    if wanted.is_empty() {
        return Ok(outcome);
    }
    let interrupts = Interrupts::listen().context("could not listen for signals")?;
    let by = request.written_by;
    let prepared = preparing::hold_and_prepare(context, effective, &agreed, change, by, interrupts);
    let (hold, preparation) = match prepared {
        Ok(prepared) => prepared,
        Err(error) => {
            outcome.interrupted = checkout::signal_of(&error);
            outcome.fail_all(level, &wanted, &format!("{error:#}"));
            return Ok(outcome);
        }
    };
    if let CommandHold::Missing(why) = &hold {
        let reason =
            format!("what an agent wrote ran without it, as `sandbox.without` allows: {why}");
        outcome.report.skipped.push(Skipped { gate: "sandbox".to_owned(), reason, has_run: false });
    }
    CommandProgress::of(context, |progress| {
        let CommandRequest { written_by, ignored, .. } = request;
        let run = CommandRunner {
            context,
            change,
            written_by,
            ignored,
            hold,
            preparation,
            level,
            effect,
            interrupts,
            cache,
            progress,
        };
        run.all(&wanted, &mut outcome)
    })?;
    Ok(outcome)
}

/// What a command printed.
struct Printed {
    /// The file with its report, where it has a format.
    report: PathBuf,
    /// Where all of it is kept for people.
    log: Option<PathBuf>,
    end: Tail,
}

struct CommandRunner<'a> {
    context: Context<'a>,
    change: &'a Change,
    written_by: WrittenBy,
    ignored: Ignored,
    hold: CommandHold,
    preparation: Preparation,
    level: GateLevel,
    effect: Effect,
    interrupts: Interrupts,
    cache: CommandCache,
    progress: &'a CommandProgress,
}

impl CommandRunner<'_> {
    fn all(&self, commands: &[&CommandGate], outcome: &mut CommandOutcome) -> Result<()> {
        self.progress.preparing();
        let root = checkout::root(self.context.repo);
        let workspace = match Workspace::acquire(&root, &self.change.tree, self.written_by) {
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
            let command = &self.without_prepared(command);
            // Anew for each: one command does not see what another left.
            self.progress.preparing();
            let checked_out = workspace
                .checkout(
                    self.context.repo,
                    &self.change.tree,
                    head.as_ref(),
                    self.ignored,
                    self.interrupts,
                )
                .and_then(|()| {
                    let absent = workspace.link(self.context.repo, &command.share)?;
                    let extras = self.preparation.put_in(self.context, &workspace, &self.hold)?;
                    Ok((absent, extras))
                });
            let name = &command.name;
            let started = Instant::now();
            let ended = checked_out.and_then(|(absent, extras)| {
                // Nothing of what the last one printed.
                checkout::create(&workspace.output(LOG))?;
                self.context.notify(Progress::CommandStarted { name: name.clone() });
                self.progress.running(name, (at + 1, commands.len()), workspace.output(LOG));
                self.one(&workspace, command, (&absent, &extras), outcome)
            });
            match ended {
                Ok(result) => outcome.end(self.context, name, result, started.elapsed()),
                Err(error) => self.give_up(&[command], &error, outcome),
            }
            if outcome.interrupted.is_some() {
                let rest = commands.get(at + 1..).unwrap_or_default();
                outcome.skip(rest, "it was not run: interrupted");
                break;
            }
        }
        Ok(())
    }

    /// The command without what it shares and what was prepared as well: that is of the very files.
    fn without_prepared(&self, command: &CommandGate) -> CommandGate {
        let mut command = command.clone();
        command.share.retain(|path| !self.preparation.places(path));
        command
    }

    fn give_up(
        &self,
        commands: &[&CommandGate],
        error: &anyhow::Error,
        outcome: &mut CommandOutcome,
    ) {
        outcome.interrupted = checkout::signal_of(error).or(outcome.interrupted);
        outcome.fail_all(self.level, commands, &format!("it could not be run: {error:#}"));
    }

    /// Runs one command.
    fn one(
        &self,
        workspace: &Workspace,
        command: &CommandGate,
        (absent, extras): (&[&str], &CommandExtras),
        outcome: &mut CommandOutcome,
    ) -> Result<CommandResult> {
        let format = tool_report::format_of(command)?;
        let place = format.as_ref().map_or(ReportPlace::Streams, CommandReport::place);
        let (ended, Printed { report, log, end }) =
            self.execute(workspace, command, extras, place)?;
        let mut failure = match ended {
            ExitOutcome::Interrupted(signal) => {
                outcome.skip(&[command], "it was stopped: interrupted");
                outcome.interrupted = Some(signal);
                return Ok(CommandResult::Interrupted);
            }
            ExitOutcome::Exited(status) if matches!(status.code(), Some(126 | 127)) => {
                let why = not_started(&end.lines, absent);
                let result = CommandResult::NotStarted { why };
                outcome.fail_to_run(self.level, &command.name, &result);
                // One line is quoted.
                outcome.tails.extend((end.lines.len() > 1).then_some(end));
                return Ok(result);
            }
            _ => failure_of(ended, command, self.hold.is_sandbox()),
        };
        let (mut read, mut changed) = (Ok(Vec::new()), Vec::new());
        if let ExitOutcome::Exited(_) = ended {
            changed = changed_files(workspace, self.context.repo)?;
            if let Some(CommandReport::Findings(format)) = &format {
                read =
                    self.read(workspace, command, format, &report, failure.is_some(), outcome)?;
            }
        }
        let (tests, concluded) = tool_report::tests_of(format.as_ref(), ended, &report);
        outcome.tests.extend(CommandTests::of(command, tests, ended));
        let unproven = tool_report::unproven(concluded, &mut failure);
        let result = match (&failure, ended, &read, unproven) {
            (_, ExitOutcome::TimedOut, ..) => CommandResult::TimedOut,
            (Some(_), ..) => CommandResult::Failed,
            (None, ..) if !changed.is_empty() => CommandResult::ChangedFiles,
            (None, _, Err(why), _) => CommandResult::Unreadable { why: why.clone() },
            (None, _, Ok(_), Some(why)) => CommandResult::Unproven { why },
            (None, _, Ok(_), None) => CommandResult::Passed,
        };
        outcome.fail_to_run(self.level, &command.name, &result);
        let mut found = read.unwrap_or_default();
        match failure {
            None if result == CommandResult::Passed && found.is_empty() => {
                self.keep_pass(command);
            }
            None if result == CommandResult::ChangedFiles => {
                let commit = self.change.commit.as_ref();
                found.push(command_findings::changed_files(command, self.effect, &changed, commit));
            }
            // What stops the change is said with its place: the failure as such says nothing more.
            Some(what) if found.iter().all(|finding| finding.severity < Severity::High) => {
                let log = log.as_deref();
                let held = self.hold.is_sandbox();
                found.push(failed(command, self.effect, &what, log, absent, &changed, held));
                outcome.tails.push(end);
            }
            _ => {}
        }
        outcome.report.findings.extend(found);
        Ok(result)
    }

    fn keep_pass(&self, command: &CommandGate) {
        // What ran without the sandbox that it needed did not pass in one.
        if !matches!(self.hold, CommandHold::Missing(_)) {
            bookkeeping::warn_once(self.context, self.cache.add(command, &self.change.tree));
        }
    }

    /// Runs a command to its end, and keeps what it printed.
    fn execute(
        &self,
        workspace: &Workspace,
        command: &CommandGate,
        extras: &CommandExtras,
        place: ReportPlace,
    ) -> Result<(ExitOutcome, Printed)> {
        let log = workspace.output(LOG);
        let report = match place {
            ReportPlace::Streams => log.clone(),
            ReportPlace::Stdout => workspace.output("report.out"),
            // Some tools write a file beside it, and rename that.
            ReportPlace::File => workspace.empty_folder("report")?.join("report.out"),
        };
        let (to_log, to_report) = (checkout::create(&log)?, checkout::create(&report)?);
        let stdout_alone = place == ReportPlace::Stdout;
        let to_report = if stdout_alone { &to_report } else { &to_log };
        let folder = report.parent().filter(|_| place == ReportPlace::File);
        // Landlock asks about a stream that is opened by its name, as `/dev/stdout`.
        let writable = [folder.unwrap_or(&report), &log].map(Path::to_owned).to_vec();
        let shell = shell(self.context, workspace, command, &self.hold, extras, writable)?;
        let shell = match place {
            ReportPlace::File => shell.env("TRIBUNAL_REPORT", &report),
            ReportPlace::Streams | ReportPlace::Stdout => shell,
        };
        let ended = shell.supervise(to_report, &to_log, self.interrupts)?;
        let printed = printed(&log, stdout_alone.then_some(&report))?;
        let log = keep_log(self.context, &command.name, &printed);
        let end = Tail {
            command: command.name.clone(),
            lines: tail(&printed),
            excerpt: excerpt(&printed),
        };
        Ok((ended, Printed { report, log, end }))
    }

    /// Reads a command's report; `Err` with the reason is one that cannot be read.
    fn read(
        &self,
        workspace: &Workspace,
        command: &CommandGate,
        format: &ReportFormat,
        report: &Path,
        failed: bool,
        outcome: &mut CommandOutcome,
    ) -> Result<Result<Vec<Finding>, String>> {
        let printed = regular::read(report, LastLink::Refuse, REPORT)
            .with_context(|| format!("could not read `{}`", report.display()))?;
        let failed = failed.then_some(self.effect);
        match tool_report::read(format, command, &printed, &workspace.work(), failed) {
            Ok(mut findings) => {
                let more = findings.len().saturating_sub(FINDINGS_MAX);
                findings.truncate(FINDINGS_MAX);
                if more > 0 {
                    let reason = format!("{more} more of its findings were not read");
                    outcome.skip(&[command], &reason);
                }
                tool_report::quote(&mut findings, &self.context.repo.objects, &self.change.tree)?;
                Ok(Ok(findings))
            }
            Err(error) => {
                let why = format!("{error:#}");
                if failed.is_some() {
                    outcome.skip(&[command], &format!("its report could not be read: {why}"));
                }
                Ok(Err(why))
            }
        }
    }
}
