//! Reviews a change: models find and arbitrate, code decides the verdict.

pub mod announce;
mod arbitration;
mod asked_spec;
pub mod belonging;
pub mod background;
pub mod calls;
pub mod chosen;
pub mod claim;
pub mod cleanup;
pub mod conventions;
pub mod delivery;
mod demands;
pub mod desktop;
pub mod earlier;
mod earlier_names;
pub mod finding;
pub mod finish;
pub mod fix;
mod fix_prompt;
pub mod gates_job;
pub mod inputs;
mod instructions;
mod layout;
pub mod named_spec;
mod limits;
mod outcomes;
mod places;
mod push_change;
mod story;
pub mod push_reviews;
mod progress;
pub mod reading_copies;
pub mod receipt;
pub mod report;
pub mod request;
pub mod reviewer;
mod driver;
pub mod session;
pub mod spec_commands;
mod spec_inputs;
mod spec_patterns;
mod spec_words;
pub mod subject;
pub mod switched_off;
pub mod target;
pub mod texts;
pub mod told;
mod written;

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, Result};

use crate::domain::gates::secrets::redact::redact_str;
use crate::domain::model::error::hinted;
use crate::domain::model::finding::Effect;
use crate::domain::model::notice::Progress;
use crate::domain::model::oid::Oid;
use crate::domain::model::report::{Report, Verdict};
use crate::domain::model::severity::Severity;
use crate::domain::model::text::short_id;
use crate::domain::pipeline::result::{ReviewEnding, ReviewResult};
use crate::domain::pipeline::review_loop::Stage;
use crate::domain::pipeline::run::Run;
use crate::domain::policy::agent_settings::RouteChoice;
use crate::flow::call::{listing, roles};
use crate::flow::context::Context;
use crate::flow::evaluate::gates::run_gates;
use crate::flow::evaluate::policy;
use crate::flow::evaluate::recording;
use crate::flow::evaluate::report::build_report;
use crate::flow::review::background::Ended;
use crate::flow::review::driver::{Asked, RunDriver};
use crate::flow::review::earlier::{EarlierReviews, ReviewedFiles};
use crate::flow::review::inputs::{ReviewInputs, SpecSource};
use crate::flow::review::spec_commands::SpecCommand;
use crate::flow::review::subject::ReviewSubject;
use crate::flow::review::target::{ReviewRange, ReviewRequest, ReviewTarget, TaskReviewRequest};
use crate::flow::review::written::WrittenWorkTree;
use crate::flow::workspace::attempt;
use crate::platform::config::env::now;
use crate::platform::git::repo::Repo;
use crate::platform::git::unstaged::UnstagedListing;
use crate::platform::store::review_queue;
use crate::platform::store::runs;
use crate::platform::ui::notice;
use crate::platform::ui::review_findings;
use crate::platform::ui::review_result;

/// Reviews a change, or continues a stopped review of it. Only what earlier reviews do not answer is
/// asked for. `listing` is what [`announce::begin_listing`] began.
pub fn review(
    context: Context<'_>,
    request: &ReviewRequest,
    listing: Option<UnstagedListing>,
) -> Result<ReviewResult> {
    match request.range {
        ReviewRange::Unstaged | ReviewRange::WorkTree => {
            let written = WrittenWorkTree::write(context)?;
            let context = Context { repo: &written.repo, ..context };
            let target = target::of_work_tree(context.repo, &request.range, &written.trees)?;
            review_target(context, request, target, Some(&written), listing)
        }
        _ => {
            let target = target::resolve(context.repo, &request.range)?;
            review_target(context, request, target, None, listing)
        }
    }
}

fn review_target(
    context: Context<'_>,
    request: &ReviewRequest,
    target: ReviewTarget,
    work_tree: Option<&WrittenWorkTree>,
    listing: Option<UnstagedListing>,
) -> Result<ReviewResult> {
    let spec = SpecSource::of(context, request)?;
    let home = roles::agents_home(context.repo);
    let agent_env = roles::agent_env(context.repo, context.env, &home);
    let mut inputs =
        ReviewInputs::gather(context, &target, spec, agent_env)?.look_at_agents(agent_env);
    inputs.note = redact_str(&request.note);
    let delivered = delivery::lay_out(context.repo, &inputs, &target.change, &[0; 32])?;
    let subject =
        ReviewSubject { context, inputs: &inputs, target: &target, delivered: &delivered };
    let mut ahead = subject.read_ahead()?;
    announce::announce(context, request, &target, &inputs, &delivered, work_tree, listing)?;
    if !delivered.is_reviewable() {
        let report = gates_alone(context, &target, &inputs)?;
        return Ok(nothing_to_review(target, report));
    }
    if inputs.reviewers().is_none() {
        return not_reviewed(context, target, &inputs, inputs.assignment.notes.clone());
    }
    for note in &inputs.assignment.notes {
        context.notify(Progress::Assignment(note.clone()));
    }
    if let (true, Some(reviewers)) = (request.fresh, inputs.reviewers()) {
        listing::ask_anyway(context, &[&reviewers.reviewer, &reviewers.arbiter])?;
    }
    let (tell, started) = (inputs.policy().review.tell, now(context.env));
    let driver = RunDriver { context, agent_env, work_tree };
    loop {
        let receipt = subject.receipt()?;
        receipt.iter().try_for_each(|found| subject.take_over(found))?;
        let earlier = subject.earlier()?;
        if request.takes_receipts() && subject.is_answered_by(&earlier, receipt.as_ref())? {
            if let Some(found) = &receipt {
                cleanup::note_closed(context.repo, &found.receipt.run)?;
            }
            note_answer(context.repo, request);
            let answered = subject.answered(&earlier, receipt, started)?;
            let gates = gates_alone(context, &target, &inputs)?;
            let answer = finish::of_earlier(context, &inputs, &target, answered, gates)?;
            return Ok(finish::beside_unreadable(ReviewResult { tell, ..answer }, &earlier));
        }
        if let Some(why) = subject.refusal(&earlier)? {
            return not_reviewed(context, target, &inputs, vec![why]);
        }
        let files = if request.fresh { ReviewedFiles::All } else { subject.to_review(&earlier)? };
        let known = earlier.loop_inputs(&target.change, files).asked(request.fresh);
        let question = inputs.question(&target, known.first.paths.as_deref());
        let question = question.context("the route has no reviewer")?;
        let asked = Asked {
            inputs: &inputs,
            target: &target,
            request,
            question: &question,
            known: &known,
            is_answered: &|| subject.is_answered_now(),
        };
        if let Some((folder, run)) = driver.claim(&asked)? {
            let reviewed = driver.perform(&inputs, &folder, run, target.paths(), ahead.take())?;
            note_answer(context.repo, request);
            let unreadable = EarlierReviews::unreadable_in(context, &target.change, &delivered)?;
            return Ok(finish::beside_unreadable(ReviewResult { tell, ..reviewed }, &unreadable));
        }
    }
}

/// Clears the note that the review of a commit failed.
fn note_answer(repo: &Repo, request: &ReviewRequest) {
    if let ReviewRange::Commit(commit) = &request.range
        && let Err(error) = review_queue::forget_failures(&repo.state_dir(), commit)
    {
        tracing::warn!("{error:#}");
    }
}

/// Continues a stopped run; reports the outcome of one that has ended.
pub fn resume(context: Context<'_>, id: &str) -> Result<ReviewResult> {
    let state_dir = context.repo.state_dir();
    let id = runs::resolve(&state_dir, id)?;
    let folder = claim::resume(context, &id)?;
    let mut run = load(context, &id)?;
    let own = written::repo_of(context.repo, &id)?;
    let context = Context { repo: own.as_ref().unwrap_or(context.repo), ..context };
    if let Stage::Ended(_) = run.review_loop().stage {
        // Its objects may be gone, and nothing is asked any more.
        let (_, reviewed) = look_at(context, &id)?;
        return reviewed.context("a run that ended has no end");
    }
    let home = roles::agents_home(context.repo);
    let agent_env = roles::agent_env(context.repo, context.env, &home);
    let target = target::of_run(context.repo, &run)?;
    let inputs =
        ReviewInputs::gather(context, &target, SpecSource::Run(run.about.spec.clone()), agent_env)?;
    let mut inputs = inputs.look_at_agents(agent_env);
    inputs.note.clone_from(&run.about.note);
    for note in &inputs.assignment.notes {
        context.notify(Progress::Assignment(note.clone()));
    }
    // An answer must not be half by one reviewer and half by another.
    let question = inputs.question(&target, run.review_loop().first.paths.as_deref());
    if question.is_some_and(|question| question == run.about.question) {
        run = run.resumed();
    } else if !matches!(run.review_loop().stage, Stage::Closing(_) | Stage::Ended(_)) {
        return Err(hinted(
            format!(
                "the agents, the settings or this program changed since the run `{}` was stopped",
                short_id(&id)
            ),
            "change them back, or ask again with `tribunal review`",
        ));
    }
    let what = run.about.title.clone();
    context.notify(Progress::RunContinued { run: id, what });
    let driver = RunDriver { context, agent_env, work_tree: None };
    driver.perform(&inputs, &folder, run, target.paths(), None)
}

/// Reviews what the run of a spec built, or goes on with that review after a stop; of one that has ended it
/// tells what it came to. The change is from `base` to `commit`, in the repository of the spec's run.
pub fn review_task(
    context: Context<'_>,
    task: &TaskReviewRequest,
    base: &Oid,
    commit: &Oid,
) -> Result<ReviewResult> {
    if runs::load(&context.repo.state_dir(), &task.id)?.is_some() {
        return resume(context, &task.id);
    }
    let request = ReviewRequest {
        range: ReviewRange::Beyond { bases: vec![base.clone()], to: commit.clone() },
        spec: None,
        fix: task.fix,
        chosen: Vec::new(),
        // What was answered before was answered to somebody else.
        fresh: !task.fix,
        note: String::new(),
        of_task: Some(task.clone()),
    };
    review(context, &request, None)
}

/// A run with what it came to, or how far a paused one came: `None` where it has not come so far.
/// Nothing is changed.
pub fn look_at(context: Context<'_>, id: &str) -> Result<(Run, Option<ReviewResult>)> {
    let run = load(context, &runs::resolve(&context.repo.state_dir(), id)?)?;
    let own = written::repo_of(context.repo, &run.id)?;
    let context = Context { repo: own.as_ref().unwrap_or(context.repo), ..context };
    let Some(end) = run.review_loop().end().cloned() else { return Ok((run, None)) };
    // Of an old run the objects may be gone, and with them the list of its files.
    let target = target::of_run(context.repo, &run);
    let paths = target.map_or_else(|_| known_paths(&run), |target| target.paths());
    let branch = attempt::published_branch(context.repo, &run.id)?;
    let mut reviewed = finish::describe(context, &run, end, (paths, branch), None)?;
    bring_up_to_date(context, &run, &mut reviewed)?;
    Ok((run, Some(reviewed)))
}

/// The repository with what a review has of a work tree; `None` where it has nothing of one.
pub fn with_work_tree_of(repo: &Repo, id: &str) -> Result<Option<Repo>> {
    written::repo_of(repo, id)
}

/// Brings what a run came to up to date: what was answered since, or is gone, stops nothing, and what was
/// not committed may be by now.
fn bring_up_to_date(context: Context<'_>, run: &Run, reviewed: &mut ReviewResult) -> Result<()> {
    for closed in reviewed.report.findings.iter_mut().filter(|found| !found.is_open()) {
        closed.finding.effect = Effect::Shadow;
    }
    if let ReviewEnding::Reviewed(details) = &mut reviewed.ending {
        details.now = written::now_of(context.repo, run)?;
        let open = reviewed.report.findings.iter().filter(|found| found.is_open());
        let open: BTreeSet<&str> = open.filter_map(|found| found.id.as_deref()).collect();
        details.story.open.retain(|id, _| open.contains(id.as_str()));
    }
    Ok(())
}

/// The files of a run's change that its record names.
fn known_paths(run: &Run) -> Vec<String> {
    let (delivered, unscanned) = (&run.record().delivered, &run.record().unscanned);
    let named = delivered.iter().chain(unscanned).map(|(path, _)| path.clone());
    named.collect::<BTreeSet<_>>().into_iter().collect()
}

fn load(context: Context<'_>, id: &str) -> Result<Run> {
    // It may have been removed since it was listed.
    runs::load(&context.repo.state_dir(), id)?
        .ok_or_else(|| hinted(format!("there is no run `{id}`"), "`tribunal runs` lists them"))
}

/// Reviews a commit of the queue, and keeps what the person is to be told of it.
pub fn in_background(context: Context<'_>, commit: &Oid) -> Result<Ended> {
    let request = ReviewRequest {
        range: ReviewRange::Commit(commit.clone()),
        spec: None,
        fix: false,
        chosen: Vec::new(),
        fresh: false,
        note: String::new(),
        of_task: None,
    };
    let reviewed = review(Context { notices: &notice::log, ..context }, &request, None)?;
    tracing::info!("{}", review_result::last_line(&reviewed).plain());
    if let Some(line) = review_findings::line_to_tell(&reviewed) {
        told::keep(context, &line);
    }
    Ok(match (&reviewed.ending, reviewed.report.verdict) {
        (ReviewEnding::Reviewed(details), Verdict::Inconclusive) => {
            Ended::Unanswered(review_result::reason(&details.decision))
        }
        (ReviewEnding::NotReviewed { why }, Verdict::Inconclusive) => {
            Ended::Unanswered(why.join("; "))
        }
        _ => Ended::Answered,
    })
}

/// The commands of a spec's file, under the policy that holds for the next commit.
pub fn commands_of_spec(context: Context<'_>, path: &Path) -> Result<Vec<SpecCommand>> {
    let spec = belonging::parse_spec(&named_spec::copy_spec(context, path)?)?;
    let effective = policy::policy_of_head(context)?;
    Ok(spec_commands::commands_of(&spec, &effective.policy))
}

fn nothing_to_review(target: ReviewTarget, report: Report) -> ReviewResult {
    ReviewResult {
        paths: target.paths(),
        title: target.title,
        report,
        ending: ReviewEnding::Nothing,
        tell: Severity::Low,
    }
}

/// Runs the gates that start no program, for a change that no model reviews.
fn gates_alone(
    context: Context<'_>,
    target: &ReviewTarget,
    inputs: &ReviewInputs,
) -> Result<Report> {
    let started = Instant::now();
    let change = &target.change;
    let evaluation = run_gates(context.repo, change, &inputs.effective)?;
    let mut kept = recording::record_findings(context, change, evaluation.findings);
    kept.skipped.splice(0..0, evaluation.skipped);
    Ok(build_report(kept.findings, kept.skipped, started))
}

/// The outcome where no model reviews: no pass, unless the policy sets route `C`.
fn not_reviewed(
    context: Context<'_>,
    target: ReviewTarget,
    inputs: &ReviewInputs,
    why: Vec<String>,
) -> Result<ReviewResult> {
    let mut report = gates_alone(context, &target, inputs)?;
    let asked_for = inputs.policy().agents.route == RouteChoice::C;
    if report.verdict == Verdict::Pass && !asked_for {
        report.verdict = Verdict::Inconclusive;
    }
    Ok(ReviewResult {
        paths: target.paths(),
        title: target.title,
        report,
        ending: ReviewEnding::NotReviewed { why },
        tell: Severity::Low,
    })
}
