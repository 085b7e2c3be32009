//! `tribunal status`: how this repository stands.

use anyhow::Result;
use serde_json::json;

use crate::cli::agents::{json_of_wait, limit};
use crate::cli::elsewhere::recover_index;
use crate::cli::invocation::Invocation;
use crate::cli::spec_progress;
use crate::cli::spec_progress::SpecStandings;
use crate::daemon::lock;
use crate::domain::model::notice::Warning;
use crate::domain::model::oid::Oid;
use crate::domain::model::report::ExitStatus;
use crate::domain::model::stored_finding::FindingStatus;
use crate::domain::model::terminal::printable;
use crate::domain::model::text::counted;
use crate::flow::context::Context;
use crate::flow::dropped;
use crate::flow::evaluate::bypass;
use crate::flow::evaluate::bypass::past_hooks;
use crate::flow::evaluate::policy::policy_of_head;
use crate::flow::evaluate::standing;
use crate::flow::evaluate::uncommitted;
use crate::flow::setup::install;
use crate::flow::setup::install::status::{status, unguarded_work_trees};
use crate::platform::config::env::now;
use crate::platform::git::worktrees;
use crate::platform::store::ledger::error::Error as LedgerError;
use crate::platform::store::ledger::query::Filter;
use crate::platform::store::ledger::wait::AgentWait;
use crate::platform::store::{inbox, ledger, review_queue};
use crate::platform::ui::out;
use crate::platform::ui::report::OutputFormat;
use crate::platform::ui::time::local_line;

/// Shown below `--help`.
pub const EXAMPLES: &str = "\
Examples:
  tribunal status
  tribunal status --format json           for a program";

/// The bypasses that are shown; the rest is counted.
const BYPASSES_SHOWN: usize = 3;

/// The failed reviews that are shown; the rest is counted.
const FAILED_SHOWN: usize = 3;

struct RepoStatus {
    /// The names of those that are installed.
    hooks: Vec<&'static str>,
    hook_problems: Vec<String>,
    watcher: WatcherState,
    open_findings: usize,
    /// Commits that wait for a review.
    unreviewed: usize,
    /// Commits whose review could not be made, with the reason.
    failed: Vec<(Oid, String)>,
    /// Commits whose review is not tried any more, with the reason.
    set_aside: Vec<(Oid, String)>,
    /// Commits that were not queued for a review because too many waited.
    left_out: Vec<Oid>,
    /// The limits of agents.
    limits: Vec<AgentWait>,
    queued: usize,
    /// The runs of specs that have not ended, and the specs that wait for one.
    specs: SpecStandings,
    events: usize,
    /// Events that no watcher came to handle.
    dropped: usize,
    bypasses: Vec<String>,
    /// Commits that went past the hooks and were not told yet.
    past_hooks: Vec<String>,
    /// What of the policy is not committed, in one line.
    uncommitted: Option<String>,
    /// Settings of the user's own that make the policy of the checked-out commit weaker.
    weakened_by_user: Vec<String>,
}

/// Whether a process watches the repository.
enum WatcherState {
    Running(i32),
    NotRunning,
    /// It is bare and has no linked work tree.
    NothingToWatch,
}

/// Shows hooks, watcher, findings, queue and bypasses; ends with 0 whatever they are.
pub fn run(invocation: &Invocation) -> Result<ExitStatus> {
    let repo = invocation.repo()?;
    recover_index(&repo);
    let status = collect(invocation.context(&repo))?;
    if invocation.global.format == OutputFormat::Json {
        out::json(&json_of(&status));
    } else {
        print(&status);
        if status.dropped > 0 {
            // It is said once; where it cannot be forgotten it is said again.
            drop(inbox::forget_dropped(&repo.state_dir()));
        }
    }
    Ok(ExitStatus::Pass)
}

fn collect(context: Context<'_>) -> Result<RepoStatus> {
    let repo = context.repo;
    let (method, setting) = install::method(repo)?;
    let events = status(repo, &method)?;
    let refusal =
        method.as_ref().err().map(|it| install::refused(it, setting.as_ref()).to_string());
    let state_dir = repo.state_dir();
    standing::refresh(context)?;
    let (mut open_findings, mut limits) = (0, Vec::new());
    if ledger::exists(&state_dir) {
        let now = now(context.env);
        let filter = Filter { status: Some(FindingStatus::Open), ..Filter::default() };
        let done = ledger::with(&state_dir, now, |ledger| {
            Ok((ledger.count(&filter, now)?, ledger.waits(now)?))
        })
        .map_err(LedgerError::hinted)?;
        if let Some(path) = &done.set_aside {
            context.notify(Warning::LedgerSetAside { path: path.clone() });
        }
        (open_findings, limits) = done.value;
    }
    let problems = events.iter().flat_map(|event| {
        event.problems.iter().map(|problem| format!("{}: {problem}", event.event))
    });
    let unguarded = unguarded_work_trees(repo)?;
    Ok(RepoStatus {
        hooks: events.iter().filter(|event| event.installed).map(|event| event.event).collect(),
        hook_problems: refusal.into_iter().chain(problems).chain(unguarded).collect(),
        watcher: match lock::holder(&state_dir) {
            Some(holder) => WatcherState::Running(holder.pid()),
            None if worktrees::list(&repo.common_dir).is_empty() => WatcherState::NothingToWatch,
            None => WatcherState::NotRunning,
        },
        open_findings,
        unreviewed: review_queue::pending(&state_dir)?.len(),
        failed: review_queue::failed(&state_dir)?,
        set_aside: review_queue::set_aside(&state_dir)?,
        left_out: review_queue::left_out(&state_dir)?,
        limits,
        queued: dropped::queued(&state_dir)?.len(),
        specs: spec_progress::collect(context),
        events: inbox::waiting(&state_dir),
        dropped: inbox::dropped(&state_dir),
        bypasses: bypass::recorded(repo),
        past_hooks: past_hooks::commits(repo)?.into_iter().map(|past| past.place).collect(),
        uncommitted: match uncommitted::find(context) {
            Ok(found) => found.map(|found| found.line()),
            Err(error) => Some(format!("not known: {error:#}")),
        },
        weakened_by_user: policy_of_head(context).map_or_else(
            |error| vec![format!("not known: {error:#}")],
            |policy| policy.weakened_by_user,
        ),
    })
}

fn json_of(status: &RepoStatus) -> serde_json::Value {
    let pid = match status.watcher {
        WatcherState::Running(pid) => Some(pid),
        WatcherState::NotRunning | WatcherState::NothingToWatch => None,
    };
    json!({
        "hooks": {"installed": status.hooks.len(), "problems": status.hook_problems},
        "daemon": {"running": pid.is_some(), "pid": pid},
        "findings": {"open": status.open_findings},
        "reviews": {
            "waiting": status.unreviewed,
            "failed": status
                .failed
                .iter()
                .map(|(commit, why)| json!({"commit": commit.as_str(), "reason": why}))
                .collect::<Vec<_>>(),
            "set_aside": status
                .set_aside
                .iter()
                .map(|(commit, why)| json!({"commit": commit.as_str(), "reason": why}))
                .collect::<Vec<_>>(),
            "left_out": status.left_out.iter().map(Oid::as_str).collect::<Vec<_>>(),
        },
        "limits": status.limits.iter().map(|wait| {
            let mut limit = json_of_wait(Some(wait));
            limit["agent"] = json!(wait.agent);
            limit
        }).collect::<Vec<_>>(),
        "specs": {"queued": status.queued, "runs": status.specs.json()},
        "events": {"waiting": status.events, "dropped": status.dropped},
        "bypasses": status.bypasses,
        "past_hooks": status.past_hooks,
        "uncommitted_policy": status.uncommitted,
        "weakened_by_user": status.weakened_by_user,
    })
}

fn print(status: &RepoStatus) {
    if status.hooks.is_empty() {
        out::result("hooks     none installed; install them with `tribunal hooks install`");
    } else {
        out::result(&format!("hooks     {}", status.hooks.join(", ")));
    }
    // Where there is none at all, that each is missing says nothing more.
    let is_news = |problem: &&String| !status.hooks.is_empty() || !problem.ends_with(": missing");
    for problem in status.hook_problems.iter().filter(is_news) {
        out::result(&format!("          {}", printable(problem)));
    }
    out::result(&match status.watcher {
        WatcherState::Running(pid) => format!("watcher   running, process {pid}"),
        WatcherState::NotRunning => {
            "watcher   not running; start it with `tribunal daemon start`".to_owned()
        }
        WatcherState::NothingToWatch => {
            "watcher   none: a bare repository has no work tree to watch".to_owned()
        }
    });
    out::result(&format!("findings  {} open", status.open_findings));
    print_reviews(status);
    print_limits(&status.limits);
    out::result(&match status.queued {
        queued @ 1.. if !status.specs.is_agreed => format!(
            "specs     {queued} waiting to be built; none is built by itself (`tribunal trust runs` asks)"
        ),
        queued => format!("specs     {queued} waiting to be built; `tribunal run SPEC` builds one"),
    });
    status.specs.print();
    if status.events > 0 {
        out::result(&format!("events    {} waiting for the watcher", status.events));
    }
    if status.dropped > 0 {
        let dropped = status.dropped;
        out::result(&format!(
            "          dropped: {}, because no watcher ran to handle them",
            counted(dropped, "older one")
        ));
    }
    for commit in &status.past_hooks {
        out::result(&format!("past hooks {}", printable(commit)));
    }
    if let Some(line) = &status.uncommitted {
        out::result(&format!("policy    {}", printable(line)));
    }
    for setting in &status.weakened_by_user {
        out::result(&format!("weaker    {}", printable(setting)));
    }
    if !status.bypasses.is_empty() {
        let times = counted(status.bypasses.len(), "time");
        out::result(&format!("bypassed  {times}, last:"));
    }
    let first = status.bypasses.len().saturating_sub(BYPASSES_SHOWN);
    for line in &status.bypasses[first..] {
        out::result(&format!("          {}", printable(&local_line(line))));
    }
}

/// The reviews that wait, failed or are not made, with the reason.
fn print_reviews(status: &RepoStatus) {
    if status.unreviewed > 0 {
        out::result(&format!("reviews   {} waiting for one", counted(status.unreviewed, "commit")));
    }
    let over = status.failed.len().saturating_sub(FAILED_SHOWN);
    if over > 0 {
        let more = counted(over, "older commit");
        out::result(&format!("          {more} could not be reviewed either"));
    }
    for (commit, why) in &status.failed[over..] {
        let (short, why) = (commit.short(), printable(why));
        out::result(&format!("          {short} could not be reviewed: {why}"));
        out::hint(&format!("`tribunal review --commit {short}` asks again"));
    }
    for (commit, why) in &status.set_aside {
        let (short, why) = (commit.short(), printable(why));
        out::result(&format!("          {short} is not reviewed any more: {why}"));
        out::hint(&format!("`tribunal review --commit {short}` tries once more"));
    }
    if let Some(last) = status.left_out.last() {
        let count = counted(status.left_out.len(), "new commit");
        out::result(&format!(
            "          not queued for one: {count}; {} wait at most",
            review_queue::PENDING_MAX
        ));
        out::hint(&format!("`tribunal review --commit {}` reviews the last of them", last.short()));
    }
}

fn print_limits(limits: &[AgentWait]) {
    for wait in limits {
        let agent = printable(&wait.agent);
        out::result(&format!("agents    {agent} is {}", limit(wait)));
        out::hint(&format!("`tribunal agents clear {agent}` asks it before that"));
    }
}
