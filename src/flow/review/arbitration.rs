//! Asks the arbiter about a finding of a run.

use anyhow::{Context as _, Result};

use crate::domain::model::change::Change;
use crate::domain::model::finding::Effect;
use crate::domain::model::notice::Progress;
use crate::domain::model::stored_finding::FindingStatus;
use crate::domain::pipeline::job::{JobId, JobOutcome};
use crate::domain::review::arbiter::ArbiterAnswer;
use crate::domain::review::arbiter_decision::{ArbiterDecision, ArbiterVerdict};
use crate::domain::review::finding::ReviewFinding;
use crate::domain::review::tracked::TrackedFinding;
use crate::domain::review::{arbiter, prompt};
use crate::flow::evaluate::recording;
use crate::flow::review::delivery::near;
use crate::flow::review::finding;
use crate::flow::review::request::{ExpectedReply, StructuredRequest};
use crate::flow::review::session::ReviewSession;
use crate::platform::store::ledger::error::Error as LedgerError;

impl ReviewSession<'_> {
    /// The request to decide about a finding.
    pub(super) fn arbiter_request(&mut self, job: &JobId, id: &str) -> Result<StructuredRequest> {
        let layout = self.arbiter_layout()?;
        let dir = self.reading_copy(&layout.change)?;
        let reviewers = self.inputs.reviewers().context("the route has no arbiter")?;
        let arbiter = reviewers.arbiter.clone();
        let spec = self.inputs.parsed_spec.as_ref().map(prompt::spec_text);
        let (finding, others) = self.finding_and_others(id)?;
        let sections = near(&layout.delivered.delivery, finding);
        let sections: Vec<&str> = sections.iter().map(String::as_str).collect();
        let key = self.run.call_key(job);
        let token = self.token(&key);
        let case = arbiter::ArbiterInput {
            finding,
            spec: spec.as_deref(),
            sections: &sections,
            others: &others,
            fence_nonce: &token,
        };
        self.context.notify(Progress::Arbitrating {
            agent: arbiter.name.clone(),
            finding: id.to_owned(),
            title: finding.title.clone(),
        });
        Ok(StructuredRequest {
            to: arbiter,
            key,
            prompt: arbiter::prompt(case),
            dir,
            expected: ExpectedReply::Decision(Box::new(finding.clone())),
            token,
        })
    }

    /// The decision about a finding, from the arbiter's answer.
    pub(super) fn arbitrated(&mut self, id: &str, answer: ArbiterAnswer) -> Result<JobOutcome> {
        let layout = self.arbiter_layout()?;
        let texts = self.texts(&layout);
        let (finding, others) = self.finding_and_others(id)?;
        let others: Vec<&str> = others.iter().map(|finding| finding.id.as_str()).collect();
        let decision = arbiter::adjudicate(answer, &others, &|path| texts.text(path));
        self.answered_by_a_person(&layout.change, finding, decision)
    }

    fn finding_and_others(&self, id: &str) -> Result<(&ReviewFinding, Vec<&ReviewFinding>)> {
        let findings = || self.run.review_loop().findings.iter().map(|finding| &finding.original);
        let finding = findings().find(|finding| finding.id == id);
        let others = findings().filter(|finding| finding.id != id).collect();
        Ok((finding.context("the run has no such finding")?, others))
    }

    /// Records an upheld finding in the ledger. Where a person accepted or dismissed it before, that
    /// disposition overrides the arbiter.
    fn answered_by_a_person(
        &self,
        change: &Change,
        finding: &ReviewFinding,
        decision: ArbiterDecision,
    ) -> Result<JobOutcome> {
        // What a person must decide about needs an id as much as what is upheld.
        if decision.verdict.is_dismissal() {
            return Ok(JobOutcome::Arbitrated(decision, None));
        }
        let finding = TrackedFinding::new(finding.clone(), 0, false);
        let finding = finding::to_ledger(&finding, Some(&decision), Effect::Warn);
        let found = [(change, vec![finding])];
        let kept = recording::try_record(self.context, &found).map_err(LedgerError::hinted)?;
        let Some(reported) = kept.findings.into_iter().next() else {
            return Ok(JobOutcome::Arbitrated(decision, None));
        };
        let id = reported.id.clone();
        let answers = [FindingStatus::Accepted, FindingStatus::Dismissed];
        let Some(status) = answers.into_iter().find(|s| s.as_str() == reported.status) else {
            return Ok(JobOutcome::Arbitrated(decision, id));
        };
        let reason = format!("a person {} it before", status.as_str());
        let decision = ArbiterDecision {
            verdict: ArbiterVerdict::OutOfScope,
            reason,
            instruction: String::new(),
            ..decision
        };
        Ok(JobOutcome::Arbitrated(decision, id))
    }
}
