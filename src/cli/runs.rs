//! `tribunal runs`: the runs of this repository, the newest first.

use std::path::Path;

use anyhow::Result;
use serde_json::json;

use crate::cli::invocation::Invocation;
use crate::domain::model::report::ExitStatus;
use crate::domain::pipeline::run::{RunKind, Stage};
use crate::flow::review::outcome;
use crate::flow::review::run_record::RunRecord;
use crate::platform::store::runs;
use crate::platform::ui::out;
use crate::platform::ui::report::{OutputFormat, printable};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Show at most this many
    #[arg(long, default_value_t = 20)]
    limit: usize,
}

pub fn run(invocation: &Invocation, args: &Args) -> Result<ExitStatus> {
    let repo = invocation.repo()?;
    let state_dir = repo.state_dir();
    let mut rows = Vec::new();
    for id in runs::list(&state_dir)? {
        if rows.len() == args.limit {
            break;
        }
        match runs::load::<RunRecord>(&state_dir, &id) {
            Ok(Some(record)) => rows.push(record),
            Ok(None) => {}
            Err(error) => out::warn(&format!("{error:#}")),
        }
    }
    if invocation.global.format == OutputFormat::Json {
        out::result(
            &json!(
                rows.iter()
                    .map(|record| json_of(record, at(&state_dir, record)))
                    .collect::<Vec<_>>()
            )
            .to_string(),
        );
    } else if rows.is_empty() {
        out::talk("no runs yet");
        out::hint("start one with `tribunal review`");
    } else {
        let rows: Vec<_> = rows.iter().map(|record| (record, at(&state_dir, record))).collect();
        for (record, at) in &rows {
            out::result(&line(record, *at));
        }
        let stopped = rows.iter().find(|(_, at)| *at == At::Stopped);
        if let Some((record, _)) = stopped.filter(|_| !invocation.global.quiet) {
            out::hint(&format!("`tribunal resume {}` goes on with that run", record.run.id));
        }
    }
    Ok(ExitStatus::Pass)
}

/// Where a run is, as a person sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    /// A process works on it.
    Work,
    Stopped,
    End,
}

fn at(state_dir: &Path, record: &RunRecord) -> At {
    match record.run.stage {
        Stage::Ended(_) if record.closed => At::End,
        _ if runs::is_held(state_dir, &record.run.id) => At::Work,
        _ => At::Stopped,
    }
}

fn line(record: &RunRecord, at: At) -> String {
    let run = &record.run;
    let when = run.started.strftime("%Y-%m-%d %H:%M");
    let (kind, title) = (kind(run.kind), printable(&record.title));
    format!("{}  {when}  {kind:<6}  {:<22}  {title}", run.id, standing(&run.stage, at))
}

fn json_of(record: &RunRecord, at: At) -> serde_json::Value {
    let run = &record.run;
    json!({
        "id": run.id,
        "kind": kind(run.kind),
        "title": record.title,
        "started": run.started,
        "stage": run.stage.as_str(),
        "decision": match &run.stage {
            Stage::Ended(end) => Some(outcome::decision_word(&end.decision)),
            _ => None,
        },
        "standing": match at {
            At::Work => "under way",
            At::Stopped => "stopped",
            At::End => "ended",
        },
        "attempts": run.attempts.len(),
    })
}

fn kind(kind: RunKind) -> &'static str {
    match kind {
        RunKind::Review => "review",
        RunKind::Fix => "fix",
    }
}

fn standing(stage: &Stage, at: At) -> String {
    match (stage, at) {
        (Stage::Ended(end), At::End) => outcome::decision_word(&end.decision).to_owned(),
        (Stage::Ended(_), At::Work) => "closing".to_owned(),
        (Stage::Ended(_), At::Stopped) => "stopped while closing".to_owned(),
        (stage, At::Work) => stage.as_str().to_owned(),
        (stage, At::Stopped | At::End) => format!("stopped while {}", stage.as_str()),
    }
}
