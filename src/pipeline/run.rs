//! The state of a run, and what may happen to it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::model::agent::Route;
use crate::model::oid::Oid;
use crate::review::decide::Decision;
use crate::review::raised::{Assessed, Completeness, Raised, Verified};
use crate::review::ruling::Ruling;

/// What a run is for. A later pipeline adds its own kinds and stages to this same machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Judge, once.
    Review,
    /// Judge and fix until it holds or a reason to stop is there.
    Fix,
}

/// How much work a change is; it sets the cap of rounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Size {
    S,
    M,
    L,
}

/// A run, whole. It is saved after every outcome; what is not in here is gone after a kill.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// A ULID.
    pub id: String,
    pub kind: Kind,
    pub route: Route,
    /// The tree that the change is compared with; `None` before the first commit.
    pub base: Option<Oid>,
    /// What fixes are built on; `None` where the change is not committed.
    pub head: Option<Oid>,
    pub size: Size,
    /// The first to be judged, then one for each fix: never empty.
    pub attempts: Vec<Attempt>,
    pub stage: Stage,
    /// Everything that any round raised, in the order of its ids; nothing leaves it.
    pub findings: Vec<Standing>,
    /// The spec's criteria as last assessed; all `not assessed` at first. Empty without a spec.
    pub criteria: Vec<Assessed>,
    /// Fixes that changed nothing, in a row.
    pub idle_fixes: u32,
    /// Reviews of the current attempt that were incomplete, in a row.
    pub failed_reviews: u32,
    pub started: Timestamp,
}

/// One state of the code: a commit under `refs/tribunal/<run>/<n>`, `n` being its place in the
/// list; the first is what was to be judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    pub tree: Oid,
    /// `None` for the first where it was not committed.
    pub commit: Option<Oid>,
    /// What its gates said; `None` until they were asked.
    pub gates: Option<Gated>,
    /// Whether a review of it was complete; `None` until there was one.
    pub review: Option<Completeness>,
    /// The attempt whose tree it gave back, by the contents of what it touched.
    pub undoes: Option<usize>,
}

/// What the mechanical and the command gates said of a tree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gated {
    /// What stops it, one line each for people and for the executor; empty where it is green.
    pub failures: Vec<String>,
    /// Whether a person must look because no fix is to be asked for (a secret, the law itself).
    pub needs_person: bool,
    /// Why a gate that guards could not be asked; empty where all were.
    pub unasked: Vec<String>,
}

/// Where a run is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// The gates of the current attempt are to be asked.
    Gating,
    /// The current attempt is to be reviewed.
    Reviewing,
    /// The findings that have no ruling yet are to be weighed.
    Arbitrating,
    /// What the current attempt came to is to be fixed.
    Fixing,
    Ended(End),
}

/// A finding with its history in the run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Standing {
    pub raised: Raised,
    /// The attempt in which it was raised.
    pub since: usize,
    pub ruling: Option<Ruling>,
    /// The attempt in which a review found it resolved.
    pub resolved_in: Option<usize>,
    /// How many reviews after a fix found it unresolved, in a row.
    pub unresolved: u32,
    /// Whether a fix of this run brought it in: by blame of the attempts' commits.
    pub fix_induced: bool,
}

/// The next thing to do. The driver performs it and tells what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Ask the mechanical gates and then the commands about the current attempt.
    Gate,
    /// Ask the reviewer about the current attempt.
    Review(Scope),
    /// Ask the arbiter about each of these, by id.
    Arbitrate(Vec<String>),
    /// Ask the executor.
    Fix(Order),
    /// Nothing: the run is over.
    End(End),
}

/// What a review is to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The whole change, from the base.
    Full,
    /// What changed since that attempt, and whether these findings are resolved.
    Delta { since: usize, open: Vec<String> },
}

/// What the executor is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// One a line, never empty.
    pub instructions: Vec<String>,
    /// The findings that it is about, by id; empty where the gates are.
    pub findings: Vec<String>,
}

/// What came of an action.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    Gated(Gated),
    Reviewed(Reviewed),
    /// A ruling for each finding that was asked about and answered.
    Arbitrated {
        rulings: Vec<Ruling>,
        failures: Vec<String>,
    },
    Fixed(Fixed),
    /// A call could not be made or answered, after every try that the policy allows.
    Failed(Failure),
}

/// What a review said.
#[derive(Clone, Debug, PartialEq)]
pub struct Reviewed {
    pub completeness: Completeness,
    /// New ones; their `fix_induced` is the driver's to find out.
    pub raised: Vec<(Raised, bool)>,
    pub verified: Vec<Verified>,
    pub criteria: Vec<Assessed>,
}

/// What a fix left behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fixed {
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
pub enum Failure {
    /// The program, the login, the network, the quota: nobody's verdict.
    Infrastructure(String),
    Budget(String),
}

/// How a run ended, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    pub decision: Decision,
    /// The attempt that is offered: the best, not the last.
    pub best: usize,
}
