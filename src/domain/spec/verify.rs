//! How an author says that a criterion is shown: a command, `test`, `static: <pattern>`, `human`.

use regex::bytes::{Regex, RegexBuilder};

use crate::domain::spec::problem::{LintRule, SpecProblems, quote};
use crate::domain::spec::types::Verify;

pub(in crate::domain::spec) const HINT: &str =
    "say how it is shown: a command in backticks, `test`, `static: <pattern>` or `human`";

/// The largest pattern, compiled, in bytes.
const PATTERN_SIZE_MAX: usize = 1 << 20;

/// Why what an author says is no way to verify, and what to do.
struct BadVerify {
    message: String,
    hint: &'static str,
}

/// Reads what stands after `verify:`, at that byte of the file.
pub(in crate::domain::spec) fn read(
    text: &str,
    offset: usize,
    problems: &mut SpecProblems,
) -> Verify {
    way(text).unwrap_or_else(|BadVerify { message, hint }| {
        problems.error(LintRule::BadVerify, offset, message, hint);
        Verify::Unusable
    })
}

fn way(text: &str) -> Result<Verify, BadVerify> {
    let plain = unquote(text.trim())?;
    let (word, rest) = match plain.split_once(':') {
        Some((word, rest)) => (word, Some(rest)),
        None => (plain, None),
    };
    Ok(match (word.trim().to_ascii_lowercase().as_str(), rest) {
        ("", None) => {
            return Err(BadVerify { message: "`verify` says nothing".to_owned(), hint: HINT });
        }
        ("test" | "tests", None) => Verify::Test,
        ("human" | "person", None) => Verify::Human,
        ("static", pattern) => read_static(pattern.unwrap_or(""))?,
        ("command", Some(command)) => Verify::Command(unquote(command.trim())?.to_owned()),
        _ => Verify::Command(plain.to_owned()),
    })
}

fn read_static(pattern: &str) -> Result<Verify, BadVerify> {
    let pattern = unquote(pattern.trim())?;
    if pattern.is_empty() {
        let message = "`static` without a pattern".to_owned();
        return Err(BadVerify { message, hint: "write `static: <pattern>`" });
    }
    if let Err(error) = self::pattern(pattern) {
        let said = error.to_string();
        let why = said.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
        let message = format!("the pattern {} is no regular expression: {why}", quote(pattern));
        let hint = "what has a meaning in one is written with `\\` before it: `\\(`, `\\[`, `\\.`";
        return Err(BadVerify { message, hint });
    }
    Ok(Verify::Static(pattern.to_owned()))
}

/// A `static:` pattern, compiled: a regular expression in which `^` and `$` are the ends of a line.
pub fn pattern(text: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(text).multi_line(true).size_limit(PATTERN_SIZE_MAX).build()
}

/// What the first pair of backticks holds, where the text begins with one.
fn unquote(text: &str) -> Result<&str, BadVerify> {
    let ticks = text.len() - text.trim_start_matches('`').len();
    if ticks == 0 {
        return Ok(text);
    }
    let (fence, rest) = text.split_at(ticks);
    // In part, a command would be another one.
    let end = rest.find(fence).ok_or_else(|| BadVerify {
        message: "a backtick after `verify` is not closed".to_owned(),
        hint: "close it in the same line",
    })?;
    Ok(rest[..end].trim())
}
