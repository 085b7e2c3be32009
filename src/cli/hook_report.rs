//! Prints what a hook came to: one line where it passes, what blocks otherwise.

use std::time::Instant;

use crate::domain::model::finding::{Effect, Finding};
use crate::domain::model::oid::Oid;
use crate::domain::model::report::{ExitStatus, Report};
use crate::domain::model::terminal::printable;
use crate::domain::model::text::counted;
use crate::flow::evaluate::commands::Tail;
use crate::flow::evaluate::evaluation::stops;
use crate::flow::evaluate::push::outcome::PushEvaluation;
use crate::flow::evaluate::report::build_report;
use crate::platform::ui::out;
use crate::platform::ui::report::{OutputFormat, render};

/// How many commits one line names.
const NAMED_MAX: usize = 3;

/// Prints one line for an evaluation that passed with warnings or skips, nothing for a clean one.
pub fn print_one_line(report: &Report, see: &str) {
    let warnings = report.findings.iter().filter(|f| f.finding.effect == Effect::Warn).count();
    let mut parts = Vec::new();
    if warnings > 0 {
        parts.push(format!("{}: `{see}` shows", counted(warnings, "warning")));
    }
    if let Some(unusable) = report.findings.iter().find_map(|f| unusable_policy(&f.finding)) {
        parts.push(unusable);
    }
    if let Some(skipped) = report.skipped.first() {
        let all = counted(report.skipped.len(), "part");
        parts.push(format!("{all} not judged: {}: {}", skipped.gate, skipped.reason));
    }
    if !parts.is_empty() {
        out::talk(&format!("tribunal: pass, {}", printable(&parts.join("; "))));
    }
}

/// What cannot be used of the policy that holds: the one warning whose place everybody has to see, because
/// less is checked than people think.
fn unusable_policy(finding: &Finding) -> Option<String> {
    let is_unusable = matches!(finding.rule.as_str(), "policy-unreadable" | "rule-unreadable");
    let place = finding.place.as_ref().filter(|_| is_unusable)?;
    let column = if place.column > 0 { format!(":{}", place.column) } else { String::new() };
    Some(format!("{}:{}{column}: {}", place.kind.display(), place.line, finding.message))
}

/// Prints the outcome of a push: one line where it passes, else each part with what blocks it.
pub fn print_push(evaluation: PushEvaluation, hint: &str, started: Instant) -> ExitStatus {
    let (refuses, is_blocked) = (evaluation.refuses(), evaluation.is_blocked());
    let PushEvaluation { parts, skipped, commits, ungated, policy_of, tails, .. } = evaluation;
    let PushEvaluation { inconclusive, interrupted, .. } = evaluation;
    if !refuses {
        let warnings = parts
            .iter()
            .flat_map(|part| &part.findings)
            .map(|reported| &reported.finding)
            .filter(|finding| finding.effect == Effect::Warn);
        let mut said = Vec::new();
        // There is one line: the worst is in it.
        let first = warnings.clone().max_by_key(|finding| finding.severity);
        let warnings = warnings.count();
        let mut all = parts.iter().flat_map(|part| &part.findings);
        let unusable = all.find_map(|reported| unusable_policy(&reported.finding));
        if let Some(first) = first {
            let first = unusable.unwrap_or_else(|| first.message.clone());
            said.push(format!("{} (first: {first})", counted(warnings, "warning")));
        }
        if !ungated.is_empty() {
            let (count, all) = (ungated.len(), counted(commits.len(), "commit"));
            let mut names: Vec<&str> = ungated.iter().take(NAMED_MAX).map(Oid::short).collect();
            if count > NAMED_MAX {
                names.push("…");
            }
            let names = names.join(", ");
            said.push(format!("{count} of {all} arrived without a gate ({names}), now checked"));
        }
        if let Some(first) = skipped.first() {
            let all = counted(skipped.len(), "part");
            said.push(format!("{all} not judged: {}: {}", first.gate, first.reason));
        }
        if !said.is_empty() {
            out::talk(&format!("tribunal: pass, {}", printable(&said.join("; "))));
        }
        return ExitStatus::Pass;
    }
    for part in parts {
        if !stops(&part.findings) {
            continue;
        }
        out::talk(&format!("{}:", printable(&part.title)));
        let report = build_report(part.findings, Vec::new(), started);
        out::talk(render(&report, OutputFormat::Human));
    }
    for skipped in &skipped {
        out::talk(&printable(&format!("not judged: {}: {}", skipped.gate, skipped.reason)));
    }
    print_tails(&tails);
    if inconclusive && !is_blocked {
        out::talk("tribunal: inconclusive: a part that guards pushes could not be checked");
    }
    if let Some(base) = policy_of {
        let base = base.short();
        out::hint(&format!(
            "the push changes the policy; it was evaluated under that of {base}: push the change of the policy by itself first"
        ));
    }
    out::hint(hint);
    if interrupted { ExitStatus::Interrupted } else { ExitStatus::Blocked }
}

/// Shows people the last lines of the commands that failed.
pub fn print_tails(tails: &[Tail]) {
    for tail in tails.iter().filter(|tail| !tail.lines.is_empty()) {
        out::talk(&format!("the end of what `{}` printed:", printable(&tail.command)));
        for line in &tail.lines {
            out::talk(&format!("    {}", printable(line)));
        }
    }
}
