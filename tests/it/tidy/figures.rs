//! The structure in figures, to compare one state with another.

use std::collections::BTreeMap;

use super::arrows::{Arrow, SELF, depth};
use super::shape::{MOST_LINES_OF_A_FILE, MOST_LINES_OF_A_FUNCTION, Shape};
use super::source::split;
use super::{Tree, tree, trial};

const LONGEST: usize = 10;

/// What `TRIBUNAL_TEST_FIGURES=1 cargo test --test it -- tidy:: --nocapture` prints.
#[test]
fn figures_count_what_is_there() {
    let wanted = [
        "modules: 2 at the top, 6 in all",
        "arrows at depth 0: 1 between modules, 0 to a folder's own file",
        "arrows at depth 1: 2 between modules, 1 to a folder's own file",
        "cycles at depth 0: 0",
        "cycles at depth 1: 1",
        "    a: . x y",
        "types: 5, 1 names stand more than once",
        "    Twice: src/a/x.rs:4 src/b/mod.rs:1",
        "functions: 5, median 1 lines, 0 over 70",
        "files: 7, 26 lines without tests, 0 over 400",
    ];
    assert_eq!(figures(&Tree::of(&trial::read()))[..wanted.len()], wanted);
    if std::env::var_os("TRIBUNAL_TEST_FIGURES").is_some() {
        println!("\n{}", figures(tree()).join("\n"));
    }
}

fn figures(tree: &Tree) -> Vec<String> {
    let (modules, arrows, cycles) = (modules(tree), arrows(tree), cycles(tree));
    let (names, functions, files) =
        (names(&tree.shape), functions(&tree.shape), files(&tree.shape));
    [modules, arrows, cycles, names, functions, files].concat()
}

fn modules(tree: &Tree) -> Vec<String> {
    let modules = &tree.modules;
    let top = modules.iter().filter_map(|module| split(module)).filter(|(f, _)| f.is_empty());
    vec![format!("modules: {} at the top, {} in all", top.count(), modules.len())]
}

/// What a folder's own file uses of its modules is left out; what they use of it is not.
fn arrows(tree: &Tree) -> Vec<String> {
    let mut counts: BTreeMap<usize, (usize, usize)> = BTreeMap::new();
    for Arrow { folder, from, to } in tree.arrows.keys() {
        let (between, up) = counts.entry(depth(folder)).or_default();
        if to == SELF {
            *up += 1;
        } else if from != SELF {
            *between += 1;
        }
    }
    let lines = counts.iter().map(|(depth, (between, up))| {
        format!("arrows at depth {depth}: {between} between modules, {up} to a folder's own file")
    });
    lines.collect()
}

fn cycles(tree: &Tree) -> Vec<String> {
    let cycles = &tree.cycles;
    let deepest = tree.arrows.keys().map(|arrow| depth(&arrow.folder)).max().unwrap_or(0);
    let mut lines = Vec::new();
    for at in 0..=deepest {
        let here: Vec<_> = cycles.iter().filter(|cycle| depth(&cycle.folder) == at).collect();
        lines.push(format!("cycles at depth {at}: {}", here.len()));
        lines.extend(here.iter().map(|cycle| format!("    {cycle}")));
    }
    lines
}

fn names(shape: &Shape) -> Vec<String> {
    let (types, twice) = (shape.types.len(), shape.names_twice());
    let mut lines = vec![format!("types: {types}, {} names stand more than once", twice.len())];
    lines.extend(twice.iter().map(|(name, places)| format!("    {name}: {}", places.join(" "))));
    lines
}

fn functions(shape: &Shape) -> Vec<String> {
    let long = shape.functions_over(MOST_LINES_OF_A_FUNCTION);
    let (count, median, over) = (shape.functions.len(), shape.median_function(), long.len());
    let most = MOST_LINES_OF_A_FUNCTION;
    let mut lines = vec![format!("functions: {count}, median {median} lines, {over} over {most}")];
    lines.extend(long.iter().map(|one| format!("    {one}")));
    lines
}

fn files(shape: &Shape) -> Vec<String> {
    let (count, over) = (shape.files.len(), shape.files_over(MOST_LINES_OF_A_FILE).len());
    let sum: usize = shape.files.iter().map(|one| one.lines).sum();
    let most = MOST_LINES_OF_A_FILE;
    let mut lines = vec![format!("files: {count}, {sum} lines without tests, {over} over {most}")];
    lines.extend(shape.files_over(0).iter().take(LONGEST).map(|one| format!("    {one}")));
    lines
}
