//! What a run found and what stops nothing any more: dismissed findings, and those that a fix resolved.

use crate::domain::model::severity::Severity;
use crate::domain::pipeline::result::SettledFinding;
use crate::domain::pipeline::run::Run;
use crate::domain::review::arbiter_decision::{ArbiterVerdict, SecondLook};
use crate::domain::review::tracked::{FindingWeight, TrackedFinding, against};

/// The findings of an attempt that were dropped or resolved, each with why.
pub fn settled(run: &Run, best: usize) -> Vec<SettledFinding> {
    let of = |tracked: &TrackedFinding| {
        let gone = tracked.resolved_in.filter(|resolved| *resolved <= best);
        let outcome = match (gone, &tracked.decision) {
            (Some(attempt), _) => format!("resolved by fix {attempt}"),
            (None, Some(decision)) if tracked.is_dismissed() => {
                match (decision.verdict, &decision.duplicate_of) {
                    (ArbiterVerdict::Duplicate, Some(of)) => format!("duplicate of {of}"),
                    (verdict, _) => verdict.as_str().to_owned(),
                }
            }
            _ => return None,
        };
        let original = &tracked.original;
        let lines = original.anchored.lines().map(|(line, _)| format!(":{line}"));
        Some(SettledFinding {
            id: original.id.clone(),
            title: original.title.clone(),
            severity: original.severity,
            place: format!("{}{}", original.path, lines.unwrap_or_default()),
            outcome,
            failure: original.failure.clone(),
            reason: tracked.decision.as_ref().map(|d| d.reason.clone()).unwrap_or_default(),
            evidence: match (&tracked.decision, gone) {
                (Some(decision), None) => decision.evidence.clone(),
                _ => Vec::new(),
            },
            second: match &tracked.second {
                Some(SecondLook::Agreed { reason }) => reason.clone(),
                _ => String::new(),
            },
        })
    };
    run.review_loop().findings.iter().filter_map(of).collect()
}

/// The severe findings that stay open in an attempt that passes, by name.
pub fn staying(run: &Run, best: usize) -> Vec<String> {
    let findings = &run.review_loop().findings;
    let counts = against(findings, best);
    let stay = findings.iter().zip(counts).filter(|(_, (counts, severity))| {
        matches!(counts, FindingWeight::Upheld | FindingWeight::Unproven)
            && *severity >= Severity::High
    });
    let named = stay.map(|(finding, (_, severity))| {
        format!("{} {}: {}", severity.as_str(), finding.original.id, finding.original.title)
    });
    named.collect()
}

/// The files that fixes up to an attempt touched beside those that findings are about.
pub fn beside(run: &Run, best: usize) -> Vec<String> {
    let attempts = run.review_loop().attempts.iter().take(best + 1);
    let mut paths: Vec<String> = attempts.flat_map(|attempt| attempt.beside.clone()).collect();
    paths.sort();
    paths.dedup();
    paths
}
