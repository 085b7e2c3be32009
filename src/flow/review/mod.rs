//! Reviews a change: models find and arbitrate, code decides the verdict.

mod arbitration;
pub mod background;
mod claim;
pub mod cleanup;
mod delivery;
pub mod finding;
pub mod finish;
pub mod fix;
mod fix_prompt;
pub mod gate;
pub mod inputs;
mod limits;
pub mod outcome;
pub mod push;
pub mod receipt;
pub mod report;
mod request;
pub mod reviewer;
pub mod run_record;
pub mod session;
pub mod target;
mod texts;

use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Instant;

use anyhow::{Context as _, Result, anyhow};
use ulid::Ulid;

use crate::domain::model::agent::Role;
use crate::domain::model::error::hinted;
use crate::domain::model::oid::Oid;
use crate::domain::model::report::{Report, Verdict};
use crate::domain::pipeline::run::{Run, RunKind, RunStart, Stage};
use crate::domain::policy::agents::RouteChoice;
use crate::domain::spec::types;
use crate::flow::call::cleanup::end_surviving_agents;
use crate::flow::call::client::AgentClient;
use crate::flow::call::roles;
use crate::flow::evaluate::gates::run_gates;
use crate::flow::evaluate::recording;
use crate::flow::evaluate::report::build_report;
use crate::flow::review::claim::ExistingRun;
use crate::flow::review::inputs::ReviewInputs;
use crate::flow::review::outcome::{ReviewEnding, ReviewResult};
use crate::flow::review::run_record::{Names, RunRecord};
use crate::flow::review::session::ReviewSession;
use crate::flow::review::target::{ReviewRange, ReviewTarget};
use crate::flow::workspace::{attempt, reading_copy};
use crate::platform::agents::env::Around;
use crate::platform::config::env::{Env, now};
use crate::platform::git::repo::Repo;
use crate::platform::process::Interrupts;
use crate::platform::store::backlog;
use crate::platform::store::runs;
use crate::platform::store::runs::RunFolder;
use crate::platform::ui::report::printable;

/// The request for a review.
#[derive(Clone, Debug)]
pub struct ReviewRequest {
    pub range: ReviewRange,
    /// The file that says what the change must do.
    pub spec: Option<PathBuf>,
    /// Fix the findings.
    pub fix: bool,
    /// Ask again, also where the same question was answered before.
    pub fresh: bool,
}

impl ReviewRequest {
    /// Whether a stored receipt may answer.
    fn takes_receipts(&self) -> bool {
        !self.fresh && !self.fix
    }
}

/// Reviews a change, or continues a stopped review of it. `tell` gets lines of progress.
pub fn review(
    repo: &Repo,
    env: &Env,
    flags: &[String],
    request: &ReviewRequest,
    tell: &(dyn Fn(&str) + Sync),
) -> Result<ReviewResult> {
    let target = target::resolve(repo, &request.range)?;
    let spec = request.spec.as_deref().map(inputs::copy_spec).transpose()?;
    let home = roles::agents_home(repo);
    let around = roles::around(repo, env, &home);
    let inputs = ReviewInputs::gather(repo, env, flags, &target, spec, around)?;
    if !delivery::is_reviewable(repo, &inputs, &target.change)? {
        let report = gates_alone(repo, env, &target, &inputs)?;
        return Ok(nothing_to_review(target, report));
    }
    let Some(question) = inputs.question(&target) else {
        return not_reviewed(repo, env, target, &inputs);
    };
    for note in &inputs.assignment.notes {
        tell(note);
    }
    let started = now(env);
    let context = RunContext { repo, env, around, tell };
    loop {
        if request.takes_receipts()
            && let Some(found) = receipt::find(repo, env, &question)?
        {
            cleanup::note_closed(repo, &found.receipt.run)?;
            note_answer(repo, request);
            let gates = gates_alone(repo, env, &target, &inputs)?;
            return Ok(finish::of_receipt(&target, &found, gates, started, now(env)));
        }
        if let Some((folder, record)) = context.claim(&inputs, &target, &question, request)? {
            let reviewed = context.perform(&inputs, &folder, record, target.paths())?;
            note_answer(repo, request);
            return Ok(reviewed);
        }
    }
}

/// Clears the note that the review of a commit failed.
fn note_answer(repo: &Repo, request: &ReviewRequest) {
    if let ReviewRange::Commit(commit) = &request.range
        && let Err(error) = backlog::answered(&repo.state_dir(), commit)
    {
        tracing::warn!("{error:#}");
    }
}

/// Continues a stopped run; reports the outcome of one that has ended.
pub fn resume(
    repo: &Repo,
    env: &Env,
    flags: &[String],
    id: &str,
    tell: &(dyn Fn(&str) + Sync),
) -> Result<ReviewResult> {
    let state_dir = repo.state_dir();
    let unknown =
        || hinted(format!("there is no run `{}`", printable(id)), "`tribunal runs` lists them");
    // A branch has the name in lower case.
    let known = runs::list(&state_dir)?.into_iter().find(|known| known.eq_ignore_ascii_case(id));
    let id = known.ok_or_else(unknown)?;
    let folder = claim::resume(&state_dir, &id, tell)?;
    let mut record: RunRecord = runs::load(&state_dir, &id)?.ok_or_else(unknown)?;
    let home = roles::agents_home(repo);
    let around = roles::around(repo, env, &home);
    let target = record.target(repo)?;
    let inputs = ReviewInputs::gather(repo, env, flags, &target, record.spec.clone(), around)?;
    for note in &inputs.assignment.notes {
        tell(note);
    }
    // An answer must not be half by one reviewer and half by another.
    let is_same = inputs.question(&target).is_some_and(|question| question == record.question);
    if is_same {
        record = record.continued().unwrap_or(record);
    } else if !matches!(record.run.stage, Stage::Ended(_)) {
        return Err(hinted(
            format!("the agents, the settings or this program changed since `{id}` was stopped"),
            "change them back, or ask anew with `tribunal review`",
        ));
    }
    let context = RunContext { repo, env, around, tell };
    context.perform(&inputs, &folder, record, target.paths())
}

/// Reviews a commit of the queue. An error is the reason why there is no answer.
pub fn in_background(repo: &Repo, env: &Env, flags: &[String], commit: &Oid) -> Result<()> {
    let request = ReviewRequest {
        range: ReviewRange::Commit(commit.clone()),
        spec: None,
        fix: false,
        fresh: false,
    };
    let tell = |line: &str| tracing::info!("{line}");
    let reviewed = review(repo, env, flags, &request, &tell)?;
    tracing::info!("{}", reviewed.last_line());
    match (&reviewed.ending, reviewed.report.verdict) {
        (ReviewEnding::Reviewed(details), Verdict::Inconclusive) => {
            Err(anyhow!(outcome::reason(&details.decision)))
        }
        (ReviewEnding::NotReviewed { why }, _) => Err(anyhow!(why.join("; "))),
        _ => Ok(()),
    }
}

fn nothing_to_review(target: ReviewTarget, report: Report) -> ReviewResult {
    ReviewResult {
        paths: target.paths(),
        title: target.title,
        report,
        ending: ReviewEnding::Nothing,
    }
}

/// Runs the gates that start no program, for a change that no model reviews.
fn gates_alone(
    repo: &Repo,
    env: &Env,
    target: &ReviewTarget,
    inputs: &ReviewInputs,
) -> Result<Report> {
    let started = Instant::now();
    let change = &target.change;
    let judgement = run_gates(repo, change, &inputs.effective)?;
    let mut kept = recording::record_findings(repo, env, change, judgement.findings);
    kept.skipped.splice(0..0, judgement.skipped);
    Ok(build_report(kept.findings, kept.skipped, started))
}

/// The outcome where no model reviews: no pass, unless the policy sets route `C`.
fn not_reviewed(
    repo: &Repo,
    env: &Env,
    target: ReviewTarget,
    inputs: &ReviewInputs,
) -> Result<ReviewResult> {
    let mut report = gates_alone(repo, env, &target, inputs)?;
    let asked_for = inputs.policy().agents.route == RouteChoice::C;
    if report.verdict == Verdict::Pass && !asked_for {
        report.verdict = Verdict::Inconclusive;
    }
    Ok(ReviewResult {
        paths: target.paths(),
        title: target.title,
        report,
        ending: ReviewEnding::NotReviewed { why: inputs.assignment.notes.clone() },
    })
}

struct RunContext<'a> {
    repo: &'a Repo,
    env: &'a Env,
    around: Around<'a>,
    tell: &'a (dyn Fn(&str) + Sync),
}

impl RunContext<'_> {
    /// Continues the stopped run of the question, waits for one that another process works on, or begins
    /// one. `None` where a receipt was stored meanwhile.
    fn claim(
        &self,
        inputs: &ReviewInputs,
        target: &ReviewTarget,
        question: &str,
        request: &ReviewRequest,
    ) -> Result<Option<(RunFolder, RunRecord)>> {
        let state_dir = self.repo.state_dir();
        let kind = if request.fix { RunKind::Fix } else { RunKind::Review };
        loop {
            let lock = claim::lock_new_runs(&state_dir)?;
            if request.takes_receipts() && receipt::find(self.repo, self.env, question)?.is_some() {
                return Ok(None);
            }
            match claim::find_run(&state_dir, question, kind, request.fresh)? {
                ExistingRun::Nothing => {
                    return self.begin(inputs, target, question.to_owned(), kind).map(Some);
                }
                ExistingRun::Stopped(folder, record) => {
                    (self.tell)(&format!("going on with the run {}", record.run.id));
                    return Ok(Some((folder, *record)));
                }
                ExistingRun::Running(id) => {
                    drop(lock);
                    let longest = inputs.policy().agents.wait;
                    if let Some(found) = claim::await_run(&state_dir, &id, longest, self.tell)? {
                        return Ok(Some(found));
                    }
                }
            }
        }
    }

    fn begin(
        &self,
        inputs: &ReviewInputs,
        target: &ReviewTarget,
        question: String,
        kind: RunKind,
    ) -> Result<(RunFolder, RunRecord)> {
        // Each new run cleans up after killed ones.
        cleanup::clean_up(self.repo, self.env)?;
        let id = Ulid::generate().to_string();
        let folder = RunFolder::create(&self.repo.state_dir(), &id)?;
        let change = &target.change;
        let head = match (&change.commit, kind) {
            // Fixes need a parent commit: one of the program's own where the person made none.
            (None, RunKind::Fix) => {
                let message = "wip: what was staged when the review began\n";
                let parent = target.parent.as_ref();
                Some(attempt::save(self.repo, &id, 0, &change.tree, parent, message)?)
            }
            (commit, _) => commit.clone(),
        };
        let begin = RunStart {
            id,
            kind,
            route: inputs.assignment.route,
            base: change.base_tree.clone(),
            head,
            tree: change.tree.clone(),
            size: limits::size(inputs, target),
            started: now(self.env),
        };
        let criteria = inputs.parsed_spec.iter().flat_map(types::Spec::all_criteria);
        let run = Run::new(begin, criteria.map(|criterion| criterion.id.clone()));
        let record = RunRecord {
            version: run_record::VERSION,
            run,
            question,
            title: target.title.clone(),
            change_key: change.key.clone(),
            spec: inputs.spec.clone(),
            seed: blake3::hash(Ulid::generate().to_string().as_bytes()).to_hex().to_string(),
            gated: Vec::new(),
            skipped: Vec::new(),
            unscanned: Vec::new(),
            delivered: Vec::new(),
            unanchored: 0,
            kept: std::collections::BTreeMap::new(),
            names: Names {
                reviewer: inputs
                    .reviewers()
                    .map_or_else(String::new, |reviewers| reviewers.reviewer.label()),
                arbiter: String::new(),
            },
            answers: Vec::new(),
            closed: false,
        };
        folder.save(&record)?;
        Ok((folder, record))
    }

    fn perform(
        &self,
        inputs: &ReviewInputs,
        folder: &RunFolder,
        record: RunRecord,
        paths: Vec<String>,
    ) -> Result<ReviewResult> {
        end_surviving_agents(folder.path())?;
        let interrupts = Interrupts::listen().context("could not listen for signals")?;
        let policy = inputs.policy();
        let executor = match record.run.kind {
            RunKind::Review => None,
            RunKind::Fix => Some(
                roles::find_agent(policy, Role::Executor, self.around)
                    .map_err(|missing| hinted(missing.message, missing.hint))?,
            ),
        };
        let started = record.run.started;
        let session = ReviewSession {
            repo: self.repo,
            env: self.env,
            inputs,
            client: AgentClient {
                env: self.env,
                policy,
                around: self.around,
                state_dir: self.repo.state_dir(),
                run: record.run.id.clone(),
                folder: folder.path().to_owned(),
                interrupts,
                ledger: Mutex::default(),
                tell: self.tell,
            },
            executor,
            limits: limits::limits(inputs, &record.target(self.repo)?)?,
            interrupts,
            folder,
            copied_tree: None,
            uncopied: Vec::new(),
            record,
        };
        let mut record = session.perform()?;
        reading_copy::remove(&reading_copy::folder(self.repo, &record.run.id));
        let reviewed = finish::close(self.repo, self.env, &record, paths, started)?;
        if !record.closed {
            record.closed = true;
            folder.save(&record)?;
        }
        Ok(reviewed)
    }
}
