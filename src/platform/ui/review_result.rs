//! Renders what a review came to, for people and for programs.

use std::fmt::Write as _;

use anstyle::Style;
use serde_json::{Value, json};

use crate::domain::model::change::ChangePlace;
use crate::domain::model::finding::{Effect, Finding};
use crate::domain::model::report::{Report, Verdict};
use crate::domain::model::terminal::printable;
use crate::domain::model::text::{counted, short_id, split_hint};
use crate::domain::pipeline::result::{Offer, ReviewDetails, ReviewEnding, ReviewResult};
use crate::domain::pipeline::review_loop::{CriteriaWeight, ResumeWhen};
use crate::domain::review::arbiter_decision::ArbiterDecision;
use crate::domain::review::decide::{Decision, EscalationDetail};
use crate::domain::review::finding::{Quote, unmet_in_words};
use crate::domain::review::tracked::TrackedFinding;
use crate::platform::ui::out::GOOD;
use crate::platform::ui::report::json_of;
use crate::platform::ui::styled_text::StyledText;
use crate::platform::ui::time::local;

/// The verdict and what it rests on.
pub fn last_line(reviewed: &ReviewResult) -> StyledText {
    let verdict = reviewed.report.verdict;
    let title = printable(&reviewed.title);
    let details = match &reviewed.ending {
        ReviewEnding::Nothing => {
            let state = title.strip_prefix("what is ").filter(|_| reviewed.paths.is_empty());
            let why = if let Some(state) = state {
                let all = state.strip_prefix("not ");
                all.map_or_else(|| format!("nothing is {state}"), |state| format!("all is {state}"))
            } else if reviewed.paths.is_empty() {
                format!("{title} brings nothing new")
            } else {
                format!("no model is shown a file of {title}")
            };
            return StyledText::from(&match verdict {
                Verdict::Pass => format!("nothing to review: {why}"),
                _ => format!("{} by the gates; nothing to review: {why}", verdict.as_str()),
            });
        }
        ReviewEnding::NotReviewed { why } => {
            let why: Vec<&str> = why.iter().map(|why| split_hint(why).0).collect();
            let why = printable(&why.join("; "));
            let line = format!("{}: {title} was not reviewed: {why}", verdict.as_str());
            return StyledText::from(&line);
        }
        ReviewEnding::Reviewed(details) => details,
    };
    let style = if verdict == Verdict::Pass { GOOD } else { Style::new() };
    let mut line = format!(": {title}, {}", who_read_what(reviewed, details));
    let reason = short_reason(&reviewed.report, details);
    if !reason.is_empty() {
        let _infallible = write!(line, "; {}", printable(&reason));
    }
    let staying = &details.story.staying;
    if !staying.is_empty() {
        let _infallible = write!(line, "; may stay: {}", printable(&staying.join("; ")));
    }
    // Of what stops the change it is said above that it is not met.
    if let Some(unmet) = unmet(details).filter(|_| verdict == Verdict::Pass) {
        let _infallible = write!(line, "; {}", printable(&unmet));
    }
    let _infallible = if details.from_receipt && details.run.is_empty() {
        write!(line, "; answered before, by reviews of its parts")
    } else if details.from_receipt {
        write!(line, "; answered before (run {})", short_id(&details.run))
    } else {
        write!(line, "; {} (run {})", details.spent, short_id(&details.run))
    };
    StyledText::default().styled(style, verdict.as_str()).text(line)
}

/// How many criteria of its spec are not met, where that stops nothing.
fn unmet(details: &ReviewDetails) -> Option<String> {
    let spec = details.spec.as_ref().filter(|spec| spec.weight == CriteriaWeight::Told)?;
    unmet_in_words(&spec.id, &details.criteria)
}

/// How many of the files were read, and by whom.
fn who_read_what(reviewed: &ReviewResult, details: &ReviewDetails) -> String {
    let files = match (details.files, reviewed.paths.len()) {
        (read, all) if read == all => counted(all, "file"),
        (0, all) => return format!("none of {} reviewed", counted(all, "file")),
        (read, all) => format!("{read} of {}", counted(all, "file")),
    };
    format!(
        "{files} reviewed by {} on route {}{}",
        printable(&details.reviewer),
        details.route,
        if details.route.is_independent() { "" } else { ", not independent" },
    )
}

/// The reason of a decision in one line, without what stands above it: findings with what to do about them,
/// and the files that are named there, which are counted by their reason.
fn short_reason(report: &Report, details: &ReviewDetails) -> String {
    let stopping = report.findings.iter().map(|reported| &reported.finding);
    let stopping: Vec<&Finding> =
        stopping.filter(|finding| finding.effect == Effect::Block).collect();
    let is_above = |said: &String| {
        let mut all = stopping.iter();
        all.any(|one| one.suggestion == *said || said.contains(&one.message))
    };
    match &details.decision {
        Decision::Fix(all) if !stopping.is_empty() && all.iter().all(is_above) => {
            let verb = if stopping.len() == 1 { "stops" } else { "stop" };
            return format!("{} {verb} it", counted(stopping.len(), "finding"));
        }
        Decision::Escalate(EscalationDetail::Gate(all)) if all.iter().all(is_above) => {
            return "a person must look at what a gate stopped".to_owned();
        }
        Decision::Submit | Decision::Fix(_) | Decision::Escalate(_) | Decision::Inconclusive(_) => {
        }
    }
    let why = reason(&details.decision);
    let is_named = |path: &str| why.contains(&format!("`{path}` ("));
    let mut reasons: Vec<(&str, usize)> = Vec::new();
    for (path, because) in &details.story.unread {
        match reasons.iter_mut().find(|(known, _)| *known == because) {
            _ if !is_named(path) => {}
            Some((_, count)) => *count += 1,
            None => reasons.push((because, 1)),
        }
    }
    let named: usize = reasons.iter().map(|(_, count)| count).sum();
    if !matches!(details.decision, Decision::Inconclusive(_)) || named < 2 {
        return why;
    }
    let reasons: Vec<String> = reasons
        .iter()
        .map(|(because, count)| format!("{} ({because})", counted(*count, "file")))
        .collect();
    format!("the review is incomplete: {}", reasons.join(", "))
}

/// The command that takes fixes. What was not committed when the review began is still there: a merge
/// would refuse it, and the difference alone fits on top, or is refused as a whole.
pub fn take(offer: &Offer) -> String {
    let Offer { branch, base, .. } = offer;
    let apply = match offer.place {
        ChangePlace::Commits => return format!("git merge {branch}"),
        ChangePlace::Index => "apply --index",
        ChangePlace::WorkTree => "apply",
    };
    // In another folder git leaves out what is above it, and says nothing.
    let top = "git -C \"$(git rev-parse --show-toplevel)\"";
    format!("git diff-tree -p --binary {base} {branch} | {top} {apply}")
}

/// One object: the fields of `check`, and `review`.
pub fn json(reviewed: &ReviewResult) -> Value {
    let mut json = json_of(&reviewed.report);
    if let Some(object) = json.as_object_mut() {
        // They ran as a part of the run, which may have been another process.
        object.retain(|key, _| !matches!(key.as_str(), "gates" | "ran"));
    }
    match &reviewed.ending {
        ReviewEnding::Nothing if reviewed.report.verdict == Verdict::Pass => {
            json["verdict"] = "nothing to review".into();
        }
        ReviewEnding::Nothing => {
            json["review"] =
                json!({"not_reviewed": ["there is nothing that a model could review"]});
        }
        ReviewEnding::NotReviewed { why } => json["review"] = json!({ "not_reviewed": why }),
        ReviewEnding::Reviewed(details) => json["review"] = details_json(details),
    }
    json
}

fn details_json(details: &ReviewDetails) -> Value {
    json!({
        "run": details.run,
        "route": details.route,
        "independent": details.route.is_independent(),
        "reviewer": details.reviewer,
        "arbiter": details.arbiter,
        "decision": decision_word(&details.decision),
        "reason": reason(&details.decision),
        "spec": details.spec.as_ref().map(|spec| json!({
            "id": spec.id, "path": spec.path.display().to_string(), "why": spec.ground.in_words(),
            "counts": spec.weight == CriteriaWeight::Counted,
        })),
        "criteria": details.criteria.iter().map(|criterion| json!({
            "id": criterion.id, "met": criterion.met.as_str(), "why": criterion.why,
        })).collect::<Vec<_>>(),
        "unscanned": details.unscanned.iter()
            .map(|(path, reason)| json!({"path": path, "reason": reason})).collect::<Vec<_>>(),
        "files": details.files,
        "unanchored": details.unanchored,
        "cost": {
            "calls": details.spent.calls,
            "usd": details.spent.money.dollars(),
            "estimated_usd": details.spent.estimated.dollars(),
            "unknown": details.spent.unknown,
        },
        "receipt": details.receipt,
        "from_receipt": details.from_receipt,
        "rounds": details.story.rounds,
        "dismissed": details.story.settled().map(finding_json).collect::<Vec<_>>(),
        "may_stay": details.story.staying,
        "beside": details.story.beside,
        "touched_by_fixes": details.story.touched,
        "not_reviewed": details.story.unread.iter()
            .map(|(path, reason)| json!({"path": path, "reason": reason})).collect::<Vec<_>>(),
        "arbiter_decisions": details.story.open.iter().filter_map(|(id, tracked)| {
            Some((id.clone(), decision_json(tracked.decision.as_ref()?)))
        }).collect::<serde_json::Map<_, _>>(),
        "places": details.story.excerpts.iter()
            .map(|one| json!({"path": one.path, "change": one.text})).collect::<Vec<_>>(),
        "demands": details.story.demands.iter()
            .map(|(id, text)| json!({"id": id, "text": text})).collect::<Vec<_>>(),
        "note": details.story.note,
        "resume_when": details.resume_when.map(resume_words),
        "offer": details.offer.as_ref().map(|offer| json!({
            "branch": offer.branch, "base": offer.base, "fixes": offer.fixes, "take": take(offer),
        })),
    })
}

/// A finding with what became of it.
pub fn finding_json(tracked: &TrackedFinding) -> Value {
    let finding = &tracked.original;
    json!({
        "id": finding.id,
        "outcome": tracked.outcome(),
        "severity": finding.severity.as_str(),
        "class": finding.class.as_str(),
        "basis": finding.basis,
        "path": finding.path,
        "line": finding.anchored.lines().map_or(0, |(line, _)| line),
        "title": finding.title,
        "failure": finding.failure,
        "anchor": finding.anchor,
        "arbiter": tracked.decision.as_ref().map(decision_json),
        "evidence": tracked.decision.iter().flat_map(|decision| &decision.evidence)
            .map(quote_json).collect::<Vec<_>>(),
        "second": tracked.second_word(),
        "resolved_by": tracked.resolved_by.as_ref().map(quote_json),
    })
}

fn decision_json(decision: &ArbiterDecision) -> Value {
    json!({
        "verdict": decision.verdict.as_str(),
        "reason": decision.reason,
        "duplicate_of": decision.duplicate_of,
        "evidence": decision.evidence.iter().map(quote_json).collect::<Vec<_>>(),
    })
}

fn quote_json(quote: &Quote) -> Value {
    json!({"path": quote.path, "text": quote.text})
}

/// When there is a point in going on with a paused run, in JSON: a word, or a time.
pub fn resume_words(resume_when: ResumeWhen) -> String {
    match resume_when {
        ResumeWhen::Asked => "asked".to_owned(),
        ResumeWhen::BudgetAllows => "budget allows".to_owned(),
        ResumeWhen::At(end) => end.to_string(),
    }
}

/// When something that is paused continues, for people.
pub fn until(resume_when: ResumeWhen) -> String {
    match resume_when {
        ResumeWhen::Asked => "until it is resumed".to_owned(),
        ResumeWhen::BudgetAllows => "until the budget allows more".to_owned(),
        ResumeWhen::At(end) => format!("until {}", local(end)),
    }
}

/// The name of a decision in JSON.
pub fn decision_word(decision: &Decision) -> &'static str {
    match decision {
        Decision::Submit => "submit",
        Decision::Fix(_) => "fix",
        Decision::Escalate(_) => "escalate",
        Decision::Inconclusive(_) => "inconclusive",
    }
}

/// The reason of a decision; empty for `submit`.
pub fn reason(decision: &Decision) -> String {
    let list = |what: &str, all: &[String]| {
        let mut said: Vec<&str> = Vec::new();
        for one in all {
            if !said.contains(&one.as_str()) {
                said.push(one);
            }
        }
        format!("{what}: {}", said.join("; "))
    };
    match decision {
        Decision::Submit => String::new(),
        Decision::Fix(instructions) => list("to be fixed", instructions),
        Decision::Inconclusive(why) => split_hint(why).0.to_owned(),
        Decision::Escalate(why) => match why {
            EscalationDetail::Gate(failures) => {
                list("a person must look at what a gate stopped", failures)
            }
            EscalationDetail::Spec(findings) => {
                list("it goes against the spec, or beyond it", findings)
            }
            EscalationDetail::NoInstructions(findings) => {
                list("no instruction how to fix", findings)
            }
            EscalationDetail::Unresolved(findings) => list("unresolved after two fixes", findings),
            EscalationDetail::Repeats { attempt } => {
                format!("the last fix led back to attempt {attempt}")
            }
            EscalationDetail::Undoes { attempt } => {
                format!("the last fix took back that of attempt {attempt}")
            }
            EscalationDetail::FixInduced { of, all } => {
                format!("{of} of {all} findings that stop it were introduced by fixes")
            }
            EscalationDetail::NoDiff => "two fixes in a row changed nothing".to_owned(),
            EscalationDetail::Rounds(rounds) => {
                format!("not right after {} of fixes", counted(*rounds, "round"))
            }
            EscalationDetail::Budget(why) => why.clone(),
            EscalationDetail::FixRefused { commit, why } => list(
                &format!("two fixes did what no fix may do (the second is kept as {commit})"),
                why,
            ),
            EscalationDetail::Unsubstantiated(findings) => {
                list("neither shown nor refuted by two", findings)
            }
        },
    }
}
