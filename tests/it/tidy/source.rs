//! The files of `src/`: the module that each is, what it parses to, and whether it is for tests.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use syn::{Attribute, File, Item, Meta};

/// A module path without `crate`, as in `review::deliver`; empty for the crate itself.
pub type Module = String;

/// A file of `src/`.
pub struct Source {
    pub module: Module,
    /// From the repository's top.
    pub file: String,
    pub syntax: File,
    pub lines: usize,
    pub is_test: bool,
}

/// Everything below `src/`, tests included.
pub fn read(top: &Path) -> Vec<Source> {
    let src = top.join("src");
    let mut sources: Vec<Source> = rust_files(&src)
        .into_iter()
        .map(|path| {
            let text = fs::read_to_string(&path).unwrap();
            let syntax = syn::parse_file(&text)
                .unwrap_or_else(|e| panic!("{} cannot be read: {e}", path.display()));
            let file = path.strip_prefix(top).unwrap().to_str().unwrap().to_owned();
            let module = module_of(path.strip_prefix(&src).unwrap());
            Source { module, file, syntax, lines: text.lines().count(), is_test: false }
        })
        .collect();
    let tests: BTreeSet<Module> = sources.iter().flat_map(declared_for_tests).collect();
    for source in &mut sources {
        source.is_test = is_test_name(&source.module)
            || ancestors(&source.module).any(|above| tests.contains(above));
    }
    sources
}

pub fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(rust_files(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn module_of(relative: &Path) -> Module {
    let path = relative.with_extension("");
    let mut words: Vec<&str> = path.iter().map(|w| w.to_str().unwrap()).collect();
    if matches!(words.last(), Some(&"mod")) || words == ["main"] {
        words.pop();
    }
    words.join("::")
}

/// The module itself and those that it stands in, the crate left out.
pub fn ancestors(module: &str) -> impl Iterator<Item = &str> {
    let ends = module.match_indices("::").map(|(at, _)| at).chain([module.len()]);
    ends.map(|end| &module[..end])
}

pub fn join(folder: &str, name: &str) -> Module {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}::{name}") }
}

/// The folder that a module stands in, and its name there; none for the crate.
pub fn split(module: &str) -> Option<(&str, &str)> {
    if module.is_empty() {
        return None;
    }
    Some(module.rsplit_once("::").unwrap_or(("", module)))
}

fn is_test_name(module: &str) -> bool {
    module.split("::").any(|word| word == "tests" || word.ends_with("_tests"))
}

fn declared_for_tests(source: &Source) -> Vec<Module> {
    let declared = source.syntax.items.iter().filter_map(|item| match item {
        Item::Mod(item) if is_for_tests(&item.attrs) => Some(item.ident.to_string()),
        _ => None,
    });
    declared.map(|name| join(&source.module, &name)).collect()
}

/// Whether it is compiled for tests alone.
pub fn is_for_tests(attrs: &[Attribute]) -> bool {
    attrs.iter().any(|attr| match &attr.meta {
        Meta::List(list) if list.path.is_ident("cfg") => {
            list.parse_args::<syn::Path>().is_ok_and(|path| path.is_ident("test"))
        }
        meta => meta.path().is_ident("test"),
    })
}

pub fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(i) => &i.attrs,
        Item::Enum(i) => &i.attrs,
        Item::Fn(i) => &i.attrs,
        Item::Impl(i) => &i.attrs,
        Item::Macro(i) => &i.attrs,
        Item::Mod(i) => &i.attrs,
        Item::Static(i) => &i.attrs,
        Item::Struct(i) => &i.attrs,
        Item::Trait(i) => &i.attrs,
        Item::Type(i) => &i.attrs,
        Item::Use(i) => &i.attrs,
        _ => &[],
    }
}
