//! Renders the outcome of a review, for people and for programs.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::domain::model::agent::{Route, Spent};
use crate::domain::model::report::{ExitStatus, Report, Verdict};
use crate::domain::pipeline::review_loop::ResumeWhen;
use crate::domain::review::decide::{Decision, EscalationDetail};
use crate::domain::review::finding::AssessedCriterion;
use crate::platform::ui::out::{DIM, GOOD};
use crate::platform::ui::report::{OutputFormat, json_of, printable, render};
use crate::platform::ui::review_report::Offer;

/// The outcome of a review.
#[derive(Clone, Debug)]
pub struct ReviewResult {
    /// `commit 0123456789`
    pub title: String,
    /// The files of the change, as shown.
    pub paths: Vec<String>,
    pub report: Report,
    pub ending: ReviewEnding,
}

/// How it ended.
#[derive(Clone, Debug)]
pub enum ReviewEnding {
    /// The change is empty, or contains no text: no pass, and blocked where a gate blocks.
    Nothing,
    /// No model reviewed: the report is the gates' alone.
    NotReviewed {
        why: Vec<String>,
    },
    Reviewed(Box<ReviewDetails>),
}

/// The run, its reviewers and its decision.
#[derive(Clone, Debug)]
pub struct ReviewDetails {
    pub run: String,
    pub route: Route,
    pub reviewer: String,
    pub arbiter: String,
    pub decision: Decision,
    pub criteria: Vec<AssessedCriterion>,
    pub unscanned: Vec<(String, String)>,
    /// How many findings name no location in the tree.
    pub unanchored: usize,
    pub spent: Spent,
    /// The receipt's id, where the review was complete.
    pub receipt: Option<String>,
    /// Whether a receipt of an earlier review answered.
    pub from_receipt: bool,
    /// Of a run that is paused: when there is a point in going on.
    pub resume_when: Option<ResumeWhen>,
    pub offer: Option<Offer>,
}

impl ReviewResult {
    /// The exit status, which includes the gates' verdict where nothing was reviewed.
    pub fn status(&self) -> ExitStatus {
        self.report.verdict.into()
    }

    /// The findings and the criteria, for people.
    pub fn human(&self) -> String {
        let mut text = render(&self.report, OutputFormat::Human);
        let ReviewEnding::Reviewed(details) = &self.ending else { return text };
        for criterion in &details.criteria {
            let _infallible = write!(
                text,
                "\n{} {}{}",
                criterion.met.as_str(),
                printable(&criterion.id),
                if criterion.why.is_empty() {
                    String::new()
                } else {
                    format!(": {}", printable(&criterion.why))
                },
            );
        }
        for (path, reason) in &details.unscanned {
            let (path, reason) = (printable(path), printable(reason));
            let _infallible = write!(text, "\n{DIM}not reviewed{DIM:#} {path}: {reason}");
        }
        text.trim_start_matches('\n').to_owned()
    }

    /// The verdict and what it rests on.
    pub fn last_line(&self) -> String {
        let verdict = self.report.verdict;
        let details = match &self.ending {
            ReviewEnding::Nothing => {
                let why = if self.paths.is_empty() {
                    format!("{} is empty", self.title)
                } else {
                    format!("no model can read what {} holds", self.title)
                };
                return match verdict {
                    Verdict::Pass => format!("nothing to review: {why}"),
                    _ => format!("{} by the gates; nothing to review: {why}", verdict.as_str()),
                };
            }
            ReviewEnding::NotReviewed { why } => {
                let why = printable(&why.join("; "));
                return format!("{}: {} was not reviewed: {why}", verdict.as_str(), self.title);
            }
            ReviewEnding::Reviewed(details) => details,
        };
        let mut line = match verdict {
            Verdict::Pass => format!("{GOOD}pass{GOOD:#}"),
            Verdict::Block | Verdict::Escalate | Verdict::Inconclusive => {
                verdict.as_str().to_owned()
            }
        };
        let count = self.paths.len();
        let files = if count == 1 { "1 file" } else { &format!("{count} files") };
        let _infallible = write!(
            line,
            ": {}, {files} reviewed by {} on route {}{}",
            self.title,
            details.reviewer,
            details.route,
            if details.route.is_independent() { "" } else { ", not independent" },
        );
        let reason = reason(&details.decision);
        if !reason.is_empty() {
            let _infallible = write!(line, "; {}", printable(&reason));
        }
        let _infallible = if details.from_receipt {
            write!(line, "; answered before (run {})", details.run)
        } else {
            write!(line, "; {} (run {})", details.spent, details.run)
        };
        line
    }

    /// What to do next.
    pub fn hints(&self) -> Vec<String> {
        let ReviewEnding::Reviewed(details) = &self.ending else { return Vec::new() };
        let mut hints = Vec::new();
        if let Some(Offer { branch, base, fixes }) = &details.offer {
            let commits = if *fixes == 1 { "1 commit" } else { &format!("{fixes} commits") };
            hints.push(format!(
                "`git log -p {base}..{branch}` shows {commits} of fixes; `git merge {branch}` takes them"
            ));
        }
        match (&details.decision, self.report.verdict) {
            (Decision::Fix(_), Verdict::Block) => hints.push(
                "`tribunal review --fix` has it fixed on a branch of its own; `tribunal findings dismiss ID` answers a finding"
                    .to_owned(),
            ),
            (Decision::Inconclusive(_), _) => {
                hints.push("`tribunal doctor` tells how the agents stand".to_owned());
            }
            _ => {}
        }
        if let Some(resume_when) = &details.resume_when {
            let first = match resume_when {
                ResumeWhen::Asked => "once that works,".to_owned(),
                ResumeWhen::At(end) => format!("after {},", end.strftime("%Y-%m-%d %H:%M UTC")),
                ResumeWhen::BudgetAllows => {
                    "raise the budget in your own settings; then".to_owned()
                }
            };
            hints.push(format!(
                "{first} `tribunal resume {}` goes on, and what was answered counts",
                details.run
            ));
        }
        hints
    }

    /// One object: the fields of `check`, and `review`.
    pub fn json(&self) -> Value {
        let mut json = json_of(&self.report);
        match &self.ending {
            ReviewEnding::Nothing if self.report.verdict == Verdict::Pass => {
                json["verdict"] = "nothing to review".into();
            }
            ReviewEnding::Nothing => {
                json["review"] =
                    json!({"unjudged": ["there is nothing that a model could review"]});
            }
            ReviewEnding::NotReviewed { why } => json["review"] = json!({ "unjudged": why }),
            ReviewEnding::Reviewed(details) => json["review"] = details.json(),
        }
        json
    }
}

impl ReviewDetails {
    fn json(&self) -> Value {
        json!({
            "run": self.run,
            "route": self.route,
            "independent": self.route.is_independent(),
            "reviewer": self.reviewer,
            "arbiter": self.arbiter,
            "decision": decision_word(&self.decision),
            "reason": reason(&self.decision),
            "criteria": self.criteria.iter().map(|criterion| json!({
                "id": criterion.id, "met": criterion.met.as_str(), "why": criterion.why,
            })).collect::<Vec<_>>(),
            "unscanned": self.unscanned.iter()
                .map(|(path, reason)| json!({"path": path, "reason": reason})).collect::<Vec<_>>(),
            "unanchored": self.unanchored,
            "cost": {
                "calls": self.spent.calls,
                "usd": self.spent.money.dollars(),
                "unknown": self.spent.unknown,
            },
            "receipt": self.receipt,
            "from_receipt": self.from_receipt,
            "resume_when": self.resume_when.map(resume_words),
            "offer": self.offer.as_ref().map(|offer| json!({
                "branch": offer.branch, "base": offer.base, "fixes": offer.fixes,
            })),
        })
    }
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
                format!("{of} of {all} findings that stop it were brought in by fixes")
            }
            EscalationDetail::NoDiff => "two fixes in a row changed nothing".to_owned(),
            EscalationDetail::Rounds(rounds) => format!("{rounds} rounds of fixes were not enough"),
            EscalationDetail::Budget(why) => why.clone(),
            EscalationDetail::Unsubstantiated(findings) => {
                list("critical, and neither shown nor refuted", findings)
            }
        },
    }
}
