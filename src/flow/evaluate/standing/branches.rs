//! The local branches that count for a finding: those that it was seen on, and those that are protected.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use anyhow::Result;

use crate::domain::gates::protected_branch::ProtectedBranches;
use crate::domain::model::oid::Oid;
use crate::platform::git::push::history::is_ancestor;
use crate::platform::git::repo::Repo;
use crate::platform::store::ledger::gate_findings::GateFinding;

/// How many branches are asked whether they have a commit.
const ASKED_MAX: usize = 64;

/// From how many commits on git is asked about all of them at once.
const MANY: usize = 8;

/// Local branches, and which commits they have.
pub struct Branches<'a> {
    repo: &'a Repo,
    tips: BTreeMap<String, Oid>,
    protected: Vec<(String, Oid)>,
    has: HashMap<(Oid, Oid), bool>,
}

impl<'a> Branches<'a> {
    pub fn new(repo: &'a Repo, tips: BTreeMap<String, Oid>, protected: &ProtectedBranches) -> Self {
        let is_protected =
            |name: &str| protected.holds(format!("refs/heads/{name}").as_str().into());
        let protected = tips.iter().filter(|(name, _)| is_protected(name)).take(ASKED_MAX);
        let protected = protected.map(|(name, tip)| (name.clone(), tip.clone())).collect();
        Self { repo, tips, protected, has: HashMap::new() }
    }

    /// All branches, as far as they are asked.
    pub fn all(&self) -> Vec<(String, Oid)> {
        self.tips.clone().into_iter().take(ASKED_MAX).collect()
    }

    /// Asks once which of many commits each of the tips has.
    pub fn ask_of_many(&mut self, tips: &[Oid], commits: &BTreeSet<Oid>) -> Result<()> {
        if commits.len() < MANY {
            return Ok(());
        }
        let mut here = BTreeSet::new();
        for commit in commits {
            if self.repo.objects.commit(commit)?.is_some() {
                here.insert(commit.as_str());
            }
        }
        for tip in tips {
            let below = format!("^{tip}");
            let revisions = here.iter().copied().chain([below.as_str()]);
            let revisions: Vec<String> = revisions.map(str::to_owned).collect();
            let beyond = self.repo.rev_list_of(&revisions, &[])?;
            let beyond: HashSet<&str> = beyond.iter().map(Oid::as_str).collect();
            for commit in commits {
                let name = commit.as_str();
                let has = !beyond.contains(name) && here.contains(name);
                self.has.insert((tip.clone(), commit.clone()), has);
            }
        }
        Ok(())
    }

    /// The tips of the branches of those names.
    pub fn tips_of(&self, names: &BTreeSet<&String>) -> Vec<(String, Oid)> {
        let found = self.tips.iter().filter(|(name, _)| names.contains(name));
        found.map(|(name, tip)| (name.clone(), tip.clone())).collect()
    }

    /// The branches that were checked out when it was seen, those that are protected, and those that have a commit that it was seen
    /// in and that none of them and no HEAD has: what was pushed or checked from elsewhere.
    pub fn of(&mut self, finding: &GateFinding, heads: &[Oid]) -> Result<Vec<(String, Oid)>> {
        let seen_on: BTreeSet<&String> =
            finding.sightings.iter().filter_map(|seen| seen.branch.as_ref()).collect();
        let mut found: BTreeMap<String, Oid> = self.tips_of(&seen_on).into_iter().collect();
        found.extend(self.protected.iter().cloned());
        if finding.kept.status.is_gone() {
            return Ok(found.into_iter().collect());
        }
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
