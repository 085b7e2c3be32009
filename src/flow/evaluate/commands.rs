//! The command gates: which of them a change calls for, and what their runs say about it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};
use bstr::ByteSlice as _;

use crate::domain::gates::GateReport;
use crate::domain::gates::formats::ReportFormat;
use crate::domain::gates::policy::EffectivePolicy;
use crate::domain::gates::secrets::redact;
use crate::domain::model::change::{Change, FileChangeKind};
use crate::domain::model::class::Class;
use crate::domain::model::finding::{Effect, Finding};
use crate::domain::model::gate::Gate;
use crate::domain::model::globs::Globs;
use crate::domain::model::report::{Report, Skipped, Verdict};
use crate::domain::model::severity::Severity;
use crate::domain::policy::commands::{CommandGate, Moment};
use crate::domain::policy::gates::GateLevel;
use crate::flow::evaluate::bookkeeping;
use crate::flow::evaluate::passed::Passed;
use crate::flow::evaluate::tool_report;
use crate::flow::evaluate::tool_report::FINDINGS_MAX;
use crate::flow::evaluate::trust::Trusted;
use crate::flow::workspace::checkout;
use crate::flow::workspace::checkout::{Ignored, Unavailable, Workspace};
use crate::platform::config::env::Env;
use crate::platform::git::repo::Repo;
use crate::platform::process::{Cmd, Ended, Interrupts, code_of};
use crate::platform::store::share;

/// Set for every command to its name. A tribunal that finds it set runs no commands: a command that
/// commits would otherwise call itself.
const INSIDE: &str = "TRIBUNAL_INSIDE_COMMAND";

/// How much of a failed command's output is shown, in lines.
const TAIL_LINES: usize = 20;

/// How much of the end of an output is looked at for that, in bytes.
const TAIL_BYTES: usize = 16 * 1024;

/// How much of the end of an output is kept, in bytes.
const LOG_BYTES: u64 = 4 * 1024 * 1024;

/// How many logs of earlier runs are kept for each command.
const LOGS_KEPT: usize = 3;

/// What is to be run.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    pub env: &'a Env,
    /// `None` asks for every command, whenever it usually runs.
    pub moment: Option<Moment>,
    /// Whether a command that passed on this very tree before need not run again.
    pub reuse: bool,
}

/// What the commands have to say.
#[derive(Debug, Default)]
pub struct Outcome {
    pub judgement: GateReport,
    /// A command that guards could not be run: neither pass nor block.
    pub inconclusive: bool,
    /// We were told to stop, by this signal.
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

/// Runs the commands that the change calls for, in a tree of the program's own.
pub fn judge(
    repo: &Repo,
    law: &EffectivePolicy,
    change: &Change,
    request: &Request<'_>,
) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let level = law.policy.gates.commands.level;
    let Some(effect) = level.effect() else { return Ok(outcome) };
    let mut wanted = wanted(law, change, request.moment, &mut outcome);
    if wanted.is_empty() {
        return Ok(outcome);
    }
    if let Some(outer) = request.env.text(INSIDE) {
        outcome.skip(&wanted, &format!("it is called from inside the command `{outer}`"));
        return Ok(outcome);
    }
    let trusted = Trusted::load(repo)?;
    let passed = Passed::load(repo);
    wanted.retain(|command| {
        if !trusted.holds(command) {
            outcome.skip(&[*command], &untrusted(&trusted, command));
            return false;
        }
        !(request.reuse && passed.holds(command, &change.tree))
    });
    if wanted.is_empty() {
        return Ok(outcome);
    }
    let interrupts = Interrupts::listen().context("could not listen for signals")?;
    let run = Run { repo, change, env: request.env, level, effect, interrupts, passed };
    run.all(&wanted, &mut outcome)?;
    Ok(outcome)
}

/// Names the commands that the change calls for and that are not run because something else stops
/// it already.
pub fn pass_over(law: &EffectivePolicy, change: &Change, request: &Request<'_>) -> Vec<Skipped> {
    let mut outcome = Outcome::default();
    let wanted = wanted(law, change, request.moment, &mut outcome);
    outcome.skip(&wanted, "it was not run: the change is stopped without it");
    outcome.judgement.skipped
}

/// Says in the report that a command that guards was not run to its end.
pub fn settle(report: &mut Report, inconclusive: bool) {
    if inconclusive && report.verdict == Verdict::Pass {
        report.verdict = Verdict::Inconclusive;
    }
}

/// The commands that the change calls for at that moment; none where the gate is off.
fn wanted<'a>(
    law: &'a EffectivePolicy,
    change: &Change,
    moment: Option<Moment>,
    outcome: &mut Outcome,
) -> Vec<&'a CommandGate> {
    let level = law.policy.gates.commands.level;
    let mut wanted = Vec::new();
    if level == GateLevel::Off {
        return wanted;
    }
    for command in &law.policy.commands {
        match is_wanted(command, change, moment) {
            Ok(true) => wanted.push(command),
            Ok(false) => {}
            Err(reason) => outcome.fail_to_run(level, &command.name, &reason),
        }
    }
    wanted
}

impl Outcome {
    fn skip(&mut self, commands: &[&CommandGate], reason: &str) {
        self.judgement.skipped.extend(
            commands
                .iter()
                .map(|command| Skipped { gate: command.name.clone(), reason: reason.to_owned() }),
        );
    }

    fn fail_to_run(&mut self, level: GateLevel, name: &str, reason: &str) {
        self.inconclusive |= level == GateLevel::Block;
        self.judgement.skipped.push(Skipped {
            gate: name.to_owned(),
            reason: format!("it could not be run: {reason}"),
        });
    }
}

struct Run<'a> {
    repo: &'a Repo,
    change: &'a Change,
    env: &'a Env,
    level: GateLevel,
    effect: Effect,
    interrupts: Interrupts,
    passed: Passed,
}

impl Run<'_> {
    fn all(&self, commands: &[&CommandGate], outcome: &mut Outcome) -> Result<()> {
        let workspace = match Workspace::acquire(&checkout::root(self.repo), &self.change.tree) {
            Ok(workspace) => workspace,
            Err(error) => {
                self.give_up(commands, &error, outcome);
                return Ok(());
            }
        };
        let head = match &self.change.commit {
            Some(commit) => Some(commit.clone()),
            None => self.repo.head()?,
        };
        if checkout::has_submodules(self.repo, &self.change.tree)? {
            outcome.skip(commands, "submodules are empty folders in the tree that it runs in");
        }
        for (at, command) in commands.iter().enumerate() {
            // Anew for each: one command does not see what another left.
            let checked_out = workspace
                .checkout(
                    self.repo,
                    &self.change.tree,
                    head.as_ref(),
                    Ignored::Stay,
                    self.interrupts,
                )
                .and_then(|()| workspace.link(self.repo, &command.share));
            let ended = checked_out.and_then(|()| self.one(&workspace, command, outcome));
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

    fn give_up(&self, commands: &[&CommandGate], error: &anyhow::Error, outcome: &mut Outcome) {
        if let Some(Unavailable::Interrupted(signal)) = error.downcast_ref() {
            outcome.interrupted = Some(*signal);
        }
        for command in commands {
            outcome.fail_to_run(self.level, &command.name, &format!("{error:#}"));
        }
    }

    /// Runs one command; false where we were told to stop.
    fn one(
        &self,
        workspace: &Workspace,
        command: &CommandGate,
        outcome: &mut Outcome,
    ) -> Result<bool> {
        let format = tool_report::format_of(command)?;
        let apart = format.as_ref().is_some_and(tool_report::is_apart);
        let log = workspace.output("output.log");
        let report = if apart { workspace.output("report.out") } else { log.clone() };
        let (to_log, to_report) = (checkout::create(&log)?, checkout::create(&report)?);
        let to_report = if apart { &to_report } else { &to_log };
        let ended =
            self.shell(workspace, command).supervise(to_report, &to_log, self.interrupts)?;
        let printed = printed(&log, apart.then_some(&report))?;
        let kept = keep_log(self.repo, &command.name, &printed);
        if let Ended::Interrupted(signal) = ended {
            outcome.skip(&[command], "it was stopped: interrupted");
            outcome.interrupted = Some(signal);
            return Ok(false);
        }
        let failure = match ended {
            Ended::Exited(status) if status.success() => None,
            Ended::Exited(status) if matches!(status.code(), Some(126 | 127)) => {
                let reason = format!("`{}` is not there or cannot be executed", command.run);
                outcome.fail_to_run(self.level, &command.name, &reason);
                outcome.tails.push(Tail { command: command.name.clone(), lines: tail(&printed) });
                return Ok(true);
            }
            Ended::Exited(status) => Some(format!("failed ({})", code_of(status))),
            Ended::TimedOut => Some(format!("did not end within {}", for_people(command.timeout))),
            Ended::TooLong | Ended::Idle | Ended::Interrupted(_) => {
                Some("printed without end".to_owned())
            }
        };
        let mut read = Some(Vec::new());
        if let (Some(format), Ended::Exited(_)) = (&format, ended) {
            read = self.read(workspace, command, format, &report, failure.is_some(), outcome)?;
        }
        let unread = read.is_none();
        let mut found = read.unwrap_or_default();
        match failure {
            None if found.is_empty() && !unread => {
                bookkeeping::tell(self.repo, self.passed.add(command, &self.change.tree));
            }
            // What stops the change is said with its place: the failure as such says nothing more.
            Some(what) if found.iter().all(|finding| finding.severity < Severity::High) => {
                found.push(self.finding(command, &what, kept.as_deref()));
                outcome.tails.push(Tail { command: command.name.clone(), lines: tail(&printed) });
            }
            _ => {}
        }
        outcome.judgement.findings.extend(found);
        Ok(true)
    }

    fn shell(&self, workspace: &Workspace, command: &CommandGate) -> Cmd {
        let mut shell = Cmd::new("/bin/sh", &workspace.work())
            .args(["-c", &command.run])
            .env(INSIDE, &command.name)
            .env("GIT_CEILING_DIRECTORIES", workspace.ceiling())
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("NO_COLOR", "1")
            .deadline(command.timeout);
        for (name, _) in self.env.with_prefix("GIT_") {
            if name == "GIT_REFLOG_ACTION" || name == "GIT_NAMESPACE" || is_config(name) {
                shell = shell.env_remove(name);
            }
        }
        shell
    }

    /// Takes in a command's report. `None` is one that cannot be read: it is said, and no pass.
    fn read(
        &self,
        workspace: &Workspace,
        command: &CommandGate,
        format: &ReportFormat,
        report: &Path,
        failed: bool,
        outcome: &mut Outcome,
    ) -> Result<Option<Vec<Finding>>> {
        let printed =
            fs::read(report).with_context(|| format!("could not read `{}`", report.display()))?;
        let failed = failed.then_some(self.effect);
        match tool_report::read(format, command, &printed, &workspace.work(), failed) {
            Ok(mut findings) => {
                let more = findings.len().saturating_sub(FINDINGS_MAX);
                findings.truncate(FINDINGS_MAX);
                if more > 0 {
                    let reason = format!("{more} more of its findings were not taken in");
                    outcome.skip(&[command], &reason);
                }
                tool_report::quote(&mut findings, &self.repo.objects, &self.change.tree)?;
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

    fn finding(&self, command: &CommandGate, what: &str, log: Option<&Path>) -> Finding {
        let see = |log: &Path| format!("what it printed is in `{}`", log.display());
        Finding {
            gate: Gate::Commands,
            rule: command.name.clone(),
            class: Class::new("build/command-failed"),
            severity: Severity::High,
            effect: self.effect,
            place: None,
            anchor: String::new(),
            message: format!("`{}` {what}", command.run),
            suggestion: log.map(see).unwrap_or_default(),
        }
    }
}

fn untrusted(trusted: &Trusted, command: &CommandGate) -> String {
    let why = if trusted.knows_name(command) {
        "it changed since you trusted it"
    } else {
        "it is not trusted"
    };
    format!("{why}; `tribunal trust` shows it and asks")
}

/// Whether the command runs at that moment and one of the changed paths is of interest to it.
fn is_wanted(
    command: &CommandGate,
    change: &Change,
    moment: Option<Moment>,
) -> Result<bool, String> {
    if moment.is_some_and(|moment| !command.on.contains(&moment)) {
        return Ok(false);
    }
    if command.paths.is_empty() {
        return Ok(true);
    }
    let globs =
        Globs::new(command.paths.iter().map(String::as_str)).map_err(|error| error.to_string())?;
    Ok(change.files.iter().any(|file| {
        let from = match &file.kind {
            FileChangeKind::Renamed { from } => Some(from),
            FileChangeKind::Added | FileChangeKind::Modified | FileChangeKind::Deleted => None,
        };
        [Some(&file.path), from]
            .into_iter()
            .flatten()
            .any(|path| globs.matches(path.to_path_lossy()))
    }))
}

/// `GIT_CONFIG_KEY_0` and the like carry settings of the git command that called us.
fn is_config(name: &str) -> bool {
    name.starts_with("GIT_CONFIG_KEY_") || name.starts_with("GIT_CONFIG_VALUE_")
}

/// The end of what a command printed, without secrets: tests like to print what they were
/// configured with.
fn printed(output: &Path, report: Option<&PathBuf>) -> Result<Vec<u8>> {
    let mut printed = Vec::new();
    for path in [Some(output), report.map(PathBuf::as_path)].into_iter().flatten() {
        let end = end_of(path, LOG_BYTES)
            .with_context(|| format!("could not read `{}`", path.display()))?;
        printed.extend(redact::redact(&end));
    }
    Ok(printed)
}

/// Keeps what a command printed where people find it, with some older ones; `None` where that
/// cannot be done, which is said.
fn keep_log(repo: &Repo, name: &str, printed: &[u8]) -> Option<PathBuf> {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "-_".contains(c) { c } else { '_' };
    let name: String = name.chars().map(plain).take(100).collect();
    let folder = repo.state_dir().join("logs/commands");
    let numbered = |number: usize| match number {
        0 => folder.join(format!("{name}.log")),
        _ => folder.join(format!("{name}.{number}.log")),
    };
    let keep = || -> io::Result<()> {
        for number in (0..LOGS_KEPT).rev() {
            // Another run may be turning the same logs over: the newest is what counts.
            drop(fs::rename(numbered(number), numbered(number + 1)));
        }
        let mut log = OpenOptions::new();
        share::open(&numbered(0), log.write(true).truncate(true))?.write_all(printed)
    };
    let kept = keep().with_context(|| format!("could not write `{}`", numbered(0).display()));
    let path = kept.is_ok().then(|| numbered(0));
    bookkeeping::tell(repo, kept);
    path
}

/// At most so many bytes of the end of a file.
fn end_of(path: &Path, bytes_max: u64) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(bytes_max)))?;
    let mut end = Vec::new();
    file.read_to_end(&mut end)?;
    Ok(end)
}

/// The last lines of what was printed.
fn tail(printed: &[u8]) -> Vec<String> {
    let end = &printed[printed.len().saturating_sub(TAIL_BYTES)..];
    let lines: Vec<&[u8]> = end.trim_end().lines().collect();
    let from = lines.len().saturating_sub(TAIL_LINES);
    let text = |line: &&[u8]| line.to_str_lossy().chars().take(400).collect();
    lines[from..].iter().map(text).collect()
}

fn for_people(time: Duration) -> String {
    match time.as_secs() {
        0 => format!("{} ms", time.as_millis()),
        seconds if seconds % 60 == 0 => format!("{} min", seconds / 60),
        seconds => format!("{seconds} s"),
    }
}
