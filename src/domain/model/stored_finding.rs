//! A finding on record in the ledger: where it was observed and what was decided about it.

use bstr::BString;
use jiff::Timestamp;

use crate::domain::model::finding::Finding;
use crate::domain::model::oid::Oid;

/// What was decided about a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DispositionKind {
    /// It is right, and the change may pass with it. Counts towards a rule.
    Accepted,
    /// It is wrong, or does not matter here: the change may pass. Counts against its rule.
    Dismissed,
    /// It was in a commit, and is gone.
    Resolved,
    /// It never was in a commit, and is gone.
    Withdrawn,
    /// An earlier decision no longer holds, or what was gone is back.
    Reopened,
}

impl DispositionKind {
    pub const ALL: [Self; 5] =
        [Self::Accepted, Self::Dismissed, Self::Resolved, Self::Withdrawn, Self::Reopened];

    /// The word used in the ledger and in output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Dismissed => "dismissed",
            Self::Resolved => "resolved",
            Self::Withdrawn => "withdrawn",
            Self::Reopened => "reopened",
        }
    }
}

/// A decision with who took it, why, when, and until when it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disposition {
    pub decision: DispositionKind,
    pub actor: String,
    pub reason: String,
    pub time: Timestamp,
    /// From this time on it no longer holds; `None` holds until another decision.
    pub until: Option<Timestamp>,
    /// The commit that shows it, where there is one.
    pub commit: Option<Oid>,
}

/// The status of a finding at some time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FindingStatus {
    Open,
    Accepted,
    Dismissed,
    Resolved,
    Withdrawn,
}

impl FindingStatus {
    pub const ALL: [Self; 5] =
        [Self::Open, Self::Accepted, Self::Dismissed, Self::Resolved, Self::Withdrawn];

    /// The status that follows from the last decision at a time.
    pub fn after(last: Option<&Disposition>, now: Timestamp) -> Self {
        match last {
            Some(disposition) if disposition.until.is_none_or(|until| now < until) => {
                match disposition.decision {
                    DispositionKind::Accepted => Self::Accepted,
                    DispositionKind::Dismissed => Self::Dismissed,
                    DispositionKind::Resolved => Self::Resolved,
                    DispositionKind::Withdrawn => Self::Withdrawn,
                    DispositionKind::Reopened => Self::Open,
                }
            }
            Some(_) | None => Self::Open,
        }
    }

    /// The word used in output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Accepted => "accepted",
            Self::Dismissed => "dismissed",
            Self::Resolved => "resolved",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// Whether it was decided that a change may pass with it.
    pub fn is_answered(self) -> bool {
        matches!(self, Self::Accepted | Self::Dismissed)
    }

    /// Whether it is gone.
    pub fn is_gone(self) -> bool {
        matches!(self, Self::Resolved | Self::Withdrawn)
    }
}

/// A finding that the ledger keeps, as it was last seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredFinding {
    /// A ULID; a finding's identity for good.
    pub id: String,
    pub finding: Finding,
    pub status: FindingStatus,
    pub first_seen: Timestamp,
    pub last_seen: Timestamp,
    /// How often git's hooks met it, in any change; asking by hand does not count.
    pub times: u64,
}

/// Where a finding of a review was seen last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenOn {
    /// `None` where no branch has it.
    pub branch: Option<String>,
    /// `None` of what was not committed.
    pub commit: Option<Oid>,
}

/// That a finding was met in one change; there is one for each finding and change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation {
    /// The key of the change.
    pub change: String,
    /// The commit, once there was one.
    pub commit: Option<Oid>,
    /// The evaluated tree.
    pub tree: Option<Oid>,
    /// The branch that was checked out; `None` on a detached HEAD.
    pub branch: Option<String>,
    /// The path, tag or ref that it was in then; empty where there is none.
    pub name: BString,
    /// Counted from 1; 0 where the whole was meant.
    pub line: u32,
    pub first_seen: Timestamp,
    pub last_seen: Timestamp,
    pub times: u64,
}

/// Everything that happened to one finding, oldest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FindingHistory {
    pub sightings: Vec<Observation>,
    pub dispositions: Vec<Disposition>,
}
