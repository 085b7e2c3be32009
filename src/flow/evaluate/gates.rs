//! Runs the gates that start no program, on every core where there are many files.

use std::num::NonZero;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use anyhow::{Result, anyhow};

use crate::domain::gates;
use crate::domain::gates::GateReport;
use crate::domain::gates::policy::EffectivePolicy;
use crate::domain::model::change::Change;
use crate::platform::git::object::Objects;
use crate::platform::git::repo::Repo;

/// From how many files on it pays to start threads.
const MANY_FILES: usize = 200;
/// How many files a thread takes at a time.
const BATCH: usize = 16;

/// Runs every gate that starts no program.
pub fn run_gates(repo: &Repo, change: &Change, effective: &EffectivePolicy) -> Result<GateReport> {
    let mut report = gates::check_change(change, effective, &repo.objects)?;
    report.absorb(match repo.objects_elsewhere() {
        Some(path) if change.files.len() >= MANY_FILES => {
            run_parallel(repo, path, change, effective)?
        }
        _ => gates::check_files(&change.files, effective, &repo.objects)?,
    });
    Ok(report)
}

/// Checks files on every core; the report sorts the findings.
fn run_parallel(
    repo: &Repo,
    path: &Path,
    change: &Change,
    effective: &EffectivePolicy,
) -> Result<GateReport> {
    let files = &change.files;
    let next = AtomicUsize::new(0);
    let work = |objects: &Objects| -> Result<GateReport> {
        let mut report = GateReport::default();
        loop {
            let at = next.fetch_add(BATCH, Ordering::Relaxed);
            let Some(rest) = files.get(at..).filter(|rest| !rest.is_empty()) else {
                return Ok(report);
            };
            let batch = &rest[..rest.len().min(BATCH)];
            report.absorb(gates::check_files(batch, effective, objects)?);
        }
    };
    let others = thread::available_parallelism().map_or(1, NonZero::get) - 1;
    thread::scope(|scope| {
        let workers: Vec<_> =
            (0..others).map(|_| scope.spawn(|| work(&Objects::open(path)?))).collect();
        let mut all = work(&repo.objects)?;
        for worker in workers {
            all.absorb(worker.join().map_err(|_| anyhow!("a thread that ran gates stopped"))??);
        }
        Ok(all)
    })
}
