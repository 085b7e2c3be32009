//! How an author says that a criterion is shown: a command, `test`, `static: <pattern>`, `human`.

use regex::bytes::{Regex, RegexBuilder};

use crate::domain::spec::problem::{LintRule, SpecProblems, quote};
use crate::domain::spec::types::Verify;

pub(in crate::domain::spec) const HINT: &str =
    "say how it is shown: a command in backticks, `test`, `static: <pattern>` or `human`";

/// The largest pattern, compiled, in bytes.
const PATTERN_SIZE_MAX: usize = 1 << 20;

/// Reads what stands after `verify:`, at that byte of the file.
pub(in crate::domain::spec) fn read(
    text: &str,
    offset: usize,
    problems: &mut SpecProblems,
) -> Option<Verify> {
    let text = text.trim();
    let plain = unquote(text);
    let (word, rest) = match plain.split_once(':') {
        Some((word, rest)) => (word, Some(rest)),
        None => (plain, None),
    };
    match (word.trim().to_ascii_lowercase().as_str(), rest) {
        ("", None) => {
            problems.error(LintRule::BadVerify, offset, "`verify` says nothing".to_owned(), HINT);
            None
        }
        ("test" | "tests", None) => Some(Verify::Test),
        ("human" | "person", None) => Some(Verify::Human),
        ("static", pattern) => read_static(pattern.unwrap_or(""), offset, problems),
        ("command", Some(command)) => Some(Verify::Command(unquote(command.trim()).to_owned())),
        _ => Some(Verify::Command(plain.to_owned())),
    }
}

fn read_static(pattern: &str, offset: usize, problems: &mut SpecProblems) -> Option<Verify> {
    let pattern = unquote(pattern.trim());
    if pattern.is_empty() {
        let message = "`static` without a pattern".to_owned();
        problems.error(LintRule::BadVerify, offset, message, "write `static: <pattern>`");
        return None;
    }
    if let Err(error) = self::pattern(pattern) {
        let said = error.to_string();
        let why = said.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
        let message = format!("the pattern {} is no regular expression: {why}", quote(pattern));
        let hint = "what has a meaning in one is written with `\\` before it: `\\(`, `\\[`, `\\.`";
        problems.error(LintRule::BadVerify, offset, message, hint);
        return None;
    }
    Some(Verify::Static(pattern.to_owned()))
}

/// A `static:` pattern, compiled: a regular expression in which `^` and `$` are the ends of a line.
pub fn pattern(text: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(text).multi_line(true).size_limit(PATTERN_SIZE_MAX).build()
}

/// What the first pair of backticks holds, where the text begins with one.
fn unquote(text: &str) -> &str {
    let ticks = text.len() - text.trim_start_matches('`').len();
    if ticks == 0 {
        return text;
    }
    let (fence, rest) = text.split_at(ticks);
    rest.find(fence).map_or(text, |end| rest[..end].trim())
}
