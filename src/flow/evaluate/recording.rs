//! Records findings in the ledger, and reports them with what was decided about them.

use std::path::Path;

use anyhow::Result;

use crate::domain::gates::secrets::redact;
use crate::domain::model::change::Change;
use crate::domain::model::finding::{Effect, Finding};
use crate::domain::model::notice::Warning;
use crate::domain::model::report::{Reported, Skipped};
use crate::domain::model::stored_finding::FindingStatus;
use crate::flow::context::Context;
use crate::flow::evaluate::{bookkeeping, fingerprint};
use crate::flow::setup::inbox_event;
use crate::platform::config::env::now;
use crate::platform::store::ledger;
use crate::platform::store::ledger::error::Error as LedgerError;
use crate::platform::store::ledger::record::{FindingFingerprint, ScanContext};
use crate::platform::ui::notice::warning_line;
use crate::platform::ui::sarif::Answers;

/// Findings with their ids and states in the ledger.
#[derive(Debug, Default)]
pub struct RecordedFindings {
    pub findings: Vec<Reported>,
    /// What could not be recorded, with the reason.
    pub skipped: Vec<Skipped>,
}

/// Changes, each with its findings.
pub type ChangeFindings<'a> = [(&'a Change, Vec<Finding>)];

/// Records the findings of a change, as far as that is possible. Opens no ledger where there is
/// nothing to record: a warning about the change as a whole is reported and not recorded, so that a
/// commit pays for no database.
pub fn record_findings(
    context: Context<'_>,
    change: &Change,
    findings: Vec<Finding>,
) -> RecordedFindings {
    let is_unrecorded = |f: &Finding| f.place.is_none() && f.effect == Effect::Warn;
    let (passing, lasting): (Vec<_>, Vec<_>) = findings.into_iter().partition(is_unrecorded);
    let found = [(change, lasting)];
    let mut recorded = try_record(context, &found).unwrap_or_else(|error| {
        let findings = found[0].1.iter().map(fingerprint::redacted).map(unrecorded).collect();
        RecordedFindings { findings, skipped: vec![unusable(error)] }
    });
    if found[0].1.iter().any(|finding| finding.gate.is_learnable() && finding.place.is_some()) {
        // Learning reads history and writes files: the daemon does it, or `constitution learn`.
        drop(inbox_event::drop_in(context.repo, &inbox_event::of_findings(context.repo)));
    }
    recorded.findings.extend(passing.iter().map(fingerprint::redacted).map(unrecorded));
    recorded
}

/// Records findings, or fails where the ledger cannot be used.
///
/// A finding that a person accepted or dismissed gets an effect that stops nothing.
pub fn try_record(
    context: Context<'_>,
    found: &ChangeFindings,
) -> Result<RecordedFindings, LedgerError> {
    if found.iter().all(|(_, findings)| findings.is_empty()) {
        return Ok(RecordedFindings::default());
    }
    let (repo, now) = (context.repo, now(context.env));
    // Without a branch, as on a detached HEAD, the findings are recorded all the same.
    let branch = repo.branch().unwrap_or_default();
    let branch = branch.map(|name| redact::mask_path(name.as_bytes()).to_string());
    let rounds: Vec<(ScanContext, Vec<FindingFingerprint>)> = found
        .iter()
        .map(|(change, findings)| {
            let scan = ScanContext {
                change: change.key.clone(),
                commit: change.commit.clone(),
                tree: Some(change.tree.clone()),
                branch: branch.clone(),
                time: now,
            };
            (scan, fingerprint::of_findings(&repo.objects, change, findings))
        })
        .collect();
    let done = ledger::with(&repo.state_dir(), now, |ledger| {
        let mut reported = Vec::new();
        for (scan, fingerprints) in &rounds {
            reported.extend(ledger.record(scan, fingerprints)?);
        }
        Ok(reported)
    })?;
    Ok(RecordedFindings {
        findings: done.value.into_iter().map(without_effect_if_answered).collect(),
        skipped: done.set_aside.iter().map(|path| damaged_ledger(path)).collect(),
    })
}

/// Reads the dispositions of the findings that a person answered.
pub fn answers(context: Context<'_>, findings: &[Reported]) -> Result<Answers> {
    let answered: Vec<&str> =
        findings.iter().filter(|f| is_answered(f)).map(|f| f.id.as_str()).collect();
    if answered.is_empty() {
        return Ok(Answers::new());
    }
    let done = ledger::with(&context.repo.state_dir(), now(context.env), |ledger| {
        let mut answers = Answers::new();
        for id in &answered {
            let last = ledger.history(id)?.dispositions.pop();
            answers.extend(last.map(|disposition| ((*id).to_owned(), disposition)));
        }
        Ok(answers)
    });
    let done = done.map_err(LedgerError::hinted)?;
    if let Some(path) = &done.set_aside {
        context.notify(Warning::LedgerSetAside { path: path.clone() });
    }
    Ok(done.value)
}

fn is_answered(reported: &Reported) -> bool {
    [FindingStatus::Accepted, FindingStatus::Dismissed]
        .map(FindingStatus::as_str)
        .contains(&reported.status.as_str())
}

/// Gives an answered finding an effect that neither stops a change nor is shown by a hook.
fn without_effect_if_answered(mut reported: Reported) -> Reported {
    if is_answered(&reported) {
        reported.finding.effect = Effect::Shadow;
    }
    reported
}

/// Reports that the ledger was damaged and begun anew.
pub fn damaged_ledger(path: &Path) -> Skipped {
    let reason = warning_line(&Warning::LedgerSetAside { path: path.to_owned() });
    Skipped { gate: "ledger".to_owned(), reason }
}

fn unusable(error: LedgerError) -> Skipped {
    bookkeeping::mark_warned();
    let hint = error.hint();
    let reason = format!(
        "{:#}; the findings count as open and were not kept (hint: {hint})",
        anyhow::Error::new(error)
    );
    Skipped { gate: "ledger".to_owned(), reason }
}

/// A finding that the ledger does not know has a hash of its content for an id.
pub fn unrecorded(finding: Finding) -> Reported {
    let place = finding.place.as_ref().map(|p| (p.kind.display(), p.line));
    let text = format!("{}\n{}\n{place:?}\n{}", finding.gate, finding.rule, finding.anchor);
    let id = blake3::hash(text.as_bytes()).to_hex()[..26].to_owned();
    Reported { id, status: FindingStatus::Open.as_str().to_owned(), finding }
}
