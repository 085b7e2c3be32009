//! The report of an evaluation: verdict, findings, and what was skipped.

use serde::{Deserialize, Serialize};

use crate::domain::model::finding::Finding;
use crate::domain::model::gate::Gate;
use crate::domain::model::stored_finding::FindingStatus;

/// What was decided about a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    Pass,
    Block,
    /// A person must decide.
    Escalate,
    /// It could not be evaluated: neither pass nor block.
    Inconclusive,
}

impl Verdict {
    /// The word used in output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Block => "block",
            Self::Escalate => "escalate",
            Self::Inconclusive => "inconclusive",
        }
    }
}

/// A finding with its ledger id and status.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reported {
    /// The ledger's id, a ULID; `None` where nothing was recorded.
    pub id: Option<String>,
    /// `open`, `accepted`, `dismissed`, … as the ledger says; `open` where nothing was recorded.
    pub status: String,
    pub finding: Finding,
}

impl Reported {
    /// Whether nobody answered it, and it is not gone.
    pub fn is_open(&self) -> bool {
        self.status == FindingStatus::Open.as_str()
    }

    /// A finding that the ledger does not know.
    pub fn unrecorded(finding: Finding) -> Self {
        Self { id: None, status: FindingStatus::Open.as_str().to_owned(), finding }
    }
}

/// A part of the evaluation that was skipped, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    /// A gate's name, or a command's.
    pub gate: String,
    pub reason: String,
    /// Whether it ran to its end, and is no pass: the reason says why.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub has_run: bool,
}

impl Skipped {
    /// The word that stands before its name.
    pub fn word(&self) -> &'static str {
        if self.has_run { "no pass" } else { "skipped" }
    }
}

/// A command that an evaluation asked for, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandRun {
    pub name: String,
    pub result: CommandResult,
    /// How long it ran.
    pub ms: u64,
}

/// How a command ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommandResult {
    Passed,
    /// It passed on this very tree before and did not run again.
    PassedBefore,
    Failed,
    /// It ended with 0, and files that git tracks were not what they were.
    ChangedFiles,
    TimedOut,
    /// A program that it names is not there, or cannot be executed.
    NotStarted {
        why: String,
    },
    /// It ended with 0, and what it reported could not be read.
    Unreadable {
        why: String,
    },
    /// It ended with 0, and its report does not show that a test passed.
    Unproven {
        why: String,
    },
    Interrupted,
}

impl CommandResult {
    /// The word used in output.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Passed | Self::PassedBefore => "passed",
            Self::Failed => "failed",
            Self::ChangedFiles => "changed-files",
            Self::TimedOut => "timed-out",
            Self::NotStarted { .. } => "not-started",
            Self::Unreadable { .. } => "unreadable-report",
            Self::Unproven { .. } => "unproven",
            Self::Interrupted => "interrupted",
        }
    }

    /// Whether it ran, ended with 0, and is no pass.
    pub fn proved_nothing(&self) -> bool {
        matches!(self, Self::Unproven { .. } | Self::Unreadable { .. })
    }

    /// Why it is neither passed nor failed, as a report names it; `None` for another end.
    pub fn no_pass(&self) -> Option<String> {
        match self {
            Self::NotStarted { why } => Some(format!("it could not start ({why})")),
            Self::Unreadable { why } => Some(format!("its report could not be read: {why}")),
            Self::Unproven { why } => Some(why.clone()),
            Self::Passed
            | Self::PassedBefore
            | Self::Failed
            | Self::ChangedFiles
            | Self::TimedOut
            | Self::Interrupted => None,
        }
    }
}

impl CommandRun {
    /// Whether this is what a report names as not checked because of it.
    pub fn is_why(&self, skipped: &Skipped) -> bool {
        self.name == skipped.gate && self.result.no_pass().as_ref() == Some(&skipped.reason)
    }
}

/// The evaluation of one change or of one push.
#[derive(Clone, Debug)]
pub struct Report {
    pub verdict: Verdict,
    pub findings: Vec<Reported>,
    pub skipped: Vec<Skipped>,
    /// The gates that looked at something, in their order.
    pub gates: Vec<Gate>,
    /// The commands that were asked for, in the order in which they ended.
    pub ran: Vec<CommandRun>,
    pub elapsed_ms: u64,
}

impl Report {
    /// Turns a pass into `inconclusive` where a command was not run to its end.
    pub fn mark_inconclusive(&mut self, inconclusive: bool) {
        if inconclusive && self.verdict == Verdict::Pass {
            self.verdict = Verdict::Inconclusive;
        }
    }
}

/// How the program ends. The numbers are public: scripts and git read them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitStatus {
    /// 0
    Pass,
    /// 1: a verdict of `block`.
    Blocked,
    /// 2: wrong use, wrong configuration or our own error.
    Error,
    /// 3
    Escalated,
    /// 4: an agent or a needed tool failed or is missing.
    Inconclusive,
    /// 130
    Interrupted,
    /// Of a command that a person had run, which ended with this number.
    OfCommand(u8),
}

impl ExitStatus {
    /// The number that the process ends with.
    pub fn code(self) -> u8 {
        match self {
            Self::Pass => 0,
            Self::Blocked => 1,
            Self::Error => 2,
            Self::Escalated => 3,
            Self::Inconclusive => 4,
            Self::Interrupted => 130,
            Self::OfCommand(code) => code,
        }
    }
}

impl From<Verdict> for ExitStatus {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Pass => Self::Pass,
            Verdict::Block => Self::Blocked,
            Verdict::Escalate => Self::Escalated,
            Verdict::Inconclusive => Self::Inconclusive,
        }
    }
}
