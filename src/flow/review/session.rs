//! Performs a run: takes the next action, performs it, applies its outcome, saves the record.

use anyhow::{Context as _, Result};
use bstr::BString;

use crate::domain::model::change::Change;
use crate::domain::model::oid::Oid;
use crate::domain::pipeline::apply::apply;
use crate::domain::pipeline::next::next;
use crate::domain::pipeline::run::{Attempt, CallFailure, FixRequest, Job, JobOutcome, RunKind};
use crate::domain::review::converge::StopLimits;
use crate::flow::call::client::AgentClient;
use crate::flow::call::roles::AssignedAgent;
use crate::flow::review::fix::FixWorkspace;
use crate::flow::review::inputs::ReviewInputs;
use crate::flow::review::run_record::RunRecord;
use crate::flow::review::{fix, gate};
use crate::flow::workspace::attempt;
use crate::flow::workspace::checkout::Unavailable;
use crate::platform::config::env::Env;
use crate::platform::git::diff;
use crate::platform::git::repo::Repo;
use crate::platform::process::Interrupts;
use crate::platform::store::runs::RunFolder;
use crate::platform::ui::report::printable;

/// A signal stopped the run, which can be resumed.
#[derive(Debug, thiserror::Error)]
#[error("the run `{run}` was stopped")]
pub struct Stopped {
    pub run: String,
    pub signal: i32,
}

/// A run with what its actions need.
pub struct ReviewSession<'a> {
    pub repo: &'a Repo,
    pub env: &'a Env,
    pub inputs: &'a ReviewInputs,
    pub client: AgentClient<'a>,
    /// `None` in a run that fixes nothing.
    pub executor: Option<AssignedAgent>,
    pub limits: StopLimits,
    pub interrupts: Interrupts,
    pub folder: &'a RunFolder,
    /// The tree in the reading copy, which this process alone fills.
    pub copied_tree: Option<Oid>,
    /// The files that could not be copied there, with the reason.
    pub uncopied: Vec<(BString, String)>,
    pub record: RunRecord,
}

impl ReviewSession<'_> {
    /// Performs the run to its end. Stopped before, it leaves the record of its last outcome.
    pub fn perform(mut self) -> Result<RunRecord> {
        loop {
            let outcome = match next(&self.record.run) {
                Job::End(_) => return Ok(self.record),
                Job::Gate => self.gate()?,
                Job::Review(scope) => self.review(&scope)?,
                Job::Arbitrate(findings) => self.arbitrate(&findings)?,
                Job::Fix(order) => self.fix(&order)?,
            };
            let run = self.record.run.clone();
            self.record.run = apply(run, outcome, &self.limits);
            self.folder.save(&self.record)?;
        }
    }

    /// The current attempt.
    pub(super) fn attempt(&self) -> Result<&Attempt> {
        self.record.run.attempts.last().context("a run has an attempt from its beginning")
    }

    /// The change between a tree and the current attempt.
    pub(super) fn change_since(&self, base: Option<&Oid>) -> Result<Change> {
        let attempt = self.attempt()?;
        Ok(Change {
            key: self.record.change_key.clone(),
            base_tree: base.cloned(),
            tree: attempt.tree.clone(),
            commit: attempt.commit.clone(),
            message: None,
            files: diff::trees(&self.repo.objects, base, Some(&attempt.tree))?,
        })
    }

    pub(super) fn stopped(&self, signal: i32) -> anyhow::Error {
        Stopped { run: self.record.run.id.clone(), signal }.into()
    }

    pub(super) fn tell(&self, line: &str) {
        (self.client.tell)(line);
    }

    fn gate(&mut self) -> Result<JobOutcome> {
        let run = &self.record.run;
        let change = self.change_since(run.base.as_ref())?;
        if run.kind == RunKind::Fix {
            self.tell("running the gates");
        }
        let gates =
            gate::run_gates(self.repo, self.env, &change, &self.inputs.effective, run.kind)?;
        if let Some(signal) = gates.interrupted {
            return Err(self.stopped(signal));
        }
        self.record.gated = gates.report.findings;
        self.record.skipped = gates.report.skipped;
        Ok(JobOutcome::Gated(gates.gated))
    }

    fn fix(&mut self, order: &FixRequest) -> Result<JobOutcome> {
        let Some(executor) = self.executor.clone() else {
            let why = "there is no agent that could fix it".to_owned();
            return Ok(JobOutcome::Failed(CallFailure::Infrastructure(why)));
        };
        let number = self.record.run.attempts.len();
        // A fix that changed nothing leaves the number of attempts as it is.
        let key = format!("fix-{number}-{}", self.record.run.idle_fixes);
        let workspace = FixWorkspace::open(self.repo, &self.record.run.id, self.interrupts)?;
        // Where the call is settled the executor had ended before a kill: its work is still there, unless
        // the cache was emptied.
        if !self.client.is_settled(&key) || !workspace.dir().exists() {
            self.client.discard_replies(&key)?;
            self.or_stopped(workspace.checkout(self.attempt()?))?;
        }
        self.tell(&format!("fixing with {}: {}", executor.name, order.instructions.join("; ")));
        let prompt = self.fixer_prompt(order)?;
        match self.request_work(&executor, &key, &prompt, &workspace.dir())? {
            Ok(()) => {
                let kept = workspace.commit(&self.record.run, &self.message(order));
                Ok(JobOutcome::Fixed(self.or_stopped(kept)?))
            }
            Err(failure) => {
                let kept = workspace.commit_partial(&self.record.run);
                if let Some(commit) = self.or_stopped(kept)? {
                    let short = commit.short();
                    self.tell(&format!("what the executor left unfinished is kept as {short}"));
                }
                Ok(JobOutcome::Failed(failure))
            }
        }
    }

    /// Turns an interrupted checkout into [`Stopped`].
    fn or_stopped<T>(&self, outcome: Result<T>) -> Result<T> {
        outcome.map_err(|error| match error.downcast_ref() {
            Some(Unavailable::Interrupted(signal)) => self.stopped(*signal),
            _ => error,
        })
    }

    fn message(&self, order: &FixRequest) -> String {
        let titles: Vec<String> = self
            .record
            .run
            .findings
            .iter()
            .filter(|standing| order.findings.contains(&standing.raised.id))
            .map(|standing| standing.raised.title.clone())
            .collect();
        let subject = match titles.as_slice() {
            [] => "fix: what the gates stopped".to_owned(),
            [title] => format!("fix: {}", printable(title)),
            [title, rest @ ..] => format!("fix: {}, and {} more", printable(title), rest.len()),
        };
        let body = order.instructions.iter().map(|line| format!("- {}\n", printable(line)));
        let body: String = body.collect();
        format!("{subject}\n\n{body}\nTribunal-Run: {}\n", self.record.run.id)
    }

    /// Publishes the best attempt on a branch, unless it is the original; returns the branch's name.
    pub fn publish_best(repo: &Repo, record: &RunRecord, best: usize) -> Result<Option<String>> {
        fix::release(repo, &record.run.id)?;
        let commit = record.run.attempts.get(best).and_then(|attempt| attempt.commit.as_ref());
        match commit {
            Some(commit) if best > 0 => {
                attempt::publish_branch(repo, &record.run.id, commit).map(Some)
            }
            _ => Ok(None),
        }
    }
}
