//! `tribunal runs`: the runs of this repository, the newest first.

use anyhow::Result;
use serde_json::json;

use crate::cli::Context;
use crate::driver::review::docket::Docket;
use crate::driver::review::outcome;
use crate::model::report::ExitStatus;
use crate::pipeline::run::{Kind, Stage};
use crate::store::runs;
use crate::ui::out;
use crate::ui::report::{Format, printable};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Show so many
    #[arg(long, default_value_t = 20)]
    limit: usize,
}

pub fn run(context: &Context, args: &Args) -> Result<ExitStatus> {
    let repo = context.repo()?;
    let state_dir = repo.state_dir();
    let mut rows = Vec::new();
    for id in runs::list(&state_dir)?.into_iter().take(args.limit) {
        match runs::load::<Docket>(&state_dir, &id) {
            Ok(Some(docket)) => rows.push(docket),
            Ok(None) => {}
            Err(error) => out::warn(&format!("{error:#}")),
        }
    }
    if context.global.format == Format::Json {
        out::result(&json!(rows.iter().map(json_of).collect::<Vec<_>>()).to_string());
    } else if rows.is_empty() {
        out::talk("no runs yet");
        out::hint("`tribunal review` makes one");
    } else {
        for docket in &rows {
            out::result(&line(docket));
        }
    }
    Ok(ExitStatus::Pass)
}

fn line(docket: &Docket) -> String {
    let run = &docket.run;
    let when = run.started.strftime("%Y-%m-%d %H:%M");
    let (kind, title) = (kind(run.kind), printable(&docket.title));
    format!("{}  {when}  {kind:<6}  {:<22}  {title}", run.id, standing(&run.stage))
}

fn json_of(docket: &Docket) -> serde_json::Value {
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
        "attempts": run.attempts.len(),
    })
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Review => "review",
        Kind::Fix => "fix",
    }
}

fn standing(stage: &Stage) -> String {
    match stage {
        Stage::Ended(end) => outcome::word(&end.decision).to_owned(),
        stage => format!("stopped while {}", stage.as_str()),
    }
}
