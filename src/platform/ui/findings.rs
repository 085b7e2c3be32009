//! Kept findings, for people and for programs.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::domain::model::finding::Location;
use crate::domain::model::report::Reported;
use crate::domain::model::severity::Severity;
use crate::domain::model::stored_finding::{
    Disposition, FindingHistory, FindingStatus, Observation, StoredFinding,
};
use crate::platform::ui::out::{DIM, ERROR, GOOD, HINT, WARNING};
use crate::platform::ui::report::{json_finding, printable};

/// The widest place in a table, in characters; the end of a path says more than its beginning.
const PLACE_WIDTH_MAX: usize = 44;

/// A table of findings; an empty text where there are none.
pub fn table(findings: &[StoredFinding], total: usize) -> String {
    let mut lines: Vec<String> = findings.iter().map(table_line).collect();
    if total > findings.len() {
        let rest = total - findings.len();
        lines.push(format!("… and {rest} more: `--limit {total}` shows them"));
    }
    lines.join("\n")
}

fn table_line(kept: &StoredFinding) -> String {
    let finding = &kept.finding;
    let style = match (kept.status, finding.severity) {
        (FindingStatus::Open, Severity::Critical | Severity::High) => ERROR,
        (FindingStatus::Open, Severity::Medium | Severity::Low) => WARNING,
        _ => DIM,
    };
    let place = finding.place.as_ref().map_or_else(|| "the change".to_owned(), place_text);
    format!(
        "{}  {style}{:<9} {:<8}{style:#}  {}  {}  {DIM}[{}] {}/{}{DIM:#}",
        kept.id,
        kept.status.as_str(),
        finding.severity.as_str(),
        short_place(&place),
        printable(&finding.message),
        printable(finding.class.as_str()),
        finding.gate,
        printable(&finding.rule),
    )
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
pub fn details(kept: &StoredFinding, history: &FindingHistory, now: Timestamp) -> String {
    let finding = &kept.finding;
    let place =
        finding.place.as_ref().map_or_else(|| "the change as a whole".to_owned(), place_text);
    let mut lines = vec![
        format!("{} {}", kept.id, status_text(kept.status)),
        format!("  what:     {}", printable(&finding.message)),
        format!("  where:    {place}"),
    ];
    let mut add = |name: &str, text: &str| {
        if !text.trim().is_empty() {
            lines.push(format!("  {name:<9} {}", printable(text.trim())));
        }
    };
    add("text:", &finding.anchor);
    add("gate:", &format!("{}/{}", finding.gate, finding.rule));
    add("class:", finding.class.as_str());
    add("severity:", finding.severity.as_str());
    add(
        "seen:",
        &format!("{} times, {} to {}", kept.times, day(kept.first_seen), day(kept.last_seen)),
    );
    if !finding.suggestion.is_empty() {
        lines.push(format!("  {HINT}hint{HINT:#}:     {}", printable(&finding.suggestion)));
    }
    lines.extend(history.sightings.iter().map(sighting_line));
    lines.extend(history.dispositions.iter().map(|d| disposition_line(d, now)));
    lines.join("\n")
}

fn status_text(status: FindingStatus) -> String {
    let style = if status == FindingStatus::Open { WARNING } else { GOOD };
    format!("{style}{}{style:#}", status.as_str())
}

fn sighting_line(sighting: &Observation) -> String {
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
    format!(
        "  {} seen {} times {commit}{branch}{place} {DIM}(change {}){DIM:#}",
        day(sighting.first_seen),
        sighting.times,
        printable(base)
    )
}

fn disposition_line(disposition: &Disposition, now: Timestamp) -> String {
    let until = match disposition.until {
        Some(until) if until <= now => format!(" until {} (over)", day(until)),
        Some(until) => format!(" until {}", day(until)),
        None => String::new(),
    };
    format!(
        "  {} {}{until} by {}: {}",
        day(disposition.time),
        disposition.decision.as_str(),
        printable(&disposition.actor),
        printable(&disposition.reason)
    )
}

fn day(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M UTC").to_string()
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
