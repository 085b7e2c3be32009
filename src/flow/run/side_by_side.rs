//! Performs the run of a spec: the jobs that are ready, side by side where there are several, saved before each and after it.

use std::panic;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, mpsc};
use std::thread;
use std::thread::Scope;

use anyhow::{Context as _, Result};

use crate::domain::model::error::hinted;
use crate::domain::model::notice::{Notice, Progress, SpecRunStep};
use crate::domain::pipeline::job::{AgentAnswer, CallFailure, JobId};
use crate::domain::pipeline::job_place;
use crate::domain::pipeline::review_loop::ResumeWhen;
use crate::domain::pipeline::spec_run::SpecRun;
use crate::domain::pipeline::spec_run::apply;
use crate::domain::pipeline::spec_run::begun::{BegunAhead, SetAsideTask};
use crate::domain::pipeline::spec_run::outcome::{SpecOutcome, TaskReview};
use crate::domain::pipeline::spec_run::progress::RaisedSize;
use crate::domain::pipeline::spec_run::stage::SpecStage;
use crate::flow::context::Context;
use crate::flow::run::checkpoint;
use crate::flow::run::session::SpecSession;
use crate::platform::config::env::now;
use crate::platform::config::random;
use crate::platform::process::WorkGroup;

/// A job on a thread of its own.
#[derive(Clone, PartialEq)]
struct JobBeside {
    job: JobId,
    /// Another one where the job was set aside and begun again.
    call: String,
    stage: SpecStage,
    begun: Option<BegunAhead>,
}

/// What came of it.
struct CameBeside {
    was: JobBeside,
    group: WorkGroup,
    came: Result<(SpecOutcome, Vec<AgentAnswer>)>,
}

impl JobBeside {
    /// A job as the session that performs it sees it.
    fn of(job: &JobId, seen: &SpecRun) -> Self {
        let (stage, begun) = (seen.stage().clone(), seen.progress().begun.clone());
        Self { job: job.clone(), call: seen.call_key(job), stage, begun }
    }

    /// Whether the run still waits for it: it may have been set aside meanwhile, and begun again.
    fn is_wanted(&self, run: &SpecRun) -> bool {
        run.seen_by(&self.job).is_some_and(|seen| Self::of(&self.job, &seen) == *self)
    }
}

/// Whether a call was not made because of a budget: what another one may cost is set aside while it is under way.
fn is_refused(outcome: &SpecOutcome) -> bool {
    match outcome {
        SpecOutcome::Failed(failure) => matches!(failure, CallFailure::Budget(_)),
        SpecOutcome::Reviewed(TaskReview::Paused { resume_when, .. }) => {
            *resume_when == ResumeWhen::BudgetAllows
        }
        _ => false,
    }
}

/// What came of a job, also where it panicked: a thread that sends nothing would be waited for without end.
fn caught<T>(perform: impl FnOnce() -> Result<T>) -> Result<T> {
    panic::catch_unwind(AssertUnwindSafe(perform)).unwrap_or_else(|_| {
        let hint = "`tribunal resume RUN` continues the run; `tribunal runs` lists it";
        Err(hinted("a mistake of the program stopped a job of the run", hint))
    })
}

impl SpecSession<'_> {
    /// Performs the run until it ends or pauses. What is under way beside it then comes to its end first.
    pub fn perform(mut self) -> Result<SpecRun> {
        // A signal that comes between two programs stops the run as well.
        let _deferred = self.interrupts.defer();
        thread::scope(|scope| {
            let (sender, ended) = mpsc::channel::<CameBeside>();
            let (mut beside, mut put_off) = (Vec::<(JobBeside, WorkGroup)>::new(), Vec::new());
            loop {
                for (job, group) in &beside {
                    if !job.is_wanted(&self.run) {
                        group.call_off();
                    }
                }
                let mut jobs = self.ready(&put_off);
                if beside.is_empty() && !put_off.is_empty() {
                    // What was refused beside another is made alone.
                    put_off.clear();
                    jobs = self.ready(&put_off);
                    jobs.truncate(1);
                }
                let signal = self.interrupts.received().filter(|_| !jobs.is_empty());
                let is_over = jobs.is_empty() && beside.is_empty();
                let jobs = match signal {
                    Some(_) => Vec::new(),
                    None => self.with_room(jobs, &beside),
                };
                for job in &jobs {
                    self.begin(job)?;
                }
                // What the last job came to, and what begins now, in one step.
                self.folder.save_spec(&self.run)?;
                if let Some(signal) = signal {
                    return Err(self.stopped(signal));
                }
                if is_over {
                    return Ok(self.run);
                }
                if let ([job], true) = (jobs.as_slice(), beside.is_empty()) {
                    let stage = self.run.stage().clone();
                    let came = self.perform_job(job, stage)?;
                    self.ended(job, came)?;
                    continue;
                }
                for job in &jobs {
                    beside.push(self.perform_beside(scope, job, sender.clone())?);
                }
                let CameBeside { was, group, came } = ended.recv().context("a job did not end")?;
                beside.retain(|(_, other)| *other != group);
                if !was.is_wanted(&self.run) {
                    // However it ended.
                    continue;
                }
                let came = came?;
                if is_refused(&came.0) {
                    let at = now(self.context.env);
                    self.run = apply::put_off(self.run.clone(), &was.job, at)?;
                    put_off.push(was.job);
                } else {
                    put_off.clear();
                    self.ended(&was.job, came)?;
                }
            }
        })
    }

    /// Those of the jobs that can be begun beside what is under way, of which some may have been set aside.
    fn with_room(&self, mut jobs: Vec<JobId>, beside: &[(JobBeside, WorkGroup)]) -> Vec<JobId> {
        if !beside.is_empty() && *self.run.stage() == SpecStage::Accepting {
            // It changes the run itself.
            return Vec::new();
        }
        let at_once = self.run.about.options.tasks_at_once.max(1);
        jobs.truncate(at_once.saturating_sub(beside.len()));
        // The workspace of one that was set aside is not free before it has ended.
        let task = |job: &JobId| job_place::of_spec(job).task;
        let workspace = |begun: &Option<BegunAhead>| begun.as_ref().map(BegunAhead::workspace);
        jobs.retain(|job| {
            let own = self.run.seen_by(job).map(|seen| workspace(&seen.progress().begun));
            beside
                .iter()
                .all(|(was, _)| task(&was.job) != task(job) && Some(workspace(&was.begun)) != own)
        });
        jobs
    }

    /// The jobs that are to begin now.
    fn ready(&self, put_off: &[JobId]) -> Vec<JobId> {
        let is_open = |job: &JobId| !self.run.journal.is_under_way(job) && !put_off.contains(job);
        self.run.jobs().into_iter().filter(is_open).collect()
    }

    fn begin(&mut self, job: &JobId) -> Result<()> {
        self.tell_moved_base();
        self.run = apply::start(self.run.clone(), job, now(self.context.env))?;
        let seen = self.run.seen_by(job).context("the job is gone")?;
        let stage = seen.stage();
        if matches!(stage, SpecStage::Reviewing { .. }) {
            // Before it begins: after a kill it is found by it.
            self.run.note_review(job, &random::id().to_string());
        }
        let (spec, step) = (self.run.about.spec_id.clone(), stage.as_str());
        let task = job_place::of_spec(job).task.filter(|_| self.run.jobs().len() > 1);
        self.context.notify(Progress::SpecRun(SpecRunStep::Step { spec, task, step }));
        Ok(())
    }

    fn ended(&mut self, job: &JobId, came: (SpecOutcome, Vec<AgentAnswer>)) -> Result<()> {
        let (outcome, answers) = came;
        let raised_before = self.run.progress().raised.len();
        let aside_before = self.run.progress().set_aside.len();
        self.run = apply::apply(self.run.clone(), job, outcome, &answers, now(self.context.env))?;
        for RaisedSize { to, why, .. } in &self.run.progress().raised[raised_before..] {
            let (size, why) = (to.as_str(), why.clone());
            self.context.notify(Progress::SpecRun(SpecRunStep::Raised { size, why }));
        }
        let (turn, aside) = (self.run.progress().before(), &self.run.progress().set_aside);
        for SetAsideTask { why, .. } in
            aside[aside_before..].iter().filter(|one| one.before == turn)
        {
            let (task, why) = (turn + 1, why.join("; "));
            self.context.notify(Progress::SpecRun(SpecRunStep::BuiltAgain { task, why }));
        }
        if self.run.stage().shows_page() {
            self.run.machine.spec.shown = Some(checkpoint::facts(self.context, &self.run)?);
        }
        Ok(())
    }

    /// Performs a job on a thread of its own, which has its own view of the run and changes nothing of it.
    fn perform_beside<'scope, 'env>(
        &self,
        scope: &'scope Scope<'scope, 'env>,
        job: &JobId,
        sender: mpsc::Sender<CameBeside>,
    ) -> Result<(JobBeside, WorkGroup)>
    where
        Self: 'env,
    {
        let seen = self.run.seen_by(job).context("the job is gone")?;
        let (was, group) = (JobBeside::of(job, &seen), WorkGroup::another());
        let told = (was.clone(), group);
        // An open database is not shared with another thread.
        let (repo, private) = (self.context.repo.again()?, self.private.again()?);
        let Context { env, settings, asked, notices, .. } = self.context;
        let (prepared, folder, rules) = (self.prepared, self.folder, Arc::clone(&self.rules));
        scope.spawn(move || {
            group.enter();
            let task = job_place::of_spec(&was.job).task;
            let told = |notice: &Notice| match task {
                Some(task) => notices(&notice.of_task(task)),
                None => notices(notice),
            };
            let context = Context { repo: &repo, env, settings, asked, notices: &told };
            let perform = || {
                let mut session = SpecSession::new(context, &private, prepared, folder, seen)?;
                session.rules = rules;
                session.perform_job(&was.job, was.stage.clone())
            };
            let came = caught(perform);
            // Where the run failed meanwhile, what was answered is kept for the next time.
            drop(sender.send(CameBeside { was, group, came }));
        });
        Ok(told)
    }
}

#[cfg(test)]
mod tests {
    use super::caught;

    #[test]
    fn a_job_whose_thread_panics_is_an_error() {
        let why = caught::<()>(|| panic!("for the test")).unwrap_err();
        assert_eq!(why.to_string(), "a mistake of the program stopped a job of the run");
        assert_eq!(caught(|| Ok(1)).unwrap(), 1);
    }
}
