//! The workspace of a run's executor. Its work is committed before anything else is done with it.

use std::fs;
use std::path::PathBuf;
use std::thread;
use std::thread::JoinHandle;

use anyhow::{Context as _, Result};

use crate::domain::model::notice::Progress;
use crate::domain::model::oid::Oid;
use crate::domain::pipeline::job::FixOutcome;
use crate::domain::pipeline::review_loop::Attempt;
use crate::domain::pipeline::run::Run;
use crate::flow::context::Context;
use crate::flow::workspace::attempt;
use crate::flow::workspace::checkout;
use crate::flow::workspace::checkout::{Ignored, Workspace};
use crate::platform::git::repo::Repo;
use crate::platform::process::Interrupts;
use crate::platform::store::file;
use crate::platform::store::lock::Wait;

/// The workspace of a run's next fix, which a thread of its own makes ready while others are asked.
pub struct FixPreparation {
    attempt: Attempt,
    thread: Option<JoinHandle<Result<Workspace>>>,
}

impl FixPreparation {
    /// Begins it, with what is checked out there now. Only where no executor left work that is not kept yet.
    pub fn begin(repo: &Repo, run: &Run, interrupts: Interrupts) -> Result<Self> {
        let (own, id, attempt) = (repo.again()?, run.id.clone(), run.attempt().clone());
        let checked_out = attempt.clone();
        let thread = thread::spawn(move || {
            let open = FixWorkspace::open(&own, &id, interrupts)?;
            open.checkout(&checked_out)?;
            Ok(open.workspace)
        });
        Ok(Self { attempt, thread: Some(thread) })
    }

    /// Waits for the workspace; `None` where it could not be made, or is of another attempt.
    fn end(mut self, attempt: &Attempt) -> Option<Workspace> {
        let made = self.thread.take()?.join();
        let made = made.ok().and_then(|made| {
            made.inspect_err(|error| tracing::debug!("no workspace was prepared: {error:#}")).ok()
        });
        made.filter(|_| {
            (&self.attempt.tree, &self.attempt.commit) == (&attempt.tree, &attempt.commit)
        })
    }
}

impl Drop for FixPreparation {
    fn drop(&mut self) {
        if let Some(thread) = self.thread.take() {
            // Nobody else may have the workspace before this thread is done with it.
            drop(thread.join());
        }
    }
}

/// A run's workspace, locked until it is dropped.
pub struct FixWorkspace<'a> {
    repo: &'a Repo,
    workspace: Workspace,
    interrupts: Interrupts,
}

impl<'a> FixWorkspace<'a> {
    /// Takes the run's workspace; waits for the end of a killed process. A new run reuses the workspace of
    /// one that is over, in which most files stay as they are.
    pub fn open(repo: &'a Repo, run: &str, interrupts: Interrupts) -> Result<Self> {
        let folder = folder(repo, run);
        if !folder.exists() {
            // Where there is none to reuse, one is created.
            drop(fs::rename(spare(repo), &folder));
        }
        let workspace = Workspace::try_acquire(&folder, Wait::FOR_ITS_END)?
            .with_context(|| format!("another process works on the run `{run}`"))?;
        Ok(Self { repo, workspace, interrupts })
    }

    /// The workspace that was made ready, with this attempt checked out; `None` where it was not.
    pub fn prepared(
        repo: &'a Repo,
        preparation: FixPreparation,
        attempt: &Attempt,
        interrupts: Interrupts,
    ) -> Option<Self> {
        let workspace = preparation.end(attempt)?;
        Some(Self { repo, workspace, interrupts })
    }

    /// Where the executor works.
    pub fn dir(&self) -> PathBuf {
        self.workspace.work()
    }

    /// Checks out an attempt, and removes what an earlier try left.
    pub fn checkout(&self, attempt: &Attempt) -> Result<()> {
        let (tree, head) = (&attempt.tree, attempt.commit.as_ref());
        self.workspace.checkout(self.repo, tree, head, Ignored::Go, self.interrupts)
    }

    /// The tree that the executor left; `None` where it is as it was.
    ///
    /// Files of more than `file_max` bytes are left out, and named.
    pub fn changed_tree(
        &self,
        context: Context<'_>,
        run: &Run,
        file_max: u64,
    ) -> Result<Option<Oid>> {
        let saved = self.workspace.snapshot(self.repo, file_max, self.interrupts)?;
        if let Some(files) = saved.too_large(file_max) {
            context.notify(Progress::LeftOut(files));
        }
        Ok(Some(saved.tree).filter(|tree| *tree != run.attempt().tree))
    }

    /// Commits the tree that the executor left as the run's next attempt. `beside` are the files that it
    /// touched beside those that the fix is about.
    pub fn commit(
        &self,
        run: &Run,
        tree: Oid,
        beside: Vec<String>,
        message: &str,
    ) -> Result<FixOutcome> {
        let last = run.attempt();
        let attempts = &run.review_loop().attempts;
        let undoes = attempt::undoes(self.repo, attempts, &tree)?;
        let number = attempts.len();
        let parent = last.commit.as_ref();
        let commit = attempt::save(self.repo, &run.id, number, &tree, parent, message)?;
        Ok(FixOutcome::Changed { tree, commit, undoes, beside })
    }

    /// Commits the unfinished work of an executor, apart from the attempts: it is not reviewed and not
    /// lost. `None` where there is none.
    pub fn commit_partial(
        &self,
        context: Context<'_>,
        run: &Run,
        file_max: u64,
    ) -> Result<Option<Oid>> {
        let Some(tree) = self.changed_tree(context, run, file_max)? else { return Ok(None) };
        self.commit_apart(run, &tree, "left unfinished").map(Some)
    }

    /// Commits what no fix may do, apart from the attempts as well.
    pub fn commit_refused(&self, run: &Run, tree: &Oid) -> Result<Oid> {
        self.commit_apart(run, tree, "did that no fix may do")
    }

    fn commit_apart(&self, run: &Run, tree: &Oid, what: &str) -> Result<Oid> {
        let number = run.review_loop().attempts.len();
        let message = format!("wip: what attempt {number} of run {} {what}\n", run.id);
        let parent = run.attempt().commit.as_ref();
        attempt::save_partial(self.repo, &run.id, number, tree, parent, &message)
    }
}

/// Releases the workspace of a run that is over; one is kept for reuse.
pub fn release(repo: &Repo, run: &str) -> Result<()> {
    let folder = folder(repo, run);
    if folder.exists() && fs::rename(&folder, spare(repo)).is_err() {
        fs::remove_dir_all(&folder)
            .with_context(|| format!("could not remove `{}`", folder.display()))?;
    }
    // Those of tasks that were built beside each other.
    let root = checkout::root(repo);
    let beside = format!("{TREE}{run}-");
    for entry in file::entries(&root).into_iter().flatten().filter_map(Result::ok) {
        if entry.file_name().to_string_lossy().starts_with(&beside) {
            let folder = entry.path();
            file::remove_if_there(&folder)
                .with_context(|| format!("could not remove `{}`", folder.display()))?;
        }
    }
    Ok(())
}

/// The prefix of the names of workspaces.
const TREE: &str = "run-";

fn folder(repo: &Repo, run: &str) -> PathBuf {
    checkout::root(repo).join(format!("{TREE}{run}"))
}

fn spare(repo: &Repo) -> PathBuf {
    checkout::root(repo).join("spare")
}
