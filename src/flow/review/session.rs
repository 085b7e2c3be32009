//! Performs a run: the jobs that are ready, side by side where there are several, each saved before it
//! starts and after it ended.

use std::rc::Rc;
use std::sync::mpsc;
use std::thread;

use anyhow::{Context as _, Result, bail};

use crate::domain::model::agent::{Role, Route};
use crate::domain::model::change::{Change, WrittenBy};
use crate::domain::model::notice::Progress;
use crate::domain::model::oid::Oid;
use crate::domain::model::terminal::printable;
use crate::domain::pipeline::apply::{apply, defer, start};
use crate::domain::pipeline::job::{
    Action, CallFailure, FixOutcome, FixRequest, GatesReport, Job, JobId, JobOutcome, Performed,
};
use crate::domain::pipeline::next::next;
use crate::domain::pipeline::review_loop::{RunKind, Stage};
use crate::domain::pipeline::run::Run;
use crate::domain::review::converge::StopLimits;
use crate::flow::call::client::AgentClient;
use crate::flow::call::roles::AssignedAgent;
use crate::flow::context::Context;
use crate::flow::review::delivery::Layout;
use crate::flow::review::fix::{FixPreparation, FixWorkspace};
use crate::flow::review::inputs::ReviewInputs;
use crate::flow::review::progress;
use crate::flow::review::progress::Whose;
use crate::flow::review::reading_copies::ReadingCopies;
use crate::flow::review::request::{
    Replied, Stopped, StructuredReply, StructuredRequest, request, request_work,
};
use crate::flow::review::{finish, gates_job, outcomes, target};
use crate::flow::workspace::checkout::Unavailable;
use crate::platform::config::env::now;
use crate::platform::git::unstaged::UnstagedListing;
use crate::platform::process::Interrupts;
use crate::platform::store::runs;
use crate::platform::store::runs::RunFolder;
use crate::platform::store::test_results;

/// A run with what its jobs need.
pub struct ReviewSession<'a> {
    pub context: Context<'a>,
    pub inputs: &'a ReviewInputs,
    pub client: &'a AgentClient<'a>,
    /// `None` in a run that fixes nothing.
    pub executor: Option<AssignedAgent>,
    /// The workspace of the next fix, from the first question to the arbiter on.
    pub preparation: Option<FixPreparation>,
    pub limits: StopLimits,
    pub interrupts: Interrupts,
    pub folder: &'a RunFolder,
    pub copies: ReadingCopies<'a>,
    /// The change as it was last laid out.
    pub layout: Option<Rc<Layout>>,
    /// What is not staged in the work tree, listed from the answer about a fix on: the end of the run tells where
    /// else a resolved finding still is.
    pub unstaged: Option<UnstagedListing>,
    pub run: Run,
}

/// What beginning a job comes to: its outcome, or a call to an agent, which is made on a thread of its
/// own where another may go on beside it.
enum Beginning {
    Performed(Box<Performed>),
    Call(Box<StructuredRequest>),
}

impl<'a> ReviewSession<'a> {
    /// Performs the run until it ends or pauses, and tells meanwhile how far it is. Stopped before, it
    /// leaves the record of what ended, and the replies to the calls that were under way.
    pub fn perform(self) -> Result<(Run, Option<UnstagedListing>)> {
        let (context, id) = (self.context, self.run.id.clone());
        progress::telling(context, &id, Whose::Own, move || self.perform_jobs())
    }

    fn perform_jobs(mut self) -> Result<(Run, Option<UnstagedListing>)> {
        // A signal that comes between two programs stops the run as well.
        let _deferred = self.interrupts.defer();
        let (client, mut parallel) = (self.client, self.inputs.policy().agents.parallel);
        thread::scope(|scope| {
            let (sender, ended) = mpsc::channel::<(Job, Result<Replied>)>();
            let mut calls = 0;
            loop {
                let mut jobs = next(&self.run);
                if let Some(signal) = self.interrupts.received().filter(|_| !jobs.is_empty()) {
                    return Err(self.stopped(signal));
                }
                jobs.truncate(parallel.saturating_sub(calls));
                for job in &jobs {
                    self.run = start(self.run.clone(), &job.id, now(self.context.env))?;
                }
                self.folder.save(&self.run)?;
                if jobs.is_empty() && calls == 0 {
                    return Ok((self.run, self.unstaged));
                }
                // On a thread of its own a call takes half a millisecond more.
                let is_alone = jobs.len() == 1 && calls == 0;
                for job in jobs {
                    match self.begin(&job)? {
                        Beginning::Performed(performed) => self.ended(&job.id, *performed)?,
                        Beginning::Call(call) => {
                            calls += 1;
                            let sender = sender.clone();
                            // Where the session failed meanwhile, the reply is kept for the next.
                            let make = move || drop(sender.send((job, request(client, &call))));
                            if is_alone {
                                self.work_ahead()?;
                                make();
                            } else {
                                scope.spawn(make);
                            }
                        }
                    }
                }
                if calls > 0 {
                    self.work_ahead()?;
                    let (job, replied) = ended.recv().context("a call did not end")?;
                    calls -= 1;
                    let replied = replied?;
                    if parallel > 1 && matches!(replied.reply, Err(CallFailure::Budget(_))) {
                        // The budget of a call is set aside while it is under way: what is refused
                        // beside another may be allowed alone.
                        parallel = 1;
                        self.run = defer(self.run.clone(), &job.id, now(self.context.env))?;
                    } else {
                        self.copies.give_back(&self.run.call_key(&job.id));
                        let performed = self.performed(job.action, replied)?;
                        self.ended(&job.id, performed)?;
                    }
                }
            }
        })
    }

    fn ended(&mut self, job: &JobId, performed: Performed) -> Result<()> {
        self.run = apply(self.run.clone(), job, performed, now(self.context.env), &self.limits)?;
        Ok(())
    }

    fn begin(&mut self, job: &Job) -> Result<Beginning> {
        let performed: Performed = match &job.action {
            Action::Gate => self.gate()?.into(),
            Action::Deliver(scope) => self.deliver(scope)?.into(),
            Action::ReviewChunk { scope, chunk, unproven } => {
                let call = self.chunk_request(&job.id, scope, *chunk, unproven)?;
                return Ok(Beginning::Call(Box::new(call)));
            }
            Action::Assemble { scope, answers } => self.assemble(scope, answers)?.into(),
            Action::Arbitrate(finding) => {
                let call = self.arbiter_request(&job.id, finding)?;
                return Ok(Beginning::Call(Box::new(call)));
            }
            Action::LookAgain(finding) => {
                let call = self.second_request(&job.id, finding)?;
                return Ok(Beginning::Call(Box::new(call)));
            }
            Action::Fix(request) => self.fix(&job.id, request)?,
            Action::Close(end) => {
                self.preparation = None;
                let (context, run, inputs) = (self.context, &mut self.run, self.inputs);
                let closed = self.copies.remove_beside(|| {
                    outcomes::keep_open(context, run, end.best)?;
                    finish::close(context, inputs, run, end)
                });
                JobOutcome::Closed(closed?).into()
            }
        };
        Ok(Beginning::Performed(Box::new(performed)))
    }

    /// The outcome of a job whose call was made.
    fn performed(&mut self, action: Action, replied: Replied) -> Result<Performed> {
        let reviewers = replied.answers.iter().filter(|answer| answer.role == Role::Reviewer);
        let families = reviewers.map(|answer| answer.family.as_str());
        if self.run.about.route == Route::A {
            self.run.about.route = self.inputs.assignment.route_by(families);
        }
        let outcome = match (action, replied.reply) {
            (_, Err(failure)) => JobOutcome::Failed(failure),
            (Action::Arbitrate(finding), Ok(StructuredReply::Decision(answer))) => {
                self.arbitrated(&finding, answer)?
            }
            (Action::LookAgain(finding), Ok(StructuredReply::Decision(answer))) => {
                self.looked_again(&finding, answer)?
            }
            (_, Ok(StructuredReply::Review(answer))) => {
                if self.run.review_loop().current() > 0 {
                    self.unstaged = Some(UnstagedListing::begin(self.context.repo)?);
                }
                JobOutcome::Answered(answer)
            }
            (_, Ok(StructuredReply::Decision(_))) => bail!("a decision that was not asked for"),
        };
        Ok(Performed { outcome, answers: replied.answers })
    }

    /// The change between a tree and the current attempt.
    pub(super) fn change_since(&self, base: Option<&Oid>) -> Result<Change> {
        let current = self.run.review_loop().current();
        target::change_of_attempt(self.context.repo, &self.run, base, current)
    }

    fn stopped(&self, signal: i32) -> anyhow::Error {
        Stopped { run: self.run.id.clone(), signal }.into()
    }

    fn gate(&mut self) -> Result<JobOutcome> {
        let review = self.run.review_loop();
        let change = self.change_since(review.base.as_ref())?;
        if review.kind == RunKind::Fix {
            self.context.notify(Progress::GatesRun);
        }
        let (effective, spec) = (&self.inputs.effective, self.inputs.parsed_spec());
        let written_by = match (review.current(), &self.run.about.parent) {
            // As it was given to us.
            (0, None) => WrittenBy::Person,
            _ => WrittenBy::Agent,
        };
        let before = match &self.run.about.parent {
            Some(parent) => {
                let folder = runs::folder(&self.context.repo.state_dir(), parent);
                Some(test_results::load(&folder, 0)?)
            }
            None => None,
        };
        let (context, before) = (self.context, before.as_ref());
        let gates = gates_job::run_gates(context, &change, effective, spec, written_by, before)?;
        if let Some(signal) = gates.interrupted {
            return Err(self.stopped(signal));
        }
        self.keep_printed(&gates.printed)?;
        Ok(JobOutcome::Gated(GatesReport {
            outcome: gates.gated,
            findings: gates.report.findings,
            skipped: gates.report.skipped,
        }))
    }

    /// Begins, once agents work, what will be wanted after them: the next reading copy, and while an arbiter
    /// thinks the workspace of a fix. What was reported is seldom all wrong, and a checkout takes as long as
    /// the repository is large.
    fn work_ahead(&mut self) -> Result<()> {
        self.copies.fill_ahead();
        let is_near = matches!(self.run.review_loop().stage, Stage::Arbitrating(_));
        if is_near && self.executor.is_some() && self.preparation.is_none() {
            let (repo, run) = (self.context.repo, &self.run);
            self.preparation = Some(FixPreparation::begin(repo, run, self.interrupts)?);
        }
        Ok(())
    }

    fn fix(&mut self, job: &JobId, order: &FixRequest) -> Result<Performed> {
        let Some(executor) = self.executor.clone() else {
            bail!("the run `{}` fixes and has no executor", self.run.id);
        };
        let key = self.run.call_key(job);
        let workspace = self.fix_workspace(&key, &executor)?;
        let (agent, instructions) = (executor.name.clone(), order.instructions.clone());
        self.context.notify(Progress::Fixing { agent, instructions });
        let prompt = self.fixer_prompt(order)?;
        let (worked, answers) =
            request_work(self.client, &executor, &key, &prompt, &workspace.dir())?;
        let file_max = self.inputs.effective.policy.sandbox.file;
        let outcome = match worked {
            Ok(said) => {
                let left =
                    self.or_stopped(workspace.changed_tree(self.context, &self.run, file_max))?;
                JobOutcome::Fixed(match left {
                    Some(tree) => self.measured(&workspace, order, tree, &said)?,
                    None => FixOutcome::Nothing,
                })
            }
            Err(failure) => {
                let kept = workspace.commit_partial(self.context, &self.run, file_max);
                if let Some(commit) = self.or_stopped(kept)? {
                    self.context.notify(Progress::UnfinishedFixKept { commit });
                }
                JobOutcome::Failed(failure)
            }
        };
        Ok(Performed { outcome, answers })
    }

    /// The workspace of a fix: as the attempt is, or as the executor left it that had ended.
    fn fix_workspace(&mut self, key: &str, executor: &AssignedAgent) -> Result<FixWorkspace<'a>> {
        let (repo, attempt) = (self.context.repo, self.run.attempt());
        let preparation = self.preparation.take();
        let prepared = preparation
            .and_then(|begun| FixWorkspace::prepared(repo, begun, attempt, self.interrupts));
        if let Some(workspace) = prepared {
            self.client.discard_replies(key, executor)?;
            return Ok(workspace);
        }
        let workspace = FixWorkspace::open(repo, &self.run.id, self.interrupts)?;
        // Where the call is settled the executor had ended before a kill: its work is still there, unless
        // the cache was emptied.
        if !self.client.is_settled(key, executor) || !workspace.dir().exists() {
            self.client.discard_replies(key, executor)?;
            self.or_stopped(workspace.checkout(attempt))?;
        }
        Ok(workspace)
    }

    /// Commits what a fix left behind as an attempt, or apart where no fix may do it.
    fn measured(
        &self,
        workspace: &FixWorkspace<'_>,
        order: &FixRequest,
        tree: Oid,
        said: &str,
    ) -> Result<FixOutcome> {
        let measured = self.measure_fix(order, &tree, said)?;
        if measured.refused.is_empty() {
            return workspace.commit(&self.run, tree, measured.beside, &self.message(order));
        }
        let (commit, why) = (workspace.commit_refused(&self.run, &tree)?, measured.refused);
        self.context.notify(Progress::FixRefused { why: why.clone(), commit: commit.clone() });
        Ok(FixOutcome::Refused { commit, why })
    }

    /// Turns an interrupted checkout into [`Stopped`].
    fn or_stopped<T>(&self, outcome: Result<T>) -> Result<T> {
        outcome.map_err(|error| match error.downcast_ref() {
            Some(Unavailable::Interrupted(signal)) => self.stopped(*signal),
            _ => error,
        })
    }

    fn message(&self, order: &FixRequest) -> String {
        let findings = self.run.review_loop().findings.iter().map(|finding| &finding.original);
        let titles: Vec<String> = findings
            .filter(|finding| order.findings.contains(&finding.id))
            .map(|finding| finding.title.clone())
            .collect();
        let subject = match titles.as_slice() {
            [] => "fix: what the gates stopped".to_owned(),
            [title] => format!("fix: {}", printable(title)),
            [title, rest @ ..] => format!("fix: {}, and {} more", printable(title), rest.len()),
        };
        let body = order.instructions.iter().map(|line| format!("- {}\n", printable(line)));
        let body: String = body.collect();
        format!("{subject}\n\n{body}\nTribunal-Run: {}\n", self.run.id)
    }
}
