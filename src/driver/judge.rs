//! One judgement, from a change to a report.

use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use anyhow::{Result, anyhow};

use crate::gates::{self, Judgement, Law};
use crate::git::object::Objects;
use crate::git::repo::Repo;
use crate::model::change::{Change, FileChange};
use crate::model::finding::Finding;
use crate::model::report::{Report, Reported, Verdict};

/// From how many files on it pays to start threads.
const MANY_FILES: usize = 200;
/// How many files a thread takes at a time.
const BATCH: usize = 16;

/// Asks every gate that needs no program to be run.
pub fn mechanical(repo: &Repo, change: &Change, law: &Law) -> Result<Judgement> {
    let mut judgement = gates::judge_whole(change, law, &repo.objects)?;
    if change.files.len() < MANY_FILES {
        judgement.absorb(gates::judge_files(&change.files, law, &repo.objects)?);
    } else {
        judgement.absorb(judge_many(repo, &change.files, law)?);
    }
    Ok(judgement)
}

/// Judges files on every core; the order of the findings is the report's affair.
fn judge_many(repo: &Repo, files: &[FileChange], law: &Law) -> Result<Judgement> {
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let databases: Vec<_> = (0..threads).map(|_| repo.objects.again()).collect::<Result<_>>()?;
    let next = AtomicUsize::new(0);
    let work = |objects: Objects| -> Result<Judgement> {
        let mut judgement = Judgement::default();
        loop {
            let at = next.fetch_add(BATCH, Ordering::Relaxed);
            let Some(rest) = files.get(at..).filter(|rest| !rest.is_empty()) else {
                return Ok(judgement);
            };
            let batch = &rest[..rest.len().min(BATCH)];
            judgement.absorb(gates::judge_files(batch, law, &objects)?);
        }
    };
    thread::scope(|scope| {
        let workers: Vec<_> =
            databases.into_iter().map(|objects| scope.spawn(|| work(objects))).collect();
        let mut all = Judgement::default();
        for worker in workers {
            all.absorb(worker.join().map_err(|_| anyhow!("a judging thread stopped"))??);
        }
        Ok(all)
    })
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
