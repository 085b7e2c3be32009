//! What use cases report while they work, as data; `platform::ui` puts it into words.

use std::path::PathBuf;

use jiff::Timestamp;

use crate::domain::model::agent::Spent;
use crate::domain::model::oid::Oid;
use crate::domain::model::report::CommandResult;

/// A message of a use case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// How the work goes on; there is nothing to do about it.
    Progress(Progress),
    /// Something that may need attention and stops nothing.
    Warning(Warning),
}

/// How the work goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// A push of many commits is read; at the end `done` is all of them.
    CheckingPush {
        done: usize,
        commits: usize,
    },
    /// The checkout that commands are to run in is made, for so long already.
    PreparingWorkspace {
        seconds: u64,
    },
    CommandStarted {
        name: String,
    },
    /// Told again and again while a command runs; `last_line` is the last that it printed.
    CommandRunning {
        name: String,
        /// Its place among those that run, from 1.
        number: usize,
        of: usize,
        seconds: u64,
        last_line: String,
    },
    CommandEnded {
        name: String,
        result: CommandResult,
        ms: u64,
    },
    /// Nothing of the commands is under way any more.
    CommandsEnded,
    /// Which agent has which role, and why it is not another.
    Assignment(String),
    /// How an attack goes on, in words.
    Attack(String),
    /// A stopped run is continued.
    RunContinued {
        run: String,
        /// What it reviews, for people.
        what: String,
    },
    /// What is about to be reviewed.
    ReviewBegins(ReviewedChange),
    /// A model is asked about so many of the files: earlier reviews answer the others.
    AskedAbout {
        files: usize,
        of: usize,
    },
    /// Files of what was reviewed are not as they were when the review began.
    ChangedSince {
        files: Vec<String>,
    },
    /// What is to be said of the spec that a change belongs to.
    OfSpec(String),
    /// How far a review is, told again and again while it goes on.
    ReviewGoesOn(ReviewStanding),
    /// The same of a review that another process makes, told once for each step of it.
    OtherReview(ReviewStanding),
    /// How the run of a spec continues.
    SpecRun(SpecRunStep),
    /// What is told of one of several tasks of a run that are under way.
    OfTask {
        task: usize,
        told: Box<Self>,
    },
    /// Another process works on the run; `None` where what worked on it was killed and is ending.
    WaitingForRun {
        run: String,
        process: Option<i32>,
    },
    GatesRun,
    /// One call to the reviewer, counted from 1.
    Reviewing {
        agent: String,
        sections: usize,
        call: usize,
        calls: usize,
    },
    Arbitrating {
        agent: String,
        finding: String,
        title: String,
    },
    Fixing {
        agent: String,
        instructions: Vec<String>,
    },
    /// The commit of what an executor left that did not come to its end.
    /// A fix did what no fix may do; the executor is told once.
    FixRefused {
        why: Vec<String>,
        commit: Oid,
    },
    /// What an executor left and was not taken, in one line.
    LeftOut(String),
    UnfinishedFixKept {
        commit: Oid,
    },
    /// An agent of a role cannot be asked, and another one is.
    AskedInPlace {
        from: String,
        to: String,
        why: String,
    },
    WaitingForRateLimit {
        agent: String,
        until: Timestamp,
    },
    WaitingForReviews {
        reviews: usize,
        seconds: u64,
    },
}

/// How the run of a spec continues.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SpecRunStep {
    /// It is about to begin.
    Begins {
        /// What is done with what, for people.
        what: String,
        /// What it is built on, for people.
        base: String,
        /// `None` where nothing is published.
        branch: Option<String>,
    },
    /// A stopped one is continued.
    Continued { run: String, of: String },
    /// It begins a step.
    Step {
        spec: String,
        /// Its number, where several tasks are under way.
        task: Option<usize>,
        step: &'static str,
    },
    /// A task that was built before its turn does not fit upon the others: why.
    BuiltAgain { task: usize, why: String },
    /// What it is built on has so many commits more by now.
    BaseMoved { spec: String, name: String, commits: usize },
    /// The tests of the base ran, and none failed.
    /// With the tests that fail already, for people.
    BaseTested { passed: usize, failing: Vec<String> },
    /// It is planned as something larger, for people: to which size, and why.
    Raised { size: &'static str, why: String },
}

/// What is about to be reviewed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReviewedChange {
    pub aim: ReviewAim,
    /// For people: `origin/main..HEAD`, `commit 0123456789`, `what is staged`.
    pub what: String,
    /// Why this is reviewed and nothing else, where the person named nothing; else empty.
    pub why: String,
    /// How many commits bring it; 0 where none does.
    pub commits: usize,
    pub files: usize,
    /// The files that no model is shown, with the reason.
    pub left_out: Vec<(String, String)>,
    /// The changed files that are not part of it.
    pub beside: LeftBeside,
    /// The files with unresolved conflicts that are part of it, as they are in the work tree.
    pub conflicts: Vec<String>,
    /// The spec that it is reviewed by, and why; empty where there is none.
    pub spec: String,
}

/// What a review is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReviewAim {
    Review,
    /// What is found is fixed as well.
    Fix,
    /// So many findings of an earlier review are fixed.
    FixChosen(usize),
}

/// The changed files that are not part of a review, and how many they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeftBeside {
    Nothing,
    /// What is staged.
    Staged(usize),
    /// What is not staged.
    Unstaged(usize),
    /// What is not committed, staged or not.
    Uncommitted(usize),
}

/// How far a review is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReviewStanding {
    pub step: ReviewStep,
    pub seconds: u64,
    pub tokens: u64,
    pub spent: Spent,
}

/// What a review is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReviewStep {
    Gates,
    LayingOut,
    /// So many of the reviewer's calls are done.
    Reviewing {
        done: usize,
        of: usize,
    },
    Arbitrating {
        done: usize,
        of: usize,
    },
    /// The fix of that round, from 1.
    Fixing {
        round: usize,
    },
    Ending,
}

/// Something that may need attention.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Warning {
    /// What is to be said of the spec of a change and stops nothing, in words.
    OfSpec(String),
    /// The ledger was damaged: a new one was begun, and the old one is kept there.
    LedgerSetAside { path: PathBuf },
    /// A receipt does not match its id.
    ReceiptBroken,
    /// Commits or pushes went past the hooks.
    PastHooks { what: Unseen, places: Vec<String>, more: usize },
    /// What is not committed of the policy, for people, in one line.
    PolicyNotCommitted { line: String },
    /// A record beside a verdict could not be written below this folder.
    RecordNotWritten { error: String, folder: PathBuf },
    /// Git said this of a file of the work tree that it read all the same.
    GitSaid { line: String },
    /// Landlock holds what an agent wrote, which is less than bubblewrap would; `why` says what is wrong with
    /// that one.
    SandboxHoldsLess { why: String, hint: &'static str },
    /// Nothing holds what an agent wrote, and it runs all the same.
    SandboxMissing { why: String, hint: &'static str },
    /// Whether findings of gates came or went could not be told.
    StandingUnknown { error: String },
}

/// What no hook saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unseen {
    Commits,
    Pushes,
}

impl Progress {
    /// What is told, whichever task it is of.
    pub fn plain(&self) -> &Self {
        match self {
            Self::OfTask { told, .. } => told.plain(),
            told => told,
        }
    }
}

impl Notice {
    /// The same, of one of several tasks that are under way.
    #[must_use]
    pub fn of_task(&self, task: usize) -> Self {
        match self.clone() {
            Self::Progress(told) => Self::Progress(Progress::OfTask { task, told: Box::new(told) }),
            warning @ Self::Warning(_) => warning,
        }
    }
}

impl From<Progress> for Notice {
    fn from(progress: Progress) -> Self {
        Self::Progress(progress)
    }
}

impl From<Warning> for Notice {
    fn from(warning: Warning) -> Self {
        Self::Warning(warning)
    }
}
