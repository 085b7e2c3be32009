//! The loop of review and fix: gates, reviewer, arbiter, executor, until it passes or a stop rule
//! fires. A component: it has no id, no clock and no file, and whatever embeds it keeps the journal.

use bstr::BString;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::model::notice::ReviewStep;
use crate::domain::model::oid::Oid;
use crate::domain::model::size::Size;
use crate::domain::pipeline::job::{CallFailure, FixRequest, GateOutcome, ReviewScope, RunEnd};
use crate::domain::review::answer::ReviewAnswer;
use crate::domain::review::arbiter_decision::DecidedBy;
use crate::domain::review::finding::{AssessedCriterion, Completeness, CriterionStatus};
use crate::domain::review::proof::UnprovenSection;
use crate::domain::review::tracked::{FindingWeight, TrackedFinding, against};

/// What a loop is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunKind {
    /// Review, once.
    Review,
    /// Review and fix until it passes or a stop rule fires.
    Fix,
}

/// A loop, whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReviewLoop {
    pub kind: RunKind,
    /// The tree that the change is compared with; `None` before the first commit.
    pub base: Option<Oid>,
    /// What fixes are built on; `None` where the change is not committed.
    pub head: Option<Oid>,
    pub size: Size,
    /// The change itself, then one for each fix: never empty.
    pub attempts: Vec<Attempt>,
    pub stage: Stage,
    /// Everything that any round reported, in the order of its ids; nothing leaves it.
    pub findings: Vec<TrackedFinding>,
    /// The spec's criteria as last assessed; all `not assessed` at first. Empty without a spec.
    pub criteria: Vec<AssessedCriterion>,
    #[serde(default, skip_serializing_if = "CriteriaWeight::is_counted")]
    pub weight: CriteriaWeight,
    /// The findings that the person wants fixed; `None` for everything that stops the change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chosen: Option<Vec<String>>,
    #[serde(default)]
    pub first: FirstReview,
}

/// What a criterion that is not met means, where no finding is about it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CriteriaWeight {
    /// It stops the change: the spec was named, or is said to be done.
    #[default]
    Counted,
    /// It is told: the work may not be finished.
    Told,
}

impl CriteriaWeight {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
    fn is_counted(&self) -> bool {
        *self == Self::Counted
    }
}

/// What the first review of a loop looks at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FirstReview {
    /// The files of the change that no earlier review was shown as they are; `None` for all of them.
    pub paths: Option<Vec<BString>>,
    /// Findings of earlier reviews of which it is to say whether they are resolved, by their ids in
    /// the run.
    pub open: Vec<String>,
}

/// What a loop starts from.
#[derive(Clone, Debug)]
pub struct LoopStart {
    pub kind: RunKind,
    pub base: Option<Oid>,
    pub head: Option<Oid>,
    /// The tree under review.
    pub tree: Oid,
    pub size: Size,
    /// The findings of earlier reviews of the same code.
    pub findings: Vec<TrackedFinding>,
    pub first: FirstReview,
    pub weight: CriteriaWeight,
}

impl ReviewLoop {
    /// A loop that has not begun.
    ///
    /// `criteria` are the ids of the spec's.
    pub fn new(start: LoopStart, criteria: impl IntoIterator<Item = String>) -> Self {
        let unassessed =
            |id| AssessedCriterion { id, met: CriterionStatus::NotAssessed, why: String::new() };
        Self {
            kind: start.kind,
            base: start.base,
            size: start.size,
            attempts: vec![Attempt::new(start.tree, start.head.clone())],
            head: start.head,
            stage: Stage::Gating,
            findings: start.findings,
            first: start.first,
            criteria: criteria.into_iter().map(unassessed).collect(),
            weight: start.weight,
            chosen: None,
        }
    }

    /// The spec's criteria and constraints as they are in the current attempt. One whose command failed,
    /// or that an upheld finding is about, is not met, whatever the reviewer's list says.
    pub fn requirements(&self) -> Vec<AssessedCriterion> {
        let current = self.current();
        let counts = against(&self.findings, current);
        let upheld: Vec<&TrackedFinding> = self
            .findings
            .iter()
            .zip(counts)
            .filter(|(_, (counts, _))| *counts == FindingWeight::Upheld)
            .map(|(finding, _)| finding)
            .collect();
        let failed = self.attempts[current].gates.as_ref().map_or(&[][..], |gates| &gates.unmet);
        let answered = |own: &AssessedCriterion| {
            let mut all = self.findings.iter().filter(|one| one.is_unmet_criterion());
            let answer = all.find(|one| one.is_about(&own.id))?.decision.as_ref()?;
            (answer.by == DecidedBy::Person).then(|| answer.reason.clone())
        };
        let as_it_is = |own: &AssessedCriterion| {
            if let Some(why) = answered(own) {
                return AssessedCriterion { id: own.id.clone(), met: CriterionStatus::Met, why };
            }
            let command = failed.iter().find(|(id, _)| *id == own.id).map(|(_, why)| why.clone());
            let finding = upheld.iter().find(|finding| finding.is_about(&own.id));
            let finding = finding.map(|one| format!("{}: {}", one.original.id, one.original.title));
            let is_unmet = matches!(own.met, CriterionStatus::Missing | CriterionStatus::Deviation);
            match command.or(finding.filter(|_| !is_unmet)) {
                Some(why) => {
                    AssessedCriterion { id: own.id.clone(), met: CriterionStatus::Deviation, why }
                }
                None => own.clone(),
            }
        };
        self.criteria.iter().map(as_it_is).collect()
    }

    /// The place of the current attempt.
    pub fn current(&self) -> usize {
        self.attempts.len().saturating_sub(1)
    }

    /// The earlier attempt that has the current one's tree.
    pub fn repeats(&self) -> Option<usize> {
        let current = self.current();
        let tree = &self.attempts[current].tree;
        self.attempts[..current].iter().position(|attempt| attempt.tree == *tree)
    }

    /// What it is at, for people.
    pub fn step(&self) -> ReviewStep {
        match &self.stage {
            Stage::Gating => ReviewStep::Gates,
            Stage::Delivering(_) => ReviewStep::LayingOut,
            Stage::Reviewing { chunks, .. } => {
                let waits = |chunk: &ChunkState| match chunk {
                    ChunkState::Waiting => true,
                    ChunkState::Unproven { failure, .. } => failure.is_none(),
                    ChunkState::Answered(_) | ChunkState::Failed(_) => false,
                };
                let done = chunks.iter().filter(|chunk| !waits(chunk)).count();
                ReviewStep::Reviewing { done, of: chunks.len() }
            }
            Stage::Arbitrating(asked) => {
                let is_done = |one: &&Arbitration| {
                    let mut all = self.findings.iter();
                    let known = all.find(|finding| finding.original.id == one.finding);
                    one.failure.is_some() || known.is_some_and(|known| known.decision.is_some())
                };
                ReviewStep::Arbitrating {
                    done: asked.iter().filter(is_done).count(),
                    of: asked.len(),
                }
            }
            Stage::Fixing(_) => ReviewStep::Fixing { round: self.attempts.len() },
            Stage::Paused(_) | Stage::Closing(_) | Stage::Ended(_) => ReviewStep::Ending,
        }
    }

    /// What it came to: of a loop that ended or is about to, and of one that is paused, as it is now.
    pub fn end(&self) -> Option<&RunEnd> {
        match &self.stage {
            Stage::Closing(end) | Stage::Ended(end) | Stage::Paused(Pause { end, .. }) => Some(end),
            _ => None,
        }
    }
}

/// One state of the code: a commit under `refs/tribunal/<run>/<n>`, `n` being its place in the
/// list; the first is the change itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    pub tree: Oid,
    /// `None` for the first where it was not committed.
    pub commit: Option<Oid>,
    /// The outcome of its gates; `None` until they ran.
    pub gates: Option<GateOutcome>,
    /// Whether a review of it was complete; `None` until there was one.
    pub review: Option<Completeness>,
    /// How many criteria its last complete review did not find met; `None` until there was one.
    pub unmet: Option<usize>,
    /// The findings that it was made to fix; empty for the first and where the gates asked for it.
    pub fixes: Vec<String>,
    /// The attempt whose tree it gave back, by the contents of what it touched.
    pub undoes: Option<usize>,
    /// The files that its fix touched beside those that it is about, as the executor said.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub beside: Vec<String>,
}

impl Attempt {
    /// One that was not evaluated yet.
    pub fn new(tree: Oid, commit: Option<Oid>) -> Self {
        Self {
            tree,
            commit,
            gates: None,
            review: None,
            unmet: None,
            fixes: Vec::new(),
            undoes: None,
            beside: Vec::new(),
        }
    }

    /// Whether the last review of it was complete.
    pub fn is_reviewed(&self) -> bool {
        self.review == Some(Completeness::Complete)
    }

    /// Whether all of its gates ran and none of them stops it.
    pub fn is_green(&self) -> bool {
        self.gates.as_ref().is_some_and(GateOutcome::is_green)
    }
}

/// Where a loop is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// The gates of the current attempt are to run.
    Gating,
    /// The current attempt is to be laid out for its reviewer.
    Delivering(ReviewScope),
    /// The current attempt is reviewed, in chunks.
    Reviewing {
        scope: ReviewScope,
        chunks: Vec<ChunkState>,
    },
    /// The arbiter decides about these findings.
    Arbitrating(Vec<Arbitration>),
    /// What the current attempt came to is to be fixed.
    Fixing(FixRequest),
    /// It goes on later.
    Paused(Pause),
    /// It came to its end, and what is to be kept of it is not stored yet.
    Closing(RunEnd),
    Ended(RunEnd),
}

impl Stage {
    /// The word used in output.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Gating => "gating",
            Self::Delivering(_) | Self::Reviewing { .. } => "reviewing",
            Self::Arbitrating(_) => "arbitrating",
            Self::Fixing(_) => "fixing",
            Self::Paused(_) => "paused",
            Self::Closing(_) => "closing",
            Self::Ended(_) => "ended",
        }
    }

    /// The same stage with what failed in it to be asked for again.
    pub(super) fn again(self) -> Self {
        match self {
            Self::Reviewing { scope, mut chunks } => {
                for chunk in &mut chunks {
                    match chunk {
                        ChunkState::Failed(_) => *chunk = ChunkState::Waiting,
                        ChunkState::Unproven { failure, .. } => *failure = None,
                        ChunkState::Waiting | ChunkState::Answered(_) => {}
                    }
                }
                Self::Reviewing { scope, chunks }
            }
            Self::Arbitrating(mut asked) => {
                for one in &mut asked {
                    one.failure = None;
                }
                Self::Arbitrating(asked)
            }
            other => other,
        }
    }
}

/// What came of a chunk so far.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChunkState {
    Waiting,
    Answered(ReviewAnswer),
    Failed(CallFailure),
    /// It was answered, and these sections of it are to be asked about again.
    Unproven {
        kept: ReviewAnswer,
        sections: Vec<UnprovenSection>,
        /// Why there is no further answer.
        failure: Option<CallFailure>,
    },
}

impl ChunkState {
    /// What came of it after its call was answered or failed.
    #[must_use]
    pub(super) fn after(&self, came: Result<ReviewAnswer, CallFailure>) -> Self {
        match (self, came) {
            (Self::Unproven { kept, .. }, Ok(answer)) => {
                Self::Answered(kept.clone().completed_by(answer))
            }
            (Self::Unproven { kept, sections, .. }, Err(failure)) => Self::Unproven {
                kept: kept.clone(),
                sections: sections.clone(),
                failure: Some(failure),
            },
            (_, Ok(answer)) => Self::Answered(answer),
            (_, Err(failure)) => Self::Failed(failure),
        }
    }

    /// Why its last call came to nothing.
    pub(super) fn failure(&self) -> Option<&CallFailure> {
        match self {
            Self::Failed(failure) => Some(failure),
            Self::Unproven { failure, .. } => failure.as_ref(),
            Self::Waiting | Self::Answered(_) => None,
        }
    }
}

/// A finding before the arbiter; the decision is kept with the finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arbitration {
    /// The finding's id.
    pub finding: String,
    /// Why there is no decision.
    pub failure: Option<CallFailure>,
}

/// Why a loop waits, and what it goes on with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    /// What it comes to if it is not gone on with.
    pub end: RunEnd,
    pub resume_when: ResumeWhen,
    /// The stage that it stopped in, with all that was answered.
    pub stage: Box<Stage>,
}

/// When there is a point in going on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ResumeWhen {
    /// A person asks for it: what failed may work by then.
    Asked,
    /// The budget allows another call: the user raised it, or a new day began.
    BudgetAllows,
    /// A rate limit ends.
    At(Timestamp),
}
