//! Reviews commits in the background: a queue of commits, drained by a worker process.

use std::path::Path;

use anyhow::{Context as _, Result, anyhow};
use rustix::process::Pid;

use crate::domain::model::oid::Oid;
use crate::domain::policy::settings::Policy;
use crate::flow::call::{roles, route};
use crate::flow::context::Context;
use crate::flow::evaluate::policy;
use crate::flow::evaluate::policy::RuleSelection;
use crate::flow::review::request::Stopped;
use crate::flow::review::told;
use crate::platform::config::env::Env;
use crate::platform::process::{Cmd, Identity, ask_to_end, own_path};
use crate::platform::store::review_queue;
use crate::platform::store::review_queue::Next;
use crate::platform::store::stop_mark::LastStop;

/// Where any of these is set no process is started in the background: in CI, in tests, and inside an
/// agent's call.
pub const DISABLED_BY: [&str; 3] = ["CI", "TRIBUNAL_NO_DAEMON", "TRIBUNAL_AGENT"];

/// Whether processes may be started in the background.
pub fn is_enabled(env: &Env) -> bool {
    DISABLED_BY.iter().all(|name| env.get(name).is_none())
}

/// Enqueues commits for review and starts a worker; those of `left_out` are only listed in `status`.
/// `last_stop` is the stop before this process was begun. Returns `false` where there is no reviewer.
pub fn enqueue(
    context: Context<'_>,
    last_stop: &LastStop,
    commits: &[Oid],
    left_out: &[Oid],
) -> Result<bool> {
    let head = context.repo.head()?.map(|head| context.repo.tree_of(&head)).transpose()?;
    let effective = policy::read_policy(context, head.as_ref(), RuleSelection::None)?;
    if !has_reviewer(context, &effective.policy) {
        return Ok(false);
    }
    let state_dir = context.repo.state_dir();
    for commit in left_out {
        review_queue::leave_out(&state_dir, commit)?;
    }
    for commit in commits {
        // What does not fit the queue is listed in `status`.
        review_queue::enqueue(&state_dir, commit)?;
    }
    start(context, last_stop)?;
    Ok(true)
}

/// Whether there is an agent that can review.
pub fn has_reviewer(context: Context<'_>, policy: &Policy) -> bool {
    let home = roles::agents_home(context.repo);
    route::assign_reviewers(policy, roles::agent_env(context.repo, context.env, &home))
        .is_ok_and(|assignment| assignment.reviewers.is_some())
}

/// Starts a worker, which ends at once where another one runs.
fn start(context: Context<'_>, last_stop: &LastStop) -> Result<()> {
    let log = review_queue::log(&context.repo.state_dir())?;
    let program = own_path().context("could not tell where this program is")?;
    let place = context.repo.work_tree.as_ref().unwrap_or(&context.repo.git_dir);
    let command = Cmd::new(program, Path::new("/"))
        .args(["review", "--waiting", "--quiet", "--repo"])
        .arg(place)
        .args(["--last-stop", last_stop.name()])
        .args(context.settings.words().iter().flat_map(|flag| ["--set", flag]))
        .in_background(context.env);
    command.detach(&log)?;
    Ok(())
}

/// Asks the worker to end, with the agent that it called; its commit stays in the queue. Which process
/// that is.
pub fn end_worker(state_dir: &Path) -> Option<Identity> {
    let worker = review_queue::worker(state_dir)?;
    ask_to_end(Pid::from_raw(worker.pid)?);
    Some(worker)
}

/// What the review of a commit came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    Answered,
    /// There is no answer: why. The person is to be told of it already.
    Unanswered(String),
}

/// Drains the queue, with `review` for each commit; what it fails with is kept for the person to be told.
/// Ends where the queue is empty, another process drains it, or it was stopped since `last_stop`, and
/// with an error where a signal interrupts it: the commit stays in the queue.
pub fn drain(
    context: Context<'_>,
    last_stop: &LastStop,
    mut review: impl FnMut(&Oid) -> Result<Ended>,
) -> Result<()> {
    let state_dir = context.repo.state_dir();
    // It fails where this process leads a session already.
    let _ = rustix::process::setsid();
    loop {
        let Some(worker) = review_queue::become_worker(&state_dir)? else { return Ok(()) };
        if last_stop.is_outdated(&state_dir) {
            return Ok(());
        }
        while let Some(next) = review_queue::begin_next(&state_dir)? {
            let commit = match next {
                Next::Begun(commit) => commit,
                Next::SetAside(commit, why) => {
                    told::keep_failure(context, &commit, &anyhow!(why));
                    continue;
                }
            };
            let failure = match review(&commit) {
                Ok(Ended::Answered) => None,
                Ok(Ended::Unanswered(why)) => Some(why),
                Err(error) if error.is::<Stopped>() => {
                    review_queue::put_back(&state_dir, &commit)?;
                    return Err(error);
                }
                Err(error) => {
                    told::keep_failure(context, &commit, &error);
                    Some(format!("{error:#}"))
                }
            };
            if let Some(why) = &failure {
                tracing::warn!(%commit, "no review: {why}");
            }
            review_queue::complete(&state_dir, &commit, failure.as_deref())?;
        }
        drop(worker);
        // A process that enqueued just now saw this worker and started none.
        if review_queue::pending(&state_dir)?.is_empty() {
            return Ok(());
        }
    }
}
