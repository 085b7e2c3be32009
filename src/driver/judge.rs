//! One judgement, from a change to a report.

use std::time::Instant;

use anyhow::Result;

use crate::gates::{self, Judgement, Law};
use crate::git::repo::Repo;
use crate::model::change::Change;
use crate::model::finding::Finding;
use crate::model::report::{Report, Reported, Verdict};

/// Asks every gate that needs no program to be run.
pub fn mechanical(repo: &Repo, change: &Change, law: &Law) -> Result<Judgement> {
    let mut judgement = gates::judge_whole(change, law, &repo.objects)?;
    judgement.absorb(gates::judge_files(&change.files, law, &repo.objects)?);
    Ok(judgement)
}

/// Makes the report of a judgement that was not kept in the ledger.
pub fn report(judgement: Judgement, started: Instant) -> Report {
    let blocks = Report::blocks(&judgement.findings);
    let verdict = if blocks { Verdict::Block } else { Verdict::Pass };
    let mut findings: Vec<Reported> = judgement.findings.into_iter().map(unrecorded).collect();
    findings.sort_by(|a, b| {
        (b.finding.effect, b.finding.severity, &a.finding.place).cmp(&(
            a.finding.effect,
            a.finding.severity,
            &b.finding.place,
        ))
    });
    let elapsed_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    Report { verdict, findings, skipped: judgement.skipped, elapsed_ms }
}

/// A finding that the ledger does not know has a hash of its content for an id.
fn unrecorded(finding: Finding) -> Reported {
    let place = finding.place.as_ref().map(|p| (p.spot.display(), p.line));
    let text = format!("{}\n{}\n{place:?}\n{}", finding.gate, finding.rule, finding.anchor);
    let id = blake3::hash(text.as_bytes()).to_hex()[..26].to_owned();
    Reported { id, status: "open".to_owned(), finding }
}
