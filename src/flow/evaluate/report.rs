//! Builds the report of findings whose effects are final.

use std::time::Instant;

use crate::domain::model::finding::Effect;
use crate::domain::model::report::{Report, Reported, Skipped, Verdict};

/// Sorts the findings and computes the verdict; `started` is when the evaluation began.
pub fn build_report(
    mut findings: Vec<Reported>,
    skipped: Vec<Skipped>,
    started: Instant,
) -> Report {
    let blocks = findings.iter().any(|reported| reported.finding.effect == Effect::Block);
    let verdict = if blocks { Verdict::Block } else { Verdict::Pass };
    findings.sort_by(|a, b| {
        (b.finding.effect, b.finding.severity, &a.finding.place).cmp(&(
            a.finding.effect,
            a.finding.severity,
            &b.finding.place,
        ))
    });
    let elapsed_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    Report { verdict, findings, skipped, gates: Vec::new(), ran: Vec::new(), elapsed_ms }
}
