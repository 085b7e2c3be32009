//! What the evaluation of a push came to.

use std::time::Instant;

use crate::domain::model::oid::Oid;
use crate::domain::model::report::{Report, Reported, Skipped};
use crate::flow::evaluate::commands;
use crate::flow::evaluate::commands::Tail;
use crate::flow::evaluate::evaluation::stops;
use crate::flow::evaluate::judge;

/// What a push came to.
#[derive(Debug, Default)]
pub struct PushEvaluation {
    /// Each with something found in it.
    pub parts: Vec<Part>,
    pub skipped: Vec<Skipped>,
    /// The commits that it brings, each with the tip that it was pushed below.
    pub commits: Vec<Pushed>,
    /// How many changed files those have, each counted once a commit.
    pub files: usize,
    /// How many of the commits no `pre-commit` of this repository had passed.
    pub ungated: usize,
    /// The commit under whose policy the first new commits were evaluated, where the push itself
    /// changes the policy.
    pub policy_of: Option<Oid>,
    /// The last lines of each command that failed.
    pub tails: Vec<Tail>,
    /// A command that guards could not be run.
    pub inconclusive: bool,
    /// We were told to stop while a command ran.
    pub interrupted: bool,
}

impl PushEvaluation {
    /// Whether the push may not go on.
    pub fn refuses(&self) -> bool {
        self.inconclusive || self.interrupted || self.is_blocked()
    }

    /// One report of everything that was found; `started` is when it began. The last lines of
    /// commands that failed are left to the caller.
    pub fn report(self, started: Instant) -> Report {
        let findings = self.parts.into_iter().flat_map(|part| part.findings).collect();
        let mut report = judge::report(findings, self.skipped, started);
        commands::settle(&mut report, self.inconclusive);
        report
    }

    pub(super) fn is_blocked(&self) -> bool {
        self.parts.iter().any(|part| stops(&part.findings))
    }
}

/// A commit that a push brings.
#[derive(Clone, Debug)]
pub struct Pushed {
    pub commit: Oid,
    /// What the ref will point to.
    pub tip: Oid,
    /// What the receiving side has of the history below it; its policy holds.
    pub base: Option<Oid>,
}

/// A ref, commit or tag of a push, and what was found in it.
#[derive(Clone, Debug)]
pub struct Part {
    /// For people: `commit 0123456789 subject`.
    pub title: String,
    pub findings: Vec<Reported>,
}
