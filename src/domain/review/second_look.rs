//! Whether a second process dismissed a finding for the same reason as the arbiter.

use std::collections::BTreeSet;

use rust_stemmers::{Algorithm, Stemmer};

use crate::domain::review::arbiter_decision::{ArbiterDecision, ArbiterVerdict, SecondLook};

/// The part of the fewer words that two steps share where they are one and the same.
const SHARED: usize = 3;

/// Words that every sentence has.
const EMPTY: [&str; 44] = [
    "a", "an", "the", "is", "are", "be", "was", "it", "its", "of", "to", "in", "on", "at", "for",
    "and", "or", "not", "no", "never", "cannot", "can", "that", "this", "there", "with", "by",
    "as", "so", "if", "where", "which", "what", "will", "would", "does", "do", "has", "have",
    "step", "path", "happen", "from", "here",
];

/// Compares a dismissal with what a process said that did not see it. Both must come to the same, and a
/// refutation must break the same step of the failure path.
pub fn compare(first: &ArbiterDecision, second: &ArbiterDecision) -> SecondLook {
    if second.verdict != first.verdict {
        let why = format!("{}: {}", second.verdict.as_str(), second.reason);
        return SecondLook::Disagreed { why };
    }
    if first.verdict == ArbiterVerdict::Refuted && !is_same_step(&first.breaks, &second.breaks) {
        let why = format!("refuted by another step: {}", second.reason);
        return SecondLook::Disagreed { why };
    }
    SecondLook::Agreed { reason: second.reason.clone() }
}

/// Whether two descriptions of a step share a third of the words of the shorter one.
fn is_same_step(one: &str, other: &str) -> bool {
    let (one, other) = (words(one), words(other));
    let fewer = one.len().min(other.len());
    let shared = one.intersection(&other).count();
    shared > 0 && shared * SHARED >= fewer
}

fn words(text: &str) -> BTreeSet<String> {
    let stemmer = Stemmer::create(Algorithm::English);
    text.split(|c: char| !c.is_alphanumeric() && c != '_')
        .map(str::to_lowercase)
        .filter(|word| !word.is_empty() && !EMPTY.contains(&word.as_str()))
        .map(|word| stemmer.stem(&word).into_owned())
        .collect()
}
