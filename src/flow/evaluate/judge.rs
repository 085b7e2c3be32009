//! One judgement, from a change to a report.

use std::num::NonZero;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use anyhow::{Result, anyhow};

use crate::domain::gates;
use crate::domain::gates::GateReport;
use crate::domain::gates::policy::EffectivePolicy;
use crate::domain::gates::secrets::redact;
use crate::domain::model::change::Change;
use crate::domain::model::finding::{Effect, Finding};
use crate::domain::model::report::{Report, Reported, Skipped, Verdict};
use crate::domain::model::stored_finding::FindingStatus;
use crate::flow::evaluate::{bookkeeping, sight};
use crate::flow::setup::event;
use crate::platform::config::env::{Env, now};
use crate::platform::git::object::Objects;
use crate::platform::git::repo::Repo;
use crate::platform::store::ledger;
use crate::platform::store::ledger::error::Error as LedgerError;
use crate::platform::store::ledger::record::{Occasion, Sight};
use crate::platform::ui::out;
use crate::platform::ui::sarif::Answers;

/// From how many files on it pays to start threads.
const MANY_FILES: usize = 200;
/// How many files a thread takes at a time.
const BATCH: usize = 16;

/// Asks every gate that needs no program to be run.
pub fn mechanical(repo: &Repo, change: &Change, law: &EffectivePolicy) -> Result<GateReport> {
    let mut judgement = gates::check_change(change, law, &repo.objects)?;
    judgement.absorb(match repo.objects_elsewhere() {
        Some(path) if change.files.len() >= MANY_FILES => judge_many(repo, path, change, law)?,
        _ => gates::check_files(&change.files, law, &repo.objects)?,
    });
    Ok(judgement)
}

/// Judges files on every core; the order of the findings is the report's affair.
fn judge_many(
    repo: &Repo,
    path: &Path,
    change: &Change,
    law: &EffectivePolicy,
) -> Result<GateReport> {
    let files = &change.files;
    let next = AtomicUsize::new(0);
    let work = |objects: &Objects| -> Result<GateReport> {
        let mut judgement = GateReport::default();
        loop {
            let at = next.fetch_add(BATCH, Ordering::Relaxed);
            let Some(rest) = files.get(at..).filter(|rest| !rest.is_empty()) else {
                return Ok(judgement);
            };
            let batch = &rest[..rest.len().min(BATCH)];
            judgement.absorb(gates::check_files(batch, law, objects)?);
        }
    };
    let others = thread::available_parallelism().map_or(1, NonZero::get) - 1;
    thread::scope(|scope| {
        let workers: Vec<_> =
            (0..others).map(|_| scope.spawn(|| work(&Objects::open(path)?))).collect();
        let mut all = work(&repo.objects)?;
        for worker in workers {
            all.absorb(worker.join().map_err(|_| anyhow!("a judging thread stopped"))??);
        }
        Ok(all)
    })
}

/// Findings with what the ledger knows of them.
#[derive(Debug, Default)]
pub struct Keeping {
    pub findings: Vec<Reported>,
    /// What the ledger could not do.
    pub skipped: Vec<Skipped>,
}

/// What was found in some changes, each change with its own.
pub type Found<'a> = [(&'a Change, Vec<Finding>)];

/// Keeps what was found in a change, as far as that is possible. Opens no ledger when there is
/// nothing to keep: a mere remark about the change as a whole is of the moment, and a commit would
/// pay for a database.
pub fn keep(repo: &Repo, env: &Env, change: &Change, findings: Vec<Finding>) -> Keeping {
    let of_the_moment = |f: &Finding| f.place.is_none() && f.effect == Effect::Warn;
    let (passing, lasting): (Vec<_>, Vec<_>) = findings.into_iter().partition(of_the_moment);
    let found = [(change, lasting)];
    let mut keeping = record(repo, env, &found).unwrap_or_else(|error| {
        let findings = found[0].1.iter().map(sight::redacted).map(unrecorded).collect();
        Keeping { findings, skipped: vec![unusable(error)] }
    });
    if found[0].1.iter().any(|finding| finding.gate.is_learnable() && finding.place.is_some()) {
        // Learning reads history and writes files: the daemon does it, or `constitution learn`.
        drop(event::drop_in(repo, &event::of_findings(repo)));
    }
    keeping.findings.extend(passing.iter().map(sight::redacted).map(unrecorded));
    keeping
}

/// Keeps what was found, or says why it was not.
///
/// A finding that somebody accepted or dismissed comes back with an effect that stops nothing.
pub fn record(repo: &Repo, env: &Env, found: &Found) -> Result<Keeping, LedgerError> {
    if found.iter().all(|(_, findings)| findings.is_empty()) {
        return Ok(Keeping::default());
    }
    let now = now(env);
    // A detached or unreadable HEAD is no reason to keep less.
    let branch = repo.branch().unwrap_or_default();
    let branch = branch.map(|name| redact::mask_path(name.as_bytes()).to_string());
    let rounds: Vec<(Occasion, Vec<Sight>)> = found
        .iter()
        .map(|(change, findings)| {
            let occasion = Occasion {
                change: change.key.clone(),
                commit: change.commit.clone(),
                tree: Some(change.tree.clone()),
                branch: branch.clone(),
                time: now,
            };
            (occasion, sight::of(&repo.objects, change, findings))
        })
        .collect();
    let done = ledger::with(&repo.state_dir(), now, |ledger| {
        let mut reported = Vec::new();
        for (occasion, sights) in &rounds {
            reported.extend(ledger.record(occasion, sights)?);
        }
        Ok(reported)
    })?;
    Ok(Keeping {
        findings: done.value.into_iter().map(let_pass).collect(),
        skipped: done.set_aside.iter().map(|path| set_aside(path)).collect(),
    })
}

/// Makes the report of findings whose effects are final.
pub fn report(mut findings: Vec<Reported>, skipped: Vec<Skipped>, started: Instant) -> Report {
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
    Report { verdict, findings, skipped, elapsed_ms }
}

/// What was decided about those of the findings that somebody answered.
pub fn answers(repo: &Repo, env: &Env, findings: &[Reported]) -> Result<Answers> {
    let answered: Vec<&str> =
        findings.iter().filter(|f| is_answered(f)).map(|f| f.id.as_str()).collect();
    if answered.is_empty() {
        return Ok(Answers::new());
    }
    let done = ledger::with(&repo.state_dir(), now(env), |ledger| {
        let mut answers = Answers::new();
        for id in &answered {
            let last = ledger.history(id)?.dispositions.pop();
            answers.extend(last.map(|disposition| ((*id).to_owned(), disposition)));
        }
        Ok(answers)
    });
    let done = done.map_err(LedgerError::hinted)?;
    if let Some(path) = &done.set_aside {
        out::warn(&set_aside(path).reason);
    }
    Ok(done.value)
}

fn is_answered(reported: &Reported) -> bool {
    [FindingStatus::Accepted, FindingStatus::Dismissed]
        .map(FindingStatus::as_str)
        .contains(&reported.status.as_str())
}

/// What was answered is counted and kept, and neither stops a change nor is shown by a hook.
fn let_pass(mut reported: Reported) -> Reported {
    if is_answered(&reported) {
        reported.finding.effect = Effect::Shadow;
    }
    reported
}

/// What is said of a damaged ledger.
pub fn set_aside(path: &Path) -> Skipped {
    let reason = format!(
        "the ledger was damaged and is set aside as `{}`; a new one was begun, earlier decisions are not in it",
        path.display()
    );
    Skipped { gate: "ledger".to_owned(), reason }
}

fn unusable(error: LedgerError) -> Skipped {
    bookkeeping::is_said();
    let hint = error.hint();
    let reason = format!(
        "{:#}; the findings count as open and were not kept (hint: {hint})",
        anyhow::Error::new(error)
    );
    Skipped { gate: "ledger".to_owned(), reason }
}

/// A finding that the ledger does not know has a hash of its content for an id.
pub fn unrecorded(finding: Finding) -> Reported {
    let place = finding.place.as_ref().map(|p| (p.spot.display(), p.line));
    let text = format!("{}\n{}\n{place:?}\n{}", finding.gate, finding.rule, finding.anchor);
    let id = blake3::hash(text.as_bytes()).to_hex()[..26].to_owned();
    Reported { id, status: FindingStatus::Open.as_str().to_owned(), finding }
}
