//! The trees that passed `pre-commit`, so that a push knows which commits came without their gate.

use std::collections::HashSet;
use std::fs;

use anyhow::Result;

use crate::git::repo::Repo;
use crate::model::oid::Oid;
use crate::store::file;

const NAME: &str = "judged";

/// Remembers a tree that passed.
pub fn remember(repo: &Repo, tree: &Oid) -> Result<()> {
    file::append_line_bounded(&repo.state_dir().join(NAME), tree.as_str())
}

/// Every tree that is remembered; a few ten thousand at most.
pub fn remembered(repo: &Repo) -> HashSet<String> {
    [format!("{NAME}.1"), NAME.to_owned()]
        .iter()
        .filter_map(|name| fs::read_to_string(repo.state_dir().join(name)).ok())
        .flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>())
        .collect()
}
