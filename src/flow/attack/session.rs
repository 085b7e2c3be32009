//! One attack with what its steps need, from the intake to what is on record.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::domain::attack::answer::{AttackCase, AttackFile};
use crate::domain::attack::clause::{SpecClause, clauses};
use crate::domain::attack::intake::{IntakeLine, StruckOut};
use crate::domain::attack::record::{AttackRecord, CaseRecord, FORM};
use crate::domain::attack::verdict::CaseVerdict;
use crate::domain::model::agent::Spent;
use crate::domain::model::oid::Oid;
use crate::domain::model::text::counted;
use crate::domain::pipeline::job::CallFailure;
use crate::domain::review::prompt::spec_text;
use crate::flow::call::attacker::AttackRoles;
use crate::flow::call::client::AgentClient;
use crate::flow::call::roles::AssignedAgent;
use crate::flow::context::Context;
use crate::flow::evaluate::command_selection::test_commands;
use crate::flow::review::calls;
use crate::flow::review::delivery::Delivered;
use crate::flow::review::inputs::ReviewInputs;
use crate::flow::review::reading_copies::ReadingCopies;
use crate::flow::review::request::Stopped;
use crate::flow::review::target::ReviewTarget;
use crate::platform::git::repo::Repo;
use crate::platform::process::Interrupts;

/// An attack on a change of a repository.
pub struct AttackSession<'a> {
    /// Of the repository with the change.
    pub context: Context<'a>,
    /// Its policy, its spec and its rules.
    pub inputs: &'a ReviewInputs,
    pub target: &'a ReviewTarget,
    pub delivered: &'a Delivered,
    pub agents: &'a AttackRoles,
    pub client: &'a AgentClient<'a>,
    /// A repository of the program's own that borrows the objects of the other: the tests are in no place that a person's
    /// git sees.
    pub private: &'a Repo,
    /// Where files are kept meanwhile.
    pub folder: &'a Path,
    /// The commit that commands find checked out.
    pub head: Oid,
    pub copies: ReadingCopies<'a>,
    pub interrupts: Interrupts,
    /// Whether something could not be asked that may be asked later.
    pub waits: bool,
}

/// What an attacker wrote, of all questions.
#[derive(Default)]
pub(super) struct Gathered {
    pub lines: Vec<IntakeLine>,
    pub struck: Vec<StruckOut>,
    pub unread: Vec<String>,
    pub files: Vec<AttackFile>,
    pub cases: Vec<AttackCase>,
    pub notes: Vec<String>,
}

impl AttackSession<'_> {
    /// Performs it; also gives whether something is left that may be asked later.
    pub fn perform(mut self) -> Result<(AttackRecord, bool)> {
        // A signal that comes between two programs stops it as well.
        let _deferred = self.interrupts.defer();
        let done = self.steps();
        self.copies.remove_beside(|| ());
        Ok((done?, self.waits))
    }

    fn steps(&mut self) -> Result<AttackRecord> {
        let spec = self.inputs.parsed_spec();
        let clauses = spec.map(clauses).unwrap_or_default();
        let no_attack = self.no_attack(&clauses);
        let own = match &no_attack {
            Some(_) => None,
            None => Some(self.own_tests()?),
        };
        let (no_attack, own) = match own {
            Some(Err(why)) => (Some(why), None),
            Some(Ok(own)) => (None, Some(own)),
            None => (no_attack, None),
        };
        let mut gathered = Gathered::default();
        let questions = self.delivered.delivery.calls.len();
        for chunk in 0..questions {
            let from = gathered.lines.len();
            self.intake(chunk, &clauses, &mut gathered)?;
            if let Some(own) = &own {
                self.ask_for_tests((chunk, from), &clauses, own, &mut gathered)?;
            }
        }
        let Gathered { lines, struck, mut unread, files, cases, notes } = gathered;
        let unscanned = self.delivered.unscanned();
        unread.extend(
            unscanned.into_iter().map(|(path, why)| format!("`{path}` was not shown: {why}")),
        );
        let verdicts = match &own {
            Some(own) if !cases.is_empty() => self.execute(own, &files, &cases)?,
            _ => Vec::new(),
        };
        let cases = cases.into_iter().zip(verdicts);
        let mut cases: Vec<CaseRecord> =
            cases.map(|(case, verdict)| CaseRecord { case, verdict, weighed: None }).collect();
        self.tell_counts(&cases);
        self.weigh(&files, &mut cases)?;
        let findings = self.keep_findings(&mut cases)?;
        let earlier = self.earlier_open(&findings)?;
        let calls = calls::calls(self.context, self.client.run.as_str())?;
        let spent: Spent = calls::spent(&calls);
        Ok(AttackRecord {
            version: FORM,
            id: self.client.run.clone(),
            title: self.target.title.clone(),
            spec: spec.map(|spec| spec.id.clone()).unwrap_or_default(),
            attacker: named(&self.agents.attacker),
            arbiter: named(&self.agents.arbiter),
            intake: lines,
            struck_out: struck,
            unread,
            no_attack: no_attack.unwrap_or_default(),
            files,
            cases,
            findings,
            notes: [self.agents.notes.clone(), notes, earlier.into_iter().collect()].concat(),
            cost: spent.to_string(),
            usd: spent.money.dollars(),
        })
    }

    /// Why no test is run, as far as nothing has to be run to know it.
    fn no_attack(&self, clauses: &[SpecClause]) -> Option<String> {
        if !self.inputs.each_spec.is_empty() {
            let what = self.inputs.spec_in_words();
            return Some(format!(
                "the change belongs to several: {what} (hint: `--spec FILE` names one)"
            ));
        }
        if let Some(refusal) = &self.inputs.spec_refusal {
            return Some(refusal.why().to_owned());
        }
        if clauses.is_empty() {
            return Some(
                "no spec says what must happen (hint: `--spec FILE` names one)".to_owned(),
            );
        }
        if test_commands(self.inputs.policy()).is_empty() {
            return Some(
                "no test command (hint: a `[[commands]]` entry whose `format` is `junit`, `go-test`, `libtest` or \
                 `jest` tells which tests ran)"
                    .to_owned(),
            );
        }
        None
    }

    /// What the attacker is shown of the spec.
    pub(super) fn spec_text(&self) -> String {
        self.inputs.parsed_spec().map(spec_text).unwrap_or_default()
    }

    /// The folder that an agent may read in a call.
    pub(super) fn reading_copy_for(&mut self, to: &AssignedAgent, key: &str) -> Result<PathBuf> {
        if to.all().all(|agent| agent.agent.is_confined()) {
            return self.copies.shared(&self.target.change);
        }
        self.copies.own(key, &self.target.change)
    }

    /// Notes why there is no answer.
    pub(super) fn failed(&mut self, what: &str, failure: &CallFailure) -> String {
        self.waits |= matches!(failure, CallFailure::Budget(_) | CallFailure::RateLimited { .. });
        format!("{what}: {}", failure.why())
    }

    pub(super) fn stopped(&self, signal: i32) -> anyhow::Error {
        Stopped { run: self.client.run.clone(), signal }.into()
    }

    fn tell_counts(&self, cases: &[CaseRecord]) {
        if cases.is_empty() {
            return;
        }
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for one in cases {
            *counts.entry(one.verdict.as_str()).or_default() += 1;
        }
        let words: Vec<String> =
            counts.into_iter().map(|(word, count)| format!("{count} {word}")).collect();
        self.tell(format!("{}: {}", counted(cases.len(), "test"), words.join(", ")));
    }
}

/// An agent with its model.
fn named(agent: &AssignedAgent) -> String {
    match agent.model() {
        Some(model) => format!("{} ({model})", agent.name),
        None => agent.name.clone(),
    }
}

/// Whether a case fails on the change, and is to be weighed.
pub(super) fn is_breaking(one: &CaseRecord) -> bool {
    matches!(one.verdict, CaseVerdict::Breaks { .. })
}
