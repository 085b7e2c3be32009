//! The question for the cause of a bug.

use crate::domain::model::class::LISTED;
use crate::domain::review::arbiter::as_data;
use crate::domain::review::template::render;

const DIAGNOSE: &str = include_str!("prompts/diagnose.md");

/// What the question shows. All of it is without secrets.
#[derive(Clone, Copy, Debug)]
pub struct DiagnosisPrompt<'a> {
    pub report: &'a str,
    /// The conventions of the code base.
    pub rules: &'a [String],
    /// What was wrong with the answer before, one a line; empty for the first.
    pub refused: &'a [String],
    /// Drawn for this prompt alone.
    pub fence_nonce: &'a str,
    /// How many files and changed lines beside tests a repair may have.
    pub files_max: usize,
    pub lines_max: usize,
}

/// The question.
pub fn diagnose(ask: DiagnosisPrompt<'_>) -> String {
    let data = |name, text: &str, none| as_data(name, ask.fence_nonce, text, none);
    render(DIAGNOSE, &|name| {
        Some(match name {
            "token" => ask.fence_nonce.to_owned(),
            "files" => ask.files_max.to_string(),
            "lines" => ask.lines_max.to_string(),
            "classes" => LISTED.map(|(class, _)| class).join(", "),
            "report" => data("report", ask.report, "It is empty.\n"),
            "rules" => data("rules", &ask.rules.join("\n\n"), "There are none.\n"),
            "refused" if ask.refused.is_empty() => String::new(),
            "refused" => format!(
                "## Your answer before was not taken\nAnswer again without what was wrong:\n{}",
                data("refused", &ask.refused.join("\n"), "")
            ),
            _ => return None,
        })
    })
}
