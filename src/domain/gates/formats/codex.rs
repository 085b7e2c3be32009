//! Reads the answers of Codex's review.

use serde::Deserialize;

use crate::domain::gates::formats::report::{FormatError, ToolFinding, json};

const FORMAT: &str = "a Codex review";

#[derive(Deserialize)]
struct Review {
    findings: Vec<Finding>,
}

/// The plug-in's and the program's own findings have different keys for the same things.
#[derive(Deserialize)]
struct Finding {
    title: String,
    #[serde(default)]
    body: String,
    severity: Option<String>,
    priority: Option<u8>,
    class: Option<String>,
    file: Option<String>,
    line_start: Option<u32>,
    line_end: Option<u32>,
    #[serde(default)]
    recommendation: String,
    code_location: Option<CodeLocation>,
}

#[derive(Deserialize)]
struct CodeLocation {
    absolute_file_path: String,
    line_range: LineRange,
}

#[derive(Deserialize)]
struct LineRange {
    start: u32,
    end: u32,
}

pub fn read(text: &str) -> Result<Vec<ToolFinding>, FormatError> {
    let review: Review = json(FORMAT, text)?;
    Ok(review.findings.into_iter().map(raw).collect())
}

fn raw(finding: Finding) -> ToolFinding {
    let (marked, title) = marked(&finding.title);
    let priority = finding.priority.map(|priority| format!("p{}", priority.min(3)));
    let severity = finding.severity.or(priority).or(marked).unwrap_or_default();
    let place = finding.code_location;
    let own = (finding.file, finding.line_start, finding.line_end);
    let (path, line, end_line) = match place {
        Some(place) => (place.absolute_file_path, place.line_range.start, place.line_range.end),
        None => (
            own.0.unwrap_or_default(),
            own.1.unwrap_or_default(),
            own.2.or(own.1).unwrap_or_default(),
        ),
    };
    let message = match finding.body.trim() {
        "" => title.to_owned(),
        body => format!("{title}: {body}"),
    };
    ToolFinding {
        tool: "codex".to_owned(),
        rule: String::new(),
        // Free text has no rule; its words are what can be compared.
        class: Some(finding.class.unwrap_or_else(|| format!("other/{title}"))),
        severity,
        path,
        line,
        column: 0,
        end_line,
        anchor: String::new(),
        message,
        suggestion: finding.recommendation,
    }
}

/// `[P1] title` to the priority and the title.
fn marked(title: &str) -> (Option<String>, &str) {
    let parts = title.trim().strip_prefix('[').and_then(|rest| rest.split_once(']'));
    match parts {
        Some((mark, rest)) if mark.len() == 2 && mark.to_lowercase().starts_with('p') => {
            (Some(mark.to_lowercase()), rest.trim())
        }
        _ => (None, title.trim()),
    }
}
