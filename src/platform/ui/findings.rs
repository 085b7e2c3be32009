//! Kept findings, for people and for programs.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::domain::model::finding::Location;
use crate::domain::model::report::Reported;
use crate::domain::model::severity::Severity;
use crate::domain::model::stored_finding::{
    Disposition, FindingHistory, FindingStatus, Observation, StoredFinding,
};
use crate::domain::model::terminal::printable;
use crate::domain::model::text::counted;
use crate::platform::ui::out::{DIM, ERROR, GOOD, HINT, WARNING};
use crate::platform::ui::report::json_finding;
use crate::platform::ui::styled_text::StyledText;
use crate::platform::ui::time::local;

/// The widest place in a table, in characters; the end of a path says more than its beginning.
const PLACE_WIDTH_MAX: usize = 44;

/// A table of findings; an empty text where there are none.
pub fn table(findings: &[StoredFinding], total: usize) -> StyledText {
    let mut lines: Vec<StyledText> = findings.iter().map(table_line).collect();
    if total > findings.len() {
        let rest = total - findings.len();
        let more = format!("… and {rest} more: `--limit {total}` shows them");
        lines.push(StyledText::from(&more));
    }
    StyledText::lines(lines)
}

fn table_line(kept: &StoredFinding) -> StyledText {
    let finding = &kept.finding;
    let style = match (kept.status, finding.severity) {
        (FindingStatus::Open, Severity::Critical | Severity::High) => ERROR,
        (FindingStatus::Open, Severity::Medium | Severity::Low) => WARNING,
        _ => DIM,
    };
    let place = finding.place.as_ref().map_or_else(|| "the change".to_owned(), place_text);
    let (message, class) = (printable(&finding.message), printable(finding.class.as_str()));
    let rule = printable(&finding.rule);
    StyledText::from(&format!("{}  ", kept.id))
        .styled(style, format!("{:<9} {:<8}", kept.status.as_str(), finding.severity.as_str()))
        .text(format!("  {}  {message}  ", short_place(&place)))
        .styled(DIM, format!("[{class}] {}/{rule}", finding.gate))
}

fn short_place(place: &str) -> String {
    let count = place.chars().count();
    if count <= PLACE_WIDTH_MAX {
        return place.to_owned();
    }
    let end: String = place.chars().skip(count + 1 - PLACE_WIDTH_MAX).collect();
    format!("…{end}")
}

/// The place in one line: `path:line:column`.
pub fn place_text(place: &Location) -> String {
    let mut text = printable(&place.kind.display());
    if place.line > 0 {
        text = format!("{text}:{}", place.line);
    }
    if place.line > 0 && place.column > 0 {
        text = format!("{text}:{}", place.column);
    }
    text
}

/// Everything about one finding.
pub fn details(kept: &StoredFinding, history: &FindingHistory, now: Timestamp) -> StyledText {
    let finding = &kept.finding;
    let place =
        finding.place.as_ref().map_or_else(|| "the change as a whole".to_owned(), place_text);
    let mut lines = vec![
        StyledText::from(&format!("{} ", kept.id)).then(status_text(kept.status)),
        StyledText::from(&format!("  what:     {}", printable(&finding.message))),
        StyledText::from(&format!("  where:    {place}")),
    ];
    let mut add = |name: &str, text: &str| {
        if !text.trim().is_empty() {
            lines.push(StyledText::from(&format!("  {name:<9} {}", printable(text.trim()))));
        }
    };
    add("text:", &finding.anchor);
    add("gate:", &format!("{}/{}", finding.gate, finding.rule));
    add("class:", finding.class.as_str());
    add("severity:", finding.severity.as_str());
    add(
        "seen:",
        &format!(
            "{}, {} to {}",
            counted(kept.times, "time"),
            day(kept.first_seen),
            day(kept.last_seen)
        ),
    );
    if !finding.suggestion.is_empty() {
        let hint = format!(":     {}", printable(&finding.suggestion));
        lines.push(StyledText::from("  ").styled(HINT, "hint").text(hint));
    }
    lines.extend(history.sightings.iter().map(sighting_line));
    lines.extend(history.dispositions.iter().map(|d| disposition_line(d, now)));
    StyledText::lines(lines)
}

fn status_text(status: FindingStatus) -> StyledText {
    let style = if status == FindingStatus::Open { WARNING } else { GOOD };
    StyledText::default().styled(style, status.as_str())
}

fn sighting_line(sighting: &Observation) -> StyledText {
    let commit = match &sighting.commit {
        Some(commit) => format!("in commit {}", commit.short()),
        None => "before it was committed".to_owned(),
    };
    let branch = match &sighting.branch {
        Some(branch) => format!(" on {}", printable(branch)),
        None => String::new(),
    };
    let place = match (sighting.name.is_empty(), sighting.line) {
        (true, _) => String::new(),
        (false, 0) => format!(", {}", printable(&sighting.name.to_string())),
        (false, line) => format!(", {}:{line}", printable(&sighting.name.to_string())),
    };
    let base = sighting.change.get(..10).unwrap_or(&sighting.change);
    let (first, times) = (day(sighting.first_seen), counted(sighting.times, "time"));
    StyledText::from(&format!("  {first} seen {times} {commit}{branch}{place} "))
        .styled(DIM, format!("(change {})", printable(base)))
}

fn disposition_line(disposition: &Disposition, now: Timestamp) -> StyledText {
    let until = match disposition.until {
        Some(until) if until <= now => format!(" until {} (over)", day(until)),
        Some(until) => format!(" until {}", day(until)),
        None => String::new(),
    };
    StyledText::from(&format!(
        "  {} {}{until} by {}: {}",
        day(disposition.time),
        disposition.decision.as_str(),
        printable(&disposition.actor),
        printable(&disposition.reason)
    ))
}

fn day(time: Timestamp) -> String {
    local(time)
}

/// A kept finding as a report has it.
pub fn reported(kept: &StoredFinding) -> Reported {
    Reported {
        id: kept.id.clone(),
        status: kept.status.as_str().to_owned(),
        finding: kept.finding.clone(),
    }
}

/// A kept finding as `--format json` prints it: as in a report, with its times.
pub fn json_kept(kept: &StoredFinding) -> Value {
    let mut value = json_finding(&reported(kept));
    value["first_seen"] = json!(kept.first_seen.to_string());
    value["last_seen"] = json!(kept.last_seen.to_string());
    value["times"] = json!(kept.times);
    value
}

/// A kept finding with everything that happened to it.
pub fn json_details(kept: &StoredFinding, history: &FindingHistory) -> Value {
    let mut value = json_kept(kept);
    value["sightings"] = history
        .sightings
        .iter()
        .map(|s| {
            json!({
                "change": s.change, "commit": s.commit, "tree": s.tree, "branch": s.branch,
                "name": s.name.to_string(), "line": s.line, "times": s.times,
                "first_seen": s.first_seen.to_string(), "last_seen": s.last_seen.to_string(),
            })
        })
        .collect();
    value["dispositions"] = history
        .dispositions
        .iter()
        .map(|d| {
            json!({
                "decision": d.decision.as_str(), "actor": d.actor, "reason": d.reason,
                "time": d.time.to_string(), "until": d.until.map(|until| until.to_string()),
            })
        })
        .collect();
    value
}
