//! What the spec of a review means for it: whether its criteria count, and what is said of it.

use anyhow::Result;

use crate::domain::pipeline::review_loop::CriteriaWeight;
use crate::domain::review::finding::{AssessedCriterion, unmet_in_words};
use crate::domain::spec::types::Spec;
use crate::flow::context::Context;
use crate::flow::review::asked_spec::AskedSpec;
use crate::flow::review::inputs::{ReviewInputs, SpecSource};
use crate::flow::review::named_spec;
use crate::flow::review::receipt::ReceiptSpec;
use crate::flow::review::target::ReviewRequest;

impl SpecSource {
    /// That of a spec's run; the file that a person named, as it is now; without either the change tells.
    pub fn of(context: Context<'_>, request: &ReviewRequest) -> Result<Self> {
        if let Some(task) = &request.of_task {
            return Ok(Self::Run(Some(task.spec.clone())));
        }
        let copy = request.spec.as_ref().map(|path| named_spec::copy_spec(context, path));
        Ok(copy.transpose()?.map_or(Self::Change, Self::Named))
    }
}

impl ReviewInputs {
    /// The specs that the change must be reviewed by.
    pub fn specs(&self) -> impl Iterator<Item = &AskedSpec> {
        self.spec.iter().chain(&self.each_spec)
    }

    /// The spec that a review of it is by.
    pub fn parsed_spec(&self) -> Option<&Spec> {
        self.spec.as_ref().map(|asked| &asked.spec)
    }

    /// What it means that a criterion of its spec is not met.
    pub fn weight(&self) -> CriteriaWeight {
        self.spec.as_ref().map_or(CriteriaWeight::Counted, AskedSpec::weight)
    }

    /// The spec for a receipt.
    pub fn receipt_spec(&self) -> Option<ReceiptSpec> {
        let asked = self.spec.as_ref()?;
        Some(ReceiptSpec {
            id: asked.spec.id.clone(),
            path: asked.copy.path.clone(),
            ground: asked.copy.ground.clone(),
            key: asked.key(self.asked()),
        })
    }

    /// The specs and why they are those, for people: "spec `login`, by the trailer of 2 commits"; empty where
    /// there is none.
    pub fn spec_in_words(&self) -> String {
        let Some(first) = self.specs().next() else { return String::new() };
        let ids: Vec<String> = self.specs().map(|asked| format!("`{}`", asked.spec.id)).collect();
        let noun = if ids.len() == 1 { "spec" } else { "specs" };
        format!("{noun} {}, {}", ids.join(" and "), first.copy.ground.in_words())
    }

    /// How many criteria of a spec that stops nothing are not met, for people; `None` where none is.
    pub fn unmet_in_words(&self, assessed: &[AssessedCriterion]) -> Option<String> {
        let spec = self.parsed_spec().filter(|_| self.weight() == CriteriaWeight::Told)?;
        unmet_in_words(&spec.id, assessed)
    }
}
