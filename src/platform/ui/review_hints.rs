//! What to do next after a review, by what came of it.

use std::path::Path;

use crate::domain::model::finding::Effect;
use crate::domain::model::report::Verdict;
use crate::domain::model::text::{counted, shell_word, short_id, split_hint};
use crate::domain::pipeline::result::{
    ChangeNow, Offer, ReviewDetails, ReviewEnding, ReviewResult,
};
use crate::domain::pipeline::review_loop::ResumeWhen;
use crate::domain::review::arbiter_decision::SecondLook;
use crate::domain::review::decide::{Decision, EscalationDetail};
use crate::domain::review::deliver::unscanned::Remedy;
use crate::domain::spec::belongs::SpecGround;
use crate::platform::ui::review_result::take;
use crate::platform::ui::time::local;

/// What to do next. `executor` is the agent that could fix something, where there is one.
pub fn hints(reviewed: &ReviewResult, executor: Option<&str>) -> Vec<String> {
    let details = match &reviewed.ending {
        ReviewEnding::Reviewed(details) => details,
        ReviewEnding::NotReviewed { why } => {
            return why.iter().filter_map(|why| split_hint(why).1.map(str::to_owned)).collect();
        }
        ReviewEnding::Nothing => return Vec::new(),
    };
    let mut hints: Vec<String> = details.offer.iter().map(offer).collect();
    match (&details.decision, reviewed.report.verdict) {
        _ if is_settled(reviewed) => hints.push(match same_review(reviewed, "") {
            Some(again) => {
                format!("what it found is answered or gone: {again} says what holds now")
            }
            None => "what it found is answered or gone".to_owned(),
        }),
        (Decision::Fix(_), Verdict::Block) => {
            let fix = executor.zip(same_review(reviewed, "--fix"));
            hints.extend(fix.map(|(executor, fix)| {
                format!("{fix} has `{executor}` fix it on a branch of its own")
            }));
            hints.extend(answers(&open_ids(reviewed)));
        }
        (Decision::Escalate(EscalationDetail::Budget(_)), _) => {
            hints.push("`tribunal cost` shows what was spent".to_owned());
            hints.extend(unknown_cost(details));
        }
        (Decision::Escalate(_), Verdict::Escalate) => {
            hints.extend(answers(&open_ids(reviewed)));
            hints.extend(second(details));
        }
        (Decision::Inconclusive(why), _) if split_hint(why).1.is_some() => {
            hints.extend(split_hint(why).1.map(str::to_owned));
        }
        (Decision::Inconclusive(why), _) => {
            // A paused run is continued: that hint is below.
            let cause = Some(cause(why, details.remedy))
                .filter(|cause| *cause != Cause::Unread || details.resume_when.is_none());
            hints.extend(cause.map(of_cause));
        }
        _ => {}
    }
    if details.now == ChangeNow::Changed {
        hints.push(
            "what it reviewed is not there any more as it was: `tribunal review` reviews what is"
                .to_owned(),
        );
    }
    hints.extend(resume(details));
    hints
}

/// Whether there were findings and none is open that stops the change.
fn is_settled(reviewed: &ReviewResult) -> bool {
    let findings = &reviewed.report.findings;
    findings.iter().any(|found| !found.is_open())
        && !findings.iter().any(|found| found.is_open() && found.finding.effect == Effect::Block)
        && reviewed.report.verdict != Verdict::Pass
}

/// What a call counts for whose agent does not tell what it cost.
fn unknown_cost(details: &ReviewDetails) -> Option<String> {
    let unknown = details.spent.unknown;
    (unknown > 0).then(|| {
        format!(
            "{} told no cost and {} as estimated, one that writes as all of `agents.executor.budget`: make that \
             what a fix costs at most, or give the agent's name a price in `[prices]`, of 0 where it is free",
            counted(unknown, "call"),
            if unknown == 1 { "counts" } else { "count" },
        )
    })
}

/// The command that reviews the same with one more option; `None` where it is there no more.
pub fn same_review(reviewed: &ReviewResult, option: &str) -> Option<String> {
    let details = match &reviewed.ending {
        ReviewEnding::Reviewed(details) => Some(details.as_ref()),
        ReviewEnding::NotReviewed { .. } | ReviewEnding::Nothing => None,
    };
    let title = match details.map(|details| &details.now) {
        Some(ChangeNow::Changed) => return None,
        Some(ChangeNow::Committed(commit)) => format!("commit {}", commit.short()),
        Some(ChangeNow::AsReviewed) | None => reviewed.title.clone(),
    };
    // One that was found by itself is found again.
    let spec = details.and_then(|details| details.spec.as_ref());
    let named = spec.filter(|spec| spec.ground == SpecGround::Named);
    Some(command_of(&title, named.map(|spec| spec.path.as_path()), option))
}

/// The same by the title of the change, and the file of the spec where it was named.
fn command_of(title: &str, spec: Option<&Path>, option: &str) -> String {
    let range = match title {
        "what is staged" => Some("--staged".to_owned()),
        "what is not staged" => Some("--unstaged".to_owned()),
        "what is not committed" => Some("--worktree".to_owned()),
        _ => match (title.strip_prefix("commit "), title.split_once("..")) {
            (Some(commit), _) => Some(format!("--commit {commit}")),
            // Of a merge a range begins at several commits, which no option names.
            (None, Some((from, to))) if !from.contains(',') => {
                Some(format!("--from {from} --to {to}"))
            }
            _ => None,
        },
    };
    let Some(range) = range else { return format!("`{option}` beside the same options") };
    let mut words = vec!["tribunal review".to_owned(), range];
    words.extend(spec.map(|spec| format!("--spec {}", shell_word(&spec.to_string_lossy()))));
    words.extend((!option.is_empty()).then(|| option.to_owned()));
    format!("`{}`", words.join(" "))
}

fn offer(offer: &Offer) -> String {
    let Offer { branch, base, fixes, .. } = offer;
    let (commits, take) = (counted(*fixes, "commit"), take(offer));
    format!("`git log -p {base}..{branch}` shows {commits} of fixes; `{take}` takes them")
}

/// The ids of the findings that are open.
fn open_ids(reviewed: &ReviewResult) -> Vec<&str> {
    let open = reviewed.report.findings.iter().filter(|found| found.is_open());
    open.filter_map(|found| found.id.as_deref()).collect()
}

/// The commands that answer findings: with the id of the first, and those of the others beside.
pub fn answers(ids: &[&str]) -> Option<String> {
    let (first, others) = ids.split_first()?;
    let id = short_id(first);
    let others: Vec<&str> = others.iter().map(|id| short_id(id)).collect();
    let likewise = match others.as_slice() {
        [] => String::new(),
        others => format!("; likewise {}", others.join(", ")),
    };
    Some(format!(
        "`tribunal findings show {id}` shows it; `tribunal findings accept {id} --reason …` lets it pass, \
         `tribunal findings dismiss {id} --reason …` says that it is wrong{likewise}"
    ))
}

/// How a second process is asked for which there was no money.
fn second(details: &ReviewDetails) -> Option<String> {
    let mut open = details.story.open.values();
    let is_unpaid = open.any(|one| matches!(one.second, Some(SecondLook::NotPaid { .. })));
    is_unpaid.then(|| {
        "with more `budget.run` or `budget.day`, `tribunal review --fresh` asks a second process too"
            .to_owned()
    })
}

fn resume(details: &ReviewDetails) -> Option<String> {
    let first = match details.resume_when? {
        ResumeWhen::Asked => "once that works,".to_owned(),
        ResumeWhen::At(end) => format!("after {},", local(end)),
        ResumeWhen::BudgetAllows => "raise the budget in your own settings; then".to_owned(),
    };
    Some(format!(
        "{first} `tribunal resume {}` continues it; answers that are there already count",
        short_id(&details.run)
    ))
}

/// Why a review is inconclusive, as far as it tells what helps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cause {
    /// It does not fit into the calls of one review.
    TooLarge,
    /// A file, or a line of one, that no call takes.
    Unfit,
    /// The reviewer did not show that it read everything.
    Unread,
    NotLoggedIn,
    Limit,
    Network,
    Gates,
    Other,
}

/// Finds the cause in a reason, whose words are the program's own, and in what would help.
fn cause(why: &str, remedy: Option<Remedy>) -> Cause {
    let has = |word: &str| why.contains(word);
    let outcome = |word: &str| has(&format!(": {word}: "));
    if outcome("not logged in") {
        Cause::NotLoggedIn
    } else if outcome("rate limited") || outcome("quota used up") {
        Cause::Limit
    } else if outcome("transient") || outcome("timed out") {
        Cause::Network
    } else if why.starts_with("the gates could not run") {
        Cause::Gates
    } else {
        match remedy {
            Some(Remedy::MoreRoom) => Cause::TooLarge,
            Some(Remedy::LeaveOut) => Cause::Unfit,
            Some(Remedy::AskAgain) => Cause::Unread,
            None if why.starts_with("the review does not say") || outcome("malformed") => {
                Cause::Unread
            }
            None => Cause::Other,
        }
    }
}

fn of_cause(cause: Cause) -> String {
    match cause {
        Cause::TooLarge => {
            "more `review.calls` or `review.bytes` give it room, and `review.leave-out` names files that no \
             reviewer need see; or review it commit by commit with `tribunal review --commit REV`"
        }
        Cause::Unfit => {
            "`review.leave-out` names files that no reviewer need see; others can be made text in UTF-8, \
             smaller, or several"
        }
        Cause::Unread => {
            "the same command asks again; `agents.reviewer` names another program, model or effort"
        }
        Cause::NotLoggedIn => {
            "log in with the program itself (`codex login`, `claude auth login`, or a key in the environment); \
             `tribunal doctor` shows who is logged in"
        }
        Cause::Limit => "`--set agents.reviewer.use=NAME` asks another agent meanwhile",
        Cause::Network => {
            "check the network and a proxy (`HTTPS_PROXY`); `agents.<role>.timeout` is how long a call may take"
        }
        Cause::Gates => "`tribunal check` runs the gates alone",
        Cause::Other => "`tribunal doctor` checks the agents",
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Cause, Remedy, cause, command_of};

    #[test]
    fn the_command_that_fixes_reviews_the_same() {
        for (title, spec, command) in [
            ("what is staged", None, "`tribunal review --staged --fix`"),
            ("what is not staged", None, "`tribunal review --unstaged --fix`"),
            (
                "what is not committed",
                Some("/r/docs/a b.md"),
                "`tribunal review --worktree --spec '/r/docs/a b.md' --fix`",
            ),
            ("commit 0123456789", None, "`tribunal review --commit 0123456789 --fix`"),
            (
                "0123456789..abcdef0123",
                None,
                "`tribunal review --from 0123456789 --to abcdef0123 --fix`",
            ),
            ("0123456789,1..abcdef0123", None, "`--fix` beside the same options"),
        ] {
            assert_eq!(command_of(title, spec.map(Path::new), "--fix"), command);
        }
    }

    #[test]
    fn the_hint_fits_the_cause() {
        let incomplete = "the review is incomplete: `a.rs` (why)";
        for (why, remedy, expected) in [
            (incomplete, Some(Remedy::MoreRoom), Cause::TooLarge),
            (incomplete, Some(Remedy::LeaveOut), Cause::Unfit),
            (incomplete, Some(Remedy::AskAgain), Cause::Unread),
            ("the review does not say whether AC-1 is met", None, Cause::Unread),
            (
                "the change could not be reviewed: codex: not logged in: run codex login",
                Some(Remedy::AskAgain),
                Cause::NotLoggedIn,
            ),
            ("the change could not be reviewed: codex: rate limited: later", None, Cause::Limit),
            (
                "the arbiter did not decide about F-1: claude: transient: refused",
                None,
                Cause::Network,
            ),
            ("the gates could not run: tests: not there", None, Cause::Gates),
            ("the change could not be reviewed: codex: killed: signal 9", None, Cause::Other),
        ] {
            assert_eq!(cause(why, remedy), expected, "{why}");
        }
    }
}
