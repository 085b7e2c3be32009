//! A change with what earlier reviews say of it: what is left to ask, and the verdict where that is
//! nothing.

use std::collections::BTreeMap;

use anyhow::Result;
use jiff::Timestamp;

use crate::domain::pipeline::review_loop::{CriteriaWeight, LoopStart, ReviewLoop, RunKind, Stage};
use crate::domain::pipeline::run::Run;
use crate::domain::review::converge::StopLimits;
use crate::flow::context::Context;
use crate::flow::review::delivery::Delivered;
use crate::flow::review::earlier::{EarlierReviews, ReviewedFiles};
use crate::flow::review::finish::Answered;
use crate::flow::review::inputs::ReviewInputs;
use crate::flow::review::receipt::FoundReceipt;
use crate::flow::review::spec_words::SpecWords;
use crate::flow::review::target::ReviewTarget;
use crate::flow::review::{limits, outcomes, receipt, spec_words};
use crate::platform::store::runs;

/// A change, as it is laid out for a reviewer.
pub struct ReviewSubject<'a> {
    pub context: Context<'a>,
    pub inputs: &'a ReviewInputs,
    pub target: &'a ReviewTarget,
    pub delivered: &'a Delivered,
}

impl ReviewSubject<'_> {
    pub fn earlier(&self) -> Result<EarlierReviews> {
        EarlierReviews::of_change(self.context, self.inputs, &self.target.change, self.delivered)
    }

    /// The receipt of a review of the whole change, with the same spec.
    pub fn receipt(&self) -> Result<Option<FoundReceipt>> {
        match self.inputs.question(self.target, None) {
            Some(question) => receipt::find(self.context, &question),
            None => Ok(None),
        }
    }

    /// What reviews by the spec of the change said of its criteria; nothing where there is none.
    pub fn words(&self) -> Result<SpecWords> {
        let (Some(own), Some(spec)) = (self.inputs.receipt_spec(), &self.inputs.parsed_spec) else {
            return Ok(SpecWords::default());
        };
        spec_words::of(self.context, &own.key, &spec.requirement_ids(), &self.target.change.tree)
    }

    /// Whether nothing is left to ask. What a person asks the reviewer to mind must have been asked; by a
    /// spec whose criteria count each of them must have been assessed in this tree, by another one
    /// something must have been reviewed.
    pub fn is_answered_by(
        &self,
        earlier: &EarlierReviews,
        receipt: Option<&FoundReceipt>,
    ) -> Result<bool> {
        if !earlier.is_answered() || (!self.inputs.note.is_empty() && receipt.is_none()) {
            return Ok(false);
        }
        Ok(receipt.is_some() || self.is_spec_answered(earlier)?)
    }

    /// The same with what there is of earlier reviews by now.
    pub fn is_answered_now(&self) -> Result<bool> {
        self.is_answered_by(&self.earlier()?, self.receipt()?.as_ref())
    }

    /// Whether what is asked of its spec was asked. Where a criterion that is not met stops the change, it
    /// must be on record: a spec that is named was only told of before.
    pub fn is_spec_answered(&self, earlier: &EarlierReviews) -> Result<bool> {
        if self.inputs.spec.is_none() {
            return Ok(true);
        }
        let words = self.words()?;
        Ok(match self.inputs.weight() {
            CriteriaWeight::Counted => {
                words.is_whole_here && !self.standing(earlier)?.0.has_unrecorded_criterion()
            }
            CriteriaWeight::Told => words.is_known,
        })
    }

    /// Which files a review looks at, where it is to be made.
    pub fn to_review(&self, earlier: &EarlierReviews) -> Result<ReviewedFiles> {
        let is_asked = self.inputs.note.is_empty() && self.is_spec_answered(earlier)?;
        Ok(if is_asked { ReviewedFiles::Uncovered } else { ReviewedFiles::All })
    }

    /// Keeps what the run of a receipt came to, where an earlier version left it with the run alone.
    pub fn take_over(&self, receipt: &FoundReceipt) -> Result<()> {
        let run = runs::load(&self.context.repo.state_dir(), &receipt.receipt.run)?;
        let has_ended = |run: &Run| matches!(run.review_loop().stage, Stage::Ended(_));
        match run.filter(|run| has_ended(run) && run.about.asked.is_empty()) {
            Some(run) => outcomes::keep(self.context, self.inputs, &run),
            None => Ok(()),
        }
    }

    /// What earlier reviews come to.
    pub fn answered(
        &self,
        earlier: &EarlierReviews,
        receipt: Option<FoundReceipt>,
        started: Timestamp,
    ) -> Result<Answered> {
        let (standing, kept) = self.standing(earlier)?;
        let limits = self.limits()?;
        let unscanned = self.delivered.unscanned();
        Ok(Answered { standing, kept, limits, receipt, unscanned, started })
    }

    /// What its findings are decided by.
    pub fn limits(&self) -> Result<StopLimits> {
        limits::limits(self.inputs, self.target)
    }

    /// The findings that hold, as a loop has them, and the ledger's ids of them.
    pub fn standing(
        &self,
        earlier: &EarlierReviews,
    ) -> Result<(ReviewLoop, BTreeMap<String, String>)> {
        let change = &self.target.change;
        let known = earlier.loop_inputs(change, ReviewedFiles::All);
        let start = LoopStart {
            kind: RunKind::Review,
            base: change.base_tree.clone(),
            head: change.commit.clone(),
            tree: change.tree.clone(),
            size: limits::size(self.inputs, self.target),
            findings: known.findings,
            first: known.first,
            weight: self.inputs.weight(),
        };
        let mut standing = ReviewLoop::new(start, Vec::new());
        standing.criteria = self.words()?.criteria;
        Ok((standing, known.kept))
    }
}
