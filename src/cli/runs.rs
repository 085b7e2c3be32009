//! `tribunal runs`: the runs of this repository, the newest first.

use std::path::Path;

use anyhow::Result;
use serde_json::json;

use crate::cli::invocation::Invocation;
use crate::domain::model::report::ExitStatus;
use crate::domain::model::terminal::printable;
use crate::domain::pipeline::review_loop::{ResumeWhen, RunKind, Stage};
use crate::domain::pipeline::run::Run;
use crate::platform::store::runs;
use crate::platform::ui::out;
use crate::platform::ui::report::OutputFormat;
use crate::platform::ui::review_result;

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
        match runs::load(&state_dir, &id) {
            Ok(Some(run)) => rows.push(run),
            Ok(None) => {}
            Err(error) => out::warn(&format!("{error:#}")),
        }
    }
    if invocation.global.format == OutputFormat::Json {
        out::result(
            &json!(rows.iter().map(|run| json_of(run, at(&state_dir, run))).collect::<Vec<_>>())
                .to_string(),
        );
    } else if rows.is_empty() {
        out::talk("no runs yet");
        out::hint("start one with `tribunal review`");
    } else {
        let rows: Vec<_> = rows.iter().map(|run| (run, at(&state_dir, run))).collect();
        for (run, at) in &rows {
            out::result(&line(run, *at));
        }
        let stopped = rows.iter().find(|(_, at)| matches!(at, At::Stopped | At::Paused));
        if let Some((run, _)) = stopped.filter(|_| !invocation.global.quiet) {
            out::hint(&format!("`tribunal resume {}` goes on with that run", run.id));
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
    /// It waits until an agent can be called again.
    Paused,
    End,
}

fn at(state_dir: &Path, run: &Run) -> At {
    match run.review_loop().stage {
        Stage::Ended(_) => At::End,
        _ if runs::is_held(state_dir, &run.id) => At::Work,
        Stage::Paused(_) => At::Paused,
        _ => At::Stopped,
    }
}

fn line(run: &Run, at: At) -> String {
    let when = run.about.started.strftime("%Y-%m-%d %H:%M");
    let (kind, title) = (kind(run.review_loop().kind), printable(&run.about.title));
    let state = state_text(&run.review_loop().stage, at);
    format!("{}  {when}  {kind:<6}  {state:<22}  {title}", run.id)
}

fn json_of(run: &Run, at: At) -> serde_json::Value {
    let review = run.review_loop();
    json!({
        "id": run.id,
        "kind": kind(review.kind),
        "title": run.about.title,
        "started": run.about.started,
        "stage": review.stage.as_str(),
        "decision": review.end().map(|end| review_result::decision_word(&end.decision)),
        "standing": match at {
            At::Work => "under way",
            At::Stopped => "stopped",
            At::Paused => "paused",
            At::End => "ended",
        },
        "resume_when": match &review.stage {
            Stage::Paused(pause) => Some(review_result::resume_words(pause.resume_when)),
            _ => None,
        },
        "attempts": review.attempts.len(),
    })
}

fn kind(kind: RunKind) -> &'static str {
    match kind {
        RunKind::Review => "review",
        RunKind::Fix => "fix",
    }
}

fn state_text(stage: &Stage, at: At) -> String {
    match (stage, at) {
        (Stage::Ended(end), _) => review_result::decision_word(&end.decision).to_owned(),
        (Stage::Paused(pause), At::Paused) => match pause.resume_when {
            ResumeWhen::Asked => "paused".to_owned(),
            ResumeWhen::BudgetAllows => "paused: budget".to_owned(),
            ResumeWhen::At(end) => format!("paused: {}", end.strftime("%Y-%m-%d %H:%M")),
        },
        (stage, At::Work) => stage.as_str().to_owned(),
        (stage, _) => format!("stopped while {}", stage.as_str()),
    }
}
