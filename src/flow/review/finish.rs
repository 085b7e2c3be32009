//! Closes an ended run: reports its findings, stores the receipt of a complete review, and computes
//! the verdict.

use anyhow::Result;
use jiff::Timestamp;

use crate::domain::model::agent::{Cost, Money, Role, Spent};
use crate::domain::model::finding::Effect;
use crate::domain::model::report::{Report, Reported, Skipped, Verdict};
use crate::domain::pipeline::run::{Attempt, RunEnd, RunKind, Stage};
use crate::domain::review::arbiter_decision::ArbiterVerdict;
use crate::domain::review::converge::blocking;
use crate::domain::review::decide::{Decision, EscalationDetail};
use crate::flow::evaluate::recording;
use crate::flow::evaluate::report::build_report;
use crate::flow::review::finding;
use crate::flow::review::outcome::{ReviewDetails, ReviewEnding, ReviewResult};
use crate::flow::review::receipt;
use crate::flow::review::receipt::{FoundReceipt, ReviewReceipt};
use crate::flow::review::run_record::{Names, RunRecord};
use crate::flow::review::session::ReviewSession;
use crate::flow::review::target::ReviewTarget;
use crate::flow::workspace::attempt;
use crate::platform::config::env::{Env, now};
use crate::platform::git::repo::Repo;
use crate::platform::store::ledger;
use crate::platform::store::ledger::Ledger;
use crate::platform::store::ledger::call::Call;
use crate::platform::store::ledger::error::Error as LedgerError;
use crate::platform::ui::review_report::Offer;

/// Closes a run that has ended. Idempotent.
pub fn close(
    repo: &Repo,
    env: &Env,
    record: &RunRecord,
    paths: Vec<String>,
    started: Timestamp,
) -> Result<ReviewResult> {
    let Stage::Ended(RunEnd { decision, best }) = record.run.stage.clone() else {
        anyhow::bail!("the run `{}` has not ended", record.run.id);
    };
    let calls = calls(repo, env, &record.run.id)?;
    let spent = spent(&calls);
    let names = names(record, &calls);
    let stopping: Vec<String> = blocking(&record.run.findings, best)
        .into_iter()
        .filter_map(|standing| record.kept.get(&standing.raised.id).cloned())
        .collect();
    let mut skipped = record.skipped.clone();
    let mut findings = record.gated.clone();
    findings.extend(reported(repo, env, record, best, &stopping, &decision)?);
    let offer = offer(repo, record, best)?;
    let mut kept = None;
    if record.run.kind == RunKind::Review && has_receipt(record, &decision) {
        let receipt = receipt_of(record, &decision, best, &names, stopping, spent, now(env));
        let (id, aside) = keep(repo, env, &receipt)?;
        skipped.extend(aside);
        kept = id;
    }
    let report = report(verdict(&decision), findings, skipped, started, now(env));
    let details = ReviewDetails {
        run: record.run.id.clone(),
        route: record.run.route,
        reviewer: names.reviewer,
        arbiter: names.arbiter,
        decision,
        criteria: record.run.criteria.clone(),
        unscanned: record.unscanned.clone(),
        unanchored: record.unanchored,
        spent,
        receipt: kept,
        from_receipt: false,
        offer,
    };
    Ok(ReviewResult {
        title: record.title.clone(),
        paths,
        report,
        ending: ReviewEnding::Reviewed(Box::new(details)),
    })
}

/// Builds the receipt of a run.
fn receipt_of(
    record: &RunRecord,
    decision: &Decision,
    best: usize,
    names: &Names,
    blocking: Vec<String>,
    spent: Spent,
    time: Timestamp,
) -> ReviewReceipt {
    ReviewReceipt {
        version: ReviewReceipt::version(),
        question: record.question.clone(),
        tree: record.run.attempts[best].tree.clone(),
        base: record.run.base.clone(),
        run: record.run.id.clone(),
        route: record.run.route,
        independent: record.run.route.is_independent(),
        reviewer: names.reviewer.clone(),
        arbiter: names.arbiter.clone(),
        decision: decision.clone(),
        criteria: record.run.criteria.clone(),
        findings: record.kept.values().cloned().collect(),
        blocking,
        unscanned: record.unscanned.clone(),
        delivered: record.delivered.clone(),
        answers: record.answers.clone(),
        cost: Cost { money: (spent.unknown == 0).then_some(spent.money), ..Cost::default() },
        time,
        tribunal: env!("CARGO_PKG_VERSION").to_owned(),
    }
}

/// Stores a receipt, unless a newer one exists; returns its id where it is the newest.
fn keep(
    repo: &Repo,
    env: &Env,
    receipt: &ReviewReceipt,
) -> Result<(Option<String>, Option<Skipped>)> {
    // After a kill the question may have been asked afresh: the ids of runs sort by age.
    match receipt::find(repo, env, &receipt.question)? {
        Some(known) if known.receipt.run >= receipt.run => {
            Ok(((known.receipt.run == receipt.run).then_some(known.id), None))
        }
        _ => {
            let (id, aside) = receipt::keep(repo, receipt)?;
            Ok((Some(id), aside))
        }
    }
}

/// Builds the outcome of an earlier review of the same question.
pub fn of_receipt(
    target: &ReviewTarget,
    found: &FoundReceipt,
    gates: Report,
    started: Timestamp,
    now: Timestamp,
) -> ReviewResult {
    let receipt = &found.receipt;
    let verdict = match found.verdict() {
        Verdict::Pass => gates.verdict,
        verdict => verdict,
    };
    let mut findings = gates.findings;
    for kept in &found.findings {
        let mut finding = kept.finding.clone();
        finding.effect = match kept.status.is_answered() {
            true => Effect::Shadow,
            false if receipt.blocking.contains(&kept.id) => Effect::Block,
            false => Effect::Warn,
        };
        let status = kept.status.as_str().to_owned();
        findings.push(Reported { id: kept.id.clone(), status, finding });
    }
    let details = ReviewDetails {
        run: receipt.run.clone(),
        route: receipt.route,
        reviewer: receipt.reviewer.clone(),
        arbiter: receipt.arbiter.clone(),
        decision: receipt.decision.clone(),
        criteria: receipt.criteria.clone(),
        unscanned: receipt.unscanned.clone(),
        unanchored: 0,
        spent: Spent::default(),
        receipt: Some(found.id.clone()),
        from_receipt: true,
        offer: None,
    };
    let report = report(verdict, findings, gates.skipped, started, now);
    ReviewResult {
        title: target.title.clone(),
        paths: target.paths(),
        report,
        ending: ReviewEnding::Reviewed(Box::new(details)),
    }
}

/// The verdict of a decision.
fn verdict(decision: &Decision) -> Verdict {
    match decision {
        Decision::Submit => Verdict::Pass,
        Decision::Fix(_) => Verdict::Block,
        Decision::Escalate(_) => Verdict::Escalate,
        Decision::Inconclusive(_) => Verdict::Inconclusive,
    }
}

/// Whether the answer holds for later reviews of the same question: not where a gate, a budget or a
/// failed call decided.
fn has_receipt(record: &RunRecord, decision: &Decision) -> bool {
    let reviewed = record.run.attempts.last().is_some_and(Attempt::is_reviewed);
    let lasts = match decision {
        Decision::Submit | Decision::Fix(_) => true,
        Decision::Escalate(why) => {
            !matches!(why, EscalationDetail::Budget(_) | EscalationDetail::Gate(_))
        }
        Decision::Inconclusive(_) => false,
    };
    reviewed && lasts
}

/// The run's open findings: those that the decision rests on block the change.
fn reported(
    repo: &Repo,
    env: &Env,
    record: &RunRecord,
    best: usize,
    stopping: &[String],
    decision: &Decision,
) -> Result<Vec<Reported>> {
    let state_dir = repo.state_dir();
    let ledger = ledger::exists(&state_dir).then(|| Ledger::open(&state_dir)).transpose();
    let ledger = ledger.map_err(LedgerError::hinted)?;
    let stops = matches!(decision, Decision::Fix(_) | Decision::Escalate(_));
    let mut all = Vec::new();
    for standing in &record.run.findings {
        let gone = standing.resolved_in.is_some_and(|resolved| resolved <= best);
        let word = standing.decision.as_ref().map(|ruling| ruling.verdict);
        if gone
            || matches!(
                word,
                Some(
                    ArbiterVerdict::Refuted
                        | ArbiterVerdict::OutOfScope
                        | ArbiterVerdict::Duplicate
                )
            )
        {
            continue;
        }
        let kept = record.kept.get(&standing.raised.id);
        let effect = match kept {
            Some(id) if stops && stopping.contains(id) => Effect::Block,
            _ => Effect::Warn,
        };
        let finding = finding::to_ledger(standing, standing.decision.as_ref(), effect);
        let known = match (&ledger, kept) {
            (Some(ledger), Some(id)) => ledger.get(id, now(env)).map_err(LedgerError::hinted)?,
            _ => None,
        };
        all.push(match known {
            Some(known) => {
                Reported { id: known.id, status: known.status.as_str().to_owned(), finding }
            }
            None => recording::unrecorded(finding),
        });
    }
    Ok(all)
}

fn offer(repo: &Repo, record: &RunRecord, best: usize) -> Result<Option<Offer>> {
    if record.run.kind != RunKind::Fix {
        return Ok(None);
    }
    let branch = if record.closed {
        // The branch belongs to the person by now: it may be moved, merged or gone.
        attempt::published_branch(repo, &record.run.id)?
    } else {
        ReviewSession::publish_best(repo, record, best)?
    };
    let base = record.run.attempts.first().and_then(|attempt| attempt.commit.as_ref());
    Ok(branch.zip(base).map(|(branch, base)| Offer {
        branch,
        base: base.short().to_owned(),
        fixes: best,
    }))
}

fn report(
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

fn calls(repo: &Repo, env: &Env, run: &str) -> Result<Vec<Call>> {
    let done = ledger::with(&repo.state_dir(), now(env), |ledger| ledger.calls_of(run));
    Ok(done.map_err(LedgerError::hinted)?.value)
}

/// The total cost of the calls of a run.
fn spent(calls: &[Call]) -> Spent {
    Spent {
        calls: calls.len(),
        money: calls.iter().filter_map(|call| call.cost.money).sum::<Money>(),
        unknown: calls.iter().filter(|call| call.cost.money.is_none()).count(),
    }
}

/// The names of reviewer and arbiter from the run record; of a run of an older version from its calls.
/// The settings are not read: they may have changed since.
fn names(record: &RunRecord, calls: &[Call]) -> Names {
    let known = |known: &String, role: Role| {
        let mut answered = calls.iter().filter(|call| call.role == role && call.is_answered());
        match answered.next_back() {
            Some(call) if known.is_empty() && call.model.is_empty() => call.agent.clone(),
            Some(call) if known.is_empty() => format!("{} ({})", call.agent, call.model),
            _ => known.clone(),
        }
    };
    Names {
        reviewer: known(&record.names.reviewer, Role::Reviewer),
        arbiter: known(&record.names.arbiter, Role::Arbiter),
    }
}
