//! Edits a topic file: adds, removes or re-grades one rule and leaves every other byte alone.

use std::fmt::Write as _;

use crate::domain::constitution::rule::{Rule, RuleCheck, RuleStatus};
use crate::domain::constitution::section::sections;
use crate::domain::model::toml_text;

/// Writes a rule as its section, without a blank line after it.
pub fn render(rule: &Rule) -> String {
    let mut text = format!("## {} {}\n\n```toml rule\n", rule.id, rule.title);
    let mut line = |key: &str, value: String| {
        let _ = writeln!(text, "{key:<8} = {value}");
    };
    line("status", quoted(rule.status.as_str()));
    line("severity", quoted(rule.severity.as_str()));
    line("class", quoted(rule.class.as_str()));
    if !rule.paths.is_empty() {
        line("paths", list(&rule.paths));
    }
    line("check", check(&rule.check));
    if let Some(origin) = &rule.origin {
        let mut value =
            format!("{{ findings = {}, changes = {}", list(&origin.findings), origin.changes);
        if let Some(first) = &origin.first {
            // A day stands bare, as TOML has it; anything else as a text.
            let is_day = first.len() == 10 && first.parse::<toml::value::Datetime>().is_ok();
            let first = if is_day { first.clone() } else { quoted(first) };
            let _ = write!(value, ", first = {first}");
        }
        line("origin", value + " }");
    }
    text.push_str("```\n");
    if !rule.sentence.is_empty() {
        text.push_str(&rule.sentence);
        text.push('\n');
    }
    if !rule.bad.is_empty() || !rule.good.is_empty() {
        text.push('\n');
    }
    rule.bad.iter().for_each(|code| text.push_str(&example("Bad", code)));
    rule.good.iter().for_each(|code| text.push_str(&example("Good", code)));
    text
}

/// Adds a section where its id sorts among the others; a file that has the id already stays as it
/// is.
///
/// Ids are hashes, so rules that two branches learn stand far apart and merge without a conflict;
/// at the end of the file every pair of them would collide.
pub fn insert(text: &str, topic: &str, id: &str, section: &str) -> String {
    let sections = sections(text);
    if sections.iter().any(|section| section.id == id) {
        return text.to_owned();
    }
    let at = sections
        .iter()
        .find(|section| section.id.as_str() > id)
        .map(|section| section.span.start)
        .or_else(|| sections.last().map(|section| section.span.end))
        .unwrap_or(text.len());
    let (before, after) = text.split_at(at);
    let mut new = before.to_owned();
    if before.trim().is_empty() && sections.is_empty() {
        new = heading(topic);
    }
    while !new.is_empty() && !ends_with_blank_line(&new) {
        new.push('\n');
    }
    new.push_str(section.trim_end());
    new.push('\n');
    if !after.trim().is_empty() {
        new.push('\n');
        new.push_str(after.trim_start_matches(['\n', '\r']));
    }
    if text.contains("\r\n") { new.replace("\r\n", "\n").replace('\n', "\r\n") } else { new }
}

/// Takes a rule's section out; `None` where there is no such rule.
pub fn remove(text: &str, id: &str) -> Option<String> {
    let sections = sections(text);
    let section = sections.iter().find(|section| section.id == id)?;
    let (before, after) = (&text[..section.span.start], &text[section.span.end..]);
    let before = if after.trim().is_empty() { before.trim_end() } else { before };
    let line_break = if after.trim().is_empty() && !before.is_empty() { "\n" } else { "" };
    Some(format!("{before}{line_break}{}", if line_break.is_empty() { after } else { "" }))
}

/// Changes a rule's status in place; `None` where there is no such rule or its block cannot be
/// read.
pub fn set_status(text: &str, id: &str, status: RuleStatus) -> Option<String> {
    let sections = sections(text);
    let block = sections.iter().find(|section| section.id == id)?.block.clone()?;
    let table = toml_text::parse(&text[block.span.clone()]).ok()?.into_inner();
    let value = table.get("status")?.span();
    let (start, end) = (block.span.start + value.start, block.span.start + value.end);
    Some(format!("{}{}{}", &text[..start], quoted(status.as_str()), &text[end..]))
}

fn heading(topic: &str) -> String {
    let mut title = topic.replace('-', " ");
    if let Some(first) = title.get_mut(0..1) {
        first.make_ascii_uppercase();
    }
    format!("# {title}\n")
}

fn ends_with_blank_line(text: &str) -> bool {
    text.ends_with("\n\n") || text.ends_with("\n\r\n")
}

fn check(check: &RuleCheck) -> String {
    let kind = quoted(check.kind());
    match check {
        RuleCheck::Regex { pattern, on } => {
            let (pattern, on) = (quoted(pattern), quoted(on.as_str()));
            format!("{{ kind = {kind}, pattern = {pattern}, on = {on} }}")
        }
        RuleCheck::AstGrep { pattern, language, on } => {
            let (pattern, on) = (quoted(pattern), quoted(on.as_str()));
            let language = quoted(language.as_str());
            format!("{{ kind = {kind}, pattern = {pattern}, language = {language}, on = {on} }}")
        }
        RuleCheck::Command { run } => format!("{{ kind = {kind}, run = {} }}", quoted(run)),
        RuleCheck::None => format!("{{ kind = {kind} }}"),
    }
}

/// A text as a TOML value on one line: literal where that spares escapes.
fn quoted(text: &str) -> String {
    let plain = !text.contains(['\'', '\n', '\r']) && !text.chars().any(char::is_control);
    if text.contains(['\\', '"']) && plain {
        return format!("'{text}'");
    }
    let mut quoted = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => {
                quoted.push('\\');
                quoted.push(c);
            }
            c if c.is_control() => {
                let _ = write!(quoted, "\\u{:04X}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

fn list(texts: &[String]) -> String {
    format!("[{}]", texts.iter().map(|text| quoted(text)).collect::<Vec<_>>().join(", "))
}

/// One line in a code span, or several in a fenced block; the marks are longer than any within.
fn example(word: &str, code: &str) -> String {
    let ticks = longest_run(code) + 1;
    if code.contains('\n') || code.trim() != code || code.is_empty() {
        let fence = "`".repeat(ticks.max(3));
        return format!("{word}:\n{fence}\n{code}\n{fence}\n");
    }
    let mark = "`".repeat(ticks);
    let pad = if code.starts_with('`') || code.ends_with('`') { " " } else { "" };
    format!("{word}: {mark}{pad}{code}{pad}{mark}\n")
}

fn longest_run(code: &str) -> usize {
    let mut longest = 0;
    let mut run = 0;
    for c in code.chars() {
        run = if c == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}
