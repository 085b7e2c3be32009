//! What the spec of a review means for it: whether its criteria count, and what is said of it.

use anyhow::Result;

use crate::domain::pipeline::review_loop::CriteriaWeight;
use crate::domain::review::finding::{AssessedCriterion, unmet_in_words};
use crate::domain::spec::belongs::{SPEC_TRAILER, SpecGround};
use crate::domain::spec::types::SpecStatus;
use crate::flow::context::Context;
use crate::flow::review::belonging;
use crate::flow::review::inputs::{ReviewInputs, SpecSource, hash_of};
use crate::flow::review::receipt::ReceiptSpec;
use crate::flow::review::target::ReviewRequest;

impl SpecSource {
    /// That of a spec's run; the file that a person named, as it is now; without either the change tells.
    pub fn of(context: Context<'_>, request: &ReviewRequest) -> Result<Self> {
        if let Some(task) = &request.of_task {
            return Ok(Self::Run(Some(task.spec.clone())));
        }
        let copy = request.spec.as_ref().map(|path| belonging::copy_spec(context, path));
        Ok(copy.transpose()?.map_or(Self::Change, Self::Named))
    }
}

impl ReviewInputs {
    /// What it means that a criterion of the spec is not met.
    pub fn weight(&self) -> CriteriaWeight {
        match (&self.spec, &self.parsed_spec) {
            (Some(copy), Some(spec))
                if copy.ground != SpecGround::Named && spec.status != SpecStatus::Done =>
            {
                CriteriaWeight::Told
            }
            _ => CriteriaWeight::Counted,
        }
    }

    /// The spec for a receipt.
    pub fn receipt_spec(&self) -> Option<ReceiptSpec> {
        let (copy, spec) = (self.spec.as_ref()?, self.parsed_spec.as_ref()?);
        let mut fields = vec![self.asked(), self.may_run.join("\n")];
        fields.extend(spec.requirements().into_iter().flat_map(|(id, text)| [id, text.to_owned()]));
        Some(ReceiptSpec {
            id: spec.id.clone(),
            path: copy.path.clone(),
            ground: copy.ground.clone(),
            key: hash_of(&fields),
        })
    }

    /// The spec and why it is that one, for people: "spec `login`, by the trailer of 2 commits"; empty where
    /// there is none.
    pub fn spec_in_words(&self) -> String {
        let spec = self.spec.as_ref().zip(self.parsed_spec.as_ref());
        spec.map_or_else(String::new, |(copy, spec)| {
            format!("spec `{}`, {}", spec.id, copy.ground.in_words())
        })
    }

    /// How many criteria of a spec that stops nothing are not met, for people; `None` where none is.
    pub fn unmet_in_words(&self, assessed: &[AssessedCriterion]) -> Option<String> {
        let spec = self.parsed_spec.as_ref().filter(|_| self.weight() == CriteriaWeight::Told)?;
        unmet_in_words(&spec.id, assessed)
    }

    /// Why a change that lacks the spec that the policy demands is not reviewed.
    pub fn spec_refusal() -> String {
        format!(
            "`review.spec` demands a spec, and the change is reviewed by none (hint: a `{SPEC_TRAILER}: ID` line at \
             the end of a commit's message names one, or `tribunal review --spec FILE`)"
        )
    }
}
