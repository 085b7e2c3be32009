//! Walks of history for a push: which commits are new, and what they stand on.

#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};

use anyhow::Result;

use crate::domain::model::oid::Oid;
use crate::platform::git::object::Objects;
use crate::platform::git::repo::Repo;

/// The most commits that are walked without git's help before git is asked.
const WALK_MAX: usize = 256;

/// What the side that receives has.
#[derive(Clone, Debug)]
pub struct KnownHistory {
    pub commits: HashSet<Oid>,
    pub refs: KnownRefs,
}

/// The refs of this repository whose history the side that receives has, too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KnownRefs {
    None,
    /// What any remote has, with the tips of its refs as [`Repo::remote_tips`] reads them.
    Remotes(Vec<Oid>),
    /// What this repository has: it receives.
    All,
}

/// The commits that the tips bring which are not known, oldest first: what `git rev-list` says,
/// without replace refs and grafts.
pub fn new_commits(repo: &Repo, tips: &[Oid], known: &KnownHistory) -> Result<Vec<Oid>> {
    let mut tips = tips.to_vec();
    tips.sort();
    tips.dedup();
    tips.retain(|tip| !known.commits.contains(tip));
    if tips.is_empty() {
        return Ok(Vec::new());
    }
    if let [tip] = tips.as_slice()
        && known.refs != KnownRefs::All
    {
        let mut commits = known.commits.clone();
        if let KnownRefs::Remotes(tips) = &known.refs {
            commits.extend(tips.iter().cloned());
        }
        if let Some(line) = new_on_a_line(&repo.objects, tip, &commits)? {
            return Ok(line);
        }
    }
    let mut revisions: Vec<String> = known.commits.iter().map(|oid| format!("^{oid}")).collect();
    revisions.extend(tips.iter().map(Oid::to_string));
    revisions.sort();
    let refs: &[&str] = match &known.refs {
        KnownRefs::None => &[],
        KnownRefs::Remotes(_) => &["--not", "--remotes"],
        KnownRefs::All => &["--not", "--all"],
    };
    repo.rev_list_of(&revisions, refs)
}

/// The new commits on a straight line below a tip, down to the first that is known, without starting
/// git. `None` where another known one may hold a part of that line, which git alone can tell quickly.
///
/// It may hold none of it where it is met further down, or where it was committed before the oldest
/// commit of the line: git itself stops its walks by the same dates. Where a clock was wrong the line is
/// longer than what is new, never shorter.
fn new_on_a_line(objects: &Objects, tip: &Oid, known: &HashSet<Oid>) -> Result<Option<Vec<Oid>>> {
    if known.is_empty() {
        return Ok(None);
    }
    let mut unmet = known.clone();
    let mut new = Vec::new();
    let mut oldest = Some(i64::MAX);
    let mut at = tip.clone();
    for _ in 0..WALK_MAX {
        let was_met = unmet.len() < known.len();
        let is_first = unmet.remove(&at) && !was_met;
        if unmet.is_empty() || (is_first && are_older(objects, &unmet, oldest)) {
            new.reverse();
            return Ok(Some(new));
        }
        let Some(commit) = objects.commit(&at)? else { return Ok(None) };
        let [parent] = commit.parents.as_slice() else { return Ok(None) };
        if !was_met && !is_first {
            oldest = oldest.min(commit.committed);
            new.push(at);
        }
        at = parent.clone();
    }
    Ok(None)
}

/// Whether all of the commits are here, are few, and were committed before `moment`.
fn are_older(objects: &Objects, commits: &HashSet<Oid>, moment: Option<i64>) -> bool {
    if commits.len() > WALK_MAX {
        return false;
    }
    // A ref of a remote may name something else than a commit, too: git's walk knows best.
    let is_older = |oid| {
        objects
            .commit(oid)
            .ok()
            .flatten()
            .and_then(|commit| commit.committed)
            .is_some_and(|committed| Some(committed) < moment)
    };
    commits.iter().all(is_older)
}

/// Whether `ancestor` is `descendant` or one of its ancestors.
pub fn is_ancestor(repo: &Repo, ancestor: &Oid, descendant: &Oid) -> Result<bool> {
    if straight_line(&repo.objects, descendant, ancestor)?.is_some() {
        return Ok(true);
    }
    repo.is_ancestor(ancestor, descendant)
}

/// Follows single parents from `tip` down to `stop` without starting git; the commits in between,
/// oldest first. `None` where a merge, a missing parent, the root or the bound is met first.
///
/// Commits are read raw, so that neither grafts nor replace refs bend the line.
fn straight_line(objects: &Objects, tip: &Oid, stop: &Oid) -> Result<Option<Vec<Oid>>> {
    let mut commits = Vec::new();
    let mut at = tip.clone();
    while commits.len() < WALK_MAX {
        if at == *stop {
            commits.reverse();
            return Ok(Some(commits));
        }
        let Some(commit) = objects.commit(&at)? else { return Ok(None) };
        commits.push(at);
        let [parent] = commit.parents.as_slice() else { return Ok(None) };
        at = parent.clone();
    }
    Ok(None)
}

/// Those of the commits that none of the others has in its history.
pub fn newest(repo: &Repo, commits: &[Oid]) -> Result<Vec<Oid>> {
    let mut newest: Vec<Oid> = Vec::new();
    for commit in commits {
        let mut is_held = newest.contains(commit);
        for other in commits.iter().filter(|other| *other != commit) {
            is_held = is_held || is_ancestor(repo, commit, other)?;
        }
        if !is_held {
            newest.push(commit.clone());
        }
    }
    Ok(newest)
}

/// The commits that new ones stand on: the parents that are not new, without those that another one of
/// them has as well; the one along first parents comes first. `new` is oldest first.
pub fn bases(repo: &Repo, new: &[Oid]) -> Result<Vec<Oid>> {
    let known: HashSet<&Oid> = new.iter().collect();
    let mut bases: Vec<Oid> = Vec::new();
    for oid in new.iter().rev() {
        for parent in repo.objects.commit(oid)?.map(|commit| commit.parents).unwrap_or_default() {
            if !known.contains(&parent) && !bases.contains(&parent) {
                bases.push(parent);
            }
        }
    }
    let mut maximal = newest(repo, &bases)?;
    let first = match new.last() {
        Some(tip) => NewCommits::new(&repo.objects, new).base(tip)?,
        None => None,
    };
    maximal.sort_by_key(|base| Some(base) != first.as_ref());
    Ok(maximal)
}

/// New commits by their parents, for a push of many refs that share history.
pub struct NewCommits<'a> {
    objects: &'a Objects,
    /// Where each new commit stands in the list, oldest first.
    order: HashMap<Oid, usize>,
    parents: HashMap<Oid, Vec<Oid>>,
    bases: HashMap<Oid, Option<Oid>>,
}

impl<'a> NewCommits<'a> {
    pub fn new(objects: &'a Objects, commits: &[Oid]) -> Self {
        let order = commits.iter().cloned().enumerate().map(|(at, oid)| (oid, at)).collect();
        Self { objects, order, parents: HashMap::new(), bases: HashMap::new() }
    }

    pub fn contains(&self, oid: &Oid) -> bool {
        self.order.contains_key(oid)
    }

    /// The new commits that a tip brings and that are not in `done` yet, oldest first; they are in
    /// it afterwards.
    pub fn below(&mut self, tip: &Oid, done: &mut HashSet<Oid>) -> Result<Vec<Oid>> {
        let mut found = Vec::new();
        let mut open = vec![tip.clone()];
        while let Some(oid) = open.pop() {
            if !self.order.contains_key(&oid) || !done.insert(oid.clone()) {
                continue;
            }
            open.extend(self.parents_of(&oid)?);
            found.push(oid);
        }
        found.sort_by_key(|oid| self.order.get(oid).copied());
        Ok(found)
    }

    /// The commit that a tip's new history stands on, along first parents: the tip itself where
    /// nothing is new. `None` where the history begins among the new commits, or where its base is
    /// not here.
    pub fn base(&mut self, tip: &Oid) -> Result<Option<Oid>> {
        let mut walked = Vec::new();
        let mut at = Some(tip.clone());
        let base = loop {
            let Some(oid) = at else { break None };
            if let Some(base) = self.bases.get(&oid) {
                break base.clone();
            }
            if !self.order.contains_key(&oid) {
                break self.objects.header(&oid)?.is_some().then_some(oid);
            }
            at = self.parents_of(&oid)?.into_iter().next();
            walked.push(oid);
        };
        self.bases.extend(walked.into_iter().map(|oid| (oid, base.clone())));
        Ok(base)
    }

    fn parents_of(&mut self, oid: &Oid) -> Result<Vec<Oid>> {
        if let Some(parents) = self.parents.get(oid) {
            return Ok(parents.clone());
        }
        let parents = self.objects.commit(oid)?.map(|commit| commit.parents).unwrap_or_default();
        self.parents.insert(oid.clone(), parents.clone());
        Ok(parents)
    }
}
