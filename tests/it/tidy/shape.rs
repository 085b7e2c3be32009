//! How large the parts are and what they are called: type names, functions and files.

use std::collections::BTreeMap;
use std::fmt;

use syn::visit::{self, Visit};
use syn::{Attribute, Block, Ident, Item, Signature, Type, Visibility};

use super::source::{Source, attributes, is_for_tests};
use super::{ratchet, tree};

/// Type names that stand more than once for good, each with the reason. At most `MOST_TWICE`.
const TWICE: &[(&str, &str)] = &[("Args", "the arguments of a command, one type a command")];

/// Files that are data and may be long, from the repository's top.
const TABLES: &[&str] = &[];

const MOST_TWICE: usize = 25;
pub const MOST_LINES_OF_A_FUNCTION: usize = 70;
pub const MOST_LINES_OF_A_FILE: usize = 400;

// What is still over those limits. Each of these goes down to 0.
const TWICE_WITHOUT_A_REASON: usize = 13;
const LONG_FUNCTIONS: usize = 0;
const LONG_FILES: usize = 1;

/// A type, a function or a file, where it begins.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub struct Part {
    pub lines: usize,
    pub name: String,
    /// `file:line`
    pub place: String,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let one = format!("{} lines: {} {}", self.lines, self.place, self.name);
        f.write_str(one.trim_end())
    }
}

/// The parts of the program; of its tests nothing.
#[derive(Default)]
pub struct Shape {
    /// Types that another file can name.
    pub types: Vec<Part>,
    /// From the line with `fn` to the closing brace.
    pub functions: Vec<Part>,
    /// Without the tests in them.
    pub files: Vec<Part>,
}

impl Shape {
    pub fn of(sources: &[Source]) -> Self {
        let mut shape = Self::default();
        for source in sources.iter().filter(|s| !s.is_test) {
            let mut walk = Walk { file: &source.file, within: String::new(), shape: &mut shape };
            walk.visit_file(&source.syntax);
            let tests: usize = source.syntax.items.iter().map(lines_of_tests).sum();
            let (name, place) = (String::new(), source.file.clone());
            shape.files.push(Part { lines: source.lines - tests, name, place });
        }
        shape
    }

    /// Names that stand for more than one type, with their places.
    pub fn names_twice(&self) -> BTreeMap<&str, Vec<&str>> {
        let mut places: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for one in &self.types {
            places.entry(&one.name).or_default().push(&one.place);
        }
        places.retain(|_, places| places.len() > 1);
        places
    }

    /// The longest first.
    pub fn functions_over(&self, most: usize) -> Vec<&Part> {
        longest(self.functions.iter().filter(|one| one.lines > most))
    }

    pub fn files_over(&self, most: usize) -> Vec<&Part> {
        longest(self.files.iter().filter(|one| one.lines > most))
    }

    pub fn median_function(&self) -> usize {
        let mut lines: Vec<usize> = self.functions.iter().map(|one| one.lines).collect();
        lines.sort_unstable();
        lines.get(lines.len() / 2).copied().unwrap_or(0)
    }
}

fn longest<'a>(parts: impl Iterator<Item = &'a Part>) -> Vec<&'a Part> {
    let mut parts: Vec<&Part> = parts.collect();
    parts.sort_by(|a, b| b.cmp(a));
    parts
}

/// The lines of the tests that stand in the file itself.
fn lines_of_tests(item: &Item) -> usize {
    match item {
        Item::Mod(item) if is_for_tests(&item.attrs) => {
            item.content.as_ref().map_or(0, |content| {
                let first = item.attrs[0].pound_token.span.start().line;
                content.0.span.close().end().line + 1 - first
            })
        }
        _ => 0,
    }
}

/// The last word of a type's name; nothing for a type without one.
fn name_of(of: &Type) -> String {
    match of {
        Type::Path(of) => of.path.segments.last().map(|s| s.ident.to_string()).unwrap_or_default(),
        _ => String::new(),
    }
}

struct Walk<'a> {
    file: &'a str,
    /// The type whose functions are being read.
    within: String,
    shape: &'a mut Shape,
}

impl Walk<'_> {
    fn named(&mut self, ident: &Ident, vis: &Visibility) {
        if !matches!(vis, Visibility::Inherited) {
            let part = self.part(ident, 0);
            self.shape.types.push(part);
        }
    }

    fn function(&mut self, sig: &Signature, block: &Block) {
        let (first, last) = (sig.fn_token.span.start(), block.brace_token.span.close().end());
        let mut part = self.part(&sig.ident, last.line + 1 - first.line);
        if !self.within.is_empty() {
            part.name = format!("{}::{}", self.within, part.name);
        }
        self.shape.functions.push(part);
    }

    fn part(&self, ident: &Ident, lines: usize) -> Part {
        let place = format!("{}:{}", self.file, ident.span().start().line);
        Part { lines, name: ident.to_string(), place }
    }

    fn read(&mut self, attrs: &[Attribute], read: impl FnOnce(&mut Self)) {
        if !is_for_tests(attrs) {
            read(self);
        }
    }
}

impl<'ast> Visit<'ast> for Walk<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        self.read(attributes(item), |walk| {
            let outer = walk.within.clone();
            match item {
                Item::Struct(i) => walk.named(&i.ident, &i.vis),
                Item::Enum(i) => walk.named(&i.ident, &i.vis),
                Item::Type(i) => walk.named(&i.ident, &i.vis),
                Item::Trait(i) => {
                    walk.named(&i.ident, &i.vis);
                    walk.within = i.ident.to_string();
                }
                Item::Impl(i) => walk.within = name_of(&i.self_ty),
                Item::Fn(i) => walk.function(&i.sig, &i.block),
                _ => {}
            }
            visit::visit_item(walk, item);
            walk.within = outer;
        });
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.read(&item.attrs, |walk| {
            walk.function(&item.sig, &item.block);
            visit::visit_impl_item_fn(walk, item);
        });
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        if let Some(block) = &item.default {
            self.function(&item.sig, block);
        }
        visit::visit_trait_item_fn(self, item);
    }
}

#[test]
fn type_names_stand_once_or_with_a_reason() {
    let twice = tree().shape.names_twice();
    for (name, _) in TWICE {
        assert!(twice.contains_key(name), "`{name}` stands at most once: take it off `TWICE`");
    }
    assert!(TWICE.len() <= MOST_TWICE, "{} names in `TWICE`", TWICE.len());
    let is_explained = |name: &str| TWICE.iter().any(|(explained, _)| *explained == name);
    let rest = twice.iter().filter(|(name, _)| !is_explained(name));
    let rest = rest.map(|(name, places)| format!("{name}: {}", places.join(" ")));
    ratchet("TWICE_WITHOUT_A_REASON", TWICE_WITHOUT_A_REASON, rest);
}

#[test]
fn no_function_is_longer_than_70_lines() {
    let long = tree().shape.functions_over(MOST_LINES_OF_A_FUNCTION);
    ratchet("LONG_FUNCTIONS", LONG_FUNCTIONS, long);
}

#[test]
fn no_file_is_longer_than_400_lines() {
    let mut long = tree().shape.files_over(MOST_LINES_OF_A_FILE);
    for table in TABLES {
        let is_long = long.iter().any(|one| one.place == *table);
        assert!(is_long, "`{table}` is not too long: take it off `TABLES`");
    }
    long.retain(|one| !TABLES.contains(&one.place.as_str()));
    ratchet("LONG_FILES", LONG_FILES, long);
}
