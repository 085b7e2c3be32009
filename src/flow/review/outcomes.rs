//! Keeps what the reviews of a run came to: the parts of the change that they were shown, and what they
//! said of each finding.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use anyhow::Result;
use bstr::{BString, ByteSlice as _};

use crate::domain::gates::secrets::redact;
use crate::domain::model::finding::{Effect, Finding};
use crate::domain::model::notice::Warning;
use crate::domain::model::oid::Oid;
use crate::domain::model::standing::ACTOR;
use crate::domain::model::stored_finding::{Disposition, DispositionKind, FindingStatus};
use crate::domain::pipeline::review_loop::{Attempt, ReviewLoop};
use crate::domain::pipeline::run::Run;
use crate::domain::review::arbiter_decision::DecidedBy;
use crate::domain::review::coverage::{Parts, ShownMove};
use crate::domain::review::finding::Anchored;
use crate::domain::review::record::FindingRecord;
use crate::domain::review::tracked::TrackedFinding;
use crate::flow::context::Context;
use crate::flow::evaluate::recording;
use crate::flow::evaluate::shown_text;
use crate::flow::evaluate::shown_text::shown_path;
use crate::flow::review::delivery::lay_out;
use crate::flow::review::earlier::shown_parts;
use crate::flow::review::inputs::ReviewInputs;
use crate::flow::review::{demands, earlier_names, finding, target};
use crate::platform::config::env::now;
use crate::platform::store::ledger;
use crate::platform::store::ledger::error::Error as LedgerError;
use crate::platform::store::ledger::reviewed::KeptReviewFinding;

/// Keeps what the reviews of a run came to. Idempotent.
pub fn keep(context: Context<'_>, inputs: &ReviewInputs, run: &Run) -> Result<()> {
    let review = run.review_loop();
    let mut shown = (Parts::new(), BTreeSet::new());
    // What was reported and not decided about would be forgotten, and after a kill others may be set
    // to answer than those who did.
    if is_theirs(context, inputs, run)?
        && !review.findings.iter().any(TrackedFinding::needs_arbitration)
    {
        shown = what_was_shown(context, inputs, run)?;
    }
    withdraw(context, run)?;
    write(context, inputs, run, &shown)
}

/// Keeps the parts and the moves that were shown, and the records of the run's findings.
fn write(
    context: Context<'_>,
    inputs: &ReviewInputs,
    run: &Run,
    shown: &(Parts, BTreeSet<ShownMove>),
) -> Result<()> {
    if shown.0.is_empty() && run.record().kept.is_empty() {
        return Ok(());
    }
    let now = now(context.env);
    let done = ledger::with(&context.repo.state_dir(), now, |ledger| {
        ledger
            .keep_outcomes((&shown.0, &shown.1), now, |known| records(context, inputs, run, known))
    });
    let done = done.map_err(LedgerError::hinted)?;
    note_set_aside(context, done.set_aside);
    done.value
}

fn note_set_aside(context: Context<'_>, set_aside: Option<PathBuf>) {
    if let Some(path) = set_aside {
        context.notify(Warning::LedgerSetAside { path });
    }
}

/// Records the severe findings of a paused run that no arbiter could be asked about, with the ids that
/// `findings` takes: until somebody decides about them the change has no verdict, whatever an earlier
/// review said of it.
pub fn keep_undecided(context: Context<'_>, inputs: &ReviewInputs, run: &mut Run) -> Result<()> {
    record(context, run, TrackedFinding::needs_arbitration)?;
    write(context, inputs, run, &(Parts::new(), BTreeSet::new()))
}

/// Records the open findings of a run that are not on record yet, as they are in its best attempt: those
/// that block nothing, so that a person who answers one is told of it no more, and those that a person must
/// decide about as there was no money for a second process.
pub fn keep_open(context: Context<'_>, run: &mut Run, best: usize) -> Result<()> {
    record(context, run, |one| {
        one.since <= best
            && !one.is_dismissed()
            && one.original.anchored != Anchored::Nowhere
            && !one.needs_arbitration()
            && one.resolved_in.is_none_or(|resolved| resolved > best)
    })
}

/// Records these findings of a run, where they are not on record yet.
fn record(
    context: Context<'_>,
    run: &mut Run,
    is_meant: impl Fn(&TrackedFinding) -> bool,
) -> Result<()> {
    let (review, kept) = (run.review_loop(), &run.record().kept);
    let is_new = |one: &&TrackedFinding| !kept.contains_key(&one.original.id);
    let meant = review.findings.iter().filter(|one| is_meant(one)).filter(is_new);
    let meant: Vec<TrackedFinding> = meant.cloned().collect();
    for tracked in meant {
        let base = run.review_loop().base.clone();
        let change = target::change_of_attempt(context.repo, run, base.as_ref(), tracked.since)?;
        // Its words must last: what is decided about it later is about the same finding.
        let message = finding::message(&tracked.original);
        let found = Finding { message, ..finding::to_ledger(&tracked, None, Effect::Warn) };
        let recorded = recording::try_record(context, &[(&change, vec![found])])
            .map_err(LedgerError::hinted)?;
        if let Some(id) = recorded.findings.into_iter().next().and_then(|reported| reported.id) {
            run.note_kept(&tracked.original.id, &id);
        }
    }
    Ok(())
}

/// Withdraws the findings that were put on record without a decision and that the arbiter dismissed.
fn withdraw(context: Context<'_>, run: &Run) -> Result<()> {
    let kept = &run.record().kept;
    let mut dismissed = Vec::new();
    for tracked in run.review_loop().findings.iter().filter(|one| one.is_dismissed()) {
        if let (Some(id), Some(decision)) = (kept.get(&tracked.original.id), &tracked.decision)
            && decision.by != DecidedBy::Person
        {
            dismissed.push((id, format!("{}: {}", decision.verdict.as_str(), decision.reason)));
        }
    }
    if dismissed.is_empty() {
        return Ok(());
    }
    let now = now(context.env);
    let withdrawn = ledger::with(&context.repo.state_dir(), now, |ledger| {
        for (id, reason) in &dismissed {
            if ledger.get(id, now)?.is_some_and(|known| known.status == FindingStatus::Open) {
                ledger.dispose(
                    id,
                    &Disposition {
                        decision: DispositionKind::Withdrawn,
                        actor: ACTOR.to_owned(),
                        reason: reason.clone(),
                        time: now,
                        until: None,
                        commit: None,
                    },
                )?;
            }
        }
        Ok(())
    });
    note_set_aside(context, withdrawn.map_err(LedgerError::hinted)?.set_aside);
    Ok(())
}

/// Whether those who answered are who would answer now.
fn is_theirs(context: Context<'_>, inputs: &ReviewInputs, run: &Run) -> Result<bool> {
    if !run.about.asked.is_empty() {
        return Ok(run.about.asked == inputs.asked());
    }
    // An earlier version looked at all of the change.
    let target = target::of_run(context.repo, run)?;
    Ok(inputs.question(&target, None).as_ref() == Some(&run.about.question))
}

/// Where the review of an attempt began: the tree before it, and the files that it was about.
struct Reviewed<'a> {
    from: Option<&'a Oid>,
    paths: Option<&'a [BString]>,
    attempt: usize,
}

/// The complete reviews of a loop, in their order.
fn complete_reviews(review: &ReviewLoop) -> Vec<Reviewed<'_>> {
    let mut from = review.base.as_ref();
    let mut all = Vec::new();
    for (attempt, at) in review.attempts.iter().enumerate().filter(|(_, at)| at.is_reviewed()) {
        let paths = review.first.paths.as_deref().filter(|_| attempt == 0);
        all.push(Reviewed { from, paths, attempt });
        from = Some(&at.tree);
    }
    all
}

/// The parts and the moves that the complete reviews of a run were shown.
fn what_was_shown(
    context: Context<'_>,
    inputs: &ReviewInputs,
    run: &Run,
) -> Result<(Parts, BTreeSet<ShownMove>)> {
    let review = run.review_loop();
    let (mut parts, mut moves) = (Parts::new(), BTreeSet::new());
    for Reviewed { from, paths, attempt } in complete_reviews(review) {
        let mut change = target::change_of_attempt(context.repo, run, from, attempt)?;
        if let Some(paths) = paths {
            change.files.retain(|file| paths.contains(&file.path));
        }
        let delivered = lay_out(context.repo, inputs, &change, &[0; 32])?;
        parts.extend(shown_parts(inputs, &change, &delivered));
        moves.extend(earlier_names::shown_moves(&change, &delivered));
    }
    Ok((parts, moves))
}

/// The records of the findings that are in the ledger, of which `known` are there, with what the run's reviews said of them.
fn records(
    context: Context<'_>,
    inputs: &ReviewInputs,
    run: &Run,
    known: Vec<KeptReviewFinding>,
) -> Result<Vec<(String, FindingRecord)>> {
    let (review, kept) = (run.review_loop(), &run.record().kept);
    let mut known: BTreeMap<String, FindingRecord> =
        known.into_iter().map(|one| (one.stored.id, one.record)).collect();
    let mut records = Vec::new();
    for tracked in &review.findings {
        let Some(id) = kept.get(&tracked.original.id) else { continue };
        if tracked.is_unmet_criterion() {
            let record = demands::record_of(context, inputs, run, tracked, known.remove(id))?;
            records.push((id.clone(), record));
            continue;
        }
        let mut record = match known.remove(id) {
            Some(record) => record,
            None => new_record(context, inputs, run, tracked)?,
        };
        let has_evidence =
            record.original.evidence.is_empty() && !tracked.original.evidence.is_empty();
        if has_evidence || record.original.severity < tracked.original.severity {
            record.gain(&new_record(context, inputs, run, tracked)?);
        }
        for (attempt, resolved) in spoken_of(review, tracked) {
            let tree = &review.attempts[attempt].tree;
            let read = |shown: &str| shown_text::of_file(&context.repo.objects, tree, shown.into());
            let moved = BString::from(tracked.original.path.as_str());
            let path = match &record.path {
                Some(path) => path.clone(),
                None => unmasked(context, run, tracked, attempt)?,
            };
            let text = shown_text::of_file(&context.repo.objects, tree, moved.as_bstr())
                .or_else(|| shown_text::of_file(&context.repo.objects, tree, path.as_bstr()));
            record.verify(text.as_deref(), &read, resolved, evidence(tracked));
        }
        if review.attempts.iter().any(Attempt::is_reviewed) {
            record.decision.clone_from(&tracked.decision);
            record.second.clone_from(&tracked.second);
        }
        records.push((id.clone(), record));
    }
    Ok(records)
}

/// The path of a finding's file in an attempt, where its name without secrets is another.
fn unmasked(
    context: Context<'_>,
    run: &Run,
    tracked: &TrackedFinding,
    attempt: usize,
) -> Result<BString> {
    let (base, shown) = (run.review_loop().base.as_ref(), &tracked.original.path);
    let change = target::change_of_attempt(context.repo, run, base, attempt)?;
    let found = change.files.into_iter().find(|file| shown_path(&file.path) == *shown);
    Ok(found.map_or_else(|| BString::from(shown.as_str()), |file| file.path))
}

/// The attempts whose reviews spoke of a finding, with whether it is resolved there.
fn spoken_of(review: &ReviewLoop, tracked: &TrackedFinding) -> Vec<(usize, bool)> {
    let is_earlier = review.first.open.contains(&tracked.original.id);
    let mut all = Vec::new();
    for (attempt, at) in review.attempts.iter().enumerate().skip(tracked.since) {
        let resolved = tracked.resolved_in == Some(attempt);
        let spoke =
            attempt == tracked.since && (is_earlier || tracked.resolved_in != Some(attempt));
        // That a fix did not resolve it makes it no older than the change: the fix may have led back to
        // what the base has.
        if at.is_reviewed() && (resolved || spoke) {
            all.push((attempt, resolved));
        }
    }
    all
}

fn evidence(tracked: &TrackedFinding) -> String {
    let quote = tracked.resolved_by.as_ref();
    quote.map_or_else(String::new, |quote| {
        let first = quote.text.trim().lines().next().unwrap_or_default();
        format!("`{}`: `{first}`", quote.path)
    })
}

fn new_record(
    context: Context<'_>,
    inputs: &ReviewInputs,
    run: &Run,
    tracked: &TrackedFinding,
) -> Result<FindingRecord> {
    let review = run.review_loop();
    let shown = tracked.original.path.as_str();
    let mut change =
        target::change_of_attempt(context.repo, run, review.base.as_ref(), tracked.since)?;
    change.files.retain(|file| shown_path(&file.path) == shown);
    let delivered = lay_out(context.repo, inputs, &change, &[0; 32])?;
    let place = delivered.delivery.places.get(shown);
    let path = place.map_or_else(|| BString::from(shown), |place| place.path.clone());
    let removed: Vec<&str> = place
        .map(|place| place.removed.iter().map(|(_, line)| line.as_str()).collect())
        .unwrap_or_default();
    let tree = &review.attempts[tracked.since].tree;
    let text = shown_text::of_file(&context.repo.objects, tree, path.as_bstr());
    let is_plain = redact::mask_path(&path) == path;
    let mut record =
        FindingRecord::new(tracked, is_plain.then_some(path), text.as_deref(), &removed);
    record.spec = inputs.parsed_spec().map(|spec| spec.id.clone());
    Ok(record)
}
