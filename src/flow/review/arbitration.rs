//! Asks the arbiter about each finding of a run.

use anyhow::{Context as _, Result};

use crate::domain::model::change::Change;
use crate::domain::model::finding::Effect;
use crate::domain::model::stored_finding::FindingStatus;
use crate::domain::pipeline::run::{CallFailure, JobOutcome};
use crate::domain::review::arbiter_decision::{ArbiterDecision, ArbiterVerdict};
use crate::domain::review::finding::ReviewFinding;
use crate::domain::review::tracked::TrackedFinding;
use crate::domain::review::{arbiter, prompt};
use crate::flow::context::Context;
use crate::flow::evaluate::recording;
use crate::flow::review::delivery::{Delivered, lay_out, near};
use crate::flow::review::finding;
use crate::flow::review::request::{AskError, StructuredRequest};
use crate::flow::review::session::ReviewSession;
use crate::flow::review::texts::Texts;
use crate::platform::store::ledger::error::Error as LedgerError;
use crate::platform::ui::report::printable;

impl ReviewSession<'_> {
    /// Asks the arbiter about each finding. Its decisions count, also where a used up budget ends the
    /// questions.
    pub(super) fn arbitrate(&mut self, ids: &[String]) -> Result<JobOutcome> {
        let change = self.change_since(self.record.run.base.clone().as_ref())?;
        let seed = self.seed("arbiter");
        let Delivered { delivery, .. } = lay_out(self.repo, self.inputs, &change, &seed)?;
        let texts = Texts::new(&self.repo.objects, &change.tree, &delivery);
        let dir = self.reading_copy(&change)?;
        let arbiter = self.inputs.reviewers().context("the route has no arbiter")?.arbiter.clone();
        let spec = self.inputs.parsed_spec.as_ref().map(prompt::spec_text);
        let schema = arbiter::schema();
        let all: Vec<ReviewFinding> =
            self.record.run.findings.iter().map(|finding| finding.raised.clone()).collect();
        let (mut rulings, mut failures) = (Vec::new(), Vec::new());
        for id in ids {
            let Some(finding) = all.iter().find(|raised| raised.id == *id) else { continue };
            let others: Vec<&ReviewFinding> =
                all.iter().filter(|raised| raised.id != *id).collect();
            let sections = near(&delivery, finding);
            let sections: Vec<&str> = sections.iter().map(String::as_str).collect();
            let key = format!("arbiter-{}-{id}", self.record.run.current());
            let token = self.token(&key);
            let case = arbiter::ArbiterInput {
                finding,
                spec: spec.as_deref(),
                sections: &sections,
                others: &others,
                fence_nonce: &token,
            };
            self.tell(&format!("{} arbitrates {id}: {}", arbiter.name, printable(&finding.title)));
            let request = StructuredRequest {
                to: &arbiter,
                key: &key,
                prompt: &arbiter::prompt(case),
                token: &token,
                schema: &schema,
                dir: &dir,
            };
            match self.request(&request, |value| arbiter::parse(value, finding))? {
                Ok(said) => {
                    let ids: Vec<&str> = others.iter().map(|raised| raised.id.as_str()).collect();
                    let ruling = arbiter::adjudicate(said, &ids, &|path| texts.text(path));
                    rulings.push(self.answered_by_a_person(&change, finding, ruling)?);
                }
                Err(AskError::Failed(failure @ CallFailure::Budget(_))) => {
                    return Ok(JobOutcome::Arbitrated {
                        decisions: rulings,
                        failure: Some(failure),
                    });
                }
                Err(AskError::Failed(CallFailure::Infrastructure(why))) => failures.push(why),
                Err(AskError::Malformed { why, .. }) => {
                    failures.push(format!("{}: malformed: {why}", arbiter.name));
                }
            }
        }
        let failed =
            (!failures.is_empty()).then(|| CallFailure::Infrastructure(failures.join("; ")));
        Ok(JobOutcome::Arbitrated { decisions: rulings, failure: failed })
    }

    /// Records an upheld finding in the ledger. Where a person accepted or dismissed it before, that
    /// disposition overrides the arbiter.
    fn answered_by_a_person(
        &mut self,
        change: &Change,
        raised: &ReviewFinding,
        ruling: ArbiterDecision,
    ) -> Result<ArbiterDecision> {
        if ruling.verdict != ArbiterVerdict::Upheld {
            return Ok(ruling);
        }
        let finding = TrackedFinding::new(raised.clone(), 0, false);
        let finding = finding::to_ledger(&finding, Some(&ruling), Effect::Warn);
        let found = [(change, vec![finding])];
        let kept = recording::try_record(Context::without_flags(self.repo, self.env), &found)
            .map_err(LedgerError::hinted)?;
        let Some(reported) = kept.findings.into_iter().next() else { return Ok(ruling) };
        self.record.kept.insert(raised.id.clone(), reported.id.clone());
        let answers = [FindingStatus::Accepted, FindingStatus::Dismissed];
        let Some(status) = answers.into_iter().find(|s| s.as_str() == reported.status) else {
            return Ok(ruling);
        };
        let reason = format!("a person {} it before", status.as_str());
        Ok(ArbiterDecision {
            verdict: ArbiterVerdict::OutOfScope,
            reason,
            instruction: String::new(),
            ..ruling
        })
    }
}
