//! Proves a rule's check: it fires where it must, is silent where it must be, and is no noise.

use std::ops::Range;

use crate::domain::constitution::check::{CompiledRule, RuleHit, SourceFile, compile};
use crate::domain::constitution::rule::{Rule, RuleError};
use crate::domain::model::language::Language;

/// What a check is tried on.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'a> {
    /// The findings that gave rise to the rule, at their own commits.
    pub bad: &'a [Bad<'a>],
    /// What stood in their place afterwards, where that is known.
    pub fixed: &'a [FixedFile<'a>],
}

/// A finding's file as it was, and the lines of the finding, counted from 1.
#[derive(Clone, Copy, Debug)]
pub struct Bad<'a> {
    pub path: &'a str,
    pub text: &'a str,
    pub line: u32,
    pub end_line: u32,
}

/// A file after the finding was dealt with.
#[derive(Clone, Debug)]
pub struct FixedFile<'a> {
    pub path: &'a str,
    pub text: &'a str,
    /// The lines that came in place of the finding, half-open, counted from 1; the whole file
    /// where they are not known.
    pub lines: Option<Range<u32>>,
}

/// Shows a visitor each file of the rest of the tree, path and text, until it returns `false`.
pub type Rest<'a> = &'a dyn Fn(&mut dyn FnMut(&str, &str) -> bool);

/// Whether a rule can be checked mechanically.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proof {
    Proved {
        /// How often it fires on the rest of the tree.
        hits_in_rest: u32,
    },
    /// It stays prose, and why.
    Prose { reason: String },
}

/// Tries a rule's check: it must hit every finding and every bad example, no fixed version and no
/// good example, and the rest of the tree at most `hits_max` times. Hits in the rest that read
/// like one of the findings are the mistake itself, still there, and no noise.
pub fn prove(rule: &Rule, evidence: Evidence<'_>, rest: Rest<'_>, hits_max: u32) -> Proof {
    match tried(rule, evidence, rest, hits_max) {
        Ok(hits_in_rest) => Proof::Proved { hits_in_rest },
        Err(reason) => Proof::Prose { reason },
    }
}

fn tried(
    rule: &Rule,
    evidence: Evidence<'_>,
    rest: Rest<'_>,
    hits_max: u32,
) -> Result<u32, String> {
    let compiled = compile(rule).map_err(|error| error.message)?;
    let compiled = compiled.ok_or_else(|| "it has no pattern".to_owned())?;
    let mut read = Vec::new();
    for bad in evidence.bad {
        let hits = compiled.everywhere(&SourceFile::new(bad.path, bad.text));
        let hit = hits.iter().find(|hit| hit.line <= bad.end_line && hit.end_line >= bad.line);
        let Some(hit) = hit.filter(|_| compiled.covers(bad.path)) else {
            return Err(format!("it does not fire on the finding at {}:{}", bad.path, bad.line));
        };
        read.push(hit.text.trim().to_owned());
    }
    for fixed in evidence.fixed {
        let touches = |lines: &Range<u32>, hit: &RuleHit| {
            !lines.is_empty() && hit.line < lines.end && hit.end_line >= lines.start
        };
        let inside = |hit: &&RuleHit| fixed.lines.as_ref().is_none_or(|lines| touches(lines, hit));
        let hits = compiled.everywhere(&SourceFile::new(fixed.path, fixed.text));
        if let Some(hit) = hits.iter().find(inside) {
            return Err(format!("it fires on the fixed version, {}:{}", fixed.path, hit.line));
        }
    }
    if let Some(error) = examples_with(rule, &compiled).into_iter().next() {
        return Err(error.message);
    }
    noise(&compiled, &read, rest, hits_max)
}

fn noise(
    compiled: &CompiledRule,
    read: &[String],
    rest: Rest<'_>,
    hits_max: u32,
) -> Result<u32, String> {
    let mut count: u32 = 0;
    rest(&mut |path, text| {
        if compiled.covers(path) {
            let hits = compiled.everywhere(&SourceFile::new(path, text));
            let new = hits.iter().filter(|hit| !read.iter().any(|known| known == hit.text.trim()));
            count = count.saturating_add(u32::try_from(new.count()).unwrap_or(u32::MAX));
        }
        count <= hits_max
    });
    if count > hits_max {
        let often = if hits_max == 1 { "once".to_owned() } else { format!("{hits_max} times") };
        return Err(format!("it fires on the rest of the tree more than {often}"));
    }
    Ok(count)
}

/// What is wrong with a rule and its examples: a pattern that does not compile, a bad example that
/// it does not match, a good one that it does, no bad example at all. Empty for prose.
pub fn problems(rule: &Rule) -> Vec<RuleError> {
    match compile(rule) {
        Err(error) => vec![error],
        Ok(None) => Vec::new(),
        Ok(Some(compiled)) => {
            let mut errors = examples_with(rule, &compiled);
            if rule.bad.is_empty() {
                let message = format!("rule `{}` has a check and no `Bad:` example", rule.id);
                let hint = "add a line \"Bad: `code that it must match`\"".to_owned();
                let (path, line) = (rule.at.path.clone(), rule.at.line);
                errors.push(RuleError { path, line, message, hint });
            }
            errors
        }
    }
}

fn examples_with(rule: &Rule, compiled: &CompiledRule) -> Vec<RuleError> {
    let wrong = |message: String, hint: &str| RuleError {
        path: rule.at.path.clone(),
        line: rule.at.line,
        message,
        hint: hint.to_owned(),
    };
    let id = &rule.id;
    let bad =
        rule.bad.iter().filter(|code| !matches_example(rule.check.language(), compiled, code)).map(
            |code| {
                let message = format!("rule `{id}` does not match its bad example `{code}`");
                wrong(message, "widen the pattern or correct the example")
            },
        );
    let good =
        rule.good.iter().filter(|code| matches_example(rule.check.language(), compiled, code)).map(
            |code| {
                let message = format!("rule `{id}` matches its good example `{code}`");
                wrong(message, "narrow the pattern or correct the example")
            },
        );
    bad.chain(good).collect()
}

/// Whether the check matches a piece of code, by itself or where a statement of its language can
/// stand.
pub fn matches_example(language: Option<Language>, compiled: &CompiledRule, code: &str) -> bool {
    let Some(language) = language else {
        return !compiled.everywhere(&SourceFile::new("example", code)).is_empty();
    };
    let (path, around) = match language {
        Language::C => ("a.c", Some(("void f() {\n", "\n}\n"))),
        Language::Go => ("a.go", Some(("package p\nfunc f() {\n", "\n}\n"))),
        Language::Java => ("A.java", Some(("class A {\nvoid f() {\n", "\n}\n}\n"))),
        Language::JavaScript => ("a.js", None),
        Language::Python => ("a.py", None),
        Language::Rust => ("a.rs", Some(("fn f() {\n", "\n}\n"))),
        Language::TypeScript => ("a.ts", None),
    };
    let hits = |text: &str| !compiled.everywhere(&SourceFile::new(path, text)).is_empty();
    hits(code) || around.is_some_and(|(before, after)| hits(&format!("{before}{code}{after}")))
}
