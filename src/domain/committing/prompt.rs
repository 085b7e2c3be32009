//! The question for the message of a commit.

use crate::domain::policy::gate_settings::CommitMessage;
use crate::domain::review::arbiter::as_data;
use crate::domain::review::template::render;

const COMMIT: &str = include_str!("prompts/commit.md");

/// How many bytes of a change are shown; the list of its files stands before them.
pub const SHOWN_MAX: usize = 60_000;

/// What the question shows. All of it is without secrets.
#[derive(Clone, Copy, Debug)]
pub struct CommitPrompt<'a> {
    /// What is committed, as git shows it.
    pub diff: &'a str,
    /// The first lines of the commits before it.
    pub before: &'a [String],
    pub policy: &'a CommitMessage,
    /// Drawn for this prompt alone.
    pub fence_nonce: &'a str,
}

/// The question.
pub fn commit_message(ask: CommitPrompt<'_>) -> String {
    let data = |name, text: &str, none| as_data(name, ask.fence_nonce, text, none);
    render(COMMIT, &|name| {
        Some(match name {
            "token" => ask.fence_nonce.to_owned(),
            "types" => ask.policy.types.join(", "),
            "length" => ask.policy.subject_max.to_string(),
            "diff" => data("diff", &start_of(ask.diff), "Nothing of it can be shown.\n"),
            "before" => data("before", &ask.before.join("\n"), "There are none.\n"),
            _ => return None,
        })
    })
}

/// As much as is shown, in whole lines, and how much is not.
fn start_of(diff: &str) -> String {
    if diff.len() <= SHOWN_MAX {
        return diff.to_owned();
    }
    let mut shown = String::new();
    for line in diff.split_inclusive('\n') {
        if shown.len() + line.len() > SHOWN_MAX {
            break;
        }
        shown.push_str(line);
    }
    let left = diff.len() - shown.len();
    format!("{shown}(and {left} bytes more, which are not shown)\n")
}
