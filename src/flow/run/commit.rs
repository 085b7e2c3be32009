//! Commits what was judged, after the same evaluation as any commit, by plumbing: no hook runs, and nothing is
//! checked out.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::domain::development::message::{CommitSource, TaskCommit};
use crate::domain::gates::policy::EffectivePolicy;
use crate::domain::model::change::Change;
use crate::domain::model::finding::Effect;
use crate::domain::model::oid::Oid;
use crate::domain::pipeline::job::{CallFailure, JobId};
use crate::domain::pipeline::spec_run::about::RunMode;
use crate::domain::pipeline::spec_run::outcome::SpecOutcome;
use crate::domain::pipeline::spec_run::stage::{ReviewedTask, Snapshot};
use crate::flow::evaluate::evaluation::{EvaluationScope, evaluate};
use crate::flow::evaluate::{bookkeeping, passed_trees};
use crate::flow::run::session::SpecSession;
use crate::flow::workspace::checkout;
use crate::platform::git::diff;
use crate::platform::process::{Cmd, ExitOutcome};
use crate::platform::store::file;

/// How long a commit may take, with what signs it.
const SIGNING_TIME: Duration = Duration::from_mins(2);

impl SpecSession<'_> {
    /// Evaluates the commit as a person's would be, and makes it. Its time is that of the job's first start:
    /// after a kill the same commit comes out.
    pub(super) fn commit(&self, job: &JobId, task: &ReviewedTask) -> Result<SpecOutcome> {
        let about = &self.run.about;
        let effective = &*self.effective()?;
        let progress = self.run.progress();
        let now = progress.task().filter(|_| !progress.is_one_task());
        let (head, of_task) = (self.head(), now.map(|now| (now.number, now.part.tasks.len())));
        let text = TaskCommit {
            proposed: &task.subject,
            title: now.map_or(about.title.as_str(), |now| &now.task.title),
            task: of_task.map(|(number, all)| format!("{number} of {all}")).unwrap_or_default(),
            source: match about.report {
                Some(_) => CommitSource::Report(&about.spec_id),
                None => CommitSource::Spec(&about.spec_id),
            },
            criteria: &task.criteria,
            run: &self.run.id,
            mode: if about.mode == RunMode::Fast { about.mode.as_str() } else { "" },
            executor: &progress.executor,
            reviewer: &task.reviewer,
            arbiter: &task.arbiter,
            review: &task.review,
        }
        .message(&effective.policy.gates.commit_message);
        let why = self.stopped_by_gates(effective, &head, &task.tree, &text)?;
        if !why.is_empty() {
            return Ok(SpecOutcome::Committed(Err(why)));
        }
        self.commit_tree(job, &task.tree, &head.commit, &text)
    }

    /// What the gates of a commit say against a change upon `head`, one a line; that they said nothing is kept.
    pub(super) fn stopped_by_gates(
        &self,
        effective: &EffectivePolicy,
        head: &Snapshot,
        tree: &Oid,
        message: &str,
    ) -> Result<Vec<String>> {
        let change = Change {
            key: head.commit.to_string(),
            base_tree: Some(head.tree.clone()),
            tree: tree.clone(),
            commit: None,
            message: Some(message.as_bytes().to_vec().into()),
            files: diff::trees(&self.private.objects, Some(&head.tree), Some(tree))?,
            tip_tree: None,
            unlisted: None,
        };
        let context = self.private_context();
        let evaluation = evaluate(context, change, effective, None, EvaluationScope::Gates)?;
        let stopping = evaluation.findings.iter().map(|reported| &reported.finding);
        let mut why: Vec<String> = stopping
            .filter(|finding| finding.effect == Effect::Block)
            .map(|finding| format!("{}/{}: {}", finding.gate, finding.rule, finding.message))
            .collect();
        if evaluation.inconclusive {
            why.extend(
                evaluation.skipped.iter().map(|one| format!("{}: {}", one.gate, one.reason)),
            );
        }
        if why.is_empty() {
            // In the person's repository, which pushes it.
            bookkeeping::warn_once(
                self.context,
                passed_trees::record_of_run(self.context.repo, tree),
            );
        }
        Ok(why)
    }

    /// Git knows the person by the settings of their own repository, and writes to the run's.
    fn commit_tree(
        &self,
        job: &JobId,
        tree: &Oid,
        parent: &Oid,
        message: &str,
    ) -> Result<SpecOutcome> {
        let at = self.run.journal.first_started(job).context("the commit was not begun")?;
        let date = format!("@{} +0000", at.as_second());
        Ok(match self.commit_at(tree, parent, message, &date)? {
            Ok(at) => SpecOutcome::Committed(Ok(at)),
            Err(failure) => SpecOutcome::Failed(failure),
        })
    }

    /// The same with that time.
    pub(super) fn commit_at(
        &self,
        tree: &Oid,
        parent: &Oid,
        message: &str,
        date: &str,
    ) -> Result<Result<Snapshot, CallFailure>> {
        let repo = self.context.repo;
        let signs = repo.config("commit.gpgSign")?.is_some_and(|value| {
            ["true", "yes", "on", "1"].iter().any(|yes| value.eq_ignore_ascii_case(yes.as_bytes()))
        });
        let mut command = repo
            .git()
            .env("GIT_OBJECT_DIRECTORY", self.private.common_dir.join("objects"))
            .env("GIT_AUTHOR_DATE", date)
            .env("GIT_COMMITTER_DATE", date)
            .args(["commit-tree", tree.as_str(), "-p", parent.as_str(), "-F", "-"]);
        if signs {
            command = command.arg("-S");
        }
        let why = if signs { "the commit could not be signed" } else { "git did not commit" };
        Ok(match self.printed_by(command.stdin(message))? {
            Ok(name) => {
                let commit = Oid::parse(name.trim())?;
                Ok(Snapshot { tree: tree.clone(), commit })
            }
            Err(said) => Err(CallFailure::Infrastructure(format!("{why}: {said}"))),
        })
    }

    /// What git printed, or said where it failed. It ends with us: what signs may wait for a person.
    fn printed_by(&self, command: Cmd) -> Result<Result<String, String>> {
        let path = |name: &str| self.folder.path().join(name);
        let files = [path("commit.out"), path("commit.err")];
        let logs = [checkout::create(&files[0])?, checkout::create(&files[1])?];
        let ended =
            command.deadline(SIGNING_TIME).supervise(&logs[0], &logs[1], self.interrupts)?;
        let read = |file: &PathBuf| file::read_text(file).unwrap_or_default();
        let (printed, said) = (read(&files[0]), read(&files[1]).trim().to_owned());
        for file in &files {
            file::remove_if_there(file)?;
        }
        match ended {
            ExitOutcome::Exited(status) if status.success() => Ok(Ok(printed)),
            ExitOutcome::Interrupted(signal) => Err(self.stopped(signal)),
            ExitOutcome::TimedOut => {
                Ok(Err(format!("it took more than {} s", SIGNING_TIME.as_secs())))
            }
            ExitOutcome::Exited(_)
            | ExitOutcome::Idle
            | ExitOutcome::TooLong
            | ExitOutcome::Overused(_) => Ok(Err(said)),
        }
    }
}
