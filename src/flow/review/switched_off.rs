//! Finds out whether the environment has a push let through what reviews would stop: that is a bypass.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use crate::domain::model::oid::Oid;
use crate::domain::policy::agent_settings::RouteChoice;
use crate::domain::policy::consent::ConsentAnswer;
use crate::domain::policy::layers::variable_name;
use crate::domain::policy::review_settings::PrePush;
use crate::domain::policy::settings::Policy;
use crate::domain::policy::weaker::weaker_reviews;
use crate::flow::context::Context;
use crate::flow::evaluate::policy;
use crate::flow::evaluate::policy::RuleSelection;
use crate::flow::evaluate::push::outcome::PushedCommit;
use crate::flow::review::background;
use crate::flow::setup::consent;
use crate::platform::agents::call::INSIDE;
use crate::platform::store::ledger;
use crate::platform::store::ledger::Ledger;
use crate::platform::store::ledger::error::Error as LedgerError;

/// The variables, with their values, by which the reviews of a push were switched off or weakened; none
/// where no review would have been looked at without them.
pub fn variables(context: Context<'_>, commits: &[PushedCommit]) -> Vec<String> {
    find(context, commits).unwrap_or_else(|error| {
        tracing::warn!("whether reviews were switched off is not known: {error:#}");
        Vec::new()
    })
}

fn find(context: Context<'_>, commits: &[PushedCommit]) -> Result<Vec<String>> {
    let env = context.env;
    let is_agents = env.get(INSIDE).is_some();
    let is_set = ["review", "agents.route"]
        .iter()
        .any(|key| env.with_prefix(&variable_name(key)).next().is_some());
    if commits.is_empty() || !is_agents && !is_set {
        return Ok(Vec::new());
    }
    let without = env.with_own_variables(&BTreeMap::new());
    let bare = Context { env: &without, ..context };
    let bases: BTreeSet<Option<&Oid>> = commits.iter().map(|pushed| pushed.base.as_ref()).collect();
    let mut found = BTreeSet::new();
    for base in bases {
        let tree = base.map(|base| context.repo.tree_of(base)).transpose()?;
        let read = |context| policy::read_policy(context, tree.as_ref(), RuleSelection::None);
        let (given, own) = (read(context)?.policy, read(bare)?.policy);
        if own.review.pre_push == PrePush::Off || !can_count(bare, &own) {
            continue;
        }
        if !own.review.pre_push.demands() && !has_reviews(bare)? {
            continue;
        }
        found.extend(weaker_reviews(&given, &own).into_iter().map(|key| variable_name(&key)));
        found.extend(is_agents.then(|| INSIDE.to_owned()));
    }
    let value = |name: &String| env.text(name).map(|value| format!("{name}={value}"));
    Ok(found.iter().filter_map(value).collect())
}

/// Whether reviews can have a say at a push: where somebody is here who could make one, or the policy demands
/// them and does not leave them to nobody.
pub fn can_count(context: Context<'_>, policy: &Policy) -> bool {
    let review = &policy.review;
    let is_demanded = (review.pre_push.demands() || review.refuses_unreviewed())
        && policy.agents.route != RouteChoice::C;
    is_demanded || background::has_reviewer(context, policy)
}

/// Whether reviews are made in the background, or one was made by hand.
fn has_reviews(context: Context<'_>) -> Result<bool> {
    if consent::load(context.repo, context.env)?.reviews == ConsentAnswer::Yes {
        return Ok(true);
    }
    let state_dir = context.repo.state_dir();
    if !ledger::exists(&state_dir) {
        return Ok(false);
    }
    let ledger = Ledger::open(&state_dir).map_err(LedgerError::hinted)?;
    Ok(ledger.first_review().map_err(LedgerError::hinted)?.is_some())
}
