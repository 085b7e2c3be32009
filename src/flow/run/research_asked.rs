//! Whether research is asked for, and who does it.

use std::collections::BTreeSet;

use anyhow::Result;

use crate::domain::model::agent::Role;
use crate::domain::model::error::hinted;
use crate::domain::model::notice::Progress;
use crate::domain::pipeline::spec_run::about::{RunMode, SpecAbout};
use crate::domain::policy::agent_settings::RouteChoice;
use crate::domain::policy::settings::Policy;
use crate::domain::research::decision::{ResearchAsked, ResearchWords, asked, forbidden};
use crate::domain::research::signs;
use crate::domain::spec::types::{Spec, SpecMode};
use crate::flow::call::roles;
use crate::flow::call::roles::AssignedAgent;
use crate::flow::context::Context;
use crate::flow::intake::spec_listing::SpecGlobs;
use crate::platform::agents::agent_env::AgentEnv;
use crate::platform::git::repo::Repo;

/// How many names of a spec are looked up in the code.
const NAMES_MAX: usize = 40;

/// What settings and spec say of research, and the signs that the spec has in this code.
pub fn asked_of(
    context: Context<'_>,
    policy: &Policy,
    spec: &Spec,
    about: &SpecAbout,
) -> Result<ResearchAsked> {
    if about.mode == RunMode::Fast || about.report.is_some() {
        return Ok(ResearchAsked::default());
    }
    let words = ResearchWords {
        own: policy.runs.research,
        policy: policy.planning.research,
        spec: spec.mode,
    };
    let mut asked = asked(words, Vec::new());
    if let ResearchAsked::Open(found) = &mut asked {
        *found = signs_of(context, policy, spec, about)?;
    }
    if let (ResearchAsked::Forbidden(why), Some(SpecMode::Research)) = (&asked, spec.mode) {
        context.notify(Progress::Assignment(format!("the spec asks for research, and {why}")));
    }
    Ok(asked)
}

/// The signs that a spec has in the code that it is built on.
pub fn signs_of(
    context: Context<'_>,
    policy: &Policy,
    spec: &Spec,
    about: &SpecAbout,
) -> Result<Vec<String>> {
    let mut found = signs::choices(spec);
    let names: BTreeSet<String> = signs::names(spec).into_iter().take(NAMES_MAX).collect();
    let specs = SpecGlobs::new(&policy.watch.specs)?;
    let known = known_names(context.repo, about, &names, &specs)?;
    found.extend(signs::new_names(&names, &|name| known.contains(name)));
    Ok(found)
}

/// Refuses research that somebody forbids in the settings, and where no agent is asked at all.
pub fn refuse_forbidden(policy: &Policy) -> Result<()> {
    let words =
        ResearchWords { own: policy.runs.research, policy: policy.planning.research, spec: None };
    if let Some(key) = forbidden(words) {
        return Err(hinted(
            format!("no research is done here: `{key}` is `never`"),
            "change it where it is set; `tribunal config` shows where that is",
        ));
    }
    if policy.agents.route == RouteChoice::C {
        return Err(hinted(
            "no agent is asked: `agents.route` is `C`",
            "`tribunal config` shows where that is set",
        ));
    }
    Ok(())
}

/// Who does research: where no researcher is here, the planner, in a process of its own.
pub fn researcher(
    policy: &Policy,
    agent_env: AgentEnv<'_>,
    planner: Option<&AssignedAgent>,
) -> Result<AssignedAgent> {
    match (roles::find_agent(policy, Role::Researcher, agent_env), planner) {
        (Ok(found), _) => Ok(found),
        (Err(_), Some(planner)) => Ok(planner.clone().in_role(Role::Researcher, policy)),
        (Err(missing), None) => Err(hinted(missing.message, missing.hint)),
    }
}

/// Those names that stand anywhere in the base, beside the folders of specs.
fn known_names(
    repo: &Repo,
    about: &SpecAbout,
    names: &BTreeSet<String>,
    specs: &SpecGlobs,
) -> Result<BTreeSet<String>> {
    let folders = specs.folders().map(|(folder, _)| folder.to_string_lossy());
    let beside: Vec<String> = folders
        .filter(|folder| !folder.is_empty())
        .map(|folder| format!(":(exclude,literal){folder}"))
        .collect();
    let mut known = BTreeSet::new();
    for name in names {
        let grep = repo.git().args(["grep", "--quiet", "--ignore-case", "--fixed-strings", "-e"]);
        let grep = grep.args([name, about.base_tree.as_str(), "--", ":/"]).args(&beside);
        if grep.capture()?.code() == 0 {
            known.insert(name.clone());
        }
    }
    Ok(known)
}
