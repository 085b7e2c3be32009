//! A review as a document, for people and for the architect's model.

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::Result;

use crate::driver::learn;
use crate::driver::learn::standing::refuse_links;
use crate::driver::review::outcome::{Ending, Judged, Reviewed, reason, word};
use crate::git::repo::Repo;
use crate::model::report::Reported;
use crate::store::file::write_atomic;
use crate::ui::report::printable;

/// The folder of reports, from the top of the work tree.
const FOLDER: &str = "docs/review";

/// Writes the report into the person's work tree, who asked for it; gives its path from the top.
pub fn write(repo: &Repo, reviewed: &Reviewed) -> Result<PathBuf> {
    let top = learn::work_tree(repo)?;
    let name = match &reviewed.ending {
        Ending::Judged(judged) => judged.run.as_str(),
        Ending::Nothing | Ending::Unjudged { .. } => "unjudged",
    };
    let path = format!("{FOLDER}/{name}.md");
    refuse_links(top, &path)?;
    write_atomic(&top.join(&path), render(reviewed).as_bytes())?;
    Ok(PathBuf::from(path))
}

/// The whole document, in Markdown.
pub fn render(reviewed: &Reviewed) -> String {
    let mut text = format!(
        "# Review of {}\n\nVerdict: **{}**\n",
        plain(&reviewed.title),
        reviewed.report.verdict.as_str()
    );
    match &reviewed.ending {
        Ending::Nothing => text.push_str("\nThere was nothing that a model could review.\n"),
        Ending::Unjudged { why } => {
            let _infallible = writeln!(text, "\nNo model judged: {}.", plain(&why.join("; ")));
        }
        Ending::Judged(judged) => judged_text(&mut text, judged),
    }
    text.push_str("\n## Findings\n\n");
    if reviewed.report.findings.is_empty() {
        text.push_str("None.\n");
    }
    for reported in &reviewed.report.findings {
        finding(&mut text, reported);
    }
    let skipped = &reviewed.report.skipped;
    if !skipped.is_empty() {
        text.push_str("\n## Not judged\n\n");
        for skipped in skipped {
            let _infallible =
                writeln!(text, "- {}: {}", plain(&skipped.gate), plain(&skipped.reason));
        }
    }
    text
}

fn judged_text(text: &mut String, judged: &Judged) {
    let why = match reason(&judged.decision) {
        reason if reason.is_empty() => String::new(),
        reason => format!(": {}", plain(&reason)),
    };
    let independence = if judged.route.is_independent() {
        "executor and reviewer are of different vendors"
    } else {
        "not independent: executor and reviewer are of one vendor"
    };
    let _infallible = write!(
        text,
        "\n| | |\n|---|---|\n\
         | decision | {}{why} |\n\
         | route | {} ({independence}) |\n\
         | reviewer | {} |\n\
         | arbiter | {} |\n\
         | cost | {} |\n\
         | run | {} |\n\
         | receipt | {} |\n",
        word(&judged.decision),
        judged.route,
        plain(&judged.reviewer),
        plain(&judged.arbiter),
        judged.spent.text(),
        judged.run,
        judged.receipt.as_deref().unwrap_or("none"),
    );
    if !judged.criteria.is_empty() {
        text.push_str("\n## Acceptance criteria\n\n| criterion | | why |\n|---|---|---|\n");
        for criterion in &judged.criteria {
            let (id, why) = (plain(&criterion.id), plain(&criterion.why));
            let _infallible = writeln!(text, "| {id} | {} | {why} |", criterion.met.as_str());
        }
    }
    if !judged.unscanned.is_empty() {
        text.push_str("\n## Not reviewed\n\n");
        for (path, reason) in &judged.unscanned {
            let _infallible = writeln!(text, "- `{}`: {}", plain(path), plain(reason));
        }
    }
}

fn finding(text: &mut String, reported: &Reported) {
    let finding = &reported.finding;
    let place = finding.place.as_ref().map_or_else(String::new, |place| {
        let line = if place.line > 0 { format!(":{}", place.line) } else { String::new() };
        format!("`{}{line}` ", plain(&place.spot.display()))
    });
    let _infallible = write!(
        text,
        "### {} {}\n\n{place}{} · {} · {} · `{}`\n",
        finding.severity,
        plain(&finding.message),
        finding.gate,
        finding.class,
        reported.status,
        reported.id,
    );
    if !finding.anchor.trim().is_empty() {
        let lines = finding.anchor.lines().map(|line| format!("    {}\n", printable(line)));
        let _infallible = write!(text, "\n{}", lines.collect::<String>());
    }
    if !finding.suggestion.is_empty() {
        let _infallible = write!(text, "\nTo do: {}\n", plain(&finding.suggestion));
    }
    text.push('\n');
}

/// Text of others on one line, which neither ends a cell nor begins anything of Markdown's.
fn plain(text: &str) -> String {
    let text = printable(&text.replace('\n', " "));
    text.replace('|', "\\|").replace('`', "'").replace('<', "&lt;")
}
