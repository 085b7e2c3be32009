//! `tribunal spec list`.

use std::collections::BTreeSet;

use anyhow::Result;
use serde_json::{Value, json};

use crate::cli::invocation::Global;
use crate::cli::spec::pages::{json_of, pages, top_of};
use crate::cli::spec::record::{Record, SpecState};
use crate::domain::model::report::ExitStatus;
use crate::domain::model::terminal::printable;
use crate::flow::context::Context;
use crate::platform::ui::columns::{Cell, Side, table};
use crate::platform::ui::out;
use crate::platform::ui::report::OutputFormat;

/// How wide a line is, and how wide an id in it may be.
const WIDTH: usize = 80;
const ID_MAX: usize = 32;

/// One line of the list.
struct Row {
    id: String,
    size: String,
    state: SpecState,
    path: String,
}

/// Lists the specs of the work tree, and those on record whose file is gone.
pub fn run(context: Context<'_>, global: &Global) -> Result<ExitStatus> {
    let pages = pages(context, &top_of(context.repo)?)?;
    let record = Record::load(context)?;
    let gone = record.without_file(&pages);
    if global.format == OutputFormat::Json {
        let mut specs: Vec<Value> = Vec::new();
        for page in &pages {
            let (taken_in, queued) = record.intake(page);
            let mut spec = json_of(page);
            spec["taken_in"] = json!(taken_in);
            spec["queued"] = json!(queued);
            specs.push(spec);
        }
        let gone: Vec<Value> = gone
            .iter()
            .map(|(id, version, state)| {
                json!({"id": id, "state": state.as_str(), "version": version})
            })
            .collect();
        out::json(&json!({"specs": specs, "without_file": gone}));
        return Ok(ExitStatus::Pass);
    }
    let here = pages.iter().map(|page| Row {
        id: printable(&page.identity.id),
        size: page.classification.size.as_str().to_owned(),
        state: record.state(page),
        path: printable(&page.path),
    });
    let gone = gone.into_iter().map(|(id, version, state)| Row {
        id: printable(id),
        size: version.size.clone(),
        state,
        path: printable(&version.path),
    });
    let rows: Vec<Row> = here.chain(gone).collect();
    print(&rows, global.quiet);
    Ok(ExitStatus::Pass)
}

fn print(rows: &[Row], quiet: bool) {
    if rows.is_empty() {
        return say_none(quiet);
    }
    let ids: Vec<String> = rows.iter().map(|row| shortened(&row.id, ID_MAX)).collect();
    let states = rows.iter().map(|row| row.state.as_str().len());
    let id_width = ids.iter().map(|id| id.chars().count()).max().unwrap_or(0);
    // Between the columns are two spaces; a size is as wide as its heading.
    let before = id_width.max(2) + states.max().unwrap_or(0).max(5) + "SIZE".len() + 6;
    let cells: Vec<[Cell; 4]> = rows
        .iter()
        .zip(&ids)
        .map(|(row, id)| {
            let path = end_of(&row.path, WIDTH.saturating_sub(before));
            [id.into(), (&row.size).into(), row.state.as_str().into(), path.into()]
        })
        .collect();
    let headings = ["ID", "SIZE", "STATE", "FILE"].map(|title| (title, Side::Left));
    out::result(table(headings, &cells));
    if !quiet {
        let states: BTreeSet<SpecState> = rows.iter().map(|row| row.state).collect();
        for state in states {
            out::talk(&format!("{}: {}", state.as_str(), state.meaning()));
        }
    }
}

/// Says that there are no specs, and how to write one.
pub fn say_none(quiet: bool) {
    if !quiet {
        out::talk("no specs yet");
        out::hint("write one with `tribunal spec new <id>`");
    }
}

/// The end of a text that is too long: of a path it tells more than the beginning.
fn end_of(text: &str, width: usize) -> String {
    let count = text.chars().count();
    if count <= width {
        return text.to_owned();
    }
    std::iter::once('…').chain(text.chars().skip(count + 1 - width.max(1))).collect()
}

/// The beginning of a text that is too long.
fn shortened(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width - 1).chain(['…']).collect()
}
