//! The outcome of the evaluation of a push.

use std::collections::BTreeSet;
use std::time::Instant;

use crate::domain::model::gate::Gate;
use crate::domain::model::oid::Oid;
use crate::domain::model::report::{CommandRun, Report, Reported, Skipped};
use crate::flow::evaluate::command_outcome::Tail;
use crate::flow::evaluate::evaluation::stops;
use crate::flow::evaluate::push::before_hooks::BeforeHooks;
use crate::flow::evaluate::report::build_report;

/// The findings of a push, and whether it may go on.
#[derive(Debug, Default)]
pub struct PushEvaluation {
    /// Each with findings.
    pub parts: Vec<PushPart>,
    pub skipped: Vec<Skipped>,
    /// What is to be known beside, for people.
    pub remarks: Vec<String>,
    /// The commits that it brings, each with the tip that it was pushed below.
    pub commits: Vec<PushedCommit>,
    /// How many changed files those have, each counted once a commit.
    pub files: usize,
    /// Those of the commits that no `pre-commit` of this repository had passed.
    pub ungated: Vec<Oid>,
    /// The commit under whose policy the first new commits were evaluated, where the push itself
    /// changes the policy.
    pub policy_of: Option<Oid>,
    /// Those of the commits that are from before the hooks; looked for where something blocks.
    pub before_hooks: Option<BeforeHooks>,
    /// The settings of the user's own that made the policies weaker, for people.
    pub weakened_by_user: Vec<String>,
    /// The gates that looked at one of them.
    pub gates: BTreeSet<Gate>,
    /// What came of each command that was to run.
    pub ran: Vec<CommandRun>,
    /// The last lines of each command that failed.
    pub tails: Vec<Tail>,
    /// A command of level `block` could not be run, or a change is too large to be evaluated.
    pub inconclusive: bool,
    /// A signal interrupted a command.
    pub interrupted: bool,
}

impl PushEvaluation {
    /// Whether the push is refused.
    pub fn refuses(&self) -> bool {
        self.inconclusive || self.interrupted || self.is_blocked()
    }

    /// Builds one report of all findings; `started` is when the evaluation began. The last lines of
    /// commands that failed are left to the caller.
    pub fn report(self, started: Instant) -> Report {
        let findings = self.parts.into_iter().flat_map(|part| part.findings).collect();
        let report = build_report(findings, self.skipped, started);
        let gates = self.gates.into_iter().collect();
        let mut report = Report { gates, ran: self.ran, ..report };
        // An interrupted evaluation is no pass.
        report.mark_inconclusive(self.inconclusive || self.interrupted);
        report
    }

    pub fn is_blocked(&self) -> bool {
        self.parts.iter().any(|part| stops(&part.findings))
    }
}

/// A commit that a push brings.
#[derive(Clone, Debug)]
pub struct PushedCommit {
    pub commit: Oid,
    /// What the ref will point to.
    pub tip: Oid,
    /// What the receiving side has of the history below it; its policy holds.
    pub base: Option<Oid>,
}

/// A ref, commit or tag of a push with its findings.
#[derive(Clone, Debug)]
pub struct PushPart {
    /// For people: `commit 0123456789 subject`.
    pub title: String,
    /// The commit, where it is one.
    pub commit: Option<Oid>,
    pub findings: Vec<Reported>,
}
