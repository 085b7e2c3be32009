//! The plan of a part is written and reviewed in turn until it is good enough, or until that leads nowhere.

use serde::{Deserialize, Serialize};

use crate::domain::model::text::counted;
use crate::domain::planning::plan::PartPlan;
use crate::domain::planning::plan_review::{AgreedPlan, PlanFinding, is_good, weight};

/// The most rounds; a plan that is written is one, its review another.
pub const ROUNDS_MAX: usize = 20;

/// After so many reviews in a row of which none was better than the best before, it stops.
const WITHOUT_GAIN_MAX: usize = 3;

/// The rounds so far: odd ones write, even ones review.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanLoop {
    pub rounds: Vec<PlanRound>,
    /// Whether it begins with a plan that a person rejected: they are asked again where it leads nowhere.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_rejected: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PlanRound {
    Written(PartPlan),
    Reviewed(Vec<PlanFinding>),
}

/// What is next in a plan loop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlanStep {
    Write,
    Review,
    Agreed(Box<AgreedPlan>),
    /// It leads nowhere: why, and what its last review found.
    Stopped {
        why: String,
        open: Vec<PlanFinding>,
    },
}

impl PlanLoop {
    /// The loop after one more round.
    #[must_use]
    pub fn with(mut self, round: PlanRound) -> Self {
        self.rounds.push(round);
        self
    }

    /// The number of the round that comes next, from 1.
    pub fn number(&self) -> usize {
        self.rounds.len() + 1
    }

    /// The plan that was written last.
    pub fn plan(&self) -> Option<&PartPlan> {
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
    pub fn next(&self) -> PlanStep {
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
            let (plan, open) = (plan.clone(), findings.clone());
            let rounds = self.rounds.len();
            let agreed = AgreedPlan { plan, open, rounds, stopped: String::new() };
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

    fn stopped(&self, why: &str) -> PlanStep {
        PlanStep::Stopped { why: why.to_owned(), open: self.findings().to_vec() }
    }

    fn reviews(&self) -> impl DoubleEndedIterator<Item = &[PlanFinding]> {
        self.rounds.iter().filter_map(|round| match round {
            PlanRound::Written(_) => None,
            PlanRound::Reviewed(findings) => Some(findings.as_slice()),
        })
    }

    fn is_written_twice(&self, plan: &PartPlan) -> bool {
        let same = |round: &&PlanRound| matches!(round, PlanRound::Written(one) if one == plan);
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
