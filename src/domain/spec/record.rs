//! The page about a spec that is written below `docs/progress/` where the user's settings ask for it.

use std::fmt::Write as _;

use jiff::Timestamp;

use crate::domain::model::markdown::{code_in_table, text};
use crate::domain::model::terminal::printable;
use crate::domain::model::text::errors_and_warnings;
use crate::domain::spec::classify::Classification;
use crate::domain::spec::identity::SpecIdentity;
use crate::domain::spec::problem::{ProblemLevel, SpecProblem};
use crate::domain::spec::reading::SpecReading;
use crate::domain::spec::types::{Spec, SpecStatus, Verify};

/// What is true of a spec that was taken in.
const ON_RECORD: &str = "It is on record. `tribunal run` builds it; after `tribunal trust runs` the watcher builds what you save from then on.";

/// Writes the page. `path` is the spec's path from the top of the repository; `previous` is the
/// hash of the version that this one supersedes.
pub fn record(
    path: &str,
    identity: &SpecIdentity,
    reading: &SpecReading,
    classification: &Classification,
    time: Timestamp,
    previous: Option<&str>,
) -> String {
    let mut page = String::new();
    let title = reading.spec.as_ref().map_or(identity.id.as_str(), |s| &s.title);
    line(&mut page, format_args!("# {}\n", text(title)));
    line(
        &mut page,
        format_args!(
            "<!-- written by tribunal for each new version of the spec; edits here are written over -->\n"
        ),
    );
    line(&mut page, format_args!("**{}**\n", outcome(reading)));
    line(&mut page, format_args!("| | |\n|---|---|"));
    line(&mut page, format_args!("| spec | {} |", code_in_table(path)));
    line(&mut page, format_args!("| id | {} |", code_in_table(&identity.id)));
    line(&mut page, format_args!("| content | `{}` (blake3) |", identity.hash));
    if let Some(previous) = previous {
        line(&mut page, format_args!("| supersedes | {} |", code_in_table(previous)));
    }
    line(&mut page, format_args!("| read | {} |", time.strftime("%Y-%m-%d %H:%M:%S UTC")));
    line(&mut page, format_args!("| size | {} |", size(classification)));
    line(&mut page, format_args!("\n## Why this size\n"));
    for sign in &classification.signs {
        line(&mut page, format_args!("- {}", text(sign)));
    }
    if let Some(spec) = &reading.spec {
        criteria(&mut page, spec);
    }
    problems(&mut page, &reading.problems);
    line(&mut page, format_args!("\n## What is next\n\n{}", next(reading, path)));
    page
}

/// Adds a line to the page; a `String` takes every write.
fn line(page: &mut String, line: std::fmt::Arguments<'_>) {
    let _infallible = writeln!(page, "{line}");
}

fn outcome(reading: &SpecReading) -> String {
    let errors = reading.errors();
    let warnings = reading.problems.len() - errors;
    let counts = errors_and_warnings(errors, warnings);
    match &reading.spec {
        None => format!("Not understood: {counts}"),
        Some(_) if errors > 0 => format!("Not accepted: {counts}"),
        Some(spec) if spec.status == SpecStatus::Draft => format!("Draft: {counts}"),
        Some(spec) if spec.status == SpecStatus::Done => format!("Done: {counts}"),
        Some(_) => format!("Accepted: {counts}"),
    }
}

/// The size, and where it comes from.
pub fn size(classification: &Classification) -> String {
    let (size, counted) = (classification.size.as_str(), classification.counted.as_str());
    if !classification.stated {
        format!("{size}, from the signs below")
    } else if classification.size == classification.counted {
        format!("{size}, as the spec says and the signs agree")
    } else {
        format!("{size}, as the spec says; the signs alone say {counted}")
    }
}

fn criteria(page: &mut String, spec: &Spec) {
    if spec.all_criteria().next().is_none() {
        return;
    }
    line(
        page,
        format_args!("\n## Acceptance criteria\n\n| id | criterion | verified by |\n|---|---|---|"),
    );
    for (criterion, verify) in spec.verified_by() {
        row(page, &criterion.id, &criterion.text, verify);
    }
}

fn row(page: &mut String, id: &str, words: &str, verify: &[Verify]) {
    let ways: Vec<_> = verify.iter().map(way).collect();
    let ways = if ways.is_empty() { "not said".to_owned() } else { ways.join(", ") };
    line(page, format_args!("| {} | {} | {ways} |", text(id), text(words)));
}

fn way(verify: &Verify) -> String {
    match verify {
        Verify::Command(command) => code_in_table(command),
        Verify::Test => "a test".to_owned(),
        Verify::Static(pattern) => format!("the pattern {}", code_in_table(pattern)),
        Verify::Human => "a person".to_owned(),
        Verify::Unusable => "nothing that can be used".to_owned(),
    }
}

fn problems(page: &mut String, problems: &[SpecProblem]) {
    line(page, format_args!("\n## Problems\n"));
    if problems.is_empty() {
        line(page, format_args!("None."));
        return;
    }
    line(
        page,
        format_args!(
            "| line:column | | rule | what is wrong | what to do |\n|---|---|---|---|---|"
        ),
    );
    let mut sorted: Vec<_> = problems.iter().collect();
    sorted.sort_by_key(|p| (std::cmp::Reverse(p.level), p.at));
    for problem in sorted {
        line(
            page,
            format_args!(
                "| {}:{} | {} | {} | {} | {} |",
                problem.at.line,
                problem.at.column,
                problem.level.as_str(),
                problem.rule.as_str(),
                cell(&problem.message),
                cell(&problem.hint)
            ),
        );
    }
}

fn next(reading: &SpecReading, path: &str) -> String {
    let path = code_in_table(path);
    let warned = reading.problems.iter().any(|p| p.level == ProblemLevel::Warning);
    if reading.errors() > 0 {
        return format!("Fix the errors in {path} and save: it is then read again by itself.");
    }
    match reading.spec.as_ref().map(|s| s.status) {
        Some(SpecStatus::Draft) => format!(
            "Finish {path} and set `status: ready` in it. A draft is linted and otherwise left alone."
        ),
        Some(SpecStatus::Done) => {
            "It is done: what of it is not met in a change is a finding of its review.".to_owned()
        }
        _ if warned => format!(
            "{ON_RECORD} Fixing the warnings first makes a run more reliable: saving {path} puts the new version \
             in this one's place."
        ),
        _ => ON_RECORD.to_owned(),
    }
}

/// Our own words for a table cell; what they quote between backticks stays code.
fn cell(words: &str) -> String {
    let mut safe = String::with_capacity(words.len());
    let mut in_code = false;
    for c in printable(words).chars() {
        match c {
            '`' => {
                in_code = !in_code;
                safe.push(c);
            }
            '|' => safe.push_str("\\|"),
            '<' if !in_code => safe.push_str("&lt;"),
            c => safe.push(c),
        }
    }
    if in_code {
        safe.push('`');
    }
    safe
}
