//! How the specs are that are built by themselves, and those that wait: for `status` and `daemon status`.

use std::collections::BTreeMap;

use anyhow::Result;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::cli::run_row::ages;
use crate::domain::model::terminal::printable;
use crate::domain::model::text::{counted, one_line, short_id};
use crate::domain::pipeline::dropped::{DropRest, DropStep, asks_about_change, decide};
use crate::domain::pipeline::review_loop::ResumeWhen;
use crate::domain::pipeline::spec_run::SpecRun;
use crate::domain::pipeline::spec_run::result::TaskAtWork;
use crate::domain::pipeline::spec_run::stage::SpecStage;
use crate::flow::context::Context;
use crate::flow::dropped;
use crate::flow::dropped::activity::last_activity;
use crate::flow::dropped::{DropCache, Dropped, DroppedSpec};
use crate::flow::run;
use crate::flow::setup::consent;
use crate::platform::config::env::now;
use crate::platform::store::known_specs::KnownSpecs;
use crate::platform::store::runs;
use crate::platform::ui::out;
use crate::platform::ui::review_result::until;

/// How many specs are named that wait for the same.
const NAMED_MAX: usize = 5;

/// The runs that have not ended, and the specs that wait.
#[derive(Default)]
pub struct SpecStandings {
    /// Whether specs are built by themselves here.
    pub is_agreed: bool,
    /// Why they could not be looked at, where that is so.
    unread: Option<String>,
    runs: Vec<UnfinishedRun>,
    /// By what they wait for.
    waiting: BTreeMap<String, Vec<String>>,
}

struct UnfinishedRun {
    line: String,
    hint: Option<String>,
    json: Value,
}

/// Looks at them. Changes nothing; what cannot be read is said beside the rest that a person asked for.
pub fn collect(context: Context<'_>) -> SpecStandings {
    looked_at(context).unwrap_or_else(|error| SpecStandings {
        unread: Some(one_line(&format!("{error:#}"))),
        ..SpecStandings::default()
    })
}

fn looked_at(context: Context<'_>) -> Result<SpecStandings> {
    let known = KnownSpecs::load(&context.repo.state_dir(), None)?.known;
    let Some(found) = dropped::look(context, &known, &mut DropCache::default())? else {
        let agreed = consent::load(context.repo, context.env)?.runs_since();
        return Ok(SpecStandings { is_agreed: agreed.is_some(), ..Default::default() });
    };
    let mut progress = SpecStandings { is_agreed: found.agreed.is_some(), ..Default::default() };
    for spec in &found.specs {
        let step = decide(&found.facts(spec));
        let unfinished = spec.run.as_ref().map(|run| run.id.as_str());
        let run =
            unfinished.map(|id| runs::load_spec(&context.repo.state_dir(), id)).transpose()?;
        match run.flatten().filter(|run| !run.has_ended()) {
            Some(run) => progress.runs.push(of_run(context, &found, spec, &step, &run)),
            None if progress.is_agreed => {
                if let Some(reason) = reason(&found, &step) {
                    progress.waiting.entry(reason).or_default().push(spec.id.clone());
                }
            }
            None => {}
        }
    }
    Ok(progress)
}

/// What a spec without an unfinished run waits for.
fn reason(found: &Dropped, step: &DropStep) -> Option<String> {
    Some(match step {
        DropStep::Rest(rest) => match rest {
            DropRest::NotReady => {
                "a draft, or done: `status: ready` in the front matter has it built".to_owned()
            }
            DropRest::SaysNothing => "without a status: `status: ready` has it built".to_owned(),
            DropRest::Wrong(_) => "with errors: `tribunal spec lint` shows them".to_owned(),
            DropRest::SavedBefore => {
                "saved before you agreed to runs: save it again, or `tribunal run FILE`".to_owned()
            }
            DropRest::Foreign => "brought by git: `tribunal run FILE` builds it".to_owned(),
            DropRest::Refused(why) => format!("not built: {why}"),
            DropRest::NoRoom => {
                format!("waits for its turn (`runs.at-once` is {})", found.settings.at_once)
            }
            DropRest::UnderWay => "about to be built".to_owned(),
            _ => return None,
        },
        DropStep::Begin | DropStep::Until(_) => "about to be built".to_owned(),
        _ => return None,
    })
}

fn of_run(
    context: Context<'_>,
    found: &Dropped,
    spec: &DroppedSpec,
    step: &DropStep,
    run: &SpecRun,
) -> UnfinishedRun {
    let state_dir = context.repo.state_dir();
    let is_held = runs::is_held(&state_dir, &run.id);
    let now = now(context.env);
    let idle = now.duration_since(last_activity(&state_dir, run)).as_secs().max(0);
    let id = short_id(&run.id);
    let goes_on =
        matches!(step, DropStep::Begin | DropStep::Resume | DropStep::Replace | DropStep::Until(_))
            || matches!(step, DropStep::Rest(DropRest::OverBudget | DropRest::NoRoom))
                && found.agreed.is_some();
    let waits_for = waits_for(run, is_held, goes_on);
    let tasks = run::at_work::tasks(&state_dir, run);
    let stage = run.stage().as_str();
    let how = match run.stage() {
        _ if is_held => {
            let ages = ages(run, now);
            let moved = moved(context, run);
            if tasks.is_empty() {
                format!("{stage} {ages}{moved}, waits for {waits_for}; last activity {idle} s ago")
            } else {
                format!("tasks side by side {ages}{moved}: {}", tasks_in_words(&tasks, now))
            }
        }
        SpecStage::Waiting(checkpoint) => {
            format!("waits for your answer about {}", checkpoint.at.as_str())
        }
        SpecStage::Planned(_) => "planned, and waits for you to have it built".to_owned(),
        SpecStage::Built(_) => "built, and waits for you to have it accepted".to_owned(),
        SpecStage::Paused(pause) => {
            format!("paused {}, {}", until(pause.resume_when), goes_on_words(goes_on))
        }
        _ => format!("stopped while {stage}, {}", goes_on_words(goes_on)),
    };
    let resume = match run.stage() {
        SpecStage::Waiting(_) => {
            format!("`tribunal runs show {id}` shows it, and how it is answered")
        }
        _ => format!("`tribunal resume {id}` continues it, `tribunal abort {id}` ends it"),
    };
    let changed = asks_about_change(&found.facts(spec));
    let hint = match (changed, is_held || goes_on) {
        (true, _) => Some(format!(
            "`{}` changed since: `tribunal abort {id}` ends the run, and the new version is built",
            printable(&spec.id)
        )),
        (false, true) => None,
        (false, false) => Some(resume),
    };
    UnfinishedRun {
        line: format!("`{}` (run {id}): {how}", printable(&run.about.spec_id)),
        hint,
        json: json!({
            "run": run.id, "spec": run.about.spec_id, "stage": stage,
            "standing": standing(run, is_held),
            "seconds": seconds_since(run.about.started, now),
            "stage_seconds": is_held.then(|| seconds_since(run.stage_since(), now)),
            "idle_seconds": idle, "waits_for": waits_for,
            "tasks": tasks.iter().map(|task| of_task(task, now)).collect::<Vec<_>>(),
            "base_moved_by": run::base_moved_by(context.repo, run),
            "continues_by_itself": is_held || goes_on, "spec_changed": changed,
        }),
    }
}

/// Each task that is worked on, and since when nothing happened in it.
fn tasks_in_words(tasks: &[TaskAtWork], now: Timestamp) -> String {
    let each = tasks.iter().map(|task| {
        let idle = seconds_since(task.last_at, now);
        format!("task {} {}, last activity {idle} s ago", task.number, task.stage)
    });
    each.collect::<Vec<_>>().join("; ")
}

fn of_task(task: &TaskAtWork, now: Timestamp) -> Value {
    let idle = seconds_since(task.last_at, now);
    json!({"task": task.number, "stage": task.stage, "idle_seconds": idle})
}

/// That what it is built on moved meanwhile.
fn moved(context: Context<'_>, run: &SpecRun) -> String {
    let commits = run::base_moved_by(context.repo, run);
    let name = printable(&run.about.base_name);
    let in_words = |commits| format!(", `{name}` has {} more by now", counted(commits, "commit"));
    commits.map_or_else(String::new, in_words)
}

fn seconds_since(began: Timestamp, now: Timestamp) -> i64 {
    now.duration_since(began).as_secs().max(0)
}

fn standing(run: &SpecRun, is_held: bool) -> &'static str {
    match run.stage() {
        _ if is_held => "under way",
        SpecStage::Paused(_) => "paused",
        SpecStage::Waiting(_) => "waiting",
        SpecStage::Planned(_) => "planned",
        SpecStage::Built(_) => "built",
        _ => "stopped",
    }
}

fn goes_on_words(goes_on: bool) -> &'static str {
    if goes_on { "continues by itself" } else { "waits for you" }
}

/// What a run waits for.
fn waits_for(run: &SpecRun, is_held: bool, goes_on: bool) -> &'static str {
    match run.stage() {
        SpecStage::Paused(pause) if !is_held => match pause.resume_when {
            ResumeWhen::Asked => "you",
            ResumeWhen::BudgetAllows => "a budget",
            ResumeWhen::At(_) => "the end of a limit",
        },
        _ if !is_held => {
            if goes_on {
                "its process"
            } else {
                "you"
            }
        }
        SpecStage::Researching(_) | SpecStage::ProposingRule => "the researcher",
        SpecStage::WritingSpec { .. }
        | SpecStage::Diagnosing(_)
        | SpecStage::ProposingPages
        | SpecStage::Classifying
        | SpecStage::Splitting(_)
        | SpecStage::WritingPlan(_)
        | SpecStage::ListingTasks { .. } => "the planner",
        SpecStage::WritingTests(_) | SpecStage::WritingCode { .. } => "the executor",
        SpecStage::ReviewingSpec(_)
        | SpecStage::ReviewingPlan(_)
        | SpecStage::Reviewing { .. }
        | SpecStage::Accepting => "the review",
        SpecStage::RecordingSpec(_)
        | SpecStage::Committing(_)
        | SpecStage::Recording
        | SpecStage::Documenting(_)
        | SpecStage::Publishing(_)
        | SpecStage::Learning(_)
        | SpecStage::Keeping(_) => "git",
        _ => "the tests",
    }
}

impl SpecStandings {
    /// For people, each line after a heading of that width.
    pub fn print(&self) {
        if let Some(why) = &self.unread {
            out::result(&format!("runs      unknown: {}", printable(why)));
        }
        for (at, run) in self.runs.iter().enumerate() {
            let head = if at == 0 { "runs" } else { "" };
            out::result(&format!("{head:<9} {}", run.line));
            if let Some(hint) = &run.hint {
                out::hint(hint);
            }
        }
        for (reason, specs) in &self.waiting {
            let mut names: Vec<String> =
                specs.iter().take(NAMED_MAX).map(|id| format!("`{}`", printable(id))).collect();
            if specs.len() > NAMED_MAX {
                names.push(format!("{} more", specs.len() - NAMED_MAX));
            }
            out::result(&format!("          {}: {}", names.join(", "), printable(reason)));
        }
    }

    /// For programs.
    pub fn json(&self) -> Value {
        let waiting = self.waiting.iter().flat_map(|(reason, specs)| {
            specs.iter().map(move |id| json!({"spec": id, "reason": reason}))
        });
        json!({
            "by_themselves": self.is_agreed,
            "unread": self.unread,
            "unfinished": self.runs.iter().map(|run| &run.json).collect::<Vec<_>>(),
            "waiting": waiting.collect::<Vec<_>>(),
        })
    }
}
