//! Keeps the criteria that a review found unmet on record, and finds those that hold in a change.

use std::collections::BTreeSet;

use anyhow::Result;

use crate::domain::gates::secrets::redact;
use crate::domain::model::change::Change;
use crate::domain::model::fence::visible;
use crate::domain::model::finding::{Effect, Finding, Location};
use crate::domain::model::oid::Oid;
use crate::domain::pipeline::job::RecordedAs;
use crate::domain::pipeline::run::Run;
use crate::domain::review::coverage;
use crate::domain::review::demand::{ChangeAsked, UnmetDemand};
use crate::domain::review::finding::CriterionStatus;
use crate::domain::review::record::FindingRecord;
use crate::domain::review::tracked::TrackedFinding;
use crate::domain::spec::belongs::SpecGround;
use crate::domain::spec::types::Spec;
use crate::flow::context::Context;
use crate::flow::evaluate::recording;
use crate::flow::review::asked_spec::AskedSpec;
use crate::flow::review::delivery::{Delivered, lay_out};
use crate::flow::review::inputs::ReviewInputs;
use crate::flow::review::{finding, target};
use crate::platform::git::behind;
use crate::platform::git::behind::BEHIND_MAX;
use crate::platform::store::ledger::error::Error as LedgerError;
use crate::platform::store::ledger::reviewed::KeptReviewFinding;

/// Records the criteria that a run found unmet and that are not on record yet.
pub fn record(context: Context<'_>, inputs: &ReviewInputs, run: &Run) -> Result<Vec<RecordedAs>> {
    let kept = &run.record().kept;
    let all = run.review_loop().findings.iter();
    let new = all.filter(|one| one.is_unmet_criterion() && !kept.contains_key(&one.original.id));
    let mut recorded = Vec::new();
    for tracked in new {
        let base = run.review_loop().base.as_ref();
        let change = target::change_of_attempt(context.repo, run, base, tracked.since)?;
        let found = [(&change, vec![to_ledger(context, inputs, tracked)])];
        let kept = recording::try_record(context, &found).map_err(LedgerError::hinted)?;
        let ledger = kept.findings.into_iter().next().and_then(|reported| reported.id);
        let finding = tracked.original.id.clone();
        recorded.extend(ledger.map(|ledger| RecordedAs { finding, ledger }));
    }
    Ok(recorded)
}

/// The finding on record of a criterion: at its line of the spec, where that is in the repository.
fn to_ledger(context: Context<'_>, inputs: &ReviewInputs, tracked: &TrackedFinding) -> Finding {
    let finding = finding::to_ledger(tracked, tracked.decision.as_ref(), Effect::Warn);
    let Some(AskedSpec { copy, spec, .. }) = &inputs.spec else { return finding };
    let id = requirement_of(tracked);
    let text = asked_text(inputs, id);
    let top = context.repo.work_tree.as_deref();
    let inside = top.and_then(|top| copy.path.strip_prefix(top).ok()).unwrap_or(&copy.path);
    let place = inside.to_str().filter(|_| inside.is_relative());
    let place = place.zip(spec.line_of(id)).map(|(path, line)| Location::line(path, line));
    let why = &tracked.original.failure;
    let why = if why.is_empty() { String::new() } else { format!(" ({why})") };
    let message = redact::redact_str(&format!("{id} of `{}` is not met: {text}{why}", spec.id));
    let is_report = copy.ground == SpecGround::Report;
    let suggestion = if is_report {
        "`tribunal fix` with the same report repairs it".to_owned()
    } else {
        let path = visible(inside.as_os_str().as_encoded_bytes());
        format!("once it is, `tribunal review --spec {path}` says so")
    };
    // A report is in no file of the repository.
    let place = place.filter(|_| !is_report);
    Finding { place, anchor: text.to_owned(), message, suggestion, ..finding }
}

fn requirement_of(tracked: &TrackedFinding) -> &str {
    tracked.original.basis.strip_prefix("spec:").unwrap_or_default()
}

fn asked_text<'a>(inputs: &'a ReviewInputs, id: &str) -> &'a str {
    let all = inputs.parsed_spec().into_iter().flat_map(Spec::requirements);
    all.into_iter().find(|(known, _)| known == id).map_or("", |(_, text)| text)
}

/// The record of a criterion that a run found unmet, or of one of an earlier review, with what the run's
/// reviews said of it.
pub fn record_of(
    context: Context<'_>,
    inputs: &ReviewInputs,
    run: &Run,
    tracked: &TrackedFinding,
    known: Option<FindingRecord>,
) -> Result<FindingRecord> {
    let review = run.review_loop();
    let mut record = if let Some(known) = known {
        known
    } else {
        let change = target::change_of_attempt(context.repo, run, review.base.as_ref(), 0)?;
        let delivered = lay_out(context.repo, inputs, &change, &[0; 32])?;
        let mut record = FindingRecord::new(tracked, None, None, &[]);
        let id = requirement_of(tracked).to_owned();
        record.spec = inputs.parsed_spec().map(|spec| spec.id.clone());
        record.demand = Some(UnmetDemand {
            spec: record.spec.clone().unwrap_or_default(),
            text: asked_text(inputs, &id).to_owned(),
            requirement: id,
            lines: UnmetDemand::sample(&lines_of(&change, &delivered)),
            said: Vec::new(),
        });
        record
    };
    let own = review.criteria.iter().find(|own| tracked.is_about(&own.id));
    let is_known_now = own.is_some_and(|own| own.met != CriterionStatus::NotAssessed);
    let current = review.current();
    let reviewed = review.attempts.iter().enumerate().skip(tracked.since);
    for (at, attempt) in reviewed.filter(|(_, attempt)| attempt.is_reviewed()) {
        // One of another spec was assessed by nobody here.
        if own.is_some()
            && (at != current || is_known_now)
            && let Some(demand) = &mut record.demand
        {
            demand.say(&attempt.tree, tracked.resolved_in.is_some_and(|resolved| resolved <= at));
        }
    }
    Ok(record)
}

/// Those of the criteria on record that hold in a change, or that a person answered: an answer holds though
/// it was met meanwhile.
pub fn held(
    context: Context<'_>,
    inputs: &ReviewInputs,
    change: &Change,
    kept: Vec<KeptReviewFinding>,
) -> Result<Vec<KeptReviewFinding>> {
    let specs: Vec<_> = inputs.specs().map(|asked| &asked.spec).collect();
    let specs: Vec<_> = specs.iter().map(|spec| (spec.id.as_str(), spec.requirements())).collect();
    let mut lines: Option<BTreeSet<String>> = None;
    let mut behind: Option<BTreeSet<Oid>> = None;
    let mut held = Vec::new();
    for one in kept {
        let Some(demand) = &one.record.demand else { continue };
        let is_answered = one.stored.status.is_answered();
        let behind = match &mut behind {
            Some(behind) => &*behind,
            unread @ None => unread.insert(trees_behind(context, change)?),
        };
        if !is_answered && demand.met_in(&change.tree, &|tree| behind.contains(tree)) == Some(true)
        {
            continue;
        }
        // All of the change is read only where its lines tell.
        let lines = match &mut lines {
            _ if demand.is_told_by(&specs, &change.tree) => &BTreeSet::new(),
            Some(lines) => lines,
            unread @ None => {
                let delivered = lay_out(context.repo, inputs, change, &[0; 32])?;
                unread.insert(lines_of(change, &delivered))
            }
        };
        if demand.is_about(ChangeAsked { tree: &change.tree, specs: &specs, lines }) {
            held.push(one);
        }
    }
    Ok(held)
}

/// The trees of the history that a change is of.
fn trees_behind(context: Context<'_>, change: &Change) -> Result<BTreeSet<Oid>> {
    let commit = match &change.commit {
        Some(commit) => Some(commit.clone()),
        None => context.repo.head()?,
    };
    match commit {
        Some(commit) => behind::trees(&context.repo.objects, &commit, BEHIND_MAX),
        None => Ok(BTreeSet::new()),
    }
}

/// The keys of the lines that a change brings.
fn lines_of(change: &Change, delivered: &Delivered) -> BTreeSet<String> {
    delivered.shown_files(change).flat_map(|(file, _)| coverage::telling_lines(file)).collect()
}
