//! Has what was built reviewed by a run of its own: each task by its criteria, and in the end all of it.

use anyhow::{Context as _, Result};

use crate::domain::development::reach::ReachingFile;
use crate::domain::development::suite::GreenProof;
use crate::domain::gates::secrets::redact::redact_str;
use crate::domain::model::oid::Oid;
use crate::domain::model::report::Verdict;
use crate::domain::model::text::one_line;
use crate::domain::pipeline::result::{ReviewEnding, ReviewResult};
use crate::domain::pipeline::spec_run::outcome::TaskReview;
use crate::domain::pipeline::spec_run::stage::{RedTests, ReviewedTask, Snapshot, WrittenCode};
use crate::domain::review::arbiter_decision::ArbiterVerdict;
use crate::domain::review::decide::Decision;
use crate::domain::review::finding::{CriterionStatus, ReviewFinding};
use crate::domain::review::tracked::TrackedFinding;
use crate::flow::review;
use crate::flow::review::request::Stopped;
use crate::flow::review::target::TaskReviewRequest;
use crate::flow::run::base::files_between;
use crate::flow::run::session::SpecSession;
use crate::flow::run::suite;
use crate::flow::workspace::checkout::Ignored;
use crate::platform::config::random;
use crate::platform::store::runs;
use crate::platform::ui::review_result;

/// A review that passed: its ending's details, and the attempt that it ends with.
struct PassedReview {
    passed: ReviewedTask,
    commit: Option<Oid>,
}

impl SpecSession<'_> {
    /// Has a task reviewed, and what is found fixed.
    pub(super) fn review_task(&self, red: &RedTests, code: &WrittenCode) -> Result<TaskReview> {
        let progress = self.run.progress();
        let is_all = progress.is_one_task();
        let criteria = progress.task().map(|now| now.met()).unwrap_or_default();
        let spec = &self.run.about.spec;
        let spec = if is_all { spec.clone() } else { spec.only(&criteria) };
        // Nobody has reviewed a spec that stands below it as a part of the change.
        let (head, base) = (self.head(), &self.run.about.base);
        let from = if is_all { base.clone() } else { head.commit };
        let request =
            TaskReviewRequest { id: String::new(), parent: String::new(), spec, fix: true };
        let PassedReview { passed, commit } = match self.reviewed(request, &from, &code.at)? {
            Ok(passed) => passed,
            Err(other) => return Ok(other),
        };
        let (tree, review) = (&passed.tree, passed.review.clone());
        if *tree != code.at.tree
            && let Some(why) = self.wrong_with_fixes(red, tree, commit.as_ref())?
        {
            return Ok(TaskReview::NotPassed { review, verdict: Verdict::Escalate, why });
        }
        let files = files_between(self.private, &head.tree, tree)?;
        let (subject, red) = (code.subject.clone(), Some(red.clone()));
        let reaching = ReachingFile::among(&files);
        Ok(TaskReview::Passed(Box::new(ReviewedTask { subject, red, reaching, ..passed })))
    }

    /// Has all of it reviewed by all of the spec. Nothing is fixed: each task was.
    pub(super) fn review_all(&mut self) -> Result<TaskReview> {
        // Before it begins: after a kill it is found by it.
        self.run.machine.spec.note_review(&random::id().to_string());
        self.folder.save_spec(&self.run)?;
        let (spec, base, head) =
            (self.run.about.spec.clone(), self.run.about.base.clone(), self.head());
        let request =
            TaskReviewRequest { id: String::new(), parent: String::new(), spec, fix: false };
        Ok(match self.reviewed(request, &base, &head)? {
            Ok(PassedReview { passed, .. }) => TaskReview::Passed(Box::new(passed)),
            Err(other) => other,
        })
    }

    /// Reviews what is from `base` to `at`, or goes on with that review. `Err` is what did not pass.
    fn reviewed(
        &self,
        request: TaskReviewRequest,
        base: &Oid,
        at: &Snapshot,
    ) -> Result<Result<PassedReview, TaskReview>> {
        let known = self.run.progress().review();
        let id = known.context("the review has no id")?.to_owned();
        let request = TaskReviewRequest { id: id.clone(), parent: self.run.id.clone(), ..request };
        let context = self.private_context();
        let reviewed = match review::review_task(context, &request, base, &at.commit) {
            Ok(reviewed) => reviewed,
            Err(error) => {
                return Err(match error.downcast_ref::<Stopped>() {
                    Some(stopped) => self.stopped(stopped.signal),
                    None => error,
                });
            }
        };
        self.weighed(id, &reviewed, at)
    }

    fn weighed(
        &self,
        review: String,
        reviewed: &ReviewResult,
        at: &Snapshot,
    ) -> Result<Result<PassedReview, TaskReview>> {
        let inconclusive = |why: String, review| TaskReview::NotPassed {
            review,
            verdict: Verdict::Inconclusive,
            why,
        };
        let details = match &reviewed.ending {
            ReviewEnding::Reviewed(details) => details,
            ReviewEnding::Nothing => {
                let why = "there was nothing that a model could review".to_owned();
                return Ok(Err(inconclusive(why, review)));
            }
            ReviewEnding::NotReviewed { why } => {
                return Ok(Err(inconclusive(why.join("; "), review)));
            }
        };
        let why = review_result::reason(&details.decision);
        if let Some(resume_when) = details.resume_when {
            return Ok(Err(TaskReview::Paused { why, resume_when }));
        }
        let verdict = reviewed.report.verdict;
        if let Decision::Escalate(detail) = &details.decision
            && detail.is_without_end()
        {
            let found = self.left_open(&review)?;
            return Ok(Err(TaskReview::Endless { review, why, found }));
        }
        if verdict != Verdict::Pass {
            return Ok(Err(TaskReview::NotPassed { review, verdict, why }));
        }
        let run = runs::load(&self.context.repo.state_dir(), &review)?;
        let run = run.with_context(|| format!("the review `{review}` is gone"))?;
        let best = run.review_loop().end().map_or(0, |end| end.best);
        let attempt = &run.review_loop().attempts[best];
        let met = details.criteria.iter().filter(|one| one.met == CriterionStatus::Met);
        let passed = ReviewedTask {
            tree: attempt.tree.clone(),
            subject: String::new(),
            red: None,
            criteria: met.map(|one| one.id.clone()).collect(),
            review,
            reviewer: details.reviewer.clone(),
            arbiter: details.arbiter.clone(),
            reaching: Vec::new(),
            upheld: run.review_loop().findings.iter().filter(|one| is_upheld(one)).count(),
        };
        let is_same = attempt.tree == at.tree;
        let commit = if is_same { Some(at.commit.clone()) } else { attempt.commit.clone() };
        Ok(Ok(PassedReview { passed, commit }))
    }

    /// What a review found and is not resolved, one a line: who plans anew has nothing else of it.
    fn left_open(&self, review: &str) -> Result<Vec<String>> {
        let run = runs::load(&self.context.repo.state_dir(), review)?;
        let run = run.with_context(|| format!("the review `{review}` is gone"))?;
        let open = run.review_loop().findings.iter().filter(|one| one.is_open() && one.is_severe());
        let in_words = |one: &TrackedFinding| {
            let ReviewFinding { severity, title, path, failure, .. } = &one.original;
            let [title, path, failure] = [title, path, failure].map(|text| one_line(text));
            redact_str(&format!("{severity}, in `{path}`: {title}: {failure}"))
        };
        Ok(open.map(in_words).collect())
    }

    /// What is wrong with the code after fixes of its review: they are held to what the code was held to.
    fn wrong_with_fixes(
        &self,
        red: &RedTests,
        tree: &Oid,
        commit: Option<&Oid>,
    ) -> Result<Option<String>> {
        let refused = self.refused_fixes(red, tree)?;
        if !refused.is_empty() {
            return Ok(Some(format!("its fixes are beyond the task: {}", refused.join("; "))));
        }
        let commit = commit.context("a fix has no commit")?.clone();
        let at = Snapshot { tree: tree.clone(), commit };
        let now = self.test(&at, Ignored::Go)?;
        Ok(match self.weigh_green(&red.failing, &at, &now)? {
            GreenProof::Green(_) => {
                suite::keep_after_task(self.folder, &self.run, &now)?;
                None
            }
            GreenProof::Red(why) | GreenProof::Lost(why) => {
                Some(format!("after its fixes {}", why.join("; ")))
            }
            GreenProof::NotRun(why) => {
                Some(format!("after its fixes the tests did not run: {why}"))
            }
        })
    }
}

fn is_upheld(finding: &TrackedFinding) -> bool {
    finding.decision.as_ref().is_some_and(|one| one.verdict == ArbiterVerdict::Upheld)
}
