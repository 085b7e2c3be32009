//! The plan of a part, or a spec, is written and reviewed in turn until it is good enough, or until that leads nowhere.

use serde::{Deserialize, Serialize};

use crate::domain::model::severity::Severity;
use crate::domain::model::text::counted;
use crate::domain::planning::plan::PartPlan;
use crate::domain::planning::plan_review::{AgreedPlan, PlanFinding, is_good, weight};

/// The most rounds; a plan that is written is one, its review another.
pub const ROUNDS_MAX: usize = 20;

/// After so many reviews in a row of which none was better than the best before, it stops.
const WITHOUT_GAIN_MAX: usize = 3;

/// The rounds so far: odd ones write, even ones review.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanLoop<D = PartPlan> {
    pub rounds: Vec<PlanRound<D>>,
    /// Whether it begins with a plan that a person rejected: they are asked again where it leads nowhere.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_rejected: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PlanRound<D = PartPlan> {
    Written(D),
    Reviewed(Vec<PlanFinding>),
}

/// What is next in a plan loop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlanStep<D = PartPlan> {
    Write,
    Review,
    Agreed(Box<AgreedPlan<D>>),
    /// It leads nowhere: why, and what its last review found.
    Stopped {
        why: String,
        open: Vec<PlanFinding>,
    },
}

impl<D> Default for PlanLoop<D> {
    fn default() -> Self {
        Self { rounds: Vec::new(), is_rejected: false }
    }
}

impl<D: Clone + PartialEq> PlanLoop<D> {
    /// The loop after one more round.
    #[must_use]
    pub fn with(mut self, round: PlanRound<D>) -> Self {
        self.rounds.push(round);
        self
    }

    /// The number of the round that comes next, from 1.
    pub fn number(&self) -> usize {
        self.rounds.len() + 1
    }

    /// What was written last.
    pub fn plan(&self) -> Option<&D> {
        self.rounds.iter().rev().find_map(|round| match round {
            PlanRound::Written(plan) => Some(plan),
            PlanRound::Reviewed(_) => None,
        })
    }

    /// What the last review found; empty before there was one.
    pub fn findings(&self) -> &[PlanFinding] {
        self.reviews().last().unwrap_or_default()
    }

    /// What is next.
    pub fn next(&self) -> PlanStep<D> {
        let (Some(last), Some(plan)) = (self.rounds.last(), self.plan()) else {
            return PlanStep::Write;
        };
        let PlanRound::Reviewed(findings) = last else {
            return if self.is_written_twice(plan) {
                self.stopped("it was written again as it was before")
            } else {
                PlanStep::Review
            };
        };
        if is_good(findings) {
            let stopped = String::new();
            let open = findings.clone();
            let agreed =
                AgreedPlan { plan: plan.clone(), open, rounds: self.rounds.len(), stopped };
            return PlanStep::Agreed(Box::new(agreed));
        }
        if self.rounds.len() >= ROUNDS_MAX {
            return self.stopped(&format!("{} did not lead to one", counted(ROUNDS_MAX, "round")));
        }
        if self.without_gain() >= WITHOUT_GAIN_MAX {
            return self.stopped(&format!(
                "{} in a row found no less",
                counted(WITHOUT_GAIN_MAX, "review")
            ));
        }
        PlanStep::Write
    }

    /// The loop after its person rejected what came of it, with what they say.
    pub fn rejected(plan: D, note: String) -> Self {
        let finding = PlanFinding {
            severity: Severity::Critical,
            section: "all of it".to_owned(),
            title: "the person who asked for it rejects it as it is".to_owned(),
            failure: note,
            remedy: "write it as they say".to_owned(),
        };
        let rounds = vec![PlanRound::Written(plan), PlanRound::Reviewed(vec![finding])];
        Self { rounds, is_rejected: true }
    }

    /// What was written last, for its person to decide about, though its reviews do not agree to it.
    pub fn unagreed(&self, why: String, open: Vec<PlanFinding>) -> Option<AgreedPlan<D>> {
        let plan = self.plan()?.clone();
        Some(AgreedPlan { plan, open, rounds: self.rounds.len(), stopped: why })
    }

    fn stopped(&self, why: &str) -> PlanStep<D> {
        PlanStep::Stopped { why: why.to_owned(), open: self.findings().to_vec() }
    }

    fn reviews(&self) -> impl DoubleEndedIterator<Item = &[PlanFinding]> {
        self.rounds.iter().filter_map(|round| match round {
            PlanRound::Written(_) => None,
            PlanRound::Reviewed(findings) => Some(findings.as_slice()),
        })
    }

    fn is_written_twice(&self, plan: &D) -> bool {
        let same = |round: &&PlanRound<D>| matches!(round, PlanRound::Written(one) if one == plan);
        self.rounds.iter().filter(same).count() > 1
    }

    /// How many reviews in a row, the last ones, found no less than the best before them.
    fn without_gain(&self) -> usize {
        let (mut best, mut count) = (None, 0);
        for found in self.reviews().map(weight) {
            match best {
                Some(known) if found >= known => count += 1,
                _ => (best, count) = (Some(found), 0),
            }
        }
        count
    }
}
