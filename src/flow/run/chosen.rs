//! Who a person chose for a run: laid over the settings wherever the run reads them.

use anyhow::Result;

use crate::domain::model::error::hinted;
use crate::domain::pipeline::spec_run::chosen_role::ChosenRole;
use crate::domain::policy::layers;
use crate::domain::policy::layers::flags::FlagSettings;
use crate::domain::policy::settings::Policy;
use crate::flow::context::Context;

/// The settings of the command line, with who was chosen.
pub fn settings(context: Context<'_>, roles: &[ChosenRole]) -> Result<FlagSettings> {
    let words = context.settings.words().iter().cloned();
    let words: Vec<String> = words.chain(roles.iter().flat_map(ChosenRole::settings)).collect();
    layers::read_flags(&words).map_err(|problem| hinted(problem.to_string(), problem.hint))
}

/// Refuses an agent that nobody knows.
pub fn refuse_unknown(policy: &Policy, roles: &[ChosenRole]) -> Result<()> {
    let own = policy.command_agent.iter().map(|agent| agent.name.as_str());
    let own = own.chain(policy.http_agent.iter().map(|agent| agent.name.as_str()));
    let known: Vec<&str> = ["claude", "codex"].into_iter().chain(own).collect();
    let unknown = roles.iter().find(|chosen| !known.contains(&chosen.agent.as_str()));
    unknown.map_or(Ok(()), |chosen| {
        Err(hinted(
            format!("there is no agent `{}`", chosen.agent),
            format!("agents are `{}`; `tribunal agents` tells more", known.join("`, `")),
        ))
    })
}
