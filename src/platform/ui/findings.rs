//! Kept findings, for people and for programs.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::domain::model::finding::Location;
use crate::domain::model::oid::Oid;
use crate::domain::model::report::Reported;
use crate::domain::model::severity::Severity;
use crate::domain::model::standing::ACTOR;
use crate::domain::model::stored_finding::{
    Disposition, FindingHistory, FindingStatus, Observation, SeenOn, StoredFinding,
};
use crate::domain::model::terminal;
use crate::domain::model::terminal::printable;
use crate::domain::model::text::{counted, short_id};
use crate::platform::ui::out::{DIM, ERROR, GOOD, HINT, WARNING};
use crate::platform::ui::report::{hint_of, json_finding};
use crate::platform::ui::styled_text::StyledText;
use crate::platform::ui::time::local;

/// The widest place in a table, in characters; the end of a path says more than its beginning.
const PLACE_WIDTH_MAX: usize = 28;

/// The widest branch in a table, in characters.
const BRANCH_WIDTH_MAX: usize = 20;

/// Whether a table says of each finding how it stands: not where only open ones are listed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum StatusColumn {
    Shown,
    LeftOut,
}

/// A table of findings with its heading; an empty text where there are none. `seen_on` says where each of
/// them was seen. `columns` is how many fit on a line: what is longer is cut there. Elsewhere nothing is cut.
pub fn table(
    findings: &[StoredFinding],
    seen_on: &[Option<SeenOn>],
    total: usize,
    status: StatusColumn,
    columns: Option<usize>,
) -> StyledText {
    if findings.is_empty() {
        return StyledText::default();
    }
    let places: Vec<String> = findings.iter().map(short_place).collect();
    let width = places.iter().map(|place| place.chars().count()).max().unwrap_or(0).max(5);
    let status_heading = match status {
        StatusColumn::Shown => "STATUS     ",
        StatusColumn::LeftOut => "",
    };
    let heading = format!("ID      {status_heading}SEVERITY  {:<width$}", "WHERE");
    let on: Vec<String> =
        seen_on.iter().map(|on| on.as_ref().map(short_on).unwrap_or_default()).collect();
    let on_width = on.iter().map(|on| on.chars().count()).max().filter(|width| *width > 0);
    let on_heading = on_width.map(|width| format!("  {:<width$}", "ON")).unwrap_or_default();
    let heading = format!("{heading}{on_heading}  WHAT");
    let mut lines = vec![StyledText::default().styled(DIM, heading)];
    lines.extend(findings.iter().zip(&places).zip(&on).map(|((kept, place), on)| {
        let on = on_width.map(|width| format!("  {on:<width$}")).unwrap_or_default();
        table_line(kept, &format!("{place:<width$}{on}"), status, columns)
    }));
    if total > findings.len() {
        let rest = total - findings.len();
        let more = format!("… and {rest} more: `--limit {total}` shows them");
        lines.push(StyledText::from(&more));
    }
    StyledText::lines(lines)
}

fn table_line(
    kept: &StoredFinding,
    place: &str,
    status: StatusColumn,
    columns: Option<usize>,
) -> StyledText {
    let finding = &kept.finding;
    let style = match (kept.status, finding.severity) {
        (FindingStatus::Open, Severity::Critical | Severity::High) => ERROR,
        (FindingStatus::Open, Severity::Medium | Severity::Low) => WARNING,
        _ => DIM,
    };
    let mut marks = format!("{:<8}", finding.severity.as_str());
    if status == StatusColumn::Shown {
        marks = format!("{:<9}  {marks}", kept.status.as_str());
    }
    let before = short_id(&kept.id).len() + marks.len() + terminal::columns(place) + 6;
    let message = printable(&finding.message);
    let class = format!("  [{}]", printable(finding.class.as_str()));
    let room = columns.map(|columns| columns.saturating_sub(before));
    let needed = terminal::columns(&message) + terminal::columns(&class);
    let fits = room.is_none_or(|room| needed <= room);
    let message = room.map_or_else(|| message.clone(), |room| terminal::cut(&message, room));
    let line = StyledText::from(&format!("{}  ", short_id(&kept.id)))
        .styled(style, marks)
        .text(format!("  {place}  {message}"));
    if fits { line.styled(DIM, class) } else { line }
}

/// The branch that a finding of a review is on, else its commit; of a long name the end.
fn short_on(seen_on: &SeenOn) -> String {
    let on = match seen_on {
        SeenOn { branch: Some(branch), .. } => printable(branch),
        SeenOn { branch: None, commit: Some(commit) } => commit.short().to_owned(),
        SeenOn { branch: None, commit: None } => return "uncommitted".to_owned(),
    };
    ending(on, BRANCH_WIDTH_MAX)
}

/// The place of a finding, of which a long path loses its beginning.
fn short_place(kept: &StoredFinding) -> String {
    let place = kept.finding.place.as_ref();
    let place = place.map_or_else(|| "the change".to_owned(), place_text);
    ending(place, PLACE_WIDTH_MAX)
}

/// The end of a text that has more characters than this.
fn ending(text: String, most: usize) -> String {
    let count = text.chars().count();
    if count <= most {
        return text;
    }
    let end: String = text.chars().skip(count + 1 - most).collect();
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
        StyledText::from(&format!("{} ", short_id(&kept.id))).then(status_text(kept.status)),
        StyledText::from(&format!("  what:     {}", printable(&finding.message))),
        StyledText::from(&format!("  where:    {place}")),
    ];
    let mut add = |name: &str, text: &str| {
        if !text.trim().is_empty() {
            lines.push(StyledText::from(&format!("  {name:<9} {}", printable(text.trim()))));
        }
    };
    add("text:", &finding.anchor);
    add("found by:", &format!("{}/{}", finding.gate, finding.rule));
    add("class:", finding.class.as_str());
    add("severity:", finding.severity.as_str());
    let changes = counted(history.sightings.len(), "change");
    let (first, last) = (day(kept.first_seen), day(kept.last_seen));
    add("seen:", &format!("in {changes}, first {first}, last {last}"));
    add("id:", &kept.id);
    if !finding.suggestion.is_empty() {
        let hint = format!(":     {}", hint_of(finding, Some(&kept.id)));
        lines.push(StyledText::from("  ").styled(HINT, "hint").text(hint));
    }
    let seen = history.sightings.iter().map(|seen| (seen.first_seen, sighting_line(seen)));
    let decided = history.dispositions.iter().map(|d| (d.time, disposition_line(d, now)));
    let mut steps: Vec<(Timestamp, StyledText)> = seen.chain(decided).collect();
    steps.sort_by_key(|(time, _)| *time);
    lines.extend(steps.into_iter().map(|(_, line)| line));
    StyledText::lines(lines)
}

fn status_text(status: FindingStatus) -> StyledText {
    let style = if status == FindingStatus::Open { WARNING } else { GOOD };
    StyledText::default().styled(style, status.as_str())
}

fn sighting_line(sighting: &Observation) -> StyledText {
    let commit = match &sighting.commit {
        Some(commit) => format!("in commit {}", commit.short()),
        None if sighting.change.starts_with("tree:") => "in a whole tree".to_owned(),
        None => "uncommitted".to_owned(),
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
    let first = day(sighting.first_seen);
    StyledText::from(&format!("  {first} seen {commit}{branch}{place}"))
}

fn disposition_line(disposition: &Disposition, now: Timestamp) -> StyledText {
    let until = match disposition.until {
        Some(until) if until <= now => format!(" until {} (over)", day(until)),
        Some(until) => format!(" until {}", day(until)),
        None => String::new(),
    };
    let by = match disposition.actor.as_str() {
        ACTOR => String::new(),
        actor => format!(" by {}", printable(actor)),
    };
    let reason = printable(&disposition.reason);
    let commit = disposition.commit.as_ref().map(Oid::short);
    let at = match commit.filter(|commit| !reason.contains(commit)) {
        Some(commit) => format!(" at commit {commit}"),
        None => String::new(),
    };
    let (day, word) = (day(disposition.time), disposition.decision.as_str());
    StyledText::from(&format!("  {day} {word}{until}{by}{at}: {reason}"))
}

fn day(time: Timestamp) -> String {
    local(time)
}

/// A kept finding as a report has it.
pub fn reported(kept: &StoredFinding) -> Reported {
    Reported {
        id: Some(kept.id.clone()),
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

/// The same in a list, with where a finding of a review was seen last.
pub fn json_listed(kept: &StoredFinding, seen_on: Option<&SeenOn>) -> Value {
    let mut value = json_kept(kept);
    if let Some(seen_on) = seen_on {
        value["seen_on"] = json!({ "branch": seen_on.branch, "commit": seen_on.commit });
    }
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
                "commit": d.commit,
            })
        })
        .collect();
    value
}
