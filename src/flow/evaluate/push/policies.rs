//! Reads and combines the policies of a push, each once.

use std::collections::HashMap;
use std::rc::Rc;

use anyhow::Result;
use bstr::ByteSlice as _;

use crate::domain::gates::policy::EffectivePolicy;
use crate::domain::gates::protected_branch::ProtectedBranches;
use crate::domain::gates::stricter::{Extent, of_first_push, stricter};
use crate::domain::model::objects::TreeItem;
use crate::domain::model::oid::Oid;
use crate::domain::model::push::Update;
use crate::domain::policy::gate_settings::GateLevel;
use crate::flow::context::Context;
use crate::flow::evaluate::bypass::Bypass;
use crate::flow::evaluate::policy;
use crate::flow::evaluate::policy::RuleSelection;
use crate::flow::evaluate::push::plan::PolicySource;
use crate::platform::git::push::receiver_refs::ReceiverRefs;

/// Caches the policies of commits, for one push.
pub struct Policies<'a> {
    context: Context<'a>,
    bypass: &'a Bypass,
    /// By tree; many commits share one.
    of_trees: HashMap<Option<Oid>, Rc<EffectivePolicy>>,
    /// By what a policy is read from; many trees share that.
    of_sources: HashMap<Vec<TreeItem>, Rc<EffectivePolicy>>,
    combined: HashMap<(Oid, Oid, Extent), Rc<EffectivePolicy>>,
    /// By the commit whose policy is the branch's: a push may bring thousands of refs, of few commits.
    protections: HashMap<Option<Oid>, Rc<Protection>>,
}

/// The branches that are protected for the refs of a branch.
pub struct Protection {
    pub globs: Vec<String>,
    pub level: GateLevel,
    pub branches: ProtectedBranches,
}

impl<'a> Policies<'a> {
    pub fn new(context: Context<'a>, bypass: &'a Bypass) -> Self {
        Self {
            context,
            bypass,
            of_trees: HashMap::new(),
            of_sources: HashMap::new(),
            combined: HashMap::new(),
            protections: HashMap::new(),
        }
    }

    /// The policy of a source.
    pub fn of(&mut self, source: &PolicySource) -> Result<Rc<EffectivePolicy>> {
        match source {
            PolicySource::Defaults => self.of_tree(None),
            PolicySource::Of(commit) => self.of_commit(commit),
            PolicySource::FirstPush(tip) => {
                Ok(Rc::new(of_first_push(self.of_commit(tip)?.as_ref())))
            }
            PolicySource::Stricter { own, default, extent } => {
                let (own, default) =
                    (self.context.repo.tree_of(own)?, self.context.repo.tree_of(default)?);
                let key = (own.clone(), default.clone(), *extent);
                if let Some(known) = self.combined.get(&key) {
                    return Ok(Rc::clone(known));
                }
                let (own, default) = (self.of_tree(Some(own))?, self.of_tree(Some(default))?);
                let combined = Rc::new(stricter(&own, &default, *extent));
                self.combined.insert(key, Rc::clone(&combined));
                Ok(combined)
            }
        }
    }

    /// The policy that a commit holds.
    pub fn of_commit(&mut self, commit: &Oid) -> Result<Rc<EffectivePolicy>> {
        let tree = self.context.repo.tree_of(commit)?;
        self.of_tree(Some(tree))
    }

    /// The protected branches and the stricter level, from a branch's own policy and the one of the
    /// default branch: a branch cannot lift the protection of another.
    pub fn protection(
        &mut self,
        own: Option<&Oid>,
        receiver_refs: &ReceiverRefs,
    ) -> Result<Rc<Protection>> {
        if let Some(known) = self.protections.get(&own.cloned()) {
            return Ok(Rc::clone(known));
        }
        let mut policies = Vec::new();
        for commit in [own, receiver_refs.default_tip.as_ref()].into_iter().flatten() {
            policies.push(self.of_commit(commit)?);
        }
        if policies.is_empty() {
            policies.push(self.of(&PolicySource::Defaults)?);
        }
        let mut globs = Vec::new();
        let mut level = GateLevel::Off;
        for effective in policies {
            globs.extend(effective.policy.protect.branches.iter().cloned());
            level = level.max(effective.policy.gates.protected_branch.level);
        }
        globs.sort();
        globs.dedup();
        let branches = ProtectedBranches::new(&globs, receiver_refs.defaults.clone())
            .with_links(&receiver_refs.links);
        let protection = Rc::new(Protection { globs, level, branches });
        self.protections.insert(own.cloned(), Rc::clone(&protection));
        Ok(protection)
    }

    /// Whether a ref of a push is a protected branch. `own` is the commit whose policy is the branch's.
    pub fn is_protected(
        &mut self,
        update: &Update,
        own: Option<&Oid>,
        receiver_refs: &ReceiverRefs,
    ) -> Result<bool> {
        let protection = self.protection(own, receiver_refs)?;
        let is_meant = protection.branches.holds(update.target.as_bstr());
        Ok(protection.level != GateLevel::Off && is_meant)
    }

    fn of_tree(&mut self, tree: Option<Oid>) -> Result<Rc<EffectivePolicy>> {
        if let Some(known) = self.of_trees.get(&tree) {
            return Ok(Rc::clone(known));
        }
        let sources = match &tree {
            Some(tree) => policy::sources(&self.context.repo.objects, tree)?,
            None => Vec::new(),
        };
        let effective = if let Some(known) = self.of_sources.get(&sources) {
            Rc::clone(known)
        } else {
            let mut read = policy::read_policy(self.context, tree.as_ref(), RuleSelection::All)?;
            self.bypass.apply(&mut read.policy);
            let read = Rc::new(read);
            self.of_sources.insert(sources, Rc::clone(&read));
            read
        };
        self.of_trees.insert(tree, Rc::clone(&effective));
        Ok(effective)
    }
}
