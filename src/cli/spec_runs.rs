//! The runs of specs in the list of runs.

use anyhow::Result;
use serde_json::json;

use crate::cli::run_row::{ListedRun, continues, duration, money};
use crate::domain::model::text::short_id;
use crate::domain::pipeline::spec_run::SpecRun;
use crate::domain::pipeline::spec_run::stage::SpecStage;
use crate::flow::context::Context;
use crate::flow::run;
use crate::platform::store::runs;
use crate::platform::ui::spec_result;
use crate::platform::ui::time::local;

/// The run of a spec, as a row and as data.
pub(super) fn listed(context: Context<'_>, run: &SpecRun) -> Result<ListedRun> {
    let result = run::brief(context, run.clone())?;
    let is_held = runs::is_held(&context.repo.state_dir(), &run.id);
    let state = match run.stage() {
        SpecStage::Ended(_) => result.verdict().as_str().to_owned(),
        SpecStage::Paused(_) => "paused".to_owned(),
        SpecStage::Waiting(_) => "waits for you".to_owned(),
        SpecStage::Planned(_) => "planned".to_owned(),
        SpecStage::Built(_) => "built".to_owned(),
        _ if !result.at_work.is_empty() => {
            let tasks = result.at_work.iter();
            let tasks = tasks.map(|task| format!("task {}: {}", task.number, task.stage));
            tasks.collect::<Vec<_>>().join(", ")
        }
        stage if is_held => stage.as_str().to_owned(),
        stage => format!("stopped while {}", stage.as_str()),
    };
    let id = &run.about.spec_id;
    let kind = run.about.kind();
    let change = match run.about.report {
        Some(_) => format!("{id}: {}", run.about.title),
        None if run.about.is_research_only() => format!("research {id}"),
        None => format!("spec {id}"),
    };
    let row = [
        short_id(&run.id).into(),
        local(run.about.started).into(),
        duration(run.about.started, run.last_at()).into(),
        kind.into(),
        state.into(),
        money(result.spent).into(),
        (&change).into(),
    ];
    let standing = run.stage().standing(is_held);
    let mut json = spec_result::json(&result);
    json["id"] = json!(run.id);
    json["kind"] = json!(kind);
    json["title"] = json!(run.about.title);
    json["started"] = json!(run.about.started);
    json["standing"] = json!(standing);
    let hint = match run.stage() {
        SpecStage::Ended(_) => None,
        _ if is_held => None,
        SpecStage::Waiting(_) => {
            let id = short_id(&run.id);
            Some(format!(
                "`tribunal runs show {id}` shows what that run asks, and how it is answered"
            ))
        }
        _ => Some(continues(&run.id)),
    };
    Ok(ListedRun { row, json, hint })
}
