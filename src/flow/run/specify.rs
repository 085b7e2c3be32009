//! Has the spec of an idea written and reviewed, and commits it below everything that is built by it.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use bstr::ByteSlice as _;
use serde_json::Value;

use crate::domain::pipeline::job::JobId;
use crate::domain::pipeline::plan_loop::PlanLoop;
use crate::domain::pipeline::spec_run::outcome::SpecOutcome;
use crate::domain::pipeline::spec_run::stage::{PlanningTry, ReviewedTask};
use crate::domain::planning::plan_review;
use crate::domain::planning::plan_review::AgreedPlan;
use crate::domain::research::decision::ResearchAsked;
use crate::domain::spec::read::read;
use crate::domain::specifying::answer::{IdeaAnswer, parse, schema};
use crate::domain::specifying::check::checked;
use crate::domain::specifying::draft::SpecDraft;
use crate::domain::specifying::prompt;
use crate::domain::specifying::prompt::SpecifyingPrompt;
use crate::flow::evaluate::shown_text;
use crate::flow::run::planning::{PlanningQuestion, PlanningResult};
use crate::flow::run::research_asked;
use crate::flow::run::session::SpecSession;
use crate::platform::store::file;

/// The spec that was written last, in the folder of a run.
pub fn spec_file(folder: &Path) -> PathBuf {
    folder.join("spec.md")
}

impl SpecSession<'_> {
    /// Asks for a spec of the idea, and holds it against the form of specs.
    pub(super) fn write_spec(
        &self,
        job: &JobId,
        drafts: &PlanLoop<SpecDraft>,
        again: &PlanningTry,
    ) -> PlanningResult {
        let question = PlanningQuestion {
            to: &self.prepared.planner,
            prompt: self.of_idea(job, drafts, &again.refused, prompt::write)?,
            schema: schema(),
            parse: &parse,
        };
        let (answer, answers) = self.ask_about(job, &self.fence_nonce(job), &question)?;
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => {
                let failure = error.of(&self.prepared.planner);
                return Ok((SpecOutcome::Failed(failure), answers));
            }
        };
        let (objects, tree) = (&self.private.objects, &self.run.about.base_tree);
        let id = &self.run.about.spec_id;
        let text_of = |path: &str| shown_text::of_file(objects, tree, path.as_bytes().as_bstr());
        let came = checked(answer, id, &text_of);
        if let Ok(IdeaAnswer::Spec(draft)) = &came {
            // Where nothing is built by it, its person has it nevertheless.
            file::write_atomic(&spec_file(self.folder.path()), draft.markdown(id).as_bytes())?;
        }
        Ok((SpecOutcome::SpecWritten(came), answers))
    }

    /// Asks what is wrong with it.
    pub(super) fn review_spec(&self, job: &JobId, drafts: &PlanLoop<SpecDraft>) -> PlanningResult {
        let draft = drafts.plan().context("there is no spec to review")?;
        let sections = draft.sections();
        let sections: Vec<(&str, &str)> =
            sections.iter().map(|(name, text)| (*name, text.as_str())).collect();
        let question = PlanningQuestion {
            to: &self.prepared.plan_reviewer,
            prompt: self.of_idea(job, drafts, &[], prompt::review)?,
            schema: plan_review::schema(),
            parse: &|answer: &Value| plan_review::parse(answer, &sections),
        };
        let (findings, answers) = self.ask_about(job, &self.fence_nonce(job), &question)?;
        let outcome = match findings {
            Ok(findings) => SpecOutcome::PlanReviewed(findings),
            Err(error) => SpecOutcome::Failed(error.of(&self.prepared.plan_reviewer)),
        };
        Ok((outcome, answers))
    }

    fn of_idea(
        &self,
        job: &JobId,
        drafts: &PlanLoop<SpecDraft>,
        refused: &[String],
        render: fn(SpecifyingPrompt<'_>) -> String,
    ) -> Result<String> {
        let about = &self.run.about;
        let idea = about.idea.as_ref().context("there is no idea")?;
        let scope = &self.prepared.effective.policy.gates.scope;
        let spec = drafts.plan().map(|draft| draft.markdown(&about.spec_id)).unwrap_or_default();
        Ok(render(SpecifyingPrompt {
            idea,
            spec: &spec,
            findings: drafts.findings(),
            rules: &self.rules()?,
            refused,
            fence_nonce: &self.fence_nonce(job),
            files_max: scope.files,
            lines_max: scope.lines,
        }))
    }

    /// Whether research is asked for, now that there is a spec that may have signs of it.
    pub(super) fn research_of(&self, draft: &SpecDraft) -> Result<ResearchAsked> {
        let about = &self.run.about;
        let text = draft.markdown(&about.spec_id);
        let spec = read(text.as_bytes(), &format!("{}.md", about.spec_id)).spec;
        match (&about.research, spec) {
            (ResearchAsked::Open(_), Some(spec)) => {
                let policy = &self.prepared.effective.policy;
                let signs = research_asked::signs_of(self.context, policy, &spec, about)?;
                Ok(ResearchAsked::Open(signs))
            }
            (said, _) => Ok(said.clone()),
        }
    }

    /// Commits the spec on the base: reviewers and later readers find it where the policy has its specs.
    pub(super) fn record_spec(
        &self,
        job: &JobId,
        agreed: &AgreedPlan<SpecDraft>,
    ) -> Result<SpecOutcome> {
        let about = &self.run.about;
        let idea = about.idea.as_ref().context("there is no idea")?;
        let file = (idea.spec_path.clone(), agreed.plan.markdown(&about.spec_id));
        let tree = match self.with_files(&self.head().tree, &[file])? {
            Ok(tree) => tree,
            Err(why) => return Ok(SpecOutcome::Committed(Err(why))),
        };
        let subject = format!("docs: write the spec `{}`", about.spec_id);
        let task = ReviewedTask { subject, ..ReviewedTask::of_program(tree) };
        self.commit(job, &task)
    }
}
