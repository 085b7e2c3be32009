//! The sections of a step's text, for authors who write criteria as text: a line that names a section, and
//! a list below it.

use crate::domain::model::text::one_line;
use crate::domain::spec::outline::section_part;
use crate::domain::spec::parsed::SpecPart;

/// The items of the lists in a text, each with the section that it is in.
pub(in crate::domain::spec) fn items(text: &str) -> Vec<(SpecPart, String)> {
    let mut items: Vec<(SpecPart, String)> = Vec::new();
    let mut section = None;
    let mut is_open = false;
    for line in text.lines() {
        let body = line.trim();
        if let Some(part) = heading(body) {
            (section, is_open) = (Some(part), false);
        } else if let Some(item) = list_item(body) {
            is_open = section.is_some();
            items.extend(section.map(|part| (part, one_line(item))));
        } else if body.is_empty() {
            is_open = false;
        } else if is_open && line.starts_with([' ', '\t']) {
            if let Some((_, item)) = items.last_mut() {
                item.push(' ');
                item.push_str(&one_line(body));
            }
        } else {
            section = None;
        }
    }
    items.retain(|(_, item)| !item.is_empty());
    items
}

/// The section that a line names: `## Acceptance criteria`, `**Critical if:**`, `Constraints:`.
fn heading(line: &str) -> Option<SpecPart> {
    if list_item(line).is_some() {
        return None;
    }
    let name = line.trim_matches(['#', '*', '_', ':', ' ']);
    section_part(name)
}

fn list_item(line: &str) -> Option<&str> {
    let number = line.trim_start_matches(|c: char| c.is_ascii_digit());
    let rest = if number.len() < line.len() {
        number.strip_prefix(['.', ')'])?
    } else {
        line.strip_prefix(['-', '*', '+', '•'])?
    };
    let item = rest.strip_prefix(char::is_whitespace)?.trim();
    let marks = ["[ ]", "[x]", "[X]"];
    Some(marks.iter().find_map(|mark| item.strip_prefix(mark)).unwrap_or(item).trim())
}
