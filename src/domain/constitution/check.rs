//! Matches a rule's pattern against a file.

use std::cell::OnceCell;
use std::ops::Range;

use ast_grep_core::AstGrep;
use ast_grep_core::Pattern;
use ast_grep_core::matcher::PatternError;
use ast_grep_core::tree_sitter::StrDoc;
use ast_grep_language::SupportLang;
use regex::{Regex, RegexBuilder};

use crate::domain::constitution::rule::{Language, Rule, RuleCheck, RuleError, RuleScope};
use crate::domain::constitution::waiver;
use crate::domain::constitution::waiver::Waiver;
use crate::domain::model::globs::Globs;

/// The size of a compiled expression, in bytes: enough for any rule that people can read.
const REGEX_BYTES_MAX: usize = 1 << 20;

/// Beyond so many hits in one file there is nothing to learn from more.
const HITS_MAX: usize = 1_000;

/// A rule that is ready to be matched against files.
pub struct CompiledRule {
    pub id: String,
    scope: Globs,
    on: RuleScope,
    matcher: Matcher,
}

enum Matcher {
    Regex(Regex),
    Structure {
        language: Language,
        pattern: Pattern,
        /// TypeScript with JSX has a grammar of its own.
        tsx: Option<Pattern>,
        /// A word that stands in every match: files without it need no parsing.
        word: String,
    },
}

/// A file's text, parsed at most once for all rules.
pub struct SourceFile<'a> {
    path: &'a str,
    text: &'a str,
    tree: OnceCell<Option<AstGrep<StrDoc<SupportLang>>>>,
}

/// A place where a rule's pattern matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleHit {
    /// Counted from 1.
    pub line: u32,
    /// In bytes, counted from 1.
    pub column: u32,
    pub end_line: u32,
    /// The lines of the match, verbatim and whole.
    pub text: String,
    /// What an in-code waiver of this rule says, on the line or the one before.
    pub waiver: Option<Waiver>,
}

/// Compiles a rule's paths alone, which is cheap: its pattern is compiled only where a change
/// concerns it.
pub fn scope(rule: &Rule) -> Result<Globs, RuleError> {
    Globs::new(rule.paths.iter().map(String::as_str)).map_err(|error| {
        let hint = "as in `src/**/*.rs`, or `!**/tests/**` to leave out";
        problem(rule, rule.at.line, error.to_string(), hint)
    })
}

/// Compiles a rule's paths and pattern; `None` where there is no pattern to match against files
/// (prose, or a command).
pub fn compile(rule: &Rule) -> Result<Option<CompiledRule>, RuleError> {
    let scope = scope(rule)?;
    let (matcher, on) = match &rule.check {
        RuleCheck::Regex { pattern, on } => (regex(pattern).map(Matcher::Regex), *on),
        RuleCheck::AstGrep { pattern, language, on } => (structure(pattern, *language), *on),
        RuleCheck::Command { .. } | RuleCheck::None => return Ok(None),
    };
    let matcher = matcher.map_err(|(message, hint)| {
        problem(rule, rule.at.check_line, format!("rule `{}`: {message}", rule.id), hint)
    })?;
    Ok(Some(CompiledRule { id: rule.id.clone(), scope, on, matcher }))
}

fn problem(rule: &Rule, line: u32, message: String, hint: &str) -> RuleError {
    RuleError { path: rule.at.path.clone(), line, message, hint: hint.to_owned() }
}

fn regex(pattern: &str) -> Result<Regex, (String, &'static str)> {
    let hint = "the syntax is that of Rust's `regex`: no look-around, no back-references";
    let built = RegexBuilder::new(pattern)
        .multi_line(true)
        .size_limit(REGEX_BYTES_MAX)
        .dfa_size_limit(REGEX_BYTES_MAX)
        .build();
    let regex = built.map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => {
            ("the pattern is too large".to_owned(), "use fewer or smaller repetitions")
        }
        other => {
            // The last line says what is wrong, those before it draw the pattern.
            let text = other.to_string();
            let last = text.lines().last().unwrap_or_default();
            (format!("`{pattern}`: {}", last.trim_start_matches("error: ")), hint)
        }
    })?;
    if regex.is_match("") {
        return Err((format!("`{pattern}` matches everywhere"), "make it need at least one word"));
    }
    Ok(regex)
}

fn structure(pattern: &str, language: Language) -> Result<Matcher, (String, &'static str)> {
    let compiled = |grammar| {
        structural(pattern, grammar).map_err(|error| {
            let hint = "a pattern is one expression or statement of the language, with `$NAME` \
                        for a part and `$$$` for several";
            (format!("`{pattern}`: {}", error.to_string().to_lowercase()), hint)
        })
    };
    let grammar = grammar(language);
    let main = compiled(grammar)?;
    let word = main.fixed_string().into_owned();
    if word.is_empty() {
        return Err((format!("`{pattern}` matches everywhere"), "make it need at least one word"));
    }
    if main.has_error() {
        let hint = "write it as it would stand in the code";
        return Err((format!("`{pattern}` is not {}", language.as_str()), hint));
    }
    let tsx = match language {
        Language::TypeScript => Some(compiled(SupportLang::Tsx)?),
        _ => None,
    };
    Ok(Matcher::Structure { language, pattern: main, tsx, word })
}

/// A pattern that is a call is a conversion of a type to Go's grammar, unless it stands in a
/// function; to C's it is a declaration.
fn structural(pattern: &str, grammar: SupportLang) -> Result<Pattern, PatternError> {
    let name = pattern.split('(').next().unwrap_or_default();
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '$');
    let is_call = pattern.ends_with(')') && !name.is_empty() && name.chars().all(plain);
    let context = match grammar {
        SupportLang::Go if is_call => format!("package p\nfunc f() {{ {pattern} }}"),
        SupportLang::C if is_call => format!("void f() {{ {pattern}; }}"),
        _ => return Pattern::try_new(pattern, grammar),
    };
    Pattern::contextual(&context, "call_expression", grammar)
        .or_else(|_| Pattern::try_new(pattern, grammar))
}

fn grammar(language: Language) -> SupportLang {
    match language {
        Language::C => SupportLang::C,
        Language::Go => SupportLang::Go,
        Language::Java => SupportLang::Java,
        Language::JavaScript => SupportLang::JavaScript,
        Language::Python => SupportLang::Python,
        Language::Rust => SupportLang::Rust,
        Language::TypeScript => SupportLang::TypeScript,
    }
}

impl<'a> SourceFile<'a> {
    pub fn new(path: &'a str, text: &'a str) -> Self {
        Self { path, text, tree: OnceCell::new() }
    }

    fn is_tsx(&self) -> bool {
        self.path.rsplit_once('.').is_some_and(|(_, extension)| extension == "tsx")
    }

    fn tree(&self) -> Option<&AstGrep<StrDoc<SupportLang>>> {
        let parse = || {
            let language = Language::of_path(self.path)?;
            let grammar = if self.is_tsx() { SupportLang::Tsx } else { grammar(language) };
            AstGrep::try_new(self.text, grammar).ok()
        };
        self.tree.get_or_init(parse).as_ref()
    }

    /// The lines of a byte range, with the range's first line and column.
    fn hit(&self, range: &Range<usize>, id: &str) -> RuleHit {
        let line = 1 + count_breaks(&self.text[..range.start]);
        let start = self.text[..range.start].rfind('\n').map_or(0, |at| at + 1);
        let last = range.end.max(range.start + 1).min(self.text.len());
        let inner = self.text[range.start..last].trim_end_matches('\n');
        let end = range.start + inner.len();
        let stop = self.text[end..].find('\n').map_or(self.text.len(), |at| end + at);
        RuleHit {
            line,
            column: u32::try_from(range.start - start + 1).unwrap_or(u32::MAX),
            end_line: line + count_breaks(inner),
            text: self.text[start..stop].trim_end_matches('\r').to_owned(),
            waiver: waiver::find(self.text, line, id),
        }
    }
}

fn count_breaks(text: &str) -> u32 {
    u32::try_from(memchr::memchr_iter(b'\n', text.as_bytes()).count()).unwrap_or(u32::MAX)
}

impl CompiledRule {
    pub fn covers(&self, path: &str) -> bool {
        self.scope.matches(path)
    }

    /// The matches that the rule speaks of: in whole files, or those that touch one of the added
    /// lines (half-open ranges, counted from 1). Empty where the path is not the rule's.
    pub fn matches(&self, source: &SourceFile<'_>, added: &[Range<u32>]) -> Vec<RuleHit> {
        if !self.covers(source.path) || (self.on == RuleScope::AddedLines && added.is_empty()) {
            return Vec::new();
        }
        let mut hits = self.everywhere(source);
        if self.on == RuleScope::AddedLines {
            let touches = |hit: &RuleHit, lines: &Range<u32>| {
                hit.line < lines.end && hit.end_line >= lines.start
            };
            hits.retain(|hit| added.iter().any(|lines| touches(hit, lines)));
        }
        hits
    }

    /// The matches in the whole text, whatever the rule's paths, each line once, at most 1,000.
    pub fn everywhere(&self, source: &SourceFile<'_>) -> Vec<RuleHit> {
        let ranges: Vec<Range<usize>> = match &self.matcher {
            Matcher::Regex(regex) => {
                let found = regex.find_iter(source.text).filter(|found| !found.is_empty());
                found.take(HITS_MAX).map(|found| found.range()).collect()
            }
            Matcher::Structure { language, pattern, tsx, word } => {
                let theirs = Language::of_path(source.path) == Some(*language);
                if !theirs
                    || memchr::memmem::find(source.text.as_bytes(), word.as_bytes()).is_none()
                {
                    return Vec::new();
                }
                let Some(tree) = source.tree() else { return Vec::new() };
                let pattern = tsx.as_ref().filter(|_| source.is_tsx()).unwrap_or(pattern);
                let nodes = tree.root();
                nodes.find_all(pattern).take(HITS_MAX).map(|found| found.range()).collect()
            }
        };
        let mut hits: Vec<RuleHit> =
            ranges.iter().map(|range| source.hit(range, &self.id)).collect();
        hits.dedup_by(|later, first| later.line == first.line);
        hits
    }
}
