//! Rules of the structure, as tests.

mod arrows;
mod claims;
mod figures;
mod imports;
mod order;
mod shape;
pub mod source;
mod trial;
mod uses;

use std::collections::BTreeSet;
use std::fmt::Display;
use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;

use self::arrows::{Arrows, Cycle};
use self::shape::Shape;
use self::source::{Module, Source, rust_files};

/// Read when the test runs: a shared target folder would otherwise test another checkout.
fn top() -> PathBuf {
    PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap())
}

/// What the tests of the structure look at, read once.
struct Tree {
    /// Without `main.rs` and without tests.
    modules: Vec<Module>,
    arrows: Arrows,
    cycles: BTreeSet<Cycle>,
    shape: Shape,
}

fn tree() -> &'static Tree {
    static TREE: OnceLock<Tree> = OnceLock::new();
    TREE.get_or_init(|| Tree::of(&source::read(&top())))
}

impl Tree {
    fn of(sources: &[Source]) -> Self {
        let modules = sources.iter().filter(|s| !s.is_test && !s.module.is_empty());
        let modules = modules.map(|s| s.module.clone()).collect();
        let arrows = arrows::of(&uses::of(sources));
        Self { modules, cycles: arrows::cycles(&arrows), arrows, shape: Shape::of(sources) }
    }
}

/// Holds a rule that the tree still breaks: what breaks it may become less, never more.
fn ratchet<T: Display>(constant: &str, written: usize, found: impl IntoIterator<Item = T>) {
    let found: Vec<String> = found.into_iter().map(|one| one.to_string()).collect();
    let (count, list) = (found.len(), found.join("\n"));
    assert!(count <= written, "{count}, where `{constant}` allows {written}:\n{list}");
    assert!(count == written, "{count} are left: lower `{constant}`, which is {written}\n{list}");
}

#[test]
fn every_file_opens_with_its_job() {
    let folders = ["src", "tests"].map(|f| rust_files(&top().join(f)));
    for file in folders.concat() {
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.starts_with("//! "), "{} does not open with `//! `", file.display());
    }
}

#[test]
fn no_test_file_is_forgotten() {
    let folder = top().join("tests/it");
    for file in rust_files(&folder) {
        let is_folder = file.ends_with("mod.rs");
        let part = if is_folder { file.parent().unwrap() } else { &file };
        let name = part.file_stem().unwrap().to_str().unwrap();
        let above = part.parent().unwrap();
        let list = above.join(if above == folder { "main.rs" } else { "mod.rs" });
        if file != list {
            let listed = fs::read_to_string(&list).unwrap().contains(&format!("mod {name};"));
            assert!(listed, "{name} is not in {}", list.display());
        }
    }
}
