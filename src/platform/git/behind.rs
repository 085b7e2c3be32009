//! What stood in the commits behind another one.

use std::collections::{BTreeSet, VecDeque};

use anyhow::Result;

use crate::domain::model::oid::Oid;
use crate::platform::git::object::Objects;

/// How many commits are looked at: what was reviewed longer ago is reviewed again.
pub const BEHIND_MAX: usize = 500;

/// The trees of a commit and of those behind it, at most so many commits, the nearest first. What is not
/// here, as in a shallow clone, ends the way.
pub fn trees(objects: &Objects, commit: &Oid, most: usize) -> Result<BTreeSet<Oid>> {
    let (mut trees, mut seen) = (BTreeSet::new(), BTreeSet::from([commit.clone()]));
    let mut left = VecDeque::from([commit.clone()]);
    while let Some(oid) = left.pop_front().filter(|_| trees.len() < most) {
        let Some(commit) = objects.commit(&oid)? else { continue };
        trees.insert(commit.tree);
        left.extend(commit.parents.into_iter().filter(|parent| seen.insert(parent.clone())));
    }
    Ok(trees)
}
