//! Plans the evaluations of a push, each under its policy.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use anyhow::Result;

use crate::domain::gates::policy::EffectivePolicy;
use crate::domain::gates::stricter::Extent;
use crate::domain::model::oid::Oid;
use crate::domain::model::push::Update;
use crate::platform::git::object::{ObjectKind, Tag};
use crate::platform::git::push::Peeled;
use crate::platform::git::push::history::NewCommits;

/// Where the policy of an arrival is read from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum PolicySource {
    /// No policy is anywhere: the defaults.
    Defaults,
    /// The tree of a commit.
    Of(Oid),
    /// The stricter of a branch's own and the default branch's.
    Stricter { own: Oid, default: Oid, extent: Extent },
    /// The history begins with this push: the pushed tip's own.
    FirstPush(Oid),
}

/// The commits and objects that one ref of a push brings.
pub struct Arrival<'a> {
    pub update: &'a Update,
    pub peeled: Peeled,
    /// The policy that it is evaluated under.
    pub effective: Rc<EffectivePolicy>,
    /// The branch's present tip, or what its new commits stand on.
    pub base: Option<Oid>,
    /// What no other ref of this push brings under the same policy, oldest first.
    pub commits: Vec<Oid>,
    /// Whether the pushed commit itself is new to the receiving side.
    pub is_new: bool,
}

/// One evaluation of a push.
pub enum PushItem<'a> {
    RefName { arrival: &'a Arrival<'a> },
    Tag { arrival: &'a Arrival<'a>, tag: &'a Tag },
    Commit { arrival: &'a Arrival<'a>, commit: &'a Oid, tip: &'a Oid },
    Tree { arrival: &'a Arrival<'a>, tree: &'a Oid },
    File { arrival: &'a Arrival<'a>, blob: &'a Oid },
    Commands { arrival: &'a Arrival<'a>, tip: &'a Oid },
}

/// Chooses the policy of an arrival.
///
/// `own` is the tip of the branch as the receiving side has it, or for a new one what its new commits
/// stand on; `default` is the tip of the default branch there. A branch without a base (its history
/// begins in the push) has the default branch's policy.
pub fn policy_source(
    own: Option<&Oid>,
    default: Option<&Oid>,
    pushed: Option<&Oid>,
    protected: bool,
) -> PolicySource {
    match (own.cloned(), default.cloned()) {
        (Some(own), Some(default)) if own != default => {
            let extent = if protected { Extent::Whole } else { Extent::Guards };
            PolicySource::Stricter { own, default, extent }
        }
        (Some(only), _) | (None, Some(only)) => PolicySource::Of(only),
        (None, None) => {
            pushed.map_or(PolicySource::Defaults, |tip| PolicySource::FirstPush(tip.clone()))
        }
    }
}

/// The commits of a push by the hash of the policy that they are evaluated under: each once.
#[derive(Default)]
pub struct Planned {
    by_policy: HashMap<String, HashSet<Oid>>,
}

impl Planned {
    /// The new commits below a tip that are not planned yet under this policy, oldest first.
    pub fn take(&mut self, new: &mut NewCommits<'_>, tip: &Oid, policy: &str) -> Result<Vec<Oid>> {
        new.below(tip, self.by_policy.entry(policy.to_owned()).or_default())
    }

    /// Keeps those of the commits that are not planned yet under this policy.
    pub fn retain(&mut self, commits: &mut Vec<Oid>, policy: &str) {
        let planned = self.by_policy.entry(policy.to_owned()).or_default();
        commits.retain(|commit| planned.insert(commit.clone()));
    }
}

/// Lists the evaluations of the arrivals: ref by ref its name, tags, then commits; the commands
/// come last, because a push that a gate blocks needs no build.
pub fn items<'a>(arrivals: &'a [Arrival<'a>]) -> Vec<PushItem<'a>> {
    let mut items = Vec::new();
    for arrival in arrivals {
        items.push(PushItem::RefName { arrival });
        items.extend(arrival.peeled.tags.iter().map(|tag| PushItem::Tag { arrival, tag }));
        match &arrival.peeled.stray {
            Some((ObjectKind::Tree, tree)) => items.push(PushItem::Tree { arrival, tree }),
            Some((_, blob)) => items.push(PushItem::File { arrival, blob }),
            None => {}
        }
        let Some(tip) = &arrival.peeled.commit else { continue };
        items.extend(arrival.commits.iter().map(|commit| PushItem::Commit {
            arrival,
            commit,
            tip,
        }));
    }
    let with_commands = arrivals.iter().filter(|arrival| arrival.is_new);
    items.extend(with_commands.filter_map(|arrival| {
        Some(PushItem::Commands { arrival, tip: arrival.peeled.commit.as_ref()? })
    }));
    items
}
