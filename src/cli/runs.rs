//! `tribunal runs`: the runs of this repository, the newest first.

use std::path::Path;

use anyhow::Result;
use serde_json::json;

use crate::cli::context::Context;
use crate::domain::model::report::ExitStatus;
use crate::domain::pipeline::run::{RunKind, Stage};
use crate::flow::review::docket::Docket;
use crate::flow::review::outcome;
use crate::platform::store::runs;
use crate::platform::ui::out;
use crate::platform::ui::report::{OutputFormat, printable};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Show at most this many
    #[arg(long, default_value_t = 20)]
    limit: usize,
}

pub fn run(context: &Context, args: &Args) -> Result<ExitStatus> {
    let repo = context.repo()?;
    let state_dir = repo.state_dir();
    let mut rows = Vec::new();
    for id in runs::list(&state_dir)? {
        if rows.len() == args.limit {
            break;
        }
        match runs::load::<Docket>(&state_dir, &id) {
            Ok(Some(docket)) => rows.push(docket),
            Ok(None) => {}
            Err(error) => out::warn(&format!("{error:#}")),
        }
    }
    if context.global.format == OutputFormat::Json {
        out::result(
            &json!(
                rows.iter()
                    .map(|docket| json_of(docket, at(&state_dir, docket)))
                    .collect::<Vec<_>>()
            )
            .to_string(),
        );
    } else if rows.is_empty() {
        out::talk("no runs yet");
        out::hint("start one with `tribunal review`");
    } else {
        let rows: Vec<_> = rows.iter().map(|docket| (docket, at(&state_dir, docket))).collect();
        for (docket, at) in &rows {
            out::result(&line(docket, *at));
        }
        let stopped = rows.iter().find(|(_, at)| *at == At::Stopped);
        if let Some((docket, _)) = stopped.filter(|_| !context.global.quiet) {
            out::hint(&format!("resume it with `tribunal resume {}`", docket.run.id));
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

fn at(state_dir: &Path, docket: &Docket) -> At {
    match docket.run.stage {
        Stage::Ended(_) if docket.closed => At::End,
        _ if runs::is_held(state_dir, &docket.run.id) => At::Work,
        _ => At::Stopped,
    }
}

fn line(docket: &Docket, at: At) -> String {
    let run = &docket.run;
    let when = run.started.strftime("%Y-%m-%d %H:%M");
    let (kind, title) = (kind(run.kind), printable(&docket.title));
    format!("{}  {when}  {kind:<6}  {:<22}  {title}", run.id, standing(&run.stage, at))
}

fn json_of(docket: &Docket, at: At) -> serde_json::Value {
    let run = &docket.run;
    json!({
        "id": run.id,
        "kind": kind(run.kind),
        "title": docket.title,
        "started": run.started,
        "stage": run.stage.as_str(),
        "decision": match &run.stage {
            Stage::Ended(end) => Some(outcome::word(&end.decision)),
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
        (Stage::Ended(end), At::End) => outcome::word(&end.decision).to_owned(),
        (Stage::Ended(_), At::Work) => "closing".to_owned(),
        (Stage::Ended(_), At::Stopped) => "stopped while closing".to_owned(),
        (stage, At::Work) => stage.as_str().to_owned(),
        (stage, At::Stopped | At::End) => format!("stopped while {}", stage.as_str()),
    }
}
