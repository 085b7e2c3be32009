//! Tells what happened in a review, beside what is open in the end: what was dismissed and resolved,
//! what fixes touched, and what a person needs who must decide.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use crate::domain::model::change::FileChange;
use crate::domain::model::oid::Oid;
use crate::domain::model::severity::Severity;
use crate::domain::pipeline::result::{Excerpt, ReviewStory, SpecOfReview};
use crate::domain::pipeline::review_loop::ReviewLoop;
use crate::domain::pipeline::run::Run;
use crate::domain::review::decide::Decision;
use crate::domain::review::deliver::deliver;
use crate::domain::review::deliver::excerpt::lines_around;
use crate::domain::review::deliver::file::DeliveryLimits;
use crate::domain::review::finding::Completeness;
use crate::domain::review::tracked::{FindingWeight, TrackedFinding, against};
use crate::flow::context::Context;
use crate::flow::evaluate::shown_text::shown_path;
use crate::flow::evaluate::standing;
use crate::flow::review::receipt::FoundReceipt;
use crate::flow::review::{belonging, delivery};
use crate::platform::git::diff;
use crate::platform::git::object::Objects;
use crate::platform::git::unstaged::UnstagedListing;
use crate::platform::store::runs;

/// How many places of an escalation are shown.
const EXCERPTS_MAX: usize = 10;

/// Lines of the change around each of them.
const AROUND: u32 = 5;

/// Tells what happened in the loop of a run up to an attempt.
pub fn of_loop(review: &ReviewLoop, kept: &BTreeMap<String, String>, best: usize) -> ReviewStory {
    let mut story = ReviewStory {
        rounds: review.attempts.iter().filter(|attempt| attempt.is_reviewed()).count(),
        ..ReviewStory::default()
    };
    for tracked in &review.findings {
        if tracked.resolved_in.is_some_and(|resolved| resolved <= best) {
            story.resolved.push(tracked.clone());
        } else if tracked.is_dismissed() {
            story.dismissed.push(tracked.clone());
        } else if let Some(id) = kept.get(&tracked.original.id) {
            story.open.insert(id.clone(), tracked.clone());
        }
    }
    story
}

/// The findings that a review found resolved and another place still has. Where that cannot be told nothing
/// is said. `unstaged` is the list of what is not staged, where it was begun.
pub fn held_elsewhere(
    context: Context<'_>,
    story: &ReviewStory,
    kept: &BTreeMap<String, String>,
    unstaged: Option<UnstagedListing>,
) -> BTreeMap<String, String> {
    let ids = story.resolved.iter().filter_map(|one| kept.get(&one.original.id));
    let ids: Vec<String> = ids.cloned().collect();
    standing::holders(context, &ids, unstaged).unwrap_or_else(|error| {
        tracing::warn!("{error:#}");
        BTreeMap::new()
    })
}

/// What happened in the review whose receipt answers; without one, what the ledger has.
pub fn of_earlier(
    context: Context<'_>,
    standing: &ReviewLoop,
    kept: &BTreeMap<String, String>,
    found: Option<&FoundReceipt>,
) -> ReviewStory {
    let mut story = of_loop(standing, kept, 0);
    let Some(found) = found else { return story };
    // It may have been removed since: the newest runs alone are kept.
    let Ok(Some(run)) = runs::load(&context.repo.state_dir(), &found.receipt.run) else {
        return story;
    };
    let then = of_loop(run.review_loop(), &run.record().kept, 0);
    let name = |one: &TrackedFinding| (one.original.path.clone(), one.original.title.clone());
    let known: BTreeSet<_> = story.settled().map(name).collect();
    let is_new = |one: &TrackedFinding| !known.contains(&name(one));
    story.dismissed.extend(then.dismissed.into_iter().filter(is_new));
    story.resolved.extend(then.resolved.into_iter().filter(is_new));
    story.rounds = then.rounds;
    story.note.clone_from(&run.about.note);
    story
}

/// The same of a run, with what is read from its spec and its trees. Of an old run objects may be gone:
/// what rests on them is left out.
pub fn of_run(
    context: Context<'_>,
    run: &Run,
    best: usize,
    decision: &Decision,
    paths: &[String],
) -> ReviewStory {
    let (review, objects) = (run.review_loop(), &context.repo.objects);
    let mut story = of_loop(review, &run.record().kept, best);
    story.note.clone_from(&run.about.note);
    story.unread = unread(run, best, paths);
    let best_tree = review.attempts.get(best).map(|attempt| &attempt.tree);
    if best > 0 {
        let fixed = diff::trees(objects, Some(&run.first_attempt().tree), best_tree);
        let files = fixed.unwrap_or_default();
        story.touched = files.iter().map(|file| shown_path(&file.path)).collect();
    }
    let fixes = review.attempts.iter().take(best + 1);
    let beside: BTreeSet<String> = fixes.flat_map(|attempt| attempt.beside.clone()).collect();
    story.beside = beside.into_iter().collect();
    if *decision == Decision::Submit {
        story.staying = staying(review, best);
    }
    story.demands = demands(run, &story);
    if matches!(decision, Decision::Escalate(_)) {
        let open: Vec<&TrackedFinding> = story.open.values().collect();
        let shown = excerpts(objects, review.base.as_ref(), best_tree, &open);
        story.excerpts = shown.unwrap_or_default();
    }
    story
}

/// The spec of a run; `None` without one, or where it cannot be read any more.
pub fn spec_of(run: &Run) -> Option<SpecOfReview> {
    let copy = run.about.spec.as_ref()?;
    let spec = belonging::parse_spec(copy).ok()?;
    let weight = run.review_loop().weight;
    Some(SpecOfReview { id: spec.id, path: copy.path.clone(), ground: copy.ground.clone(), weight })
}

/// The severe findings that stay open in an attempt that passes, by name.
pub fn staying(review: &ReviewLoop, best: usize) -> Vec<String> {
    let counts = against(&review.findings, best);
    let stay = review.findings.iter().zip(counts).filter(|(_, (counts, severity))| {
        matches!(counts, FindingWeight::Upheld | FindingWeight::Unproven)
            && *severity >= Severity::High
    });
    let named = stay.map(|(finding, (_, severity))| {
        format!("{} {}: {}", severity.as_str(), finding.original.id, finding.original.title)
    });
    named.collect()
}

/// The criteria and constraints that open findings are about, with their text.
fn demands(run: &Run, story: &ReviewStory) -> Vec<(String, String)> {
    let Some(Ok(spec)) = run.about.spec.as_ref().map(belonging::parse_spec) else {
        return Vec::new();
    };
    let all = spec.requirements().into_iter().map(|(id, text)| (id, text.to_owned()));
    all.filter(|(id, _)| story.open.values().any(|open| open.is_about(id))).collect()
}

/// The files of a run that were not reviewed, with the reason.
fn unread(run: &Run, best: usize, paths: &[String]) -> Vec<(String, String)> {
    let mut unread = run.record().unscanned.clone();
    let mut attempts = run.review_loop().attempts.iter().take(best + 1).rev();
    let all = |why: &str| paths.iter().map(|path| (path.clone(), why.to_owned())).collect();
    let more: Vec<(String, String)> = match attempts.find_map(|attempt| attempt.review.as_ref()) {
        Some(Completeness::Complete) => Vec::new(),
        Some(Completeness::Incomplete(_)) if run.record().delivered.is_empty() => {
            all("no reviewer is asked where the review could not be complete")
        }
        Some(Completeness::Incomplete(files)) => files.clone(),
        None => all("there is no whole answer about it"),
    };
    for (path, why) in more {
        if !unread.iter().any(|(known, _)| *known == path) {
            unread.push((path, why));
        }
    }
    unread
}

/// What a change does where these findings are.
fn excerpts(
    objects: &Objects,
    base: Option<&Oid>,
    tree: Option<&Oid>,
    findings: &[&TrackedFinding],
) -> Result<Vec<Excerpt>> {
    let files = diff::trees(objects, base, tree)?;
    let limits = DeliveryLimits { bytes_per_call: usize::MAX / 2, calls: 1, context_lines: 10 };
    let mut all: Vec<Excerpt> = Vec::new();
    for finding in findings.iter().map(|finding| &finding.original) {
        let Some(lines) = finding.anchored.lines() else { continue };
        let is_its = |file: &&FileChange| shown_path(&file.path) == finding.path;
        let Some(file) = files.iter().find(is_its) else { continue };
        let (read, _) = delivery::files(objects, &[file])?;
        let delivery = deliver(&read, &limits, &[0; 32]);
        let sections = delivery.calls.iter().flat_map(|call| &call.sections);
        let text: String =
            sections.map(|section| lines_around(&section.text, lines, AROUND)).collect();
        let excerpt = Excerpt { path: finding.path.clone(), text };
        if !excerpt.text.is_empty() && !all.contains(&excerpt) {
            all.push(excerpt);
        }
        if all.len() == EXCERPTS_MAX {
            break;
        }
    }
    Ok(all)
}
