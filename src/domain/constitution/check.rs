//! Matches a rule's pattern against a file.

use std::cell::OnceCell;
use std::ops::Range;
use std::path::Path;

use ast_grep_core::AstGrep;
use ast_grep_core::Pattern;
use ast_grep_core::matcher::PatternError;
use ast_grep_core::tree_sitter::StrDoc;
use ast_grep_language::SupportLang;
use bstr::ByteSlice as _;
use regex::{Regex, RegexBuilder};

use crate::domain::constitution::rule::{Rule, RuleCheck, RuleError, RuleScope};
use crate::domain::constitution::waiver;
use crate::domain::constitution::waiver::Waiver;
use crate::domain::locate::syntax::{TREE_BYTES_MAX, grammar, grammar_of};
use crate::domain::model::globs::Globs;
use crate::domain::model::language::Language;

/// The size of a compiled expression, in bytes: enough for any rule that people can read.
const REGEX_BYTES_MAX: usize = 1 << 20;

/// Beyond so many hits in one file there is nothing to learn from more.
const HITS_MAX: usize = 1_000;

/// The most bytes of a match's lines that are kept.
const TEXT_BYTES_MAX: usize = 8 * 1024;

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
    path: &'a Path,
    text: &'a str,
    tree: OnceCell<Option<AstGrep<StrDoc<SupportLang>>>>,
}

/// Where a rule matches, and why that may not be all.
#[derive(Debug, Default)]
pub struct RuleMatches {
    pub hits: Vec<RuleHit>,
    pub cut: Option<NotHeld>,
}

/// Why a rule was not held against a whole file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotHeld {
    #[error("it has more than {HITS_MAX} hits, and the others are not listed")]
    TooManyHits,
    #[error("files of more than {} MiB are not parsed for patterns of code", TREE_BYTES_MAX / 1024 / 1024)]
    TooLarge,
    #[error("it could not be parsed")]
    NotParsed,
}

/// A place where a rule's pattern matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleHit {
    /// Counted from 1.
    pub line: u32,
    /// In bytes, counted from 1.
    pub column: u32,
    pub end_line: u32,
    /// The lines of the match, verbatim; whole where they are of a length that people write.
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
    let grammar = grammar_of(language);
    let main = compiled(grammar)?;
    let word = main.fixed_string().into_owned();
    if word.is_empty() {
        return Err((format!("`{pattern}` matches everywhere"), "make it need at least one word"));
    }
    if main.has_error() {
        let hint = "write it as it would be in the code";
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

impl<'a> SourceFile<'a> {
    pub fn new(path: &'a (impl AsRef<Path> + ?Sized), text: &'a str) -> Self {
        Self { path: path.as_ref(), text, tree: OnceCell::new() }
    }

    fn language(&self) -> Option<Language> {
        Language::of_path(&self.path.to_string_lossy())
    }

    fn is_tsx(&self) -> bool {
        self.path.extension().is_some_and(|extension| extension == "tsx")
    }

    fn tree(&self) -> Option<&AstGrep<StrDoc<SupportLang>>> {
        let parse = || {
            let grammar = grammar(&self.path.to_string_lossy())?;
            AstGrep::try_new(self.text, grammar).ok()
        };
        self.tree.get_or_init(parse).as_ref()
    }

    /// The hit of a byte range that begins on the first of these lines (from 1) and ends on the second.
    fn hit(&self, range: &Range<usize>, lines: (u32, u32), id: &str) -> RuleHit {
        let start = line_start(self.text, range.start);
        let end = matched_end(self.text, range);
        let stop = self.text[end..].find('\n').map_or(self.text.len(), |at| end + at);
        let own_stop =
            self.text[range.start..].find('\n').map_or(self.text.len(), |at| range.start + at);
        let before = start.checked_sub(1).map(|end| &self.text[line_start(self.text, end)..end]);
        let whole = self.text[start..stop].trim_end_matches('\r');
        RuleHit {
            line: lines.0,
            column: u32::try_from(range.start - start + 1).unwrap_or(u32::MAX),
            end_line: lines.1,
            text: whole[..whole.floor_char_boundary(TEXT_BYTES_MAX)].to_owned(),
            waiver: waiver::find(before, &self.text[start..own_stop], id),
        }
    }
}

/// Where the line of a byte begins.
fn line_start(text: &str, at: usize) -> usize {
    memchr::memrchr(b'\n', &text.as_bytes()[..at]).map_or(0, |at| at + 1)
}

/// Where a match ends, without the line breaks at its end.
fn matched_end(text: &str, range: &Range<usize>) -> usize {
    let last = range.end.max(range.start + 1).min(text.len());
    let inner = text.as_bytes()[range.start..last].trim_end_with(|c| c == '\n');
    range.start + inner.len()
}

/// Counts lines on the way through a text, each byte once.
struct LineCounter<'a> {
    text: &'a [u8],
    at: usize,
    line: u32,
}

impl LineCounter<'_> {
    /// The line of a byte that does not stand before the last one.
    fn line_of(&mut self, at: usize) -> u32 {
        let breaks = memchr::memchr_iter(b'\n', &self.text[self.at..at]).count();
        self.at = at;
        self.line += u32::try_from(breaks).unwrap_or(u32::MAX);
        self.line
    }
}

impl CompiledRule {
    pub fn covers(&self, path: impl AsRef<Path>) -> bool {
        self.scope.matches(path)
    }

    /// The matches that the rule speaks of and that no waiver takes out: in whole files, or those that
    /// touch one of the added lines (half-open ranges in their order, counted from 1). Empty where the
    /// path is not the rule's.
    pub fn matches(&self, source: &SourceFile<'_>, added: &[Range<u32>]) -> RuleMatches {
        if !self.covers(source.path) || (self.on == RuleScope::AddedLines && added.is_empty()) {
            return RuleMatches::default();
        }
        let is_meant = |line: u32, end_line: u32| {
            let next = added.partition_point(|lines| lines.end <= line);
            self.on != RuleScope::AddedLines
                || added.get(next).is_some_and(|lines| lines.start <= end_line)
        };
        self.collect(source, is_meant, |hit| !matches!(hit.waiver, Some(Waiver::Reason(_))))
    }

    /// The matches in the whole text, whatever the rule's paths, each line once, at most 1,000.
    pub fn everywhere(&self, source: &SourceFile<'_>) -> Vec<RuleHit> {
        self.collect(source, |_, _| true, |_| true).hits
    }

    /// The matches on lines that are meant and of which the hit is wanted. The limit counts those alone:
    /// whatever else a file holds hides none of them.
    fn collect(
        &self,
        source: &SourceFile<'_>,
        is_meant: impl Fn(u32, u32) -> bool,
        is_wanted: impl Fn(&RuleHit) -> bool,
    ) -> RuleMatches {
        let mut found = RuleMatches::default();
        let mut last = 0;
        // False where there is no room for more.
        let mut take = |range: Range<usize>, lines: (u32, u32)| {
            if lines.0 == last || !is_meant(lines.0, lines.1) {
                return true;
            }
            last = lines.0;
            let hit = source.hit(&range, lines, &self.id);
            if !is_wanted(&hit) {
                return true;
            }
            if found.hits.len() == HITS_MAX {
                found.cut = Some(NotHeld::TooManyHits);
                return false;
            }
            found.hits.push(hit);
            true
        };
        match &self.matcher {
            Matcher::Regex(regex) => {
                let mut lines = LineCounter { text: source.text.as_bytes(), at: 0, line: 1 };
                let ranges = regex.find_iter(source.text).map(|found| found.range());
                let mut ranges = ranges.filter(|range| !range.is_empty());
                ranges.all(|range| {
                    let first = lines.line_of(range.start);
                    let end = lines.line_of(matched_end(source.text, &range));
                    take(range, (first, end))
                });
            }
            Matcher::Structure { language, pattern, tsx, word } => {
                let theirs = source.language() == Some(*language);
                if !theirs
                    || memchr::memmem::find(source.text.as_bytes(), word.as_bytes()).is_none()
                {
                    return found;
                }
                if source.text.len() > TREE_BYTES_MAX {
                    return RuleMatches { cut: Some(NotHeld::TooLarge), ..found };
                }
                let Some(tree) = source.tree() else {
                    return RuleMatches { cut: Some(NotHeld::NotParsed), ..found };
                };
                let pattern = tsx.as_ref().filter(|_| source.is_tsx()).unwrap_or(pattern);
                let nodes = tree.root();
                let number = |line: usize| u32::try_from(line + 1).unwrap_or(u32::MAX);
                nodes.find_all(pattern).all(|node| {
                    let lines = (node.start_pos().line(), node.end_pos().line());
                    take(node.range(), (number(lines.0), number(lines.1)))
                });
            }
        }
        found
    }
}
