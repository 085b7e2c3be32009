//! Which rules go into a prompt, and how they read there.

use std::cmp::Reverse;
use std::fmt::Write as _;

use crate::domain::constitution::check::scope;
use crate::domain::constitution::rule::{Rule, RuleStatus};

/// What the rules of one prompt may take, in bytes, unless settings say otherwise.
pub const BUDGET: usize = 2 * 1024;

/// The rules of a prompt.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rendered {
    /// Lines that end in a line break; empty where no rule applies. What did not fit is
    /// named in the last one.
    pub text: String,
    /// The ids of the rules in the text, in its order.
    pub shown: Vec<String>,
    /// The ids of the rules that apply to the paths and did not fit.
    pub left_out: Vec<String>,
}

/// The active rules that apply to one of the paths, in at most so many bytes: the severe ones
/// first, then those learned last.
///
/// Those that a check enforces too: a check sees a pattern, and the rule means more.
pub fn for_paths(rules: &[Rule], paths: &[&str], budget: usize) -> Rendered {
    let mut wanted: Vec<&Rule> = rules
        .iter()
        .filter(|rule| rule.status == RuleStatus::Active && speaks_of(rule, paths))
        .collect();
    wanted.sort_by_key(|rule| (Reverse(rule.severity), Reverse(learned(rule)), rule.id.as_str()));
    let sections: Vec<(&Rule, String)> =
        wanted.into_iter().map(|rule| (rule, section(rule))).collect();
    let whole: usize = sections.iter().map(|(_, section)| section.len()).sum();
    // Only where something is left out need there be space to name it.
    let reserved = if whole <= budget { 0 } else { OMITTED.len() + NAMES_BYTES_MAX + 1 };
    let mut rendered = Rendered::default();
    for (rule, section) in sections {
        if rendered.text.len() + section.len() + reserved <= budget {
            rendered.text.push_str(&section);
            rendered.shown.push(rule.id.clone());
        } else {
            rendered.left_out.push(rule.id.clone());
        }
    }
    let omission = omission(&rendered.left_out);
    if rendered.text.len() + omission.len() <= budget {
        rendered.text.push_str(&omission);
    }
    rendered
}

const OMITTED: &str = "These rules hold too and did not fit: ";

/// The bytes that naming what was left out may take, besides its first words.
const NAMES_BYTES_MAX: usize = 120;

fn omission(ids: &[String]) -> String {
    if ids.is_empty() {
        return String::new();
    }
    let mut names = String::new();
    for (at, id) in ids.iter().enumerate() {
        let separator = if at == 0 { "" } else { ", " };
        let more = format!(" and {} more", ids.len() - at);
        if names.len() + separator.len() + id.len() + more.len() > NAMES_BYTES_MAX {
            names.push_str(&more);
            break;
        }
        let _ = write!(names, "{separator}{id}");
    }
    format!("{OMITTED}{names}\n")
}

/// A rule whose paths cannot be read applies everywhere: better shown once too often.
fn speaks_of(rule: &Rule, paths: &[&str]) -> bool {
    scope(rule).map_or(true, |scope| paths.iter().any(|path| scope.matches(path)))
}

/// The day of the first finding; nothing for a rule that a person wrote.
fn learned(rule: &Rule) -> &str {
    rule.origin.as_ref().and_then(|origin| origin.first.as_deref()).unwrap_or_default()
}

fn section(rule: &Rule) -> String {
    let mut text = format!("- {} ({}) {}\n", rule.id, rule.severity.as_str(), rule.title.trim());
    for line in rule.sentence.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let _ = writeln!(text, "  {line}");
    }
    for (word, codes) in [("Bad", &rule.bad), ("Good", &rule.good)] {
        // More examples are for the proof; one shows what is meant.
        if let Some(code) = codes.first() {
            let shown = code.replace('\n', "\n      ");
            let begin = if code.contains('\n') { "\n      " } else { " " };
            let _ = writeln!(text, "  {word}:{begin}{shown}");
        }
    }
    text
}
