//! `tribunal spec show`.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::cli::invocation::Global;
use crate::cli::spec::pages::{Page, json_of, pages, top_of};
use crate::cli::spec::record::{Record, SpecState};
use crate::domain::model::id_part::IdKind;
use crate::domain::model::report::ExitStatus;
use crate::domain::model::terminal::printable;
use crate::domain::model::text::{counted, errors_and_warnings};
use crate::domain::spec::record::size;
use crate::domain::spec::types::{Criterion, Spec, Verify};
use crate::flow::context::Context;
use crate::platform::store::known_specs::Version;
use crate::platform::ui::out;
use crate::platform::ui::report::OutputFormat;
use crate::platform::ui::time::local;

/// How many versions are shown.
const VERSIONS: usize = 5;

/// Shows one spec: of a file of the work tree, or what is on record of one that is gone.
pub fn run(context: Context<'_>, global: &Global, id: &str) -> Result<ExitStatus> {
    let pages = pages(context, &top_of(context.repo)?)?;
    let record = Record::load(context)?;
    let gone = record.without_file(&pages);
    let mut ids: Vec<&str> = pages.iter().map(|page| page.identity.id.as_str()).collect();
    ids.extend(gone.iter().map(|(id, ..)| *id));
    ids.sort_unstable();
    ids.dedup();
    let lists = if ids.is_empty() {
        "`tribunal spec new <id>` writes one"
    } else {
        "`tribunal spec list` shows all"
    };
    let id = IdKind { what: "spec", place: "", lists, part_min: 1 }.named(id, &ids)?;
    if let Some((id, version, state)) = gone.iter().find(|(known, ..)| *known == id) {
        show_gone(global, id, version, *state, record.versions(id));
        return Ok(ExitStatus::Pass);
    }
    let mut named = pages.iter().filter(|page| page.identity.id.eq_ignore_ascii_case(id));
    let page = named.next().context("the spec is not where it was listed")?;
    let others: Vec<&Page> = named.collect();
    let state = record.state(page);
    let versions = record.versions(&page.identity.id);
    if global.format == OutputFormat::Json {
        let (taken_in, queued) = record.intake(page);
        let mut spec = json_of(page);
        if let Some(asked) = &page.reading.spec {
            let of = |all: Vec<(String, &str)>| -> Vec<Value> {
                all.iter().map(|(id, text)| json!({"id": id, "text": text})).collect()
            };
            let criteria = asked.all_criteria().map(|one| (one.id.clone(), one.text.as_str()));
            spec["goal"] = json!(asked.goal);
            spec["criteria"] = json!(of(criteria.collect()));
            spec["constraints"] = json!(of(asked.numbered_constraints()));
            spec["critical_if"] = json!(of(asked.numbered_critical()));
        }
        spec["taken_in"] = json!(taken_in);
        spec["queued"] = json!(queued);
        spec["versions"] = json!(versions);
        out::json(&json!({"spec": spec}));
        return Ok(ExitStatus::Pass);
    }
    show_page(page, state, versions);
    for other in others {
        out::result(&format!("\n{} has the same id, and is not recorded", printable(&other.path)));
    }
    Ok(ExitStatus::Pass)
}

fn show_page(page: &Page, state: SpecState, versions: &[Version]) {
    let Page { path, reading, identity, classification } = page;
    let title = reading.spec.as_ref().map_or(identity.id.as_str(), |spec| &spec.title);
    out::result(&format!("{}: {}\n", printable(&identity.id), printable(title)));
    line("file", path);
    line("state", &format!("{}: {}", state.as_str(), state.meaning()));
    line("size", &size(classification));
    for sign in &classification.signs {
        line("", &format!("- {sign}"));
    }
    line("content", &format!("{} (blake3)", identity.hash));
    show_versions(versions);
    if let Some(spec) = &reading.spec {
        show_asked(spec);
    }
    if reading.problems.is_empty() {
        return;
    }
    let errors = reading.errors();
    let said = errors_and_warnings(errors, reading.problems.len() - errors);
    out::result(&format!("\nProblems: {said}"));
    let mut sorted: Vec<_> = reading.problems.iter().collect();
    sorted.sort_by_key(|problem| (std::cmp::Reverse(problem.level), problem.at));
    for problem in sorted {
        let (level, rule) = (problem.level.as_str(), problem.rule.as_str());
        let (message, hint) = (printable(&problem.message), printable(&problem.hint));
        let at = format!("{}:{}", problem.at.line, problem.at.column);
        out::result(&format!("  {at}  {level}[{rule}]: {message}\n        hint: {hint}"));
    }
}

/// A spec whose file is not in this work tree.
fn show_gone(global: &Global, id: &str, version: &Version, state: SpecState, versions: &[Version]) {
    if global.format == OutputFormat::Json {
        out::json(&json!({
            "spec": {"id": id, "state": state.as_str(), "path": version.path, "versions": versions},
        }));
        return;
    }
    out::result(&format!("{}\n", printable(id)));
    line("file", &version.path);
    line("state", &format!("{}: {}", state.as_str(), state.meaning()));
    line("size", &version.size);
    line("content", &format!("{} (blake3)", version.hash));
    show_versions(versions);
}

/// What a review assesses, and what for.
fn show_asked(spec: &Spec) {
    if !spec.goal.is_empty() {
        out::result("\nGoal");
        spec.goal.lines().for_each(|line| out::result(&format!("  {}", printable(line))));
    }
    let criteria: Vec<(&Criterion, &[Verify])> = spec.verified_by().collect();
    if !criteria.is_empty() {
        out::result("\nAcceptance criteria");
        for (criterion, ways) in criteria {
            let ways: Vec<String> = ways.iter().map(way).collect();
            let ways = if ways.is_empty() { "not said".to_owned() } else { ways.join(", ") };
            let (id, words) = (printable(&criterion.id), printable(&criterion.text));
            out::result(&format!("  {id}  {words}\n        verified by: {ways}"));
        }
    }
    for (name, entries) in
        [("Constraints", spec.numbered_constraints()), ("Critical if", spec.numbered_critical())]
    {
        if !entries.is_empty() {
            out::result(&format!("\n{name}"));
        }
        for (id, words) in entries {
            out::result(&format!("  {}  {}", printable(&id), printable(words)));
        }
    }
}

fn show_versions(versions: &[Version]) {
    for (at, version) in versions.iter().rev().take(VERSIONS).enumerate() {
        let outcome = match (version.accepted, version.errors) {
            (true, _) => "recorded".to_owned(),
            (false, 0) => "draft or done".to_owned(),
            (false, errors) => counted(errors, "error"),
        };
        let short = version.hash.get(..12).unwrap_or(&version.hash);
        let name = if at == 0 { "versions" } else { "" };
        line(name, &format!("{}  {short}  {outcome}", local(version.time)));
    }
    if versions.len() > VERSIONS {
        line("", &format!("and {} before", versions.len() - VERSIONS));
    }
}

fn line(name: &str, value: &str) {
    out::result(&format!("{name:9} {}", printable(value)));
}

fn way(verify: &Verify) -> String {
    match verify {
        Verify::Command(command) => format!("`{}`", printable(command)),
        Verify::Test => "a test".to_owned(),
        Verify::Static(pattern) => format!("the pattern `{}`", printable(pattern)),
        Verify::Human => "a person".to_owned(),
        Verify::Unusable => "nothing that can be used".to_owned(),
    }
}
