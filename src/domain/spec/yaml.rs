//! YAML as a tree that remembers where each key and value stands; only the plain part of YAML.

use std::collections::BTreeMap;
use std::ops::Range;

use granit_parser::{Event, Options, Parser, ScalarStyle};

use crate::domain::spec::problem::{LintRule, SpecProblems, quote};

/// The deepest nesting that is read: a spec needs five levels.
const DEPTH_MAX: usize = 16;

/// A value and the bytes of the file it stands in.
#[derive(Debug)]
pub(in crate::domain::spec) struct Node {
    pub start: usize,
    pub end: usize,
    pub value: YamlValue,
}

/// What a value is. A scalar stays the text that was written: `1.0` and `no` mean nothing else.
#[derive(Debug)]
pub(in crate::domain::spec) enum YamlValue {
    Null,
    Text(String),
    List(Vec<Node>),
    Map(Vec<YamlEntry>),
}

/// A key with its value.
#[derive(Debug)]
pub(in crate::domain::spec) struct YamlEntry {
    pub key: String,
    pub key_start: usize,
    pub node: Node,
}

impl Node {
    /// What to call it in a message.
    pub fn kind(&self) -> &'static str {
        match self.value {
            YamlValue::Null => "empty",
            YamlValue::Text(_) => "text",
            YamlValue::List(_) => "a list",
            YamlValue::Map(_) => "a set of keys",
        }
    }
}

/// Reads one YAML document that begins at byte `base` of the file. What is wrong goes to
/// `problems`; `None` means that the text could not be understood.
pub(in crate::domain::spec) fn parse(
    text: &str,
    base: usize,
    problems: &mut SpecProblems,
) -> Option<Node> {
    let mut options = Options::default();
    options.set_emit_comments(false);
    options.disallow_directives = true;
    options.flow_nesting_limit = DEPTH_MAX;
    options.block_nesting_limit = DEPTH_MAX;
    let mut builder = Builder { base, open: Vec::new(), root: None, documents: 0, sound: true };
    for event in Parser::new_from_str_with_options(text, options) {
        match event {
            Ok((event, span)) => {
                let range = span.byte_range().unwrap_or(text.len()..text.len());
                if !builder.take(event, range, problems) {
                    return None;
                }
            }
            Err(error) => {
                let offset = error.marker().byte_offset().unwrap_or(text.len());
                let hint = syntax_hint(text, offset);
                let message = format!("this is not YAML: {}", error.info());
                problems.error(LintRule::YamlSyntax, base + offset, message, hint);
                return None;
            }
        }
    }
    let end = base + text.len();
    let empty = Node { start: base, end, value: YamlValue::Null };
    builder.sound.then(|| builder.root.unwrap_or(empty))
}

fn syntax_hint(text: &str, offset: usize) -> &'static str {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.rsplit('\n').next().unwrap_or("");
    let rest = text.get(offset..).unwrap_or("");
    if line.contains('\t') || rest.starts_with('\t') {
        "indent with spaces: YAML takes no tabs"
    } else if rest.starts_with(['[', '{', '"', '\'']) {
        "what begins here must be closed: put its bracket or quote at the end"
    } else if rest.trim().is_empty() {
        "the file ends in the middle of something: close the quote or bracket"
    } else {
        "put text that holds `: `, `#`, a quote or a bracket in quotes, or after `|`"
    }
}

/// A collection that is not closed yet.
struct Open {
    start: usize,
    partial: Partial,
}

enum Partial {
    List(Vec<Node>),
    Map { entries: Vec<YamlEntry>, key: Option<(String, usize)>, seen: BTreeMap<String, usize> },
}

struct Builder {
    base: usize,
    open: Vec<Open>,
    root: Option<Node>,
    documents: usize,
    sound: bool,
}

impl Builder {
    /// Takes one event; `false` stops the reading.
    fn take(&mut self, event: Event<'_>, range: Range<usize>, problems: &mut SpecProblems) -> bool {
        let (start, end) = (self.base + range.start, self.base + range.end);
        if event.anchor_id().is_some() || event.is_alias() || event.tag().is_some() {
            let what = if event.is_alias() {
                "an alias"
            } else if event.tag().is_some() {
                "a tag"
            } else {
                "an anchor"
            };
            self.sound = false;
            problems.error(
                LintRule::YamlFeature,
                start,
                format!("{what} is not allowed: a spec is plain YAML"),
                "write the text out where it is meant",
            );
        }
        match event {
            Event::DocumentStart(..) => {
                self.documents += 1;
                if self.documents > 1 {
                    problems.error(
                        LintRule::YamlFeature,
                        start,
                        "a second YAML document begins here".to_owned(),
                        "one file holds one spec: move this into a file of its own",
                    );
                    return false;
                }
            }
            Event::Scalar(text, style, ..) => self.scalar(&text, style, start, end, problems),
            Event::Alias(_) => self.place(Node { start, end, value: YamlValue::Null }, problems),
            Event::SequenceStart(..) => {
                self.open.push(Open { start, partial: Partial::List(Vec::new()) });
            }
            Event::MappingStart(..) => {
                let partial =
                    Partial::Map { entries: Vec::new(), key: None, seen: BTreeMap::new() };
                self.open.push(Open { start, partial });
            }
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some(open) = self.open.pop() {
                    let value = match open.partial {
                        Partial::List(items) => YamlValue::List(items),
                        Partial::Map { entries, .. } => YamlValue::Map(entries),
                    };
                    self.place(Node { start: open.start, end, value }, problems);
                }
            }
            _ => {}
        }
        true
    }

    fn scalar(
        &mut self,
        text: &str,
        style: ScalarStyle,
        start: usize,
        end: usize,
        problems: &mut SpecProblems,
    ) {
        let awaits_key =
            matches!(self.open.last(), Some(Open { partial: Partial::Map { key: None, .. }, .. }));
        let empty = style == ScalarStyle::Plain && matches!(text, "" | "~" | "null");
        let value =
            if empty && !awaits_key { YamlValue::Null } else { YamlValue::Text(text.to_owned()) };
        self.place(Node { start, end, value }, problems);
    }

    /// Puts a finished value where it belongs: a key, a key's value, an item, the root.
    fn place(&mut self, node: Node, problems: &mut SpecProblems) {
        let Some(open) = self.open.last_mut() else {
            self.root = Some(node);
            return;
        };
        match &mut open.partial {
            Partial::List(items) => items.push(node),
            Partial::Map { entries, key, seen } => {
                if let Some((name, key_start)) = key.take() {
                    entries.push(YamlEntry { key: name, key_start, node });
                    return;
                }
                let name = key_name(&node, problems);
                self.sound &= name.is_some();
                let name = name.unwrap_or_default();
                if let Some(first) = seen.insert(name.clone(), node.start) {
                    let line = problems.source.at(first).line;
                    let message =
                        format!("the key {} is here again, first in line {line}", quote(&name));
                    problems.error(
                        LintRule::DuplicateKey,
                        node.start,
                        message,
                        "keep one of the two",
                    );
                }
                *key = Some((name, node.start));
            }
        }
    }
}

fn key_name(node: &Node, problems: &mut SpecProblems) -> Option<String> {
    if let YamlValue::Text(name) = &node.value {
        return Some(name.clone());
    }
    problems.error(
        LintRule::YamlFeature,
        node.start,
        format!("{} stands where a key is expected", node.kind()),
        "a key is a word followed by a colon",
    );
    None
}
