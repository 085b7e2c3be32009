//! Attacks a change: an attacker lists what code and spec say and writes tests, code runs them on the change and on its
//! base, an arbiter weighs those that fail, and what is upheld becomes findings.

mod announce;
mod execution;
mod findings;
pub mod kept;
mod questions;
pub mod session;
mod weighing;

use std::path::PathBuf;

use anyhow::{Context as _, Result};

use crate::domain::attack::prompt;
use crate::domain::attack::record::AttackRecord;
use crate::domain::model::error::hinted;
use crate::domain::model::notice::Progress;
use crate::domain::review::question_hash::hash_of;
use crate::flow::attack::kept::KeptAttack;
use crate::flow::attack::session::AttackSession;
use crate::flow::call::apart::CallsApart;
use crate::flow::call::attacker::{AttackRoles, assign_attacker};
use crate::flow::call::roles;
use crate::flow::context::Context;
use crate::flow::review::delivery::lay_out;
use crate::flow::review::inputs::{ReviewInputs, SpecSource};
use crate::flow::review::named_spec::copy_spec;
use crate::flow::review::reading_copies::ReadingCopies;
use crate::flow::review::target;
use crate::flow::review::target::{ReviewRange, ReviewTarget};
use crate::flow::workspace::private_repo;
use crate::platform::process::Interrupts;

/// What is to be attacked.
#[derive(Clone, Debug)]
pub struct AttackRequest {
    pub range: ReviewRange,
    /// The file that says what the change must do.
    pub spec: Option<PathBuf>,
}

/// What an attack came to, and where it is kept.
pub struct Attacked {
    pub record: AttackRecord,
    pub kept: KeptAttack,
}

/// Attacks a change. One that was stopped goes on where it was: what was answered is not asked again.
///
/// # Errors
///
/// [`crate::flow::review::request::Stopped`] where a signal stopped it; where there is nothing to attack, or nobody
/// who could.
pub fn attack(context: Context<'_>, request: &AttackRequest) -> Result<Attacked> {
    let target = target::resolve(context.repo, &request.range)?;
    let spec = match &request.spec {
        Some(path) => SpecSource::Named(copy_spec(context, path)?),
        None => SpecSource::Change,
    };
    let home = roles::agents_home(context.repo);
    let agent_env = roles::agent_env(context.repo, context.env, &home);
    let inputs = ReviewInputs::gather(context, &target, spec, agent_env)?.look_at_agents(agent_env);
    let Some(reviewers) = inputs.reviewers() else {
        return Err(hinted(
            inputs.assignment.notes.join("; "),
            "`tribunal agents` lists who is here",
        ));
    };
    let agents = assign_attacker(inputs.policy(), agent_env, &inputs.assignment, reviewers)?;
    let question = question_of(&inputs, &target, &agents);
    let seed = blake3::hash(question.as_bytes());
    let delivered = lay_out(context.repo, &inputs, &target.change, seed.as_bytes())?;
    if delivered.delivery.calls.is_empty() {
        return Err(hinted(
            format!("{} has nothing that an attacker could be shown", target.title),
            "`--from A` or `--base BRANCH` names another range",
        ));
    }
    let head = target.parent.clone().or_else(|| target.change.commit.clone());
    let head = head.ok_or_else(|| {
        hinted("there is no commit yet that tests could stand on", "`git commit` makes one")
    })?;
    announce::begins(context, &target, &inputs, &agents)?;
    let calls = CallsApart::of_question(context, &question)?;
    let client = calls.client(context, inputs.policy(), agent_env, context.notices)?;
    let private = private_repo::of_run(context.repo, &calls.path().join("repo.git"), &head)?;
    let session = AttackSession {
        context,
        inputs: &inputs,
        target: &target,
        delivered: &delivered,
        agents: &agents,
        client: &client,
        private: &private,
        folder: calls.path(),
        head,
        copies: ReadingCopies::of_run(context.repo, calls.id(), None),
        interrupts: Interrupts::listen().context("could not listen for signals")?,
        waits: false,
    };
    let (record, waits) = session.perform()?;
    let kept = kept::keep(context, &record)?;
    if !waits {
        calls.settle()?;
    }
    Ok(Attacked { record, kept })
}

/// The hash of what is asked: of whom, about what, by which words.
fn question_of(inputs: &ReviewInputs, target: &ReviewTarget, agents: &AttackRoles) -> String {
    let change = &target.change;
    let mut fields = vec![
        change.tree.to_string(),
        change.base_tree.as_ref().map(ToString::to_string).unwrap_or_default(),
        inputs.spec.as_ref().map(|asked| asked.copy.hash.clone()).unwrap_or_default(),
        inputs.effective.hash.clone(),
        prompt::fingerprint(),
    ];
    for agent in [&agents.attacker, &agents.arbiter, &agents.second] {
        fields.push(format!("{} {} {:?}", agent.name, agent.settings.model, agent.effort()));
    }
    hash_of(&fields)
}

impl AttackSession<'_> {
    /// Tells how it goes on.
    fn tell(&self, text: String) {
        self.context.notify(Progress::Attack(text));
    }
}
