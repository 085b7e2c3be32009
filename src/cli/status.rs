//! `tribunal status`: how this repository stands.

use anyhow::Result;
use serde_json::json;

use crate::cli::context::Context;
use crate::daemon::lock;
use crate::domain::model::oid::Oid;
use crate::domain::model::report::ExitStatus;
use crate::domain::model::stored_finding::FindingStatus;
use crate::domain::model::text::counted;
use crate::flow::evaluate::bypass;
use crate::flow::setup::install;
use crate::flow::setup::install::status::status;
use crate::platform::config::env::now;
use crate::platform::git::repo::Repo;
use crate::platform::store::ledger::query::Filter;
use crate::platform::store::{backlog, inbox, ledger, queue};
use crate::platform::ui::out;
use crate::platform::ui::report::{Format, printable};

/// The bypasses that are shown; the rest is counted.
const BYPASSES_SHOWN: usize = 3;

struct Standing {
    hooks: usize,
    hook_problems: Vec<String>,
    daemon: Option<i32>,
    open_findings: usize,
    /// Commits that wait for a review.
    unreviewed: usize,
    /// Commits whose review is not tried any more, with the reason.
    set_aside: Vec<(Oid, String)>,
    /// Commits that were not queued for a review because too many waited.
    left_out: Vec<Oid>,
    queued: usize,
    events: usize,
    /// Events that no watcher came to handle.
    dropped: usize,
    bypasses: Vec<String>,
}

/// Shows hooks, watcher, findings, queue and bypasses; ends with 0 whatever they are.
pub fn run(context: &Context) -> Result<ExitStatus> {
    let repo = context.repo()?;
    let standing = look(context, &repo)?;
    if context.global.format == Format::Json {
        out::result(&json_of(&standing).to_string());
    } else {
        say(&standing);
        if standing.dropped > 0 {
            // It is said once; where it cannot be forgotten it is said again.
            drop(inbox::forget_dropped(&repo.state_dir()));
        }
    }
    Ok(ExitStatus::Pass)
}

fn look(context: &Context, repo: &Repo) -> Result<Standing> {
    let (method, _) = install::method(repo)?;
    let events = status(repo, &method)?;
    let state_dir = repo.state_dir();
    let mut open_findings = 0;
    if ledger::exists(&state_dir) {
        let now = now(&context.env);
        let filter = Filter { status: Some(FindingStatus::Open), ..Filter::default() };
        let done = ledger::with(&state_dir, now, |ledger| ledger.list(&filter, now))?;
        open_findings = done.value.total;
    }
    let problems = events.iter().flat_map(|event| {
        event.problems.iter().map(|problem| format!("{}: {problem}", event.event))
    });
    Ok(Standing {
        hooks: events.iter().filter(|event| event.installed).count(),
        hook_problems: problems.collect(),
        daemon: lock::holder(&state_dir).map(|holder| holder.pid()),
        open_findings,
        unreviewed: backlog::waiting(&state_dir)?.len(),
        set_aside: backlog::set_aside(&state_dir)?,
        left_out: backlog::left_out(&state_dir)?,
        queued: queue::list(&state_dir)?.len(),
        events: inbox::waiting(&state_dir),
        dropped: inbox::dropped(&state_dir),
        bypasses: bypass::recorded(repo),
    })
}

fn json_of(standing: &Standing) -> serde_json::Value {
    json!({
        "version": 1,
        "hooks": {"installed": standing.hooks, "problems": standing.hook_problems},
        "daemon": {"running": standing.daemon.is_some(), "pid": standing.daemon},
        "findings": {"open": standing.open_findings},
        "reviews": {
            "waiting": standing.unreviewed,
            "set_aside": standing
                .set_aside
                .iter()
                .map(|(commit, why)| json!({"commit": commit.as_str(), "reason": why}))
                .collect::<Vec<_>>(),
            "left_out": standing.left_out.iter().map(Oid::as_str).collect::<Vec<_>>(),
        },
        "specs": {"queued": standing.queued},
        "events": {"waiting": standing.events, "dropped": standing.dropped},
        "bypasses": standing.bypasses,
    })
}

fn say(standing: &Standing) {
    match standing.hooks {
        0 => out::result("hooks     none installed; `tribunal hooks install` puts them in place"),
        count => out::result(&format!("hooks     {count} installed")),
    }
    for problem in &standing.hook_problems {
        out::result(&format!("          {}", printable(problem)));
    }
    match standing.daemon {
        Some(pid) => out::result(&format!("watcher   running, process {pid}")),
        None => out::result("watcher   not running; `tribunal daemon start` starts it"),
    }
    out::result(&format!("findings  {} open", standing.open_findings));
    if standing.unreviewed > 0 {
        out::result(&format!(
            "reviews   {} waiting for one",
            counted(standing.unreviewed, "commit")
        ));
    }
    for (commit, why) in &standing.set_aside {
        let (short, why) = (commit.short(), printable(why));
        out::result(&format!("          {short} is not reviewed any more: {why}"));
        out::hint(&format!("`tribunal review --commit {short}` tries once more"));
    }
    if let Some(last) = standing.left_out.last() {
        let count = standing.left_out.len();
        out::result(&format!(
            "          {count} new commits were not queued for one: {} wait at most",
            backlog::WAITING_MAX
        ));
        out::hint(&format!("`tribunal review --commit {}` reviews the last of them", last.short()));
    }
    out::result(&format!("specs     {} queued", standing.queued));
    if standing.events > 0 {
        out::result(&format!("events    {} waiting for the watcher", standing.events));
    }
    if standing.dropped > 0 {
        let dropped = standing.dropped;
        out::result(&format!(
            "          {dropped} older ones were dropped: no watcher came for them"
        ));
    }
    if !standing.bypasses.is_empty() {
        out::result(&format!("bypassed  {} times, last:", standing.bypasses.len()));
    }
    let first = standing.bypasses.len().saturating_sub(BYPASSES_SHOWN);
    for line in &standing.bypasses[first..] {
        out::result(&format!("          {}", printable(line)));
    }
}
