//! Prints what a hook came to: one line where it passes, what blocks otherwise.

use std::collections::BTreeSet;
use std::time::Instant;

use anyhow::Result;

use crate::cli::unchecked::{
    Guarded, any_not_started, print_no_pass, print_tails, take_no_pass, unchecked_words,
};
use crate::domain::gates::is_of_files;
use crate::domain::gates::policy_files::is_unreadable;
use crate::domain::model::finding::{Effect, Finding};
use crate::domain::model::gate::Gate;
use crate::domain::model::oid::Oid;
use crate::domain::model::report::{ExitStatus, Report, Reported, Verdict};
use crate::domain::model::terminal::printable;
use crate::domain::model::text::counted;
use crate::flow::context::Context;
use crate::flow::evaluate::command_outcome::Tail;
use crate::flow::evaluate::evaluation::stops;
use crate::flow::evaluate::push::before_hooks::BeforeHooks;
use crate::flow::evaluate::push::outcome::{PushEvaluation, PushPart};
use crate::flow::evaluate::report::build_report;
use crate::flow::setup::install::guard;
use crate::flow::setup::install::guard::LostHooks;
use crate::platform::git::repo::Repo;
use crate::platform::store::review_queue;
use crate::platform::ui::out;
use crate::platform::ui::report::{OutputFormat, render};
use crate::platform::ui::review_hints;

/// How many commits one line names.
const NAMED_MAX: usize = 3;

/// How many commits of a push that is refused are shown with what blocks them.
const PARTS_MAX: usize = 20;

/// Prints one line for an evaluation that passed with warnings or skips, nothing for a clean one. `see` is
/// the command that shows all of it, where the line does not.
pub fn print_one_line(report: &Report, see: Option<&str>) {
    let warnings = warning_line(report.findings.iter().map(|reported| &reported.finding));
    let details = match see.filter(|_| warnings.is_some()) {
        Some(see) => format!(". Details: `{see}`"),
        None => String::new(),
    };
    let unchecked = unchecked_words(&report.ran, &report.skipped);
    let parts: Vec<String> = warnings.into_iter().chain(unchecked).collect();
    if !parts.is_empty() {
        out::talk(&format!("tribunal: {}{details}", printable(&parts.join("; "))));
    }
}

/// How many findings warn, and the worst of them; `None` where none does.
fn warning_line<'a>(findings: impl Iterator<Item = &'a Finding>) -> Option<String> {
    let warnings: Vec<&Finding> = findings.filter(|f| f.effect == Effect::Warn).collect();
    // There is one line: what cannot be used of the policy is in it, because less is checked than people
    // think, else the worst.
    let worst = warnings.iter().find(|finding| is_unreadable(finding)).or_else(|| {
        let worst = warnings.iter().map(|finding| finding.severity).max();
        warnings.iter().find(|finding| Some(finding.severity) == worst)
    })?;
    let more = match warnings.len() - 1 {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    let count = counted(warnings.len(), "warning");
    Some(format!("{count}: {} [{}]{more}", with_place(worst), worst.gate))
}

fn with_place(finding: &Finding) -> String {
    // What is wrong with the form of a message speaks of its first line.
    let place = finding.place.as_ref().filter(|_| finding.gate != Gate::CommitMessage);
    let Some(place) = place else { return finding.message.clone() };
    let number = |number: u32| if number > 0 { format!(":{number}") } else { String::new() };
    let place = format!("{}{}{}", place.kind.display(), number(place.line), number(place.column));
    // Some messages name the file themselves.
    if finding.message.contains(&format!("`{place}`")) {
        return finding.message.clone();
    }
    format!("{place}: {}", finding.message)
}

/// Prints what stopped a commit.
pub fn print_stopped_commit(mut report: Report, tails: &[Tail], context: Context<'_>) {
    let no_pass = take_no_pass(&report.ran, &mut report.skipped);
    out::talk(render(&report, OutputFormat::Human));
    print_tails(tails);
    print_no_pass(&no_pass, Guarded::Commit, context);
    if report.verdict == Verdict::Inconclusive && !any_not_started(&no_pass) {
        out::talk("tribunal: inconclusive: a part that guards commits could not be checked");
    }
    out::hint(Guarded::Commit.hint());
}

/// Prints the outcome of a push: one line where it passes, else each part with what blocks it.
pub fn print_push(
    evaluation: PushEvaluation,
    guarded: Guarded,
    context: Context<'_>,
    started: Instant,
) -> ExitStatus {
    if evaluation.refuses() {
        return print_refusal(evaluation, guarded, context, started);
    }
    let PushEvaluation { parts, skipped, commits, ungated, ran, remarks, .. } = evaluation;
    let mut said = Vec::new();
    let findings = || parts.iter().flat_map(|part| &part.findings).map(|it| &it.finding);
    let warnings = warning_line(findings());
    let of_reviews =
        |finding: &Finding| finding.gate.is_of_models() && finding.effect == Effect::Warn;
    let see = if findings().any(of_reviews) { ". Details: `tribunal findings list`" } else { "" };
    said.extend(warnings);
    if !ungated.is_empty() {
        let (count, all) = (ungated.len(), counted(commits.len(), "commit"));
        let mut names: Vec<&str> = ungated.iter().take(NAMED_MAX).map(Oid::short).collect();
        if count > NAMED_MAX {
            names.push("…");
        }
        let names = names.join(", ");
        said.push(format!("{count} of {all} not checked when made ({names}), checked now"));
    }
    said.extend(unchecked_words(&ran, &skipped));
    said.extend(remarks);
    if !said.is_empty() {
        out::talk(&format!("tribunal: {}{see}", printable(&said.join("; "))));
    }
    ExitStatus::Pass
}

fn print_refusal(
    mut evaluation: PushEvaluation,
    guarded: Guarded,
    context: Context<'_>,
    started: Instant,
) -> ExitStatus {
    let no_pass = take_no_pass(&evaluation.ran, &mut evaluation.skipped);
    let is_inconclusive =
        evaluation.inconclusive && !evaluation.is_blocked() && !any_not_started(&no_pass);
    let itself = in_commit_itself(&evaluation).filter(|_| guarded == Guarded::Push);
    let answers = answers_to_reviews(&evaluation).filter(|_| guarded == Guarded::Push);
    let PushEvaluation {
        parts, skipped, policy_of, tails, interrupted, before_hooks, remarks, ..
    } = evaluation;
    let is_old = |part: &PushPart| match (&before_hooks, &part.commit) {
        (Some(before), Some(commit)) => before.commits.contains(commit),
        _ => false,
    };
    let stopping = parts.into_iter().filter(|part| stops(&part.findings));
    let (old, mut shown): (Vec<PushPart>, Vec<PushPart>) = stopping.partition(is_old);
    let line = before_hooks.filter(|_| !old.is_empty()).map(|before| old_line(&before, &old));
    if old.len() <= NAMED_MAX {
        shown.splice(0..0, old);
    }
    let more = shown.len().saturating_sub(PARTS_MAX);
    for part in shown.into_iter().take(PARTS_MAX) {
        out::talk(&format!("{}:", printable(&part.title)));
        let report = build_report(part.findings, Vec::new(), started);
        out::talk(render(&report, OutputFormat::Human));
    }
    if more > 0 {
        out::talk(&format!("… and {more} more that block: `tribunal findings list` lists them"));
    }
    if let Some((told, way)) = line {
        out::talk(&printable(&told));
        out::hint(&printable(&way));
    }
    if let Some(way) = itself {
        out::hint(&way);
    }
    for skipped in &skipped {
        out::talk(&printable(&format!("not checked: {}: {}", skipped.gate, skipped.reason)));
    }
    for remark in &remarks {
        out::talk(&printable(remark));
    }
    print_tails(&tails);
    print_no_pass(&no_pass, guarded, context);
    if let Some(answers) = answers {
        out::hint(&answers);
    }
    if is_inconclusive {
        out::talk("tribunal: inconclusive: a part that guards pushes could not be checked");
    }
    if let Some(base) = policy_of {
        let base = base.short();
        out::hint(&format!(
            "the push changes the policy, and was checked under that of {base}, which the remote has: push the change \
             of the policy first, by itself, on top of the branch that {base} is of, and the rest on top of that"
        ));
    }
    out::hint(guarded.hint());
    if interrupted { ExitStatus::Interrupted } else { ExitStatus::Blocked }
}

/// The commands that answer what reviews found and what stops the push: of what a gate found the finding
/// itself says what to do.
fn answers_to_reviews(evaluation: &PushEvaluation) -> Option<String> {
    let findings = evaluation.parts.iter().flat_map(|part| &part.findings);
    let stopping = findings.filter(|reported| reported.finding.effect == Effect::Block);
    let stopping = stopping.filter(|reported| !Gate::OF_CHANGES.contains(&reported.finding.gate));
    let ids: Vec<&str> = stopping.filter_map(|reported| reported.id.as_deref()).collect();
    review_hints::answers(&ids)
}

/// Where what blocks is in the files of a commit: that it is changed there, and how.
fn in_commit_itself(evaluation: &PushEvaluation) -> Option<String> {
    let in_files = |reported: &Reported| {
        reported.finding.effect == Effect::Block && is_of_files(reported.finding.gate)
    };
    let mut stopping = evaluation.parts.iter().filter(|part| part.findings.iter().any(in_files));
    let first = stopping.find_map(|part| part.commit.as_ref())?;
    let commit = first.short();
    let is_tip = evaluation.commits.iter().any(|pushed| pushed.tip == *first);
    let way =
        if is_tip { "git commit --amend".to_owned() } else { format!("git rebase -i {commit}~1") };
    Some(format!(
        "change commit {commit} itself, with `{way}`: a commit on top of it leaves it in the push"
    ))
}

/// What blocks in commits from before the hooks, in one line, and how to accept it.
fn old_line(before: &BeforeHooks, old: &[PushPart]) -> (String, String) {
    let findings: Vec<&Finding> = old
        .iter()
        .flat_map(|part| part.findings.iter().map(|reported| &reported.finding))
        .filter(|finding| finding.effect == Effect::Block)
        .collect();
    let gates: BTreeSet<&str> = findings.iter().map(|finding| finding.gate.as_str()).collect();
    let first = findings.first().map_or_else(String::new, |finding| {
        let place = finding.place.as_ref().map(|place| format!(" in {}", place.kind.display()));
        format!(" (first: {}{})", finding.message, place.unwrap_or_default())
    });
    let told = format!(
        "blocked: {} in {} from before the hooks were here{first}; `tribunal findings list` lists them",
        counted(findings.len(), "finding"),
        counted(old.len(), "commit"),
    );
    let way = format!(
        "revoke what is a secret; then `TRIBUNAL_SKIP={} git push {} {}:{}` accepts these commits alone, \
         which is recorded, and the next push is checked in full",
        gates.into_iter().collect::<Vec<_>>().join(","),
        before.receiver,
        before.newest.short(),
        before.target,
    );
    (told, way)
}

/// The hooks that were installed and do not run any more; where that cannot be told it is said.
pub fn lost_hooks(repo: &Repo) -> LostHooks {
    guard::lost(repo).unwrap_or_else(|error| {
        out::warn(&format!("could not look whether all hooks are in place: {error:#}"));
        LostHooks::default()
    })
}

/// How many reviews and runs in the background are told of at once.
const TOLD_MAX: usize = 3;

/// Tells what reviews and runs in the background came to since the last hook.
pub fn tell_background(repo: &Repo) -> Result<()> {
    let lines = review_queue::take_to_tell(&repo.state_dir())?;
    for line in lines.iter().take(TOLD_MAX) {
        out::talk(&format!("tribunal: {line}"));
    }
    if lines.len() > TOLD_MAX {
        let more = lines.len() - TOLD_MAX;
        out::talk(&format!("tribunal: … and {more} more; `tribunal runs` lists them"));
    }
    Ok(())
}
