//! The words that are not used, by the list in the glossary: help, messages and documents.

use super::texts::{documents, is_markdown, literals, top};
use super::{commands, help};
use crate::harness::Sandbox;

const HEADING: &str = "## Words that are not used";

/// What is said to a model, which is no message to a person.
const TO_MODELS: [&str; 4] = [
    "src/domain/review/prompt.rs",
    "src/domain/review/arbiter.rs",
    "src/domain/review/fixer.rs",
    "src/domain/constitution/drafter.rs",
];

/// The words, each with what is said instead.
fn unused() -> Vec<(String, String)> {
    let glossary = std::fs::read_to_string(top().join("docs/domain-model.md")).unwrap();
    let (_, list) = glossary.split_once(HEADING).unwrap();
    let rows = list.lines().filter(|line| line.starts_with("| ")).skip(1);
    let mut words = Vec::new();
    for row in rows {
        let mut cells = row.trim_matches('|').split('|').map(str::trim);
        let (forms, instead) = (cells.next().unwrap(), cells.next().unwrap());
        words.extend(forms.split(", ").map(|form| (form.to_lowercase(), instead.to_owned())));
    }
    words
}

/// The words of the list that a text has.
fn found<'a>(words: &'a [(String, String)], text: &str) -> Vec<&'a (String, String)> {
    let text = text.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ");
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let has = |word: &str| {
        text.match_indices(word).any(|(at, _)| {
            let before = text[..at].chars().next_back();
            let after = text[at + word.len()..].chars().next();
            !before.is_some_and(is_part) && !after.is_some_and(is_part)
        })
    };
    words.iter().filter(|(word, _)| has(word)).collect()
}

/// A document without what is quoted as code, and the glossary without the list itself.
fn prose(text: &str) -> String {
    let text = text.split_once(HEADING).map_or(text, |(before, _)| before);
    text.split('`').step_by(2).collect()
}

#[test]
fn help_messages_and_documents_use_the_words_of_the_field() {
    let words = unused();
    assert!(words.len() > 30, "{words:?}");
    let sandbox = Sandbox::new();
    let mut texts: Vec<(String, String)> = commands(&sandbox)
        .into_iter()
        .map(|(path, text)| (format!("tribunal {} --help", path.join(" ")), text))
        .collect();
    texts.push(("tribunal hook --help".to_owned(), help(&sandbox, &["hook"]).stdout));
    texts.extend(documents().into_iter().map(|(path, text)| {
        let text = if is_markdown(&path) { prose(&text) } else { text };
        (path, text)
    }));
    let is_for_people = |(file, text): &(String, String)| {
        let is_sql =
            ["SELECT", "INSERT", "CREATE", "UPDATE", "DELETE"].iter().any(|w| text.contains(w));
        text.trim().contains(' ') && !is_sql && !TO_MODELS.contains(&file.as_str())
    };
    texts.extend(literals().into_iter().filter(is_for_people));
    let mut wrong = Vec::new();
    for (place, text) in &texts {
        for (word, instead) in found(&words, text) {
            let shown: String = text.chars().take(160).collect();
            let shown = if place.contains('.') && text.len() > 400 { String::new() } else { shown };
            wrong.push(format!("{place}: `{word}`, say: {instead}\n    {shown}"));
        }
    }
    assert!(wrong.is_empty(), "{}\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn a_word_of_the_list_is_found_wherever_it_is() {
    let words = [("law".to_owned(), String::new()), ("take in".to_owned(), String::new())];
    for (text, count) in [
        ("The Law.", 1),
        ("lawyer, flaw, law_of", 0),
        ("take\n  in", 1),
        ("law-changed; take in", 2),
    ] {
        assert_eq!(found(&words, text).len(), count, "{text}");
    }
}

/// A number and its noun: `counted` writes `1 file` and `2 files`. What is said of a bound is always more
/// than one.
#[test]
fn a_noun_behind_a_number_is_written_by_what_knows_the_number() {
    const NOUNS: [&str; 17] = [
        "files",
        "rules",
        "commits",
        "findings",
        "errors",
        "warnings",
        "times",
        "calls",
        "specs",
        "events",
        "folders",
        "changes",
        "questions",
        "problems",
        "rounds",
        "lines",
        "days",
    ];
    const OF_MANY: [&str; 6] =
        ["more than {", "at most {", " of {", " of the ", "the last {", "newest {"];
    let mut wrong = Vec::new();
    for (file, text) in literals() {
        if TO_MODELS.contains(&file.as_str()) || OF_MANY.iter().any(|bound| text.contains(bound)) {
            continue;
        }
        let after_numbers = text.split('}').skip(1).filter_map(|rest| rest.strip_prefix(' '));
        for rest in after_numbers {
            let word = rest.split(|c: char| !c.is_alphabetic()).next().unwrap_or_default();
            if NOUNS.contains(&word) && !KNOWN_TO_BE_MANY.contains(&text.as_str()) {
                wrong.push(format!("{file}: `{text}`"));
            }
        }
    }
    assert!(wrong.is_empty(), "write these with `counted`:\n{}", wrong.join("\n"));
}

/// What is never said of one.
const KNOWN_TO_BE_MANY: [&str; 5] = [
    "`{text}` could be {count} findings: {}",
    "its review was begun {before} times and ended the program each time",
    "{hits_max} times",
    "it adds {are} lines, the answer counts {counted}",
    "the findings of {days} days are too many: the newest {LEARNED_FROM_MAX} observations were looked at",
];
