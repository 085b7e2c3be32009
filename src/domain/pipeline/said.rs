//! What came of the job of a review, for people: a short line, then the details.

use crate::domain::model::text::counted;
use crate::domain::pipeline::job::{
    DeliveryReport, FixOutcome, GatesReport, JobOutcome, ReviewOutcome,
};
use crate::domain::review::arbiter_decision::SecondLook;
use crate::domain::review::finding::Completeness;

pub(super) fn of(outcome: &JobOutcome) -> Vec<String> {
    match outcome {
        JobOutcome::Gated(report) => of_gates(report),
        JobOutcome::Delivered(report) => of_delivery(report),
        JobOutcome::Answered(answer) => {
            vec![format!("answered: {}", counted(answer.findings.len(), "claim"))]
        }
        JobOutcome::Reviewed(reviewed, unanchored) => of_review(reviewed, *unanchored),
        JobOutcome::Arbitrated(decision, _) => {
            vec![format!("{} {}: {}", decision.id, decision.verdict.as_str(), decision.reason)]
        }
        JobOutcome::LookedAgain(SecondLook::Agreed { reason }, _) => {
            vec![format!("dismissed again: {reason}")]
        }
        JobOutcome::LookedAgain(SecondLook::Disagreed { why } | SecondLook::NotPaid { why }, _) => {
            vec![format!("not dismissed again: {why}")]
        }
        JobOutcome::Fixed(FixOutcome::Nothing) => vec!["nothing was changed".to_owned()],
        JobOutcome::Fixed(FixOutcome::Changed { commit, .. }) => {
            vec![format!("changed: {}", commit.short())]
        }
        JobOutcome::Fixed(FixOutcome::Refused { commit, why }) => {
            let mut lines = refused(why);
            lines.push(format!("it is kept as {}", commit.short()));
            lines
        }
        JobOutcome::Closed(_) => vec!["stored".to_owned()],
        JobOutcome::Failed(failure) => vec![failure.why().to_owned()],
    }
}

fn of_gates(report: &GatesReport) -> Vec<String> {
    let gates = &report.outcome;
    let mut lines = gates.failures.clone();
    lines.extend(gates.unasked.iter().map(|why| format!("could not run: {why}")));
    lines.extend(gates.unmet.iter().map(|(id, why)| format!("{id} is not met: {why}")));
    match lines.len() {
        0 => vec!["nothing stops it".to_owned()],
        1 => lines,
        count => first(&counted(count, "thing to look at"), &lines),
    }
}

fn of_delivery(report: &DeliveryReport) -> Vec<String> {
    let (chunks, sections) = (report.chunks, report.sections.len());
    let line = format!("{} in {}", counted(sections, "section"), counted(chunks, "call"));
    let left = report.gaps.iter().chain(&report.unscanned);
    let left: Vec<String> = left.map(|(path, why)| format!("not shown: `{path}`: {why}")).collect();
    first(&line, &left)
}

fn of_review(reviewed: &ReviewOutcome, unanchored: usize) -> Vec<String> {
    let found = reviewed.findings.iter().map(|(finding, _)| {
        format!("{} in `{}`: {}", finding.severity, finding.path, finding.title)
    });
    let found: Vec<String> = found.collect();
    let criteria = reviewed.criteria.iter().map(|one| match one.why.as_str() {
        "" => format!("{}: {}", one.id, one.met.as_str()),
        why => format!("{}: {}: {why}", one.id, one.met.as_str()),
    });
    let mut line = counted(found.len(), "finding");
    if unanchored > 0 {
        line = format!("{line}, {unanchored} of them nowhere in the code");
    }
    let resolved = reviewed.verified.iter().filter(|verified| verified.resolved).count();
    if resolved > 0 {
        line = format!("{line}, {resolved} resolved");
    }
    match &reviewed.completeness {
        Completeness::Complete => {
            let all: Vec<String> = found.into_iter().chain(criteria).collect();
            first(&format!("everything was read: {line}"), &all)
        }
        Completeness::Incomplete(unread) => {
            let unread = unread.iter().map(|(path, why)| format!("not read: `{path}`: {why}"));
            let all: Vec<String> = unread.chain(found).chain(criteria).collect();
            first(&format!("not everything was read: {line}"), &all)
        }
    }
}

/// What was wrong with an answer.
pub(super) fn refused(why: &[String]) -> Vec<String> {
    let mut lines = why.iter();
    let line = lines.next().map_or("it is not said why", String::as_str);
    first(&format!("refused: {line}"), &lines.cloned().collect::<Vec<_>>())
}

/// A line before others.
pub(super) fn first(line: &str, rest: &[String]) -> Vec<String> {
    std::iter::once(line.to_owned()).chain(rest.iter().cloned()).collect()
}
