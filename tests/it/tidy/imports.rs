//! Every module uses only what stands below it in the order of its folder, at every depth.

use std::collections::{BTreeMap, BTreeSet};

use super::arrows::{Arrow, SELF};
use super::order::{CYCLES, ORDER, UPWARD};
use super::source::split;
use super::{ratchet, tree};

fn words(list: &'static str) -> Vec<&'static str> {
    list.split_whitespace().collect()
}

/// The modules of a folder, highest first; none where it needs no order.
fn order_of(folder: &str) -> Option<Vec<&'static str>> {
    ORDER.iter().find(|(of, _)| *of == folder).map(|(_, modules)| words(modules))
}

/// Whether the order lets the first use the second.
fn points_down(arrow: &Arrow) -> bool {
    let order = order_of(&arrow.folder).unwrap_or_default();
    let place = |module: &str| order.iter().position(|one| *one == module);
    match (place(&arrow.from), place(&arrow.to)) {
        (Some(from), Some(to)) => from < to,
        // The folder's own file, where it is not in the list, and a module without a place.
        (None, _) => arrow.from == SELF,
        (Some(_), None) => false,
    }
}

#[test]
fn every_module_has_its_place_in_the_order() {
    let mut folders: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (folder, name) in tree().modules.iter().filter_map(|module| split(module)) {
        folders.entry(folder).or_default().insert(name);
    }
    let mut wrong = Vec::new();
    for (folder, modules) in &folders {
        let order = order_of(folder);
        if order.is_none() && modules.len() > 1 {
            wrong.push(format!("`{folder}` has no order"));
        }
        let without =
            modules.iter().filter(|one| order.as_ref().is_some_and(|o| !o.contains(*one)));
        wrong.extend(without.map(|one| format!("`{one}` has no place in the order of `{folder}`")));
    }
    for (folder, order) in ORDER.iter().map(|(folder, order)| (folder, words(order))) {
        let are_there = folders.get(folder).cloned().unwrap_or_default();
        for (at, one) in order.iter().enumerate() {
            if !are_there.contains(one) && *one != SELF {
                wrong.push(format!("`{folder}` has no module `{one}`"));
            }
            if order[..at].contains(one) {
                wrong.push(format!("`{one}` stands twice in the order of `{folder}`"));
            }
        }
    }
    let mut seen = BTreeSet::new();
    let twice = ORDER.iter().filter(|(folder, _)| !seen.insert(*folder));
    wrong.extend(twice.map(|(folder, _)| format!("`{folder}` has two orders")));
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn modules_use_only_what_stands_below_them() {
    let mut accepted = BTreeSet::new();
    for (folder, to, users) in UPWARD {
        accepted.extend(words(users).into_iter().map(|from| Arrow::new(folder, from, to)));
    }
    let mut upward = BTreeSet::new();
    let mut wrong = Vec::new();
    for (arrow, places) in tree().arrows.iter().filter(|(arrow, _)| !points_down(arrow)) {
        upward.insert(arrow.clone());
        if !accepted.contains(arrow) {
            wrong.push(arrow.to_string());
            wrong.extend(places.iter().map(|one| format!("    {one}")));
        }
    }
    assert!(wrong.is_empty(), "not below in `ORDER`:\n{}", wrong.join("\n"));
    let gone: Vec<String> = accepted.difference(&upward).map(Arrow::to_string).collect();
    assert!(gone.is_empty(), "no longer there, take them off `UPWARD`: {gone:#?}");
}

#[test]
fn no_modules_use_each_other_in_a_circle() {
    ratchet("CYCLES", CYCLES, &tree().cycles);
}
