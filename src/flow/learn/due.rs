//! Selects the recurring classes that a session decides about.

use std::collections::BTreeSet;

use anyhow::Result;
use jiff::{SignedDuration, Timestamp};

use crate::domain::constitution::recurrence::{
    Candidate, Occurrence, RecurrenceThreshold, candidates, component,
};
use crate::domain::model::class::Class;
use crate::domain::model::gate::Gate;
use crate::domain::model::limits::LEARNED_FROM_MAX;
use crate::domain::policy::learn_settings::LearnSettings;
use crate::flow::evaluate::recording;
use crate::flow::learn::incidents;
use crate::flow::learn::request::LearnRequest;
use crate::flow::learn::session::{Learning, Rows};
use crate::platform::store::ledger;
use crate::platform::store::ledger::error::Error as LedgerError;

impl Learning<'_> {
    /// The candidates that are due, each with its threshold.
    pub(super) fn due(
        &mut self,
        request: &LearnRequest,
    ) -> Result<(Rows, Vec<(Candidate, RecurrenceThreshold)>)> {
        let after = after(&self.policy);
        let days = i64::from(after.days);
        // More days than the calendar has select every observation.
        let since = self.now.checked_sub(SignedDuration::from_hours(days * 24));
        let since = since.unwrap_or(Timestamp::MIN);
        if !ledger::exists(&self.repo.state_dir()) {
            return Ok((Vec::new(), Vec::new()));
        }
        let done = ledger::with(&self.repo.state_dir(), self.now, |ledger| {
            let most = LEARNED_FROM_MAX + 1;
            let mut seen = ledger.sightings_since(since, self.now, &Gate::LEARNABLE, most)?;
            // What no arbiter upheld is on record for a person to decide, and teaches nothing.
            let reviewed = ledger.review_findings(self.now)?;
            let mut unproven: BTreeSet<String> =
                reviewed.unreadable.into_iter().map(|stored| stored.id).collect();
            let known = reviewed.known.into_iter().filter(|one| !one.record.is_upheld());
            unproven.extend(known.map(|one| one.stored.id));
            seen.retain(|row| !unproven.contains(&row.kept.id));
            Ok(seen)
        })
        .map_err(LedgerError::hinted)?;
        self.warnings
            .extend(done.set_aside.iter().map(|path| recording::damaged_ledger(path).reason));
        let mut sightings = done.value;
        if sightings.len() > LEARNED_FROM_MAX {
            sightings.remove(0);
            let days = after.days;
            self.warnings.push(format!(
                "the findings of {days} days are too many: the newest {LEARNED_FROM_MAX} observations were looked at"
            ));
        }
        let rows = incidents::counted(self.repo, sightings);
        let occurrences: Vec<Occurrence> =
            rows.iter().map(|(occurrence, _)| occurrence.clone()).collect();
        let mut due: Vec<(Candidate, RecurrenceThreshold)> =
            candidates(&occurrences, after, self.now.as_second())
                .into_iter()
                .map(|candidate| (candidate, after))
                .collect();
        if let Some(class) = &request.class {
            due.retain(|(candidate, _)| candidate.class == *class);
            if request.check.is_some() {
                due.extend(asked_for(class, &occurrences, &due));
            }
        } else if !due.is_empty() {
            self.find_deleted()?;
        }
        Ok((rows, due))
    }
}

fn after(policy: &LearnSettings) -> RecurrenceThreshold {
    let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    RecurrenceThreshold {
        findings: count(policy.after.findings),
        changes: count(policy.after.changes),
        days: policy.after.days,
        criticals: count(policy.after.criticals),
    }
}

/// The candidates of a class for which a person gives a check: one finding is enough.
fn asked_for(
    class: &Class,
    occurrences: &[Occurrence],
    due: &[(Candidate, RecurrenceThreshold)],
) -> Vec<(Candidate, RecurrenceThreshold)> {
    let once = RecurrenceThreshold { findings: 1, changes: 1, days: u32::MAX, criticals: 1 };
    let of_class = |s: &&Occurrence| s.class == *class && !s.dismissed;
    let components: BTreeSet<&str> =
        occurrences.iter().filter(of_class).map(|s| component(&s.path)).collect();
    let is_due = |name: &str| due.iter().any(|(candidate, _)| candidate.component == name);
    let candidate = |name: &str| {
        let own: Vec<&Occurrence> =
            occurrences.iter().filter(of_class).filter(|s| component(&s.path) == name).collect();
        let findings: BTreeSet<String> = own.iter().map(|s| s.finding.clone()).collect();
        Candidate {
            class: class.clone(),
            component: name.to_owned(),
            findings: findings.into_iter().collect(),
            changes: own.iter().map(|s| s.change.clone()).collect(),
            first: own.iter().map(|s| s.at).min().unwrap_or_default(),
        }
    };
    components
        .into_iter()
        .filter(|name| !is_due(name))
        .map(|name| (candidate(name), once))
        .collect()
}
