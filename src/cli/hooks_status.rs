//! `tribunal hooks status`: how each hook stands.

use std::path::Path;

use anyhow::Result;
use serde_json::json;

use crate::cli::invocation::Global;
use crate::domain::model::report::ExitStatus;
use crate::domain::model::terminal::printable;
use crate::domain::model::text::counted;
use crate::flow::evaluate::bypass;
use crate::flow::setup::install;
use crate::flow::setup::install::status;
use crate::flow::setup::install::status::EventStatus;
use crate::flow::setup::install::{InstallMethod, Refusal};
use crate::platform::git::repo::Repo;
use crate::platform::ui::out;
use crate::platform::ui::report::OutputFormat;
use crate::platform::ui::time::local_line;

/// The bypasses that `status` shows; the rest is counted.
const BYPASSES_SHOWN: usize = 5;

/// Shows it; the result is no pass where a hook is missing or broken.
pub fn show(global: &Global, repo: &Repo) -> Result<ExitStatus> {
    let (method, setting) = install::method(repo)?;
    let events = status::status(repo, &method)?;
    let refusal = method
        .as_ref()
        .err()
        .map(|refusal| install::refused(refusal, setting.as_ref()).to_string());
    let bypasses = bypass::recorded(repo);
    let unguarded = status::unguarded_work_trees(repo)?;
    let good = events.iter().all(|event| event.problems.is_empty()) && unguarded.is_empty();
    if global.format == OutputFormat::Json {
        let hooks: Vec<_> = events.iter().map(json_of).collect();
        out::json(&json!({
            "method": json_method(&method), "refused": refusal,
            "hooks": hooks, "unguarded": unguarded, "bypasses": bypasses,
        }));
    } else {
        print_status(&events, refusal.as_deref(), &bypasses);
        print_unguarded(&unguarded);
    }
    Ok(if good { ExitStatus::Pass } else { ExitStatus::Blocked })
}

/// How hooks are installed, or why they are not, with the folder where there is one.
fn json_method(method: &Result<InstallMethod, Refusal>) -> serde_json::Value {
    let at =
        |word: &str, folder: &Path| json!({"is": word, "folder": folder.display().to_string()});
    match method {
        Ok(InstallMethod::Folder(folder)) => at("folder", folder),
        Ok(InstallMethod::Config) => json!({"is": "config"}),
        Ok(InstallMethod::Scripts(folder)) => at("work-tree", folder),
        Err(Refusal::Empty) => json!({"is": "empty"}),
        Err(Refusal::Outside(folder)) => at("outside", folder),
    }
}

fn json_of(status: &EventStatus) -> serde_json::Value {
    json!({
        "event": status.event,
        "installed": status.installed,
        "wanted": status.wanted,
        "problems": status.problems,
        "notes": status.notes,
    })
}

fn print_unguarded(work_trees: &[String]) {
    for line in work_trees {
        out::warn(&printable(line));
    }
    if !work_trees.is_empty() {
        out::hint(
            "give all of them one folder: `git config core.hooksPath \"$(git rev-parse \
             --path-format=absolute --git-common-dir)/hooks\"`",
        );
    }
}

fn print_status(events: &[EventStatus], refusal: Option<&str>, bypasses: &[String]) {
    if let Some(refusal) = refusal {
        out::warn(&printable(refusal));
    }
    for status in events {
        if !status.installed && !status.wanted && status.notes.is_empty() {
            continue;
        }
        let word = if status.installed { "installed" } else { "not installed" };
        let texts = status.problems.iter().chain(&status.notes).map(|text| printable(text));
        let line: Vec<String> =
            [format!("{:<17} {word}", status.event)].into_iter().chain(texts).collect();
        out::result(&line.join("; "));
    }
    if events.iter().any(|event| !event.problems.is_empty()) && refusal.is_none() {
        out::hint("`tribunal hooks install` repairs what it can");
    }
    if !bypasses.is_empty() {
        let times = counted(bypasses.len(), "time");
        out::result(&format!("bypassed {times}; the last of them:"));
    }
    for line in bypasses.iter().skip(bypasses.len().saturating_sub(BYPASSES_SHOWN)) {
        out::result(&format!("  {}", printable(&local_line(line))));
    }
}
