//! Where the findings of reviews are: on which branch, or in which commit.

use std::collections::BTreeMap;

use anyhow::Result;

use crate::domain::model::oid::Oid;
use crate::domain::model::stored_finding::{FindingHistory, SeenOn, StoredFinding};
use crate::platform::git::repo::Repo;

/// Tells where findings were seen. Each commit is looked for once.
pub struct BranchLookup<'a> {
    repo: &'a Repo,
    branches: Vec<String>,
    by_commit: BTreeMap<Oid, Vec<String>>,
}

impl<'a> BranchLookup<'a> {
    pub fn new(repo: &'a Repo) -> Result<Self> {
        Ok(Self { repo, branches: repo.local_branches()?, by_commit: BTreeMap::new() })
    }

    /// Where a finding of a review was seen last; `None` of a gate's, which is where its text is.
    pub fn of(&mut self, kept: &StoredFinding, history: FindingHistory) -> Option<SeenOn> {
        if !kept.finding.gate.is_of_models() {
            return None;
        }
        let newest = history.sightings.into_iter().max_by_key(|seen| seen.last_seen)?;
        // Before the first commit there is no branch yet that could be gone.
        let known = newest
            .branch
            .filter(|branch| self.branches.contains(branch) || self.branches.is_empty());
        let Some(commit) = newest.commit else {
            return Some(SeenOn { branch: known, commit: None });
        };
        let repo = self.repo;
        let with = self.by_commit.entry(commit.clone()).or_insert_with(|| {
            // Of a commit that is gone nobody can say it.
            repo.branches_with(&commit).unwrap_or_default()
        });
        let branch = match known {
            Some(known) if with.is_empty() || with.contains(&known) => Some(known),
            _ => with.first().cloned(),
        };
        Some(SeenOn { branch, commit: Some(commit) })
    }
}
