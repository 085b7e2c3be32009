//! Evaluates a change: runs the gates, records their findings, then runs the project's commands.
//! Commits, pushes, `check` and the server all go through [`evaluate`].

use std::collections::HashSet;
use std::time::Instant;

use anyhow::Result;
use bstr::BString;

use crate::domain::gates::GateReport;
use crate::domain::gates::policy::EffectivePolicy;
use crate::domain::model::change::Change;
use crate::domain::model::finding::{Effect, Finding, Location, LocationKind};
use crate::domain::model::gate::Gate;
use crate::domain::model::oid::Oid;
use crate::domain::model::report::{CommandRun, Report, Reported, Skipped};
use crate::domain::policy::gate_settings::GateLevel;
use crate::flow::context::Context;
use crate::flow::evaluate::allowed_next;
use crate::flow::evaluate::command_outcome::{CommandTests, Tail};
use crate::flow::evaluate::command_selection;
use crate::flow::evaluate::command_selection::CommandRequest;
use crate::flow::evaluate::commands;
use crate::flow::evaluate::gates::run_gates;
use crate::flow::evaluate::recording;
use crate::flow::evaluate::report::build_report;

/// The parts of an evaluation that run.
#[derive(Clone, Copy)]
pub enum EvaluationScope {
    /// The gates that start no program.
    Gates,
    /// The gates, then the commands, unless a gate blocks the change: no build is needed then.
    GatesAndCommands(CommandRequest),
    Commands(CommandRequest),
}

/// The findings of one change.
#[derive(Debug, Default)]
pub struct Evaluation {
    pub findings: Vec<Reported>,
    pub skipped: Vec<Skipped>,
    /// The gates that looked at something.
    pub gates: Vec<Gate>,
    /// What came of each command that was to run.
    pub ran: Vec<CommandRun>,
    /// The last lines of each command that failed.
    pub tails: Vec<Tail>,
    /// The tests of each command that reports them.
    pub tests: Vec<CommandTests>,
    /// A command of level `block` could not be run, or the change is too large to be evaluated.
    pub inconclusive: bool,
    /// The signal that interrupted the commands.
    pub interrupted: Option<i32>,
}

/// State shared by the changes of one push: each file is read once, each finding reported once.
#[derive(Default)]
pub struct Seen {
    /// By policy: a pass under a laxer policy proves nothing under a stricter one.
    files: HashSet<(String, BString, Oid)>,
    found: HashSet<String>,
}

impl Seen {
    fn skip_known(&mut self, change: &mut Change, policy: &str) {
        change.files.retain(|file| match &file.new {
            Some(entry) => {
                self.files.insert((policy.to_owned(), file.path.clone(), entry.oid.clone()))
            }
            None => true,
        });
    }

    fn is_new(&mut self, finding: &Finding) -> bool {
        // A finding about a whole change or a message is about that one alone.
        let Some(Location { kind: LocationKind::File(_), .. }) = &finding.place else {
            return true;
        };
        let place = finding.place.as_ref().map(|place| (place.kind.display(), place.line));
        let key = format!("{}/{} {place:?} {}", finding.gate, finding.rule, finding.anchor);
        self.found.insert(key)
    }
}

/// Evaluates a change under a policy. `seen` is given for the changes of one push.
pub fn evaluate(
    context: Context<'_>,
    mut change: Change,
    effective: &EffectivePolicy,
    mut seen: Option<&mut Seen>,
    scope: EvaluationScope,
) -> Result<Evaluation> {
    let mut evaluation = Evaluation::default();
    if let Some(reason) = change.unlisted.take() {
        evaluation.skipped.push(Skipped { gate: "change".to_owned(), reason, has_run: false });
        evaluation.inconclusive = true;
    }
    if !matches!(scope, EvaluationScope::Commands(_)) {
        if let Some(seen) = seen.as_deref_mut() {
            seen.skip_known(&mut change, &effective.hash);
        }
        evaluation.gates = gates_of(&change, effective);
        let GateReport { findings, skipped } = run_gates(context.repo, &change, effective)?;
        evaluation.skipped.extend(skipped);
        evaluation.keep(context, &change, findings, seen.as_deref_mut());
        allowed_next::tell(context, &change, &mut evaluation.findings)?;
    }
    let (EvaluationScope::Commands(request) | EvaluationScope::GatesAndCommands(request)) = scope
    else {
        return Ok(evaluation);
    };
    if stops(&evaluation.findings) {
        evaluation.skipped.extend(command_selection::skip_commands(effective, &change, request));
        return Ok(evaluation);
    }
    let outcome = commands::run_commands(context, effective, &change, request)?;
    if !outcome.ran.is_empty() {
        evaluation.gates.push(Gate::Commands);
    }
    evaluation.ran = outcome.ran;
    evaluation.tails = outcome.tails;
    evaluation.tests = outcome.tests;
    evaluation.inconclusive |= outcome.inconclusive;
    evaluation.interrupted = outcome.interrupted;
    evaluation.skipped.extend(outcome.report.skipped);
    evaluation.keep(context, &change, outcome.report.findings, seen);
    Ok(evaluation)
}

/// The gates that start no program and look at this change.
fn gates_of(change: &Change, effective: &EffectivePolicy) -> Vec<Gate> {
    let mut gates = effective.policy.gates.clone();
    let mut looks = |gate: &Gate| {
        let concerns = match gate {
            // It is about refs.
            Gate::ProtectedBranch | Gate::Commands => false,
            Gate::CommitMessage => change.message.is_some(),
            _ => true,
        };
        concerns && gates.level_of(*gate).is_some_and(|level| *level != GateLevel::Off)
    };
    Gate::OF_CHANGES.into_iter().filter(|gate| looks(gate)).collect()
}

impl Evaluation {
    /// Records findings and adds them.
    fn keep(
        &mut self,
        context: Context<'_>,
        change: &Change,
        mut findings: Vec<Finding>,
        seen: Option<&mut Seen>,
    ) {
        if let Some(seen) = seen {
            findings.retain(|finding| seen.is_new(finding));
        }
        let kept = recording::record_findings(context, change, findings);
        self.findings.extend(kept.findings);
        self.skipped.extend(kept.skipped);
    }

    /// Builds the report of this evaluation; `started` is when it began.
    pub fn report(self, started: Instant) -> Report {
        let report = build_report(self.findings, self.skipped, started);
        let mut report = Report { gates: self.gates, ran: self.ran, ..report };
        // An interrupted evaluation is no pass.
        report.mark_inconclusive(self.inconclusive || self.interrupted.is_some());
        report
    }
}

/// Whether any finding stops the change.
pub fn stops(findings: &[Reported]) -> bool {
    findings.iter().any(|reported| reported.finding.effect == Effect::Block)
}
