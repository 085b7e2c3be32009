//! Gathers the inputs of a review: the policy of the base, the spec, the rules, and the reviewers.

use std::sync::OnceLock;

use anyhow::Result;
use bstr::{BString, ByteSlice as _};
use globset::GlobSet;

use crate::domain::gates::policy::EffectivePolicy;
use crate::domain::model::agent::AgentIdentity;
use crate::domain::model::change::{Change, FileChange};
use crate::domain::model::globs;
use crate::domain::model::oid::Oid;
use crate::domain::pipeline::review_loop::CriteriaWeight;
use crate::domain::pipeline::run::SpecCopy;
use crate::domain::policy::review_settings::SpecDemand;
use crate::domain::policy::settings::Policy;
use crate::domain::review::answer;
use crate::domain::review::answer::ExpectedAnswer;
use crate::domain::review::deliver::file::DeliveryLimits;
use crate::domain::review::question_hash;
use crate::domain::review::question_hash::{ReviewQuestion, hash_of};
use crate::domain::review::template::fingerprint;
use crate::flow::call::roles::AssignedAgent;
use crate::flow::call::route;
use crate::flow::call::route::{Reviewers, RoleAssignment};
use crate::flow::context::Context;
use crate::flow::evaluate::policy;
use crate::flow::evaluate::policy::RuleSelection;
use crate::flow::review::asked_spec::{AskedSpec, SpecRefusal};
use crate::flow::review::belonging;
use crate::flow::review::belonging::BelongingSpecs;
use crate::flow::review::conventions::Conventions;
use crate::flow::review::instructions::FileInstructions;
use crate::flow::review::target::ReviewTarget;
use crate::flow::setup::consent;
use crate::platform::agents::agent_env::AgentEnv;
use crate::platform::git::repo::Repo;

/// Where the spec of a review comes from.
#[derive(Clone, Debug)]
pub enum SpecSource {
    /// A person named it.
    Named(SpecCopy),
    /// The change tells.
    Change,
    /// A run was begun with it, or without one.
    Run(Option<SpecCopy>),
}

/// The inputs of a review of one change.
pub struct ReviewInputs {
    pub effective: EffectivePolicy,
    pub assignment: RoleAssignment,
    /// Who may review, and who may arbitrate, as far as that is known before a call.
    pub reviewing: Vec<AgentIdentity>,
    pub arbitrating: Vec<AgentIdentity>,
    conventions: Conventions,
    instructions: FileInstructions,
    /// What the person asks the reviewer to mind, without secrets; empty where they said nothing.
    pub note: String,
    /// The spec that a review of the change is by.
    pub spec: Option<AskedSpec>,
    /// The specs that it must be reviewed by one after the other, each in a review that names it; two at
    /// least, or none.
    pub each_spec: Vec<AskedSpec>,
    /// What is to be said of the spec that the change belongs to.
    pub spec_notes: Vec<String>,
    /// Why no review can be made by the spec that there should be.
    pub spec_refusal: Option<SpecRefusal>,
    /// The patterns of `review.leave-out`, compiled once they are needed.
    leave_out: OnceLock<GlobSet>,
}

impl ReviewInputs {
    /// Gathers the inputs of a change. The spec says what it must do.
    pub fn gather(
        context: Context<'_>,
        target: &ReviewTarget,
        spec: SpecSource,
        agent_env: AgentEnv<'_>,
    ) -> Result<Self> {
        let change = &target.change;
        let base = policy_tree(context.repo, change)?;
        let covering = RuleSelection::Covering(&change.files);
        let effective = policy::read_policy(context, base.as_ref(), covering)?;
        let assignment = route::assign_reviewers(&effective.policy, agent_env)?;
        let conventions = Conventions::of(context, base.as_ref())?;
        let demand = effective.policy.review.spec;
        let is_demanded = demand == SpecDemand::Required && matches!(spec, SpecSource::Change);
        let belonging = match spec {
            SpecSource::Change if demand != SpecDemand::Off => {
                belonging::find(context, target, &effective.policy)?
            }
            SpecSource::Change => BelongingSpecs::default(),
            SpecSource::Named(copy) => BelongingSpecs::of(Some(copy)),
            SpecSource::Run(copy) => BelongingSpecs::of(copy),
        };
        let mut spec_notes = belonging.notes.clone();
        let spec_refusal = SpecRefusal::of(&belonging, is_demanded);
        if spec_refusal.is_none() {
            spec_notes.extend(belonging.why_none);
        }
        let agreed = consent::load(context.repo, context.env)?;
        let copies = belonging.copies.into_iter();
        let specs = copies.map(|copy| AskedSpec::new(copy, &agreed, &effective.policy));
        let mut each_spec = specs.collect::<Result<Vec<_>>>()?;
        let spec = if each_spec.len() == 1 { each_spec.pop() } else { None };
        let inputs = Self {
            instructions: FileInstructions::of(&effective.policy.review.instructions)?,
            effective,
            assignment,
            reviewing: Vec::new(),
            arbitrating: Vec::new(),
            conventions,
            note: String::new(),
            spec,
            each_spec,
            spec_notes,
            spec_refusal,
            leave_out: OnceLock::new(),
        };
        Ok(inputs.with_identities(agent_env))
    }

    /// Whether the policy leaves a file out of reviews.
    pub fn leaves_out(&self, path: &BString) -> Result<bool> {
        let globs = if let Some(globs) = self.leave_out.get() {
            globs
        } else {
            let patterns = self.policy().review.leave_out.iter().map(String::as_str);
            let compiled = globs::union(patterns)?;
            self.leave_out.get_or_init(|| compiled)
        };
        Ok(globs.is_match(path.to_path_lossy()))
    }

    /// The same, where the versions of the agents' programs are known, which are started for that if they
    /// changed.
    pub fn look_at_agents(self, agent_env: AgentEnv<'_>) -> Self {
        for agent in self.reviewers().into_iter().flat_map(|both| [&both.reviewer, &both.arbiter]) {
            agent.all().for_each(|agent| agent.agent.look(agent_env));
        }
        self.with_identities(agent_env)
    }

    fn with_identities(self, agent_env: AgentEnv<'_>) -> Self {
        let known = |agents: &AssignedAgent| -> Vec<AgentIdentity> {
            agents.all().map(|agent| agent.identity(agent_env)).collect()
        };
        let Some(reviewers) = self.reviewers() else { return self };
        let (reviewing, arbitrating) = (known(&reviewers.reviewer), known(&reviewers.arbiter));
        Self { reviewing, arbitrating, ..self }
    }

    pub fn policy(&self) -> &Policy {
        &self.effective.policy
    }

    /// The conventions for every role's prompt, for these files.
    pub fn rules_for(&self, files: &[FileChange]) -> Vec<String> {
        self.conventions.for_files(files)
    }

    /// The same for the reviewer of these files, with what the repository says of those that are shown
    /// and what the person asked for.
    pub fn reviewer_rules(&self, files: &[FileChange], shown: &[&FileChange]) -> Vec<String> {
        let mut texts = self.rules_for(files);
        let instructions = self.instructions.for_files(shown);
        if !instructions.is_empty() {
            texts.push(instructions);
        }
        if !self.note.is_empty() {
            texts.push(format!("The person who asks for this review adds:\n{}", self.note));
        }
        texts
    }

    pub fn delivery_limits(&self) -> DeliveryLimits {
        let review = &self.policy().review;
        DeliveryLimits {
            bytes_per_call: usize::try_from(review.bytes).unwrap_or(usize::MAX),
            calls: review.calls,
            context_lines: review.context,
        }
    }

    /// What a review of one file depends on besides its text: who answers, the prompts, and the
    /// conventions for the file. A review under another regime says nothing about it.
    pub fn regime(&self, file: &FileChange) -> String {
        let mut fields = vec![self.asked()];
        // Where a spec is demanded a review without one covers nothing.
        if self.policy().review.spec == SpecDemand::Required {
            fields.push("by a spec".to_owned());
        }
        fields.extend(self.rules_for(std::slice::from_ref(file)));
        fields.extend(Some(self.instructions.for_files(&[file])).filter(|said| !said.is_empty()));
        hash_of(&fields)
    }

    /// The hash of who answers, and of the prompts.
    pub fn asked(&self) -> String {
        let mut fields = self.answerers();
        fields.push(fingerprint().to_owned());
        hash_of(&fields)
    }

    /// Who answers: another one is another question.
    fn answerers(&self) -> Vec<String> {
        let mut all = vec![format!("route {}", self.assignment.route)];
        for (role, agents) in [("reviewer", &self.reviewing), ("arbiter", &self.arbitrating)] {
            all.extend(agents.iter().map(|one| format!("{role} {}", one.in_question().join(" "))));
        }
        all
    }

    /// The hash of the question that a review asks; `None` where there is no reviewer. `paths` are the
    /// files that it looks at, where it does not look at all of them.
    pub fn question(&self, target: &ReviewTarget, paths: Option<&[BString]>) -> Option<String> {
        self.reviewers()?;
        let change = &target.change;
        let limits = self.delivery_limits();
        let base = change.base_tree.as_ref().map_or("", |base| base.as_str());
        let review = &self.policy().review;
        // The settings of the decision change the answer as well.
        let mut beside = vec![format!("route {}", self.assignment.route)];
        beside.push(format!("highs {}", review.highs));
        beside.push(format!("left out {}", review.leave_out.join(" ")));
        let may_run = self.spec.as_ref().map(|spec| spec.may_run.join(" "));
        beside.push(format!("commands of the spec {}", may_run.unwrap_or_default()));
        // No review answers for several: each answers for its own.
        beside.extend(self.each_spec.iter().map(|one| format!("each spec {}", one.copy.hash)));
        // Of a spec that was named a criterion that is not met is put on record.
        if self.weight() == CriteriaWeight::Told {
            beside.push("criteria are told".to_owned());
        }
        for path in paths.into_iter().flatten() {
            beside.push(format!("file {path}"));
        }
        Some(question_hash::hash(&ReviewQuestion {
            tree: change.tree.as_str(),
            base,
            spec: self.spec.as_ref().map_or("", |spec| spec.copy.hash.as_str()),
            rules: &self.reviewer_rules(&change.files, &change.files.iter().collect::<Vec<_>>()),
            prompts: fingerprint(),
            reviewers: &self.reviewing,
            arbiters: &self.arbitrating,
            schema: &answer::schema(ExpectedAnswer::Review),
            bytes_per_call: limits.bytes_per_call,
            calls: limits.calls,
            context_lines: limits.context_lines,
            scope: &beside,
        }))
    }

    pub fn reviewers(&self) -> Option<&Reviewers> {
        self.assignment.reviewers.as_ref()
    }
}

/// The tree that the policy is read from. That of what is not staged is the commit's that it is built on:
/// what is staged does not hold yet.
fn policy_tree(repo: &Repo, change: &Change) -> Result<Option<Oid>> {
    let on = Oid::parse(&change.key).ok();
    let on = on.map(|commit| repo.objects.commit(&commit)).transpose()?.flatten();
    match on {
        Some(commit) => Ok(Some(commit.tree)),
        None if change.key == Change::ROOT => Ok(None),
        None => Ok(change.base_tree.clone()),
    }
}
