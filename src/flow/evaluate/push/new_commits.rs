//! Finds the commits that each ref of a push brings, and the policy that they are evaluated under.

use std::collections::HashSet;
use std::rc::Rc;

use anyhow::Result;

use crate::domain::gates::policy::EffectivePolicy;
use crate::domain::model::oid::Oid;
use crate::domain::model::push::{Receiver, Update};
use crate::flow::evaluate::push::plan::{Arrival, Planned, policy_source};
use crate::flow::evaluate::push::policies::Policies;
use crate::platform::git::object::ObjectKind;
use crate::platform::git::push::Peeled;
use crate::platform::git::push::history::{KnownHistory, KnownRefs, NewCommits, new_commits};
use crate::platform::git::push::receiver_refs::ReceiverRefs;
use crate::platform::git::repo::Repo;

/// The commits that the receiving side has at the updated refs.
fn old_commits(repo: &Repo, updates: &[Update]) -> Result<HashSet<Oid>> {
    let mut commits = HashSet::new();
    for update in updates {
        commits.extend(existing(repo, &update.old)?);
    }
    Ok(commits)
}

/// The commit, where this repository has it.
pub fn existing(repo: &Repo, oid: &Oid) -> Result<Option<Oid>> {
    if oid.is_zero() {
        return Ok(None);
    }
    let is_commit = matches!(repo.objects.header(oid)?, Some((ObjectKind::Commit, _)));
    Ok(is_commit.then(|| oid.clone()))
}

/// Finds the arrivals of a push.
pub struct Finder<'a, 'p> {
    pub repo: &'a Repo,
    pub receiver: &'a Receiver,
    pub policies: &'p mut Policies<'a>,
    pub receiver_refs: &'a ReceiverRefs,
}

impl Finder<'_, '_> {
    /// Finds the arrival of each update, with its policy.
    ///
    /// New to a protected branch is everything that the branch does not have, whatever other refs of
    /// the receiving side hold: they may have got it under a laxer policy. New to any other ref is
    /// what neither the receiving side nor another remote has.
    pub fn arrivals<'u>(
        &mut self,
        updates: &'u [Update],
        peeled: Vec<Peeled>,
    ) -> Result<Vec<Arrival<'u>>> {
        let (repo, receiver_refs) = (self.repo, self.receiver_refs);
        let refs = match self.receiver {
            Receiver::Here => KnownRefs::All,
            _ => KnownRefs::Remotes(receiver_refs.remote_tips.clone()),
        };
        let mut present = Vec::new();
        let mut is_protected = Vec::new();
        for update in updates {
            let tip = existing(repo, &update.old)?.filter(|_| update.is_branch());
            is_protected.push(match &tip {
                Some(tip) => self.policies.is_protected(update, Some(tip), receiver_refs)?,
                None => false,
            });
            present.push(tip);
        }
        let to_others = |at: &usize| !is_protected[*at];
        let tips: Vec<Oid> = (0..updates.len())
            .filter(to_others)
            .filter_map(|at| peeled[at].commit.clone())
            .collect();
        let known = KnownHistory { commits: old_commits(repo, updates)?, refs };
        let new = new_commits(repo, &tips, &known)?;
        let mut new = NewCommits::new(&repo.objects, &new);
        let mut planned = Planned::default();
        let mut arrivals = Vec::new();
        for (at, (update, peeled)) in updates.iter().zip(peeled).enumerate() {
            let Some(tip) = peeled.commit.clone() else {
                let policy = policy_source(None, receiver_refs.default_tip.as_ref(), None, false);
                let effective = self.policies.of(&policy)?;
                arrivals.push(Arrival::without_commits(update, peeled, effective));
                continue;
            };
            let own = match &present[at] {
                Some(present) => Some(present.clone()),
                None => new.base(&tip)?,
            };
            // A new branch: only now it is known what it stands on.
            let protected = is_protected[at]
                || (update.is_branch()
                    && self.policies.is_protected(update, own.as_ref(), receiver_refs)?);
            if protected {
                let mut arrival = self.at_protected(update, peeled, present[at].as_ref())?;
                planned.retain(&mut arrival.commits, &arrival.effective.hash);
                arrivals.push(arrival);
                continue;
            }
            let default = receiver_refs.default_tip.as_ref();
            let effective =
                self.policies.of(&policy_source(own.as_ref(), default, Some(&tip), false))?;
            let commits = planned.take(&mut new, &tip, &effective.hash)?;
            let is_new = new.contains(&tip);
            arrivals.push(Arrival { update, peeled, effective, base: own, commits, is_new });
        }
        Ok(arrivals)
    }

    fn at_protected<'u>(
        &mut self,
        update: &'u Update,
        peeled: Peeled,
        present: Option<&Oid>,
    ) -> Result<Arrival<'u>> {
        let (repo, receiver_refs) = (self.repo, self.receiver_refs);
        let Some(tip) = peeled.commit.clone() else {
            let policy = policy_source(present, receiver_refs.default_tip.as_ref(), None, true);
            let effective = self.policies.of(&policy)?;
            return Ok(Arrival::without_commits(update, peeled, effective));
        };
        let known = if let Some(present) = present {
            HashSet::from([present.clone()])
        } else {
            // What another protected branch holds was evaluated as strictly when it came there.
            let protection = self.policies.protection(None, receiver_refs)?;
            receiver_refs.tips(|name| protection.branches.holds(name)).cloned().collect()
        };
        let known = KnownHistory { commits: known, refs: KnownRefs::None };
        let commits = new_commits(repo, std::slice::from_ref(&tip), &known)?;
        let own = match present {
            Some(present) => Some(present.clone()),
            None => NewCommits::new(&repo.objects, &commits).base(&tip)?,
        };
        let policy =
            policy_source(own.as_ref(), receiver_refs.default_tip.as_ref(), Some(&tip), true);
        let is_new = !commits.is_empty();
        let effective = self.policies.of(&policy)?;
        Ok(Arrival { update, peeled, effective, base: own, commits, is_new })
    }
}

impl<'a> Arrival<'a> {
    fn without_commits(update: &'a Update, peeled: Peeled, effective: Rc<EffectivePolicy>) -> Self {
        Self { update, peeled, effective, base: None, commits: Vec::new(), is_new: false }
    }
}
