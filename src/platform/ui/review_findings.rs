//! The findings of a review for people: what is open, what a person needs who must decide, and what was
//! resolved or dismissed, with the reasons.

use std::fmt::Write as _;

use anstyle::Style;

use crate::domain::model::finding::Effect;
use crate::domain::model::report::{Report, Verdict};
use crate::domain::model::terminal::printable;
use crate::domain::model::text::{counted, one_line, short_id, split_hint};
use crate::domain::pipeline::result::{ReviewDetails, ReviewEnding, ReviewResult, ReviewStory};
use crate::domain::review::arbiter_decision::DecidedBy;
use crate::domain::review::finding::{AssessedCriterion, Quote, ReviewFinding};
use crate::domain::review::tracked::TrackedFinding;
use crate::platform::ui::findings::place_text;
use crate::platform::ui::out::{DIM, GOOD};
use crate::platform::ui::report::{OutputFormat, render};
use crate::platform::ui::review_hints::same_review;
use crate::platform::ui::review_result::reason;
use crate::platform::ui::styled_text::StyledText;

/// How many files are listed that were not reviewed; the rest is counted.
const UNREAD_SHOWN: usize = 10;

/// How many lines of a quote are shown.
const QUOTE_LINES_MAX: usize = 5;

/// How much is shown of what does not count any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// How much there is of it.
    Counted,
    /// Each, with the reason and what was quoted.
    All,
}

/// The findings, the criteria, and what was not reviewed.
pub fn human(reviewed: &ReviewResult, detail: Detail) -> StyledText {
    let report = told(reviewed, detail);
    let hidden = reviewed.report.findings.len() - report.findings.len();
    let mut lines = vec![render(&report, OutputFormat::Human)];
    if hidden > 0 {
        let least = reviewed.tell.as_str();
        let all = same_review(reviewed, "--all");
        let line = format!(
            "{} less than {least} (`review.tell`): {} shows them",
            counted(hidden, "more finding"),
            all.as_deref().unwrap_or("`tribunal findings`")
        );
        lines.push(dim(&line));
    }
    if let ReviewEnding::Reviewed(details) = &reviewed.ending {
        lines.extend(details.criteria.iter().map(|one| criterion(one, &details.story)));
        if reviewed.report.verdict == Verdict::Escalate || detail == Detail::All {
            lines.extend(to_decide(&details.story));
        }
        lines.extend(beside(details, detail));
        lines.extend(unread(&details.story));
    }
    StyledText::lines(lines.into_iter().filter(|line| !line.is_empty()))
}

/// The report with the findings that people are told of.
pub fn told(reviewed: &ReviewResult, detail: Detail) -> Report {
    let mut report = reviewed.report.clone();
    report.findings.retain(|reported| {
        let finding = &reported.finding;
        let is_told = !finding.gate.is_of_models() || finding.severity >= reviewed.tell;
        detail == Detail::All || is_told || finding.effect == Effect::Block
    });
    report
}

/// One line about a review in the background that a person must know of: it blocks, a person must
/// decide, or there is no answer.
pub fn line_to_tell(reviewed: &ReviewResult) -> Option<String> {
    let verdict = reviewed.report.verdict;
    if verdict == Verdict::Pass {
        return None;
    }
    let (why, see) = match &reviewed.ending {
        ReviewEnding::Nothing => return None,
        ReviewEnding::NotReviewed { why } => {
            let notes = why.iter().map(|note| split_hint(note));
            let (why, hints): (Vec<&str>, Vec<Option<&str>>) = notes.unzip();
            let hint = hints.into_iter().flatten().next().unwrap_or("`tribunal doctor`");
            (format!("no model reviewed it: {}", why.join("; ")), hint.to_owned())
        }
        ReviewEnding::Reviewed(details) => {
            let see = match details.run.as_str() {
                "" => "`tribunal review`".to_owned(),
                run => format!("`tribunal runs show {}`", short_id(run)),
            };
            (worst(&reviewed.report).unwrap_or_else(|| reason(&details.decision)), see)
        }
    };
    let (title, word) = (&reviewed.title, verdict.as_str());
    Some(printable(&format!("the review of {title}: {word}: {why} (hint: {see})")))
}

/// The worst of the findings that block: `critical, src/a.rs:3: what it is`.
fn worst(report: &Report) -> Option<String> {
    let blocking = report.findings.iter().filter(|it| it.finding.effect == Effect::Block);
    let worst = &blocking.max_by_key(|it| it.finding.severity)?.finding;
    let place = worst.place.as_ref().map_or_else(String::new, place_text);
    Some(format!("{}, {place}: {}", worst.severity, worst.message))
}

/// What became of a criterion. The finding that is about it has the reason already.
fn criterion(criterion: &AssessedCriterion, story: &ReviewStory) -> StyledText {
    let mut line = format!("{} {}", criterion.met.as_str(), printable(&criterion.id));
    let is_it = |one: &TrackedFinding| {
        one.is_unmet_criterion()
            && one.is_about(&criterion.id)
            && one.original.failure == criterion.why
    };
    if let Some((id, _)) = story.open.iter().find(|(_, one)| is_it(one)) {
        let _infallible = write!(line, " ({})", short_id(id));
    } else if !criterion.why.is_empty() {
        line.push_str(": ");
        line.push_str(&printable(&criterion.why));
    }
    StyledText::from(&line)
}

/// What a person needs who must decide: the criteria, the arbiter's reasons, the change at the places.
fn to_decide(story: &ReviewStory) -> Vec<StyledText> {
    let mut lines = Vec::new();
    for (id, text) in &story.demands {
        lines.push(StyledText::from(&format!("{}: {}", printable(id), printable(text))));
    }
    for (id, tracked) in &story.open {
        // Of a criterion that is not met no arbiter was asked.
        let decided = tracked.decision.as_ref().filter(|one| one.by != DecidedBy::Review);
        let Some(decision) = decided else { continue };
        let (id, word) = (short_id(id), decision.verdict.as_str());
        lines.push(StyledText::from(&format!("arbiter on {id}: {word}{}", because(tracked))));
        lines.extend(decision.evidence.iter().map(quote));
        lines.extend(second(tracked));
    }
    for excerpt in &story.excerpts {
        let mut text = format!("the change in `{}`:", printable(&excerpt.path));
        for line in excerpt.text.lines() {
            text.push_str("\n    ");
            text.push_str(&printable(line));
        }
        lines.push(StyledText::from(&text));
    }
    lines
}

/// What was resolved and what was dismissed.
fn beside(details: &ReviewDetails, detail: Detail) -> Vec<StyledText> {
    let story = &details.story;
    let mut lines = Vec::new();
    let held = story.held.iter().map(|(id, place)| {
        dim(&format!("{} is open all the same: {} has it", short_id(id), printable(place)))
    });
    if detail == Detail::All {
        for tracked in &story.resolved {
            lines.push(settled(GOOD, tracked));
            lines.extend(tracked.resolved_by.iter().map(quote));
        }
        for tracked in &story.dismissed {
            lines.push(settled(DIM, tracked));
            let evidence = tracked.decision.iter().flat_map(|decision| &decision.evidence);
            lines.extend(evidence.map(quote));
            lines.extend(second(tracked));
        }
        for (what, paths) in
            [("fixes changed", &story.touched), ("beside what findings are about:", &story.beside)]
        {
            if !paths.is_empty() {
                let files: Vec<String> = paths.iter().map(|path| printable(path)).collect();
                lines.push(StyledText::from(&format!("{what} {}", files.join(", "))));
            }
        }
        lines.extend(held);
        return lines;
    }
    let resolved = story.resolved.len();
    if resolved > 0 {
        lines.push(dim(&format!("{} resolved", counted(resolved, "finding"))));
    }
    lines.extend(held);
    if !story.dismissed.is_empty() {
        let is_answered = story.dismissed.iter().all(is_by_a_person);
        let see = match details.run.as_str() {
            _ if is_answered => "`tribunal findings list --status all` shows them".to_owned(),
            "" => "`tribunal review --all` shows why".to_owned(),
            run => format!("`tribunal runs show {}` shows why", short_id(run)),
        };
        lines.push(dim(&format!("{}: {see}", dismissed_words(&story.dismissed))));
    }
    lines
}

fn is_by_a_person(tracked: &TrackedFinding) -> bool {
    tracked.decision.as_ref().is_some_and(|decision| decision.by == DecidedBy::Person)
}

/// `2 findings do not count (1 refuted, 1 duplicate)`.
pub fn dismissed_words(dismissed: &[TrackedFinding]) -> String {
    let mut words: Vec<(&str, usize)> = Vec::new();
    for tracked in dismissed {
        let word = match &tracked.decision {
            _ if is_by_a_person(tracked) => "answered by a person",
            Some(decision) => decision.verdict.as_str(),
            None => "dismissed",
        };
        match words.iter_mut().find(|(known, _)| *known == word) {
            Some((_, count)) => *count += 1,
            None => words.push((word, 1)),
        }
    }
    let words: Vec<String> = words.iter().map(|(word, count)| format!("{count} {word}")).collect();
    let verb = if dismissed.len() == 1 { "does" } else { "do" };
    format!("{} {verb} not count ({})", counted(dismissed.len(), "finding"), words.join(", "))
}

/// A finding that does not count any more, with its severity, place and reason.
fn settled(style: Style, tracked: &TrackedFinding) -> StyledText {
    let ReviewFinding { severity, title, failure, .. } = &tracked.original;
    let place = printable(&place(&tracked.original));
    let mut text = format!(" ({severity}): {place}: {}", printable(title));
    if !failure.is_empty() {
        text.push_str(": ");
        text.push_str(&printable(failure));
    }
    if tracked.decision.is_some() && tracked.resolved_in.is_none() {
        text.push_str("\n    arbiter");
        text.push_str(&because(tracked));
    }
    StyledText::default().styled(style, printable(&tracked.outcome())).text(text)
}

fn second(tracked: &TrackedFinding) -> Option<StyledText> {
    let word = one_line(tracked.second_word());
    let line = || format!("    second process: {}", printable(&word));
    (!word.trim().is_empty()).then(|| StyledText::from(&line()))
}

/// Where a finding is: `src/a.rs:3`.
pub fn place(finding: &ReviewFinding) -> String {
    match finding.anchored.lines() {
        _ if finding.path.is_empty() => "the change as a whole".to_owned(),
        Some((line, _)) => format!("{}:{line}", finding.path),
        None => finding.path.clone(),
    }
}

fn because(tracked: &TrackedFinding) -> String {
    let reason = tracked.decision.as_ref().map_or("", |decision| decision.reason.trim());
    if reason.is_empty() { String::new() } else { format!(": {}", printable(&one_line(reason))) }
}

fn quote(quote: &Quote) -> StyledText {
    let mut text = format!("    `{}`:", printable(&quote.path));
    for line in quote.text.trim_end().lines().take(QUOTE_LINES_MAX) {
        text.push_str("\n      ");
        text.push_str(&printable(line));
    }
    dim(&text)
}

fn unread(story: &ReviewStory) -> Vec<StyledText> {
    let all = by_reason(&story.unread);
    let mut lines: Vec<StyledText> = all
        .iter()
        .take(UNREAD_SHOWN)
        .map(|(paths, reason)| {
            let line = format!(" {}: {}", printable(paths), printable(reason));
            StyledText::default().styled(DIM, "not reviewed").text(line)
        })
        .collect();
    let more = all.len().saturating_sub(UNREAD_SHOWN);
    if more > 0 {
        lines.push(dim(&format!("… and {} not reviewed", counted(more, "more file"))));
    }
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

fn dim(text: &str) -> StyledText {
    StyledText::default().styled(DIM, text)
}
