//! Takes away everything that tribunal keeps for a repository outside its commits: state, workspaces,
//! refs of its own and what the person agreed to. With it go the answers about repositories that are gone.

use std::fs;
use std::io::ErrorKind::NotFound;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::flow::setup::consent::GoneAnswers;
use crate::flow::setup::{consent, written};
use crate::flow::workspace::{attempt, checkout};
use crate::platform::config::env;
use crate::platform::git::repo::Repo;
use crate::platform::store::file;

/// What a purge takes away.
#[derive(Debug)]
pub struct PurgePlan {
    /// Folders and files outside the work tree.
    pub kept: Vec<PathBuf>,
    /// Files that `init` wrote, which are as it wrote them and in no commit, from the top of the work
    /// tree.
    pub written: Vec<String>,
    /// How many commits of runs lose their refs.
    pub attempts: usize,
    /// The person's answers about other repositories, which are gone.
    pub gone: Vec<GoneAnswers>,
}

impl PurgePlan {
    /// Whether there is nothing to take away.
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
            && self.written.is_empty()
            && self.attempts == 0
            && self.gone.is_empty()
    }
}

/// Looks at what is there. Changes nothing.
pub fn plan(repo: &Repo) -> Result<PurgePlan> {
    let mut kept = vec![repo.state_dir()];
    kept.extend(checkout::cached_root(repo));
    kept.extend(consent::path(repo));
    kept.retain(|path| fs::symlink_metadata(path).is_ok());
    let attempts = attempt::by_run(repo)?.values().map(Vec::len).sum();
    let written = written::untouched(repo)?;
    Ok(PurgePlan { kept, written, attempts, gone: consent::of_gone() })
}

/// Takes it away, and returns what was taken: a file that a person changed since it was planned stays.
/// Nobody may work in the repository's state any more: the watcher was stopped before.
pub fn perform(repo: &Repo, mut plan: PurgePlan) -> Result<PurgePlan> {
    let untouched = written::untouched(repo)?;
    plan.written.retain(|path| untouched.contains(path));
    written::remove(repo, &plan.written)?;
    let attempts = attempt::by_run(repo)?;
    for of_run in attempts.values() {
        attempt::delete(repo, of_run)?;
    }
    remove_empty_refs(&repo.common_dir.join("refs/tribunal"));
    let mut gone = Vec::new();
    for answers in plan.gone {
        if consent::forget_gone(&answers)? {
            gone.push(answers);
        }
    }
    plan.gone = gone;
    consent::forget(repo)?;
    // The stop of the watcher may have made the state folder anew.
    for path in plan.kept.iter().chain([&repo.state_dir()]) {
        file::remove_if_there(path)
            .with_context(|| format!("could not remove `{}`", path.display()))?;
    }
    remove_shared();
    Ok(plan)
}

/// Takes away the user's own folders that no other repository uses: those that are empty, and what
/// agents left once no repository has a workspace.
fn remove_shared() {
    let Some(cache) = env::cache_folder() else { return };
    let trees = cache.join("trees");
    file::remove_empty([trees.as_path()]);
    if matches!(fs::symlink_metadata(&trees), Err(error) if error.kind() == NotFound) {
        // What cannot be removed is of no use to anybody, and does no harm.
        drop(file::remove_if_there(&cache.join("agents")));
        file::remove_empty(cache.ancestors().take(2));
    }
}

/// Removes the folders of refs that git left empty.
fn remove_empty_refs(folder: &Path) {
    for entry in file::entries(folder).into_iter().flatten().filter_map(Result::ok) {
        drop(fs::remove_dir(entry.path()));
    }
    drop(fs::remove_dir(folder));
}
