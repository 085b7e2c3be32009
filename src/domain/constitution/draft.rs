//! Writes the section of a rule out of the findings that gave rise to it.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::domain::constitution::check::compile;
use crate::domain::constitution::incident::{ExistingRules, Fix, Incident};
use crate::domain::constitution::prove::matches_example;
use crate::domain::constitution::recurrence::Candidate;
use crate::domain::constitution::rule::{Origin, Rule, RuleCheck};
use crate::domain::model::class::Class;
use crate::domain::model::severity::Severity;
use crate::domain::model::text::one_line;

/// The longest text that is taken from a finding, in characters: rules that grow are not read.
const MESSAGE_CHARS_MAX: usize = 240;
const TITLE_CHARS_MAX: usize = 90;
const EXAMPLE_LINES_MAX: usize = 12;

/// The shortest id, in hexadecimal digits; an id that is taken gets more.
const ID_DIGITS: usize = 4;

/// How a sentence begins that no person and no agent wrote.
const OPENING: &str = "Seen in ";

/// Whether a rule's sentence is as it was written here, without an edit by a person.
pub fn is_by_code(rule: &Rule) -> bool {
    rule.sentence.starts_with(OPENING)
}

/// A rule of the candidate's class and component with that check, proposed; its examples are those
/// of the cases that show it.
pub fn drafted(
    candidate: &Candidate,
    cases: &[&Incident],
    check: RuleCheck,
    existing: ExistingRules<'_>,
) -> Rule {
    let mut rule = Rule::with_check(check);
    rule.class = candidate.class.clone();
    rule.id = rule_id(&rule.class, &candidate.component, &rule.check, existing);
    rule.title = title(candidate, cases);
    rule.sentence = sentence(candidate, cases);
    rule.paths = paths(&candidate.component, cases);
    rule.severity =
        cases.iter().map(|case| case.occurrence.severity).max().unwrap_or(Severity::Medium);
    rule.origin = Some(Origin {
        findings: cases.iter().map(|case| case.occurrence.finding.clone()).collect(),
        changes: u32::try_from(changes(cases)).unwrap_or(u32::MAX),
        first: day(cases.iter().map(|case| case.occurrence.at).min().unwrap_or(candidate.first)),
    });
    let compiled = compile(&rule).ok().flatten();
    let matched = |code: &str| {
        compiled.as_ref().map(|check| matches_example(rule.check.language(), check, code))
    };
    let mut anchors = cases.iter().map(|case| dedented(&case.anchor));
    let bad = anchors.find(|code| !code.is_empty() && matched(code).unwrap_or(true));
    let mut fixes = cases.iter().filter_map(|case| case.fix.as_ref()).map(fixed_code);
    let good = fixes.find(|code| !code.is_empty() && !matched(code).unwrap_or(false));
    rule.bad = bad.into_iter().collect();
    rule.good = good.into_iter().collect();
    rule
}

/// The same mistake has the same id on every branch and machine, unless another rule has it.
fn rule_id(
    class: &Class,
    component: &str,
    check: &RuleCheck,
    existing: ExistingRules<'_>,
) -> String {
    let mut hasher = blake3::Hasher::new();
    for field in ["rule/v1", class.as_str(), component, check.pattern().unwrap_or_default()] {
        hasher.update(&(field.len() as u64).to_le_bytes());
        hasher.update(field.as_bytes());
    }
    let hex = hasher.finalize().to_hex();
    let taken = |id: &str| {
        existing.rules.iter().any(|rule| rule.id == id)
            || existing.forgotten.iter().any(|f| f.id == id)
    };
    let mut digits = ID_DIGITS;
    while digits < hex.len() && taken(&format!("R-{}", &hex[..digits])) {
        digits += 1;
    }
    format!("R-{}", &hex[..digits])
}

fn changes(cases: &[&Incident]) -> usize {
    cases.iter().map(|case| case.occurrence.change.as_str()).collect::<BTreeSet<_>>().len()
}

fn title(candidate: &Candidate, cases: &[&Incident]) -> String {
    let place = match candidate.component.as_str() {
        "" => String::new(),
        component => format!(" in {component}"),
    };
    let text = match (candidate.class.demand(), cases.first()) {
        (Some(demand), _) => demand.to_owned(),
        (None, Some(case)) => {
            format!("avoid: {}", title_line(&case.occurrence.message, TITLE_CHARS_MAX))
        }
        (None, None) => candidate.class.name().replace('-', " "),
    };
    let mut letters = text.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    format!("{first}{}{place}", letters.as_str())
}

fn sentence(candidate: &Candidate, cases: &[&Incident]) -> String {
    let count = |number: usize, word: &str| {
        format!("{number} {word}{}", if number == 1 { "" } else { "s" })
    };
    let (findings, changes) = (count(cases.len(), "finding"), count(changes(cases), "change"));
    let since = day(candidate.first).map_or_else(String::new, |day| format!(" since {day}"));
    let Some(case) = cases.first() else { return format!("{OPENING}{findings}.") };
    let message = title_line(&case.occurrence.message, MESSAGE_CHARS_MAX);
    let mut sentence = format!("{OPENING}{findings} of {changes}{since}: {message}.");
    if !case.suggestion.trim().is_empty() {
        let _ = write!(sentence, " Do: {}.", title_line(&case.suggestion, MESSAGE_CHARS_MAX));
    }
    sentence
}

/// A finding's text is data: it becomes one short line that can open no heading, block or example.
fn title_line(text: &str, chars_max: usize) -> String {
    let line = one_line(text);
    let line = line.trim_end_matches('.');
    match line.char_indices().nth(chars_max) {
        Some((end, _)) => format!("{} …", line[..end].trim_end()),
        None => line.to_owned(),
    }
}

/// The component's files of the findings' kind.
fn paths(component: &str, cases: &[&Incident]) -> Vec<String> {
    let extension = |case: &&Incident| {
        let name = case.occurrence.path.rsplit('/').next()?;
        name.rsplit_once('.').map(|(_, extension)| extension.to_owned())
    };
    let extensions: BTreeSet<Option<String>> = cases.iter().map(extension).collect();
    let file = match extensions.first() {
        Some(Some(extension)) if extensions.len() == 1 => format!("*.{}", plain(extension)),
        _ => "*".to_owned(),
    };
    match component {
        "" if cases.iter().all(|case| case.occurrence.path.is_empty()) => Vec::new(),
        "" => vec![file],
        _ => vec![format!("{}/**/{file}", plain(component))],
    }
}

/// What a glob would read as more than itself stays a plain character.
fn plain(path: &str) -> String {
    let escape = |c: char| if "*?[]{}!\\".contains(c) { format!("[{c}]") } else { c.to_string() };
    path.chars().map(escape).collect()
}

fn day(seconds: i64) -> Option<String> {
    let time = jiff::Timestamp::from_second(seconds).ok()?;
    Some(time.to_zoned(jiff::tz::TimeZone::UTC).date().to_string())
}

fn fixed_code(fix: &Fix) -> String {
    let index = |line: u32| usize::try_from(line).unwrap_or(usize::MAX).saturating_sub(1);
    let (start, end) = (index(fix.lines.start), index(fix.lines.end));
    let lines = fix.text.lines().skip(start).take(end.saturating_sub(start));
    dedented(&lines.take(EXAMPLE_LINES_MAX).collect::<Vec<_>>().join("\n"))
}

/// Without the indentation that all lines share, and without blank lines around.
fn dedented(code: &str) -> String {
    let lines: Vec<&str> = code.lines().take(EXAMPLE_LINES_MAX).collect();
    let filled = lines.iter().filter(|line| !line.trim().is_empty());
    let indent = filled.map(|line| line.len() - line.trim_start().len()).min().unwrap_or(0);
    let lines: Vec<&str> =
        lines.iter().map(|line| line.get(indent..).unwrap_or_default().trim_end()).collect();
    lines.join("\n").trim_matches('\n').to_owned()
}
