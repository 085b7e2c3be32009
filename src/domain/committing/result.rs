//! What a commit that a person asked for came to.

use bstr::BString;

use crate::domain::committing::left_out::LeftOutFile;
use crate::domain::model::oid::Oid;
use crate::domain::model::report::{ExitStatus, Report};

/// What a commit came to.
#[derive(Clone, Debug)]
pub struct CommitResult {
    pub end: CommitEnd,
    /// The branch; `None` where HEAD is detached.
    pub branch: Option<String>,
    /// What is committed, or would be.
    pub files: Vec<BString>,
    pub left_out: Vec<LeftOutFile>,
    /// Empty where there is none yet.
    pub message: String,
    /// The agent that worded it; empty where a person or git did.
    pub worded_by: String,
}

/// How it ended.
#[derive(Clone, Debug)]
pub enum CommitEnd {
    Made {
        commit: Oid,
        /// Why the person's index still has what was there before; `None` where it does not.
        stale_index: Option<String>,
    },
    /// There is nothing to commit: why.
    Nothing(String),
    /// The gates stop it.
    Stopped(Box<Report>),
    /// Git, or a hook, made no commit, and said why; some of it may be here.
    Refused { said: String },
    /// A person is to say yes to the message, or to change it: why nobody did.
    Draft(String),
    /// No agent worded a message: why.
    NoMessage(String),
}

impl CommitEnd {
    /// The word for programs.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Made { .. } => "committed",
            Self::Nothing(_) => "nothing",
            Self::Stopped(_) => "stopped",
            Self::Refused { .. } => "refused",
            Self::Draft(_) => "draft",
            Self::NoMessage(_) => "no-message",
        }
    }

    pub fn status(&self) -> ExitStatus {
        match self {
            Self::Made { .. } => ExitStatus::Pass,
            Self::Nothing(_) | Self::Refused { .. } => ExitStatus::Blocked,
            Self::Stopped(report) => report.verdict.into(),
            Self::Draft(_) => ExitStatus::Escalated,
            Self::NoMessage(_) => ExitStatus::Inconclusive,
        }
    }
}
