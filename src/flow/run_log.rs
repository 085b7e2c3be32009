//! Tells how a run went: its jobs, with what they wrote and what their reviews said.

use anyhow::Result;
use bstr::ByteSlice as _;

use crate::domain::gates::secrets::redact::redact_str;
use crate::domain::model::error::hinted;
use crate::domain::model::oid::Oid;
use crate::domain::pipeline::format::StoredRun;
use crate::domain::pipeline::job::JobId;
use crate::domain::pipeline::job_place;
use crate::domain::pipeline::job_place::JobStep;
use crate::domain::pipeline::journal::{JobEvent, JobResult};
use crate::domain::pipeline::review_loop::{RunKind, Stage};
use crate::domain::pipeline::run::Run;
use crate::domain::pipeline::run_log;
use crate::domain::pipeline::run_log::{
    JobCame, JobNames, LoggedCall, LoggedDiff, LoggedJob, LoggedReview, RunLog,
};
use crate::domain::pipeline::spec_run::SpecRun;
use crate::flow::call::folder::CallFolder;
use crate::flow::context::Context;
use crate::flow::review;
use crate::flow::review::calls;
use crate::flow::run;
use crate::flow::workspace::attempt;
use crate::platform::git::command::succeeded;
use crate::platform::git::repo::Repo;
use crate::platform::store::ledger::call::Call;
use crate::platform::store::runs;

/// The tree without a file.
const EMPTY_TREES: [&str; 2] = [
    "4b825dc642cb6eb9a060e54bf8d69288fbee4904",
    "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321",
];

/// How much is told of what was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patches {
    None,
    Beginnings,
    Full,
}

/// How a run went, or how far it is. Nothing is changed.
pub fn of(context: Context<'_>, id: &str, patches: Patches) -> Result<RunLog> {
    let log = match runs::load_any(&context.repo.state_dir(), id)? {
        Some(StoredRun::Spec(run)) => of_spec(context, &run, patches)?,
        Some(StoredRun::Review(run)) => of_review(context, &run, patches)?,
        None => {
            // It may have been removed since it was found.
            return Err(hinted(format!("there is no run `{id}`"), "`tribunal runs` lists them"));
        }
    };
    Ok(log)
}

fn of_spec(context: Context<'_>, run: &SpecRun, patches: Patches) -> Result<RunLog> {
    let is_held = runs::is_held(&context.repo.state_dir(), &run.id);
    let names = JobNames {
        place: job_place::of_spec,
        renames_call: |event| matches!(event, JobEvent::Ended(_)),
    };
    let made = logged_calls(context, &run.id)?;
    let (mut jobs, other_calls) = run_log::jobs(&run.journal, made, names, is_held);
    let repo = run::repository_of(context.repo, &run.id);
    let raised = raised_before(&jobs, run.progress().raised.len());
    for at in 0..jobs.len() {
        let later = jobs[at + 1..].iter().zip(&raised[at + 1..]);
        let is_last =
            later.clone().all(|(job, before)| job.name != jobs[at].name || *before != raised[at]);
        let is_too_small = raised[at + 1] > raised[at];
        let job = &mut jobs[at];
        let review = match (job.place.step, job.place.task) {
            // The size was raised by it.
            (JobStep::ReviewTask, _) if is_too_small => {
                run.progress().reviews.get(raised[at]).map(String::as_str)
            }
            (JobStep::ReviewTask, Some(task)) => run.progress().review_of(task.saturating_sub(1)),
            (JobStep::ReviewAll, _) => run.progress().review(),
            _ => None,
        };
        // Each time the same review is gone on with.
        if let Some(id) = review.filter(|_| is_last) {
            job.review = Some(nested(context, id, patches)?);
        }
        if patches != Patches::None
            && let Some(name) = attempt_name(run, job, raised[at])
        {
            job.diff = match &repo {
                None => Some(gone("the run's own repository is gone")),
                // An earlier one of that name was replaced by the later.
                Some(_) if !is_last => Some(gone("another try took its place")),
                Some(repo) => {
                    repo.tip(&name)?.map(|to| patch(repo, &format!("{to}^1"), to.as_str(), patches))
                }
            };
        }
    }
    let kind = run.about.kind();
    let standing = run.stage().standing(is_held);
    Ok(RunLog {
        run: run.id.clone(),
        kind,
        title: format!("{}: {}", run.about.spec_id, run.about.title),
        began: run.about.started,
        standing,
        stage: run.stage().as_str(),
        jobs: redacted(jobs),
        other_calls,
        findings: Vec::new(),
    })
}

/// How often the size was raised before each job, and after the last; so often it was in all.
fn raised_before(jobs: &[LoggedJob], in_all: usize) -> Vec<usize> {
    let plans = |job: &LoggedJob| {
        matches!(job.place.step, JobStep::Research | JobStep::WritePlan | JobStep::Split)
    };
    let mut raised = vec![0];
    for (at, job) in jobs.iter().enumerate() {
        let before = raised[at];
        // What is built beside it says nothing of it.
        let is_beside =
            |later: &&LoggedJob| later.place.task.is_some() && later.place.task != job.place.task;
        let next = jobs[at + 1..].iter().find(|later| !is_beside(later));
        let is_too_small =
            job.place.step == JobStep::ReviewTask && before < in_all && next.is_none_or(plans);
        raised.push(before + usize::from(is_too_small));
    }
    raised
}

/// The ref of what a job of an executor left; `None` of other jobs, and while nothing is left.
fn attempt_name(run: &SpecRun, job: &LoggedJob, raised: usize) -> Option<String> {
    let is_code = match job.place.step {
        JobStep::WriteTests => false,
        JobStep::WriteCode => true,
        _ => return None,
    };
    let before = job.place.task?.saturating_sub(1);
    let is_over = matches!(job.came, JobCame::Done | JobCame::Failed);
    is_over.then_some(())?;
    let number = run.progress().attempt_of(raised, before, is_code, job.place.number?);
    Some(attempt::ref_of(&run.id, number))
}

fn nested(context: Context<'_>, id: &str, patches: Patches) -> Result<LoggedReview> {
    Ok(match runs::load(&context.repo.state_dir(), id)? {
        Some(run) => LoggedReview::Kept(Box::new(of_review(context, &run, patches)?)),
        None => LoggedReview::Gone(id.to_owned()),
    })
}

fn of_review(context: Context<'_>, run: &Run, patches: Patches) -> Result<RunLog> {
    let is_held = runs::is_held(&context.repo.state_dir(), &run.id);
    let names = JobNames {
        place: job_place::of_review,
        renames_call: |event| matches!(event, JobEvent::Ended(JobResult::Failed(_))),
    };
    let made = logged_calls(context, &run.id)?;
    let (mut jobs, other_calls) = run_log::jobs(&run.journal, made, names, is_held);
    if patches != Patches::None {
        let own = repository_of(context.repo, run)?;
        for job in &mut jobs {
            job.diff = written(own.as_ref(), run, job, patches);
        }
    }
    let this = run.review_loop();
    let standing = match &this.stage {
        Stage::Ended(_) => "ended",
        _ if is_held => "under way",
        // It is gone on with by the run that asked for it alone.
        _ if has_parent_ended(context, run)? => "ended",
        Stage::Paused(_) => "paused",
        _ => "stopped",
    };
    Ok(RunLog {
        run: run.id.clone(),
        kind: match this.kind {
            RunKind::Review => "review",
            RunKind::Fix => "fix",
        },
        title: run.about.title.clone(),
        began: run.about.started,
        standing,
        stage: this.stage.as_str(),
        jobs: redacted(jobs),
        other_calls,
        findings: this.findings.clone(),
    })
}

fn has_parent_ended(context: Context<'_>, run: &Run) -> Result<bool> {
    let Some(parent) = &run.about.parent else { return Ok(false) };
    let parent = runs::load_spec(&context.repo.state_dir(), parent)?;
    Ok(parent.is_some_and(|parent| parent.has_ended()))
}

/// The repository with the states of the code that a review looked at; `None` where it is gone.
fn repository_of(repo: &Repo, run: &Run) -> Result<Option<Repo>> {
    if let Some(parent) = &run.about.parent {
        return Ok(run::repository_of(repo, parent));
    }
    let own = review::with_work_tree_of(repo, &run.id)?;
    own.map_or_else(|| repo.again(), Ok).map(Some)
}

/// What a fix wrote; at the first gates of a review that a person asked for, what is reviewed.
fn written(
    repo: Option<&Repo>,
    run: &Run,
    job: &LoggedJob,
    patches: Patches,
) -> Option<LoggedDiff> {
    let (this, id) = (run.review_loop(), JobId::new(&job.name));
    let round = job.place.round?;
    let is_own = run.about.parent.is_none();
    let tree = |at: usize| this.attempts.get(at).map(|attempt| attempt.tree.clone());
    let (from, to) = match job.place.step {
        JobStep::RunGates if round == 1 && is_own => (this.base.clone(), tree(0)?),
        JobStep::Fix if run.journal.ends(&id) > 0 && job.said.first()?.starts_with("changed") => {
            (Some(tree(round - 1)?), tree(round)?)
        }
        JobStep::Fix if job.said.first()?.starts_with("refused") => {
            let Some(repo) = repo else { return Some(gone("the repository of its run is gone")) };
            let name = format!("{}-unfinished", attempt::ref_of(&run.id, round));
            let commit = repo.tip(&name).ok()??;
            (Some(tree(round - 1)?), commit)
        }
        _ => return None,
    };
    let Some(repo) = repo else { return Some(gone("the repository of its run is gone")) };
    let is_long = to.as_str().len() > 40;
    let empty = EMPTY_TREES[usize::from(is_long)];
    let from = from.as_ref().map_or(empty, Oid::as_str);
    Some(patch(repo, from, to.as_str(), patches))
}

/// What is between two states of the code. Nothing of the person's settings runs for it.
fn patch(repo: &Repo, from: &str, to: &str, patches: Patches) -> LoggedDiff {
    const PLAIN: [&str; 6] =
        ["diff-tree", "-r", "-p", "--no-color", "--no-ext-diff", "--no-textconv"];
    let output = repo.git().args(PLAIN).args([from, to, "--"]).capture().ok();
    match output.as_ref().map(|output| succeeded(output, "git diff-tree")) {
        Some(Ok(text)) => LoggedDiff::kept(&text.to_str_lossy(), patches == Patches::Full),
        Some(Err(_)) | None => gone("git has its objects no more"),
    }
}

fn gone(why: &str) -> LoggedDiff {
    LoggedDiff::Gone(why.to_owned())
}

/// What tests and commands printed may hold a secret.
fn redacted(mut jobs: Vec<LoggedJob>) -> Vec<LoggedJob> {
    for line in jobs.iter_mut().flat_map(|job| &mut job.said) {
        *line = redact_str(line);
    }
    jobs
}

fn logged_calls(context: Context<'_>, run: &str) -> Result<Vec<LoggedCall>> {
    let folder = runs::folder(&context.repo.state_dir(), run);
    let logged = |call: Call| {
        let reply = CallFolder::of(&folder, &call.key).reply_file();
        LoggedCall {
            reply: reply.exists().then(|| reply.to_string_lossy().into_owned()),
            key: call.key,
            role: call.role,
            agent: call.agent,
            model: call.model,
            version: call.version,
            began: call.started,
            ended: call.ended,
            outcome: call.outcome,
            cost: call.cost,
            is_estimate: call.priced,
        }
    };
    Ok(calls::calls(context, run)?.into_iter().map(logged).collect())
}
