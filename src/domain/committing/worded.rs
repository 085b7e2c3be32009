//! The message of a commit as an agent words it, held to the form that the policy asks for.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::domain::gates::commit_message;
use crate::domain::model::finding::Effect;
use crate::domain::model::terminal::{is_hidden, printable};
use crate::domain::planning::reading::{object, read};
use crate::domain::policy::gate_settings::CommitMessage;

/// The trailer that names who worded the message.
pub const WORDED_BY: &str = "Tribunal-Message";

/// How much of a body is taken.
const BODY_MAX: usize = 4000;

/// What an agent answers: a first line, and what is said below it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WordedMessage {
    pub subject: String,
    /// Empty where the first line says it all.
    pub body: String,
}

/// The schema of the answer.
pub fn schema() -> Value {
    let text = json!({"type": "string"});
    object(&json!({"subject": text, "body": text}))
}

/// Reads an answer.
///
/// # Errors
///
/// What does not fit, for the agent that gave it.
pub fn parse(value: &Value) -> Result<WordedMessage, String> {
    let WordedMessage { subject, body } = read(value)?;
    let body = body.replace("\r\n", "\n").trim().to_owned();
    Ok(WordedMessage { subject: subject.trim().to_owned(), body })
}

impl WordedMessage {
    /// Why it is no message that may be committed, for the agent that gave it.
    pub fn problem(&self, policy: &CommitMessage) -> Option<String> {
        let Self { subject, body } = self;
        if subject.is_empty() {
            return Some("`subject` is empty".to_owned());
        }
        if !commit_message::is_well_formed(subject, policy) {
            let found = commit_message::check(subject.as_bytes(), policy, Effect::Block);
            return Some(found.map_or_else(
                || format!("`subject` is no `<type>(<scope>): <description>`: {subject}"),
                |found| format!("{}: {}", found.message, found.suggestion),
            ));
        }
        let hides = |c: char| is_hidden(c) && c != '\n' && c != '\t';
        if subject.chars().any(is_hidden) || body.chars().any(hides) {
            return Some("it holds characters that cannot be seen".to_owned());
        }
        if body.len() > BODY_MAX {
            return Some(format!("`body` has more than {BODY_MAX} bytes"));
        }
        if let Some(line) = body.lines().find(|line| is_trailer(line)) {
            return Some(format!("`body` has a trailer, which is not yours to write: {line}"));
        }
        if names_issue(subject) || names_issue(body) {
            return Some("it names an issue by its number, which a forge acts on".to_owned());
        }
        if skips_checks(subject) || skips_checks(body) {
            return Some("it holds words that have a forge skip its checks".to_owned());
        }
        None
    }

    /// The whole message, with who worded it.
    pub fn message(&self, by: &str) -> String {
        let body = if self.body.is_empty() { String::new() } else { format!("{}\n\n", self.body) };
        format!("{}\n\n{body}{WORDED_BY}: {}\n", self.subject, printable(by))
    }
}

/// Whether a line reads like `Signed-off-by: somebody`.
fn is_trailer(line: &str) -> bool {
    let name = line.trim_start().split_once(':').map(|(name, _)| name).unwrap_or_default();
    name.contains('-') && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
}

/// Whether a text has `#` before a number.
fn names_issue(text: &str) -> bool {
    let digit = |part: &str| part.starts_with(|c: char| c.is_ascii_digit());
    let in_address = ["/issues/", "/pull/", "/merge_requests/"];
    let follows = |mark: &str| text.split(mark).skip(1).any(digit);
    follows("#") || follows("GH-") || in_address.into_iter().any(follows)
}

/// Whether a text has what CI systems take for an order to leave a commit unchecked: `[skip ci]`, `[no ci]`, `***NO_CI***`.
fn skips_checks(text: &str) -> bool {
    let text = text.to_lowercase();
    let is_order = |words: &str| {
        let is_skip = |word: &str| matches!(word, "skip" | "no");
        let mut words = words.split([' ', '-', '_']).filter(|word| !word.is_empty());
        let (first, second) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        words.next().is_none()
            && !second.is_empty()
            && (is_skip(first) || is_skip(second))
            && (is_skip(first) != is_skip(second))
    };
    let in_brackets = |text: &str| {
        text.split('[')
            .skip(1)
            .filter_map(|part| part.split_once(']'))
            .any(|(words, _)| is_order(words))
    };
    in_brackets(&text) || text.contains("***no_ci***")
}
