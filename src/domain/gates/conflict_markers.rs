//! The conflict-markers gate: stops unresolved merge conflicts.

use anyhow::Result;
use bstr::ByteSlice as _;

use crate::domain::gates::view::{FileView, quoted};
use crate::domain::model::class::Class;
use crate::domain::model::finding::{Effect, Finding, Location};
use crate::domain::model::gate::Gate;
use crate::domain::model::severity::Severity;

/// Finds conflict markers on lines that the change adds: a start and an end of seven signs each, as
/// git writes them. A line of equals signs alone underlines a heading and is no marker.
pub fn check(view: &FileView<'_>, effect: Effect) -> Result<Vec<Finding>> {
    // Asked first because it costs next to nothing, and nearly no file passes.
    if view.new.find(b"<<<<<<< ").is_none() && view.new.find(b">>>>>>> ").is_none() {
        return Ok(Vec::new());
    }
    let mut findings = Vec::new();
    let mut added = view.added()?.iter().peekable();
    for (at, line) in view.new.lines().enumerate() {
        let number = u32::try_from(at + 1).unwrap_or(u32::MAX);
        while added.next_if(|lines| lines.end <= number).is_some() {}
        if is_marker(line) && added.peek().is_some_and(|lines| lines.start <= number) {
            findings.push(Finding {
                gate: Gate::ConflictMarkers,
                rule: "conflict-marker".to_owned(),
                class: Class::new("repository/conflict-marker"),
                severity: Severity::High,
                effect,
                place: Some(Location::line(view.file.path.clone(), number)),
                anchor: quoted(line),
                message: "unresolved merge conflict marker".to_owned(),
                suggestion: "resolve the conflict and stage the file again".to_owned(),
            });
        }
    }
    Ok(findings)
}

fn is_marker(line: &[u8]) -> bool {
    line.starts_with(b"<<<<<<< ") || line.starts_with(b">>>>>>> ")
}
