//! The questions about an idea: for a spec of it, and for what is wrong with that.

use crate::domain::planning::plan_review::PlanFinding;
use crate::domain::planning::prompt::in_words;
use crate::domain::review::arbiter::as_data;
use crate::domain::review::template::render;
use crate::domain::specifying::idea::{BesideFile, Idea};

const WRITE: &str = include_str!("prompts/write.md");
const REVIEW: &str = include_str!("prompts/review.md");

/// What both questions show. All of it is without secrets.
#[derive(Clone, Copy, Debug)]
pub struct SpecifyingPrompt<'a> {
    pub idea: &'a Idea,
    /// The spec that was written last; empty before there was one.
    pub spec: &'a str,
    /// What its review found.
    pub findings: &'a [PlanFinding],
    /// The conventions of the code base.
    pub rules: &'a [String],
    /// What was wrong with the answer before, one a line; empty for the first.
    pub refused: &'a [String],
    /// Drawn for this prompt alone.
    pub fence_nonce: &'a str,
    /// How many files and changed lines beside tests a task may have.
    pub files_max: usize,
    pub lines_max: usize,
}

/// Which spec the idea asks for.
pub fn write(ask: SpecifyingPrompt<'_>) -> String {
    fill(WRITE, ask)
}

/// What is wrong with the spec.
pub fn review(ask: SpecifyingPrompt<'_>) -> String {
    fill(REVIEW, ask)
}

fn fill(template: &str, ask: SpecifyingPrompt<'_>) -> String {
    let data = |name, text: &str, none| as_data(name, ask.fence_nonce, text, none);
    render(template, &|name| {
        Some(match name {
            "token" => ask.fence_nonce.to_owned(),
            "files" => ask.files_max.to_string(),
            "lines" => ask.lines_max.to_string(),
            "idea" => data("idea", &ask.idea.text, "It is empty.\n"),
            "beside" => data("beside", &files(&ask.idea.beside), "There are none.\n"),
            "spec" => data("spec", ask.spec, "There is none.\n"),
            "rules" => data("rules", &ask.rules.join("\n\n"), "There are none.\n"),
            "before" if ask.spec.is_empty() => String::new(),
            "before" => format!(
                "## Your spec before, and what its review found\nWrite it again, without what was wrong, and keep what \
                 was right. Where a finding asks for what the idea does not say, it is a question with an \
                 assumption:\n{}{}",
                data("spec", ask.spec, ""),
                data("findings", &in_words(ask.findings), "Nothing was found.\n"),
            ),
            "refused" if ask.refused.is_empty() => String::new(),
            "refused" => format!(
                "## Your answer before was not taken\nAnswer again without what was wrong:\n{}",
                data("refused", &ask.refused.join("\n"), "")
            ),
            _ => return None,
        })
    })
}

fn files(beside: &[BesideFile]) -> String {
    let pages = beside.iter().map(|file| format!("# The file {}\n\n{}\n", file.name, file.text));
    pages.collect::<Vec<_>>().join("\n")
}
