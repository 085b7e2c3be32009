//! The state of a run, its jobs and their outcomes.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::model::agent::Route;
use crate::domain::model::oid::Oid;
use crate::domain::model::size::Size;
use crate::domain::review::arbiter_decision::ArbiterDecision;
use crate::domain::review::decide::Decision;
use crate::domain::review::finding::{
    AssessedCriterion, Completeness, CriterionStatus, ReviewFinding, VerifiedFinding,
};
use crate::domain::review::tracked::TrackedFinding;

/// What a run is for. A later pipeline adds its own kinds and stages to this same machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunKind {
    /// Review, once.
    Review,
    /// Review and fix until it passes or a stop rule fires.
    Fix,
}

/// A run, whole. It is saved after every outcome; what is not in here is gone after a kill.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// A ULID.
    pub id: String,
    pub kind: RunKind,
    pub route: Route,
    /// The tree that the change is compared with; `None` before the first commit.
    pub base: Option<Oid>,
    /// What fixes are built on; `None` where the change is not committed.
    pub head: Option<Oid>,
    pub size: Size,
    /// The change itself, then one for each fix: never empty.
    pub attempts: Vec<Attempt>,
    pub stage: Stage,
    /// Everything that any round raised, in the order of its ids; nothing leaves it.
    pub findings: Vec<TrackedFinding>,
    /// The spec's criteria as last assessed; all `not assessed` at first. Empty without a spec.
    pub criteria: Vec<AssessedCriterion>,
    /// Fixes that the executor was asked for and gave, what changed nothing included.
    pub rounds: u32,
    /// Fixes that changed nothing, in a row.
    pub idle_fixes: u32,
    /// Reviews of the current attempt that were incomplete, in a row.
    pub failed_reviews: u32,
    pub started: Timestamp,
    /// The stage in which a used up budget ended it; `None` where it did not.
    #[serde(default)]
    pub stopped_in: Option<Stage>,
}

impl Run {
    /// A run that has not begun.
    ///
    /// `criteria` are the ids of the spec's.
    pub fn new(begin: RunStart, criteria: impl IntoIterator<Item = String>) -> Self {
        let unassessed =
            |id| AssessedCriterion { id, met: CriterionStatus::NotAssessed, why: String::new() };
        Self {
            id: begin.id,
            kind: begin.kind,
            route: begin.route,
            base: begin.base,
            size: begin.size,
            attempts: vec![Attempt::new(begin.tree, begin.head.clone())],
            head: begin.head,
            stage: Stage::Gating,
            findings: Vec::new(),
            criteria: criteria.into_iter().map(unassessed).collect(),
            rounds: 0,
            idle_fixes: 0,
            failed_reviews: 0,
            started: begin.started,
            stopped_in: None,
        }
    }

    /// The run as it was before a used up budget ended it, to go on with once there is more to
    /// spend; `None` where it ended otherwise or not at all. One that has fixes to show has offered
    /// them on a branch, which is the person's from then on.
    pub fn continued(&self) -> Option<Self> {
        match (&self.stage, &self.stopped_in) {
            (Stage::Ended(RunEnd { best: 0, .. }), Some(stage)) => {
                Some(Self { stage: stage.clone(), stopped_in: None, ..self.clone() })
            }
            _ => None,
        }
    }

    /// The place of the attempt in hand.
    pub fn current(&self) -> usize {
        self.attempts.len().saturating_sub(1)
    }

    /// The earlier attempt that has the current one's tree.
    pub fn repeats(&self) -> Option<usize> {
        let current = self.current();
        let tree = &self.attempts[current].tree;
        self.attempts[..current].iter().position(|attempt| attempt.tree == *tree)
    }
}

/// What a run starts from.
#[derive(Clone, Debug)]
pub struct RunStart {
    pub id: String,
    pub kind: RunKind,
    pub route: Route,
    pub base: Option<Oid>,
    pub head: Option<Oid>,
    /// The tree under review.
    pub tree: Oid,
    pub size: Size,
    pub started: Timestamp,
}

/// One state of the code: a commit under `refs/tribunal/<run>/<n>`, `n` being its place in the
/// list; the first is the change itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    pub tree: Oid,
    /// `None` for the first where it was not committed.
    pub commit: Option<Oid>,
    /// What its gates said; `None` until they were asked.
    pub gates: Option<GateOutcome>,
    /// Whether a review of it was complete; `None` until there was one.
    pub review: Option<Completeness>,
    /// How many criteria its last complete review did not find met; `None` until there was one.
    pub unmet: Option<usize>,
    /// Whether the criteria that its review left open were asked for once more.
    pub asked_again: bool,
    /// The findings that it was made to fix; empty for the first and where the gates asked for it.
    pub fixes: Vec<String>,
    /// The attempt whose tree it gave back, by the contents of what it touched.
    pub undoes: Option<usize>,
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
            asked_again: false,
            fixes: Vec::new(),
            undoes: None,
        }
    }

    /// Whether the last review of it was complete.
    pub fn is_reviewed(&self) -> bool {
        self.review == Some(Completeness::Complete)
    }

    /// Whether its gates were asked, all of them, and nothing stops it.
    pub fn is_green(&self) -> bool {
        self.gates.as_ref().is_some_and(GateOutcome::is_green)
    }
}

/// What the mechanical and the command gates said of a tree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateOutcome {
    /// What stops it, one line each for people and for the executor; empty where it is green.
    pub failures: Vec<String>,
    /// Whether a person must look because no fix is to be asked for (a secret, the policy itself).
    pub needs_person: bool,
    /// Why a gate that guards could not be asked; empty where all were.
    pub unasked: Vec<String>,
}

impl GateOutcome {
    pub fn is_green(&self) -> bool {
        self.failures.is_empty() && !self.needs_person && self.unasked.is_empty()
    }
}

/// Where a run is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// The gates of the current attempt are to be asked.
    Gating,
    /// The current attempt is to be reviewed.
    Reviewing(ReviewScope),
    /// The arbiter is to decide about these findings, by id.
    Arbitrating(Vec<String>),
    /// What the current attempt came to is to be fixed.
    Fixing(FixRequest),
    Ended(RunEnd),
}

impl Stage {
    /// The word used in output.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Gating => "gating",
            Self::Reviewing(_) => "reviewing",
            Self::Arbitrating(_) => "arbitrating",
            Self::Fixing(_) => "fixing",
            Self::Ended(_) => "ended",
        }
    }
}

/// The next job. The executor of the machine performs it and reports its outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Job {
    /// Ask the mechanical gates and then the commands about the current attempt.
    Gate,
    /// Ask the reviewer about the current attempt.
    Review(ReviewScope),
    /// Ask the arbiter about each of these, by id.
    Arbitrate(Vec<String>),
    /// Ask the executor.
    Fix(FixRequest),
    /// Nothing: the run is over.
    End(RunEnd),
}

/// What a review is to look at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReviewScope {
    /// The whole change, from the base.
    Full,
    /// What changed since that attempt, and whether these findings are resolved.
    Delta { since: usize, open: Vec<String> },
    /// The whole change, and of it only whether these criteria are met.
    Criteria(Vec<String>),
}

/// What the executor is to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FixRequest {
    /// One a line, never empty.
    pub instructions: Vec<String>,
    /// The findings that it is about, by id; empty where the gates are.
    pub findings: Vec<String>,
}

/// What came of an action.
#[derive(Clone, Debug, PartialEq)]
pub enum JobOutcome {
    Gated(GateOutcome),
    Reviewed(ReviewOutcome),
    /// A ruling for each finding that was asked about and answered, and why others were not.
    Arbitrated {
        decisions: Vec<ArbiterDecision>,
        failure: Option<CallFailure>,
    },
    Fixed(FixOutcome),
    /// A call could not be made or answered, after every try that the policy allows.
    Failed(CallFailure),
}

/// What a review said.
#[derive(Clone, Debug, PartialEq)]
pub struct ReviewOutcome {
    pub completeness: Completeness,
    /// New ones, each with whether a fix brought it in.
    pub raised: Vec<(ReviewFinding, bool)>,
    pub verified: Vec<VerifiedFinding>,
    pub criteria: Vec<AssessedCriterion>,
}

/// What a fix left behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FixOutcome {
    /// The tree is as it was.
    Nothing,
    Changed {
        tree: Oid,
        commit: Oid,
        undoes: Option<usize>,
    },
}

/// Why an agent gave nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CallFailure {
    /// The program, the login, the network, the quota: it says nothing about the change.
    Infrastructure(String),
    Budget(String),
}

/// How a run ended, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunEnd {
    pub decision: Decision,
    /// The attempt that is offered: the best, not the last.
    pub best: usize,
}
