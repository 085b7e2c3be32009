//! Runs the gates of a run: before any model is called, and after every fix.

use std::time::Instant;

use anyhow::Result;

use crate::domain::development::failed_before::{FailedBefore, FailedCommand, failed_before};
use crate::domain::development::suite::{SuiteRun, shortened};
use crate::domain::gates::policy::EffectivePolicy;
use crate::domain::gates::secrets::redact::redact_str;
use crate::domain::model::change::{Change, WrittenBy};
use crate::domain::model::finding::{Effect, Finding};
use crate::domain::model::gate::Gate;
use crate::domain::model::report::{Report, Reported, Verdict};
use crate::domain::model::text::one_line;
use crate::domain::pipeline::job::GateOutcome;
use crate::domain::policy::settings::Policy;
use crate::domain::spec::types::Spec;
use crate::flow::context::Context;
use crate::flow::evaluate::command_findings::SEE;
use crate::flow::evaluate::command_outcome::{CommandTests, Tail};
use crate::flow::evaluate::command_selection::CommandRequest;
use crate::flow::evaluate::evaluation::{Evaluation, EvaluationScope, evaluate};
use crate::flow::intake::spec_listing::SpecGlobs;
use crate::flow::review::spec_commands::{SpecCommandOutcome, run_spec_commands};
use crate::flow::review::spec_patterns;

/// The most failed tests of one command that an executor is told.
const FAILED_MAX: usize = 20;

/// The outcome of the gates, for the run and for the report.
pub struct GateRun {
    pub gated: GateOutcome,
    pub report: Report,
    /// What failed commands printed, as far as an executor is shown it; without secrets.
    pub printed: String,
    /// The signal that interrupted a command.
    pub interrupted: Option<i32>,
}

/// Runs the gates on a change. Every command runs, whatever hook it is for: no model is paid to look at
/// what the project's own tests refuse, and nothing else would notice what a fix broke. The tests that failed in
/// `before` stop nothing.
pub fn run_gates(
    context: Context<'_>,
    change: &Change,
    effective: &EffectivePolicy,
    spec: Option<&Spec>,
    written_by: WrittenBy,
    before: Option<&SuiteRun>,
) -> Result<GateRun> {
    let request = CommandRequest::of_review(written_by);
    let started = Instant::now();
    let scope = EvaluationScope::GatesAndCommands(request);
    let mut evaluation = evaluate(context, change.clone(), effective, None, scope)?;
    let is_untold = before.is_some_and(|before| excuse(&mut evaluation, before, &effective.policy));
    let mut interrupted = evaluation.interrupted;
    let said = evaluation.tails.iter().map(said);
    let printed = said.chain(evaluation.tests.iter().map(failed_tests)).collect();
    let mut report = evaluation.report(started);
    // What is stopped already needs no build of the spec's.
    let of_spec = match spec {
        Some(spec) if report.verdict == Verdict::Pass && interrupted.is_none() => {
            let mut came = run_spec_commands(context, spec, effective, change, written_by)?;
            let globs = SpecGlobs::new(&effective.policy.watch.specs);
            let is_spec =
                |path: &str| globs.as_ref().is_ok_and(|globs| globs.is_spec(path.as_ref()));
            let patterns = spec_patterns::look(&context.repo.objects, change, spec, &is_spec)?;
            came.unmet.extend(patterns.unmet);
            came.skipped.extend(patterns.skipped);
            came
        }
        _ => SpecCommandOutcome::default(),
    };
    interrupted = interrupted.or(of_spec.interrupted);
    report.skipped.extend(of_spec.skipped);
    let stopping: Vec<&Reported> =
        report.findings.iter().filter(|found| found.finding.effect == Effect::Block).collect();
    let mut unasked: Vec<String> = match report.verdict {
        Verdict::Inconclusive => {
            report.skipped.iter().map(|s| format!("{}: {}", s.gate, s.reason)).collect()
        }
        Verdict::Pass | Verdict::Block | Verdict::Escalate => Vec::new(),
    };
    unasked.extend(of_spec.unasked);
    let gated = GateOutcome {
        failures: stopping
            .iter()
            .map(|found| line(&found.finding))
            .chain(of_spec.failures)
            .collect(),
        needs_person: is_untold || stopping.iter().any(|found| needs_person(found.finding.gate)),
        unasked,
        unmet: of_spec.unmet,
    };
    Ok(GateRun { gated, report, printed, interrupted })
}

/// Has commands stop nothing of which nothing fails but tests that failed before. Gives whether a command fails of which
/// that cannot be told.
fn excuse(evaluation: &mut Evaluation, before: &SuiteRun, policy: &Policy) -> bool {
    let mut is_untold = false;
    for CommandTests { command, report, code } in &evaluation.tests {
        let gate = policy.commands.iter().find(|gate| gate.name == *command);
        let run = gate.map_or("", |gate| gate.run.as_str());
        let failed = FailedCommand { name: command, run, report, code: *code };
        let Some(known) = failed_before(before, failed) else { continue };
        let of_command =
            evaluation.findings.iter_mut().map(|found| &mut found.finding).filter(|finding| {
                finding.gate == Gate::Commands
                    && finding.rule == *command
                    && finding.place.is_none()
            });
        for finding in of_command {
            finding.suggestion = match &known {
                FailedBefore::Tests(failed) => {
                    finding.effect = Effect::Warn;
                    let names = shortened(failed.iter().map(|name| format!("`{name}`")).collect());
                    format!("it failed before as well: {}", names.join(", "))
                }
                FailedBefore::Untold(why) => {
                    is_untold |= finding.effect == Effect::Block;
                    format!(
                        "the tests that fail failed before as well, and whether something else fails now could not be told \
                         apart: {why}; make each check a `[[commands]]` of its own in the policy of the base"
                    )
                }
            };
        }
    }
    is_untold
}

/// Whether a finding of this gate needs a person: a model would have to see a secret, or to change the
/// policy that it is evaluated under.
fn needs_person(gate: Gate) -> bool {
    match gate {
        Gate::ProtectedBranch | Gate::Secrets | Gate::SensitiveFiles | Gate::Governance => true,
        Gate::ConflictMarkers
        | Gate::LargeFiles
        | Gate::CaseConflict
        | Gate::CommitMessage
        | Gate::Scope
        | Gate::Constitution
        | Gate::Commands
        | Gate::Review
        | Gate::Attack
        | Gate::Person
        | Gate::Import => false,
    }
}

fn said(tail: &Tail) -> String {
    format!("What `{}` printed:\n{}\n", tail.command, tail.excerpt)
}

/// The tests that failed, with what each said first: a report in a file is not in what was printed.
fn failed_tests(tests: &CommandTests) -> String {
    let mut failed = tests.report.failed().peekable();
    if failed.peek().is_none() {
        return String::new();
    }
    let lines = failed.take(FAILED_MAX).map(|(name, said)| {
        let line = one_line(&format!("{name}: {said}"));
        format!("- {}\n", redact_str(&line))
    });
    format!("Tests of `{}` that failed:\n{}", tests.command, lines.collect::<String>())
}

fn line(finding: &Finding) -> String {
    let place = finding.place.as_ref().map_or_else(String::new, |place| {
        let line = if place.line > 0 { format!(":{}", place.line) } else { String::new() };
        format!("{}{line}: ", place.kind.display())
    });
    let said = finding.suggestion.split("; ").filter(|part| !part.starts_with(SEE));
    let hint = match said.collect::<Vec<_>>().join("; ").as_str() {
        "" => String::new(),
        hint => format!(" ({hint})"),
    };
    format!("{}/{}: {place}{}{hint}", finding.gate, finding.rule, finding.message)
}
