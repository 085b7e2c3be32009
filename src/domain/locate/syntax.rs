//! The code of a file: its tokens without comments and white space, and its functions, by the grammar of
//! its language where there is one.

use std::ops::Range;

use ast_grep_core::tree_sitter::StrDoc;
use ast_grep_core::{AstGrep, Node};
use ast_grep_language::SupportLang;

use crate::domain::locate::index::normalised;
use crate::domain::model::language::Language;

/// The largest text that is parsed, in bytes: its tree takes some two hundred times as much memory.
pub const TREE_BYTES_MAX: usize = 1024 * 1024;

/// How many names around a function its own name is told with.
const OUTER_NAMES_MAX: usize = 4;

/// How many attributes before a function belong to it.
const ATTRIBUTES_MAX: usize = 32;

/// The code of a file.
#[derive(Debug)]
pub struct SourceCode {
    /// In their order. White space and comments are not among them, except where white space has a
    /// meaning.
    pub tokens: Vec<CodeToken>,
    /// In the order in which they begin; empty where the language has no grammar here.
    pub functions: Vec<Function>,
    /// Whether a grammar told the tokens and functions; else both are guesses by line.
    pub is_parsed: bool,
}

/// A piece of code. A string is one token, white space in it included.
#[derive(Clone, Debug)]
pub struct CodeToken {
    pub text: String,
    /// The first and the last line, from 1.
    pub lines: (u32, u32),
    start: usize,
}

/// A function or a method, with its attributes and decorators.
#[derive(Clone, Debug)]
pub struct Function {
    /// Its own name.
    pub name: String,
    /// The names around it and its own: `Store.open`.
    pub path: String,
    /// The first and the last line, from 1.
    pub lines: (u32, u32),
    /// The places of its tokens.
    pub tokens: Range<usize>,
}

/// The grammar of a language.
pub fn grammar_of(language: Language) -> SupportLang {
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

/// The grammar of a file, by the end of its name. TypeScript with JSX has one of its own.
pub fn grammar(path: &str) -> Option<SupportLang> {
    match Language::of_path(path)? {
        Language::TypeScript if path.rsplit('.').next() == Some("tsx") => Some(SupportLang::Tsx),
        language => Some(grammar_of(language)),
    }
}

impl SourceCode {
    pub fn of(path: &str, text: &str) -> Self {
        let grammar = grammar(path).filter(|_| text.len() <= TREE_BYTES_MAX);
        let parsed = grammar.and_then(|grammar| AstGrep::try_new(text, grammar).ok());
        match parsed {
            Some(tree) => TreeReading::new(text, Language::of_path(path)).of_tree(&tree.root()),
            None => Self { tokens: by_line(path, text), functions: Vec::new(), is_parsed: false },
        }
    }

    /// The innermost function with that line.
    pub fn enclosing(&self, line: u32) -> Option<&Function> {
        let has_line = |function: &&Function| {
            let (first, last) = function.lines;
            (first..=last).contains(&line)
        };
        self.functions.iter().rfind(has_line)
    }

    /// The function that has this path; of several the one with this number among them.
    pub fn function(&self, path: &str, number: usize) -> Option<&Function> {
        self.functions.iter().filter(|function| function.path == path).nth(number)
    }
}

/// A tree on its way to tokens.
struct TreeReading<'a> {
    text: &'a str,
    is_python: bool,
    tokens: Vec<CodeToken>,
    functions: Vec<(Function, Range<usize>)>,
    /// What encloses the node: where it ends, and its name.
    around: Vec<(usize, String)>,
    /// Where the open blocks of a language without brackets end.
    blocks: Vec<usize>,
    /// The last definition with decorators.
    decorated: Range<usize>,
    /// How far the text was read.
    at: usize,
    lines: LineStarts,
}

impl<'a> TreeReading<'a> {
    fn new(text: &'a str, language: Option<Language>) -> Self {
        Self {
            text,
            is_python: language == Some(Language::Python),
            tokens: Vec::new(),
            functions: Vec::new(),
            around: Vec::new(),
            blocks: Vec::new(),
            decorated: 0..0,
            at: 0,
            lines: LineStarts::of(text),
        }
    }

    fn of_tree(mut self, root: &Node<'_, StrDoc<SupportLang>>) -> SourceCode {
        for node in root.dfs() {
            self.see(&node);
        }
        self.skip_to(self.text.len());
        self.close_blocks(usize::MAX);
        let tokens = self.tokens;
        let place = |at: usize| tokens.partition_point(|token| token.start < at);
        let functions = self.functions.into_iter().map(|(function, bytes)| Function {
            tokens: place(bytes.start)..place(bytes.end),
            ..function
        });
        SourceCode { functions: functions.collect(), tokens, is_parsed: true }
    }

    fn see(&mut self, node: &Node<'_, StrDoc<SupportLang>>) {
        let (kind, range) = (node.kind(), node.range());
        let kind = kind.as_ref();
        while self.around.last().is_some_and(|(end, _)| *end <= range.start) {
            self.around.pop();
        }
        if kind == "decorated_definition" {
            self.decorated = range.clone();
        }
        if let Some(name) = function_name(node, kind) {
            self.add_function(node, &name);
            self.around.push((range.end, name));
        } else if let Some(name) = container_name(node, kind) {
            self.around.push((range.end, name));
        }
        if range.start < self.at {
            return;
        }
        let is_docstring = || {
            let mut inner = node.named_children();
            self.is_python
                && kind == "expression_statement"
                && inner.next().is_some_and(|only| only.kind() == "string")
                && inner.next().is_none()
        };
        if kind.contains("comment") || is_docstring() {
            self.skip_to(range.start);
            self.at = range.end;
        } else if self.is_python && kind == "block" {
            self.skip_to(range.start);
            self.close_blocks(range.start);
            self.push("{", range.start, range.start);
            self.blocks.push(range.end);
        } else if !range.is_empty() && (is_string(kind) || node.is_leaf()) {
            self.skip_to(range.start);
            self.close_blocks(range.start);
            let text = &self.text[range.clone()];
            match kind {
                "jsx_text" => self.push_words(range.clone()),
                _ => self.push(text, range.start, range.end),
            }
            self.at = range.end;
        }
    }

    /// Reads what no node of the tree covers.
    fn skip_to(&mut self, start: usize) {
        if self.at < start {
            let between = self.at..start;
            if !self.text[between.clone()].trim().is_empty() {
                self.push_words(between);
            }
            self.at = start;
        }
    }

    fn close_blocks(&mut self, at: usize) {
        while self.blocks.last().is_some_and(|end| *end <= at) {
            let end = self.blocks.pop().unwrap_or_default().saturating_sub(1);
            self.push("}", end, end);
        }
    }

    fn push(&mut self, text: &str, start: usize, end: usize) {
        let text = text.to_owned();
        let last = end.saturating_sub(1).max(start);
        let lines = (self.lines.line_of(start), self.lines.line_of(last));
        self.tokens.push(CodeToken { text, lines, start });
    }

    fn push_words(&mut self, range: Range<usize>) {
        for (at, word) in words(&self.text[range.clone()]) {
            let start = range.start + at;
            self.push(word, start, start + word.len());
        }
    }

    fn add_function(&mut self, node: &Node<'_, StrDoc<SupportLang>>, name: &str) {
        let mut bytes = node.range();
        if self.decorated.end == bytes.end {
            bytes.start = self.decorated.start;
        }
        let mut before = node.prev();
        for _ in 0..ATTRIBUTES_MAX {
            let Some(sibling) = before else { break };
            match sibling.kind().as_ref() {
                "attribute_item" | "decorator" => bytes.start = sibling.range().start,
                kind if kind.contains("comment") => {}
                _ => break,
            }
            before = sibling.prev();
        }
        let outer = self.around.iter().rev().take(OUTER_NAMES_MAX).map(|(_, name)| name.as_str());
        let mut path: Vec<&str> = outer.collect();
        path.reverse();
        path.push(name);
        let last = bytes.end.saturating_sub(1).max(bytes.start);
        let lines = (self.lines.line_of(bytes.start), self.lines.line_of(last));
        let function =
            Function { name: name.to_owned(), path: path.join("."), lines, tokens: 0..0 };
        self.functions.push((function, bytes));
    }
}

/// The name of a function that this node defines.
fn function_name(node: &Node<'_, StrDoc<SupportLang>>, kind: &str) -> Option<String> {
    let field = |names: [&str; 2]| names.into_iter().find_map(|name| node.field(name));
    let name = match kind {
        "function_item"
        | "function_definition"
        | "function_declaration"
        | "generator_function_declaration"
        | "method_declaration"
        | "constructor_declaration"
        | "method_definition" => field(["name", "declarator"])?,
        "variable_declarator"
        | "field_definition"
        | "public_field_definition"
        | "pair"
        | "assignment_expression" => {
            let value = field(["value", "right"])?;
            let is_function = matches!(
                value.kind().as_ref(),
                "arrow_function" | "function_expression" | "function" | "generator_function"
            );
            is_function
                .then(|| field(["name", "property"]).or_else(|| field(["key", "left"])))??
        }
        _ => return None,
    };
    Some(declared_name(name))
}

/// The name within a declarator of C: `*open(int mode)` declares `open`.
fn declared_name(mut node: Node<'_, StrDoc<SupportLang>>) -> String {
    while let Some(inner) = node.field("declarator") {
        node = inner;
    }
    node.text().split_whitespace().collect()
}

/// The name of a type or module that this node defines.
fn container_name(node: &Node<'_, StrDoc<SupportLang>>, kind: &str) -> Option<String> {
    let name = match kind {
        "class_definition"
        | "class_declaration"
        | "abstract_class_declaration"
        | "trait_item"
        | "mod_item"
        | "interface_declaration"
        | "enum_declaration"
        | "record_declaration"
        | "internal_module" => node.field("name")?,
        "impl_item" => node.field("type")?,
        _ => return None,
    };
    Some(name.text().split_whitespace().collect())
}

fn is_string(kind: &str) -> bool {
    kind == "string"
        || kind.ends_with("string_literal")
        || matches!(kind, "template_string" | "char_literal" | "character_literal")
}

/// The tokens of a text whose language has no grammar here.
fn by_line(path: &str, text: &str) -> Vec<CodeToken> {
    let end = path.rsplit('.').next().unwrap_or_default();
    let is_prose = matches!(end, "md" | "markdown" | "rst" | "txt" | "adoc");
    let is_indented = matches!(end, "yaml" | "yml");
    let mut tokens = Vec::new();
    let mut open: Option<&str> = None;
    for (number, line) in (1..).zip(text.lines()) {
        let body = line.trim();
        if let Some(close) = open {
            open = (!body.contains(close)).then_some(close);
            continue;
        }
        let block = [("/*", "*/"), ("<!--", "-->")]
            .into_iter()
            .find(|(mark, _)| body.starts_with(mark) && !(is_prose && *mark == "/*"));
        if let Some((_, close)) = block {
            open = (!body.contains(close)).then_some(close);
            continue;
        }
        if !is_prose && is_comment(body) {
            continue;
        }
        let code = if is_prose { body.to_owned() } else { normalised(body) };
        let start = tokens.len();
        let lines = (number, number);
        if is_indented && !code.is_empty() {
            let indent = line.len() - line.trim_start().len();
            tokens.push(CodeToken { text: format!("indent {indent}"), lines, start });
        }
        let found = words(&code).map(|(_, word)| CodeToken { text: word.to_owned(), lines, start });
        tokens.extend(found);
    }
    tokens
}

/// Whether a line is a comment and nothing else, in any usual language. `#include` is none.
fn is_comment(line: &str) -> bool {
    let hash = line.strip_prefix('#');
    hash.is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_lowercase() || c == '['))
        || line.starts_with("//")
        || line.starts_with("-- ")
        || line == "--"
}

/// The words and signs of a text, each with its place.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = &text[at..];
        let start = at + rest.find(|c: char| !c.is_whitespace())?;
        let first = text[start..].chars().next()?;
        let len = if is_word(first) {
            text[start..].find(|c| !is_word(c)).unwrap_or(text.len() - start)
        } else {
            first.len_utf8()
        };
        at = start + len;
        Some((start, &text[start..at]))
    })
}

/// Where the lines of a text begin.
struct LineStarts(Vec<usize>);

impl LineStarts {
    fn of(text: &str) -> Self {
        let breaks = memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| at + 1);
        Self(std::iter::once(0).chain(breaks).collect())
    }

    /// The line of a byte, from 1.
    fn line_of(&self, at: usize) -> u32 {
        u32::try_from(self.0.partition_point(|start| *start <= at)).unwrap_or(u32::MAX)
    }
}
