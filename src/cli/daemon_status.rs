//! What `tribunal daemon status` shows.

use anyhow::Result;
use serde_json::{Value, json};

use crate::cli::invocation::Invocation;
use crate::cli::spec_progress;
use crate::daemon::control::{self, Watched};
use crate::daemon::lock;
use crate::daemon::lock::{Holder, Mode};
use crate::daemon::process::name_of;
use crate::daemon::watched_repo::WatchedRepo;
use crate::domain::model::report::ExitStatus;
use crate::domain::model::terminal::printable;
use crate::domain::model::text::counted;
use crate::flow::dropped;
use crate::flow::setup::install::guard;
use crate::platform::git::worktrees;
use crate::platform::store::inbox;
use crate::platform::store::known_specs::{KnownSpecs, Version};
use crate::platform::store::user_state::{Listed, UserState};
use crate::platform::ui::out;
use crate::platform::ui::report::OutputFormat;
use crate::platform::ui::time::local;

/// How many of the last records are shown.
const RECORDS: usize = 5;

/// A repository of the list, and who watches it.
struct Entry {
    listed: Listed,
    holder: Option<Holder>,
    trouble: Option<String>,
}

impl Entry {
    fn of(state: &UserState, listed: Listed) -> Self {
        let holder = lock::holder(&listed.common_dir.join("tribunal"));
        let trouble = state.trouble(&listed);
        Self { listed, holder: holder.filter(|holder| holder.ready), trouble }
    }
}

/// Shows one repository.
pub fn of_one(invocation: &Invocation, place: &WatchedRepo) -> Result<ExitStatus> {
    let state = UserState::of_user()?;
    let holder = lock::holder(&place.state_dir);
    let watched = holder.as_ref().and_then(|holder| control::watched(place, holder));
    let known = KnownSpecs::load(&place.state_dir, None)?.known;
    let records = last_records(&known);
    let queue = dropped::queued(&place.state_dir)?.len();
    let events = inbox::waiting(&place.state_dir);
    let unguarded = guard::unguarded(&place.common_dir, &place.env)?;
    let listed = state.all()?;
    let others = listed.iter().filter(|other| other.common_dir != place.common_dir).count();
    let own = listed.into_iter().find(|listed| listed.common_dir == place.common_dir);
    let trouble = own.and_then(|own| state.trouble(&own)).filter(|_| holder.is_none());
    let progress = spec_progress::collect(invocation.context(&invocation.repo()?));
    if invocation.global.format == OutputFormat::Json {
        let records: Vec<_> =
            records.iter().map(|(id, version)| json!({"id": id, "version": version})).collect();
        out::json(&json!({
            "running": holder.is_some(),
            "stopped": place.last_stop.holds(),
            "daemon": holder,
            "drift": holder.as_ref().is_some_and(|holder| drift(holder).is_some()),
            "trouble": trouble,
            "others": others,
            "folders": watched.as_ref().map(|watched| &watched.folders),
            "worktrees": watched.as_ref().map(|watched| &watched.worktrees),
            "method": watched.as_ref().map(|watched| &watched.method),
            "queue": queue,
            "events": events,
            "records": records,
            "runs": progress.json(),
            "unguarded": unguarded,
        }));
        return Ok(ExitStatus::Pass);
    }
    print_holder(place, holder.as_ref(), trouble.as_deref());
    for line in &unguarded {
        out::warn(&printable(line));
    }
    print_watched(watched.as_ref());
    out::result(&format!(
        "{} recorded; {} waiting",
        counted(known.specs.len(), "spec"),
        counted(events, "event")
    ));
    for (id, version) in records {
        let outcome = match (version.accepted, version.errors) {
            (true, _) => format!("recorded, size {}", version.size),
            (false, 0) => "draft".to_owned(),
            (false, errors) => counted(errors, "error"),
        };
        let (id, path) = (printable(id), printable(&version.path));
        out::result(&format!("{}  {id}: {outcome} ({path})", local(version.time)));
    }
    progress.print();
    if others > 0 {
        let others = if others == 1 {
            "1 other repository is".to_owned()
        } else {
            format!("{others} other repositories are")
        };
        out::result(&format!(
            "{others} watched as well: `tribunal daemon status --all` shows them"
        ));
    }
    Ok(ExitStatus::Pass)
}

fn print_holder(place: &WatchedRepo, holder: Option<&Holder>, trouble: Option<&str>) {
    let Some(holder) = holder else {
        match trouble {
            Some(trouble) => {
                out::result("not running: this repository cannot be watched, and is tried again");
                out::result(&printable(trouble));
            }
            None if place.last_stop.holds() => {
                out::result("not running: it was stopped; start it with `tribunal daemon start`");
            }
            None if worktrees::list(&place.common_dir).is_empty() => {
                out::result("not running: a bare repository has no work tree to watch");
            }
            None => out::result("not running; start it with `tribunal daemon start`"),
        }
        return;
    };
    let mode = match holder.mode {
        Mode::Daemon => "running in the background",
        Mode::Foreground => "running as `tribunal watch`",
    };
    let since = local(holder.since);
    out::result(&format!("{mode}: process {}, since {since}", holder.pid()));
    if let Some(drift) = drift(holder) {
        out::warn(&drift);
    }
}

fn print_watched(watched: Option<&Watched>) {
    let Some(watched) = watched else { return };
    for folder in &watched.folders {
        out::result(&format!("watching {}", printable(folder)));
    }
    if watched.folders.is_empty() {
        out::result("waiting for a folder of specs");
    }
}

/// Shows every repository of the list.
pub fn of_all(invocation: &Invocation) -> Result<ExitStatus> {
    let state = UserState::of_user()?;
    let process = lock::holder_of_user(&state);
    let entries: Vec<Entry> =
        state.all()?.into_iter().map(|listed| Entry::of(&state, listed)).collect();
    if invocation.global.format == OutputFormat::Json {
        let repositories: Vec<Value> = entries.iter().map(json_of).collect();
        out::json(&json!({
            "running": process.is_some(),
            "daemon": process,
            "drift": process.as_ref().is_some_and(|process| drift(process).is_some()),
            "repositories": repositories,
        }));
        return Ok(ExitStatus::Pass);
    }
    match &process {
        None => out::result("not running; `tribunal daemon start` in a repository starts it"),
        Some(process) => {
            let since = local(process.since);
            out::result(&format!("running: process {}, since {since}", process.pid()));
            if let Some(drift) = drift(process) {
                out::warn(&drift);
            }
        }
    }
    let names = entries.iter().map(|entry| name_of(&invocation.env, &entry.listed.common_dir));
    let names: Vec<String> = names.map(|name| printable(&name)).collect();
    let width = names.iter().map(|name| name.chars().count()).max().unwrap_or(0);
    for (name, entry) in names.iter().zip(&entries) {
        let how = match (&entry.holder, &entry.trouble) {
            (Some(holder), _) => format!("watched since {}", local(holder.since)),
            (None, Some(trouble)) => format!("not watched: {}", printable(trouble)),
            (None, None) => "not watched yet".to_owned(),
        };
        out::result(&format!("{name:width$}  {how}"));
    }
    Ok(ExitStatus::Pass)
}

fn json_of(entry: &Entry) -> Value {
    json!({
        "path": entry.listed.common_dir.display().to_string(),
        "watched": entry.holder.is_some(),
        "daemon": entry.holder,
        "trouble": entry.trouble,
    })
}

/// How a watcher's version differs from this program's.
pub fn drift(holder: &Holder) -> Option<String> {
    let own = env!("CARGO_PKG_VERSION");
    (holder.version != own)
        .then(|| format!("the watcher is tribunal {}, this is {own}", holder.version))
}

fn last_records(known: &KnownSpecs) -> Vec<(&str, &Version)> {
    let mut records: Vec<(&str, &Version)> = known
        .specs
        .iter()
        .filter_map(|(id, versions)| Some((id.as_str(), versions.last()?)))
        .collect();
    records.sort_by_key(|(id, version)| (std::cmp::Reverse(version.time), *id));
    records.truncate(RECORDS);
    records
}
