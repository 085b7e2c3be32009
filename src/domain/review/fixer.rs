//! The executor's prompt for a fix.

use crate::domain::review::arbiter::as_data;
use crate::domain::review::finding::ReviewFinding;
use crate::domain::review::template::render;

const TEMPLATE: &str = include_str!("prompts/fixer.md");

/// One fix to be made by the executor.
#[derive(Clone, Copy, Debug)]
pub struct FixPrompt<'a> {
    /// `None` where there is none.
    pub spec: Option<&'a str>,
    /// One a line.
    pub instructions: &'a [String],
    /// What the commands printed that failed; empty where none did.
    pub printed: &'a str,
    /// The findings that the instructions are about; empty where the gates ask for the fix.
    pub places: &'a [&'a ReviewFinding],
    /// All that apply to the touched paths, also those that a check enforces: to know them is
    /// cheaper than a failed gate.
    pub rules: &'a [String],
    /// Why the fix before this was refused; empty for the first.
    pub refused: &'a [String],
    /// Drawn for this prompt alone.
    pub fence_nonce: &'a str,
}

/// The executor's prompt. Of a finding it shows the place and the text meant, not the claim: the
/// instruction is the arbiter's.
pub fn prompt(task: FixPrompt<'_>) -> String {
    let data = |name, text: &str, none| as_data(name, task.fence_nonce, text, none);
    let places: Vec<String> = task.places.iter().map(|finding| place(finding)).collect();
    render(TEMPLATE, &|name| {
        Some(match name {
            "token" => task.fence_nonce.to_owned(),
            "spec" => data("spec", task.spec.unwrap_or_default(), "There is none.\n"),
            "instructions" => data("instructions", &task.instructions.join("\n"), "None.\n"),
            "printed" => data("printed", task.printed, "Nothing failed, or it printed nothing.\n"),
            "places" => data("places", &places.join("\n"), "The instructions name them.\n"),
            "refused" if task.refused.is_empty() => String::new(),
            "refused" => format!(
                "## Your fix before this was refused\nThe folder is again as it was before it. Repair it without what was wrong:\n{}",
                data("refused", &task.refused.join("\n"), "")
            ),
            "rules" => data("rules", &task.rules.join("\n\n"), "There are none.\n"),
            _ => return None,
        })
    })
}

fn place(finding: &ReviewFinding) -> String {
    let lines = match finding.anchored.lines() {
        Some((line, end)) if line == end => format!("line {line}"),
        Some((line, end)) => format!("lines {line} to {end}"),
        None => "place unknown".to_owned(),
    };
    format!("{}: {}, {lines}\n{}\n", finding.id, finding.path, finding.anchor)
}
