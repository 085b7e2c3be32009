//! A change with what earlier reviews say of it: what is left to ask, and the verdict where that is
//! nothing.

use std::collections::BTreeMap;

use anyhow::Result;
use jiff::Timestamp;

use crate::domain::pipeline::review_loop::{CriteriaWeight, LoopStart, ReviewLoop, RunKind, Stage};
use crate::domain::pipeline::run::Run;
use crate::domain::review::converge::StopLimits;
use crate::domain::review::finding::AssessedCriterion;
use crate::domain::review::record::id_elsewhere;
use crate::flow::context::Context;
use crate::flow::review::asked_spec::{AskedSpec, by_each};
use crate::flow::review::delivery::Delivered;
use crate::flow::review::earlier::{EarlierReviews, ReviewedFiles};
use crate::flow::review::finish::Answered;
use crate::flow::review::inputs::ReviewInputs;
use crate::flow::review::reading_copies::ReadingAhead;
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

    /// Begins to read what reviewers are shown, where they are likely to be asked: git is still listing what is not
    /// committed.
    pub fn read_ahead(&self) -> Result<Option<ReadingAhead>> {
        let may_ask = self.delivered.is_reviewable() && self.inputs.reviewers().is_some();
        if !may_ask || self.receipt()?.is_some() {
            return Ok(None);
        }
        ReadingAhead::begin(self.context.repo, &self.target.change).map(Some)
    }

    /// What reviews by a spec of the change said of its criteria. Those of one of several specs have its id
    /// before their own, as those of another spec have anywhere.
    fn words(&self, asked: &AskedSpec) -> Result<SpecWords> {
        let key = asked.key(self.inputs.asked());
        let (ids, tree) = (asked.spec.requirement_ids(), &self.target.change.tree);
        let mut words = spec_words::of(self.context, &key, &ids, tree)?;
        for criterion in words.criteria.iter_mut().filter(|_| !self.inputs.each_spec.is_empty()) {
            criterion.id = id_elsewhere(&asked.spec.id, &criterion.id);
        }
        Ok(words)
    }

    /// Whether nothing is left to ask. What a person asks the reviewer to mind must have been asked, and what
    /// is asked of its specs.
    pub fn is_answered_by(
        &self,
        earlier: &EarlierReviews,
        receipt: Option<&FoundReceipt>,
    ) -> Result<bool> {
        if !earlier.is_answered() || (!self.inputs.note.is_empty() && receipt.is_none()) {
            return Ok(false);
        }
        Ok(receipt.is_some() || self.open_specs(earlier)?.is_empty())
    }

    /// The same with what there is of earlier reviews by now.
    pub fn is_answered_now(&self) -> Result<bool> {
        self.is_answered_by(&self.earlier()?, self.receipt()?.as_ref())
    }

    /// Those of its specs of which something is to be asked yet. By one whose criteria count each of them must
    /// have been assessed in this tree, and what is not met must be on record: a spec that is named was only
    /// told of before. By another one something must have been reviewed.
    pub fn open_specs(&self, earlier: &EarlierReviews) -> Result<Vec<&AskedSpec>> {
        let mut open = Vec::new();
        for asked in self.inputs.specs() {
            let words = self.words(asked)?;
            let is_answered = match asked.weight() {
                CriteriaWeight::Counted => {
                    words.is_whole_here
                        && !self.standing_of(earlier, words.criteria).0.has_unrecorded_criterion()
                }
                CriteriaWeight::Told => words.is_known,
            };
            if !is_answered {
                open.push(asked);
            }
        }
        Ok(open)
    }

    /// Why no review of it is made, with what to do; `None` where one can be.
    pub fn refusal(&self, earlier: &EarlierReviews) -> Result<Option<String>> {
        if let Some(refusal) = &self.inputs.spec_refusal {
            return Ok(Some(refusal.why().to_owned()));
        }
        if self.inputs.each_spec.is_empty() {
            return Ok(None);
        }
        let mut open = self.open_specs(earlier)?;
        if open.is_empty() {
            open.extend(&self.inputs.each_spec);
        }
        Ok(Some(format!(
            "each of its {}, is done and needs a review of its own (hint: {})",
            self.inputs.spec_in_words(),
            by_each(&open, "tribunal review")
        )))
    }

    /// Which files a review looks at, where it is to be made.
    pub fn to_review(&self, earlier: &EarlierReviews) -> Result<ReviewedFiles> {
        let is_asked = self.inputs.note.is_empty() && self.open_specs(earlier)?.is_empty();
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
        let mut criteria = Vec::new();
        for asked in self.inputs.specs() {
            criteria.extend(self.words(asked)?.criteria);
        }
        Ok(self.standing_of(earlier, criteria))
    }

    fn standing_of(
        &self,
        earlier: &EarlierReviews,
        criteria: Vec<AssessedCriterion>,
    ) -> (ReviewLoop, BTreeMap<String, String>) {
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
        standing.criteria = criteria;
        (standing, known.kept)
    }
}
