//! Who uses whom, folder by folder.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::source::{Module, join};
use super::uses::Use;

/// What stands for a folder's own file (`mod.rs`, or `main.rs` at the top) among its modules.
pub const SELF: &str = ".";

/// Two modules of one folder, of which the first, or something in it, uses the second.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Arrow {
    pub folder: Module,
    pub from: String,
    pub to: String,
}

impl Arrow {
    pub fn new(folder: &str, from: &str, to: &str) -> Self {
        Self { folder: folder.to_owned(), from: from.to_owned(), to: to.to_owned() }
    }
}

impl fmt::Display for Arrow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} uses {}", shown(&self.folder), self.from, self.to)
    }
}

fn shown(folder: &str) -> &str {
    if folder.is_empty() { "src" } else { folder }
}

/// Each arrow with the places that make it.
pub type Arrows = BTreeMap<Arrow, Vec<Use>>;

pub fn of(uses: &BTreeSet<Use>) -> Arrows {
    let mut arrows = Arrows::new();
    for one in uses {
        arrows.entry(arrow(&one.from, &one.to)).or_default().push(one.clone());
    }
    arrows
}

/// The arrow stands in the innermost folder that holds both.
fn arrow(from: &str, to: &str) -> Arrow {
    let (mut folder, mut from, mut to) = (Module::new(), from, to);
    loop {
        let ((first, below), (second, other)) = (head(from), head(to));
        if first != second {
            return Arrow::new(&folder, first, second);
        }
        folder = join(&folder, first);
        (from, to) = (below, other);
    }
}

fn head(path: &str) -> (&str, &str) {
    match path.split_once("::") {
        Some(parts) => parts,
        None if path.is_empty() => (SELF, ""),
        None => (path, ""),
    }
}

/// How many folders stand above the modules of a folder.
pub fn depth(folder: &str) -> usize {
    folder.split("::").filter(|word| !word.is_empty()).count()
}

/// Modules of a folder, each of which is reached from each of the others.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub struct Cycle {
    pub folder: Module,
    pub members: BTreeSet<String>,
}

impl fmt::Display for Cycle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let members: Vec<&str> = self.members.iter().map(String::as_str).collect();
        write!(f, "{}: {}", shown(&self.folder), members.join(" "))
    }
}

pub fn cycles(arrows: &Arrows) -> BTreeSet<Cycle> {
    let mut next: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
    for Arrow { folder, from, to } in arrows.keys() {
        next.entry((folder, from)).or_default().insert(to);
    }
    let reached: BTreeMap<(&str, &str), BTreeSet<&str>> =
        next.keys().map(|&(folder, from)| ((folder, from), reach(&next, folder, from))).collect();
    let is_reached =
        |folder, from, to| reached.get(&(folder, from)).is_some_and(|r| r.contains(to));
    let mut cycles = BTreeSet::new();
    for (&(folder, one), all) in &reached {
        let back = all.iter().filter(|other| is_reached(folder, **other, one));
        let members: BTreeSet<String> = back.map(|other| (*other).to_owned()).collect();
        if members.contains(one) {
            cycles.insert(Cycle { folder: folder.to_owned(), members });
        }
    }
    cycles
}

fn reach<'a>(
    next: &BTreeMap<(&'a str, &'a str), BTreeSet<&'a str>>,
    folder: &'a str,
    from: &'a str,
) -> BTreeSet<&'a str> {
    let (mut reached, mut ahead) = (BTreeSet::new(), vec![from]);
    while let Some(at) = ahead.pop() {
        for &to in next.get(&(folder, at)).into_iter().flatten() {
            if reached.insert(to) {
                ahead.push(to);
            }
        }
    }
    reached
}
