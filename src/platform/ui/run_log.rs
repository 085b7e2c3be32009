//! Tells how a run went, for people and for programs.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::domain::model::agent::{Money, Spent};
use crate::domain::model::terminal::{cut, printable};
use crate::domain::model::text::{counted, short_id};
use crate::domain::pipeline::run_log::{
    JobCame, LoggedCall, LoggedDiff, LoggedJob, LoggedReview, NOT_KEPT, RunLog,
};
use crate::domain::review::tracked::TrackedFinding;
use crate::platform::ui::review_result::finding_json;
use crate::platform::ui::time::local;

/// How far what is within something stands behind it.
const INDENT: usize = 2;

/// The lines for people, one a job; with `is_full` its details below it. Lines without details are no wider than
/// `width`, where that is known.
pub fn lines(log: &RunLog, is_full: bool, width: Option<usize>) -> Vec<String> {
    let mut lines = vec![format!(
        "{} {}: {} ({}), began {}",
        log.kind,
        short_id(&log.run),
        printable(&log.title),
        standing(log),
        local(log.began),
    )];
    add_jobs(&mut lines, log, is_full, 0);
    let spent = spent(log);
    lines.push(format!("{}, {spent}", counted(log.jobs.len(), "job")));
    if let (Some(width), false) = (width, is_full) {
        lines = lines.iter().map(|line| cut(line, width)).collect();
    }
    lines
}

/// How a run stands, and what it is at.
fn standing(log: &RunLog) -> String {
    match log.standing {
        "under way" | "stopped" => format!("{}: {}", log.standing, log.stage),
        standing => standing.to_owned(),
    }
}

fn add_jobs(lines: &mut Vec<String>, log: &RunLog, is_full: bool, depth: usize) {
    let pad = " ".repeat(depth * INDENT);
    for job in &log.jobs {
        lines.push(format!("{pad}{}", job_line(job)));
        if is_full {
            add_details(lines, log, job, &" ".repeat((depth + 1) * INDENT));
        }
        match &job.review {
            Some(LoggedReview::Kept(review)) => add_jobs(lines, review, is_full, depth + 1),
            Some(LoggedReview::Gone(id)) => {
                let id = short_id(id);
                lines.push(format!("{pad}  review {id}: {NOT_KEPT}: its run was removed"));
            }
            None => {}
        }
    }
    for call in &log.other_calls {
        lines.push(format!("{pad}{} another call: {}", local(call.began), call_words(call)));
    }
}

/// `2026-01-01 10:00:00  task 1: writing code, 12 s, executor codex (gpt-5.5), 1200 tokens, $0.01: 2 files`
fn job_line(job: &LoggedJob) -> String {
    let at = job.began.or(job.ended).map(local).unwrap_or_default();
    let run = match &job.review {
        Some(LoggedReview::Kept(review)) => format!(", run {}", short_id(&review.run)),
        Some(LoggedReview::Gone(_)) | None => String::new(),
    };
    let took = match seconds(job.began, job.ended) {
        Some(seconds) => format!(", {seconds} s"),
        None => String::new(),
    };
    let calls: Vec<String> = job.calls.iter().map(call_words).collect();
    let calls = if calls.is_empty() { String::new() } else { format!(", {}", calls.join(", ")) };
    let came = match (job.came, job.said.first()) {
        (JobCame::Done, Some(said)) => said.clone(),
        (came, None) => came.as_str().to_owned(),
        (came, Some(said)) => format!("{}: {said}", came.as_str()),
    };
    let came = printable(&came.replace('\n', " "));
    format!("{at}  {}{run}{took}{calls}: {came}", printable(&job.place.in_words()))
}

/// `executor codex (gpt-5.5), 1200 tokens, $0.01`, and what came of a call that was not answered.
fn call_words(call: &LoggedCall) -> String {
    let model = if call.model.is_empty() { String::new() } else { format!(" ({})", call.model) };
    let tokens = call.cost.tokens;
    let tokens = match (tokens.input, tokens.output) {
        (None, None) => "tokens unknown".to_owned(),
        (input, output) => counted(input.unwrap_or(0) + output.unwrap_or(0), "token"),
    };
    let money = match call.cost.money {
        None => "cost unknown".to_owned(),
        Some(money) if call.is_estimate => format!("about {money}"),
        Some(money) => money.to_string(),
    };
    let outcome = match call.outcome.as_str() {
        "answered" => String::new(),
        other => format!(" ({other})"),
    };
    printable(&format!("{} {}{model}, {tokens}, {money}{outcome}", call.role, call.agent))
}

fn add_details(lines: &mut Vec<String>, log: &RunLog, job: &LoggedJob, pad: &str) {
    let mut add = |text: &str| {
        lines.extend(text.lines().map(|line| format!("{pad}{}", printable(line))));
    };
    for said in job.said.iter().skip(1) {
        add(said);
    }
    for call in &job.calls {
        match &call.reply {
            Some(reply) => add(&format!("reply of `{}`: {reply}", call.key)),
            None => add(&format!("reply of `{}`: {NOT_KEPT}", call.key)),
        }
    }
    let about = job.place.finding.as_deref();
    let finding = log.findings.iter().find(|one| Some(one.original.id.as_str()) == about);
    if let Some(finding) = finding {
        add(&finding_words(finding));
    }
    match &job.diff {
        Some(diff @ LoggedDiff::Kept { text, .. }) => {
            add(text);
            if diff.left_out() > 0 {
                add(&format!("… {}", counted(diff.left_out(), "more line")));
            }
        }
        Some(LoggedDiff::Gone(why)) => add(&format!("change: {NOT_KEPT}: {why}")),
        None => {}
    }
}

/// What a finding says, and what was decided about it.
fn finding_words(finding: &TrackedFinding) -> String {
    let original = &finding.original;
    let mut lines = vec![
        format!("{} {} in `{}`: {}", original.id, original.severity, original.path, original.title),
        original.failure.clone(),
    ];
    if let Some(decision) = &finding.decision {
        lines.push(format!("arbiter: {}: {}", decision.verdict.as_str(), decision.reason));
        if !decision.instruction.is_empty() {
            lines.push(format!("to do: {}", decision.instruction));
        }
        let quotes = decision.evidence.iter();
        lines.extend(quotes.map(|quote| format!("shown by `{}`: {}", quote.path, quote.text)));
    }
    lines.push(format!("now: {}", finding.outcome()));
    lines.join("\n")
}

/// What the calls of a run cost, those of its reviews included.
fn spent(log: &RunLog) -> Spent {
    let mut calls = Vec::new();
    add_calls(log, &mut calls);
    let money = |call: &&&LoggedCall| call.cost.money;
    let priced = calls.iter().filter(|call| call.is_estimate);
    Spent {
        calls: calls.len(),
        money: calls.iter().filter_map(|call| money(&call)).sum::<Money>(),
        estimated: priced.filter_map(|call| money(&call)).sum::<Money>(),
        unknown: calls.iter().filter(|call| call.cost.money.is_none()).count(),
    }
}

fn add_calls<'a>(log: &'a RunLog, calls: &mut Vec<&'a LoggedCall>) {
    calls.extend(log.jobs.iter().flat_map(|job| &job.calls).chain(&log.other_calls));
    for job in &log.jobs {
        if let Some(LoggedReview::Kept(review)) = &job.review {
            add_calls(review, calls);
        }
    }
}

fn seconds(began: Option<Timestamp>, ended: Option<Timestamp>) -> Option<i64> {
    Some(ended?.duration_since(began?).as_secs().max(0))
}

/// The same as data.
pub fn json(log: &RunLog) -> Value {
    let spent = spent(log);
    json!({
        "run": log.run,
        "kind": log.kind,
        "title": log.title,
        "started": log.began,
        "standing": log.standing,
        "stage": log.stage,
        "jobs": log.jobs.iter().map(job_json).collect::<Vec<_>>(),
        "other_calls": log.other_calls.iter().map(call_json).collect::<Vec<_>>(),
        "findings": log.findings.iter().map(|finding| {
            let mut json = finding_json(finding);
            json["round"] = json!(finding.since + 1);
            json
        }).collect::<Vec<_>>(),
        "cost": {
            "calls": spent.calls,
            "usd": spent.money.dollars(),
            "estimated_usd": spent.estimated.dollars(),
            "unknown": spent.unknown,
        },
    })
}

fn job_json(job: &LoggedJob) -> Value {
    let place = &job.place;
    json!({
        "name": job.name,
        "step": place.step.as_str(),
        "part": place.part,
        "task": place.task,
        "try": place.number,
        "round": place.round,
        "finding": place.finding,
        "started": job.began,
        "ended": job.ended,
        "seconds": seconds(job.began, job.ended),
        "came": job.came.as_str(),
        "said": job.said,
        "calls": job.calls.iter().map(call_json).collect::<Vec<_>>(),
        "diff": job.diff.as_ref().map(diff_json),
        "review": job.review.as_ref().map(|review| match review {
            LoggedReview::Kept(log) => json(log),
            LoggedReview::Gone(id) => json!({"run": id, "not_kept": "its run was removed"}),
        }),
    })
}

fn call_json(call: &LoggedCall) -> Value {
    json!({
        "name": call.key,
        "role": call.role.as_str(),
        "agent": call.agent,
        "version": call.version,
        "model": call.model,
        "started": call.began,
        "ended": call.ended,
        "seconds": seconds(Some(call.began), call.ended),
        "outcome": call.outcome,
        "tokens": {
            "input": call.cost.tokens.input,
            "cached": call.cost.tokens.cached,
            "output": call.cost.tokens.output,
        },
        "usd": call.cost.money.map(Money::dollars),
        "estimated": call.is_estimate,
        "reply": call.reply,
    })
}

fn diff_json(diff: &LoggedDiff) -> Value {
    match diff {
        LoggedDiff::Kept { text, lines } => {
            json!({"text": text, "lines": lines, "left_out": diff.left_out()})
        }
        LoggedDiff::Gone(why) => json!({"not_kept": why}),
    }
}
