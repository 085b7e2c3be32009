//! The local branches that count for a finding: those that it was seen on.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use anyhow::Result;

use crate::domain::model::oid::Oid;
use crate::platform::git::push::history::is_ancestor;
use crate::platform::git::repo::Repo;
use crate::platform::store::ledger::gate_findings::GateFinding;

/// How many branches are asked whether they have a commit.
const ASKED_MAX: usize = 64;

/// Local branches, and which commits they have.
pub struct Branches<'a> {
    repo: &'a Repo,
    tips: BTreeMap<String, Oid>,
    has: HashMap<(Oid, Oid), bool>,
}

impl<'a> Branches<'a> {
    pub fn new(repo: &'a Repo, tips: BTreeMap<String, Oid>) -> Self {
        Self { repo, tips, has: HashMap::new() }
    }

    /// The branches that were checked out when it was seen, and those that have a commit that it was seen
    /// in and that none of them and no HEAD has: what was pushed or checked from elsewhere.
    pub fn of(&mut self, finding: &GateFinding, heads: &[Oid]) -> Result<Vec<(String, Oid)>> {
        let seen_on: BTreeSet<&String> =
            finding.sightings.iter().filter_map(|seen| seen.branch.as_ref()).collect();
        let mut found: BTreeMap<String, Oid> = self
            .tips
            .iter()
            .filter(|(name, _)| seen_on.contains(name))
            .map(|(name, tip)| (name.clone(), tip.clone()))
            .collect();
        for commit in finding.sightings.iter().filter_map(|seen| seen.commit.as_ref()) {
            let tips: Vec<Oid> = heads.iter().chain(found.values()).cloned().collect();
            if self.any_has(&tips, commit)? {
                continue;
            }
            for (name, tip) in self.tips.clone().into_iter().take(ASKED_MAX) {
                if self.has(&tip, commit)? {
                    found.insert(name, tip);
                }
            }
        }
        Ok(found.into_iter().collect())
    }

    /// Whether one of the tips has a commit.
    pub fn any_has(&mut self, tips: &[Oid], commit: &Oid) -> Result<bool> {
        for tip in tips {
            if self.has(tip, commit)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn has(&mut self, tip: &Oid, commit: &Oid) -> Result<bool> {
        let key = (tip.clone(), commit.clone());
        if let Some(known) = self.has.get(&key) {
            return Ok(*known);
        }
        // A commit that git took away is on no branch.
        let has =
            self.repo.objects.commit(commit)?.is_some() && is_ancestor(self.repo, commit, tip)?;
        self.has.insert(key, has);
        Ok(has)
    }
}
