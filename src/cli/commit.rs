//! `tribunal commit`: makes a commit, without what is sensitive, with a message in the form.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Result;
use bstr::{BString, ByteSlice as _};

use crate::cli::elsewhere::{recover_index, refuse_elsewhere};
use crate::cli::hook_report::{print_one_line, print_stopped_commit};
use crate::cli::invocation::{Global, Invocation};
use crate::cli::paths::in_repo;
use crate::domain::committing::result::{CommitEnd, CommitResult};
use crate::domain::gates;
use crate::domain::model::error::hinted;
use crate::domain::model::finding::LocationKind;
use crate::domain::model::report::{ExitStatus, Report, Reported, Verdict};
use crate::domain::model::terminal::printable;
use crate::domain::model::text::{counted, shell_word};
use crate::flow::call::nested_call;
use crate::flow::commit::making::{CommitText, STAGES_LATER, make};
use crate::flow::commit::wording::{Worded, word};
use crate::flow::commit::{CommitPreparation, CommitSelection, PreparedCommit, prepare};
use crate::flow::context::Context;
use crate::flow::evaluate::bypass::Bypass;
use crate::flow::evaluate::report::build_report;
use crate::flow::review::request::Stopped;
use crate::flow::setup::install::record::recorded;
use crate::platform::ui::ask::{OnEnter, yes_or_no};
use crate::platform::ui::commit_result;
use crate::platform::ui::out;
use crate::platform::ui::report::OutputFormat;

/// Shown below `--help`.
const EXAMPLES: &str = "\
Examples:
  tribunal commit -m 'fix(sum): count the last item'
                                          commit what is staged; where nothing is, all that git would add
  tribunal commit                         have an agent word the message, and ask you
  tribunal commit src/sum.rs --yes        have it worded and committed without a question";

/// What is to be committed.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Commit what is at or below these paths alone, as it is in the work tree
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Commit all that git would add, whatever is staged
    #[arg(long, short = 'a', conflicts_with = "paths")]
    all: bool,
    /// The message: no model is asked then. Given again, it is another paragraph
    #[arg(long = "message", short = 'm', value_name = "TEXT")]
    message: Vec<String>,
    /// Commit with the message that an agent words, without a question
    #[arg(long)]
    yes: bool,
}

/// The message of a commit, and who worded it.
struct Wording {
    /// `None` where git has worded it.
    text: Option<String>,
    by: String,
}

pub fn run(invocation: &Invocation, args: &Args) -> Result<ExitStatus> {
    let repo = invocation.repo()?;
    let context = invocation.context(&repo);
    nested_call::refuse(context.env, "nothing can be committed", "commit once the call is over")?;
    refuse_elsewhere(invocation, &repo)?;
    recover_index(&repo);
    let given = given(&args.message)?;
    let selection = selection(context, args)?;
    let bypass = bypass(context);
    let prepared = match prepare(context, &selection, &bypass)? {
        CommitPreparation::Ready(prepared) => prepared,
        CommitPreparation::Over(result) => {
            return Ok(show(context, &invocation.global, args, *result));
        }
    };
    if prepared.is_found && !invocation.global.quiet {
        let files = counted(prepared.files.len(), "file");
        out::talk(&format!("nothing is staged: all that git would add is taken, {files}"));
    }
    let wording = match worded(context, invocation, args, &prepared, given) {
        Ok(Ok(wording)) => wording,
        Ok(Err(result)) => return Ok(show(context, &invocation.global, args, *result)),
        Err(error) => return stopped(error),
    };
    let text = wording.text.as_deref();
    let end = match make(context, &prepared, text.map_or(CommitText::OfGit, CommitText::Given)) {
        Ok(end) => end,
        Err(error) => return stopped(error),
    };
    let mut result = prepared.result(&repo, end)?;
    result.message = match (&result.end, wording.text) {
        (CommitEnd::Made { commit, .. }, _) => repo.commit(commit)?.message.to_str_lossy().into(),
        (_, text) => text.unwrap_or_default(),
    };
    result.worded_by = wording.by;
    if !recorded(&repo).contains(&"pre-commit") {
        print_one_line(&prepared.report, None);
    }
    Ok(show(context, &invocation.global, args, result))
}

/// The message that was typed.
fn given(message: &[String]) -> Result<Option<String>> {
    if message.is_empty() {
        return Ok(None);
    }
    let text = message.join("\n\n");
    if text.trim().is_empty() {
        return Err(hinted(
            "the message is empty",
            "say what the commit changes, or leave `-m` out",
        ));
    }
    Ok(Some(text + "\n"))
}

fn selection(context: Context<'_>, args: &Args) -> Result<CommitSelection> {
    if args.paths.is_empty() {
        return Ok(if args.all { CommitSelection::All } else { CommitSelection::Staged });
    }
    let repo = context.repo;
    let head = repo.head()?.map(|head| repo.tree_of(&head)).transpose()?;
    let mut paths: Vec<BString> = Vec::new();
    for typed in &args.paths {
        let known = |path: &bstr::BStr| {
            let is_there = repo
                .work_tree
                .as_deref()
                .is_some_and(|top| fs::symlink_metadata(top.join(path.to_path_lossy())).is_ok());
            Ok(is_there || head.as_ref().map_or(Ok(false), |tree| repo.objects.has(tree, path))?)
        };
        let found = in_repo(repo, &context.env.current_dir, typed, known)?;
        if !found.known {
            return Err(hinted(
                format!("`{}` is neither in the work tree nor in the last commit", shown(typed)),
                "paths are relative to the current folder, also with `--repo`",
            ));
        }
        paths.push(found.path);
    }
    Ok(CommitSelection::Paths(paths))
}

fn shown(typed: &Path) -> String {
    printable(&typed.display().to_string())
}

/// What the environment has hooks leave out is left out here, too. They say so where they are installed.
fn bypass(context: Context<'_>) -> Bypass {
    let bypass = Bypass::from_env(context.env);
    if bypass.is_any() && !recorded(context.repo).contains(&"pre-commit") {
        out::warn(&format!("not checked in full: {}", printable(&bypass.describe())));
    }
    bypass
}

/// The message; what it came to where there is none.
fn worded(
    context: Context<'_>,
    invocation: &Invocation,
    args: &Args,
    prepared: &PreparedCommit<'_>,
    given: Option<String>,
) -> Result<Result<Wording, Box<CommitResult>>> {
    let over = |end, message: String, by: String| {
        let result = prepared.result(context.repo, end)?;
        Ok(Err(Box::new(CommitResult { message, worded_by: by, ..result })))
    };
    if let Some(text) = given {
        return match stopped_by_form(prepared, &text) {
            Some(report) => over(CommitEnd::Stopped(Box::new(report)), text, String::new()),
            None => Ok(Ok(Wording { text: Some(text), by: String::new() })),
        };
    }
    if prepared.has_message {
        return Ok(Ok(Wording { text: None, by: String::new() }));
    }
    let (text, by) = match word(context, prepared)? {
        Worded::Message { text, by } => (text, by),
        Worded::Unfit { text, by, why } => return over(CommitEnd::Draft(why), text, by),
        Worded::Nobody(why) => {
            return over(CommitEnd::NoMessage(why), String::new(), String::new());
        }
    };
    let global = &invocation.global;
    let agreed = if args.yes {
        Some(true)
    } else if global.quiet || global.format == OutputFormat::Json {
        None
    } else {
        asked(&text)?
    };
    match agreed {
        Some(true) => Ok(Ok(Wording { text: Some(text), by })),
        Some(false) => {
            over(CommitEnd::Draft("you did not say yes to the message".to_owned()), text, by)
        }
        None => {
            let why = "nobody was asked about the message: `--yes` takes it as it is";
            over(CommitEnd::Draft(why.to_owned()), text, by)
        }
    }
}

/// Shows the message, and asks; `None` where nobody is there to answer.
fn asked(text: &str) -> Result<Option<bool>> {
    let lines = text.lines().map(|line| format!("    {}\n", printable(line)));
    let question = format!("{}\ncommit with this message?", lines.collect::<String>());
    Ok(yes_or_no(&question, OnEnter::Yes)?)
}

/// What the gate says against a message that a person gave; `None` where it stops nothing.
fn stopped_by_form(prepared: &PreparedCommit<'_>, text: &str) -> Option<Report> {
    let kind = LocationKind::CommitMessage;
    let findings = gates::check_message(text.as_bytes(), &kind, &prepared.effective);
    let findings = findings.into_iter().map(Reported::unrecorded).collect();
    let report = build_report(findings, Vec::new(), Instant::now());
    (report.verdict != Verdict::Pass).then_some(report)
}

/// Says that a signal stopped the call.
fn stopped(error: anyhow::Error) -> Result<ExitStatus> {
    let Some(stopped) = error.downcast_ref::<Stopped>() else { return Err(error) };
    out::talk(&format!("stopped by signal {}: nothing was committed", stopped.signal));
    Ok(ExitStatus::Interrupted)
}

/// Says what it came to, and how the program ends.
fn show(context: Context<'_>, global: &Global, args: &Args, result: CommitResult) -> ExitStatus {
    let status = result.end.status();
    for file in &result.left_out {
        let [what, hint] = commit_result::left_out(file);
        out::warn(&what);
        out::hint(&hint);
    }
    if global.format == OutputFormat::Json {
        out::json(&commit_result::json(&result));
        return status;
    }
    if let Some(line) = commit_result::line(&result) {
        out::result(&line);
    }
    match result.end {
        CommitEnd::Made { stale_index: Some(why), .. } => {
            out::warn(&format!("what a hook changed of the commit may not be staged: {why}"));
            out::hint(STAGES_LATER);
        }
        CommitEnd::Made { .. } => {}
        CommitEnd::Nothing(why) => {
            out::talk(&why);
            if result.left_out.is_empty() {
                out::hint("`git status --ignored` shows what is there");
            }
        }
        CommitEnd::Stopped(report) => print_stopped_commit(*report, &[], context),
        CommitEnd::Refused { said } => {
            if !said.is_empty() {
                out::talk(&said);
            }
            out::talk("nothing was committed: git or a hook refused it, and says why above");
            out::hint("your files and the index are as they were, apart from what a hook changed");
            // It was paid for.
            if !result.worded_by.is_empty() {
                let again = command(args, &result.message);
                out::hint(&format!("commit with that message once that is repaired: `{again}`"));
            }
        }
        CommitEnd::Draft(why) => {
            out::result(result.message.trim_end());
            out::talk(&format!("nothing was committed: {}", printable(&why)));
            out::hint(&format!(
                "commit with it, or with another one: `{}`",
                command(args, &result.message)
            ));
        }
        CommitEnd::NoMessage(why) => {
            out::talk(&format!(
                "nothing was committed, since no agent worded the message: {}",
                printable(&why)
            ));
            out::hint(
                "give the message: `tribunal commit -m TEXT`; `tribunal doctor` tells about agents",
            );
        }
    }
    status
}

/// The command that commits the same with that message.
fn command(args: &Args, message: &str) -> String {
    let all = if args.all { " --all" } else { "" };
    let paths = args.paths.iter().map(|path| format!(" {}", shell_word(&path.to_string_lossy())));
    let paths: String = paths.collect();
    format!("tribunal commit{all}{paths} -m {}", shell_word(message.trim_end()))
}
