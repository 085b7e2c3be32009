//! Puts what was upheld on record: the tests of one clause at one place are one finding.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result};
use bstr::{BString, ByteSlice as _};

use crate::domain::attack::clause::SpecClause;
use crate::domain::attack::record::{AttackFinding, CaseRecord};
use crate::domain::attack::verdict::CaseVerdict;
use crate::domain::attack::weighing::Weighed;
use crate::domain::gates::secrets::redact;
use crate::domain::model::finding::{Effect, Finding, Location};
use crate::domain::model::gate::Gate;
use crate::domain::model::stored_finding::{FindingStatus, StoredFinding};
use crate::domain::model::text::counted;
use crate::domain::review::arbiter_decision::{ArbiterDecision, ArbiterVerdict, DecidedBy};
use crate::domain::review::record::FindingRecord;
use crate::domain::review::tracked::TrackedFinding;
use crate::flow::attack::session::AttackSession;
use crate::flow::evaluate::recording;
use crate::flow::review::finding;
use crate::flow::review::texts::Texts;
use crate::flow::setup::inbox_event;
use crate::platform::config::env::now;
use crate::platform::store::ledger;
use crate::platform::store::ledger::error::Error as LedgerError;
use crate::platform::store::ledger::query::Filter;

impl AttackSession<'_> {
    /// Records what was upheld; what a person answered before is not counted again.
    pub(super) fn keep_findings(&self, cases: &mut [CaseRecord]) -> Result<Vec<AttackFinding>> {
        let mut groups: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (at, one) in cases.iter().enumerate() {
            if let Some(Weighed::Upheld { .. }) = one.weighed {
                groups.entry(one.case.group()).or_default().push(at);
            }
        }
        let mut findings = Vec::new();
        for (group, places) in groups {
            let (id, status) = self.keep_finding(&cases[places[0]])?;
            if status.is_some_and(FindingStatus::is_answered) {
                let word = status.map(FindingStatus::as_str).unwrap_or_default();
                for at in places {
                    let reason = format!("a person {word} it before (finding {id})");
                    cases[at].weighed = Some(Weighed::Refuted { reason });
                }
                continue;
            }
            findings.push(finding_of(id, &group, &places, cases));
        }
        if !findings.is_empty() {
            // Learning reads history and writes files: the daemon does it, or `constitution learn`.
            let repo = self.context.repo;
            drop(inbox_event::drop_in(repo, &inbox_event::of_findings(repo)));
        }
        Ok(findings)
    }

    /// What earlier attacks found in files of the change and was not answered, for people; `None` where there is nothing.
    pub(super) fn earlier_open(&self, now_found: &[AttackFinding]) -> Result<Option<String>> {
        let state_dir = self.context.repo.state_dir();
        if !ledger::exists(&state_dir) {
            return Ok(None);
        }
        let now = now(self.context.env);
        let (status, gate) = (Some(FindingStatus::Open), Some(Gate::Attack));
        let filter = Filter { status, gate, ..Filter::default() };
        let listed = ledger::with(&state_dir, now, |ledger| ledger.list(&filter, now))
            .map_err(LedgerError::hinted)?;
        let is_earlier =
            |kept: &&StoredFinding| {
                let path = kept.finding.place.as_ref().and_then(Location::path);
                let is_of_change =
                    self.target.change.files.iter().any(|file| {
                        path.is_some_and(|path| *path == redact::mask_path(&file.path))
                    });
                is_of_change && now_found.iter().all(|found| found.id != kept.id)
            };
        let earlier = listed.value.findings.iter().filter(is_earlier).count();
        Ok((earlier > 0).then(|| {
            format!(
                "{} of earlier attacks in these files not shown again, and open (hint: `tribunal findings list --gate attack`)",
                counted(earlier, "finding")
            )
        }))
    }

    /// The ledger's id of the finding of a case, with its status there.
    fn keep_finding(&self, one: &CaseRecord) -> Result<(String, Option<FindingStatus>)> {
        let claim = self.claim_of(one);
        let decision = decision_of(one, &claim.id);
        let tracked =
            TrackedFinding { decision: Some(decision), ..TrackedFinding::new(claim, 0, false) };
        let to_ledger = finding::to_ledger(&tracked, tracked.decision.as_ref(), Effect::Warn);
        let rule =
            one.case.clause.as_ref().map_or_else(|| to_ledger.rule.clone(), SpecClause::rule);
        let found = Finding { gate: Gate::Attack, rule, ..to_ledger };
        let change = &self.target.change;
        let kept = recording::try_record(self.context, &[(change, vec![found])])
            .map_err(LedgerError::hinted)?;
        let Some(reported) = kept.findings.into_iter().next() else {
            return Ok((String::new(), None));
        };
        let status =
            FindingStatus::ALL.into_iter().find(|status| status.as_str() == reported.status);
        let Some(id) = reported.id else { return Ok((String::new(), status)) };
        self.keep_record(&id, &tracked)?;
        Ok((id, status))
    }

    /// Keeps beside it what reviews keep of theirs: where it holds, and what was decided.
    fn keep_record(&self, id: &str, tracked: &TrackedFinding) -> Result<()> {
        let delivery = &self.delivered.delivery;
        let texts = Texts::new(&self.context.repo.objects, &self.target.change.tree, delivery);
        let shown = &tracked.original.path;
        let place = delivery.places.get(shown);
        let path = place.map_or_else(|| BString::from(shown.as_str()), |place| place.path.clone());
        let is_plain = redact::mask_path(&path).as_bstr() == path.as_bstr();
        let text = texts.text(shown);
        let mut record =
            FindingRecord::new(tracked, is_plain.then_some(path), text.as_deref(), &[]);
        record.spec = self.inputs.parsed_spec().map(|spec| spec.id.clone());
        record.verify(text.as_deref(), &|path| texts.text(path), false, String::new());
        let now = now(self.context.env);
        let nothing = (BTreeSet::new(), BTreeSet::new());
        let done = ledger::with(&self.context.repo.state_dir(), now, |ledger| {
            let records = vec![(id.to_owned(), record.clone())];
            ledger.keep_outcomes((&nothing.0, &nothing.1), now, |_| Ok::<_, anyhow::Error>(records))
        });
        done.map_err(LedgerError::hinted)?.value.context("what was upheld could not be kept")
    }
}

fn decision_of(one: &CaseRecord, id: &str) -> ArbiterDecision {
    let (reason, instruction) = match &one.weighed {
        Some(Weighed::Upheld { reason, instruction }) => (reason.clone(), instruction.clone()),
        _ => (String::new(), String::new()),
    };
    ArbiterDecision {
        id: id.to_owned(),
        verdict: ArbiterVerdict::Upheld,
        evidence: Vec::new(),
        duplicate_of: None,
        criterion: one.case.clause.as_ref().map(|it| it.id.clone()).filter(|id| !id.is_empty()),
        reason,
        instruction,
        extends_scope: false,
        breaks: String::new(),
        by: DecidedBy::Arbiter,
    }
}

/// A finding with all tests of its clause at its place that show something: those that break first.
fn finding_of(id: String, group: &str, breaking: &[usize], cases: &[CaseRecord]) -> AttackFinding {
    let first = &cases[breaking[0]].case;
    let of_group = cases.iter().enumerate().filter(|(at, one)| {
        one.case.group() == group && !breaking.contains(at) && one.verdict == CaseVerdict::Holds
    });
    let all = breaking.iter().map(|at| &cases[*at]).chain(of_group.map(|(_, one)| one));
    let clause = first.clause.as_ref();
    AttackFinding {
        id,
        title: first.title.clone(),
        path: first.line.path.clone(),
        severity: clause.map(|clause| clause.severity().to_string()).unwrap_or_default(),
        clause: clause.map(SpecClause::in_words).unwrap_or_default(),
        tests: all.map(|one| one.case.id.clone()).collect(),
        breaking: breaking.len(),
    }
}
