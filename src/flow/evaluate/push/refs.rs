//! Evaluates the ref updates of a push against branch protection.

use anyhow::Result;
use bstr::{BString, ByteSlice as _};

use crate::domain::gates::protected_branch;
use crate::domain::gates::protected_branch::RefUpdate;
use crate::domain::model::finding::Effect;
use crate::domain::model::gate::Gate;
use crate::domain::model::oid::Oid;
use crate::domain::model::push::{Receiver, Relation, Update};
use crate::domain::model::report::Skipped;
use crate::flow::evaluate::push::evaluate_commits::Evaluator;
use crate::flow::evaluate::push::new_commits::existing;
use crate::platform::git::push;
use crate::platform::git::push::Peeled;
use crate::platform::git::push::receiver_refs::ReceiverRefs;
use crate::platform::git::repo::Repo;

/// The updates with the names of the refs that they really change: on the server a ref may stand for
/// another one.
pub(super) fn resolved(
    repo: &Repo,
    updates: &[Update],
    receiver: &Receiver,
) -> Result<Vec<Update>> {
    let mut updates = updates.to_vec();
    if *receiver != Receiver::Here {
        return Ok(updates);
    }
    for update in &mut updates {
        update.target = repo.follow(update.target.as_bstr())?;
    }
    Ok(updates)
}

impl Evaluator<'_> {
    pub(super) fn check_mirror(&mut self, receiver_refs: &ReceiverRefs) -> Result<()> {
        let protection = self.policies.protection(None, receiver_refs)?;
        let Some(effect) = protection.level.effect() else { return Ok(()) };
        let on_remote = receiver_refs.branches(&self.receiver);
        let here: Vec<BString> =
            self.context.repo.refs("refs/heads/")?.into_iter().map(|(name, _)| name).collect();
        let (globs, protected) = (&protection.globs, &protection.branches);
        let found = protected_branch::check_mirror(&on_remote, &here, globs, protected, effect);
        self.add_unrecorded("mirror push", found.as_slice());
        Ok(())
    }

    /// Checks each ref update. Where one is refused the others are still evaluated, so that people see
    /// every finding at once.
    pub(super) fn check_refs(
        &mut self,
        updates: &[Update],
        receiver_refs: &ReceiverRefs,
    ) -> Result<(Vec<Update>, Vec<Peeled>)> {
        let mut going_on = Vec::new();
        let mut peeled = Vec::new();
        for update in updates {
            let object = if update.new.is_zero() {
                Peeled::default()
            } else {
                push::peel(&self.context.repo.objects, &update.new)?
            };
            let refused = self.check_ref(update, object.commit.as_ref(), receiver_refs)?;
            if !refused && !update.new.is_zero() {
                going_on.push(update.clone());
                peeled.push(object);
            }
        }
        Ok((going_on, peeled))
    }

    fn check_ref(
        &mut self,
        update: &Update,
        tip: Option<&Oid>,
        receiver_refs: &ReceiverRefs,
    ) -> Result<bool> {
        let old = existing(self.context.repo, &update.old)?;
        // A new ref has nothing that could be lost; of a first push the tip's policy is known alone.
        let own = old.as_ref().or(tip.filter(|_| receiver_refs.default_tip.is_none()));
        let protection = self.policies.protection(own, receiver_refs)?;
        let Some(effect) = protection.level.effect() else { return Ok(false) };
        let protected = &protection.branches;
        let target = update.target.as_bstr();
        let relation = if protected.holds(target) {
            push::relation(self.context.repo, update)?
        } else {
            // Other refs may be rewritten: the relation need not be known.
            Relation::FastForward
        };
        let facts = RefUpdate { target, relation, shallow: push::is_shallow(self.context.repo) };
        let found = protected_branch::check(&facts, protected, effect);
        let refused = found.as_ref().is_some_and(|finding| finding.effect == Effect::Block);
        self.add_unrecorded(&format!("ref {target}"), found.as_slice());
        if !protected.holds(target) {
            self.name_unknown_default(update, receiver_refs)?;
        }
        Ok(refused)
    }

    /// Names a branch that the push rewrites or deletes where it could be the default branch of its
    /// remote: which one that is may not be noted here.
    fn name_unknown_default(
        &mut self,
        update: &Update,
        receiver_refs: &ReceiverRefs,
    ) -> Result<()> {
        let Receiver::Remote(remote) = &self.receiver else { return Ok(()) };
        let Some(branch) = update.target.strip_prefix(b"refs/heads/") else { return Ok(()) };
        if !receiver_refs.defaults.is_empty() || update.old.is_zero() {
            return Ok(());
        }
        if push::relation(self.context.repo, update)? == Relation::FastForward {
            return Ok(());
        }
        let reason = format!(
            "which branch is the default of `{remote}` is not known here, and `{}` is rewritten or deleted; \
             `git remote set-head {remote} --auto` takes note of it",
            branch.as_bstr()
        );
        self.result.skipped.push(Skipped {
            gate: Gate::ProtectedBranch.to_string(),
            reason,
            has_run: false,
        });
        Ok(())
    }
}
