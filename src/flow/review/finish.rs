//! Closes a run that came to its end, and reports what it came to.

use std::collections::BTreeMap;

use anyhow::Result;
use jiff::Timestamp;

use crate::domain::model::agent::{Cost, Spent};
use crate::domain::model::report::{Report, Reported, Skipped, Verdict};
use crate::domain::model::severity::Severity;
use crate::domain::model::text::short_id;
use crate::domain::pipeline::job::{RecordedAs, RunEnd};
use crate::domain::pipeline::result::{
    ChangeNow, Offer, ReviewDetails, ReviewEnding, ReviewResult, SpecOfReview,
};
use crate::domain::pipeline::review_loop::{ReviewLoop, RunKind, Stage};
use crate::domain::pipeline::run::Run;
use crate::domain::review::arbiter_decision::SecondLook;
use crate::domain::review::converge::{StopLimits, blocking, undecided};
use crate::domain::review::decide::{Decision, EscalationDetail};
use crate::domain::review::tracked::TrackedFinding;
use crate::flow::context::Context;
use crate::flow::evaluate::report::build_report;
use crate::flow::review::calls::{calls, names, spent};
use crate::flow::review::earlier::EarlierReviews;
use crate::flow::review::inputs::ReviewInputs;
use crate::flow::review::receipt::{FoundReceipt, ReviewReceipt};
use crate::flow::review::target::ReviewTarget;
use crate::flow::review::{demands, finding, fix, outcomes, receipt, spec_words, story};
use crate::flow::workspace::attempt;
use crate::platform::config::env::now;
use crate::platform::git::repo::Repo;
use crate::platform::git::unstaged::UnstagedListing;
use crate::platform::store::ledger::call::Call;

/// Stores what is to be kept of a run that came to this end: the receipt of a complete review, the
/// branch of a fix, the criteria that are not met. The ledger's ids of the last. Idempotent.
pub fn close(
    context: Context<'_>,
    inputs: &ReviewInputs,
    run: &Run,
    end: &RunEnd,
) -> Result<Vec<RecordedAs>> {
    let recorded = demands::record(context, inputs, run)?;
    let mut run = run.clone();
    for one in &recorded {
        run.note_kept(&one.finding, &one.ledger);
    }
    let run = &run;
    let (review, spec) = (run.review_loop(), inputs.receipt_spec());
    if has_receipt(run, &end.decision) {
        if let Some(spec) = &spec {
            let tree = &run.attempt().tree;
            spec_words::keep(context, &spec.key, tree, review.requirements())?;
        }
        if review.kind == RunKind::Review {
            let calls = calls(context, &run.id)?;
            let receipt = ReviewReceipt { spec, ..receipt_of(run, end, &calls, now(context.env)) };
            keep(context, &receipt)?;
        }
    }
    if review.kind == RunKind::Fix {
        publish(context.repo, run, end.best)?;
    }
    // Last: once this is there nobody comes back to the run.
    outcomes::keep(context, inputs, run)?;
    Ok(recorded)
}

/// Reports what a run came to, or how far a paused one came. A paused run that has fixes offers them on
/// its branch meanwhile.
pub fn report(
    context: Context<'_>,
    run: &Run,
    paths: Vec<String>,
    unstaged: Option<UnstagedListing>,
) -> Result<ReviewResult> {
    let review = run.review_loop();
    let Some(end) = review.end().cloned() else {
        anyhow::bail!("the run `{}` has not ended", run.id);
    };
    let branch = match &review.stage {
        Stage::Paused(_) => publish(context.repo, run, end.best)?,
        // The branch belongs to the person by now: it may be moved, merged or gone.
        _ => attempt::published_branch(context.repo, &run.id)?,
    };
    describe(context, run, end, (paths, branch), unstaged)
}

/// What a run came to, with the files of its change and the branch that has its fixes. `unstaged` is the list of
/// what is not staged, where it was begun.
pub fn describe(
    context: Context<'_>,
    run: &Run,
    RunEnd { decision, best }: RunEnd,
    (paths, branch): (Vec<String>, Option<String>),
    unstaged: Option<UnstagedListing>,
) -> Result<ReviewResult> {
    let review = run.review_loop();
    let calls = calls(context, &run.id)?;
    let names = names(run, &calls);
    let mut findings = run.record().gated.clone();
    let kept = &run.record().kept;
    let blocking = blocking_ids(review, kept, best);
    let since = run.about.started;
    findings.extend(finding::reported(context, review, kept, best, &blocking, &decision, since)?);
    let resume_when = match &review.stage {
        Stage::Paused(pause) => Some(pause.resume_when),
        _ => None,
    };
    let receipt = match review.kind {
        RunKind::Review if resume_when.is_none() && has_receipt(run, &decision) => {
            receipt::find(context, &run.about.question)?
        }
        _ => None,
    };
    let skipped = run.record().skipped.clone();
    let mut story = story::of_run(context, run, best, &decision, &paths);
    story.held = story::held_elsewhere(context, &story, kept, unstaged);
    let report =
        report_of(verdict(&decision), findings, skipped, run.about.started, now(context.env));
    let details = ReviewDetails {
        run: run.id.clone(),
        route: run.about.route,
        reviewer: names.reviewer,
        arbiter: names.arbiter,
        spec: story::spec_of(run),
        criteria: review.requirements(),
        files: story.read_of(&paths),
        unscanned: run.record().unscanned.clone(),
        remedy: run.record().remedy,
        unanchored: run.record().unanchored,
        spent: spent(&calls),
        // A newer run may have answered the question meanwhile.
        receipt: receipt.filter(|found| found.receipt.run == run.id).map(|found| found.id),
        from_receipt: false,
        resume_when,
        offer: branch.zip(run.first_attempt().commit.as_ref()).map(|(branch, base)| Offer {
            branch,
            base: base.short().to_owned(),
            fixes: best,
            place: run.about.place,
        }),
        decision: with_ledger_ids(decision, kept),
        story,
        now: ChangeNow::AsReviewed,
    };
    Ok(ReviewResult {
        title: run.about.title.clone(),
        paths,
        report,
        ending: ReviewEnding::Reviewed(Box::new(details)),
        tell: Severity::Low,
    })
}

/// Publishes the best attempt, unless it is the change itself; returns the name to merge. The run's
/// workspace is released.
fn publish(repo: &Repo, run: &Run, best: usize) -> Result<Option<String>> {
    let review = run.review_loop();
    if review.kind != RunKind::Fix {
        return Ok(None);
    }
    fix::release(repo, &run.id)?;
    if best == 0 {
        return Ok(None);
    }
    attempt::publish_branch(repo, &run.id, &review.attempts, best).map(Some)
}

/// The ledger's ids of the findings that stop an attempt.
pub fn blocking_ids(
    review: &ReviewLoop,
    kept: &BTreeMap<String, String>,
    best: usize,
) -> Vec<String> {
    let undecided = undecided(&review.findings, best);
    let stopping = blocking(&review.findings, best).into_iter().chain(undecided);
    stopping.filter_map(|finding| kept.get(&finding.original.id).cloned()).collect()
}

/// Builds the receipt of a run.
fn receipt_of(run: &Run, end: &RunEnd, calls: &[Call], time: Timestamp) -> ReviewReceipt {
    let (review, record, spent) = (run.review_loop(), run.record(), spent(calls));
    let names = names(run, calls);
    ReviewReceipt {
        version: ReviewReceipt::version(),
        question: run.about.question.clone(),
        tree: review.attempts[end.best].tree.clone(),
        base: review.base.clone(),
        run: run.id.clone(),
        route: run.about.route,
        independent: run.about.route.is_independent(),
        reviewer: names.reviewer,
        arbiter: names.arbiter,
        decision: end.decision.clone(),
        spec: None,
        criteria: review.requirements(),
        findings: record.kept.values().cloned().collect(),
        blocking: blocking_ids(review, &record.kept, end.best),
        unscanned: record.unscanned.clone(),
        delivered: record.delivered.clone(),
        answers: record.answers.clone(),
        cost: Cost { money: (spent.unknown == 0).then_some(spent.money), ..Cost::default() },
        time,
        tribunal: env!("CARGO_PKG_VERSION").to_owned(),
    }
}

/// Stores a receipt, unless a newer run has one.
fn keep(context: Context<'_>, receipt: &ReviewReceipt) -> Result<()> {
    // After a kill the question may have been asked afresh: the ids of runs sort by age.
    match receipt::find(context, &receipt.question)? {
        Some(known) if known.receipt.run >= receipt.run => Ok(()),
        _ => receipt::keep(context, receipt),
    }
}

/// Builds the outcome for a change of which nothing is left to ask: earlier reviews answer.
pub fn of_earlier(
    context: Context<'_>,
    inputs: &ReviewInputs,
    target: &ReviewTarget,
    answered: Answered,
    gates: Report,
) -> Result<ReviewResult> {
    let Answered { standing, kept, limits, receipt, unscanned, started } = answered;
    let decision = standing.standing_decision(&limits);
    let verdict = match verdict(&decision) {
        Verdict::Pass => gates.verdict,
        verdict => verdict,
    };
    let blocking = blocking_ids(&standing, &kept, 0);
    let mut findings = gates.findings;
    findings
        .extend(finding::reported(context, &standing, &kept, 0, &blocking, &decision, started)?);
    let found = receipt.as_ref();
    let mut story = story::of_earlier(context, &standing, &kept, found);
    story.unread.clone_from(&unscanned);
    story.held = story::held_elsewhere(context, &story, &kept, None);
    if decision == Decision::Submit {
        story.staying = story::staying(&standing, 0);
    }
    let details = ReviewDetails {
        run: found.map(|found| found.receipt.run.clone()).unwrap_or_default(),
        route: inputs.assignment.route,
        reviewer: inputs.reviewing.first().map(ToString::to_string).unwrap_or_default(),
        arbiter: found.map(|found| found.receipt.arbiter.clone()).unwrap_or_default(),
        decision: with_ledger_ids(decision, &kept),
        spec: inputs.receipt_spec().map(|spec| SpecOfReview {
            id: spec.id,
            path: spec.path,
            ground: spec.ground,
            weight: standing.weight,
        }),
        criteria: standing.requirements(),
        files: story.read_of(&target.paths()),
        unscanned,
        remedy: None,
        unanchored: 0,
        spent: Spent::default(),
        receipt: found.map(|found| found.id.clone()),
        from_receipt: true,
        resume_when: None,
        offer: None,
        story,
        now: ChangeNow::AsReviewed,
    };
    let report = report_of(verdict, findings, gates.skipped, started, now(context.env));
    Ok(ReviewResult {
        title: target.title.clone(),
        paths: target.paths(),
        report,
        ending: ReviewEnding::Reviewed(Box::new(details)),
        tell: Severity::Low,
    })
}

/// A change that earlier reviews answer.
pub struct Answered {
    /// Its findings and criteria.
    pub standing: ReviewLoop,
    /// The ledger's ids of the findings.
    pub kept: BTreeMap<String, String>,
    pub limits: StopLimits,
    /// Of the same question, where one review answered the whole of it.
    pub receipt: Option<FoundReceipt>,
    /// What no reviewer was shown, with the reason.
    pub unscanned: Vec<(String, String)>,
    pub started: Timestamp,
}

/// The decision with the ledger's short ids of its findings, which commands take, in the place of the
/// run's own.
fn with_ledger_ids(decision: Decision, kept: &BTreeMap<String, String>) -> Decision {
    let known = |id: String| kept.get(&id).map_or(id, |ledger| short_id(ledger).to_owned());
    let all = |ids: Vec<String>| ids.into_iter().map(known).collect();
    match decision {
        Decision::Escalate(why) => Decision::Escalate(match why {
            EscalationDetail::Spec(ids) => EscalationDetail::Spec(all(ids)),
            EscalationDetail::NoInstructions(ids) => EscalationDetail::NoInstructions(all(ids)),
            EscalationDetail::Unresolved(ids) => EscalationDetail::Unresolved(all(ids)),
            EscalationDetail::Unsubstantiated(ids) => EscalationDetail::Unsubstantiated(all(ids)),
            other => other,
        }),
        other => other,
    }
}

/// The verdict of a decision.
pub fn verdict(decision: &Decision) -> Verdict {
    match decision {
        Decision::Submit => Verdict::Pass,
        Decision::Fix(_) => Verdict::Block,
        Decision::Escalate(_) => Verdict::Escalate,
        Decision::Inconclusive(_) => Verdict::Inconclusive,
    }
}

/// The outcome of a review where something on record about the change cannot be read: no pass.
pub fn beside_unreadable(mut reviewed: ReviewResult, earlier: &EarlierReviews) -> ReviewResult {
    if let (Some(why), ReviewEnding::Reviewed(details), Verdict::Pass) =
        (earlier.unreadable_in_words(), &mut reviewed.ending, reviewed.report.verdict)
    {
        details.decision = Decision::Inconclusive(why);
        reviewed.report.verdict = Verdict::Inconclusive;
    }
    reviewed
}

/// Whether the answer holds for later reviews of the same question: not where a gate, a budget or a
/// failed call decided.
fn has_receipt(run: &Run, decision: &Decision) -> bool {
    let reviewed = run.attempt().is_reviewed();
    // With money for a second look the answer may be another.
    let is_unpaid =
        |finding: &TrackedFinding| matches!(finding.second, Some(SecondLook::NotPaid { .. }));
    if run.review_loop().findings.iter().any(is_unpaid) {
        return false;
    }
    let lasts = match decision {
        Decision::Submit | Decision::Fix(_) => true,
        Decision::Escalate(why) => {
            !matches!(why, EscalationDetail::Budget(_) | EscalationDetail::Gate(_))
        }
        Decision::Inconclusive(_) => false,
    };
    reviewed && lasts
}

fn report_of(
    verdict: Verdict,
    findings: Vec<Reported>,
    skipped: Vec<Skipped>,
    started: Timestamp,
    now: Timestamp,
) -> Report {
    let elapsed = now.duration_since(started).as_millis();
    let report = build_report(findings, skipped, std::time::Instant::now());
    Report { verdict, elapsed_ms: u64::try_from(elapsed).unwrap_or(0), ..report }
}
