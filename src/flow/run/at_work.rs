//! What is worked on side by side, and when something last happened in it, as far as it can be seen from outside.

use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::domain::pipeline::job_place;
use crate::domain::pipeline::spec_run::SpecRun;
use crate::domain::pipeline::spec_run::result::TaskAtWork;
use crate::platform::store::{file, runs};

/// How many files are looked at, and how deep.
const FILES_MAX: usize = 2_000;
const DEPTH_MAX: usize = 8;

/// The tasks that a process works on side by side; empty where there are no two.
pub fn tasks(state_dir: &Path, run: &SpecRun) -> Vec<TaskAtWork> {
    let jobs = run.jobs();
    if jobs.len() < 2 || !runs::is_held(state_dir, &run.id) {
        return Vec::new();
    }
    let at_work = jobs.iter().filter_map(|job| {
        let (seen, number) = (run.seen_by(job)?, job_place::of_spec(job).task?);
        let review = seen.progress().review().map(|id| runs::folder(state_dir, id));
        let call = runs::folder(state_dir, &run.id).join("calls").join(run.call_key(job));
        let review = review.into_iter().flat_map(|folder| of_run(&folder));
        let open = std::iter::once((call, 0)).chain(review).collect();
        let began = run.journal.last_of(job).unwrap_or(run.about.started);
        let stage = seen.stage().as_str();
        Some(TaskAtWork { number, stage, last_at: latest(open, began) })
    });
    at_work.collect()
}

/// What of a run's folder changes while its agents work, each with how deep it is.
pub fn of_run(folder: &Path) -> [(PathBuf, usize); 2] {
    [(folder.join("calls"), 0), (folder.join("run.json"), DEPTH_MAX)]
}

/// When something last changed in these, where that is later.
pub fn latest(mut open: Vec<(PathBuf, usize)>, mut latest: Timestamp) -> Timestamp {
    let mut seen = 0;
    while let Some((path, depth)) = open.pop() {
        seen += 1;
        // A link may lead anywhere.
        let Ok(about) = fs::symlink_metadata(&path) else { continue };
        let modified = about.modified().ok().and_then(|time| Timestamp::try_from(time).ok());
        latest = latest.max(modified.unwrap_or(latest));
        if about.is_dir() && depth < DEPTH_MAX && seen < FILES_MAX {
            let entries = file::entries(&path).into_iter().flatten().filter_map(Result::ok);
            open.extend(entries.map(|entry| (entry.path(), depth + 1)));
        }
    }
    latest
}
