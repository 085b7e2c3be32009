//! Signs in a spec that something is to be chosen, or is new to the code; the same spec and code always give the same.

use std::collections::BTreeSet;

use crate::domain::model::text::one_line;
use crate::domain::spec::types::{Spec, SpecEntry};

/// The beginnings of words of a choice.
const CHOOSES: [&str; 7] = ["choos", "chose", "pick", "select", "evaluat", "decid", "which"];

/// The beginnings of words for what is built with.
const TECHNOLOGY: [&str; 14] = [
    "library",
    "libraries",
    "framework",
    "database",
    "protocol",
    "algorithm",
    "engine",
    "vendor",
    "provider",
    "crate",
    "package",
    "technolog",
    "broker",
    "middleware",
];

/// From how many names on that the code does not have a spec enters something new.
const NEW_NAMES: usize = 3;

/// The words of criteria that are written large.
const KEYWORDS: [&str; 14] = [
    "WHEN", "THEN", "SHALL", "WHILE", "WHERE", "MUST", "SHOULD", "NOT", "AND", "THE", "IF", "OR",
    "GIVEN", "MAY",
];

/// The sentences that ask for a choice of what is built with.
pub fn choices(spec: &Spec) -> Vec<String> {
    let asks = |sentence: &&str| {
        let words: Vec<String> = words(sentence).map(str::to_lowercase).collect();
        let has = |stems: &[&str]| {
            words.iter().any(|word| stems.iter().any(|stem| word.starts_with(stem)))
        };
        has(&CHOOSES) && has(&TECHNOLOGY)
    };
    let all = texts(spec);
    let sentences = all.iter().flat_map(|text| text.split(['.', '?', '!', ';']));
    sentences
        .filter(asks)
        .map(|sentence| format!("the spec leaves a choice: \"{}\"", one_line(sentence)))
        .take(3)
        .collect()
}

/// The names in a spec of things outside it: written large within a sentence, as names of products and
/// protocols are.
pub fn names(spec: &Spec) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for text in texts(spec) {
        for sentence in text.split(['.', '?', '!', ':', '\n']) {
            let later = words(sentence).skip(1);
            names.extend(later.filter(|word| is_name(word)).map(str::to_owned));
        }
    }
    names
}

/// The sign that the code has none of several names; `has` tells whether it has one.
pub fn new_names(names: &BTreeSet<String>, has: &dyn Fn(&str) -> bool) -> Option<String> {
    let new: Vec<String> =
        names.iter().filter(|name| !has(name)).map(|name| format!("`{name}`")).collect();
    let is_new = new.len() >= NEW_NAMES;
    is_new.then(|| format!("the spec speaks of what the code has not: {}", new.join(", ")))
}

fn is_name(word: &str) -> bool {
    let long = word.chars().count() >= 3;
    let plain = word.chars().all(|c| c.is_ascii_alphabetic());
    let begins = word.chars().next().is_some_and(|c| c.is_ascii_uppercase());
    let inside = word.chars().skip(1).any(|c| c.is_ascii_uppercase());
    long && plain && (begins || inside) && !KEYWORDS.contains(&word)
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty())
}

fn texts(spec: &Spec) -> Vec<&str> {
    let mut texts = vec![spec.title.as_str(), spec.goal.as_str()];
    texts.extend(spec.all_criteria().map(|one| one.text.as_str()));
    let lists = [&spec.constraints, &spec.edge_cases, &spec.open_questions];
    texts.extend(lists.into_iter().flatten().map(|entry: &SpecEntry| entry.text.as_str()));
    texts.extend(spec.steps.iter().map(|step| step.spec.as_str()));
    texts
}
