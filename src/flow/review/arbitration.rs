//! Asks the arbiter about a finding of a run.

use anyhow::{Context as _, Result};

use crate::domain::model::change::Change;
use crate::domain::model::finding::Effect;
use crate::domain::model::notice::Progress;
use crate::domain::model::stored_finding::FindingStatus;
use crate::domain::pipeline::job::{JobId, JobOutcome, RecordedAs};
use crate::domain::review::arbiter::{ArbiterAnswer, CheckedAgainst};
use crate::domain::review::arbiter_decision::{
    ArbiterDecision, ArbiterVerdict, DecidedBy, SecondLook,
};
use crate::domain::review::finding::ReviewFinding;
use crate::domain::review::surroundings::around;
use crate::domain::review::tracked::TrackedFinding;
use crate::domain::review::{arbiter, prompt, second_look};
use crate::flow::call::roles::AssignedAgent;
use crate::flow::evaluate::recording;
use crate::flow::review::finding;
use crate::flow::review::request::{ExpectedReply, StructuredRequest};
use crate::flow::review::session::ReviewSession;
use crate::platform::config::env::now;
use crate::platform::store::ledger;
use crate::platform::store::ledger::error::Error as LedgerError;

impl ReviewSession<'_> {
    /// The request to decide about a finding.
    pub(super) fn arbiter_request(&mut self, job: &JobId, id: &str) -> Result<StructuredRequest> {
        let reviewers = self.inputs.reviewers().context("the route has no arbiter")?;
        self.decision_request(job, id, reviewers.arbiter.clone(), None)
    }

    /// The request to decide about a finding that the arbiter dismissed, to a process that sees nothing of
    /// the arbiter's answer.
    pub(super) fn second_request(&mut self, job: &JobId, id: &str) -> Result<StructuredRequest> {
        let reviewers = self.inputs.reviewers().context("the route has no arbiter")?;
        let own =
            (reviewers.second.name != reviewers.arbiter.name).then(|| reviewers.arbiter.clone());
        self.decision_request(job, id, reviewers.second.clone(), own)
    }

    fn decision_request(
        &mut self,
        job: &JobId,
        id: &str,
        arbiter: AssignedAgent,
        instead: Option<AssignedAgent>,
    ) -> Result<StructuredRequest> {
        let layout = self.arbiter_layout()?;
        let rules = self.inputs.rules_for(&layout.change.files);
        let key = self.run.call_key(job);
        let dir = self.reading_copy_for(&arbiter, &key, &layout.change)?;
        let spec = self.inputs.parsed_spec().map(prompt::spec_text);
        let tree = self.copies.texts(&layout.change)?;
        let (finding, others) = self.finding_and_others(id)?;
        let texts = self.texts(&layout);
        let delivery = &layout.delivered.delivery;
        let sections = around(finding, delivery, &|path| texts.text(path), &tree);
        let sections: Vec<&str> = sections.iter().map(String::as_str).collect();
        let token = self.token(&key);
        let case = arbiter::ArbiterInput {
            finding,
            spec: spec.as_deref(),
            rules: &rules,
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
            instead,
            key,
            prompt: arbiter::prompt(case),
            dir,
            expected: ExpectedReply::Decision(Box::new(finding.clone())),
            token,
        })
    }

    /// The decision about a finding, from the arbiter's answer.
    pub(super) fn arbitrated(&mut self, id: &str, answer: ArbiterAnswer) -> Result<JobOutcome> {
        let decision = self.checked(id, answer)?;
        let layout = self.arbiter_layout()?;
        let (finding, _) = self.finding_and_others(id)?;
        self.answered_by_a_person(&layout.change, finding, decision)
    }

    /// What a second process makes of the arbiter's dismissal.
    pub(super) fn looked_again(&mut self, id: &str, answer: ArbiterAnswer) -> Result<JobOutcome> {
        let second = self.checked(id, answer)?;
        let mut findings = self.run.review_loop().findings.iter();
        let first = findings.find(|finding| finding.original.id == id);
        let first = first.and_then(|finding| finding.decision.as_ref());
        let first = first.context("the finding was not dismissed")?;
        let second = second_look::compare(first, &second);
        let recorded = match &second {
            SecondLook::Disagreed { .. } => self.recorded(id, &second)?,
            SecondLook::Agreed { .. } | SecondLook::NotPaid { .. } => None,
        };
        Ok(JobOutcome::LookedAgain(second, recorded))
    }

    /// Records a finding about which the two disagree: a person who decides needs its id.
    fn recorded(&mut self, id: &str, second: &SecondLook) -> Result<Option<RecordedAs>> {
        let layout = self.arbiter_layout()?;
        let mut findings = self.run.review_loop().findings.iter();
        let Some(finding) = findings.find(|finding| finding.original.id == id) else {
            return Ok(None);
        };
        let finding = TrackedFinding { second: Some(second.clone()), ..finding.clone() };
        let kept = self.in_ledger(&layout.change, &finding)?;
        Ok(kept.map(|(ledger, _)| RecordedAs { finding: id.to_owned(), ledger }))
    }

    /// The ledger's id of a finding, and its status there. It is recorded where it is not on record yet.
    fn in_ledger(
        &self,
        change: &Change,
        finding: &TrackedFinding,
    ) -> Result<Option<(String, FindingStatus)>> {
        let (state_dir, now) = (self.context.repo.state_dir(), now(self.context.env));
        if let Some(id) = self.run.record().kept.get(&finding.original.id) {
            let known = ledger::with(&state_dir, now, |ledger| ledger.get(id, now));
            // What is graver than was reported before is recorded as such.
            if let Some(known) = known.map_err(LedgerError::hinted)?.value
                && known.finding.severity >= finding.severity()
            {
                return Ok(Some((known.id, known.status)));
            }
        }
        let recorded = finding::to_ledger(finding, finding.decision.as_ref(), Effect::Warn);
        let kept = recording::try_record(self.context, &[(change, vec![recorded])])
            .map_err(LedgerError::hinted)?;
        let Some(one) = kept.findings.into_iter().next() else { return Ok(None) };
        let status = FindingStatus::ALL.into_iter().find(|status| status.as_str() == one.status);
        Ok(one.id.zip(status))
    }

    /// An answer about a finding, checked against the tree.
    fn checked(&mut self, id: &str, answer: ArbiterAnswer) -> Result<ArbiterDecision> {
        let layout = self.arbiter_layout()?;
        let texts = self.texts(&layout);
        let (finding, others) = self.finding_and_others(id)?;
        let others: Vec<&str> = others.iter().map(|finding| finding.id.as_str()).collect();
        let requirements: Vec<String> =
            self.run.review_loop().criteria.iter().map(|one| one.id.clone()).collect();
        let against = CheckedAgainst {
            finding,
            others: &others,
            requirements: &requirements,
            read: &|path| texts.meant_text(path),
        };
        Ok(arbiter::adjudicate(answer, against))
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
        let mut finding = TrackedFinding::new(finding.clone(), 0, false);
        finding.decision = Some(decision.clone());
        let Some((id, status)) = self.in_ledger(change, &finding)? else {
            return Ok(JobOutcome::Arbitrated(decision, None));
        };
        if !status.is_answered() {
            return Ok(JobOutcome::Arbitrated(decision, Some(id)));
        }
        let reason = format!("a person {} it before", status.as_str());
        let decision = ArbiterDecision {
            verdict: ArbiterVerdict::OutOfScope,
            reason,
            instruction: String::new(),
            by: DecidedBy::Person,
            ..decision
        };
        Ok(JobOutcome::Arbitrated(decision, Some(id)))
    }
}
