//! What each module names of the others: in `use`, in paths, and in what macros and attributes are
//! given. What a method call reaches without naming it is not seen.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use proc_macro2::{Span, TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, Item, Macro, Meta, UseTree, Visibility};

use super::source::{Module, Source, ancestors, attributes, is_for_tests, join, split};

/// One place where a module names something of another.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Use {
    pub file: String,
    pub line: usize,
    pub from: Module,
    pub to: Module,
    /// What is named in that module; empty where the module itself is.
    pub name: String,
}

impl fmt::Display for Use {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = join(&self.to, &self.name);
        write!(f, "{}:{} {}", self.file, self.line, named.trim_end_matches("::"))
    }
}

/// What the program's modules name of each other; tests and what a module names of itself left out.
pub fn of(sources: &[Source]) -> BTreeSet<Use> {
    let modules: BTreeSet<&str> = sources.iter().map(|s| s.module.as_str()).collect();
    let mut found = BTreeSet::new();
    for source in sources.iter().filter(|s| !s.is_test) {
        let mut reader =
            Reader { modules: &modules, source, aliases: BTreeMap::new(), found: &mut found };
        // First the names under which other modules are known here, then the paths through them.
        for pass in [Pass::Imports, Pass::Paths] {
            Walk { reader: &mut reader, pass }.visit_file(&source.syntax);
        }
    }
    found
}

struct Reader<'a> {
    modules: &'a BTreeSet<&'a str>,
    source: &'a Source,
    /// Names in this file that stand for a module.
    aliases: BTreeMap<String, Module>,
    found: &'a mut BTreeSet<Use>,
}

impl Reader<'_> {
    /// The path from the crate on; none where it does not begin in this crate.
    fn absolute(&self, path: &[String]) -> Option<Vec<String>> {
        let here = &self.source.module;
        let mut base = match path.first()?.as_str() {
            "crate" => Module::new(),
            "self" => here.clone(),
            "super" => split(here)?.0.to_owned(),
            word if self.modules.contains(join(here, word).as_str()) => join(here, word),
            word => self.aliases.get(word)?.clone(),
        };
        let mut rest = &path[1..];
        while rest.first().is_some_and(|word| word == "super") {
            base = split(&base)?.0.to_owned();
            rest = &rest[1..];
        }
        let base = base.split("::").filter(|word| !word.is_empty()).map(str::to_owned);
        Some(base.chain(rest.iter().cloned()).collect())
    }

    /// The module that a path leads to, and the name in it.
    fn resolve(&self, path: &[String]) -> Option<(Module, String)> {
        let words = self.absolute(path)?;
        let mut module = Module::new();
        for (at, word) in words.iter().enumerate() {
            let next = join(&module, word);
            if !self.modules.contains(next.as_str()) {
                let name = if word == "self" { words.get(at + 1) } else { Some(word) };
                return Some((module, name.cloned().unwrap_or_default()));
            }
            module = next;
        }
        Some((module, String::new()))
    }

    fn note(&mut self, path: &[String], at: Span) {
        let Some((to, name)) = self.resolve(path) else { return };
        let from = self.source.module.clone();
        // To name a module that one stands in says nothing; what is named through it is noted.
        let is_around = to.is_empty() || ancestors(&from).any(|above| above == to);
        if to == from || (is_around && name.is_empty()) {
            return;
        }
        let (file, line) = (self.source.file.clone(), at.start().line);
        self.found.insert(Use { file, line, from, to, name });
    }

    fn import(&mut self, tree: &UseTree, path: &mut Vec<String>) {
        match tree {
            UseTree::Path(part) => {
                path.push(part.ident.to_string());
                self.import(&part.tree, path);
                path.pop();
            }
            UseTree::Name(part) => {
                let word = part.ident.to_string();
                let known = if word == "self" { path.last().cloned() } else { Some(word.clone()) };
                self.import_as(&word, known, path, part.ident.span());
            }
            UseTree::Rename(part) => {
                let (word, known) = (part.ident.to_string(), part.rename.to_string());
                self.import_as(&word, Some(known), path, part.ident.span());
            }
            UseTree::Glob(part) => {
                path.push("*".to_owned());
                self.note(path, part.star_token.spans[0]);
                path.pop();
            }
            UseTree::Group(part) => {
                for tree in &part.items {
                    self.import(tree, path);
                }
            }
        }
    }

    fn import_as(&mut self, word: &str, known: Option<String>, path: &[String], at: Span) {
        let mut path = path.to_vec();
        if word != "self" {
            path.push(word.to_owned());
        }
        self.note(&path, at);
        if let (Some((module, name)), Some(known)) = (self.resolve(&path), known)
            && name.is_empty()
        {
            self.aliases.insert(known, module);
        }
    }

    /// Paths in what a macro or an attribute was given, which is not parsed.
    fn tokens(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let colon =
            |at: usize| matches!(tokens.get(at), Some(TokenTree::Punct(p)) if p.as_char() == ':');
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            match token {
                TokenTree::Group(group) => self.tokens(group.stream()),
                TokenTree::Ident(first) => {
                    let begins = at < 2 || !(colon(at - 1) && colon(at - 2));
                    let mut path = vec![first.to_string()];
                    while colon(at + 1) && colon(at + 2) {
                        let Some(TokenTree::Ident(next)) = tokens.get(at + 3) else { break };
                        path.push(next.to_string());
                        at += 3;
                    }
                    if begins && path.len() > 1 {
                        self.note(&path, first.span());
                    }
                }
                TokenTree::Literal(literal) => self.literal(&literal.to_string(), literal.span()),
                TokenTree::Punct(_) => {}
            }
            at += 1;
        }
    }

    /// `#[serde(with = "crate::…")]`.
    fn literal(&mut self, text: &str, at: Span) {
        let inner = text.trim_matches('"');
        let is_path = inner.contains("::")
            && inner.chars().all(|c| c.is_alphanumeric() || c == '_' || c == ':');
        if is_path {
            let path: Vec<String> = inner.split("::").map(str::to_owned).collect();
            self.note(&path, at);
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Pass {
    Imports,
    Paths,
}

struct Walk<'a, 'b> {
    reader: &'a mut Reader<'b>,
    pass: Pass,
}

impl<'ast> Visit<'ast> for Walk<'_, '_> {
    fn visit_item(&mut self, item: &'ast Item) {
        if !is_for_tests(attributes(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        if !is_for_tests(&item.attrs) {
            visit::visit_impl_item_fn(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        if self.pass == Pass::Imports {
            self.reader.import(&item.tree, &mut Vec::new());
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if self.pass == Pass::Paths && path.segments.len() > 1 && path.leading_colon.is_none() {
            let words: Vec<String> = path.segments.iter().map(|s| s.ident.to_string()).collect();
            self.reader.note(&words, path.segments[0].ident.span());
        }
        visit::visit_path(self, path);
    }

    fn visit_visibility(&mut self, _: &'ast Visibility) {}

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        if self.pass == Pass::Paths
            && let Meta::List(list) = &attribute.meta
        {
            self.reader.tokens(list.tokens.clone());
        }
    }

    fn visit_macro(&mut self, mac: &'ast Macro) {
        if self.pass == Pass::Paths {
            self.reader.tokens(mac.tokens.clone());
        }
        visit::visit_macro(self, mac);
    }
}
