//! Reads the rules of a topic file.

use std::collections::HashMap;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::domain::constitution::rule::{
    Origin, Rule, RuleCheck, RuleError, RulePlace, RuleScope, RuleStatus,
};
use crate::domain::constitution::section::{Prose, RuleSection, sections, unclosed_fence};
use crate::domain::model::class::{Class, LISTED};
use crate::domain::model::language::Language;
use crate::domain::model::nearest::did_you_mean;
use crate::domain::model::severity::{Foreign, Severity};
use crate::domain::model::toml_text;

/// The rules that could be read, and what is wrong with the others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ParsedRules {
    pub rules: Vec<Rule>,
    pub errors: Vec<RuleError>,
}

const KEYS: [&str; 6] = ["status", "severity", "class", "paths", "check", "origin"];
const CHECK_KEYS: [&str; 5] = ["kind", "pattern", "language", "on", "run"];
const CHECK_KINDS: [&str; 4] = ["regex", "ast-grep", "command", "none"];
const ORIGIN_KEYS: [&str; 3] = ["findings", "changes", "first"];

/// As [`parse_with`], where the repository has no classes of its own.
#[cfg(test)]
pub fn parse(path: &str, text: &str) -> ParsedRules {
    parse_with(path, text, &[])
}

/// Reads a topic file; `path` is only named in errors, and `own` are the classes that the repository added
/// to the list. Patterns and globs are not compiled here: that is done for the rules that a change
/// concerns.
pub fn parse_with(path: &str, text: &str, own: &[String]) -> ParsedRules {
    let mut parsed = ParsedRules::default();
    if let Some(line) = unclosed_fence(text) {
        parsed.errors.push(RuleError {
            path: path.to_owned(),
            line,
            message: "the block that opens here never ends".to_owned(),
            hint: "close it with a line of as many marks, as in \"```\"".to_owned(),
        });
    }
    let mut lines: HashMap<String, u32> = HashMap::new();
    for section in sections(text) {
        let mut reader =
            Reader { path, text, own, block: 0, line: section.line, errors: Vec::new() };
        let rule = reader.rule(&section);
        if let Some(first) = lines.get(&section.id) {
            let message = format!("rule `{}` is on line {first} already", section.id);
            reader.error(section.line, message, "give one of them another id".to_owned());
        }
        match rule {
            Some(rule) if reader.errors.is_empty() => {
                lines.insert(rule.id.clone(), rule.at.line);
                parsed.rules.push(rule);
            }
            _ => parsed.errors.append(&mut reader.errors),
        }
    }
    parsed
}

/// Rules of different files that share an id: each but the first is an error.
pub fn duplicates(rules: &[Rule]) -> Vec<RuleError> {
    let mut errors = Vec::new();
    let mut places: HashMap<&str, &RulePlace> = HashMap::new();
    for rule in rules {
        let Some(first) = places.get(rule.id.as_str()) else {
            places.insert(&rule.id, &rule.at);
            continue;
        };
        errors.push(RuleError {
            path: rule.at.path.clone(),
            line: rule.at.line,
            message: format!("rule `{}` is at {}:{} already", rule.id, first.path, first.line),
            hint: "give one of them another id".to_owned(),
        });
    }
    errors
}

/// Whether a text is a rule's id: `R-` and at least four lower-case hexadecimal digits.
pub fn is_id(text: &str) -> bool {
    let digits = text.strip_prefix("R-").unwrap_or_default();
    let hex = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
    digits.len() >= 4 && digits.chars().all(hex)
}

/// Reads one section and gathers what is wrong with it.
struct Reader<'a> {
    path: &'a str,
    text: &'a str,
    own: &'a [String],
    /// The byte at which the block begins, and its line.
    block: usize,
    line: u32,
    errors: Vec<RuleError>,
}

type Table<'a> = DeTable<'a>;
type Value<'a> = Spanned<DeValue<'a>>;

impl Reader<'_> {
    fn rule(&mut self, section: &RuleSection) -> Option<Rule> {
        if !is_id(&section.id) {
            let hint = "an id is `R-` and at least four of `0-9a-f`, as in `R-7f3a`".to_owned();
            self.error(section.line, format!("`{}` is not a rule id", section.id), hint);
        }
        let Some(block) = &section.block else {
            let hint = "begin it with a line \"```toml rule\", end it with \"```\"".to_owned();
            let message = format!("rule `{}` has no `toml rule` block", section.id);
            self.error(section.line, message, hint);
            return None;
        };
        (self.block, self.line) = (block.span.start, block.line);
        let text = &self.text[block.span.clone()];
        let table = match toml_text::parse(text) {
            Ok(table) => table.into_inner(),
            Err(error) => {
                let before = usize::try_from(self.line).unwrap_or(1).saturating_sub(1);
                let wrong = toml_text::explain(text, before, &error);
                let hint = wrong.hint.unwrap_or_default();
                self.error(self.line_of(wrong.at), wrong.message, hint);
                return None;
            }
        };
        self.known_keys(&table, &KEYS);
        let (sentence, bad, good) = self.prose(section);
        let check_line =
            table.get("check").map_or(self.line, |value| self.line_of(value.span().start));
        Some(Rule {
            id: section.id.clone(),
            title: section.title.clone(),
            status: self.word(
                &table,
                "status",
                &RuleStatus::ALL.map(RuleStatus::as_str),
                RuleStatus::from_name,
            )?,
            severity: self.word(
                &table,
                "severity",
                &["critical", "high", "medium", "low"],
                |word| match Severity::from_foreign(word) {
                    Some(Foreign::Severity(severity)) => Some(severity),
                    Some(Foreign::Noise) | None => None,
                },
            )?,
            class: self.class(&table)?,
            paths: self.strings(&table, "paths"),
            check: self.check(&table)?,
            origin: self.origin(&table),
            sentence,
            bad,
            good,
            at: RulePlace { path: self.path.to_owned(), line: section.line, check_line },
        })
    }

    fn class(&mut self, table: &Table<'_>) -> Option<Class> {
        let word = self.needed(table, "class", self.line)?;
        let class = Class::named(&word);
        if class.as_str() == word
            && (class.is_other() || class.demand().is_some() || self.own.contains(&word))
        {
            return Some(class);
        }
        let own = self.own.iter().map(String::as_str);
        let names: Vec<&str> = LISTED.iter().map(|(name, _)| *name).chain(own).collect();
        let line = table.get("class").map_or(self.line, |value| self.line_of(value.span().start));
        let near = nearest(&word, &names);
        let lists = "`tribunal findings classes` lists them; `[classes]` in tribunal.toml adds one";
        let hint = [near.as_str(), lists].join(" ").trim_start().to_owned();
        self.error(line, format!("`{word}` is not a known `class`"), hint);
        None
    }

    fn check(&mut self, table: &Table<'_>) -> Option<RuleCheck> {
        let Some(value) = table.get("check") else { return Some(RuleCheck::None) };
        let line = self.line_of(value.span().start);
        let Some(check) = value.get_ref().as_table() else {
            let hint = "write `check = { kind = \"regex\", pattern = '…', on = \"added-lines\" }`";
            self.error(line, "`check` is not a table".to_owned(), hint.to_owned());
            return None;
        };
        self.known_keys(check, &CHECK_KEYS);
        let kind = self.word(check, "kind", &CHECK_KINDS, |word| {
            CHECK_KINDS.iter().copied().find(|kind| *kind == word)
        })?;
        match kind {
            "regex" => Some(RuleCheck::Regex {
                pattern: self.needed(check, "pattern", line)?,
                on: self.on(check)?,
            }),
            "ast-grep" => Some(RuleCheck::AstGrep {
                pattern: self.needed(check, "pattern", line)?,
                language: self.word(
                    check,
                    "language",
                    &Language::ALL.map(Language::as_str),
                    Language::from_name,
                )?,
                on: self.on(check)?,
            }),
            "command" => Some(RuleCheck::Command { run: self.needed(check, "run", line)? }),
            _ => Some(RuleCheck::None),
        }
    }

    fn on(&mut self, check: &Table<'_>) -> Option<RuleScope> {
        if check.get("on").is_none() {
            return Some(RuleScope::default());
        }
        self.word(check, "on", &RuleScope::ALL.map(RuleScope::as_str), RuleScope::from_name)
    }

    fn origin(&mut self, table: &Table<'_>) -> Option<Origin> {
        let value = table.get("origin")?;
        let Some(origin) = value.get_ref().as_table() else {
            let line = self.line_of(value.span().start);
            self.error(line, "`origin` is not a table".to_owned(), String::new());
            return None;
        };
        self.known_keys(origin, &ORIGIN_KEYS);
        let changes = origin.get("changes").and_then(|value| value.get_ref().as_integer());
        let first = origin.get("first").map(Spanned::get_ref);
        let date = |value: &DeValue<'_>| match value {
            DeValue::Datetime(date) => Some(date.to_string()),
            other => other.as_str().map(ToOwned::to_owned),
        };
        Some(Origin {
            findings: self.strings(origin, "findings"),
            changes: changes.and_then(|number| number.as_str().parse().ok()).unwrap_or(0),
            first: first.and_then(date),
        })
    }

    /// The sentence, the bad and the good examples.
    fn prose(&mut self, section: &RuleSection) -> (String, Vec<String>, Vec<String>) {
        let mut sentence = String::new();
        let (mut bad, mut good) = (Vec::new(), Vec::new());
        let mut waiting: Option<bool> = None;
        for part in &section.prose {
            let line = match part {
                Prose::Code(code) => {
                    match waiting.take() {
                        Some(true) => bad.push(code.clone()),
                        Some(false) => good.push(code.clone()),
                        None => {}
                    }
                    continue;
                }
                Prose::Line(line) => line.trim(),
            };
            let example = line
                .strip_prefix("Bad:")
                .map(|rest| (true, rest))
                .or_else(|| line.strip_prefix("Good:").map(|rest| (false, rest)));
            match example {
                Some((is_bad, rest)) => match code_span(rest.trim()) {
                    Some(code) if is_bad => bad.push(code),
                    Some(code) => good.push(code),
                    None => waiting = Some(is_bad),
                },
                None if bad.is_empty() && good.is_empty() && waiting.is_none() => {
                    sentence.push_str(line);
                    sentence.push('\n');
                }
                None => {}
            }
        }
        if let Some(is_bad) = waiting {
            let word = if is_bad { "Bad:" } else { "Good:" };
            let hint = "put it in backticks, or in a fenced block below".to_owned();
            self.error(section.line, format!("no code follows `{word}`"), hint);
        }
        (sentence.trim().to_owned(), bad, good)
    }

    /// A word from a closed list; missing and unknown ones are errors.
    fn word<T>(
        &mut self,
        table: &Table<'_>,
        key: &str,
        known: &[&str],
        read: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let word = self.needed(table, key, self.line)?;
        let found = read(&word);
        if found.is_none() {
            let line = table.get(key).map_or(self.line, |value| self.line_of(value.span().start));
            let hint = nearest(&word, known);
            self.error(line, format!("`{word}` is not a known `{key}`"), hint);
        }
        found
    }

    fn needed(&mut self, table: &Table<'_>, key: &str, line: u32) -> Option<String> {
        let Some(value) = table.get(key) else {
            self.error(line, format!("`{key}` is missing"), String::new());
            return None;
        };
        let text = value.get_ref().as_str().map(ToOwned::to_owned);
        if text.is_none() {
            self.wrong_type(key, value, "a text");
        }
        text
    }

    fn strings(&mut self, table: &Table<'_>, key: &str) -> Vec<String> {
        let Some(value) = table.get(key) else { return Vec::new() };
        let items = value.get_ref().as_array().map(|array| {
            array.iter().map(|item| item.get_ref().as_str().map(ToOwned::to_owned)).collect()
        });
        let strings: Option<Vec<String>> = items.flatten();
        if strings.is_none() {
            self.wrong_type(key, value, "a list of texts");
        }
        strings.unwrap_or_default()
    }

    fn wrong_type(&mut self, key: &str, value: &Value<'_>, wanted: &str) {
        let line = self.line_of(value.span().start);
        let message = format!("`{key}` is not {wanted} but a {}", value.get_ref().type_str());
        self.error(line, message, String::new());
    }

    fn known_keys(&mut self, table: &Table<'_>, known: &[&str]) {
        for key in table.keys().filter(|key| !known.contains(&key.get_ref().as_ref())) {
            let line = self.line_of(key.span().start);
            let hint = nearest(key.get_ref(), known);
            self.error(line, format!("`{}` is not a key of a rule", key.get_ref()), hint);
        }
    }

    /// The line of a byte of the block.
    fn line_of(&self, offset: usize) -> u32 {
        let before = self.text.get(self.block..self.block + offset).unwrap_or_default();
        self.line + u32::try_from(before.matches('\n').count()).unwrap_or(0)
    }

    fn error(&mut self, line: u32, message: String, hint: String) {
        self.errors.push(RuleError { path: self.path.to_owned(), line, message, hint });
    }
}

/// The content of a code span, whatever the number of its backticks.
fn code_span(text: &str) -> Option<String> {
    let ticks = text.chars().take_while(|c| *c == '`').count();
    let mark = &text[..ticks];
    let inner = text.strip_prefix(mark)?.strip_suffix(mark)?;
    let padded = inner.starts_with(' ') && inner.ends_with(' ') && !inner.trim().is_empty();
    let inner = if padded { &inner[1..inner.len() - 1] } else { inner };
    (ticks > 0 && !inner.is_empty()).then(|| inner.to_owned())
}

/// Names the known words that are most like the given one, or all of a few.
fn nearest(word: &str, known: &[&str]) -> String {
    did_you_mean(word, known.iter().copied()).unwrap_or_else(|| {
        if known.len() <= 8 { format!("one of `{}`", known.join("`, `")) } else { String::new() }
    })
}
