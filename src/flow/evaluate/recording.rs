//! Records findings in the ledger, and reports them with what was decided about them.

use std::path::Path;

use anyhow::Result;

use crate::domain::gates::governance;
use crate::domain::gates::secrets::redact;
use crate::domain::model::change::Change;
use crate::domain::model::finding::{Effect, Finding};
use crate::domain::model::limits::FINDINGS_OF_PLACE_MAX;
use crate::domain::model::notice::Warning;
use crate::domain::model::report::{Reported, Skipped};
use crate::domain::model::stored_finding::FindingStatus;
use crate::domain::model::text::counted;
use crate::flow::context::Context;
use crate::flow::evaluate::{bookkeeping, fingerprint};
use crate::flow::setup::inbox_event;
use crate::platform::config::env::now;
use crate::platform::store::ledger;
use crate::platform::store::ledger::error::Error as LedgerError;
use crate::platform::store::ledger::known::FindingFingerprint;
use crate::platform::store::ledger::record::Recorded;
use crate::platform::store::ledger::scan::ScanContext;
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
    let is_unrecorded = |f: &Finding| {
        f.effect == Effect::Warn && (f.place.is_none() || f.rule == governance::CHANGED)
    };
    let (passing, lasting): (Vec<_>, Vec<_>) = findings.into_iter().partition(is_unrecorded);
    let found = [(change, lasting)];
    let mut recorded = try_record(context, &found).unwrap_or_else(|error| {
        let findings =
            found[0].1.iter().map(fingerprint::redacted).map(Reported::unrecorded).collect();
        RecordedFindings { findings, skipped: vec![unusable(error)] }
    });
    if found[0].1.iter().any(|finding| finding.gate.is_learnable() && finding.place.is_some()) {
        // Learning reads history and writes files: the daemon does it, or `constitution learn`.
        drop(inbox_event::drop_in(context.repo, &inbox_event::of_findings(context.repo)));
    }
    recorded.findings.extend(passing.iter().map(fingerprint::redacted).map(Reported::unrecorded));
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
                asked: context.asked,
            };
            (scan, fingerprint::of_findings(&repo.objects, change, findings))
        })
        .collect();
    let done = ledger::with(&repo.state_dir(), now, |ledger| {
        let mut all = Recorded::default();
        for (scan, fingerprints) in &rounds {
            let recorded = ledger.record(scan, fingerprints)?;
            all.findings.extend(recorded.findings);
            all.left_out += recorded.left_out;
        }
        Ok(all)
    })?;
    let Recorded { findings, left_out } = done.value;
    let mut skipped: Vec<_> = done.set_aside.iter().map(|path| damaged_ledger(path)).collect();
    if left_out > 0 {
        let reason = format!(
            "{} not kept: of one file and one rule at most {FINDINGS_OF_PLACE_MAX} are",
            counted(left_out, "finding")
        );
        skipped.push(Skipped { gate: "ledger".to_owned(), reason, has_run: false });
    }
    let findings = findings.into_iter().map(without_effect_if_answered).collect();
    Ok(RecordedFindings { findings, skipped })
}

/// Reads the dispositions of the findings that a person answered.
pub fn answers(context: Context<'_>, findings: &[Reported]) -> Result<Answers> {
    let answered: Vec<&str> =
        findings.iter().filter(|f| is_answered(f)).filter_map(|f| f.id.as_deref()).collect();
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
    Skipped { gate: "ledger".to_owned(), reason, has_run: false }
}

fn unusable(error: LedgerError) -> Skipped {
    bookkeeping::mark_warned();
    let hint = error.hint();
    let reason = format!(
        "{:#}; the findings count as open and were not kept (hint: {hint})",
        anyhow::Error::new(error)
    );
    Skipped { gate: "ledger".to_owned(), reason, has_run: false }
}
