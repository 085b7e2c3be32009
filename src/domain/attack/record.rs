//! What an attack came to, as it is kept and shown.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::attack::answer::{AttackCase, AttackFile};
use crate::domain::attack::intake::{Agreement, IntakeLine, StruckOut};
use crate::domain::attack::verdict::CaseVerdict;
use crate::domain::attack::weighing::Weighed;
use crate::domain::model::report::Verdict;

/// The version of the form in which it is kept and printed.
pub const FORM: u32 = 1;

/// An attack with all that came of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AttackRecord {
    pub version: u32,
    pub id: String,
    /// What was attacked, for people.
    pub title: String,
    /// The spec's id; empty where there is none.
    pub spec: String,
    pub attacker: String,
    pub arbiter: String,
    pub intake: Vec<IntakeLine>,
    pub struck_out: Vec<StruckOut>,
    /// What the attacker did not show to have read, or was not shown, with the reason.
    pub unread: Vec<String>,
    /// Why no test was run; empty where some were to be.
    pub no_attack: String,
    pub files: Vec<AttackFile>,
    pub cases: Vec<CaseRecord>,
    pub findings: Vec<AttackFinding>,
    /// What else is to be known.
    pub notes: Vec<String>,
    /// What it cost, for people, with the dollars that are known.
    pub cost: String,
    pub usd: f64,
}

/// A case with what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseRecord {
    #[serde(flatten)]
    pub case: AttackCase,
    #[serde(flatten)]
    pub verdict: CaseVerdict,
    #[serde(flatten)]
    pub weighed: Option<Weighed>,
}

/// Tests of one clause at one place that break, as a finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttackFinding {
    /// In the ledger; empty where it could not be kept there.
    pub id: String,
    pub title: String,
    pub path: String,
    pub severity: String,
    /// The clause, for people.
    pub clause: String,
    /// All tests of that clause at that place, by their ids: those that break first.
    pub tests: Vec<String>,
    pub breaking: usize,
}

impl AttackRecord {
    /// What it comes to: nothing that was not run is a pass.
    pub fn verdict(&self) -> Verdict {
        let weighed = || self.cases.iter().filter_map(|one| one.weighed.as_ref());
        let any = |is: fn(&Weighed) -> bool| weighed().any(is);
        if any(|one| matches!(one, Weighed::Upheld { .. })) {
            return Verdict::Block;
        }
        if any(|one| matches!(one, Weighed::Open { .. })) {
            return Verdict::Escalate;
        }
        let is_settled = |one: &CaseRecord| {
            one.verdict == CaseVerdict::Holds
                || matches!(one.weighed, Some(Weighed::Refuted { .. }))
        };
        let is_open = any(|one| matches!(one, Weighed::Unanswered { .. }));
        if is_open || !self.cases.iter().any(is_settled) {
            return Verdict::Inconclusive;
        }
        Verdict::Pass
    }

    /// How many cases have each verdict, by kind.
    pub fn counts(&self) -> BTreeMap<&'static str, BTreeMap<&'static str, usize>> {
        let mut counts: BTreeMap<_, BTreeMap<_, usize>> = BTreeMap::new();
        for one in &self.cases {
            let of_kind = counts.entry(one.case.kind.as_str()).or_default();
            *of_kind.entry(one.verdict.as_str()).or_default() += 1;
        }
        counts
    }

    /// The lines of the intake at which code and spec differ, or the spec is silent.
    pub fn remarkable(&self) -> impl Iterator<Item = &IntakeLine> {
        self.intake.iter().filter(|line| line.state != Agreement::Same)
    }

    /// The files with a test that breaks and was not refuted.
    pub fn breaking_files(&self) -> impl Iterator<Item = &AttackFile> {
        let is_kept = |one: &CaseRecord| {
            one.verdict.is_breaking() && !matches!(one.weighed, Some(Weighed::Refuted { .. }))
        };
        self.files.iter().filter(move |file| {
            self.cases.iter().any(|one| is_kept(one) && one.case.file == file.path)
        })
    }
}
