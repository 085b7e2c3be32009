//! The texts of the prompts in `prompts/`, and what fills their places.

use std::sync::LazyLock;

pub const AGAIN: &str = include_str!("prompts/again.md");
pub const ARBITER: &str = include_str!("prompts/arbiter.md");
pub const CRITERIA: &str = include_str!("prompts/criteria.md");
pub const REPAIR: &str = include_str!("prompts/repair.md");
pub const REVIEWER: &str = include_str!("prompts/reviewer.md");
pub const VERIFIER: &str = include_str!("prompts/verifier.md");

/// What a verifier does beside verifying: of a change as it was made, and of a fix.
pub const VERIFIER_TASK_CHANGE: &str = include_str!("prompts/verifier_task_change.md");
pub const VERIFIER_TASK_FIX: &str = include_str!("prompts/verifier_task_fix.md");
pub const VERIFIER_LOOK_CHANGE: &str = include_str!("prompts/verifier_look_change.md");
pub const VERIFIER_LOOK_FIX: &str = include_str!("prompts/verifier_look_fix.md");

/// The hash of all prompts that a verdict depends on, for the question's name.
pub fn fingerprint() -> &'static str {
    static FINGERPRINT: LazyLock<String> = LazyLock::new(hash_of_prompts);
    &FINGERPRINT
}

fn hash_of_prompts() -> String {
    let mut hasher = blake3::Hasher::new();
    let verifier =
        [VERIFIER_TASK_CHANGE, VERIFIER_TASK_FIX, VERIFIER_LOOK_CHANGE, VERIFIER_LOOK_FIX];
    for text in [REVIEWER, VERIFIER, CRITERIA, AGAIN, REPAIR, ARBITER].into_iter().chain(verifier) {
        hasher.update(&(text.len() as u64).to_le_bytes()).update(text.as_bytes());
    }
    hasher.finalize().to_hex().to_string()
}

/// Fills the places `{{name}}` of a prompt in one pass: what is filled in is not looked through. Its
/// first line is its version, which is not sent.
pub fn render(prompt: &str, text: &dyn Fn(&str) -> Option<String>) -> String {
    let (_, mut rest) = prompt.split_once('\n').unwrap_or_default();
    let mut rendered = String::with_capacity(rest.len());
    while let Some((before, (name, after))) =
        rest.split_once("{{").and_then(|(before, on)| Some((before, on.split_once("}}")?)))
    {
        rendered.push_str(before);
        rendered.push_str(&text(name).unwrap_or_else(|| format!("{{{{{name}}}}}")));
        rest = after;
    }
    rendered.push_str(rest);
    rendered
}
