//! The prompts of research.

use crate::domain::research::shard::ResearchShard;
use crate::domain::review::arbiter::as_data;
use crate::domain::review::template::render;

const WEB: &str = include_str!("prompts/web.md");
const CODE: &str = include_str!("prompts/code.md");
const PROBLEM: &str = include_str!("prompts/problem.md");
const SOLUTIONS: &str = include_str!("prompts/solutions.md");
const COMPARISON: &str = include_str!("prompts/comparison.md");

/// What a question shows. All of it is without secrets.
#[derive(Clone, Copy, Debug)]
pub struct ResearchPrompt<'a> {
    /// The spec, in the form that every role is given.
    pub spec: &'a str,
    /// What the person said who rejected what was found before; empty for the first time.
    pub note: &'a str,
    /// Drawn for this prompt alone.
    pub fence_nonce: &'a str,
}

/// The question of a shard.
pub fn question(shard: ResearchShard, ask: ResearchPrompt<'_>) -> String {
    let (template, task) = match shard {
        ResearchShard::Problem => (WEB, PROBLEM),
        ResearchShard::Solutions => (WEB, SOLUTIONS),
        ResearchShard::Comparison => (WEB, COMPARISON),
        ResearchShard::Code => (CODE, ""),
    };
    let data = |name, text: &str| as_data(name, ask.fence_nonce, text, "");
    render(template, &|name| {
        Some(match name {
            "token" => ask.fence_nonce.to_owned(),
            "task" => render(task, &|_| None),
            "spec" => data("spec", ask.spec),
            "note" if ask.note.is_empty() => String::new(),
            "note" => format!(
                "## What was found before was rejected\nThe person who asked for it says what should be otherwise:\n{}",
                data("note", ask.note)
            ),
            _ => return None,
        })
    })
}
