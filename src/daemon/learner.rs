//! Learning in a process of its own: the watcher goes on meanwhile.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use bstr::ByteSlice as _;
use rustix::process::Pid;
use serde::{Deserialize, Serialize};

use crate::daemon::watched_repo::WatchedRepo;
use crate::flow::learn;
use crate::flow::learn::outcome::LearnOutcome;
use crate::platform::git::places::OpenError;
use crate::platform::git::repo::Repo;
use crate::platform::process::{ChildProcess, Cmd, own_path};

/// A mistake that came back and became a rule; the worker prints one as JSON on each line.
#[derive(Debug, Serialize, Deserialize)]
pub struct LearnedRule {
    pub id: String,
    pub title: String,
    /// The file that the rule was written to.
    pub path: String,
}

/// A process that learns in one work tree.
pub struct Learner {
    worker: ChildProcess,
}

impl Learner {
    /// Starts the process.
    pub fn start(place: &WatchedRepo, worktree: &Path) -> Result<Self> {
        let program = own_path().context("could not tell where this program is")?;
        let command = Cmd::new(program, Path::new("/"))
            .args(["daemon", "learn", "--repo"])
            .arg(worktree)
            .args(place.settings.words().iter().flat_map(|flag| ["--set", flag]))
            .in_background(&place.env);
        let worker = command.start()?;
        Ok(Self { worker })
    }

    pub fn pid(&self) -> Option<Pid> {
        self.worker.pid()
    }

    /// Waits until it has ended; what was learned.
    pub fn wait(self) -> Result<Vec<LearnedRule>> {
        let output = self.worker.wait()?;
        if !output.status.success() {
            bail!("{}", output.stderr.trim().to_str_lossy());
        }
        let lines = output.stdout.lines().filter(|line| !line.is_empty());
        lines.map(|line| Ok(serde_json::from_slice(line)?)).collect()
    }
}

/// What the process does: turns what came back in a work tree into rules. Where the work tree is gone
/// there is nothing to learn.
pub fn work(place: &WatchedRepo, worktree: &Path) -> Result<Vec<LearnedRule>> {
    let is_gone = |error: &anyhow::Error| {
        matches!(error.downcast_ref(), Some(OpenError::NotARepository(_))) || !worktree.is_dir()
    };
    let repo = match Repo::discover(worktree, None) {
        Err(error) if is_gone(&error) => return Ok(Vec::new()),
        repo => repo?,
    };
    let session = learn::learn_automatically(place.context(&repo))?;
    let rules = session.learned.into_iter().filter_map(|learned| match learned.outcome {
        LearnOutcome::Rule { rule, .. } => {
            Some(LearnedRule { id: rule.id, title: rule.title, path: rule.at.path })
        }
        _ => None,
    });
    Ok(rules.collect())
}
