//! When something last happened in a run that is under way, as far as it can be seen from outside.

use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::domain::pipeline::spec_run::SpecRun;
use crate::platform::store::{file, runs};

/// How many files are looked at, and how deep.
const FILES_MAX: usize = 2_000;
const DEPTH_MAX: usize = 8;

/// The latest of what the run says of itself and of what its agents wrote since: prompts, answers and the
/// records that their programs keep.
pub fn last_activity(state_dir: &Path, run: &SpecRun) -> Timestamp {
    let reviews = run.machine.spec.reviews.last();
    let ids = std::iter::once(&run.id).chain(reviews);
    let folders = ids.map(|id| runs::folder(state_dir, id));
    let mut latest = run.last_at();
    let mut open: Vec<(PathBuf, usize)> = folders
        .flat_map(|folder| [(folder.join("calls"), 0), (folder.join("run.json"), DEPTH_MAX)])
        .collect();
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
