//! Renders what a review came to, for people and for programs.

use std::fmt::Write as _;

use anstyle::Style;
use serde_json::{Value, json};

use crate::domain::model::report::Verdict;
use crate::domain::model::terminal::printable;
use crate::domain::model::text::{counted, one_line, short_id, split_hint};
use crate::domain::pipeline::result::{
    Offer, ReviewDetails, ReviewEnding, ReviewResult, SettledFinding,
};
use crate::domain::pipeline::review_loop::ResumeWhen;
use crate::domain::review::decide::{Decision, EscalationDetail};
use crate::domain::review::deliver::unscanned::Remedy;
use crate::platform::ui::out::{DIM, GOOD};
use crate::platform::ui::report::{OutputFormat, json_of, render};
use crate::platform::ui::styled_text::StyledText;
use crate::platform::ui::time::local;

/// What of the findings is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// What is open.
    Open,
    /// What was dismissed or resolved, too, with the reasons.
    All,
}

/// The findings and the criteria, for people.
pub fn human(reviewed: &ReviewResult, shown: Shown) -> StyledText {
    let mut lines = vec![render(&reviewed.report, OutputFormat::Human)];
    if let ReviewEnding::Reviewed(details) = &reviewed.ending {
        for criterion in &details.criteria {
            let mut line = format!("{} {}", criterion.met.as_str(), printable(&criterion.id));
            if !criterion.why.is_empty() {
                let _infallible = write!(line, ": {}", printable(&criterion.why));
            }
            lines.push(StyledText::from(&line));
        }
        for (paths, reason) in by_reason(&details.unscanned) {
            let line = format!(" {}: {}", printable(&paths), printable(reason));
            lines.push(StyledText::default().styled(DIM, "not reviewed").text(line));
        }
        if shown == Shown::All {
            lines.extend(details.settled.iter().flat_map(settled_lines));
        }
    }
    StyledText::lines(lines)
}

fn settled_lines(finding: &SettledFinding) -> Vec<StyledText> {
    let SettledFinding { id, title, severity, place, outcome, reason, evidence, second, .. } =
        finding;
    let head = format!(" {} {}: {} {}", printable(place), severity.as_str(), id, printable(title));
    let mut lines = vec![StyledText::default().styled(DIM, printable(outcome)).text(head)];
    let mut said = |what: &str, text: &str| {
        if !text.trim().is_empty() {
            lines.push(StyledText::from(&format!("    {what}: {}", printable(text))));
        }
    };
    said("reason", reason);
    for quote in evidence {
        said(&format!("quotes {}", printable(&quote.path)), &one_line(&quote.text));
    }
    said("second process", second);
    lines
}

/// Files that are named one by one for one reason; of more, some are.
const NAMED_MAX: usize = 5;

/// Files with the reason why each was not reviewed, where one reason holds for many as one line.
fn by_reason(unscanned: &[(String, String)]) -> Vec<(String, &str)> {
    let mut lines: Vec<(String, &str)> = Vec::new();
    for (at, (path, reason)) in unscanned.iter().enumerate() {
        let alike: Vec<&str> = unscanned
            .iter()
            .filter(|(_, other)| other == reason)
            .map(|(path, _)| path.as_str())
            .collect();
        if alike.len() <= NAMED_MAX {
            lines.push((path.clone(), reason));
        } else if unscanned[..at].iter().all(|(_, other)| other != reason) {
            let more = counted(alike.len() - NAMED_MAX, "more file");
            lines.push((format!("{} and {more}", alike[..NAMED_MAX].join(", ")), reason));
        }
    }
    lines
}

/// The verdict and what it rests on.
pub fn last_line(reviewed: &ReviewResult) -> StyledText {
    let verdict = reviewed.report.verdict;
    let title = printable(&reviewed.title);
    let details = match &reviewed.ending {
        ReviewEnding::Nothing => {
            let why = if reviewed.paths.is_empty() {
                format!("{title} is empty")
            } else {
                format!("no model can read what {title} holds")
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
    let files = match (details.files, reviewed.paths.len()) {
        (read, all) if read == all => counted(all, "file"),
        (0, all) => format!("none of {}", counted(all, "file")),
        (read, all) => format!("{read} of {}", counted(all, "file")),
    };
    let mut line = format!(
        ": {title}, {files} reviewed by {} on route {}{}",
        printable(&details.reviewer),
        details.route,
        if details.route.is_independent() { "" } else { ", not independent" },
    );
    let reason = reason(&details.decision);
    if !reason.is_empty() {
        let _infallible = write!(line, "; {}", printable(&reason));
    }
    if !details.staying.is_empty() {
        let _infallible = write!(line, "; may stay: {}", printable(&details.staying.join("; ")));
    }
    let _infallible = if details.from_receipt && details.run.is_empty() {
        write!(line, "; answered before")
    } else if details.from_receipt {
        write!(line, "; answered before (run {})", short_id(&details.run))
    } else {
        write!(line, "; {} (run {})", details.spent, short_id(&details.run))
    };
    StyledText::default().styled(style, verdict.as_str()).text(line)
}

/// What to do next. `executor` is the agent that could fix something, where there is one.
pub fn hints(reviewed: &ReviewResult, executor: Option<&str>) -> Vec<String> {
    let details = match &reviewed.ending {
        ReviewEnding::Reviewed(details) => details,
        ReviewEnding::NotReviewed { why } => {
            return why.iter().filter_map(|why| split_hint(why).1.map(str::to_owned)).collect();
        }
        ReviewEnding::Nothing => return Vec::new(),
    };
    let mut hints = Vec::new();
    if let Some(offer) = &details.offer {
        let Offer { branch, base, fixes, .. } = offer;
        let commits = counted(*fixes, "commit");
        hints.push(format!(
            "`git log -p {base}..{branch}` shows {commits} of fixes; `{}` takes them",
            take(offer)
        ));
    }
    if !details.settled.is_empty() && !details.from_receipt {
        let settled = counted(details.settled.len(), "finding");
        hints.push(format!(
            "{settled} dismissed or resolved: `tribunal runs show {}` tells why",
            short_id(&details.run)
        ));
    }
    match (&details.decision, reviewed.report.verdict) {
        (Decision::Fix(_), Verdict::Block) => {
            let fix = executor.map(|executor| {
                format!("`tribunal review --fix` has `{executor}` fix it on a branch of its own; ")
            });
            hints.push(format!(
                "{}`tribunal findings dismiss ID --reason …` says that a finding is wrong",
                fix.unwrap_or_default()
            ));
        }
        (Decision::Escalate(_), Verdict::Escalate)
            if reviewed.report.findings.iter().any(|found| found.id.is_some()) =>
        {
            hints.push(
                "`tribunal findings show ID` shows a finding; `tribunal findings accept ID --reason …` lets it pass, \
                 `tribunal findings dismiss ID --reason …` says that it is wrong"
                    .to_owned(),
            );
        }
        (Decision::Inconclusive(_), _) => hints.push(inconclusive_hint(details.remedy).to_owned()),
        _ => {}
    }
    if let Some(resume_when) = &details.resume_when {
        let first = match resume_when {
            ResumeWhen::Asked => "once that works,".to_owned(),
            ResumeWhen::At(end) => format!("after {},", local(*end)),
            ResumeWhen::BudgetAllows => "raise the budget in your own settings; then".to_owned(),
        };
        hints.push(format!(
            "{first} `tribunal resume {}` continues it; answers that are there already count",
            short_id(&details.run)
        ));
    }
    hints
}

/// The command that takes fixes. What was staged when the review began is still staged: a merge would
/// refuse it, and the difference alone fits on top, or is refused as a whole.
pub fn take(offer: &Offer) -> String {
    let Offer { branch, base, .. } = offer;
    if offer.of_staged {
        format!("git diff-tree -p --binary {base} {branch} | git apply --index")
    } else {
        format!("git merge {branch}")
    }
}

/// What helps where there is no verdict.
fn inconclusive_hint(remedy: Option<Remedy>) -> &'static str {
    match remedy {
        Some(Remedy::MoreRoom) => {
            "more `review.calls` or `review.bytes` give it room, and `review.leave-out` names files that no reviewer need see; or review it commit by commit with `tribunal review --commit REV`"
        }
        Some(Remedy::LeaveOut) => {
            "`review.leave-out` names files that no reviewer need see; others can be made text in UTF-8, smaller, or several"
        }
        Some(Remedy::AskAgain) => {
            "the same command asks again; `agents.reviewer` names another program, model or effort"
        }
        None => "`tribunal doctor` checks the agents",
    }
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
        "resume_when": details.resume_when.map(resume_words),
        "offer": details.offer.as_ref().map(|offer| json!({
            "branch": offer.branch, "base": offer.base, "fixes": offer.fixes, "take": take(offer),
        })),
        "dismissed": details.settled.iter().map(|one| json!({
            "id": one.id, "title": one.title, "severity": one.severity.as_str(),
            "place": one.place, "outcome": one.outcome, "failure": one.failure,
            "reason": one.reason, "second": one.second,
            "evidence": one.evidence.iter()
                .map(|quote| json!({"path": quote.path, "text": quote.text})).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
        "may_stay": details.staying,
        "beside": details.beside,
    })
}

/// When there is a point in going on with a paused run, in JSON: a word, or a time.
pub fn resume_words(resume_when: ResumeWhen) -> String {
    match resume_when {
        ResumeWhen::Asked => "asked".to_owned(),
        ResumeWhen::BudgetAllows => "budget allows".to_owned(),
        ResumeWhen::At(end) => end.to_string(),
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
    let list = |what: &str, all: &[String]| format!("{what}: {}", all.join("; "));
    match decision {
        Decision::Submit => String::new(),
        Decision::Fix(instructions) => list("to be fixed", instructions),
        Decision::Inconclusive(why) => why.clone(),
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
