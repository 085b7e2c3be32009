//! Asks planner and reviewer what is planned before anything is written. They read a checkout of what the next
//! commit stands on, and change nothing.

use std::fmt::Write as _;

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::domain::model::globs::Globs;
use crate::domain::pipeline::job::{AgentAnswer, JobId};
use crate::domain::pipeline::plan_loop::PlanLoop;
use crate::domain::pipeline::spec_run::outcome::SpecOutcome;
use crate::domain::pipeline::spec_run::stage::{PlanningTry, Snapshot};
use crate::domain::planning::plan_review::AgreedPlan;
use crate::domain::planning::prompt::PlanningPrompt;
use crate::domain::planning::task::{PlannedTask, TaskLimits};
use crate::domain::planning::{part, plan, plan_review, prompt, size_vote, task};
use crate::domain::review::prompt::spec_text;
use crate::flow::call::roles::AssignedAgent;
use crate::flow::review::request::{AskError, ParsedRequest, request_parsed, without_secrets};
use crate::flow::run::session::SpecSession;
use crate::flow::workspace::checkout::Ignored;
use crate::platform::agents::ask::{Access, Answer};

/// What an agent that plans came to.
pub(super) type PlanningResult = Result<(SpecOutcome, Vec<AgentAnswer>)>;

/// A question of planning: who is asked, what, and how the answer is read.
pub(super) struct PlanningQuestion<'q, T> {
    pub to: &'q AssignedAgent,
    pub prompt: String,
    pub schema: Value,
    pub parse: &'q dyn Fn(&Value) -> Result<T, String>,
}

impl SpecSession<'_> {
    pub(super) fn tell_size(&self, job: &JobId) -> PlanningResult {
        self.with_prompt(job, &[], &|ask| {
            let question = PlanningQuestion {
                to: &self.prepared.planner,
                prompt: prompt::size(ask),
                schema: size_vote::schema(),
                parse: &size_vote::parse,
            };
            let (vote, answers) = self.ask_about(job, ask.fence_nonce, &question)?;
            let outcome = match vote {
                Ok(vote) => SpecOutcome::Sized(Some(vote)),
                Err(AskError::Malformed { .. }) => SpecOutcome::Sized(None),
                Err(AskError::Failed(failure)) => SpecOutcome::Failed(failure),
            };
            Ok((outcome, answers))
        })
    }

    pub(super) fn split(&self, job: &JobId, again: &PlanningTry) -> PlanningResult {
        self.with_prompt(job, &again.refused, &|ask| {
            let question = PlanningQuestion {
                to: &self.prepared.planner,
                prompt: prompt::split(ask),
                schema: part::schema(),
                parse: &part::parse,
            };
            let (parts, answers) = self.ask_about(job, ask.fence_nonce, &question)?;
            let outcome = match parts {
                Ok(parts) => {
                    let wrong = part::wrong(&parts, &self.run.about.criteria);
                    SpecOutcome::Split(if wrong.is_empty() { Ok(parts) } else { Err(wrong) })
                }
                Err(error) => SpecOutcome::Failed(error.of(&self.prepared.planner)),
            };
            Ok((outcome, answers))
        })
    }

    pub(super) fn write_plan(&self, job: &JobId, plans: &PlanLoop) -> PlanningResult {
        self.with_prompt(job, &[], &|ask| {
            let question = PlanningQuestion {
                to: &self.prepared.planner,
                prompt: prompt::plan(ask, plans.plan(), plans.findings()),
                schema: plan::schema(),
                parse: &plan::parse,
            };
            let (plan, answers) = self.ask_about(job, ask.fence_nonce, &question)?;
            let outcome = match plan {
                Ok(plan) => SpecOutcome::PlanWritten(plan),
                Err(error) => SpecOutcome::Failed(error.of(&self.prepared.planner)),
            };
            Ok((outcome, answers))
        })
    }

    pub(super) fn review_plan(&self, job: &JobId, plans: &PlanLoop) -> PlanningResult {
        let plan = plans.plan().context("there is no plan to review")?;
        self.with_prompt(job, &[], &|ask| {
            let question = PlanningQuestion {
                to: &self.prepared.plan_reviewer,
                prompt: prompt::plan_review(ask, plan),
                schema: plan_review::schema(),
                parse: &|answer: &Value| plan_review::parse(answer, &plan.sections()),
            };
            let (findings, answers) = self.ask_about(job, ask.fence_nonce, &question)?;
            let outcome = match findings {
                Ok(findings) => SpecOutcome::PlanReviewed(findings),
                Err(error) => SpecOutcome::Failed(error.of(&self.prepared.plan_reviewer)),
            };
            Ok((outcome, answers))
        })
    }

    pub(super) fn list_tasks(
        &self,
        job: &JobId,
        agreed: &AgreedPlan,
        again: &PlanningTry,
    ) -> PlanningResult {
        let part = self.run.progress().part().context("there is no part to list tasks of")?;
        let spec = self.spec()?;
        let touches = &spec.touches;
        let touches = if touches.is_empty() {
            None
        } else {
            Some(Globs::new(touches.iter().map(String::as_str))?)
        };
        let scope = &self.prepared.effective.policy.gates.scope;
        let limits = TaskLimits {
            criteria: &part.criteria,
            touches: touches.as_ref(),
            files_max: scope.files,
            lines_max: scope.lines,
            needs_scaffold: agreed.plan.needs_scaffold,
        };
        self.with_prompt(job, &again.refused, &|ask| {
            let question = PlanningQuestion {
                to: &self.prepared.planner,
                prompt: prompt::tasks(ask, &agreed.plan),
                schema: task::schema(),
                parse: &task::parse,
            };
            let (tasks, answers) = self.ask_about(job, ask.fence_nonce, &question)?;
            let outcome = match tasks {
                Ok(tasks) => {
                    let forbidden = self.forbidden(&tasks)?;
                    SpecOutcome::Listed(match task::ordered(&tasks, limits) {
                        Ok(_) if !forbidden.is_empty() => Err(forbidden),
                        listed => listed.map_err(|why| [why, forbidden].concat()),
                    })
                }
                Err(error) => SpecOutcome::Failed(error.of(&self.prepared.planner)),
            };
            Ok((outcome, answers))
        })
    }

    /// The declared files that no task may change, one a line.
    fn forbidden(&self, tasks: &[PlannedTask]) -> Result<Vec<String>> {
        self.bounded(|bounds| {
            let paths = (1..)
                .zip(tasks)
                .flat_map(|(number, task)| task.paths.iter().map(move |path| (number, path)));
            let forbidden = paths.filter_map(|(number, path): (usize, &String)| {
                Some(format!("task {number}: it declares `{path}`: {}", bounds.forbids(path)?))
            });
            forbidden.collect()
        })
    }

    pub(super) fn with_prompt<T>(
        &self,
        job: &JobId,
        refused: &[String],
        ask: &dyn Fn(&PlanningPrompt<'_>) -> Result<T>,
    ) -> Result<T> {
        let scope = &self.prepared.effective.policy.gates.scope;
        ask(&PlanningPrompt {
            spec: &spec_text(&*self.spec()?),
            part: &self.part_in_words(),
            research: &self.research_page(),
            rules: &self.rules()?,
            refused,
            fence_nonce: &self.fence_nonce(job),
            files_max: scope.files,
            lines_max: scope.lines,
        })
    }

    /// The part that is planned or built now, with its criteria, and why it was not built as something smaller; empty before
    /// there is one.
    fn part_in_words(&self) -> String {
        let progress = self.run.progress();
        let mut text = String::new();
        if let (Some(part), Ok(spec)) = (progress.part(), self.spec()) {
            let _ = writeln!(text, "{}\n", part.title);
            let all = spec.requirements();
            for (id, what) in all.iter().filter(|(id, _)| part.criteria.contains(id)) {
                let _ = writeln!(text, "- {id}: {what}");
            }
        }
        for raised in &progress.raised {
            let _ = writeln!(text, "\nTried before: {}", raised.in_words());
            for found in &raised.found {
                let _ = writeln!(text, "- {found}");
            }
        }
        text
    }

    /// Asks about the code that the next commit stands on; `token` is the nonce of the fences in the prompt.
    pub(super) fn ask_about<T>(
        &self,
        job: &JobId,
        token: &str,
        question: &PlanningQuestion<'_, T>,
    ) -> Result<(Result<T, AskError>, Vec<AgentAnswer>)> {
        let workspace = self.workspace()?;
        let Snapshot { tree, commit } = &self.head();
        let checkout =
            workspace.checkout(self.private, tree, Some(commit), Ignored::Go, self.interrupts);
        self.or_stopped(checkout)?;
        let request = ParsedRequest {
            to: question.to,
            key: &self.run.call_key(job),
            prompt: &question.prompt,
            token,
            dir: &workspace.work(),
            schema: &question.schema,
            access: Access::Read,
        };
        request_parsed(&self.client, &request, &|answer: &Answer| {
            let json = answer.json.as_ref().ok_or_else(|| "it holds no JSON object".to_owned())?;
            (question.parse)(&without_secrets(json))
        })
    }
}
