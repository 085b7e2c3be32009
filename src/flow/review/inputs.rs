//! Gathers the inputs of a review: the policy of the base, the spec, the rules, and the reviewers.

use std::fmt::Write as _;

use anyhow::Result;
use bstr::{BStr, BString, ByteSlice as _};

use crate::domain::constitution::prompt;
use crate::domain::constitution::rule::Rule;
use crate::domain::gates::policy::EffectivePolicy;
use crate::domain::gates::secrets::redact;
use crate::domain::model::agent::AgentIdentity;
use crate::domain::model::change::{Change, FileChange};
use crate::domain::model::globs;
use crate::domain::model::objects::Content;
use crate::domain::model::oid::Oid;
use crate::domain::pipeline::review_loop::CriteriaWeight;
use crate::domain::pipeline::run::SpecCopy;
use crate::domain::policy::review_settings::{PathInstructions, SpecDemand};
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
use crate::flow::review::target::ReviewTarget;
use crate::flow::setup::consent;
use crate::platform::agents::agent_env::AgentEnv;
use crate::platform::git::object::Objects;
use crate::platform::git::repo::Repo;

/// The file with a repository's notes for agents.
pub const NOTES_FILE: &str = "AGENTS.md";

/// The file with what is known of a repository.
const CONTEXT_FILE: &str = ".ai/context/project.md";

/// The most of each that a prompt includes, in bytes.
const NOTES_BYTES_MAX: usize = 8 * 1024;

/// The largest file that is read, in bytes.
const NOTES_READ_MAX: u64 = 1024 * 1024;

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
    rules: Vec<Rule>,
    /// What the person asks the reviewer to mind, without secrets; empty where they said nothing.
    pub note: String,
    /// What the base's `AGENTS.md` says, without secrets; empty where there is none.
    notes: String,
    /// The same of `.ai/context/project.md`.
    project: String,
    /// The spec that a review of the change is by.
    pub spec: Option<AskedSpec>,
    /// The specs that it must be reviewed by one after the other, each in a review that names it; two at
    /// least, or none.
    pub each_spec: Vec<AskedSpec>,
    /// What is to be said of the spec that the change belongs to.
    pub spec_notes: Vec<String>,
    /// Why no review can be made by the spec that there should be.
    pub spec_refusal: Option<SpecRefusal>,
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
        let rules = match &base {
            Some(tree) => policy::read_rules(context, tree)?.rules,
            None => Vec::new(),
        };
        let of_base = |file: &str| match &base {
            Some(tree) => notes(&context.repo.objects, tree, file),
            None => Ok(String::new()),
        };
        let (notes, project) = (of_base(NOTES_FILE)?, of_base(CONTEXT_FILE)?);
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
            effective,
            assignment,
            reviewing: Vec::new(),
            arbitrating: Vec::new(),
            rules,
            note: String::new(),
            notes,
            project,
            spec,
            each_spec,
            spec_notes,
            spec_refusal,
        };
        Ok(inputs.with_identities(agent_env))
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

    /// The conventions for every role's prompt: the rules that cover these files, what is known of the
    /// project, and the notes for agents, all from the base. Each has a limit, and what it leaves out is
    /// named.
    pub fn rules_for(&self, files: &[FileChange]) -> Vec<String> {
        let paths: Vec<String> = files.iter().map(|file| file.path.to_string()).collect();
        let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
        let rules = prompt::for_paths(&self.rules, &paths, prompt::BUDGET).text;
        let mut texts = Vec::new();
        if !rules.is_empty() {
            texts.push(redact::redact_str(&rules));
        }
        for (file, text) in [(CONTEXT_FILE, &self.project), (NOTES_FILE, &self.notes)] {
            if !text.is_empty() {
                texts.push(format!("What `{file}` of the base says:\n{text}"));
            }
        }
        texts
    }

    /// The same for the reviewer of these files, with what the repository says of those that are shown
    /// and what the person asked for.
    pub fn reviewer_rules(
        &self,
        files: &[FileChange],
        shown: &[&FileChange],
    ) -> Result<Vec<String>> {
        let mut texts = self.rules_for(files);
        let instructions = self.instructions(shown)?;
        if !instructions.is_empty() {
            texts.push(instructions);
        }
        if !self.note.is_empty() {
            texts.push(format!("The person who asks for this review adds:\n{}", self.note));
        }
        Ok(texts)
    }

    /// What `[[review.instructions]]` of the base say of these files, without secrets and within a
    /// bound.
    fn instructions(&self, files: &[&FileChange]) -> Result<String> {
        let mut text = String::new();
        let mut left = PathInstructions::BYTES_MAX;
        for PathInstructions { paths, text: said } in &self.policy().review.instructions {
            let globs = globs::union(paths.iter().map(String::as_str))?;
            if !files.iter().any(|file| globs.is_match(file.path.to_path_lossy())) {
                continue;
            }
            let said = redact::redact_str(said.trim());
            let (paths, is_short) = (paths.join("`, `"), said.len() <= left);
            let said = if is_short { said.as_str() } else { "[left out: there is too much of it]" };
            left -= if is_short { said.len() } else { 0 };
            let _ = writeln!(text, "The repository says of `{paths}`:\n{said}\n");
        }
        Ok(text)
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
    pub fn regime(&self, file: &FileChange) -> Result<String> {
        let mut fields = vec![self.asked()];
        // Where a spec is demanded a review without one covers nothing.
        if self.policy().review.spec == SpecDemand::Required {
            fields.push("by a spec".to_owned());
        }
        fields.extend(self.rules_for(std::slice::from_ref(file)));
        fields.extend(Some(self.instructions(&[file])?).filter(|said| !said.is_empty()));
        Ok(hash_of(&fields))
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
    pub fn question(
        &self,
        target: &ReviewTarget,
        paths: Option<&[BString]>,
    ) -> Result<Option<String>> {
        if self.reviewers().is_none() {
            return Ok(None);
        }
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
        Ok(Some(question_hash::hash(&ReviewQuestion {
            tree: change.tree.as_str(),
            base,
            spec: self.spec.as_ref().map_or("", |spec| spec.copy.hash.as_str()),
            rules: &self.reviewer_rules(&change.files, &change.files.iter().collect::<Vec<_>>())?,
            prompts: fingerprint(),
            reviewers: &self.reviewing,
            arbiters: &self.arbitrating,
            schema: &answer::schema(ExpectedAnswer::Review),
            bytes_per_call: limits.bytes_per_call,
            calls: limits.calls,
            context_lines: limits.context_lines,
            scope: &beside,
        })))
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

fn notes(objects: &Objects, tree: &Oid, file: &str) -> Result<String> {
    let bytes = match objects.file_up_to(tree, BStr::new(file), NOTES_READ_MAX)? {
        Some(Content::Whole(bytes)) => bytes,
        Some(Content::TooLarge(size)) => {
            return Ok(format!("[it has {size} bytes and is left out]\n"));
        }
        Some(Content::Missing) | None => return Ok(String::new()),
    };
    let masked = redact::mask_lines(&bytes, file.as_bytes());
    let text = masked.to_str_lossy();
    let end = text.char_indices().map(|(at, c)| at + c.len_utf8());
    let end = end.take_while(|end| *end <= NOTES_BYTES_MAX).last().unwrap_or(0);
    let mut notes = text[..end].to_owned();
    if end < text.len() {
        notes.push_str("\n[the rest is left out]\n");
    }
    Ok(notes)
}
