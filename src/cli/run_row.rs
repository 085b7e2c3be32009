//! A run in the list of runs, whatever it is of.

use jiff::Timestamp;
use serde_json::Value;

use crate::domain::model::agent::Spent;
use crate::domain::model::text::short_id;
use crate::domain::pipeline::spec_run::SpecRun;
use crate::platform::ui::columns::Cell;

/// A run in the list.
pub(super) struct ListedRun {
    pub row: [Cell; 7],
    pub json: Value,
    /// What can be done about one that nobody works on.
    pub hint: Option<String>,
}

/// What continues a run.
pub(super) fn continues(id: &str) -> String {
    format!("`tribunal resume {}` continues that run", short_id(id))
}

/// What is known of a cost, in a column; `?` stands for what is not.
pub(super) fn money(spent: Spent) -> String {
    match spent.unknown {
        0 => spent.money.to_string(),
        unknown if unknown == spent.calls => "?".to_owned(),
        _ => format!("{} + ?", spent.money),
    }
}

/// How long the stage of a run is worked on, and how old the run is.
pub(super) fn ages(run: &SpecRun, now: Timestamp) -> String {
    let [stage, all] = [run.stage_since(), run.about.started].map(|since| duration(since, now));
    format!("for {stage}, the run for {all}")
}

/// From its beginning to what last happened in it.
pub(super) fn duration(began: Timestamp, last: Timestamp) -> String {
    let seconds = last.duration_since(began).as_secs().max(0);
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}
