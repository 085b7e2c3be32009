//! Puts the messages of use cases into words: for a terminal, or for a log.

use std::fmt::Write as _;

use anstream::adapter::strip_str;

use crate::domain::model::notice::{
    LeftBeside, Notice, Progress, ReviewAim, ReviewStanding, ReviewStep, ReviewedChange,
    SpecRunStep, Unseen, Warning,
};
use crate::domain::model::report::CommandResult;
use crate::domain::model::terminal::printable;
use crate::domain::model::text::{counted, short_id};
use crate::platform::ui::out;
use crate::platform::ui::time::local;

/// Prints a notice.
pub fn print(notice: &Notice) {
    let Notice::Progress(progress) = notice else { return out::warn(&line(notice)) };
    match progress.plain() {
        Progress::CheckingPush { done, commits } => match done {
            0 => out::begin_moving(&line(notice)),
            _ if done < commits => out::move_on(&line(notice)),
            _ => out::end_moving(),
        },
        Progress::PreparingWorkspace { .. }
        | Progress::CommandRunning { .. }
        | Progress::ReviewGoesOn(_) => {
            out::show_moving(&line(notice));
        }
        Progress::CommandsEnded => out::end_moving(),
        // A person sees it while it runs, and is told what did not pass.
        Progress::CommandStarted { .. } | Progress::CommandEnded { .. } => {}
        _ => out::talk(&line(notice)),
    }
}

/// Prints a notice, and each command as it starts and ends: `--verbose`.
pub fn print_verbose(notice: &Notice) {
    match notice {
        Notice::Progress(progress)
            if matches!(
                progress.plain(),
                Progress::CommandStarted { .. } | Progress::CommandEnded { .. }
            ) =>
        {
            out::talk(&line(notice));
        }
        _ => print(notice),
    }
}

/// Prints a notice unless it is mere progress: `--quiet`.
pub fn print_warning(notice: &Notice) {
    if matches!(notice, Notice::Warning(_)) {
        print(notice);
    }
}

/// Writes a notice to the log.
pub fn log(notice: &Notice) {
    let Notice::Progress(progress) = notice else { return tracing::warn!("{}", line(notice)) };
    match progress.plain() {
        // Told again and again, for a line that is replaced.
        Progress::PreparingWorkspace { .. }
        | Progress::CommandRunning { .. }
        | Progress::ReviewGoesOn(_)
        | Progress::CommandsEnded => {}
        _ => tracing::info!("{}", line(notice)),
    }
}

/// A notice in one line.
pub fn line(notice: &Notice) -> String {
    match notice {
        Notice::Progress(progress) => progress_line(progress),
        Notice::Warning(warning) => warning_line(warning),
    }
}

fn progress_line(progress: &Progress) -> String {
    match progress {
        Progress::CheckingPush { done: 0, commits } => {
            format!("tribunal: checking {}", counted(*commits, "new commit"))
        }
        Progress::CheckingPush { done, commits } => {
            format!("tribunal: checked {done} of {}", counted(*commits, "commit"))
        }
        Progress::PreparingWorkspace { seconds } => {
            format!("tribunal: preparing the workspace ({seconds} s)")
        }
        Progress::CommandStarted { name } => format!("running `{}`", printable(name)),
        Progress::CommandRunning { name, number, of, seconds, last_line } => {
            let which = if *of > 1 { format!("{number} of {of}, ") } else { String::new() };
            let name = printable(name);
            format!("tribunal: running `{name}` ({which}{seconds} s) {}", last_shown(last_line))
        }
        Progress::CommandEnded { name, result, ms } => command_line(name, result, *ms),
        Progress::CommandsEnded => String::new(),
        Progress::Assignment(note) => note.clone(),
        Progress::ReviewBegins(change) => begins_line(change),
        Progress::ChangedSince { files } => changed_line(files),
        Progress::OfSpec(text) | Progress::Attack(text) => printable(text),
        Progress::ReviewGoesOn(standing) => format!("tribunal: {}", standing_text(standing)),
        Progress::OtherReview(standing) => {
            format!("the other process: {}", standing_text(standing))
        }
        Progress::RunContinued { run, what } => {
            format!("continuing the run {}, a review of {}", short_id(run), printable(what))
        }
        Progress::SpecRun(step) => spec_run_line(step),
        Progress::OfTask { task, told } => of_task_line(*task, told),
        Progress::AskedAbout { files, of } => asked_about_line(*files, *of),
        Progress::WaitingForRun { run, process: Some(process) } => format!(
            "process {process} reviews this already, in the run {}: waiting for its result",
            short_id(run)
        ),
        Progress::WaitingForRun { run, process: None } => {
            format!("what worked on the run {} was killed: waiting for its end", short_id(run))
        }
        Progress::GatesRun => "running the gates".to_owned(),
        Progress::Reviewing { agent, sections, call, calls } => {
            format!("{agent} reviews {}, call {call} of {calls}", counted(*sections, "section"))
        }
        Progress::Arbitrating { agent, finding, title } => {
            format!("{agent} arbitrates {finding}: {}", printable(title))
        }
        Progress::Fixing { agent, instructions } => {
            format!("fixing with {agent}: {}", instructions.join("; "))
        }
        Progress::FixRefused { why, commit } => {
            let why = why.join("; ");
            format!("the fix is refused and kept as {}: {}", commit.short(), printable(&why))
        }
        Progress::LeftOut(files) => printable(files),
        Progress::UnfinishedFixKept { commit } => {
            format!("what the executor left unfinished is kept as {}", commit.short())
        }
        Progress::AskedInPlace { from, to, why } => {
            format!("`{from}` cannot be asked ({why}): `{to}` is asked in its place")
        }
        Progress::WaitingForRateLimit { agent, until } => {
            format!("`{agent}` is at its rate limit: waiting until {}", local(*until))
        }
        Progress::WaitingForReviews { reviews, seconds } => {
            format!("waiting up to {seconds} s for {}", counted(*reviews, "review"))
        }
    }
}

/// The line with the task that it is of; a line that is replaced begins with the name of the program.
fn of_task_line(task: usize, told: &Progress) -> String {
    let line = progress_line(told);
    match line.strip_prefix("tribunal: ") {
        _ if line.is_empty() => line,
        Some(rest) => format!("tribunal: task {task}: {rest}"),
        None => format!("task {task}: {line}"),
    }
}

fn spec_run_line(step: &SpecRunStep) -> String {
    match step {
        SpecRunStep::Begins { what, base, branch } => {
            let branch = branch.as_ref().map(|branch| format!(", as the branch `{branch}`"));
            format!("{what} on {}{}", printable(base), branch.unwrap_or_default())
        }
        SpecRunStep::Continued { run, of } => {
            format!("continuing the run {} of {of}", short_id(run))
        }
        SpecRunStep::Step { spec, task: None, step } => format!("{}: {step}", printable(spec)),
        SpecRunStep::Step { spec, task: Some(task), step } => {
            format!("{}: task {task}: {step}", printable(spec))
        }
        SpecRunStep::BuiltAgain { task, why } => format!(
            "task {task} does not fit upon what was committed meanwhile, and is built again: {}",
            printable(why)
        ),
        SpecRunStep::BaseMoved { spec, name, commits } => format!(
            "{}: `{}` moved meanwhile: it has {} beyond the one that is built on",
            printable(spec),
            printable(name),
            counted(*commits, "commit")
        ),
        SpecRunStep::BaseTested { passed, failing } if failing.is_empty() => {
            format!("the tests of the base: {passed} passed")
        }
        SpecRunStep::BaseTested { passed, failing } => format!(
            "the tests of the base: {passed} passed, and what fails already is not blamed on what is built: {}",
            failing.join(", ")
        ),
        SpecRunStep::Raised { size, why } => {
            format!("the review did not pass, so it is planned as size {size}: {}", printable(why))
        }
    }
}

/// How many files are named that are left out.
const LEFT_OUT_NAMED: usize = 3;

fn begins_line(change: &ReviewedChange) -> String {
    let ReviewedChange { aim, what, why, commits, files, left_out, beside, conflicts, spec } =
        change;
    let commits = match commits {
        0 => String::new(),
        count => format!("{}, ", counted(*count, "commit")),
    };
    let doing = match aim {
        ReviewAim::Review => "reviewing".to_owned(),
        ReviewAim::Fix => "reviewing and fixing".to_owned(),
        ReviewAim::FixChosen(count) => format!("fixing {} of", counted(*count, "finding")),
    };
    let mut line = format!("{doing} {}: {commits}{}", printable(what), counted(*files, "file"));
    if !why.is_empty() {
        let _infallible = write!(line, ", since {why}");
    }
    if !spec.is_empty() {
        let _infallible = write!(line, "; {}", printable(spec));
    }
    if !left_out.is_empty() {
        let named = left_out.iter().take(LEFT_OUT_NAMED);
        let named: Vec<String> = named
            .map(|(path, why)| format!("`{}` ({})", printable(path), printable(why)))
            .collect();
        let more = left_out.len().saturating_sub(LEFT_OUT_NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let named = named.join(", ");
        let _infallible = write!(line, "; not shown to a model: {named}{more}");
    }
    if !conflicts.is_empty() {
        let (verb, named) = (are(conflicts.len()), some_of(conflicts));
        let _infallible = write!(line, "; with unresolved conflicts {verb} {named}");
    }
    line + &beside_text(*beside)
}

/// What is not part of a review, and what reviews it.
fn beside_text(beside: LeftBeside) -> String {
    let (count, what, place, option) = match beside {
        LeftBeside::Nothing => return String::new(),
        LeftBeside::Staged(count) => (count, "staged file", "", "staged"),
        LeftBeside::Unstaged(count) => (count, "changed file", " not staged and", "unstaged"),
        LeftBeside::Uncommitted(count) => (count, "changed file", " not committed and", "worktree"),
    };
    if count == 0 {
        return String::new();
    }
    let them = if count == 1 { "it" } else { "them" };
    let (files, verb) = (counted(count, what), are(count));
    format!("; {files} {verb}{place} not part of it (`--{option}` reviews {them})")
}

fn asked_about_line(files: usize, of: usize) -> String {
    if files == 0 {
        return "asking about no file again: earlier reviews answer what a model is shown"
            .to_owned();
    }
    let files = counted(files, "file");
    format!(
        "asking about {files} of {of}: the others were reviewed before, or no model is shown them"
    )
}

fn changed_line(files: &[String]) -> String {
    let count = counted(files.len(), "file");
    format!("{count} changed since the review began, which is no part of it: {}", some_of(files))
}

fn are(count: usize) -> &'static str {
    if count == 1 { "is" } else { "are" }
}

/// The first names, and how many more there are.
fn some_of(names: &[String]) -> String {
    let shown: Vec<String> =
        names.iter().take(LEFT_OUT_NAMED).map(|name| format!("`{}`", printable(name))).collect();
    match names.len().saturating_sub(LEFT_OUT_NAMED) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// `reviewing, 2 of 5 calls done, 1:05, 12.3k tokens, $0.12`
fn standing_text(standing: &ReviewStanding) -> String {
    let step = match standing.step {
        ReviewStep::Gates => "running the gates".to_owned(),
        ReviewStep::LayingOut => "laying the change out".to_owned(),
        ReviewStep::Reviewing { done, of } => {
            format!("reviewing, {done} of {} done", counted(of, "call"))
        }
        ReviewStep::Arbitrating { done, of } => {
            format!("arbitrating, {done} of {} done", counted(of, "finding"))
        }
        ReviewStep::Fixing { round } => format!("fixing, round {round}"),
        ReviewStep::Ending => "ending".to_owned(),
    };
    let (minutes, seconds) = (standing.seconds / 60, standing.seconds % 60);
    let tokens = match standing.tokens {
        few if few < 1000 => format!("{few} tokens"),
        many => format!("{}.{}k tokens", many / 1000, many % 1000 / 100),
    };
    format!("{step}, {minutes}:{seconds:02}, {tokens}, {}", standing.spent)
}

/// What came of a command, in one line.
pub fn command_line(name: &str, result: &CommandResult, ms: u64) -> String {
    let name = printable(name);
    #[expect(clippy::cast_precision_loss, reason = "no command runs for that long")]
    let time = format!("{:.1} s", ms as f64 / 1000.0);
    match result {
        CommandResult::Passed => format!("`{name}` passed in {time}"),
        CommandResult::PassedBefore => {
            format!("`{name}` passed on these files before and did not run again")
        }
        CommandResult::Failed => format!("`{name}` failed after {time}"),
        CommandResult::ChangedFiles => format!("`{name}` changed files, in {time}"),
        CommandResult::TimedOut => format!("`{name}` did not end within {time}"),
        CommandResult::NotStarted { why } => {
            format!("`{name}` could not start ({})", printable(why))
        }
        CommandResult::Unreadable { why } => {
            format!("`{name}` ended with a report that cannot be read: {}", printable(why))
        }
        CommandResult::Unproven { why } => format!("`{name}` is no pass: {why}"),
        CommandResult::Interrupted => format!("`{name}` was interrupted after {time}"),
    }
}

/// The end of a line that a program printed: without colours, and of what was written over the same
/// line again and again the last.
fn last_shown(line: &str) -> String {
    let plain = strip_str(line).to_string();
    let mut parts = plain.split('\r').map(str::trim);
    parts.rfind(|part| !part.is_empty()).unwrap_or_default().to_owned()
}

/// The same words stand where a report names what was skipped.
pub fn warning_line(warning: &Warning) -> String {
    match warning {
        Warning::OfSpec(words) => printable(words),
        Warning::LedgerSetAside { path } => format!(
            "the ledger was damaged and is set aside as `{}`; a new one was begun, earlier decisions are not in it",
            path.display()
        ),
        Warning::ReceiptBroken => {
            "a receipt was changed since it was kept; it is removed, and the review is made again"
                .to_owned()
        }
        Warning::PastHooks { what, places, more } => {
            let (word, hint) = match what {
                Unseen::Commits => ("commit", "the next push checks it all the same"),
                Unseen::Pushes => {
                    ("push", "`tribunal check --from BASE --to TIP` checks what it brought")
                }
            };
            let count = counted(places.len() + more, word);
            let more = if *more > 0 { format!(" and {more} more") } else { String::new() };
            format!(
                "{count} went past the hooks (`--no-verify`, or another program): {}{more} (hint: {hint})",
                printable(&places.join(", "))
            )
        }
        Warning::PolicyNotCommitted { line } => printable(line),
        Warning::GitSaid { line } => {
            format!("git said while it read the work tree: {}", printable(line))
        }
        Warning::SandboxHoldsLess { why, hint } => format!(
            "{}: Landlock holds what the agent wrote, which is less (hint: {hint})",
            printable(why)
        ),
        Warning::SandboxMissing { why, hint } => format!(
            "what the agent wrote runs with all your rights, as `sandbox.without = \"run\"` allows: {} (hint: \
             {hint})",
            printable(why)
        ),
        Warning::StandingUnknown { error } => {
            format!("whether findings are still open could not be told: {}", printable(error))
        }
        Warning::RecordNotWritten { error, folder } => {
            format!("{error}; the verdict stands (hint: {})", rights_hint(folder))
        }
    }
}

/// What to do where a folder cannot be written.
pub fn rights_hint(folder: &std::path::Path) -> String {
    format!("check owner, rights and free space of `{}`", folder.display())
}

#[cfg(test)]
mod tests {
    use super::{begins_line, last_shown, standing_text};
    use crate::domain::model::agent::{Money, Spent};
    use crate::domain::model::notice::{
        LeftBeside, ReviewAim, ReviewStanding, ReviewStep, ReviewedChange,
    };

    #[test]
    fn what_is_about_to_be_reviewed_is_said_whole() {
        let left_out = |count| (0..count).map(|n| (format!("{n}.lock"), "left out".to_owned()));
        for (commits, files, left, beside, line) in [
            (
                3,
                5,
                0,
                LeftBeside::Uncommitted(2),
                "reviewing a..b: 3 commits, 5 files; 2 changed files are not committed and not part of it \
                 (`--worktree` reviews them)",
            ),
            (
                0,
                1,
                0,
                LeftBeside::Staged(1),
                "reviewing a..b: 1 file; 1 staged file is not part of it (`--staged` reviews it)",
            ),
            (
                0,
                1,
                1,
                LeftBeside::Nothing,
                "reviewing a..b: 1 file; not shown to a model: `0.lock` (left out)",
            ),
            (
                1,
                9,
                4,
                LeftBeside::Unstaged(1),
                "reviewing a..b: 1 commit, 9 files; not shown to a model: `0.lock` (left out), `1.lock` (left out), \
                 `2.lock` (left out) and 1 more; 1 changed file is not staged and not part of it \
                 (`--unstaged` reviews it)",
            ),
        ] {
            let change = ReviewedChange {
                what: "a..b".to_owned(),
                left_out: left_out(left).collect(),
                ..change(commits, files, beside)
            };
            assert_eq!(begins_line(&change), line);
        }
    }

    /// A review of so much, and nothing else to say of it.
    fn change(commits: usize, files: usize, beside: LeftBeside) -> ReviewedChange {
        ReviewedChange {
            aim: ReviewAim::Review,
            what: "commit 0123456789".to_owned(),
            why: String::new(),
            commits,
            files,
            left_out: Vec::new(),
            beside,
            conflicts: Vec::new(),
            spec: String::new(),
        }
    }

    #[test]
    fn why_it_is_reviewed_and_by_what_is_said_with_it() {
        let chosen = ReviewedChange {
            aim: ReviewAim::FixChosen(2),
            what: "what is not committed".to_owned(),
            conflicts: ["a", "b", "c", "d"].map(str::to_owned).to_vec(),
            spec: "spec `a`, by its `touches`".to_owned(),
            ..change(0, 4, LeftBeside::Staged(0))
        };
        assert_eq!(
            begins_line(&chosen),
            "fixing 2 findings of what is not committed: 4 files; spec `a`, by its `touches`; with unresolved \
             conflicts are `a`, `b`, `c` and 1 more"
        );
        let last = ReviewedChange {
            aim: ReviewAim::Fix,
            why: "nothing is staged".to_owned(),
            ..change(1, 4, LeftBeside::Staged(0))
        };
        assert_eq!(
            begins_line(&last),
            "reviewing and fixing commit 0123456789: 1 commit, 4 files, since nothing is staged"
        );
    }

    #[test]
    fn how_far_a_review_is_stands_in_one_line() {
        let spent = Spent { calls: 2, money: Money(120_000), estimated: Money(0), unknown: 0 };
        for (step, seconds, tokens, text) in [
            (
                ReviewStep::Reviewing { done: 2, of: 5 },
                65,
                12_345,
                "reviewing, 2 of 5 calls done, 1:05, 12.3k tokens, 2 calls, $0.1200",
            ),
            (
                ReviewStep::Arbitrating { done: 0, of: 1 },
                5,
                10,
                "arbitrating, 0 of 1 finding done, 0:05, 10 tokens, 2 calls, $0.1200",
            ),
            (
                ReviewStep::Fixing { round: 1 },
                600,
                1_000,
                "fixing, round 1, 10:00, 1.0k tokens, 2 calls, $0.1200",
            ),
        ] {
            assert_eq!(standing_text(&ReviewStanding { step, seconds, tokens, spent }), text);
        }
    }

    #[test]
    fn of_a_line_is_shown_what_a_terminal_would_show_last() {
        for (line, shown) in [
            ("plain ", "plain"),
            ("\u{1b}[32mok\u{1b}[0m 3 passed", "ok 3 passed"),
            ("10 %\r20 %\r", "20 %"),
            ("\r", ""),
        ] {
            assert_eq!(last_shown(line), shown);
        }
    }
}
