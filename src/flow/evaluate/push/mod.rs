//! Evaluates a push from git objects: its refs, and every commit and tag that it brings.

pub mod before_hooks;
mod new_commits;
pub mod evaluate_commits;
mod mirror;
pub mod outcome;
pub mod plan;
mod policies;
mod progress;
mod refs;
#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashSet};

use anyhow::Result;
use bstr::BString;

use crate::domain::model::oid::Oid;
use crate::domain::model::push::{Receiver, Update};
use crate::flow::context::Context;
use crate::flow::evaluate::bypass::Bypass;
use crate::flow::evaluate::command_selection::{CommandRequest, RequestedBy};
use crate::flow::evaluate::push::before_hooks::before_hooks;
use crate::flow::evaluate::push::evaluate_commits::Evaluator;
use crate::flow::evaluate::push::new_commits::Finder;
use crate::flow::evaluate::push::outcome::PushEvaluation;
use crate::flow::evaluate::push::plan::Arrival;
use crate::flow::evaluate::push::refs::resolved;
use crate::platform::git::push::Peeled;
use crate::platform::git::push::history::{KnownHistory, KnownRefs, new_commits};
use crate::platform::git::push::receiver_refs::ReceiverRefs;

/// Evaluates all updates of one push. An error is no pass: the caller must refuse.
pub fn evaluate_push(
    context: Context<'_>,
    bypass: &Bypass,
    updates: &[Update],
    receiver: &Receiver,
) -> Result<PushEvaluation> {
    let repo = context.repo;
    let receiver_refs = ReceiverRefs::read(repo, receiver)?;
    let updates = resolved(repo, updates, receiver)?;
    let mut push = Evaluator::new(context, bypass, receiver.clone());
    if *receiver != Receiver::Here && mirror::is_mirror(repo, receiver, &updates)? {
        push.check_mirror(&receiver_refs)?;
    }
    let (updates, peeled) = push.check_refs(&updates, &receiver_refs)?;
    let mut finder =
        Finder { repo, receiver, policies: &mut push.policies, receiver_refs: &receiver_refs };
    let arrivals = finder.arrivals(&updates, peeled)?;
    push.evaluate_arrivals(&arrivals)?;
    if push.result.is_blocked() {
        // Without it more is printed, nothing else.
        push.result.before_hooks = before_hooks(repo, &arrivals, receiver).unwrap_or_default();
    }
    push.result.weakened_by_user = arrivals
        .iter()
        .flat_map(|arrival| &arrival.effective.weakened_by_user)
        .cloned()
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    Ok(push.result)
}

/// Evaluates what a push of `to` onto a branch at `from` would bring, commit by commit, under the
/// policy of `from`. With `paths` only the files at or below them count, and no messages. Commands
/// are run where `commands` asks for them.
pub fn evaluate_range(
    context: Context<'_>,
    bypass: &Bypass,
    (from, to): (&Oid, &Oid),
    paths: &[BString],
    commands: Option<CommandRequest>,
) -> Result<PushEvaluation> {
    let repo = context.repo;
    let known = KnownHistory { commits: HashSet::from([from.clone()]), refs: KnownRefs::None };
    let commits = new_commits(repo, std::slice::from_ref(to), &known)?;
    let mut evaluator = Evaluator::new(context, bypass, Receiver::Address);
    evaluator.commands = commands;
    let by_name = commands.is_some_and(|request| request.requested_by == RequestedBy::Name);
    evaluator.paths = paths.to_vec();
    // It is no push: what passes is not recorded as pushed.
    evaluator.passed = None;
    let update = Update {
        source: BString::from(to.as_str()),
        new: to.clone(),
        target: BString::from(to.as_str()),
        old: from.clone(),
    };
    let arrival = Arrival {
        update: &update,
        peeled: Peeled { commit: Some(to.clone()), ..Peeled::default() },
        effective: evaluator.policies.of_commit(from)?,
        base: repo.merge_base(from, to)?,
        is_new: by_name || !commits.is_empty(),
        commits,
    };
    evaluator.evaluate_arrivals(&[arrival])?;
    Ok(evaluator.result)
}
